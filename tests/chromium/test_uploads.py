"""The files of a form as entries: planned, shown, sent, cancelled, and resumed after a lost connection."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Annotated

import httpx
import pytest
from playwright.sync_api import FilePayload, Locator, Page, Request, Route, expect
from starlette.datastructures import UploadFile

from liveactions import ActionError, DirectUpload, Live, Pages, action, file
from liveactions import Page as LivePage
from liveactions.protocol.constants import HEADER_CHUNK, HEADER_UPLOAD
from liveactions.store import SqliteStore
from liveactions.store.bucket import BucketStorage
from liveactions.store.upload_storage import FolderStorage
from tests.chromium.conftest import Visit
from tests.chromium.here import serving_here
from tests.chromium.proxy import link
from tests.store.storages import bucket_url
from tests.support.patience import wait_until
from tests.support.small import small_app

HTML = """<!doctype html><title>Album</title>
{% for name, save in (("now", save_now), ("later", save_later)) %}
<form method="post" action="{{ save }}" id="{{ name }}">
  <input name="title" aria-label="Title"> <b>{{ save.errors.title }}</b>
  <input type="file" name="files" multiple aria-label="Files">
  <template live-entries="files"><p>
    <img live-preview alt=""> <span live-field="name"></span> <i live-field="size"></i>
    <progress live-progress></progress> <em live-field="error" role="alert"></em>
    <button type="button" live-cancel>Remove</button></p></template>
  <button>Save</button> <b>{{ save.errors.files }}</b>
