"""H. Errors: what a developer sees of an exception in a browser, and what a visitor doesn't."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from liveactions import Page as LivePage
from liveactions import Pages, action
from tests.chromium.conftest import Visit, Visitor
from tests.chromium.here import serving_here
from tests.support.small import small_app

pages = Pages()
TEMPLATES = {
    "fail.html": """<title>Fail</title><h1>{{ count }}</h1>
<button live-click="{{ crash }}">Crash</button> <button live-click="{{ count_up }}">Count</button>
<button live-click="{{ spoil }}">Spoil</button>{% if spoiled %}
{{ 1 // 0 }}{% endif %}""",
    "mended.html": "<title>Mended</title><h1>Mended</h1>",
}


@pages.page("/fail")
class Fail(LivePage):
    template = "fail.html"
    count: int = 0
    spoiled: bool = False

    @action
    async def crash(self) -> None:
        raise LookupError("the secret of <b>the cellar</b>")

    @action
    async def count_up(self) -> None:
        self.count += 1

    @action
    async def spoil(self) -> None:
        self.spoiled = True


mended: list[bool] = []


@pages.page("/mended")
class Mended(LivePage):
    template = "mended.html"

    async def load(self) -> None:
        if not mended:
            raise LookupError("not mended yet")


app = small_app(pages, TEMPLATES)


@pytest.fixture(scope="module")
def debugged() -> Iterator[str]:
    with serving_here(small_app(pages, TEMPLATES, debug=True)) as url:
        yield url


def test_h6_in_debug_the_traceback_is_shown_over_the_page(visit: Visit, debugged: str) -> None:
    page = visit(debugged).open("/fail")
    page.get_by_role("button", name="Crash").click()
    overlay = page.get_by_role("dialog")
    expect(overlay.get_by_role("heading", level=1)).to_contain_text("the secret of <b>the cellar</b>")
    expect(overlay).to_contain_text("test_h_errors.py")
    expect(overlay).to_contain_text("in crash")
    page.keyboard.press("Escape")
    expect(overlay).to_have_count(0)
    page.get_by_role("button", name="Count").click()
    expect(page.locator("h1")).to_have_text("1")


def test_h6_the_line_of_a_template_is_shown(visit: Visit, debugged: str) -> None:
    page = visit(debugged).open("/fail")
    page.get_by_role("button", name="Spoil").click()
    overlay = page.get_by_role("dialog")
    expect(overlay.get_by_role("heading", level=1)).to_contain_text("modulo by zero")
    expect(overlay).to_contain_text("in top-level template code")
    overlay.get_by_role("button", name="Close").click()
    expect(overlay).to_have_count(0)


def test_h6_a_page_that_failed_is_loaded_again_in_its_window(visit: Visit, debugged: str) -> None:
    person = visit(debugged)
    page = person.new_tab()
    page.goto(f"{debugged}/mended")
    expect(page.get_by_role("heading", level=1)).to_contain_text("not mended yet")
    mended.append(True)
    page.evaluate("dispatchEvent(new Event('focus'))")
    expect(page.get_by_role("heading", level=1)).to_have_text("Mended")
    mended.clear()
    assert all("500" in problem for problem in person.problems)
    person.problems.clear()


def test_h6_in_production_nothing_of_it_is(person: Visitor) -> None:
    page = person.open("/fail")
    frames: list[str | bytes] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda text: frames.append(text)))
    person.go(page, "/fail")
    page.evaluate("addEventListener('live:error', ({ detail }) => { window.told = detail })")
    for name in ("Crash", "Spoil"):
        page.evaluate("() => { window.told = null }")
        page.get_by_role("button", name=name).click()
        page.wait_for_function("told")
        told = page.evaluate("told")
        assert told["status"] == 500 and told["id"] in told["error"]
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert not any(word in str(frames) for word in ("secret", "LookupError", ".py", "division", "Traceback"))
