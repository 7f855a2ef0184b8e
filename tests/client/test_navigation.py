"""Links within the page, Back and Forward, and ways away from it."""

# ruff: noqa: E501

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.client.conftest import SITE, Open, Server, document
from tests.support.client import load_lazy

LINKS = (
    '<a id="a" live-nav href="/page?f=a#/a">a</a><a id="b" live-nav href="/page?f=b#/b">b</a>'
    '<a id="all" live-nav href="/page#/">all</a><p id="here" data-l=".">x</p>'
)


@pytest.fixture
def opened(open_page: Open) -> tuple[Page, Server]:
    page, server = open_page(LINKS)
    load_lazy(page)
    return page, server


def address(page: Page) -> str:
    return page.url.removeprefix("http://live.test")


def test_a_link_is_an_op(opened: tuple[Page, Server]) -> None:
    page, server = opened
    page.click("#a")
    assert server.ops == [[1, 0, 3, "/page?f=a#/a", 1]]
    assert address(page) == "/page?f=a#/a"


def test_back_and_forward(opened: tuple[Page, Server]) -> None:
    page, server = opened
    for link in ("#a", "#b", "#all"):
        page.click(link)
    server.answer(3)
    page.go_back()
    assert address(page) == "/page?f=b#/b"
    page.go_back()
    page.go_back()
    assert address(page) == "/page"
    page.go_forward()
    urls = [op[3:] for op in server.ops[3:]]
    assert urls == [["/page?f=b#/b"], ["/page?f=a#/a"], ["/page"], ["/page?f=a#/a"]]


def test_the_next_hello_has_the_new_address(opened: tuple[Page, Server]) -> None:
    page, server = opened
    page.click("#a")
    server.answer(1)
    page.evaluate("Math.random = () => 0")
    server.lose()
    page.wait_for_function("sockets.length == 2")
    server.open()
    assert server.sent[0]["url"] == "/page?f=a"


def test_links_below_the_attribute_too(open_page: Open) -> None:
    page, server = open_page('<p live-nav><a id="x" href="/page?f=a"><b>a</b></a></p>')
    load_lazy(page)
    page.click("b")
    assert server.ops == [[1, 0, 3, "/page?f=a", 1]]


@pytest.mark.parametrize("modifier", ["Control", "Shift", "Alt", "Meta"])
def test_modified_clicks_are_the_browsers(opened: tuple[Page, Server], modifier: str) -> None:
    page, server = opened
    page.evaluate(
        "document.addEventListener('click', event => { window.prevented = event.defaultPrevented; event.preventDefault() })"
    )
    page.evaluate("addEventListener('click', event => { window.prevented = event.defaultPrevented })")
    page.click("#a", modifiers=[modifier])  # type: ignore[list-item]
    assert server.ops == []


@pytest.mark.parametrize(
    "attributes",
    [
        'href="/page?x=1"',
        'live-nav href="/page?x=1" target="frame"',
        'live-nav href="/page?x=1" download',
        'live-nav href="http://other.test/page?x=1"',
        "live-nav",
    ],
)
def test_other_links_are_the_browsers(open_page: Open, attributes: str) -> None:
    page, server = open_page(
        f'<a id="x" {attributes}>x</a><a live-nav href="/page?y">y</a><iframe name="frame"></iframe>'
    )
    page.context.route("http://other.test/**", lambda route: route.fulfill(status=204))
    load_lazy(page)
    page.click("#x")
    assert "pushed" not in address(page)
    assert [
        message
        for message in page.evaluate("[...sockets].flatMap(s => s.sent)")
        if isinstance(message, list) and message[2:3] == [3]
    ] == []


def test_a_link_to_another_page_is_an_op(open_page: Open) -> None:
    page, server = open_page('<a id="x" live-nav href="/other?q=1#h">x</a>')
    load_lazy(page)
    page.click("#x")
    assert server.ops == [[1, 0, 3, "/other?q=1#h", 1]]
    assert address(page) == "/other?q=1#h"


def test_another_page_never_waits_for_an_action(open_page: Open) -> None:
    page, server = open_page(
        '<a id="x" live-nav href="/other">x</a><button id="b" data-l="@click">b</button>'
    )
    load_lazy(page)
    page.click("#b")
    with page.expect_request(f"{SITE}/other") as request:
        page.click("#x")
    assert request.value.is_navigation_request()


LEAVING = {"error": "Not sent: another page is being loaded", "status": 409}


