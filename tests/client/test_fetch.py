"""Without a socket, ops go by fetch, with the same numbers."""

# ruff: noqa: E501

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Page, Route

from tests.client.conftest import SITE, Open
from tests.support.client import load_lazy

BODY = (
    '<button id="b" data-l="@click">b</button><p data-l=".">x</p>'
    '<form id="f" method="post" action="/page?_a=save"><input id="t" name="t"><button id="s">Save</button></form>'
)


class Posts:
    """The other end of fetch: requests in the order in which they came, answered when the test says so."""

    def __init__(self) -> None:
        self.waiting: list[Route] = []
        self.seen: list[dict[str, Any]] = []

    def __call__(self, page: Page) -> None:
        page.route(f"{SITE}/page", self._hold)

    def _hold(self, route: Route) -> None:
        if "live-ops" not in route.request.headers:
            return route.fallback()
        self.waiting.append(route)
        self.seen.append(json.loads(route.request.post_data or ""))

    def wait(self, page: Page, count: int) -> dict[str, Any]:
        """Until so many have come; the last one."""
        for _ in range(1000):
            if len(self.seen) >= count:
                return self.seen[-1]
            page.evaluate("0")  # meanwhile the routes are served
        raise AssertionError(f"{len(self.seen)} requests")

    def answer(self, *frames: Any, **welcome: Any) -> None:
        body = {"welcome": {"token": "t", "rev": 0, "ack": 0, "rebuilt": 1, **welcome}, "frames": frames}
        self.waiting.pop(0).fulfill(json=body)

    def join(self, page: Page) -> Any:
        """Answer the first request, which brings no ops: if its answer was lost, they would run twice."""
        request = self.wait(page, 1)
        assert request["hello"]["token"] is None and request["ops"] == []
        self.answer()
        return run_until(page, self, 2, 1)


@pytest.fixture
def posts() -> Posts:
    return Posts()


def test_after_three_seconds(open_page: Open, posts: Posts) -> None:
    page, server = open_page(BODY, join=False, clock=True, prepare=posts)
    page.click("#b")
    page.clock.run_for(2900)
    page.fill("#t", "typed")
    page.click("#s")
    assert posts.seen == []
    page.clock.run_for(200)
    first = posts.wait(page, 1)
    hello = {"v": 1, "url": "/page", "snapshot": "snap", "token": None, "rev": 0, "op": 0}
    assert first == {"hello": hello, "ops": []}
    headers = posts.waiting[0].request.headers
    assert (headers["content-type"], headers["live-ops"]) == ("application/json", "1")
    assert posts.join(page) == {
        "hello": {**hello, "token": "t"},
        "ops": [[1, 0, 0, [0], []], [2, 0, 1, "save", ["t", "typed"]]],
    }
    assert page.get_attribute("#f", "aria-busy") == "true"
    posts.answer([1, 1, [1, "one"]], [2, 2, [1, "two"]], rebuilt=0)
    page.wait_for_function("told.length == 2")
    assert page.inner_text("p") == "two"
    assert page.get_attribute("#f", "aria-busy") is None
    assert page.input_value("#t") == ""


def test_where_streams_are_held_back_answers_come_at_once(open_page: Open, posts: Posts) -> None:
    page, server = open_page(BODY, join=False, clock=True, prepare=posts, errors=True)
    page.click("#b")
    page.clock.run_for(3001)
    posts.wait(page, 1)
    assert "text/event-stream" in posts.waiting[0].request.headers["accept"]
    page.clock.run_for(5001)
    run_until(page, posts, 2)
    posts.waiting.pop(0)
    assert posts.waiting[0].request.headers["accept"] == "application/json"
    posts.answer()
    assert [op[0] for op in run_until(page, posts, 3, 1)["ops"]] == [1]
    posts.answer([1, 1, [1, "one"]], rebuilt=0)
    page.wait_for_function("told.length == 1")
    assert page.inner_text("p") == "one"


def test_cookies_of_a_lost_socket_are_there_before_its_page(open_page: Open, posts: Posts) -> None:
    held: list[Route] = []

    def prepare(page: Page) -> None:
        posts(page)
        page.route(f"{SITE}/cookies", lambda route: held.append(route))

    page, _ = open_page(BODY, join=False, clock=True, prepare=prepare)
    page.click("#b")
    page.clock.run_for(3100)
    posts.wait(page, 1)
    with page.expect_request(f"{SITE}/cookies") as request:
        posts.answer([1, 1, [1, "one"]], extras={"cookies": "ticket"})
    assert request.value.post_data == "ticket"
    assert page.evaluate("told") == []
    held[0].fulfill(status=204)
    page.wait_for_function("told.length == 1")
    assert page.inner_text("p") == "one"


def test_one_request_after_the_other(open_page: Open, posts: Posts) -> None:
    page, server = open_page(BODY, join=False, clock=True, prepare=posts)
    page.click("#b")
    page.clock.run_for(3001)
    posts.join(page)
    page.click("#b")
    page.click("#b")
    page.clock.run_for(4000)
    assert len(posts.seen) == 2
    posts.answer([1, 1], rebuilt=0)
    page.wait_for_function("told.length == 1")
    page.clock.run_for(1)
    request = posts.wait(page, 3)
    assert request["hello"] | {"token": "t", "rev": 1, "op": 1} == request["hello"]
    assert [op[:2] for op in request["ops"]] == [[2, 1], [3, 1]]


