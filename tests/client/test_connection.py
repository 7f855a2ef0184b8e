"""The socket comes and goes; ops keep their numbers, and each ends once."""

# ruff: noqa: E501

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.client.conftest import Open, Server, document
from tests.support.client import load_lazy

BODY = '<button id="b" data-l="@click">b</button><p data-l=".">x</p><ul data-l="[0,0"></ul>'
ROW = [1, '<li data-l="@click .">x</li>']


def ended(server: Server) -> dict[int, Any]:
    """How ops ended: ok, error or uncertain, by number."""
    found = {}
    for name, _, detail in server.told:
        assert detail["n"] not in found
        found[detail["n"]] = "uncertain" if detail.get("uncertain") else name
    return found


def lose(page: Page, server: Server, **how: Any) -> None:
    """Lose the socket and get another at once."""
    page.evaluate("() => { Math.random = () => 0 }")
    count = server.sockets
    server.lose(**how)
    page.wait_for_function("count => sockets.length > count", arg=count)
    server.open()


def test_hello(open_page: Open) -> None:
    page, server = open_page("<p>x</p>", path="/page?q=1#h")
    assert page.evaluate("sockets[0].url").endswith("/_live/socket")
    assert server.sent == [{"v": 1, "url": "/page?q=1", "snapshot": "snap", "token": None, "rev": 0, "op": 0}]


def test_ops_before_the_welcome_wait(open_page: Open) -> None:
    page, server = open_page(BODY, join=False)
    page.click("#b")
    server.accept(rev=7)
    server.wait(2)
    assert server.ops == [[1, 7, 0, [0], []]]


def test_the_welcome_may_bring_a_patch(open_page: Open) -> None:
    page, server = open_page(BODY, join=False)
    server.accept(rev=3, patch=[1, "new", 2, [[[0, -1, 1, "row"]]]], shapes=ROW)
    assert page.inner_text("p") == "new"
    page.click("li")
    assert server.ops == [[1, 3, 0, [2, 0, 0], []]]


def test_acknowledgements(open_page: Open) -> None:
    page, server = open_page(BODY, clock=True)
    for n in range(3):
        server.patch([1, str(n)])
    page.clock.run_for(900)
    assert server.sent[1:] == []
    page.clock.run_for(100)
    assert server.sent[1:] == [[0, 3]]
    for n in range(4):
        server.patch([1, str(n)])
    page.clock.run_for(0)
    assert server.sent[1:] == [[0, 3], [0, 7]]
    server.patch([1, "x"])
    page.click("#b")
    page.clock.run_for(2000)
    assert server.sent[3:] == [[1, 8, 0, [0], []]]


def test_a_frame_without_a_new_revision_only_answers(open_page: Open) -> None:
    page, server = open_page(BODY, clock=True)
    page.click("#b")
    server.receive([0, 1])
    assert ended(server) == {1: "ok"}
    page.clock.run_for(2000)
    assert len(server.sent) == 2


def test_answers_beyond_the_acknowledged(open_page: Open) -> None:
    page, server = open_page(BODY)
    for _ in range(3):
        page.click("#b")
    server.answer(0, 2, 1, {"error": "no"})
    assert ended(server) == {2: "error"}
    server.answer(3)
    assert ended(server) == {1: "ok", 2: "error", 3: "ok"}


@pytest.mark.parametrize("frame", [[2, 0, [0, "lost one"]], [5, 0, []]])
def test_a_gap_in_revisions_makes_another_connection(open_page: Open, frame: list[Any]) -> None:
    page, server = open_page(BODY)
    page.evaluate("() => { Math.random = () => 0 }")
    server.receive(frame)
    page.wait_for_function("sockets.length == 2")
    assert page.evaluate("sockets[0].closed")
    server.open()
    assert (server.sent[0]["rev"], server.sent[0]["token"]) == (0, "t")


