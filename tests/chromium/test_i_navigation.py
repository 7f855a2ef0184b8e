"""I. Redirect and navigation: what the browser does with them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from liveactions import InUrl, Pages, action, redirect
from liveactions import Page as LivePage
from tests.chromium.conftest import Visit, Visitor
from tests.chromium.here import Gate, run_in_server
from tests.chromium.proxy import link
from tests.support.client import load_lazy
from tests.support.patience import wait_until
from tests.support.small import small_app

pages = Pages()
gate = Gate()
finished: list[str] = []
NAV = """<nav><a href="/one" live-nav>One</a> <a href="/two?q=x" live-nav>Two</a>
<a href="/fails" live-nav="still">Fails</a></nav>"""
LONG = '<div style="height: 4000px"></div>'
TEMPLATES = {
    "one.html": f"""<!doctype html><html><head><title>Page one</title></head>
<body>{NAV}<h1>One {{{{ count }}}}</h1>
<button live-click="{{{{ add }}}}">Add</button>
<form method="post" action="{{{{ go }}}}"><label>To <input name="to"></label><button>Go</button>
<button name="how" value="replace">Replace</button></form>
<button live-click="{{{{ slow }}}}">Slow</button>
{LONG}<p id="end">End <a href="/two?q=end" live-nav>On</a></p></body></html>""",
    "two.html": f"""<!doctype html><html><head><title>Page two</title>
