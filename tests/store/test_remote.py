"""Stores on the network where the server is paused, stopped, or started again."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from liveactions.exceptions import StoreError
from liveactions.store import Store
from liveactions.store.base import batches
from tests.store.engines import REMOTE
from tests.support.patience import PATIENCE, wait_until
from tests.support.servers import PostgresServer, Program, RedisServer, own

pytestmark = pytest.mark.slow

SERVERS: dict[str, type[Program]] = {"redis": RedisServer, "postgres": PostgresServer}


@pytest.fixture(scope="module", params=SERVERS)
def started(request: pytest.FixtureRequest) -> Iterator[tuple[str, Program]]:
    with own(SERVERS[request.param]) as server:
        yield request.param, server


@pytest.fixture
def server(started: tuple[str, Program]) -> Program:
    """A server that a test may stop."""
    server = started[1]
    if not server.is_alive():
        server.start()
    return server


@pytest.fixture
async def store(started: tuple[str, Program], server: Program) -> AsyncIterator[Store]:
    engine = REMOTE[started[0]](server.url)
    yield engine.store()
    await engine.close()


@pytest.fixture
def module(store: Store) -> ModuleType:
    return sys.modules[type(store).__module__]


STARTS_A_PROCESS = """
import subprocess, sys
print(subprocess.Popen(["sleep", "1000"]).pid, flush=True)
sys.stdin.read()
"""


def test_a_process_that_was_killed_is_gone_before_its_parent_asks(tmp_path: Path) -> None:
    """Otherwise the last of several test processes would wait for servers that another one has started."""
    arguments = [sys.executable, "-c", STARTS_A_PROCESS]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        server = RedisServer(tmp_path)
        server.pid = int(parent.stdout.readline())
        assert server.is_alive()
        server.signal(signal.SIGKILL)
        assert wait_until(lambda: not server.is_alive())


def test_a_server_that_was_killed_has_left_nothing_that_keeps_it_from_starting_again() -> None:
    with own(RedisServer) as server:
        for _ in range(10):
            server.stop(signal.SIGKILL)
            with pytest.raises(ProcessLookupError):
                os.kill(server.pid, 0)  # as PostgreSQL looks for the process that its lock file names
            server.start()


async def test_a_paused_server_delays_who_needs_it(store: Store, server: Program) -> None:
    await store.put("k", b"v", 100)
    server.signal(signal.SIGSTOP)
    call = asyncio.ensure_future(store.get("k"))
    await asyncio.to_thread(server.is_alive)  # the loop goes on
    assert not call.done()
    server.signal(signal.SIGCONT)
    assert await asyncio.wait_for(call, PATIENCE) == b"v"


async def test_a_server_that_hangs_for_too_long_is_an_error(
    store: Store, server: Program, module: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.put("k", b"v", 100)
    monkeypatch.setattr(module, "CALL_TIMEOUT", 0.01)
    server.signal(signal.SIGSTOP)
    with pytest.raises(StoreError, match="has not answered"):
        await store.get("k")
    server.signal(signal.SIGCONT)
    monkeypatch.undo()
    assert await store.get("k") == b"v"


async def test_a_once_key_that_was_given_up_can_be_withdrawn(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that was paused runs the call when it goes on."""
    run: Any = store._run  # type: ignore[attr-defined]

    async def run_late(*command: object) -> None:
        await run(*command)
        raise StoreError("no answer")

    monkeypatch.setattr(store, "_run", run_late)
    with pytest.raises(StoreError, match="no answer"):
        await store.once("k", 100)
    monkeypatch.undo()
    assert not await store.once("k", 100)
    await store.withdraw("k")
    assert await store.once("k", 100)
    await store.withdraw("k")
    assert not await store.once("k", 100)


async def test_a_server_that_is_away_is_an_error(
    store: Store, server: Program, module: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CALL_TIMEOUT", 0.1)
    server.stop()
    with pytest.raises(StoreError):
        await store.get("k")


async def test_calls_wait_for_a_server_that_is_started_again(store: Store, server: Program) -> None:
    epoch = await store.claim("k")
    server.stop()
    call = asyncio.ensure_future(store.save("k", epoch, b"v", 100))
    await asyncio.to_thread(server.start)  # Redis has forgotten scripts and claims
    assert await asyncio.wait_for(call, PATIENCE)
    assert await store.get("k") == b"v"


async def test_many_and_large_states_are_written_some_at_a_time(
    store: Store, module: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_ROWS", 3)
    monkeypatch.setattr(module, "MAX_BYTES", 50)
    await store.claim("k4")
    rows = [(f"k{n}", 0, b"%d" % n * (60 if n % 5 == 1 else 20 if n > 5 else 1), 100.0) for n in range(12)]
    sizes = [[len(row[2]) for row in batch] for batch in batches(rows, 3, 50)]
    assert sizes == [[1], [60], [1, 1, 1], [1], [60], [20, 20], [20], [40], [60 * 2]]
    assert await store.save_many(rows) == [n != 4 for n in range(12)]
    stored = [await store.get(key) for key, *_ in rows]
    assert stored == [None if n == 4 else row[2] for n, row in enumerate(rows)]
