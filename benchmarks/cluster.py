"""Print the costs of several machines: the latency of changes, and the CPU of an op with each store.

``python -m benchmarks.cluster``, where redis-server and PostgreSQL are installed. The machines are processes
on this one, so the library and its servers are measured without a network.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from statistics import median, quantiles

import psycopg
import redis

from benchmarks.instructions import CASES, per_op, replay
from benchmarks.load import Session, cpu_seconds, session
from benchmarks.report import Line, show
from liveactions.protocol.constants import CALL_SLOT
from tests.chromium.server import Server, serving
from tests.support.servers import PostgresServer, RedisServer, own

APP = "benchmarks.shared:live"
TOUCH = [CALL_SLOT, [1], []]
"""Calls the action that changes the value."""
IN_MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
"""A folder in which writing takes no time."""
CHANGES = 500
VIEWERS = 1000
AT_ONCE = 25
"""Viewers that come at the same time."""
CHANGES_FOR_MANY = 10
OPS = 3000
REPEATS = 5


@contextmanager
def two_machines(store: str) -> Iterator[tuple[Server, Server]]:
    """Start two servers with a common store, and return them with the file that contains the value."""
    with tempfile.TemporaryDirectory(dir=IN_MEMORY) as folder, ExitStack() as stack:
        value = Path(folder) / "moment"
        value.write_text("0")
        env = {"LIVEACTIONS_STORE": store, "LIVEACTIONS_KEY": "k" * 32, "MOMENT": str(value)}
        yield stack.enter_context(serving(APP, env=env)), stack.enter_context(serving(APP, env=env))


class Viewer:
    """Shows the value: the time of the monotonic clock, in nanoseconds, at which it was revalidated."""

    def __init__(self, page: Session) -> None:
        self._page = page

    async def next(self) -> float:
        """Return the latency of the next change, in milliseconds."""
        while True:
            frame = json.loads(await self._page.connection.recv())
            arrived = time.monotonic_ns()
            await self._page.connection.send(json.dumps([0, frame[0]]))
            if len(frame) > 2 and frame[2]:
                return (arrived - int(frame[2][1])) / 1e6


@asynccontextmanager
async def opened(here: Server, there: Server, viewers: int) -> AsyncIterator[tuple[Session, list[Viewer]]]:
    """Open a page that changes the value on one machine, and pages that show it on the other."""
    async with AsyncExitStack() as stack:
        writer = await stack.enter_async_context(session(here, "/writer"))
        pages: list[Session] = []
        while len(pages) < viewers:
            some = [session(there, "/viewer") for _ in range(min(AT_ONCE, viewers - len(pages)))]
            pages += await asyncio.gather(*map(stack.enter_async_context, some))
        yield writer, [Viewer(page) for page in pages]


async def latencies(here: Server, there: Server) -> list[float]:
    """Return milliseconds from `revalidate_tag` on one machine to the patch of a page on the other one."""
    async with opened(here, there, 1) as (writer, [viewer]):
        found = []
        for _ in range(CHANGES):
            await writer.op(TOUCH)
            found.append(await viewer.next())
        return found


async def to_many(here: Server, there: Server) -> tuple[list[float], float]:
    """Return milliseconds until the last of many viewers has a change, and of their machine's CPU."""
    async with opened(here, there, VIEWERS) as (writer, viewers):
        last = []
        before = cpu_seconds(there.worker_pids()[-1])
        for _ in range(CHANGES_FOR_MANY):
            await writer.op(TOUCH)
            last.append(max(await asyncio.gather(*(viewer.next() for viewer in viewers))))
        spent = cpu_seconds(there.worker_pids()[-1]) - before
        return last, 1000 * spent / CHANGES_FOR_MANY


def round_trips(ask: Callable[[], object]) -> list[float]:
    """Return the round-trip times of a server, in milliseconds."""
    found = []
    for _ in range(CHANGES):
        began = time.monotonic_ns()
        ask()
        found.append((time.monotonic_ns() - began) / 1e6)
    return found


def lines(name: str, times: list[float]) -> list[Line]:
    return [
        Line(f"{name}: median", median(times), "ms"),
        Line(f"{name}: 99 of 100 within", quantiles(times, n=100)[-1], "ms"),
    ]


def distance(name: str, store: str, ask: Callable[[], object]) -> list[Line]:
    """Measure the latency of changes, beside plain round trips of the server."""
    with two_machines(store) as (here, there):
        bare = round_trips(ask)
        changes = asyncio.run(latencies(here, there))
        bare += round_trips(ask)
    return [*lines(f"{name}: its own round trip", bare), *lines(f"{name}: revalidate_tag to patch", changes)]


def crowd(store: str) -> list[Line]:
    """Measure the cost of changing a value that very many pages show."""
    with two_machines(store) as (here, there):
        last, spent = asyncio.run(to_many(here, there))
    return [
        Line(f"until the last of {VIEWERS} viewers has a change", median(last), "ms"),
        Line("CPU of a change, for each viewer", 1000 * spent / VIEWERS, "us"),
    ]


async def spend(ops: int) -> float:
    """Return the CPU time of an op in microseconds, with the store in the variable ``STORE``."""
    counter = CASES["counter"]
    await replay(counter, ops // 10)
    before = time.process_time_ns()
    await replay(counter, ops)
    return (time.process_time_ns() - before) / ops / 1000


def costs(stores: dict[str, str]) -> list[Line]:
    """Measure the CPU time of an op of a counter, user and system, without that of the store's server."""
    found: dict[str, list[float]] = {name: [] for name in stores}
    for _ in range(REPEATS):
        for name, url in stores.items():
            command = [sys.executable, "-m", "benchmarks.cluster", "spend"]
            run = subprocess.run(command, env={**os.environ, "STORE": url}, check=True, capture_output=True)
            found[name].append(float(run.stdout))
    return [Line(f"{name}: CPU of an op", median(times), "us") for name, times in found.items()]


def counts(stores: dict[str, str]) -> list[Line]:
    """Measure the instructions of an op of a counter, without those of the system and the store's server."""
    if shutil.which("valgrind") is None:
        return []
    return [
        Line(f"{name}: an op", per_op("counter", STORE=url)["counter"], "thousand")
        for name, url in stores.items()
    ]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, own(RedisServer) as cache, own(PostgresServer) as database:
        urls = {
            "memory": "memory",
            "SQLite": f"sqlite://{folder}/store",
            "Redis": cache.url,
            "PostgreSQL": database.url,
        }
        show("The CPU of an op with each store", costs(urls))
        show("Instructions of an op with each store, where valgrind is installed", counts(urls))
        with redis.Redis(unix_socket_path=str(cache.socket)) as client:
            show("From a machine to another one, by Redis", distance("Redis", cache.url, client.ping))
        with psycopg.connect(database.url, autocommit=True) as connection:
            asked = distance("PostgreSQL", database.url, lambda: connection.execute("SELECT 1").fetchone())
            show("From a machine to another one, by PostgreSQL", asked)
        show("A cached value with many viewers on the other machine, by Redis", crowd(cache.url))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(asyncio.run(spend(OPS)))
    else:
        main()
