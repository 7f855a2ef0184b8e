"""A worker that is stopped hands its pages over."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator

import httpx
import pytest

from liveactions import Limits, Page, Pages, action
from liveactions.exceptions import REPLACED
from liveactions.session.draining import PAGES_PER_SECOND, POLL_INTERVAL, Drain, draining_on_sigterm
from liveactions.store import MemoryStore
from liveactions.testing.asgi import ORIGIN, Closed
from tests.session.test_runner import shown
from tests.support import shop as shop_module
from tests.support.asgi import Tab, browser, waits
from tests.support.patience import PATIENCE
from tests.support.shop import shop
from tests.support.small import small_app

TERM = signal.SIGTERM


@pytest.fixture(autouse=True)
def gate() -> asyncio.Event:
    shop_module.gate = asyncio.Event()
    return shop_module.gate


async def closed(tab: Tab) -> int:
    """The code with which the server closes a page's socket."""
    with pytest.raises(Closed) as caught:
        while True:
            await tab.socket.receive()
    return caught.value.code


async def test_pages_go_on_at_another_worker() -> None:
    store = MemoryStore()
    live, other = shop(store), shop(store)
    async with browser(live) as here, browser(other) as there:
        tabs = [await here.joined("/counter") for _ in range(3)]
        for tab in tabs:
            await tab.call("add")
        await asyncio.wait_for(live.drain(), PATIENCE)
        for tab in tabs:
            assert await closed(tab) == REPLACED
            tab.browser = there
            assert (await tab.join())["migrated"] == 1
            assert shown((await tab.call("add"))[2]) == "2"


async def test_an_op_that_is_running_ends_and_is_answered_before(gate: asyncio.Event) -> None:
    live = shop()
    async with browser(live) as visitor:
        tab, idle = await visitor.joined("/counter"), await visitor.joined("/counter")
        tab.socket.send([1, 0, 1, tab.signed("slow"), []])
        await waits(gate)
        draining = asyncio.ensure_future(live.drain())
        assert await closed(idle) == REPLACED  # others needn't wait for it
        assert not draining.done() and not tab.socket.unread
        gate.set()
        rev, ack, patch, *_ = await tab.socket.receive()
        assert (rev, ack, shown(patch)) == (1, 1, "1")
        assert await closed(tab) == REPLACED
        await asyncio.wait_for(draining, PATIENCE)


pages = Pages()


@pages.page("/")
class Search(Page):
    template = "search.html"
    found: str = ""

    @action(concurrency="latest")
    async def search(self) -> None:
        await shop_module.gate.wait()
        self.found = "found"


async def test_an_op_beside_the_reader_of_its_socket_ends_before(gate: asyncio.Event) -> None:
    live = small_app(pages, {"search.html": '<p>{{ found }}</p><a href="{{ search }}"></a>'})
    async with browser(live) as visitor:
        tab = await visitor.joined("/")
        tab.socket.send([1, 0, 1, tab.signed("search"), []])
        await waits(gate)
        draining = asyncio.ensure_future(live.drain())
        while not live.sessions.is_draining:
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        gate.set()
        rev, ack, patch, *_ = await tab.socket.receive()
        assert (rev, ack, shown(patch)) == (1, 1, "found")
        assert await closed(tab) == REPLACED
        await asyncio.wait_for(draining, PATIENCE)


async def test_an_op_that_does_not_end_is_cut_off(
    gate: asyncio.Event, caplog: pytest.LogCaptureFixture
) -> None:
    live = shop(limits=Limits(drain=0.05))
    async with browser(live) as visitor:
        tab = await visitor.joined("/counter")
        tab.socket.send([1, 0, 1, tab.signed("slow"), []])
        await waits(gate)
        await asyncio.wait_for(live.drain(), PATIENCE)
        assert "cutting off 1 pages" in caplog.text
        gate.set()


async def test_it_is_spread_over_time() -> None:
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        await asyncio.sleep(0)

    live = shop()
    async with browser(live) as visitor:
        for _ in range(20):
            await visitor.joined("/counter")
        await Drain(live.sessions, 20, sleep).run()
        assert sum(one != POLL_INTERVAL for one in pauses) == 20
        between = [one for one in pauses if one != POLL_INTERVAL]
        assert all(0.5 / PAGES_PER_SECOND <= one <= 1.5 / PAGES_PER_SECOND for one in between)
        assert len(set(between)) > 1