def test_a_resumed_session_gets_what_it_has_not_acknowledged(open_page: Open) -> None:
    page, server = open_page(BODY)
    for _ in range(3):
        page.click("#b")
    server.answer(1)
    lose(page, server)
    assert server.sent == [{"v": 1, "url": "/page", "snapshot": "snap", "token": "t", "rev": 1, "op": 3}]
    page.click("#b")
    server.receive({"token": "t2", "rev": 1, "ack": 2})
    assert [op[0] for op in server.ops] == [3, 4]
    assert ended(server) == {1: "ok", 2: "ok"}
    server.rev = 1
    server.answer(4)
    assert ended(server) == {1: "ok", 2: "ok", 3: "ok", 4: "ok"}
    lose(page, server)
    assert server.sent[0]["token"] == "t2"


def test_after_a_rebuild_all_is_sent_again_and_the_server_says_what_is_uncertain(open_page: Open) -> None:
    page, server = open_page(BODY)
    page.click("#b")
    page.click("#b")
    server.lose()
    page.click("#b")
    page.evaluate("dispatchEvent(new Event('online'))")
    server.open()
    assert server.sent[0]["op"] == 2
    server.receive({"token": "t2", "rev": 5, "ack": 1, "rebuilt": 1})
    assert ended(server) == {1: "ok"}
    assert server.ops == [[2, 5, 0, [0], []], [3, 5, 0, [0], []]]
    server.receive([5, 3, [], [2, 2, None]])
    assert ended(server) == {1: "ok", 2: "uncertain", 3: "ok"}


def test_answers_of_a_welcome(open_page: Open) -> None:
    page, server = open_page(BODY)
    for _ in range(3):
        page.click("#b")
    lose(page, server)
    server.receive({"token": "t", "rev": 0, "ack": 2, "answers": [2, 1, {"error": "no"}], "rebuilt": 1})
    assert ended(server) == {1: "ok", 2: "error"}
    server.receive([0, 3, [], [3, 2, None]])
    assert ended(server) == {1: "ok", 2: "error", 3: "uncertain"}


def test_after_a_rebuild_items_are_numbered_in_their_order(open_page: Open) -> None:
    page, server = open_page(BODY)
    server.patch([2, [[[0, -1, 1, "a"], [1, -1, 1, "b"], [2, 0, 1, "c"], 0]]], shapes=ROW)
    assert page.locator("li").all_inner_texts() == ["c", "b"]
    server.lose()
    page.click("li:last-child")
    page.evaluate("dispatchEvent(new Event('online'))")
    server.open()
    server.receive({"token": "t", "rev": 9, "ack": 0, "rebuilt": 1})
    assert server.ops == [[1, 9, 0, [2, 1, 0], []]]
    server.rev = 9
    server.patch([2, [[[2, 1, 1, "new"]], 0, [1, "C"]]], shapes=ROW)
    assert page.locator("li").all_inner_texts() == ["C", "new", "b"]


def test_an_op_whose_element_a_rebuild_took_away_is_an_error(open_page: Open) -> None:
    page, server = open_page('<div data-l="."><button id="b" data-l="@click">b</button></div>')
    server.lose()
    page.click("#b")
    page.evaluate("dispatchEvent(new Event('online'))")
    server.open()
    server.receive({"token": "t", "rev": 1, "ack": 0, "rebuilt": 1, "patch": [0, "none"]})
    assert server.ops == []
    assert server.told == [["error", "", {"n": 1, "uncertain": False, "error": "Not sent", "status": 409}]]


def test_one_that_was_sent_and_cannot_be_again_is_uncertain(open_page: Open) -> None:
    page, server = open_page('<div data-l="."><button id="b" data-l="@click">b</button></div>')
    page.click("#b")
    lose(page, server)
    server.receive({"token": "t", "rev": 1, "ack": 0, "rebuilt": 1, "patch": [0, "none"]})
    assert server.ops == [] and ended(server) == {1: "uncertain"}


