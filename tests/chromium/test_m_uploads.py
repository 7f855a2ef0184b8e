"""M. Progress and uploads, as a browser shows them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import pytest
from playwright.sync_api import CDPSession, FilePayload, Page, expect
from starlette.datastructures import UploadFile

from liveactions import Page as LivePage
from liveactions import Pages, action, file
from liveactions.store.upload_storage import FolderStorage
from tests.chromium.conftest import Visitor
from tests.chromium.here import Gate
from tests.support.client import load_lazy
from tests.support.patience import wait_until
from tests.support.small import small_app

pages = Pages()
gate = Gate()
TEMPLATES = {
    "files.html": """<title>Files</title>
{% for n in (1, 2) %}
<form method="post" action="{{ send(n) }}" id="form-{{ n }}" aria-label="Form {{ n }}" live-drop>
  <label>Files <input type="file" name="files" multiple></label>
  <input name="note" value="none" aria-label="Note">
  <progress live-progress hidden></progress>
  <button>Send</button> <button type="button" live-cancel>Cancel</button>
</form>
{% endfor %}
<form method="post" action="{{ small }}" id="small">
  <label>Small <input type="file" name="one"></label> <p class="error">{{ small.errors.one }}</p>
  <button>Send</button></form>
<ul>{% for line in lines %}<li>{{ line }}</li>{% endfor %}</ul>
<button live-click="{{ go_away }}">Away</button>""",
}


@pages.page("/files")
class Files(LivePage):
    template = "files.html"
    lines: list[str] = []

    @action
    async def send(self, n: int, files: list[UploadFile], note: str = "") -> None:
        sizes = [f"{each.filename} {len(await each.read())}" for each in files]
        self.lines = [*self.lines, f"{n} {note} {', '.join(sizes) or 'nothing'}"]

    @action
    async def small(self, one: Annotated[UploadFile, file(max_size=1000, types=["text/plain"])]) -> None:
        self.lines = [*self.lines, f"{one.filename} {one.content_type}"]

    @action
    async def go_away(self) -> None:
        self.lines = ["away"]


app = small_app(pages, TEMPLATES)


LARGE = 1_000_000
"""Bytes of a file that takes twenty seconds on the slow way up: what is looked at meanwhile takes less."""


def text(name: str, size: int = 5) -> FilePayload:
    return FilePayload(name=name, mimeType="text/plain", buffer=b"x" * size)


def choose(page: Page, form: int, *files: FilePayload) -> None:
    page.locator(f"#form-{form} input[type=file]").set_input_files(list(files))


def send(page: Page, form: int) -> None:
    page.locator(f"#form-{form}").get_by_role("button", name="Send").click()


@pytest.fixture
def page(person: Visitor) -> Page:
    page = person.open("/files")
    load_lazy(page)
    return page


@pytest.fixture
def network(page: Page) -> Iterator[CDPSession]:
    """A slow way up."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": LARGE // 20}
    session.send("Network.emulateNetworkConditions", slow)
    yield session


def full_speed(network: CDPSession) -> None:
    network.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1},
    )


def waiting() -> set[Path]:
    """Return the files that wait for their action: one that was cancelled stays as long as its page."""
    storage = app.site.uploads.storage
    assert isinstance(storage, FolderStorage)
    return set(storage.folder.iterdir())


def test_m3_files_arrive(anybody: Visitor) -> None:
    before = waiting()
    page = anybody.open("/files")
    choose(page, 1, text("a.txt"), text("zürich ü.txt", 70_000))
    send(page, 1)
    expect(page.get_by_role("listitem")).to_have_text(["1 none a.txt 5, zürich ü.txt 70000"])
    send(page, 2)
    expect(page.get_by_role("listitem").last).to_have_text("2 none nothing")
    assert page.evaluate("document.querySelector('[type=file]').files.length") == 0
    assert wait_until(lambda: waiting() <= before), waiting()  # files are removed after the answer


