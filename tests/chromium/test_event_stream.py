"""A proxy blocks WebSockets: operations go up by fetch, and pushes come down as server-sent events."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page as BrowserPage
from playwright.sync_api import Request, expect

from liveactions import Live, Page, Pages, action, on
from tests.chromium.conftest import Visit, Visitor
from tests.chromium.here import run_in_server, serving_here
from tests.chromium.proxy import Proxy, link
from tests.support.patience import PATIENCE, wait_until
from tests.support.small import small_app

pages = Pages()


@pages.page("/room")
class Room(Page):
    template = "room.html"
    count: int = 0
    said: str = "nothing"

    @action
    async def add(self) -> None:
        self.count += 1

    @action
    async def say(self, text: str) -> None:
        self.live.publish("said", text=text)

    @action
    async def keep(self) -> None:
        self.live.set_cookie("kept", "yes")

    @on("said")
    async def hear(self, text: str) -> None:
        self.said = text


ROOM = """<!doctype html><title>Room</title><output>{{ count }}</output><p>{{ said }}</p>
<button live-click="{{ add }}">Add</button><button live-click="{{ keep }}">Keep</button>
<form method="post" action="{{ say }}"><input name="text" aria-label="Text"><button>Say</button></form>"""
app: Live = small_app(pages, {"room.html": ROOM})


@pytest.fixture(scope="module")
def blocked() -> Iterator[Proxy]:
    with serving_here(app) as url, link(int(url.rpartition(":")[2]), blocks=True) as proxy:
        yield proxy


@pytest.fixture
def person(visit: Visit, blocked: Proxy) -> Visitor:
    return visit(blocked.url, outages=True)


def say(page: BrowserPage, text: str) -> None:
    page.get_by_label("Text").fill(text)
    page.get_by_role("button", name="Say").click()


def is_stream(request: Request) -> bool:
    return "text/event-stream" in request.headers.get("accept", "")


def test_pushes_come_and_operations_are_answered(person: Visitor, blocked: Proxy) -> None:
    one, other = person.open("/room"), person.open("/room")
    assert blocked.blocked_count >= 2
    say(one, "hello")
    for page in (one, other):
        expect(page.locator("p")).to_have_text("hello")
    for _ in range(3):
        one.get_by_role("button", name="Add").click()
    expect(one.locator("output")).to_have_text("3")
    one.get_by_role("button", name="Keep").click()
    one.wait_for_function("() => !document.querySelector('[data-pending]')")
    expect(one.locator("html")).to_have_attribute("data-live", "open")


def test_many_pushes_are_acknowledged(person: Visitor) -> None:
    """A server sends eight frames that aren't acknowledged, and no more."""
    page = person.open("/room")
    for number in range(30):
        run_in_server(app, push(f"number {number}"))
    expect(page.locator("p")).to_have_text("number 29")


async def push(text: str) -> None:
    app.publish("said", text=text)


def test_seven_tabs_of_one_browser(person: Visitor) -> None:
    """HTTP/1.1 has six connections for all of them."""
    tabs = [person.new_tab() for _ in range(7)]
    for tab in tabs:
        tab.goto(person.url + "/room")
    for number, tab in enumerate(tabs):
        tab.get_by_role("button", name="Add").click()
        expect(tab.locator("output")).to_have_text("1")
        say(tab, f"from {number}")
        expect(tab.locator("p")).to_have_text(f"from {number}")
    for tab in tabs:
        expect(tab.locator("p")).to_have_text("from 6", timeout=2 * PATIENCE * 1000)


def test_a_stream_that_breaks_is_opened_again(person: Visitor, blocked: Proxy) -> None:
    page = person.open("/room")
    page.get_by_role("button", name="Add").click()
    expect(page.locator("output")).to_have_text("1")
    page.get_by_label("Text").fill("typed")
    blocked.drop()
    with page.expect_request(is_stream):
        pass
    expect(page.locator("html")).to_have_attribute("data-live", "open")
    page.get_by_role("button", name="Add").click()
    expect(page.locator("output")).to_have_text("2")
    assert page.get_by_label("Text").input_value() == "typed"


def test_when_sockets_are_allowed_again_the_page_uses_one(person: Visitor, blocked: Proxy) -> None:
    page = person.open("/room")
    page.get_by_role("button", name="Add").click()
    expect(page.locator("output")).to_have_text("1")
    blocked.blocks = False
    try:
        with page.expect_websocket() as opened:
            page.evaluate("() => void dispatchEvent(new Event('online'))")
        opened.value.wait_for_event("framereceived")
        page.get_by_role("button", name="Add").click()
        expect(page.locator("output")).to_have_text("2")
        say(page, "by socket")
        expect(page.locator("p")).to_have_text("by socket")
    finally:
        blocked.blocks = True


def test_a_page_that_is_left_ends_its_session(person: Visitor) -> None:
    others = set(app.sessions)
    page = person.open("/room")
    (session,) = set(app.sessions) - others
    page.goto("about:blank")
    assert wait_until(lambda: session.state.over)


VISIBILITY = """(state) => {
  Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def test_a_page_that_is_not_visible_has_no_stream(person: Visitor) -> None:
    others = set(app.sessions)
    page = person.open("/room")
    (session,) = set(app.sessions) - others
    assert wait_until(lambda: session.connection is not None and session.connection.one_way)
    page.evaluate(VISIBILITY, "hidden")
    assert wait_until(lambda: not session.state.is_attached)
    run_in_server(app, push("while it was hidden"))
    expect(page.locator("p")).to_have_text("nothing")
    page.evaluate(VISIBILITY, "visible")
    expect(page.locator("p")).to_have_text("while it was hidden")
