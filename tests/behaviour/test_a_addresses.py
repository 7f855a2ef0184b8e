"""A10. Guards decide about the address whose state is shown, whichever address a request names."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import pytest
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from liveactions import InUrl, Live, Page, Pages, action, forbidden, loaded
from liveactions.protocol import constants as wire
from liveactions.testing.asgi import Closed
from tests.behaviour.markup import form
from tests.support.asgi import Browser, Tab, browser
from tests.support.small import small_app

members: set[int] = set()
said: list[str] = []


def member_of_room(room: int) -> None:
    if room not in members:
        raise forbidden()


def member_of_org(org: str = "0") -> None:
    if int(org) not in members:
        raise forbidden()


def member_by_request(request: Request) -> None:
    member_of_org(request.query_params.get("org", "2"))


def rooms() -> Live:
    pages = Pages()

    class Secret(Page):
        template = "secret.html"
        text: str = loaded()

        @action
        async def say(self) -> None:
            said.append(self.text)

    @pages.page("/room/{room}", guard=member_of_room)
    class Room(Secret):
        room: int

        async def load(self) -> None:
            self.text = f"secret of {self.room}"

    @pages.page("/org", guard=member_of_org)
    class Org(Secret):
        org: InUrl[int] = 0

        async def load(self) -> None:
            self.text = f"secret of {self.org}"

    @pages.page("/by-request", guard=member_by_request)
    class ByRequest(Secret):
        org: InUrl[int] = 0

        async def load(self) -> None:
            self.text = f"secret of {self.org}"

    return small_app(pages, {"secret.html": "<title>S</title><p>{{ text }}</p>" + form("say")})


@asynccontextmanager
async def left(path: str) -> AsyncIterator[Tab]:
    """A tab of room or organisation 1, of which the visitor is no longer a member, only of 2."""
    members.clear()
    said.clear()
    members.update({1, 2})
    async with browser(rooms()) as visitor:
        tab = await visitor.open(path)
        members.discard(1)
        yield tab


async def post_nonsense(tab: Tab, url: str) -> str:
    return (await tab.browser.http.post(url, params={"_a": "x"}, data={"_s": tab.snapshot})).text


async def post(tab: Tab, url: str) -> str:
    query = {"_a": tab.signed("say")}
    return (await tab.browser.http.post(url, params=query, data={"_s": tab.snapshot})).text


async def call(tab: Tab, url: str) -> str:
    headers = {"Live-Action": quote(tab.signed("say"))}
    return (await tab.browser.http.post(url, json={"_s": tab.snapshot}, headers=headers)).text


async def get_a_state(tab: Tab, url: str) -> str:
    http = tab.browser.http
    return (await http.get(url, params={"_s": tab.snapshot}, follow_redirects=True)).text


async def join(tab: Tab, url: str) -> str:
    with pytest.raises(Closed) as refusal:
        await tab.join(url=url, rev=-1)
    return str(refusal.value)


WAYS: list[Callable[[Tab, str], Awaitable[str]]] = [post_nonsense, post, call, get_a_state, join]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
async def test_a10_a_state_is_not_shown_at_another_path(way: Callable[[Tab, str], Awaitable[str]]) -> None:
    async with left("/room/1") as tab:
        answer = await way(tab, "/room/2")
        assert "secret of 1" not in answer and said in ([], ["secret of 2"])


async def test_a10_a_state_is_not_shown_at_another_query() -> None:
    async with left("/org?org=1") as tab:
        assert "secret of 1" not in await join(tab, "/org?org=2")


async def test_a10_an_open_page_is_not_found_again_at_another_path() -> None:
    async with left("/room/1") as tab:
        members.add(1)
        await tab.join()
        await tab.socket.lose()
        members.discard(1)
        assert "4010" in await join(tab, "/room/2")


async def test_a10_a_state_of_the_same_path_is_taken_up_whatever_the_hello_adds() -> None:
    """A script of the page has changed the query: the page is still the one of its GET."""
    async with left("/org?org=2") as tab:
        welcome = await tab.join(url="/org?org=2&tab=3")
        assert "rebuilt" not in welcome
        await tab.call("say")
        assert said == ["secret of 2"]


async def open_and_navigate(tab: Tab, url: str) -> str:
    other = await tab.browser.joined("/by-request?org=2")
    return str(await other.op(wire.NAVIGATE, tab.path))


@pytest.mark.parametrize(
    "way", [post_nonsense, post, get_a_state, open_and_navigate], ids=lambda way: way.__name__
)
async def test_a10_a_guard_that_reads_the_request_sees_the_query_of_the_state(
    way: Callable[[Tab, str], Awaitable[str]],
) -> None:
    async with left("/by-request?org=1") as tab:
        assert "secret of 1" not in await way(tab, "/by-request") and said == []


class Closing:
    """Middleware that lets nobody see a path."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == "/closed":
            return await PlainTextResponse("closed", 403)(scope, receive, send)
        await self.app(scope, receive, send)


async def test_a10_ops_by_fetch_reach_no_page_that_middleware_closes() -> None:
    pages = Pages()

    @pages.page("/")
    class Open(Page):
        template = "open.html"

    @pages.page("/closed")
    class Hidden(Page):
        template = "hidden.html"

        async def load(self, request: Request) -> None:
            said.append("loaded")

    templates = {"open.html": "<title>O</title><p>open</p>", "hidden.html": "<title>H</title><p>hidden</p>"}
    said.clear()
    async with browser(small_app(pages, templates, middleware=[Middleware(Closing)])) as visitor:
        await visitor.open("/")
        reply = await _ops_by_fetch(visitor, "/", "/closed")
        assert "hidden" not in reply.text and reply.status_code == 409 and said == []
        assert (await _ops_by_fetch(visitor, "/", "/")).status_code == 200


async def _ops_by_fetch(visitor: Browser, path: str, url: str) -> Any:
    hello = {"v": 1, "url": url, "snapshot": None, "token": None, "rev": 0, "op": 0}
    return await visitor.http.post(path, json={"hello": hello, "ops": []}, headers={"Live-Ops": "1"})