def run_until(page: Page, posts: Posts, count: int, step: int = 500) -> Any:
    """Let time pass for the page until it has posted so often; that post."""
    for _ in range(1000):
        if len(posts.seen) >= count:
            return posts.wait(page, count)
        page.clock.run_for(step)
    raise AssertionError(f"only {len(posts.seen)} posts")


def test_what_is_lost_is_sent_again(open_page: Open, posts: Posts) -> None:
    page, server = open_page(BODY, join=False, clock=True, prepare=posts, errors=True)
    page.click("#b")
    page.clock.run_for(3000)
    posts.join(page)
    posts.waiting.pop(0).abort()
    run_until(page, posts, 3)
    posts.waiting.pop(0).fulfill(status=503)
    request = run_until(page, posts, 4)
    assert (request["hello"]["op"], [op[0] for op in request["ops"]]) == (1, [1])
    posts.answer([1, 1], rebuilt=0)
    page.wait_for_function("told.length == 1")
    assert server.told == [["ok", "b", {"n": 1, "result": None}]]


def test_a_rebuilt_session_that_ran_nothing_gets_new_addresses(open_page: Open, posts: Posts) -> None:
    page, server = open_page(
        '<ul data-l="[0,0"><li>a</li><li data-l="@click">b</li></ul>', clock=True, prepare=posts
    )
    server.patch([0, [[0]]])
    server.lose()
    page.click("li")
    page.clock.run_for(3000)
    assert posts.wait(page, 1)["ops"] == [[1, 1, 0, [0, 1, 0], []]]
    posts.answer(rev=8)
    assert run_until(page, posts, 2, 10)["ops"] == [[1, 8, 0, [0, 0, 0], []]]


def test_the_socket_takes_over(open_page: Open, posts: Posts) -> None:
    page, server = open_page(BODY, join=False, clock=True, prepare=posts)
    page.click("#b")
    page.clock.run_for(3000)
    posts.join(page)
    page.evaluate("() => void sockets.at(-1).onopen()")
    assert server.sent == []  # a hello waits for the answer under way
    page.click("#b")
    posts.answer([1, 1, [1, "one"]], rebuilt=0)
    server.wait(1)
    assert server.sent == [{"v": 1, "url": "/page", "snapshot": "snap", "token": "t", "rev": 1, "op": 1}]
    server.receive({"token": "t", "rev": 1, "ack": 1})
    page.clock.run_for(10)
    assert server.ops == [[2, 1, 0, [0], []]]
    assert len(posts.seen) == 2


def test_a_welcome_that_comes_too_late_is_not_heard(open_page: Open, posts: Posts) -> None:
    page, server = open_page(BODY, join=False, clock=True, prepare=posts)
    server.open()
    page.click("#b")
    page.clock.run_for(3000)
    posts.wait(page, 1)
    server.receive({"token": "old", "rev": 0, "ack": 0, "rebuilt": 1})
    assert server.sent[1:] == []
    assert page.evaluate("sockets[0].closed")
    posts.answer([1, 1, [1, "one"]])
    page.wait_for_function("told.length == 1")
    assert page.inner_text("p") == "one"


def test_a_welcome_that_fetch_has_overtaken_is_not_heard(open_page: Open, posts: Posts) -> None:
    """The server is slow: it reads the hello of the socket after what was sent by fetch."""
    page, server = open_page(BODY, join=False, clock=True, prepare=posts)
    server.open()
    page.click("#b")
    page.clock.run_for(3000)
    posts.join(page)
    posts.answer([1, 1, [1, "one"]], rebuilt=0)
    page.wait_for_function("told.length == 1")
    server.receive({"token": "another", "rev": 0, "ack": 0, "patch": [1, "zero"]})
    assert page.evaluate("sockets[0].closed")
    assert page.inner_text("p") == "one"
    page.clock.run_for(500)
    server.open()
    assert server.sent == [{"v": 1, "url": "/page", "snapshot": "snap", "token": "t", "rev": 1, "op": 1}]
    server.receive({"token": "t", "rev": 1, "ack": 1})
    page.click("#b")
    assert server.ops == [[2, 1, 0, [0], []]]


def test_a_hello_is_given_time_before_fetch_is_used(open_page: Open, posts: Posts) -> None:
    page, server = open_page(BODY, join=False, clock=True, prepare=posts)
    load_lazy(page)
    page.click("#b")
    page.clock.run_for(2900)
    server.open()
    page.clock.run_for(2900)
    server.receive({"token": "t", "rev": 0, "ack": 0})
    assert (posts.seen, server.ops) == ([], [[1, 0, 0, [0], []]])


def test_refused_the_form_is_posted(open_page: Open, posts: Posts) -> None:
    page, server = open_page(BODY, join=False, clock=True, prepare=posts, errors=True)
    page.click("#b")
    page.fill("#t", "typed")
    page.click("#s")
    page.clock.run_for(3000)
    posts.wait(page, 1)
    with page.expect_request(lambda request: request.is_navigation_request()) as native:
        posts.waiting.pop(0).fulfill(status=403)
    assert native.value.method == "POST"
    assert native.value.post_data == "t=typed"


def test_nothing_is_fetched_without_a_reason(open_page: Open, posts: Posts) -> None:
    page, server = open_page(BODY, join=False, clock=True, prepare=posts)
    page.clock.run_for(60_000)
    assert posts.seen == []
