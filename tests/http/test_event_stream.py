"""Frames come down as server-sent events, operations go up by fetch."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response

from liveactions import Limits, Page, Pages, action, not_found
from liveactions.exceptions import REPLACED
from liveactions.http import connections
from liveactions.protocol.constants import (
    BYE,
    CALL_REF,
    CALL_SLOT,
    CLOSE_OVER,
    CLOSE_PROTOCOL,
    HEADER_OPS,
    HEADER_SKIPPED,
    HEADER_STREAM,
)
from liveactions.session.runner import Session
from liveactions.store import MemoryStore
from liveactions.testing.asgi import ORIGIN, Closed, EventStream, Reply
from liveactions.testing.asgi import http as http_scope
from tests.session.test_runner import shown
from tests.support import shop as shop_module
from tests.support.asgi import Tab, browser, waits
from tests.support.patience import PATIENCE
from tests.support.shop import shop
from tests.support.small import small_app

STREAMS = "text/event-stream, application/json"


def post(
    tab: Tab, *ops: list[Any], has_stream: bool = False, accept: str = STREAMS, **changes: Any
) -> EventStream:
    """Post a hello and operations as the page does, which accepts a stream."""
    cookies = "; ".join(f"{name}={value}" for name, value in tab.browser.http.cookies.items())
    headers = [
        ("origin", ORIGIN),
        ("accept", accept),
        ("accept-encoding", "gzip"),
        ("content-type", "application/json"),
        (HEADER_OPS, "1"),
        ("cookie", cookies),
        *[(HEADER_STREAM, "1")] * has_stream,
    ]
    sent = ops[0][0] - 1 if ops and ops[0][0] else tab.n
    parcel = {"hello": {**tab.hello, "op": sent, **changes}, "ops": ops}
    scope = http_scope(tab.path, headers, "127.0.0.1", {})
    return EventStream(tab.browser.app, scope, json.dumps(parcel).encode())


def op(tab: Tab, *tail: Any) -> list[Any]:
    tab.n += 1
    return [tab.n, tab.rev, *tail]


def add(tab: Tab) -> list[Any]:
    return op(tab, CALL_REF, tab.signed("add"), [])


async def opened(tab: Tab, *ops: list[Any]) -> EventStream:
    """Open a page's stream, and take its welcome."""
    stream = post(tab, *ops)
    assert (await stream.reply()).status == 200
    welcome = await receive(stream)
    tab.token, tab.rev = welcome.get("token", tab.token), welcome["rev"]
    return stream


async def receive(stream: EventStream) -> Any:
    return await asyncio.wait_for(stream.receive(), PATIENCE)


async def frame(tab: Tab, stream: EventStream) -> list[Any]:
    return tab.take(await receive(stream))


async def answer(stream: EventStream) -> Reply:
    return await asyncio.wait_for(stream.reply(), PATIENCE)


async def push(session: Session, count: int) -> None:
    async def show(page: Any) -> None:
        page.count = count

    await session.push(show)


@asynccontextmanager
async def streamed(app: Any, path: str = "/counter") -> AsyncIterator[tuple[Tab, EventStream]]:
    async with browser(app) as visitor:
        tab = await visitor.open(path)
        yield tab, await opened(tab)


@pytest.fixture(autouse=True)
def gate() -> asyncio.Event:
    shop_module.gate = asyncio.Event()
    return shop_module.gate


async def test_a_stream_begins_with_the_welcome_and_answers_what_it_was_opened_for() -> None:
    async with browser(shop()) as visitor:
        tab = await visitor.open("/counter")
        stream = post(tab, add(tab), add(tab))
        reply = await stream.reply()
        assert (reply.status, reply.header("content-type")) == (200, "text/event-stream; charset=utf-8")
        assert reply.header("content-length") == "" and "no-store" in reply.header("cache-control")
        welcome = await receive(stream)
        assert welcome["token"] and welcome["rev"] == 0
        assert [shown((await frame(tab, stream))[2]) for _ in range(2)] == ["1", "2"]


async def test_later_operations_are_answered_over_it() -> None:
    async with streamed(shop()) as (tab, stream):
        for count in "12":
            reply = await answer(post(tab, add(tab)))
            assert (reply.status, reply.body) == (204, b"")
            assert shown((await frame(tab, stream))[2]) == count


async def test_an_operation_that_is_sent_twice_runs_once() -> None:
    async with streamed(shop()) as (tab, stream):
        twice = add(tab)
        for _ in range(2):
            assert (await answer(post(tab, twice))).status == 204
        await answer(post(tab, add(tab)))
        frames = [await frame(tab, stream), await frame(tab, stream)]
        while not frames[-1][2]:
            frames.append(await frame(tab, stream))
        assert shown(frames[-1][2]) == "2"