def test_typed_text_stays_in_what_a_rebuilt_session_sends(open_page: Open) -> None:
    """In forms without ids, in fields with the same name, and in others; the focus stays, too."""

    def form(action: str, *labels: str) -> str:
        fields = "".join(f'<input name="t" aria-label="{label}">' for label in labels)
        return f'<form method="post" action="/page?_a={action}">{fields}</form>'

    def main(heading: str, *forms: str) -> str:
        once = f'<form method="post" action="/page?_a={heading}"><textarea name="w" aria-label="w"></textarea></form>'
        return f"<main><h1>{heading}</h1>{''.join(forms)}{once}</main>"

    before = main("Old", form("add~a", "a", "b"), form("add~c", "c"), form("add~d", "d"))
    page, server = open_page(f'<div data-l=".">{before}</div>')
    for label in "bcdw":
        page.get_by_label(label).fill(f"typed in {label}")
    page.get_by_label("c").focus()
    lose(page, server)
    after = main("New", form("add~new", "new"), form("add~c", "c"), form("add~a", "a", "b"))
    server.receive(
        {"token": "t", "rev": 1, "ack": 0, "migrated": 1, "patch": [0, {"f": [1]}], "shapes": [1, after]}
    )
    page.wait_for_selector("text=New")
    fields = page.evaluate(
        "[...document.querySelectorAll('[aria-label]')].map(each => [each.ariaLabel, each.value])"
    )
    assert {label: text for label, text in fields if text} == {label: f"typed in {label}" for label in "bcw"}
    expect(page.get_by_label("c")).to_be_focused()


def test_a_stale_page_comes_whole_and_typed_text_stays(open_page: Open) -> None:
    page, server = open_page(
        '<p data-l=".">old</p><section><form id="f" method="post" action="?_a=s"><input name="t" id="t"><input name="u">'
        '<input type="checkbox" name="c" value="1"><input type="checkbox" name="c" value="2">'
        "<select name='s'><option>a<option>b</select><textarea name='w'></textarea></form></section><video></video>"
    )
    page.fill("#t", "typed")
    page.fill("[name=u]", "more")
    page.check("[value='2']")
    page.select_option("select", "b")
    page.fill("textarea", "text")
    page.focus("[name=u]")
    page.evaluate(
        "() => { window.kept = document.querySelector('video'); window.script = document.querySelector('script') }"
    )
    lose(page, server)
    body = (
        '<p data-l=".">new</p><section class="new"><form id="f" method="post" action="?_a=s"><input name="t" id="t" value="server">'
        '<input name="u"><input type="checkbox" name="c" value="1"><input type="checkbox" name="c" value="2">'
        "<select name='s'><option>a<option>b</select><textarea name='w'></textarea></form></section><video></video>"
        '<noscript><p id="no">no</p></noscript>'
    )
    html = (
        page.evaluate("document.head.outerHTML")
        .replace("<title>Test", "<title>New")
        .replace('"snap"', '"snap2"')
    )
    page.evaluate("() => { window.before = sockets.length }")
    server.receive(
        {
            "token": "t",
            "rev": 12,
            "ack": 0,
            "outdated": 1,
            "patch": {"page": f'<!doctype html><html lang="x">{html}<body class="c">{body}</body></html>'},
        }
    )
    page.wait_for_function("document.title === 'New' || sockets.length > before")
    if page.title() != "New":  # what replaces pages had to be loaded first
        server.open()
        server.receive(
            {
                "token": "t",
                "rev": 12,
                "ack": 0,
                "outdated": 1,
                "patch": {
                    "page": f'<!doctype html><html lang="x">{html}<body class="c">{body}</body></html>'
                },
            }
        )
    assert page.inner_text("p") == "new"
    assert page.evaluate(
        "[document.documentElement.lang, document.body.className, document.documentElement.dataset.live]"
    ) == ["x", "c", "open"]
    assert page.input_value("#t") == "typed"
    assert page.input_value("[name=u]") == "more"
    assert [page.is_checked("[value='1']"), page.is_checked("[value='2']")] == [False, True]
    assert page.input_value("select") == "b"
    assert page.input_value("textarea") == "text"
    assert page.evaluate("document.activeElement.name") == "u"
    assert page.evaluate("document.querySelector('video') === kept")
    assert page.evaluate("document.querySelector('noscript').childElementCount") == 0
    server.rev = 12
    server.patch([0, "patched"])
    assert page.inner_text("p") == "patched"
    page.evaluate("f.requestSubmit()")
    assert server.ops[-1][:4] == [1, 13, 1, "s"]
    assert server.ops[-1][4] == ["t", "typed", "u", "more", "c", "2", "s", "b", "w", "text"]
    lose(page, server)
    assert server.sent[0]["snapshot"] == "snap2"


