"""The PostgreSQL store where the server is paused, stopped, or cuts connections."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from liveactions.exceptions import StoreError
from liveactions.store import postgres as module
from liveactions.store.base import SWEEP_SECONDS
from liveactions.store.postgres import CONNECTIONS, PostgresStore
from tests.cluster.machines import Relay
from tests.store.engines import PostgresEngine
from tests.support.servers import PostgresServer, own

pytestmark = pytest.mark.slow


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


async def test_a_claim_is_unlike_those_that_were_lost(store: PostgresStore, server: PostgresServer) -> None:
    """Also within the same millisecond: else two workers could save a page by turns."""
    with psycopg.connect(server.url, autocommit=True) as admin:
        for _ in range(20):
            before = await store.claim("k")
            admin.execute("DELETE FROM liveactions_value WHERE prefix = %s", [store.server[1]])
            assert await store.claim("k") > before


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

    async def cut(statement: str, values: list[object]) -> list[object]:
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

    async def hold(statement: str, values: list[object]) -> list[object]:
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


async def test_what_was_deleted_leaves_nothing(store: PostgresStore, server: PostgresServer) -> None:
    await store.put("k", b"v", 1000)
    await store.delete("k")
    assert await store.sweep() == 1
    with psycopg.connect(server.url) as admin:
        left = admin.execute("SELECT key FROM liveactions_value WHERE prefix = %s", [store.server[1]])
        assert left.fetchall() == []


@pytest.mark.parametrize(
    ("table", "make"),
    [
        ("liveactions_value", lambda store: store.put("k", b"v", 10)),
        ("liveactions_once", lambda store: store.once("k", 10)),
        ("liveactions_bucket", lambda store: store.take("k", 10, 1)),
    ],
)
async def test_what_is_renewed_while_it_is_swept_stays(
    store: PostgresStore, engine: PostgresEngine, server: PostgresServer, table: str, make: Any
) -> None:
    await make(store)
    await engine.passes(10)
    with psycopg.connect(server.url) as another:
        renew = f"UPDATE {table} SET until = clock_timestamp() + interval '1 hour' WHERE prefix = %s"
        another.execute(renew, [engine.prefix])
        sweeping = asyncio.ensure_future(store.sweep())
        await asyncio.wait([sweeping], timeout=0.2)
        another.commit()
        assert await sweeping == 0
        left = another.execute(f"SELECT count(*) FROM {table} WHERE prefix = %s", [engine.prefix]).fetchall()
    assert left == [(1,)]


async def test_tables_that_cannot_be_made_are_an_error(server: PostgresServer) -> None:
    store = PostgresStore(f"{server.url}&options=-csearch_path%3Dmissing")
    with pytest.raises(StoreError, match="no schema has been selected to create in"):
        await store.get("k")
    await store.close()


async def test_a_statement_that_takes_too_long_for_the_server_is_tried_again(
    server: PostgresServer, engine: PostgresEngine
) -> None:
    store = PostgresStore(f"{server.url}&options=-cstatement_timeout%3D30", engine.prefix)
    await store.put("k", b"v", 100)
    with psycopg.connect(server.url) as another:
        another.execute("SELECT FROM liveactions_value WHERE prefix = %s FOR UPDATE", [engine.prefix])
        saving = asyncio.ensure_future(store.save("k", 0, b"w", 100))
        await asyncio.wait([saving], timeout=0.2)
        assert not saving.done()
    assert await saving and await store.get("k") == b"w"
    await store.close()


@asynccontextmanager
async def through_a_link(server: PostgresServer, folder: Path) -> AsyncIterator[tuple[str, list[Relay]]]:
    """A URL of the server, and the connections that it has had by this URL."""
    links: list[Relay] = []

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        links.append(Relay())
        far = await asyncio.open_unix_connection(f"{server.folder}/.s.PGSQL.5432")
        links[-1].join((reader, writer), far)

    async with await asyncio.start_unix_server(accept, folder / ".s.PGSQL.5432"):
        yield server.url.replace(str(server.folder), str(folder)), links
        for link in links:
            await link.cut()


@pytest.mark.parametrize("gives_up", ["the store", "its caller"])
async def test_connections_that_are_dead_without_a_word_are_replaced(
    server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gives_up: str
) -> None:
    """As when a firewall has forgotten them."""
    async with through_a_link(server, tmp_path) as (url, links):
        store = PostgresStore(url)
        await store.put("k", b"v", 100)
        await asyncio.gather(*(store.get("k") for _ in range(2 * CONNECTIONS)))
        for link in links:
            link.stall()
        if gives_up == "the store":
            monkeypatch.setattr(module, "CALL_TIMEOUT", 0.05)
        calls = [asyncio.ensure_future(store.get("k")) for _ in range(2 * CONNECTIONS)]
        await asyncio.wait(calls, timeout=0.05)
        for call in calls:
            if gives_up == "its caller":
                call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        monkeypatch.undo()
        assert await asyncio.gather(*(store.get("k") for _ in range(2 * CONNECTIONS)))
        await store.close()