async def test_pushes_come_over_it() -> None:
    app = shop()
    async with streamed(app) as (tab, stream):
        (session,) = app.sessions
        await push(session, 5)
        assert shown((await frame(tab, stream))[2]) == "5"


async def test_the_hello_acknowledges() -> None:
    """Otherwise nothing would be sent after eight frames."""
    app = shop()
    async with streamed(app) as (tab, stream):
        (session,) = app.sessions
        for count in range(1, 20):
            await push(session, count)
            assert shown((await frame(tab, stream))[2]) == str(count)
            if count % 4 == 0:
                assert (await answer(post(tab))).status == 204


async def test_an_operation_outlives_the_stream(gate: asyncio.Event) -> None:
    app = shop()
    async with browser(app) as visitor:
        tab = await visitor.open("/counter")
        stream = await opened(tab, op(tab, CALL_REF, tab.signed("slow"), []))
        await waits(gate)
        await stream.leave(PATIENCE)
        (session,) = app.sessions
        gate.set()
        await session.settled()
        assert session.connection is None
        stream = post(tab)
        assert shown((await receive(stream))["patch"]) == "1"


async def test_a_socket_takes_its_place_and_the_other_way_round() -> None:
    async with streamed(shop()) as (tab, stream):
        await tab.join()
        with pytest.raises(Closed) as closed:
            await receive(stream)
        assert closed.value.code == REPLACED
        assert shown((await tab.call("add"))[2]) == "1"
        again = post(tab, add(tab))
        assert (await again.reply()).status == 200
        assert (await receive(again))["rev"] == 1
        assert shown((await frame(tab, again))[2]) == "2"


async def test_another_worker_answers_with_a_stream_of_its_own() -> None:
    store = MemoryStore()
    async with browser(shop(store)) as here, browser(shop(store)) as there:
        tab = await here.open("/counter")
        first = await opened(tab, add(tab))
        await frame(tab, first)
        tab.browser = there
        second = post(tab, add(tab))
        assert (await second.reply()).status == 200
        welcome = await receive(second)
        assert (welcome["ack"], welcome["migrated"]) == (1, 1)
        assert shown((await frame(tab, second))[2]) == "2"
        (left,) = here.app.sessions
        await push(left, 9)
        with pytest.raises(Closed) as closed:
            await receive(first)
        assert closed.value.code == REPLACED


async def test_another_worker_leaves_a_page_that_has_a_stream_alone(gate: asyncio.Event) -> None:
    """It could only go on without what is running here."""
    store = MemoryStore()
    async with browser(shop(store)) as here, browser(shop(store)) as there:
        tab = await here.open("/counter")
        stream = await opened(tab, op(tab, CALL_REF, tab.signed("slow"), []))
        await waits(gate)
        tab.browser = there
        later = add(tab)
        elsewhere = await answer(post(tab, later, has_stream=True))
        assert (elsewhere.status, elsewhere.header(HEADER_SKIPPED.lower())) == (204, "1")
        assert elsewhere.header("connection") == "close"  # the next one may come to the right process
        assert not there.app.sessions
        tab.browser = here
        assert (await answer(post(tab, later, has_stream=True))).status == 204
        gate.set()
        assert [shown((await frame(tab, stream))[2]) for _ in range(2)] == ["1", "2"]


async def test_a_page_whose_stream_has_gone_gets_another_one_from_its_worker() -> None:
    async with streamed(shop()) as (tab, stream):
        await stream.leave(PATIENCE)
        again = post(tab, add(tab), has_stream=True)
        assert (await again.reply()).status == 200
        assert (await receive(again))["rev"] == 0


async def test_a_worker_that_had_the_page_before_leaves_it_alone() -> None:
    store = MemoryStore()
    async with browser(shop(store)) as here, browser(shop(store)) as there:
        tab = await here.open("/counter")
        first = await opened(tab, add(tab))
        await frame(tab, first)
        tab.browser = there
        second = await opened(tab)
        await first.leave(PATIENCE)
        tab.browser = here
        later = add(tab)
        elsewhere = await answer(post(tab, later, has_stream=True))
        assert (elsewhere.status, elsewhere.header(HEADER_SKIPPED.lower())) == (204, "1")
        tab.browser = there
        assert (await answer(post(tab, later, has_stream=True))).status == 204
        assert shown((await frame(tab, second))[2]) == "2"


