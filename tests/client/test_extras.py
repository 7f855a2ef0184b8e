"""Messages besides patches and answers: extras, running and cancelled ops, other pages, files."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Page, Request, Route

from tests.client.conftest import SITE, Open, document
from tests.support.client import load_lazy

BUTTONS = (
    '<button id="b" data-l="@click">b</button><button id="stop" data-l="@cancel">Stop</button>'
    '<p id="p" data-l=".">x</p>'
)
FORM = (
    '<form id="f" method="post" action="/page?_a=save~1~mac">'
    '<input id="t" name="t"><button id="s">Save</button></form>'
)


def cookies(page: Page) -> list[Any]:
    """Bodies of what the page fetches cookies with."""
    found: list[Any] = []

    def note(request: Request) -> None:
        if request.url == f"{SITE}/cookies":
            found.append(request.post_data)

    page.on("request", note)
    return found


def come_back(page: Page, server: Any) -> None:
    """The connection is lost; a new one is open."""
    page.evaluate("Math.random = () => 0")
    server.lose()
    page.wait_for_function("sockets.length == 2")
    server.open()


def test_what_needs_the_rest_of_the_client_waits_for_it(open_page: Open) -> None:
    held: list[Route] = []

    def prepare(page: Page) -> None:
        page.route("**/lazy.js", lambda route: held.append(route))

    page, server = open_page(BUTTONS, prepare=prepare)
    tickets = cookies(page)
    page.click("#b")
    server.receive([1, 0, [2, "one"], [], [], {"cookies": "ticket"}])
    server.receive([2, 1, [2, "two"]])
    assert (page.inner_text("#p"), server.told) == ("x", [])
    assert held[0].request.url.startswith(SITE)
    with page.expect_request(f"{SITE}/cookies") as request:
        held[0].fallback()
    assert request.value.headers["live-ops"] == "1"
    page.wait_for_function("told.length == 1")
    assert (page.inner_text("#p"), tickets, server.sockets) == ("two", ["ticket"], 1)
    page.click("#b")
    assert server.ops[-1][:2] == [2, 2]


def test_what_waited_on_a_lost_connection_is_told_again(open_page: Open) -> None:
    held: list[Route] = []
    page, server = open_page(
        BUTTONS, prepare=lambda page: page.route("**/lazy.js", lambda route: held.append(route))
    )
    server.receive([1, 0, [2, "one"], [], [], {"events": [["saved", 1]]}])
    come_back(page, server)
    assert server.sent[0]["rev"] == 0
    page.evaluate("document.addEventListener('saved', ({ detail }) => { window.saved = detail })")
    extras = {"events": [["saved", 2]]}
    server.receive({"token": "t", "rev": 1, "ack": 0, "patch": [2, "again"], "extras": extras})
    held[0].fallback()
    page.wait_for_function("window.saved")
    assert (page.inner_text("#p"), page.evaluate("saved")) == ("again", 2)


def ready(opened: tuple[Page, Any]) -> tuple[Page, Any]:
    page, _ = opened
    load_lazy(page)
    return opened


def test_events_are_dispatched_after_the_patch(open_page: Open) -> None:
    page, server = ready(open_page(BUTTONS))
    page.evaluate(
        """() => {
          addEventListener("saved", ({ detail }) => { window.saved = [detail, p.textContent]; });
        }"""
    )
    server.receive([1, 0, [2, "one"], [], [], {"events": [["saved", {"id": 5}]]}])
    page.wait_for_function("window.saved")
    assert page.evaluate("saved") == [{"id": 5}, "one"]


@pytest.mark.parametrize(("push", "length"), [(1, 3), (0, 2)])
def test_the_address_is_the_servers_to_change(open_page: Open, push: int, length: int) -> None:
    page, server = ready(open_page(BUTTONS))
    server.receive([1, 0, [], [], [], {"url": ["/page?q=1", push]}])
    page.wait_for_url(f"{SITE}/page?q=1")
    assert page.evaluate("history.length") == length
    assert server.ops == []


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("/page?q=1", "/page?q=1#part"),
        ("/page", "/page#part"),
        ("/page?q=1#other", "/page?q=1#other"),
        ("/else?q=1", "/else?q=1"),
    ],
)
@pytest.mark.parametrize("push", [1, 0])
def test_the_hash_stays_as_long_as_the_path_does(open_page: Open, url: str, shown: str, push: int) -> None:
    page, server = ready(open_page(BUTTONS, path="/page?q=0#part"))
    server.receive([1, 0, [], [], [], {"url": [url, push]}])
    page.wait_for_url(SITE + shown)
    if push:
        page.go_back()
        page.wait_for_url(f"{SITE}/page?q=0#part")


def test_the_cookies_are_there_before_the_page_is_left(open_page: Open) -> None:
    page, server = ready(open_page(BUTTONS))
    order: list[str] = []
    page.on("request", lambda request: order.append(request.url.removeprefix(SITE)))
    page.click("#b")
    with page.expect_request(f"{SITE}/other"):
        server.receive([1, 1, [], [1, 3, {"url": "/other"}], [], {"cookies": "a b"}])
    assert [path for path in order if not path.endswith(".js")][-2:] == ["/cookies", "/other"]


def test_another_page_is_shown_when_its_cookies_are_there(open_page: Open) -> None:
    held: list[Route] = []
    page, server = ready(
        open_page(FORM, prepare=lambda page: page.route(f"{SITE}/cookies", lambda route: held.append(route)))
    )
    page.click("#s")
    other = document('<form id="live" method="post" action="/other"></form><h1 data-l=".">Other</h1>')
    with page.expect_request(f"{SITE}/cookies"):
        server.receive([1, 1, {"page": other}, [1, 3, {"url": "/other"}], [], {"cookies": "ticket"}])
    server.receive([2, 1, [0, "New"]])
    assert (page.url, server.told, page.locator("h1").count()) == (f"{SITE}/page", [], 0)
    held[0].fulfill(status=204)
    page.wait_for_selector("h1:text('New')")
    assert page.url == f"{SITE}/other"


def test_what_waited_for_cookies_on_a_lost_connection_is_dropped(open_page: Open) -> None:
    held: list[Route] = []
    page, server = ready(
        open_page(
            BUTTONS, prepare=lambda page: page.route(f"{SITE}/cookies", lambda route: held.append(route))
        )
    )
    with page.expect_request(f"{SITE}/cookies"):
        server.receive([1, 0, [2, "one"], [], [], {"cookies": "first"}])
    come_back(page, server)
    assert server.sent[0]["rev"] == 0
    with page.expect_request(f"{SITE}/cookies") as second:
        server.receive(
            {"token": "t", "rev": 1, "ack": 0, "patch": [2, "again"], "extras": {"cookies": "first"}}
        )
    assert second.value.post_data == "first"
    held[0].fulfill(status=204)
    assert page.inner_text("#p") == "x"
    held[1].fulfill(status=204)
    page.wait_for_function("p.textContent == 'again'")
    assert server.sockets == 2


def test_a_server_that_is_away_is_asked_again_for_cookies(open_page: Open) -> None:
    answers = iter([503, 204])
    page, server = ready(
        open_page(
            BUTTONS,
            errors=True,
            prepare=lambda page: page.route(
                f"{SITE}/cookies", lambda route: route.fulfill(status=next(answers))
            ),
        )
    )
    tickets = cookies(page)
    server.receive([1, 0, [2, "one"], [], [], {"cookies": "ticket"}])
    page.wait_for_function("p.textContent == 'one'")
    assert tickets == ["ticket", "ticket"]


def test_running_ops_go_on_beside_the_others(open_page: Open) -> None:
    page, server = open_page(BUTTONS)
    page.click("#b")
    server.receive([0, 1, [], [1, 4, None]])
    assert server.told == []
    assert page.evaluate("b.ariaBusy") == "true"
    page.click("#b")
    server.receive([1, 2, [2, "one"]])
    assert server.told == [["ok", "b", {"n": 2, "result": None}]]
    assert page.evaluate("b.ariaBusy") == "true"
    server.receive([2, 2, [2, "two"], [1, 0, "done"]])
    assert server.told[1] == ["ok", "b", {"n": 1, "result": "done"}]
    assert page.evaluate("b.ariaBusy") is None


@pytest.mark.parametrize("rebuilt", [{"rebuilt": 1}, {"migrated": 1}])
def test_nobody_knows_of_running_ops_after_the_session(open_page: Open, rebuilt: dict[str, int]) -> None:
    page, server = open_page(BUTTONS)
    page.click("#b")
    server.receive([0, 1, [], [1, 4, None]])
    come_back(page, server)
    server.receive({"token": "t", "rev": 0, "ack": 1, **rebuilt})
    assert server.told == [["error", "b", {"n": 1, "uncertain": True}]]
    assert (server.ops, page.evaluate("b.ariaBusy")) == ([], None)


def test_they_are_not_sent_again_on_the_same_session(open_page: Open) -> None:
    page, server = open_page(BUTTONS)
    page.click("#b")
    server.receive([0, 1, [], [1, 4, None]])
    come_back(page, server)
    server.receive({"token": "t", "rev": 0, "ack": 1, "answers": [1, 4, None]})
    assert (server.told, server.ops) == ([], [])


def test_a_button_cancels(open_page: Open) -> None:
    page, server = ready(open_page(BUTTONS))
    page.click("#stop")
    assert server.ops == [[1, 0, 5, [1]]]


def test_a_form_may_keep_its_fields(open_page: Open) -> None:
    page, server = open_page(FORM)
    page.fill("#t", "typed")
    page.click("#s")
    server.answer(1, 1, 5, None)
    assert page.input_value("#t") == "typed"
    assert server.told == [["ok", "f", {"n": 1, "result": None}]]


def test_another_page_takes_nothing_of_what_was_typed(open_page: Open) -> None:
    page, server = ready(open_page(FORM))
    page.fill("#t", "typed")
    page.click("#s")
    other = document('<form id="live" method="post" action="/other"></form>' + FORM + "<h1>Other</h1>")
    server.patch({"page": other}, ack=1, answers=[1, 3, {"url": "/other?q=1"}])
    page.wait_for_selector("h1")
    assert page.input_value("#t") == ""
    assert page.url == f"{SITE}/other?q=1"
    assert page.evaluate("[...document.querySelectorAll('[aria-busy]')].length") == 0


OWN = '<form id="live" method="post" action="/page"></form>'


def test_a_rebuilt_page_is_no_other_one(open_page: Open) -> None:
    page, server = ready(open_page(FORM))
    page.click("#s")
    come_back(page, server)
    with page.expect_request(f"{SITE}/other") as request:
        server.receive(
            {"token": "t", "rev": 1, "ack": 1, "migrated": 1, "patch": {"page": document(OWN + FORM)}}
            | {"answers": [1, 3, {"url": "/other"}]}
        )
    assert request.value.is_navigation_request()


def test_the_same_page_anew_keeps_what_was_typed(open_page: Open) -> None:
    page, server = ready(open_page(FORM))
    page.fill("#t", "typed")
    server.patch({"page": document(FORM.replace('name="t"', 'name="t" class="new"') + "<h1>Same</h1>")})
    page.wait_for_selector("h1")
    assert page.input_value("#t") == "typed"
    assert server.ops == []


TASK = '<li data-key="{key}"><input name="t" form="live" aria-label="{key}"></li>'


@pytest.mark.parametrize("rebuilt", [{}, {"rebuilt": 1}])
def test_typed_text_stays_in_its_own_control(open_page: Open, rebuilt: dict[str, int]) -> None:
    """Of several of its name: in forms, in items, twice in a form. Another form calls another action."""

    def body(keys: str, heading: str) -> str:
        tasks = "".join(TASK.format(key=key) for key in keys)
        forms = "".join(
            f'<form method="post" action="/page?_a=add~{n}"><input name="t" aria-label="form {n}"></form>'
            for n in ([0, 1] if heading == "old" else [1, 2, 0])
        )
        twice = (
            '<form method="post" action="/page"><input name="t"><input name="t" aria-label="second"></form>'
        )
        other = (
            f'<form method="post" action="/page?_a=send~{heading}"><input name="u" aria-label="other"></form>'
        )
        return f"{OWN}<main><h1>{heading}</h1>{forms}<ul>{tasks}</ul>{twice}{other}</main>"

    page, server = ready(open_page(body("ab", "old")))
    labels = ["form 1", "b", "second", "other"]
    for label in labels:
        page.get_by_label(label, exact=True).fill(f"typed in {label}")
    page.get_by_label("form 1").focus()
    come_back(page, server)
    server.receive(
        {"token": "t", "rev": 1, "ack": 0, **rebuilt, "patch": {"page": document(body("bca", "new"))}}
    )
    page.wait_for_selector("text=new")
    typed = page.evaluate(
        "[...document.querySelectorAll('[aria-label]')].map(each => [each.ariaLabel, each.value])"
    )
    assert {label: text for label, text in typed if text} == {label: f"typed in {label}" for label in labels}
    assert page.evaluate("document.activeElement.ariaLabel") == "form 1"


UPLOAD = FORM.replace("<button", '<input type="file" name="f" id="u" multiple><button')


def uploading(page: Page, status: int, body: Any = None) -> list[dict[str, str]]:
    """Plans what the page uploads, and answers each file; the headers that came with them."""
    seen: list[dict[str, str]] = []

    def respond(route: Route) -> None:
        if "live-upload" not in route.request.headers:
            return route.fallback()
        if route.request.headers["content-type"] == "application/json":
            asked = json.loads(route.request.post_data or "")["plan"]
            return route.fulfill(json={"files": [{"by": "form"} for _ in asked]})
        seen.append({**route.request.headers, "url": route.request.url})
        route.fulfill(status=status, json=body or {"files": [["f", f"handle {len(seen)}"]]})

    page.route(f"{SITE}/page*", respond)
    return seen


def choose(page: Page) -> None:
    files = [{"name": f"{n}.txt", "mimeType": "text/plain", "buffer": b"x" * n} for n in (1, 2)]
    page.set_input_files("#u", files)  # type: ignore[arg-type]
    page.fill("#t", "typed")
    page.click("#s")


def test_files_go_first_and_ops_name_them(open_page: Open) -> None:
    page, server = open_page(UPLOAD)
    seen = uploading(page, 200)
    choose(page)
    server.wait(2)
    fields = ["t", "typed", "f", {"file": "handle 1"}, "f", {"file": "handle 2"}]
    assert server.ops == [[1, 0, 1, "save~1~mac", fields]]
    assert seen[0]["url"] == f"{SITE}/page?_a=save%7E1%7Emac"
    assert seen[0]["content-type"].startswith("multipart/form-data; boundary=")
    assert seen[0]["live-upload"] == "t"
    server.answer(1)
    assert page.evaluate("[u.files.length, t.value]") == [0, ""]


@pytest.mark.parametrize("status", [413, 415, 422])
def test_refused_files_are_told(open_page: Open, status: int) -> None:
    page, server = open_page(UPLOAD, errors=True)
    uploading(page, status, {"error": "", "errors": {"f": "Too large"}, "status": status})
    choose(page)
    server.wait(2)
    refused = [{"refused": [f"{n}.txt", "text/plain", n]} for n in (1, 2)]
    assert server.ops == [[1, 0, 1, "save~1~mac", ["t", "typed", "f", refused[0], "f", refused[1]]]]


def test_an_upload_that_fails_is_an_error(open_page: Open) -> None:
    page, server = open_page(UPLOAD, errors=True)
    uploading(page, 409, {"error": "This page has changed", "errors": {}, "status": 409})
    choose(page)
    page.wait_for_function("told.length == 1")
    [[name, id, detail]] = server.told
    assert (name, id, detail["error"], detail["status"]) == ("error", "f", "This page has changed", 409)
    assert server.ops == []
    assert page.evaluate("[f.ariaBusy, s.disabled, t.value, u.files.length]") == [None, False, "typed", 2]


def test_no_file_is_no_upload(open_page: Open) -> None:
    page, server = open_page(UPLOAD)
    seen = uploading(page, 500, {})
    page.click("#s")
    server.wait(2)
    assert server.ops == [[1, 0, 1, "save~1~mac", ["t", ""]]]
    assert seen == []