def test_a_page_that_is_being_left_calls_nothing(open_page: Open) -> None:
    page, server = open_page(
        '<a id="x" live-nav href="/other">x</a>'
        '<button id="b" data-l="@click">b</button>'
        '<form id="f" method="post" action="/page?_a=save"><button id="s">s</button></form>'
    )
    load_lazy(page)
    page.click("#x")
    page.click("#b")
    page.click("#s")
    told = [[name, target, detail["error"], detail["status"]] for name, target, detail in server.told]
    assert told == [["error", target, LEAVING["error"], LEAVING["status"]] for target in ("b", "f")]
    called = page.evaluate(
        """async () => {
          const lazy = await (await import(document.querySelector("script[data-live]").src)).loadLazy();
          return lazy.call("module:function", {}).catch(({ message, status }) => [message, status]);
        }"""
    )
    assert called == [LEAVING["error"], LEAVING["status"]]
    assert server.ops == [[1, 0, 3, "/other", 1]]


def test_another_hash_is_the_browsers(open_page: Open) -> None:
    page, server = open_page('<a id="x" live-nav href="#there">x</a><p id="there">t</p>')
    load_lazy(page)
    page.click("#x")
    assert address(page) == "/page#there"
    page.go_back()
    assert address(page) == "/page"
    assert server.ops == []


def test_the_same_address_asks_again_and_pushes_nothing(open_page: Open) -> None:
    page, server = open_page('<a id="x" live-nav href="/page">x</a>')
    load_lazy(page)
    page.click("#x")
    assert server.ops == [[1, 0, 3, "/page", 1]]
    assert page.evaluate("history.length") == 2


def test_a_hash_that_names_an_element_is_scrolled_to(open_page: Open) -> None:
    page, server = open_page(
        '<a id="x" live-nav href="?q=1#%C3%A9">x</a><div style="height: 5000px"></div><div data-l="."></div>'
    )
    load_lazy(page)
    page.click("#x")
    server.answer(1, patch=[0, {"h": '<p id="é">there</p>'}])
    assert page.evaluate("scrollY") > 3000


def test_a_link_that_fails_is_loaded(opened: tuple[Page, Server]) -> None:
    page, server = opened
    page.click("#a")
    with page.expect_navigation():
        server.answer(1, 1, 1, {"error": "no", "status": 404})
    assert address(page) == "/page?f=a#/a"


def test_prevented_clicks(opened: tuple[Page, Server]) -> None:
    page, server = opened
    page.evaluate("() => { a.onclick = event => event.preventDefault() }")
    page.click("#a")
    assert server.ops == []


def test_without_the_script_links_are_links(open_page: Open) -> None:
    page, server = open_page(LINKS, join=False)
    load_lazy(page)
    page.evaluate("sockets[0].onclose({ code: 4001 })")
    with page.expect_navigation():
        page.click("#a")


BUTTON = '<button id="x" data-l="@click">x</button>'


@pytest.mark.parametrize(
    ("url", "target"), [("/other?x=1", "/other?x=1"), ("?q=2", "/page?q=2"), ("/page#h", "/page#h")]
)
def test_an_answer_leads_elsewhere(open_page: Open, url: str, target: str) -> None:
    page, server = open_page(BUTTON)
    page.evaluate("() => { window.here = 1 }")
    page.click("#x")
    with page.expect_request(lambda request: request.is_navigation_request()) as request:
        server.answer(1, 1, 3, {"url": url})
    assert request.value.url == f"http://live.test{target.partition('#')[0]}"


def test_an_answer_leads_elsewhere_instead(open_page: Open) -> None:
    page, server = open_page(BUTTON)
    page.click("#x")
    with page.expect_navigation():
        server.answer(1, 1, 3, {"url": "?q=2", "replace": True})
    assert page.evaluate("history.length") == 2


def test_a_state_of_a_post_is_removed_from_the_address(open_page: Open) -> None:
    page, server = open_page("<p>x</p>", path="/page?a=1%202&_s=handle&b=%7E#h")
    assert address(page) == "/page?a=1+2&b=%7E#h"
    assert server.sent[0]["url"] == "/page?a=1+2&b=%7E"


def test_other_addresses_are_left_as_they_are(open_page: Open) -> None:
    page, server = open_page("<p>x</p>", path="/page?a=1%202&b=%7E&c=_s")
    assert address(page) == "/page?a=1%202&b=%7E&c=_s"


NAV = (
    '<nav live-nav><a id="one" href="/page">1</a><a id="two" href="/two">2</a><a href="/page?q=1">3</a></nav>'
)


def swapped(page: Page, server: Server, to: str, body: str) -> None:
    """The page at `to` comes in the place of the one that is left."""
    page.click(f"[href='{to}']")
    form = f'<form id="live" method="post" action="{to}"></form>'
    server.receive([1, 1, {"page": document(form + body)}])


def current(page: Page) -> list[str]:
    hrefs: list[str] = page.evaluate(
        "[...document.querySelectorAll('[aria-current]')].map((a) => a.getAttribute('href'))"
    )
    return hrefs