async def test_another_worker_skips_operations_with_addresses() -> None:
    """They are those of the former session: the page makes them again, and has never sent them."""
    store = MemoryStore()
    async with browser(shop(store)) as here, browser(shop(store)) as there:
        tab = await here.open("/counter")
        await opened(tab)
        tab.browser = there
        second = post(tab, op(tab, CALL_SLOT, [3], []))
        assert (await second.reply()).header(HEADER_SKIPPED.lower()) == "1"
        assert (await receive(second))["migrated"] == 1
        tab.browser, tab.n = here, 0
        third = post(tab, add(tab))
        assert (await third.reply()).header(HEADER_SKIPPED.lower()) == ""
        assert (await receive(third))["migrated"] == 1
        assert shown((await frame(tab, third))[2]) == "1"


async def test_who_leaves_says_so() -> None:
    app = shop()
    async with streamed(app) as (tab, stream):
        (session,) = app.sessions
        assert (await answer(post(tab, op(tab, BYE)))).status == 204
        with pytest.raises(Closed) as closed:
            await receive(stream)
        assert (closed.value.code, session.state.is_over) == (CLOSE_OVER, True)


@pytest.mark.parametrize("accept", [STREAMS, "application/json"])
async def test_who_leaves_without_a_stream_says_so(accept: str) -> None:
    """Here, and to another worker."""
    store = MemoryStore()
    async with browser(shop(store)) as here, browser(shop(store)) as there:
        tab = await here.open("/counter")
        stream = await opened(tab)
        for visitor in (here, there):
            await stream.leave(PATIENCE)
            tab.browser = visitor
            goodbye = await answer(post(tab, op(tab, BYE), accept=accept))
            assert goodbye.status == 200
            assert not [one for one in visitor.app.sessions if not one.state.is_over]
            tab.token = None
            stream = await opened(tab)


async def test_a_page_that_was_in_doubt_gets_another_stream() -> None:
    """It asks for the whole page, which is what a welcome brings."""
    async with streamed(shop()) as (tab, stream):
        again = post(tab, rev=-1)
        assert (await again.reply()).status == 200
        assert "page" in (await receive(again))["patch"]
        with pytest.raises(Closed):
            await receive(stream)


async def test_a_stream_is_nobody_else_s() -> None:
    app = shop(identify=lambda request: request.cookies.get("who", "ada"))
    async with streamed(app) as (tab, stream):
        tab.browser.identity = "ada"
        async with browser(app) as stranger:
            stranger.http.cookies.set("who", "eve")
            own, tab.browser = tab.browser, stranger
            for has_stream in (True, False):
                for rev in (0, -1):
                    refused = await answer(post(tab, add(tab), has_stream=has_stream, rev=rev))
                    assert refused.status == 409
                    tab.n -= 1
            tab.browser = own
        assert (await answer(post(tab, add(tab)))).status == 204
        assert shown((await frame(tab, stream))[2]) == "1"


async def test_a_request_that_was_delayed_takes_nothing_back() -> None:
    app = shop()
    async with streamed(app) as (tab, stream):
        first = add(tab)
        for operation in (first, add(tab), add(tab)):
            await answer(post(tab, operation))
            await frame(tab, stream)
        assert (await answer(post(tab, first, rev=0, op=3))).status == 204
        assert (await answer(post(tab, add(tab)))).status == 204
        while not (last := await frame(tab, stream))[2]:
            pass  # the answer of the first once more
        assert shown(last[2]) == "4"


async def test_a_worker_that_drains_opens_no_stream() -> None:
    """The page would be handed over once, and be there again."""
    store = MemoryStore()
    async with browser(shop(store)) as here, browser(shop(store)) as there:
        tab = await here.open("/counter")
        stream = await opened(tab, add(tab))
        await frame(tab, stream)
        await here.app.drain()
        with pytest.raises(Closed) as closed:
            await receive(stream)
        assert closed.value.code == REPLACED
        later = add(tab)
        for accept in (STREAMS, "application/json"):
            refused = await answer(post(tab, later, accept=accept))
            assert (refused.status, refused.header("connection")) == (503, "close")
        tab.browser = there
        again = post(tab, later)
        assert (await again.reply()).status == 200 and await receive(again)
        assert shown((await frame(tab, again))[2]) == "2"


async def test_a_stream_goes_on_until_it_is_handed_over(gate: asyncio.Event) -> None:
    app = shop()
    async with streamed(app) as (tab, stream):
        slow = asyncio.ensure_future(answer(post(tab, op(tab, CALL_REF, tab.signed("slow"), []))))
        await waits(gate)
        draining = asyncio.ensure_future(app.drain())
        while not app.sessions.is_draining:
            await asyncio.sleep(0)
        assert (await answer(post(tab, add(tab), has_stream=True))).status == 204
        gate.set()
        assert [shown((await frame(tab, stream))[2]) for _ in range(2)] == ["1", "2"]
        assert (await slow).status == 204
        with pytest.raises(Closed):
            await receive(stream)
        await asyncio.wait_for(draining, PATIENCE)