async def test_many_pages_are_handed_over_in_half_of_the_time() -> None:
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        await asyncio.sleep(0)

    live = shop()
    async with browser(live) as visitor:
        for _ in range(20):
            await visitor.joined("/counter")
        await Drain(live.sessions, 0.2, sleep).run()  # at 100 a second, they alone would take all of it
    assert sum(one for one in pauses if one != POLL_INTERVAL) < 0.2


async def test_new_connections_are_for_other_workers() -> None:
    live = shop()
    async with browser(live) as visitor:
        tab = await visitor.open("/counter")
        await live.drain()
        assert not (await visitor.socket(tab.address)).is_accepted
        assert (await visitor.http.get("/counter")).status_code == 200


async def test_a_page_that_joins_meanwhile_is_handed_over_too(gate: asyncio.Event) -> None:
    live = shop()
    async with browser(live) as visitor:
        tab, late = await visitor.joined("/counter"), await visitor.open("/late")
        visitor.http.cookies.set("late", "1")
        tab.socket.send([1, 0, 1, tab.signed("slow"), []])
        await waits(gate)
        joining = asyncio.ensure_future(late.join())
        while len(gate._waiters) < 2:
            await asyncio.sleep(0)
        draining = asyncio.ensure_future(live.drain())
        await asyncio.sleep(0)
        gate.set()
        await asyncio.wait_for(joining, PATIENCE)
        assert await closed(late) == REPLACED
        await asyncio.wait_for(draining, PATIENCE)


async def test_health_tells_of_it(gate: asyncio.Event) -> None:
    live = shop()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(live), base_url=ORIGIN) as client:
        assert (await client.get("/_live/health/ready")).status_code == 200
        await live.drain()
        assert (await client.get("/_live/health/ready")).status_code == 503


# The signal


@pytest.fixture
def server() -> Iterator[list[str]]:
    """What a server's handler of the signal and the application have done."""
    done: list[str] = []
    before = signal.signal(TERM, lambda number, frame: done.append("stop"))
    yield done
    signal.signal(TERM, before)


async def test_the_servers_own_handler_comes_after(server: list[str]) -> None:
    gate = asyncio.Event()

    async def drain() -> None:
        server.append("drain")
        await gate.wait()
        server.append("drained")

    async def stopped() -> None:
        while "stop" not in server:
            await asyncio.sleep(0)

    before = signal.getsignal(TERM)
    with draining_on_sigterm(drain):
        os.kill(os.getpid(), TERM)
        await waits(gate)
        os.kill(os.getpid(), TERM)  # parents repeat it
        await asyncio.sleep(0)
        assert server == ["drain"]
        gate.set()
        await asyncio.wait_for(stopped(), PATIENCE)
        assert server == ["drain", "drained", "stop"]
    assert signal.getsignal(TERM) is before


async def test_a_drain_that_fails_stops_the_server_all_the_same(server: list[str]) -> None:
    async def drain() -> None:
        raise RuntimeError("no")

    async def stopped() -> None:
        while not server:
            await asyncio.sleep(0)

    with draining_on_sigterm(drain):
        os.kill(os.getpid(), TERM)
        await asyncio.wait_for(stopped(), PATIENCE)


async def test_a_handler_that_was_set_later_stays(server: list[str]) -> None:
    async def drain() -> None:
        pass

    with draining_on_sigterm(drain):
        signal.signal(TERM, later := lambda number, frame: None)
    assert signal.getsignal(TERM) is later


async def test_a_signal_that_is_ignored_stays_ignored(server: list[str]) -> None:
    async def drain() -> None:
        pass

    signal.signal(TERM, signal.SIG_IGN)
    with draining_on_sigterm(drain):
        assert signal.getsignal(TERM) is signal.SIG_IGN


async def test_in_other_threads_there_are_no_signals() -> None:
    async def drain() -> None:
        pass

    async def serve() -> None:
        with draining_on_sigterm(drain):
            pass

    before = signal.getsignal(TERM)
    await asyncio.to_thread(asyncio.run, serve())
    assert signal.getsignal(TERM) is before