def test_m3_the_page_stays_and_the_progress_is_shown(page: Page, network: CDPSession) -> None:
    documents: list[str] = []
    page.on("framenavigated", lambda frame: documents.append(frame.url))
    form, bar = page.locator("#form-1"), page.locator("#form-1 progress")
    choose(page, 1, text("a.txt", LARGE))
    send(page, 1)
    expect(form).to_have_attribute("aria-busy", "true")
    expect(form.get_by_role("button", name="Send")).to_be_disabled()
    expect(bar).to_be_visible()
    expect(bar).to_have_attribute("value", re.compile(r"[1-9]\d+"))
    assert 0 < page.evaluate("document.querySelector('progress').position") < 1
    send_again = "document.forms['form-1'].requestSubmit(document.querySelector('#form-1 button'))"
    page.evaluate(send_again)
    full_speed(network)
    expect(page.get_by_role("listitem")).to_have_text([f"1 none a.txt {LARGE}"])
    expect(bar).to_be_hidden()
    assert page.evaluate("[...document.querySelector('progress').attributes].map(each => each.name)") == [
        "live-progress",
        "hidden",
    ]
    assert documents == []


def test_m3_others_go_on_meanwhile(page: Page, network: CDPSession) -> None:
    choose(page, 1, text("a.txt", LARGE))
    send(page, 1)
    choose(page, 2, text("b.txt"))
    send(page, 2)
    expect(page.get_by_role("listitem")).to_have_text(["2 none b.txt 5"])
    expect(page.locator("#form-1")).to_have_attribute("aria-busy", "true")
    full_speed(network)
    expect(page.get_by_role("listitem")).to_have_text(["2 none b.txt 5", f"1 none a.txt {LARGE}"])


def test_m3_a_button_cancels(page: Page, network: CDPSession) -> None:
    page.evaluate("addEventListener('live:error', ({ detail }) => { window.told = detail })")
    choose(page, 1, text("a.txt", LARGE))
    page.locator("#form-1").get_by_label("Note").fill("kept")
    send(page, 1)
    expect(page.locator("#form-1 progress")).to_be_visible()
    page.locator("#form-1").get_by_role("button", name="Cancel").click()
    expect(page.locator("#form-1")).not_to_have_attribute("aria-busy", "true")
    expect(page.locator("#form-1").get_by_label("Note")).to_have_value("kept")
    assert page.evaluate("document.querySelector('[type=file]').files.length") == 1
    assert page.evaluate("told.status") == 0
    full_speed(network)
    send(page, 1)
    expect(page.get_by_role("listitem")).to_have_text([f"1 kept a.txt {LARGE}"])


@pytest.mark.parametrize(
    ("payload", "error"),
    [
        (text("a.txt", 1001), "This file is larger than 1000 bytes"),
        (
            FilePayload(name="a.exe", mimeType="application/x-executable", buffer=b"x"),
            "Choose a file of one of these types: text/plain",
        ),
    ],
)
def test_m3_limits_are_told_beside_the_field(anybody: Visitor, payload: FilePayload, error: str) -> None:
    anybody.problems = Unexpected()
    page = anybody.open("/files")
    page.get_by_label("Small").set_input_files(payload)
    page.locator("#small").get_by_role("button", name="Send").click()
    expect(page.locator("#small .error")).to_have_text(error)
    expect(page.get_by_role("listitem")).to_have_count(0)


def test_m3_a_file_that_is_not_read_to_its_end_is_told_too(person: Visitor) -> None:
    before = waiting()
    person.problems = Unexpected()
    page = person.open("/files")
    page.get_by_label("Small").set_input_files(text("a.txt", LARGE))
    page.locator("#small").get_by_role("button", name="Send").click()
    expect(page.locator("#small .error")).to_have_text("This file is larger than 1000 bytes")
    assert wait_until(lambda: waiting() <= before), waiting()  # files are removed after the answer


class Unexpected(list[str]):
    """Problems of a console, which logs each answer with the status of an error."""

    def append(self, problem: str) -> None:
        if "status of 4" not in problem:
            super().append(problem)


def test_m3_files_are_dropped(page: Page) -> None:
    page.evaluate(
        """() => {
          const form = document.forms["form-1"];
          const dataTransfer = new DataTransfer();
          dataTransfer.items.add(new File(["dropped"], "d.txt", { type: "text/plain" }));
          const init = { dataTransfer, bubbles: true, cancelable: true };
          const drag = type => form.dispatchEvent(new DragEvent(type, init));
          window.dragged = ["dragover", "drop"].map(type => [drag(type), form.hasAttribute("data-dragging")]);
        }"""
    )
    assert page.evaluate("dragged") == [[False, True], [False, False]]
    send(page, 1)
    expect(page.get_by_role("listitem")).to_have_text(["1 none d.txt 7"])
