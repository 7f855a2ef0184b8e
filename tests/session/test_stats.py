"""What a worker says of itself in numbers."""

from __future__ import annotations

import asyncio
from dataclasses import FrozenInstanceError

import pytest

from liveactions.observation import Counters
from liveactions.protocol.constants import CLOSE_PROTOCOL, NAVIGATE
from liveactions.session.op_queue import ServerOp
from liveactions.store import MemoryStore
from liveactions.testing.asgi import Closed
from tests.support import shop as shop_module
from tests.support.asgi import browser, waits
from tests.support.shop import shop


async def test_nothing_has_happened_yet() -> None:
    stats = shop().stats()
    assert stats.sessions == stats.connected == stats.queue == stats.pushes == stats.patches == 0
    assert stats.ops == {"ok": 0, "failed": 0, "redirected": 0, "uncertain": 0}
    assert set(stats.closes.values()) == {0} and stats.store_latency == 0 and stats.uptime > 0
    with pytest.raises(FrozenInstanceError):
        stats.sessions = 1  # type: ignore[misc]


async def test_ops_by_outcome() -> None:
    live = shop()
    async with browser(live) as visitor:
        tab = await visitor.joined("/counter")
        await tab.call("add")
        await tab.call("refuse", "title", "long enough")
        await tab.call("crash")
        await tab.op(NAVIGATE, "/counter?x=1")
        await tab.call("leave")
        stats = live.stats()
        assert stats.ops == {"ok": 2, "failed": 2, "redirected": 1, "uncertain": 0}
        assert stats.patches == 6 and stats.sent_bytes > 200  # the welcome, and five answers
        assert stats.sessions == stats.connected == 1 and stats.store_latency > 0


def test_bytes_are_those_of_utf8() -> None:
    counters = Counters()
    counters.sent("abc")
    counters.sent("äöü")
    assert (counters.patches, counters.sent_bytes) == (2, 9)


async def test_pushes_are_counted_apart() -> None:
    live = shop()
    async with browser(live) as visitor:
        tab = await visitor.joined("/clock")
        await tab.receive()
        assert live.stats().pushes >= 1 and sum(live.stats().ops.values()) == 0


async def test_ops_that_wait_are_the_queue() -> None:
    shop_module.gate = asyncio.Event()
    live = shop()
    async with browser(live) as visitor:
        tab = await visitor.joined("/counter")
        (session,) = live.sessions
        tab.socket.send([1, 0, 1, tab.signed("slow"), []])
        await waits(shop_module.gate)
        pushing = asyncio.ensure_future(session.call(ServerOp(lambda run: run.run_timer(lambda page: None))))
        await asyncio.sleep(0)
        assert live.stats().queue == 1
        shop_module.gate.set()
        await pushing
        assert live.stats().queue == 0


@pytest.mark.slow
async def test_connections_that_come_and_go() -> None:
    store = MemoryStore()
    live, other = shop(store), shop(store)
    async with browser(live) as here, browser(other) as there:
        tab = await here.joined("/counter")
        await tab.call("add")
        await tab.socket.lose()
        assert (live.stats().sessions, live.stats().connected) == (1, 0)
        await tab.join()
        assert live.stats().resumes == 1 and live.stats().closes["left"] == 1
        await tab.socket.lose()
        tab.browser = there
        await tab.join()
        assert (other.stats().resumes, other.stats().restarts, other.stats().closes["left"]) == (1, 0, 0)
        await tab.socket.lose()
        await store.delete(next(iter(other.sessions)).state.key)
        tab.browser, fresh = there, shop(MemoryStore())
        async with browser(fresh) as elsewhere:
            tab.browser = elsewhere
            await tab.join()
            assert fresh.stats().restarts == 1


async def test_closes_by_reason() -> None:
    live = shop()
    async with browser(live) as visitor:
        tab, drained = await visitor.joined("/counter"), await visitor.joined("/counter")
        tab.socket.send("nonsense")
        with pytest.raises(Closed) as caught:
            await tab.socket.receive()
        assert caught.value.code == CLOSE_PROTOCOL
        await live.drain()
        with pytest.raises(Closed):
            await drained.socket.receive()
        closes = live.stats().closes
        assert (closes["protocol"], closes["reconnect"], closes["left"]) == (1, 1, 0)


async def test_lost_messages_are_gaps() -> None:
    live = shop()
    async with browser(live) as visitor:
        await visitor.joined("/counter")
        assert live.stats().gaps == 0
        live._channel.deliver([None])
        await asyncio.sleep(0)
        assert live.stats().gaps == 1