</form>{% endfor %}
<ul>{% for line in lines %}<li>{{ line }}</li>{% endfor %}</ul>"""
LIMITS = file(max_size=8 * 2**20, types=[".txt", "image/*"])
AUTO = file(max_size=8 * 2**20, types=[".txt", "image/*"], auto=True)
PIXEL = b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
IMAGE = FilePayload(name="a.png", mimeType="image/png", buffer=PIXEL)


def large(name: str) -> FilePayload:
    """Return a file of three chunks."""
    return FilePayload(name=name, mimeType="text/plain", buffer=Random(name).randbytes(2**21 + 2**19))


def line(payload: FilePayload) -> str:
    return f"{payload['name']} {sha256(payload['buffer']).hexdigest()}"


def album(folder: Path) -> Live:
    """An application whose workers share a folder."""
    pages = Pages()

    @pages.page("/")
    class Album(LivePage):
        template = "album.html"
        lines: list[str] = []

        async def save(self, title: str, files: list[UploadFile]) -> None:
            if not title:
                raise ActionError("Give it a title", field="title")
            self.lines = [f"{one.filename} {sha256(await one.read()).hexdigest()}" for one in files]

        @action
        async def save_now(self, files: list[Annotated[UploadFile, AUTO]], title: str = "") -> None:
            await self.save(title, files)

        @action
        async def save_later(self, files: list[Annotated[UploadFile, LIMITS]], title: str = "") -> None:
            await self.save(title, files)

    return small_app(pages, {"album.html": HTML}, store=SqliteStore(folder / "store.sqlite"), name="album")


@pytest.fixture
def app(tmp_path: Path) -> Live:
    return album(tmp_path)


def waiting(app: Live) -> set[Path]:
    storage = app.site.uploads.storage
    assert isinstance(storage, FolderStorage)
    return set(storage.folder.iterdir())


def choose(form: Locator, *files: FilePayload) -> None:
    form.get_by_label("Files").set_input_files(list(files))


def entry(form: Locator, name: str) -> Locator:
    return form.locator("p", has_text=name)


def save(form: Locator, title: str = "A title") -> None:
    form.get_by_label("Title").fill(title)
    form.get_by_role("button", name="Save").click()


def on_chunks(page: Page, handle: Callable[[Route, int], None]) -> None:
    """Call `handle` with each chunk that is sent, and its number."""

    def on_request(route: Route, request: Request) -> None:
        header = request.headers.get(HEADER_CHUNK.lower())
        if header is None:
            route.continue_()
        else:
            handle(route, int(header.partition(" ")[0]))

    page.route("**/*", on_request)


def test_files_are_planned_shown_and_sent_with_their_form(visit: Visit, app: Live) -> None:
    text = large("b.txt")
    with serving_here(app) as url:
        page = visit(url, outages=True).open("/")
        form = page.locator("#later")
        choose(form, IMAGE, FilePayload(name="c.exe", mimeType="application/x-exe", buffer=b"x"), text)
        expect(entry(form, "c.exe")).to_have_attribute("data-state", "refused")
        expect(form.get_by_role("alert").nth(1)).to_have_text(
            "Choose a file of one of these types: .txt, image/*"
        )
        expect(entry(form, "b.txt").locator("i")).to_have_text("2.5 MB")
        expect(form.locator("[data-state=chosen]")).to_have_count(2)
        assert form.locator("img").evaluate_all("all => all.map(one => one.src.slice(0, 5))") == ["blob:"]
        expect(form.locator("img")).to_have_js_property("naturalWidth", 1)
        assert waiting(app) == set()  # nothing has been sent
        form.get_by_role("button", name="Remove c.exe").click()
        expect(form.locator("[data-state]")).to_have_count(2)
        expect(form.get_by_role("button", name="Remove b.txt")).to_be_focused()
        save(form, title="")
        expect(form.locator("b").first).to_have_text("Give it a title")
        expect(form.locator("[data-state=sent]")).to_have_count(2)
        assert len(waiting(app)) == 4  # they stay until the form is corrected
        on_chunks(page, lambda route, number: route.abort())  # they aren't sent again
        save(form)
        expect(page.get_by_role("listitem")).to_have_text([line(IMAGE), line(text)])
        expect(form.locator("[data-state]")).to_have_count(0)
        assert wait_until(lambda: waiting(app) == set()), waiting(app)


def test_one_of_three_is_cancelled_while_it_is_sent(visit: Visit, app: Live) -> None:
    files = [large(name) for name in ("a.txt", "b.txt", "c.txt")]
    held: list[Route] = []
    sent: list[int] = []

    def hold(route: Route, number: int) -> None:
        """Hold the second chunk of the second file."""
        sent.append(number)
        if len(sent) == 5:
            held.append(route)
        else:
            route.continue_()

    with serving_here(app) as url:
        page = visit(url, outages=True).open("/")
        form = page.locator("#now")
        on_chunks(page, hold)
        choose(form, *files)  # they are sent at once
        expect(entry(form, "a.txt")).to_have_attribute("data-state", "sent")
        second = entry(form, "b.txt")
        expect(second.get_by_role("progressbar", name="b.txt")).to_be_visible()
        expect(second.get_by_role("progressbar")).to_have_js_property("value", 2**20)
        expect(entry(form, "c.txt")).to_have_attribute("data-state", "chosen")
        second.get_by_role("button", name="Remove b.txt").click()
        expect(form.get_by_role("button", name="Remove c.txt")).to_be_focused()
        expect(form.locator("[data-state=sent]")).to_have_count(2)
        assert wait_until(lambda: len(waiting(app)) == 6), waiting(app)  # nothing of the second is left
        save(form)
        expect(page.get_by_role("listitem")).to_have_text([line(files[0]), line(files[2])])
        assert wait_until(lambda: waiting(app) == set()), waiting(app)


def test_a_broken_connection_resumes_where_it_was(visit: Visit, app: Live) -> None:
    text = large("a.txt")
    sent: list[int] = []

    def cut(route: Route, number: int) -> None:
        sent.append(number)
        if sent == [0, 1]:
            route.abort("connectionreset")
        else:
            route.continue_()

    with serving_here(app) as url:
        page = visit(url, outages=True).open("/")
        on_chunks(page, cut)
        choose(page.locator("#now"), text)
        save(page.locator("#now"))
        expect(page.get_by_role("listitem")).to_have_text([line(text)])
    assert sent == [0, 1, 1, 2]


def test_another_worker_resumes(visit: Visit, tmp_path: Path) -> None:
    text = large("a.txt")
    here, there = album(tmp_path), album(tmp_path)
    sent: list[int] = []
    with serving_here(here) as url, serving_here(there) as other, link(int(url.rpartition(":")[2])) as proxy:

        def change(route: Route, number: int) -> None:
            sent.append(number)
            if sent == [0, 1]:
                proxy.target = int(other.rpartition(":")[2])
                proxy.drop()
                route.abort("connectionreset")
            else:
                route.continue_()

        page = visit(proxy.url, outages=True).open("/")
        on_chunks(page, change)
        choose(page.locator("#later"), text)
        save(page.locator("#later"))
        expect(page.get_by_role("listitem")).to_have_text([line(text)])
        assert len(there.sessions) == 1
    assert sent == [0, 1, 1, 2]


GALLERY = """<!doctype html><title>Gallery</title><form method="post" action="{{ save }}">
<input type="file" name="files" multiple aria-label="Files">
<template live-entries="files"><p><span live-field="name"></span> <progress live-progress></progress>
<em live-field="error"></em></p></template>
<button>Save</button></form>
<ul>{% for line in lines %}<li>{{ line }}</li>{% endfor %}</ul>"""


def gallery(storage: BucketStorage, accepted: list[DirectUpload]) -> Live:
    pages = Pages()

    @pages.page("/")
    class Gallery(LivePage):
        template = "gallery.html"
        lines: list[str] = []

        @action
        async def save(self, files: list[Annotated[DirectUpload, AUTO]]) -> None:
            accepted.extend(files)
            self.lines = [f"{one.filename} {one.size}" for one in files]

    return small_app(pages, {"gallery.html": GALLERY}, uploads=storage)


def test_files_go_straight_to_object_storage(visit: Visit, request: pytest.FixtureRequest) -> None:
    text, image = large("b.txt"), IMAGE
    accepted: list[DirectUpload] = []
    to_page: list[str] = []
    attempts: list[str] = []

    def on_request(route: Route, sent: Request) -> None:
        if sent.method == "PUT":
            attempts.append(sent.headers["content-type"])
            if len(attempts) == 1:
                route.abort("connectionreset")
                return
        elif HEADER_UPLOAD.lower() in sent.headers:
            to_page.append(sent.headers["content-type"])
        route.continue_()

    with serving_here(gallery(BucketStorage(bucket_url(request)), accepted)) as url:
        page = visit(url, outages=True).open("/")
        page.route("**/*", on_request)
        choose(page.locator("form"), image, text)
        expect(page.locator("[data-state=sent]")).to_have_count(2)
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("listitem")).to_have_text([f"a.png {len(PIXEL)}", f"b.txt {2**21 + 2**19}"])
    assert to_page == ["application/json"]  # the plan, and no bytes
    assert attempts == ["image/png", "image/png", "text/plain"]
    assert [httpx.get(one.url).content for one in accepted] == [image["buffer"], text["buffer"]]