def test_a_page_that_does_not_fit_is_asked_for_whole(open_page: Open) -> None:
    page, server = open_page(BODY, errors=True)
    page.click("#b")
    page.evaluate("() => { Math.random = () => 0 }")
    server.patch([9, "no such slot"])
    page.wait_for_function("sockets.length == 2")
    server.open()
    assert server.sent[0]["rev"] == -1
    html = page.evaluate("document.documentElement.outerHTML").replace(">x</p>", ">whole</p>")
    welcome = {"token": "t", "rev": 4, "ack": 0, "patch": {"page": html}}
    server.receive(welcome)
    page.wait_for_function("document.querySelector('p').textContent === 'whole' || sockets.length === 3")
    if server.sockets == 3:
        server.open()
        assert server.sent[0]["rev"] == -1
        server.receive(welcome)
    assert page.inner_text("p") == "whole"
    assert server.ops == [[1, 0, 0, [0], []]]
    server.rev = 4
    server.patch([1, "fine"])
    assert page.inner_text("p") == "fine"


BROKEN = [
    ("<div><!--(-->x<p>y</p><!--)--></div>", "document.querySelector('p').nextSibling.remove()", [0, "z"]),
    ("<div><!--(-->x<!--)--></div>", "document.querySelector('div').textContent = ''", [0, "z"]),
    (
        "<ul><!--[--><li>a</li><!--,--><!--]--></ul>",
        "document.querySelector('ul').lastChild.remove()",
        [0, [[[1, -1, 9]]]],
    ),
]


@pytest.mark.parametrize(("html", "harm", "patch"), BROKEN)
def test_a_broken_range_is_reported(open_page: Open, html: str, harm: str, patch: list[Any]) -> None:
    page, server = open_page(html, errors=True)
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.evaluate("() => { Math.random = () => 0 }")
    page.evaluate(f"() => {{ {harm} }}")
    server.patch(patch)
    page.wait_for_function("sockets.length == 2")
    server.open()
    assert server.sent[0]["rev"] == -1
    assert len(errors) == 1


@pytest.mark.parametrize("code", [4000, 4001])
def test_codes_that_end_it(open_page: Open, code: int) -> None:
    page, server = open_page(
        BODY + '<form method="post" action="?_a=x"><button id="s">s</button></form>', clock=True
    )
    page.click("#b")
    server.lose(code=code)
    assert ended(server) == {1: "uncertain"}
    assert page.get_attribute("html", "data-live") == "closed"
    page.clock.run_for(60_000)
    page.evaluate("dispatchEvent(new Event('online'))")
    assert server.sockets == 1
    page.click("#b")
    assert server.told[-1][2]["status"] == 503
    with page.expect_request(lambda request: request.method == "POST"):
        page.click("#s")


def test_a_session_that_is_over_loads_the_page(open_page: Open) -> None:
    page, server = open_page(BODY)
    with page.expect_navigation():
        server.lose(code=4010)


ALWAYS_OVER = """
const later = setTimeout;
window.setTimeout = (then, ms) => {
  if (!/reload/.test(then)) return later(then, ms);
  localStorage.pauses = `${localStorage.pauses ?? ""} ${ms}`;
  return later(then, 0);
};
window.WebSocket = class {
  constructor() { later(() => this.onclose?.({ code: 4010 }), 0); }
  close() {}
};
"""


def test_a_page_that_cannot_be_joined_is_loaded_again_a_few_times_and_stays(open_page: Open) -> None:
    """The pauses are skipped: in 10 seconds the page would be loaded again three times."""
    loads: list[str] = []

    def prepare(page: Page) -> None:
        page.add_init_script(ALWAYS_OVER)
        page.on(
            "request", lambda request: loads.append(request.url) if request.is_navigation_request() else None
        )

    page, _ = open_page(
        BODY + '<form method="post" action="?_a=x"><button id="s">s</button></form>',
        join=False,
        prepare=prepare,
    )
    page.wait_for_selector("[data-live=closed] .live-notice")
    assert page.evaluate("localStorage.pauses") == " 0 1000 4000 9000"
    assert len(loads) == 5
    with page.expect_request(lambda request: request.method == "POST"):
        page.click("#s")
    page.reload()  # which a post does, too
    page.wait_for_selector("[data-live=closed] .live-notice")
    assert len(loads) == 7