def test_links_to_the_page_are_current(open_page: Open) -> None:
    page, server = open_page(NAV + '<p id="p" data-l=".">x</p>')
    page.wait_for_selector("[aria-current=page]")
    assert current(page) == ["/page"]
    server.patch([0, "y"])
    assert current(page) == ["/page"]
    swapped(page, server, "/two", NAV)
    assert current(page) == ["/two"]
    page.click("[href='/page?q=1']")
    assert current(page) == ["/page?q=1"]


def test_what_the_server_marks_as_current_stays(open_page: Open) -> None:
    page, _ = open_page(
        '<nav live-nav><a href="/page" aria-current="step">1</a><a id="a" href="/page">1</a></nav>'
    )
    page.wait_for_selector("#a[aria-current=page]")
    assert page.get_attribute("a", "aria-current") == "step"


def test_a_page_that_takes_a_moment_is_being_navigated_to(open_page: Open) -> None:
    page, server = open_page(NAV, clock=True)
    load_lazy(page)
    page.click("#two")
    page.clock.run_for(199)
    assert page.get_attribute("html", "data-navigating") is None
    page.clock.run_for(1)
    assert page.get_attribute("html", "data-navigating") == ""
    server.receive([1, 1, {"page": document('<form id="live" method="post" action="/two"></form>' + NAV)}])
    assert page.get_attribute("html", "data-navigating") is None


def test_boxes_are_scrolled_to_where_they_were_left(open_page: Open) -> None:
    box = '<div id="box" style="height: 50px; overflow: auto"><div style="height: 900px"></div></div>'
    page, server = open_page(NAV + box)
    page.wait_for_selector("[aria-current=page]")
    page.evaluate("box.scrollTop = 300")
    swapped(page, server, "/two", NAV)
    page.go_back()
    form = '<form id="live" method="post" action="/page"></form>'
    server.receive([2, 2, {"page": document(form + NAV + box)}])
    assert page.evaluate("box.scrollTop") == 300


PLAYER = '<div id="player" live-keep><input id="volume" value="5"></div>'


def test_an_element_is_kept_if_the_next_page_has_it_too(open_page: Open) -> None:
    page, server = open_page(NAV + PLAYER)
    page.wait_for_selector("[aria-current=page]")
    page.fill("#volume", "9")
    page.evaluate("player.mine = true")
    swapped(page, server, "/two", f"<main>{PLAYER}</main>{NAV}")
    assert page.evaluate("document.querySelector('main > #player').mine")
    assert page.input_value("#volume") == "9" and page.locator("#player").count() == 1
    assert page.evaluate("document.documentElement.children.length") <= 3  # the announcement's is the third


def test_an_element_is_not_kept_if_the_next_page_lacks_it(open_page: Open) -> None:
    page, server = open_page(NAV + PLAYER)
    page.wait_for_selector("[aria-current=page]")
    page.fill("#volume", "9")
    swapped(page, server, "/two", PLAYER.replace(" live-keep", "") + NAV)
    assert page.input_value("#volume") == "5" and not page.evaluate("'mine' in player")


def ahead(server: Server) -> list[str]:
    """The addresses that the page has asked for ahead."""
    return [message[3] for message in server.sent if isinstance(message, list) and message[2:3] == [10]]


def test_a_page_is_loaded_ahead_when_a_link_is_about_to_be_followed(open_page: Open) -> None:
    still = (
        '<a id="still" live-nav="still" href="/three">3</a><a id="plain" href="/four">4</a><p id="p">p</p>'
    )
    page, server = open_page(NAV + still, clock=True)
    load_lazy(page)
    for link in ("#one", "#still", "#plain"):
        page.hover(link)
        page.clock.run_for(500)
    page.hover("#two")
    page.clock.run_for(79)
    page.hover("#p")
    page.clock.run_for(500)
    assert ahead(server) == []
    page.hover("#two")
    page.clock.run_for(80)
    page.focus("#two")
    page.clock.run_for(80)
    assert ahead(server) == ["/two"]
    page.clock.run_for(4000)
    page.mouse.down()
    page.mouse.up()
    assert ahead(server) == ["/two", "/two"]
    assert server.ops == [[1, 0, 3, "/two", 1]]


def test_nothing_is_loaded_ahead_where_data_are_to_be_saved_or_there_is_no_connection(
    open_page: Open,
) -> None:
    page, server = open_page(NAV)
    load_lazy(page)
    page.evaluate(
        "Object.defineProperty(navigator, 'connection', { value: { saveData: true }, configurable: true })"
    )
    page.dispatch_event("#two", "pointerdown")
    page.evaluate("Object.defineProperty(navigator, 'connection', { value: {} })")
    page.evaluate("document.documentElement.dataset.live = 'connecting'")
    page.dispatch_event("#two", "pointerdown")
    assert ahead(server) == []
    page.evaluate("document.documentElement.dataset.live = 'open'")
    page.dispatch_event("#two", "pointerdown")
    assert ahead(server) == ["/two"]