async def test_what_breaks_the_rules() -> None:
    async with streamed(shop()) as (tab, stream):
        refused = await answer(post(tab, [0, 999]))
        assert refused.status == 400
        wrong = await answer(post(tab, v=99))
        assert wrong.status == 400
        tab.n = 0
        assert (await answer(post(tab, add(tab)))).status == 204  # the stream goes on


async def test_a_stream_that_begins_against_the_rules_ends() -> None:
    async with browser(shop()) as visitor:
        tab = await visitor.open("/counter")
        stream = await opened(tab, [0, 999])
        with pytest.raises(Closed) as closed:
            await receive(stream)
        assert closed.value.code == CLOSE_PROTOCOL


async def test_a_comment_shows_that_it_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEARTBEAT", 0.01)
    comments: list[bytes] = []
    emit = connections.EventStream._emit

    async def emitted(self: connections.EventStream, events: str, more: bool = True) -> None:
        comments.append(events.encode())
        await emit(self, events, more)

    monkeypatch.setattr(connections.EventStream, "_emit", emitted)
    async with streamed(shop()) as (tab, stream):
        while comments.count(b":\n\n") < 3:
            await asyncio.sleep(0)
        await answer(post(tab, add(tab)))
        assert shown((await frame(tab, stream))[2]) == "1"


async def test_a_reader_that_is_stuck_is_cut_off() -> None:
    app = shop()
    async with streamed(app) as (tab, stream):
        (session,) = app.sessions
        connection = session.connection
        assert isinstance(connection, connections.EventStream)
        stuck = asyncio.Event()

        async def send(message: Any) -> None:
            stuck.set()
            await asyncio.Event().wait()

        connection._send = send
        pushing = asyncio.ensure_future(push(session, 5))
        await asyncio.wait_for(stuck.wait(), PATIENCE)
        await app.sessions.run_maintenance(session.state.last_seen + app.site.limits.sending + 1e6)
        await asyncio.wait_for(pushing, PATIENCE)
        again = post(tab)
        assert shown((await receive(again))["patch"]) == "5"


async def test_a_reader_that_is_stuck_at_a_comment_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEARTBEAT", 0.01)
    app = shop(limits=Limits(sending=0.01))
    async with streamed(app) as (tab, stream):
        (session,) = app.sessions
        connection = session.connection
        assert isinstance(connection, connections.EventStream)

        async def send(message: Any) -> None:
            await asyncio.Event().wait()

        connection._send = send
        await asyncio.wait_for(stream._task, PATIENCE)
        assert session.connection is None
        assert (await receive(post(tab)))["rev"] == 0  # the page goes on


# Guards, cookies, middleware

pages = Pages()
may_enter = True


def guard() -> None:
    if not may_enter:
        raise not_found("Refused")


guarded = Pages(guard=guard)


@guarded.page("/guarded")
class Guarded(Page):
    template = "guarded.html"
    count: int = 0

    @action
    async def add(self) -> None:
        self.count += 1
        self.live.set_cookie("count", str(self.count))


TEMPLATES = {"guarded.html": "<title>G</title><p>{{ count }}</p>{{ add }}"}


async def test_the_guards_see_each_request(monkeypatch: pytest.MonkeyPatch) -> None:
    async with streamed(small_app(guarded, TEMPLATES), "/guarded") as (tab, _):
        monkeypatch.setitem(globals(), "may_enter", False)
        assert (await answer(post(tab, add(tab)))).status == 409


async def test_cookies_are_fetched_by_a_ticket() -> None:
    async with streamed(small_app(guarded, TEMPLATES), "/guarded") as (tab, stream):
        await answer(post(tab, add(tab)))
        ticket = (await frame(tab, stream))[5]["cookies"]
        fetched = await tab.browser.http.post("/_live/cookies", content=ticket, headers={HEADER_OPS: "1"})
        assert fetched.cookies["count"] == "1"


class Passing(BaseHTTPMiddleware):
    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        return await call_next(request)


async def test_middleware_passes_events_on_as_they_come() -> None:
    app = small_app(
        guarded, TEMPLATES, middleware=[Middleware(Passing), Middleware(GZipMiddleware, minimum_size=1)]
    )
    async with streamed(app, "/guarded") as (tab, stream):
        assert (await answer(post(tab, add(tab)))).status == 204
        assert "1" in str((await frame(tab, stream))[2])
        await stream.leave(PATIENCE)
