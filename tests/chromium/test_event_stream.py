"""A proxy blocks WebSockets: operations go up by fetch, and pushes come down as server-sent events."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page as BrowserPage
from playwright.sync_api import Request, Route, expect

from liveactions import Live, Page, Pages, action, forbidden, on
from tests.chromium.conftest import Visit, Visitor
from tests.chromium.here import Gate, run_in_server, serving_here
from tests.chromium.proxy import Proxy, link
from tests.support.patience import PATIENCE_MS, wait_until
from tests.support.small import small_app

gate = Gate()
pages = Pages()
is_open = True
records: list[str] = []


def while_open() -> None:
    if not is_open:
        raise forbidden("Closed")


@pages.page("/room")
class Room(Page):
    template = "room.html"
    count: int = 0
    said: str = "nothing"

    @action
    async def add(self) -> None:
        self.count += 1

    @action
    async def record(self) -> None:
        records.append("once")
        self.count += 1

    @action
    async def wait(self) -> None:
        await gate()
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


@pages.page("/club", guard=while_open)
class Club(Page):
    template = "club.html"


ROOM = """<!doctype html><title>Room</title><output>{{ count }}</output><p>{{ said }}</p>
<button live-click="{{ add }}">Add</button><button live-click="{{ keep }}">Keep</button>
<form method="post" action="{{ say }}"><input name="text" aria-label="Text"><button>Say</button></form>
<button live-click="{{ wait }}">Wait</button><button live-click="{{ record }}">Record</button>
<a href="/club" live-nav>To the club</a>"""
CLUB = """<!doctype html><title>Club</title><h1>Club</h1><a href="/room?seen=club" live-nav>To the room</a>"""
app: Live = small_app(pages, {"room.html": ROOM, "club.html": CLUB})


@pytest.fixture(scope="module")
def proxy() -> Iterator[Proxy]:
    with serving_here(app) as url, link(int(url.rpartition(":")[2]), blocks=True) as proxy:
        yield proxy


@pytest.fixture
def blocked() -> bool:
    """With ``--blocked``, too, the proxy of these tests is the only one."""
    return False


@pytest.fixture
def person(visit: Visit, proxy: Proxy) -> Visitor:
    return visit(proxy.url, outages=True)


VISIBILITY = """(state) => {
  Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


HIDDEN_AT_THE_ANSWER = f"""
window.answers = 0;
const send = fetch;
window.fetch = async (...request) => {{
  const response = await send(...request);
  if (response.headers.get("content-type")?.startsWith("text/event-stream") && !window.answers++)
    ({VISIBILITY})("hidden");
  return response;
}};
"""
LOCKS = "navigator.locks.query().then(({ held }) => held.length)"
"""How many streams there may be already."""


def say(page: BrowserPage, text: str) -> None:
    page.get_by_label("Text").fill(text)
    page.get_by_role("button", name="Say").click()


def is_stream(request: Request) -> bool:
    return "text/event-stream" in request.headers.get("accept", "")


def test_pushes_come_and_operations_are_answered(person: Visitor, proxy: Proxy) -> None:
    one, other = person.open("/room"), person.open("/room")
    assert proxy.blocked_count >= 2
    say(one, "hello")
    for page in (one, other):
        expect(page.locator("p")).to_have_text("hello")
    for _ in range(3):
        one.get_by_role("button", name="Add").click()
    expect(one.locator("output")).to_have_text("3")
    one.get_by_role("button", name="Keep").click()
    one.wait_for_function("() => !document.querySelector('[data-pending]')")
    expect(one.locator("html")).to_have_attribute("data-live", "open")


def test_a_request_that_is_never_answered_is_given_up_with_its_stream(person: Visitor, proxy: Proxy) -> None:
    """Its operation is made again, and does its work once."""
    page = person.open("/room")
    held: list[Route] = []
    page.route(
        "**/room",
        lambda route: route.fallback() if held or route.request.method == "GET" else held.append(route),
    )
    with page.expect_request(lambda request: request.method == "POST"):
        page.get_by_role("button", name="Add").click()
    proxy.drop()
    expect(page.locator("output")).to_have_text("1")


def test_operations_do_not_go_up_more_often_because_none_comes_through(person: Visitor) -> None:
    page = person.open("/room")
    tries: list[str] = []

    def lose(route: Route) -> None:
        tries.append(route.request.url)
        route.abort()

    page.route("**/room", lose)
    for _ in range(30):
        page.get_by_role("button", name="Add").click()
    assert len(tries) < 15  # one for each click otherwise
    page.unroute("**/room")
    expect(page.locator("output")).to_have_text("30")


def test_operations_run_once_though_the_first_answer_is_lost(person: Visitor) -> None:
    page = person.new_tab()
    lost: list[str] = []

    def lose_first(route: Route) -> None:
        if is_stream(route.request) and not lost:
            lost.append(route.request.url)
            route.fetch(max_redirects=0, headers={**route.request.headers, "accept": "application/json"})
            route.abort()
        else:
            route.continue_()

    page.route("**/room", lose_first)
    page.goto(person.url + "/room")
    page.get_by_role("button", name="Record").click()
    expect(page.locator("output")).to_have_text("1")
    assert lost and records == ["once"]


def test_operations_that_open_the_stream_go_up_once(person: Visitor) -> None:
    sent: Counter[int] = Counter()
    page = person.new_tab()

    def count(request: Request) -> None:
        if is_stream(request):
            sent.update(number for number, *_ in json.loads(request.post_data or "")["ops"])

    page.on("request", count)
    page.goto(person.url + "/room")
    page.get_by_role("button", name="Wait").click()
    gate.wait()
    expect(page.locator("html")).to_have_attribute("data-live", "open")
    gate.open()
    expect(page.locator("output")).to_have_text("1")
    page.get_by_role("button", name="Add").click()
    expect(page.locator("output")).to_have_text("2")
    assert sent == {1: 1, 2: 1}


COUNT_LIMITS = """
window.limits = 0;
const later = setTimeout;
window.setTimeout = (then, ms, ...values) => {
  if (ms === 5000 && /abort/.test(then)) window.limits++;
  return later(then, ms, ...values);
};
"""
"""How often a request is aborted unless it is answered within five seconds."""


def test_slow_actions_are_not_taken_for_responses_that_are_held_back(person: Visitor) -> None:
    page = person.new_tab()
    page.add_init_script(COUNT_LIMITS)
    person.go(page, "/room")
    assert page.evaluate("limits") == 1
    page.get_by_role("button", name="Wait").click()
    gate.wait()
    assert page.evaluate("limits") == 1
    gate.open()
    expect(page.locator("output")).to_have_text("1")


def test_links_lead_to_other_pages_over_the_stream(person: Visitor) -> None:
    page = person.open("/room")
    page.evaluate("window.same = true")
    page.get_by_role("link", name="To the club").click()
    expect(page.locator("h1")).to_have_text("Club")
    expect(page).to_have_url(person.url + "/club")
    page.get_by_role("link", name="To the room").click()
    page.get_by_role("button", name="Add").click()
    expect(page.locator("output")).to_have_text("1")
    page.go_back()
    expect(page.locator("h1")).to_have_text("Club")
    assert page.evaluate("window.same")


def test_a_page_that_is_over_is_loaded_again(person: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    page = person.open("/club")
    page.evaluate(VISIBILITY, "hidden")
    monkeypatch.setitem(globals(), "is_open", False)
    page.evaluate(VISIBILITY, "visible")
    expect(page.locator("body")).to_contain_text("Closed")
    person.problems.clear()  # the browser notes the statuses


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
        expect(tab.locator("p")).to_have_text("from 6", timeout=2 * PATIENCE_MS)
    assert sum(one.connection is not None and one.connection.one_way for one in app.sessions) == 4


def test_a_stream_that_breaks_is_opened_again(person: Visitor, proxy: Proxy) -> None:
    page = person.open("/room")
    page.get_by_role("button", name="Add").click()
    expect(page.locator("output")).to_have_text("1")
    page.get_by_label("Text").fill("typed")
    with page.expect_request(is_stream):
        proxy.drop()
    expect(page.locator("html")).to_have_attribute("data-live", "open")
    page.get_by_role("button", name="Add").click()
    expect(page.locator("output")).to_have_text("2")
    assert page.get_by_label("Text").input_value() == "typed"


def test_when_sockets_are_allowed_again_the_page_uses_one(person: Visitor, proxy: Proxy) -> None:
    others = set(app.sessions)
    page = person.open("/room")
    (session,) = set(app.sessions) - others
    page.get_by_role("button", name="Add").click()
    expect(page.locator("output")).to_have_text("1")
    proxy.blocks = False
    try:
        page.evaluate("() => void dispatchEvent(new Event('online'))")
        assert wait_until(lambda: session.connection is not None and not session.connection.one_way)
        page.get_by_role("button", name="Add").click()
        expect(page.locator("output")).to_have_text("2")
        say(page, "by socket")
        expect(page.locator("p")).to_have_text("by socket")
    finally:
        proxy.blocks = True


def test_a_page_that_is_left_ends_its_session(person: Visitor) -> None:
    others = set(app.sessions)
    page = person.open("/room")
    (session,) = set(app.sessions) - others
    page.goto("about:blank")
    assert wait_until(lambda: session.state.is_over)


def test_a_stream_has_the_cookies_that_the_browser_has_now(person: Visitor) -> None:
    """Another tab changes them, and says so."""
    one, other = person.open("/room"), person.open("/room")
    with other.expect_request(is_stream) as opening:
        one.get_by_role("button", name="Keep").click()
    assert "kept=yes" in opening.value.all_headers()["cookie"]
    run_in_server(app, push("to both"))
    expect(other.locator("p")).to_have_text("to both")


def test_a_page_that_is_hidden_while_its_stream_opens_has_none(person: Visitor) -> None:
    page = person.new_tab()
    others = set(app.sessions)
    page.add_init_script(HIDDEN_AT_THE_ANSWER)
    page.goto(person.url + "/room")
    page.wait_for_function("answers")
    (session,) = set(app.sessions) - others
    assert wait_until(lambda: session.connection is None)
    assert page.evaluate(LOCKS) == 0
    page.evaluate(VISIBILITY, "visible")
    expect(page.locator("html")).to_have_attribute("data-live", "open")
    run_in_server(app, push("seen again"))
    expect(page.locator("p")).to_have_text("seen again")


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