<script>window.ran = (window.ran ?? 0) + 1</script></head>
<body>{NAV}<h1>Two {{{{ q }}}} {{{{ count }}}}</h1><button live-click="{{{{ add }}}}">Add</button>
{LONG}<p id="end">Bottom</p></body></html>""",
}


class Counting(LivePage):
    count: int = 0

    @action
    async def add(self) -> None:
        self.count += 1


@pages.page("/one")
class One(Counting):
    template = "one.html"

    @action
    async def go(self, to: str, how: str = "") -> Any:
        return redirect(to, replace=how == "replace")

    @action
    async def slow(self) -> Any:
        await gate()
        finished.append("slow")
        return redirect("/two?q=slow")


@pages.page("/two")
class Two(Counting):
    template = "two.html"
    q: InUrl[str] = ""


@pages.page("/fails")
class Fails(LivePage):
    template = "two.html"

    async def mount(self) -> None:
        finished.append("mounted")

    async def load(self) -> None:
        raise RuntimeError


app = small_app(pages, TEMPLATES)
CHECK = "() => [document.title, location.pathname + location.search + location.hash, scrollY > 2000]"


@pytest.fixture(autouse=True)
def open_gate() -> Iterator[None]:
    finished.clear()
    yield
    gate.clear()


class Documents:
    """How many documents and sockets a tab has asked for."""

    def __init__(self, page: Page) -> None:
        self.loads: list[str] = []
        self.sockets: list[Any] = []
        page.on("request", self._note)
        page.on("websocket", lambda socket: self.sockets.append(socket))

    def _note(self, request: Any) -> None:
        if request.is_navigation_request():
            self.loads.append(request.url)


@pytest.fixture
def tab(person: Visitor) -> tuple[Page, Documents]:
    page = person.new_tab()
    documents = Documents(page)
    person.go(page, "/one")
    load_lazy(page)
    return page, documents


def go(page: Page, to: str, button: str = "Go") -> None:
    page.get_by_label("To").fill(to)
    page.get_by_role("button", name=button, exact=True).click()


def test_i2_a_redirect_to_a_live_page_comes_over_the_same_socket(
    tab: tuple[Page, Documents], blocked: bool
) -> None:
    page, documents = tab
    page.evaluate("scrollTo(0, 30)")
    page.get_by_label("To").fill("/two?q=y")
    page.get_by_role("button", name="Go", exact=True).press("Enter")
    expect(page.locator("h1")).to_have_text("Two y 0")
    assert page.evaluate(CHECK) == ["Page two", "/two?q=y", False]
    assert page.evaluate("[scrollY, history.length, ran]") == [0, 3, 1]
    expect(page.locator("h1")).to_be_focused()
    expect(page.locator("h1")).to_have_css("outline-style", "none")  # no ring, though a key was pressed
    expect(page.get_by_role("status")).to_have_text("Page two")
    page.get_by_role("button", name="Add").click()
    expect(page.locator("h1")).to_have_text("Two y 1")
    assert len(documents.loads) == 1
    assert len(documents.sockets) == 1 or blocked


def test_i2_replacing_leaves_no_entry(tab: tuple[Page, Documents]) -> None:
    page, documents = tab
    go(page, "/two", "Replace")
    expect(page.locator("h1")).to_have_text("Two 0")
    assert page.evaluate("history.length") == 2
    assert len(documents.loads) == 1


def test_i2_a_hash_is_scrolled_to(tab: tuple[Page, Documents]) -> None:
    page, _ = tab
    go(page, "/two#end")
    expect(page.locator("h1")).to_have_text("Two 0")
    assert page.evaluate(CHECK) == ["Page two", "/two#end", True]
    expect(page.locator("#end")).to_be_focused()


def test_i2_the_other_page_survives_its_session(visit: Visit, site: str) -> None:
    with link(int(site.rpartition(":")[2])) as proxy:
        visitor = visit(proxy.url, outages=True)
        page = visitor.open("/one")
        load_lazy(page)
        go(page, "/two?q=y")
        page.get_by_role("button", name="Add").click()
        expect(page.locator("h1")).to_have_text("Two y 1")
        page.evaluate("() => { window.same = true }")
        run_in_server(app, app.sessions.save_all())
        app.sessions._sessions.clear()  # as if another worker answered
        proxy.drop()
        assert wait_until(lambda: any(one.state.is_attached for one in app.sessions))
        page.get_by_role("button", name="Add").click()
        expect(page.locator("h1")).to_have_text("Two y 2")
        assert page.evaluate("window.same")


def test_i2_a_page_that_was_lost_on_its_way_comes_again(visit: Visit, site: str) -> None:
    with link(int(site.rpartition(":")[2])) as proxy:
        page = visit(proxy.url, outages=True).open("/one")
        load_lazy(page)
        page.evaluate("() => { window.same = true }")
        page.get_by_role("button", name="Slow").click()
        gate.wait()
        with page.expect_event("websocket"):
            proxy.drop()
        gate.open()
        expect(page.locator("h1")).to_have_text("Two slow 0")
        page.wait_for_url("**/two?q=slow")
        page.get_by_role("button", name="Add").click()
        expect(page.locator("h1")).to_have_text("Two slow 1")
        assert page.evaluate("window.same")


def test_i2_any_other_address_is_loaded(anybody: Visitor) -> None:
    page = anybody.open("/one")
    go(page, "/nowhere")
    expect(page.locator("body")).to_contain_text("Not Found")
    assert page.url.endswith("/nowhere")
    anybody.problems = [text for text in anybody.problems if "404" not in text]


def test_i4_links_go_over_the_socket_and_back_restores_the_scroll_position(
    tab: tuple[Page, Documents], blocked: bool
) -> None:
    page, documents = tab
    page.get_by_role("button", name="Add").click()
    expect(page.locator("h1")).to_have_text("One 1")
    page.get_by_role("link", name="On", exact=True).click()
    expect(page.locator("h1")).to_have_text("Two end 0")
    assert page.evaluate(CHECK) == ["Page two", "/two?q=end", False]
    page.go_back()
    expect(page.locator("h1")).to_have_text("One 0")
    page.wait_for_function("scrollY > 2000")
    assert page.evaluate(CHECK) == ["Page one", "/one", True]
    page.go_forward()
    expect(page.locator("h1")).to_have_text("Two end 0")
    page.wait_for_function("scrollY == 0")
    assert len(documents.loads) == 1
    assert len(documents.sockets) == 1 or blocked


def test_i4_a_page_that_fails_shows_its_error_in_place_and_is_mounted_once(
    tab: tuple[Page, Documents], blocked: bool
) -> None:
    if blocked:
        pytest.skip(
            "operations by fetch are sent to the address of a page; an error's is loaded by the browser"
        )
    page, documents = tab
    for is_link in (False, True):
        finished.clear()
        if is_link:
            page.get_by_role("link", name="Fails").click()
        else:
            go(page, "/fails")
        expect(page.locator("h1")).to_have_text("500 Internal Server Error")
        assert page.evaluate(CHECK) == ["500 Internal Server Error", "/fails", False]
        page.go_back()
        expect(page.locator("h1")).to_have_text("One 0")
        assert (page.evaluate(CHECK)[1], finished, len(documents.loads)) == ("/one", ["mounted"], 1)


def test_i4_modified_clicks_and_targets_are_the_browsers(tab: tuple[Page, Documents]) -> None:
    page, _ = tab
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Two").click(modifiers=["Control"])
    expect(opened.value.locator("h1")).to_have_text("Two x 0")
    page.evaluate("document.querySelector('nav a:nth-child(2)').target = '_blank'")
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Two").click()
    expect(opened.value.locator("h1")).to_have_text("Two x 0")
    expect(page.locator("h1")).to_have_text("One 0")


def test_i4_without_a_script_links_are_links(anybody: Visitor) -> None:
    page = anybody.open("/one")
    page.get_by_role("link", name="Two").click()
    expect(page.locator("h1")).to_have_text("Two x 0")
    page.go_back()
    expect(page.locator("h1")).to_have_text("One 0")


def test_i5_an_action_whose_page_is_left_finishes_and_leads_nowhere(person: Visitor) -> None:
    page = person.open("/one")
    load_lazy(page)
    page.get_by_role("button", name="Slow").click()
    page.get_by_role("link", name="Two").click()
    expect(page.locator("h1")).to_have_text("Two x 0")
    gate.open()
    page.get_by_role("button", name="Add").click()
    expect(page.locator("h1")).to_have_text("Two x 1")
    assert wait_until(lambda: finished == ["slow"])
    assert page.url.endswith("/two?q=x")


def test_i6_a_slow_action_never_blocks_a_link(person: Visitor) -> None:
    page = person.open("/one")
    load_lazy(page)
    page.get_by_role("button", name="Slow").click()
    page.get_by_role("link", name="Two").click()
    expect(page.locator("h1")).to_have_text("Two x 0")
    assert finished == []
    page.go_back()
    expect(page.locator("h1")).to_have_text("One 0")
    gate.open()
    assert wait_until(lambda: finished == ["slow"])  # not while the next test runs