def test_what_the_server_has_to_say_is_shown_until_the_person_goes_on(open_page: Open) -> None:
    page, server = open_page(BODY)
    server.receive([1, 0, [], [], [], {"events": [["live:notice", "It <b>began</b> again"]]}])
    assert page.text_content(".live-notice[role=alert]") == "It <b>began</b> again"
    page.click("#b")
    assert page.query_selector(".live-notice") is None
    page.click("#b")


def test_reloads_are_counted_anew_when_a_page_has_lived_for_a_minute(open_page: Open) -> None:
    def prepare(page: Page) -> None:
        page.add_init_script("sessionStorage['live/page'] ??= 3; performance.now = () => 60_001;")

    page, server = open_page(BODY, prepare=prepare)
    with page.expect_navigation():
        server.lose(code=4010)
    assert page.evaluate("sessionStorage['live/page']") == "1"


@pytest.mark.parametrize("age", [0, 60_001])
def test_without_the_rest_of_the_client_an_old_page_is_loaded_again_and_a_young_one_connects_again(
    open_page: Open, age: int
) -> None:
    """There may be no way to its file for a moment, or a newer version has another file."""

    def prepare(page: Page) -> None:
        page.add_init_script(f"const age = {age}; performance.now = () => age; Math.random = () => 0")
        page.route("**/lazy.js", lambda route: route.fulfill(body="throw 0", content_type="text/javascript"))

    page, server = open_page(BODY, prepare=prepare)
    if age:
        with page.expect_navigation():
            server.lose(code=4010)
    else:
        server.lose(code=4010)
        page.wait_for_function("sockets.length == 2")
        assert page.get_attribute("html", "data-live") != "closed"


def test_retries_come_at_random_in_doubling_spans(open_page: Open) -> None:
    page, server = open_page(BODY, clock=True)
    page.evaluate("() => { Math.random = () => 0.5 }")
    for count, milliseconds in enumerate([250, 500, 1000, 2000, 4000, 8000, 15_000, 15_000], start=1):
        server.lose()
        page.clock.run_for(milliseconds - 1)
        assert server.sockets == count
        page.clock.run_for(1)
        assert server.sockets == count + 1
    server.accept()
    page.clock.run_for(6000)
    server.lose()
    page.clock.run_for(250)
    assert server.sockets == 10


@pytest.mark.parametrize("opened", [False, True])
def test_a_handshake_that_is_never_answered_is_given_up(open_page: Open, opened: bool) -> None:
    page, server = open_page(BODY, clock=True, join=False)
    page.evaluate("() => { Math.random = () => 0 }")
    if opened:
        server.open()  # but the welcome doesn't come
    page.clock.run_for(9_900)
    assert server.sockets == 1
    page.clock.run_for(200)
    assert (server.sockets, page.evaluate("sockets[0].closed")) == (2, True)
    assert page.get_attribute("html", "data-live") == "connecting"
    server.accept()
    page.clock.run_for(30_000)
    assert (server.sockets, page.get_attribute("html", "data-live")) == (2, "open")


@pytest.mark.parametrize("event", ["online", "visibilitychange", "pageshow"])
def test_at_once_when_there_is_a_reason(open_page: Open, event: str) -> None:
    page, server = open_page(BODY, clock=True)
    for _ in range(9):
        server.lose()
        page.evaluate("name => document.dispatchEvent(new Event(name, { bubbles: true }))", event)
    assert server.sockets == 10
    page.evaluate("name => document.dispatchEvent(new Event(name, { bubbles: true }))", event)
    assert server.sockets == 10


