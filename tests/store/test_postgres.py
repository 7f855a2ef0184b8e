"""The PostgreSQL store where the server is paused, stopped, or cuts connections."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator

import psycopg
import pytest

from liveactions.store.base import SWEEP_SECONDS
from liveactions.store.postgres import PostgresStore
from tests.store.engines import PostgresEngine
from tests.support.servers import PostgresServer, own


@pytest.fixture(scope="module")
def started() -> Iterator[PostgresServer]:
    with own(PostgresServer) as server:
        yield server


@pytest.fixture
def server(started: PostgresServer) -> PostgresServer:
    """A server that a test may stop."""
    if not started.is_alive():
        started.start()
    return started


@pytest.fixture
async def engine(server: PostgresServer) -> AsyncIterator[PostgresEngine]:
    engine = PostgresEngine(server.url)
    yield engine
    await engine.close()


@pytest.fixture
def store(engine: PostgresEngine) -> PostgresStore:
    return engine.store()


async def test_after_a_crash_values_are_gone_and_can_be_saved_again(
    store: PostgresStore, server: PostgresServer
) -> None:
    epoch = await store.claim("k")
    assert await store.save("k", epoch, b"v", 100)
    server.stop(signal.SIGKILL)
    await asyncio.to_thread(server.start)
    assert await store.get("k") is None
    assert await store.save("k", epoch, b"again", 100)
    assert await store.get("k") == b"again"
    assert await store.claim("k") > epoch


async def test_a_connection_that_is_cut(store: PostgresStore, server: PostgresServer) -> None:
    await store.put("k", b"v", 100)
    with psycopg.connect(server.url, autocommit=True) as admin:
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
    assert await store.get("k") == b"v"


async def test_a_once_key_that_is_asked_for_again_by_the_same_call(
    store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a connection that was cut before the answer came."""
    execute, cuts = store._execute, [1]

    async def cut(statement: str, values: list[object] | None) -> list[object]:
        answer = await execute(statement, values)
        if cuts and answer:
            cuts.pop()
            raise psycopg.OperationalError("cut")
        return answer

    monkeypatch.setattr(store, "_execute", cut)
    assert await store.once("k", 10)
    assert not cuts and not await store.once("k", 10)


async def test_a_state_that_comes_late_replaces_no_newer_one(
    store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    execute, held = store._execute, []

    async def hold(statement: str, values: list[object] | None) -> list[object]:
        held.append((statement, values))
        return []

    monkeypatch.setattr(store, "_execute", hold)
    await store.save("k", 0, b"older", 10)
    monkeypatch.undo()
    assert await store.save("k", 0, b"newer", 10)
    await execute(*held[0])
    assert await store.get("k") == b"newer"


async def test_what_is_over_is_removed(store: PostgresStore, engine: PostgresEngine) -> None:
    await store.put_many([("a", b"", 10), ("b", b"", 1000)])
    await store.once("a", 10)
    await store.claim("claimed")
    await engine.passes(10)
    assert await store.sweep() == 2
    assert await store.sweep() == 0
    assert await store.get("b") == b""


async def test_writing_sweeps(store: PostgresStore, engine: PostgresEngine) -> None:
    await store.put("a", b"", 10)
    await engine.passes(10)
    store._swept -= SWEEP_SECONDS
    await store.put("b", b"", 10)
    assert await store.sweep() == 0


def test_each_loop_has_its_own_connections(server: PostgresServer) -> None:
    store = PostgresStore(server.url, "loops")

    async def use(value: bytes) -> bytes | None:
        found = await store.get("k")
        await store.put("k", value, 10)
        await store.close()
        return found

    assert [asyncio.run(use(value)) for value in (b"1", b"2", b"3")] == [None, b"1", b"2"]


async def test_many_calls_at_once(store: PostgresStore) -> None:
    await asyncio.gather(*(store.put(str(n), str(n).encode(), 10) for n in range(50)))
    found = await asyncio.gather(*(store.get(str(n)) for n in range(50)))
    assert found == [str(n).encode() for n in range(50)]
