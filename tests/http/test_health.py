"""What a worker says of its health."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from liveactions import Live, Pages
from liveactions.http import health as module
from liveactions.store import MemoryStore
from liveactions.testing.asgi import ORIGIN
from tests.support.patience import PATIENCE, wait_until
from tests.support.servers import RedisServer, own
from tests.support.small import KEY, small_app


class Hanging(MemoryStore):
    """A store that answers when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.free = asyncio.Event()
        self.asked = 0

    async def get(self, key: str) -> bytes | None:
        self.asked += 1
        await self.free.wait()
        return await super().get(key)


class Failing(MemoryStore):
    async def get(self, key: str) -> bytes | None:
        raise OSError("secret-host:6379 refused the connection")


def app(**options: Any) -> Live:
    return small_app(Pages(), {}, name="health", **options)


async def ask(app: Live, part: str = "", method: str = "GET") -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ORIGIN) as client:
        return await client.request(method, f"/_live/health{part}")


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    with own(RedisServer) as server:
        yield server


@pytest.fixture
async def on_redis(redis: RedisServer) -> AsyncIterator[Live]:
    live = app(store=redis.url)
    yield live
    await live.sessions.close()
    await asyncio.to_thread(live._channel.close)


async def test_everything_works(on_redis: Live) -> None:
    answer = await ask(on_redis)
    assert answer.status_code == 200 and answer.headers["cache-control"] == "no-store"
    health = answer.json()
    for name in ("store", "broker"):
        assert health[name].pop("latency_ms") >= 0
    assert health == {
        "live": True,
        "ready": True,
        "draining": False,
        "degraded": False,
        "store": {"reachable": True},
        "broker": {"reachable": True},
    }


async def test_the_store_of_one_machine() -> None:
    health = (await ask(app())).json()
    assert health["store"]["reachable"] and health["broker"]["reachable"] and not health["degraded"]


async def test_a_single_worker_has_no_broker() -> None:
    health = (await ask(app(store=MemoryStore()))).json()
    assert health["broker"] is None and not health["degraded"]


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP], ids=["stopped", "hangs"])
async def test_without_its_server_a_worker_is_ready_but_degraded(
    on_redis: Live, redis: RedisServer, how: signal.Signals
) -> None:
    assert not (await ask(on_redis)).json()["degraded"]
    redis.signal(how)
    if how is signal.SIGKILL:
        assert wait_until(lambda: not redis.is_alive())
    answer = await ask(on_redis)
    health = answer.json()
    assert answer.status_code == 200 and health["ready"] and health["degraded"]
    for name in ("store", "broker"):
        assert health[name] == {"reachable": False, "latency_ms": None}
    assert (await ask(on_redis, "/ready")).status_code == 200
    if how is signal.SIGKILL:
        await asyncio.to_thread(redis.start)
    redis.signal(signal.SIGCONT)
    async with asyncio.timeout(PATIENCE):
        while (await ask(on_redis)).json()["degraded"]:
            pass  # each answer has asked store and broker


@pytest.mark.slow
async def test_a_broker_that_is_away_alone(redis: RedisServer) -> None:
    live = app(store=MemoryStore(), broker=redis.url)
    redis.signal(signal.SIGSTOP)
    health = (await ask(live)).json()
    assert health["store"]["reachable"] and not health["broker"]["reachable"] and health["degraded"]
    redis.signal(signal.SIGCONT)
    await asyncio.to_thread(live._channel.close)


async def test_a_hanging_store_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Hanging()
    live = app(store=store)
    monkeypatch.setattr(module, "PROBE_SECONDS", 0.01)
    for _ in range(3):
        assert (await ask(live)).json()["store"] == {"reachable": False, "latency_ms": None}
    assert store.asked == 1  # probes don't pile up
    store.free.set()
    monkeypatch.undo()
    assert (await ask(live)).json()["store"]["reachable"]


async def test_ready_and_live_ask_no_store() -> None:
    store = Hanging()
    live = app(store=store)
    assert (await ask(live, "/live")).json() == {"live": True}
    assert (await ask(live, "/ready")).json() == {"ready": True, "draining": False}
    assert not store.asked


async def test_a_draining_worker_lives_but_is_not_ready() -> None:
    live = app(store=MemoryStore())
    live.sessions.is_draining = True
    answer = await ask(live, "/ready")
    assert (answer.status_code, answer.json()) == (503, {"ready": False, "draining": True})
    answer = await ask(live)
    assert answer.status_code == 503 and answer.json()["draining"] and not answer.json()["ready"]
    assert (await ask(live, "/live")).status_code == 200


async def test_it_tells_no_reasons_and_no_addresses() -> None:
    answer = await ask(app(store=Failing()))
    assert answer.json()["degraded"]
    assert "secret-host" not in answer.text and KEY not in answer.text


@pytest.mark.parametrize("part", ["", "/live", "/ready"])
async def test_methods(part: str) -> None:
    live = app(store=MemoryStore())
    head = await ask(live, part, "HEAD")
    assert head.status_code == 200 and not head.content
    assert (await ask(live, part, "POST")).status_code == 405