def test_trouble_shows_after_a_while(open_page: Open) -> None:
    page, server = open_page(BODY, clock=True, join=False)
    live = "document.documentElement.dataset.live"
    page.clock.run_for(1400)
    assert page.evaluate(live) is None
    page.clock.run_for(200)
    assert page.evaluate(live) == "connecting"
    server.accept()
    assert page.evaluate(live) == "open"
    server.lose()
    page.clock.run_for(1400)
    assert page.evaluate(live) == "open"
    page.clock.run_for(200)
    assert page.evaluate(live) == "connecting"


def test_messages_of_an_old_socket_are_not_heard(open_page: Open) -> None:
    page, server = open_page(BODY)
    lose(page, server)
    page.evaluate("sockets[0].onmessage({ data: '[1,0,[1,\"old\"]]' })")
    server.receive({"token": "t", "rev": 0, "ack": 0})
    assert page.inner_text("p") == "x"
    page.evaluate("sockets[0].onclose({ code: 1006 })")
    server.patch([1, "new"])
    assert page.inner_text("p") == "new"


def test_a_page_that_is_left_says_so(open_page: Open) -> None:
    page, server = open_page('<input id="t" data-l="@input.debounce">', clock=True)
    load_lazy(page)
    page.fill("#t", "x")
    page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide', { persisted: false }))")
    assert [op[2] for op in server.ops] == [0, 9]
    assert page.evaluate("sockets[0].closed")


@pytest.mark.parametrize("persisted", ["false", "true"])
def test_a_page_that_is_left_opens_no_other_socket(persisted: str, open_page: Open) -> None:
    page, server = open_page(BODY, clock=True)
    page.evaluate(f"dispatchEvent(new PageTransitionEvent('pagehide', {{ persisted: {persisted} }}))")
    page.evaluate("Object.defineProperty(document, 'hidden', { value: true })")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))")
    assert server.sockets == 1


def test_a_page_from_the_browsers_cache_comes_back(open_page: Open) -> None:
    page, server = open_page(BODY)
    page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))")
    assert page.evaluate("sockets[0].closed")
    assert server.ops == []
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    server.open()
    assert server.sent[0]["token"] == "t"


def test_two_tabs(open_page: Open) -> None:
    one, server_one = open_page(BODY)
    two, server_two = open_page(BODY)
    one.click("#b")
    assert (len(server_one.ops), len(server_two.ops)) == (1, 0)
    server_two.patch([1, "two"])
    assert (one.inner_text("p"), two.inner_text("p")) == ("x", "two")


def test_a_tab_connects_again_when_another_one_has_changed_the_cookies(open_page: Open) -> None:
    page, server = open_page(BODY)
    server.accept()
    page.evaluate("() => void dispatchEvent(new StorageEvent('storage', { key: 'theirs' }))")
    assert server.sockets == 1
    page.evaluate("() => void dispatchEvent(new StorageEvent('storage', { key: 'live' }))")
    page.click("#b")  # which waits for the new cookies
    assert server.sockets == 2
    server.open()
    assert server.sent == [{"v": 1, "url": "/page", "snapshot": "snap", "token": "t", "rev": 0, "op": 0}]
    server.receive({"rev": 0})
    server.wait(2)
    assert [op[0] for op in server.ops] == [1]


def test_a_page_whose_markers_were_moved_asks_for_all_of_it(open_page: Open) -> None:
    page, server = open_page('<p><!--(-->x</p><!--)--><button data-l="@click">y</button>', join=False)
    server.open()
    assert server.sent[0]["rev"] == -1
    page.click("button")  # which calls nothing yet
    html = document('<!--{--><p>z</p><button live-click="?_a=go">y</button>')
    server.rev = 3
    server.receive({"token": "t", "rebuilt": 1, "rev": 3, "patch": {"page": html}})
    load_lazy(page)
    page.click("button")
    assert [op[2:4] for op in server.ops] == [[1, "go"]]
    server.patch([0, {"h": '<p>more</p><button live-click="?_a=went">y</button>'}])
    assert page.inner_text("p") == "more"
    page.click("button")
    assert [op[2:4] for op in server.ops] == [[1, "go"], [1, "went"]]
