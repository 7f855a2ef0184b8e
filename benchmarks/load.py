"""Put a server under load without a browser: sessions send ops in lockstep, and its CPU is measured."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from html import unescape
from typing import Any, Protocol

import httpx
from websockets.asyncio.client import ClientConnection, connect

from tests.chromium.server import Server


class Served(Protocol):
    """A server with a URL."""

    url: str


Ask = Callable[[], Awaitable[object]]
"""Sends one message and waits for its answer."""

SCRIPT = re.compile(r'<script[^>]* data-live="([^"]*)" data-snapshot="([^"]*)"')


def cpu_seconds(pid: int) -> float:
    """Return the user and system time of a process, in seconds."""
    with open(f"/proc/{pid}/stat") as stat:
        user, system = stat.read().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def resident(pid: int) -> int:
    """Return the private memory of a process, in bytes."""
    with open(f"/proc/{pid}/smaps_rollup") as rollup:
        return sum(int(line.split()[1]) * 1024 for line in rollup if line.startswith("Private_"))


@contextmanager
def separate_cores(servers: Iterable[int]) -> Iterator[None]:
    """Keep the processes of servers to one core, and this one to the others, if there are several cores."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) > 1:
        for pid in servers:
            for thread in os.listdir(f"/proc/{pid}/task"):
                os.sched_setaffinity(int(thread), cores[:1])
        os.sched_setaffinity(0, cores[1:])
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


@asynccontextmanager
async def socket(server: Served, path: str) -> AsyncIterator[ClientConnection]:
    address = server.url.replace("http", "ws", 1) + path
    async with connect(address, origin=server.url, compression=None, max_size=None) as connection:  # type: ignore[arg-type]
        yield connection


class Session:
    """A page that was opened and joined as the client does it."""

    def __init__(self, connection: ClientConnection, html: str, welcome: dict[str, Any]) -> None:
        self.connection = connection
        self.html = html
        self.rev = int(welcome.get("rev", 0))
        self.number = 0

    async def op(self, tail: list[Any]) -> None:
        """Send an op, and wait until it is acknowledged."""
        self.number += 1
        await self.connection.send(json.dumps([self.number, self.rev, *tail], separators=(",", ":")))
        acknowledged = 0
        while acknowledged < self.number:
            frame = json.loads(await self.connection.recv())
            self.rev = frame[0]
            acknowledged = frame[1] or 0


@asynccontextmanager
async def session(server: Served, path: str) -> AsyncIterator[Session]:
    async with httpx.AsyncClient(verify=False) as client:  # loading certificates would take longest
        html = (await client.get(server.url + path)).text
    script = SCRIPT.search(html)
    assert script, "the page has no script tag of the library"
    hello = {"v": 1, "url": path, "snapshot": unescape(script[2]), "token": None, "rev": 0, "op": 0}
    async with socket(server, unescape(script[1])) as connection:
        await connection.send(json.dumps(hello))
        yield Session(connection, html, json.loads(await connection.recv()))


async def sessions(
    stack: AsyncExitStack, server: Served, path: str, count: int, tail: list[Any]
) -> list[Ask]:
    """Open pages, and return a function for each that sends the same op again."""
    joined = [await stack.enter_async_context(session(server, path)) for _ in range(count)]
    return [lambda one=one: one.op(tail) for one in joined]  # type: ignore[misc]


async def echoes(stack: AsyncExitStack, server: Served, up: int, down: int, count: int) -> list[Ask]:
    """Open plain sockets, and return a function for each that sends `up` bytes and receives `down`."""
    sockets = [await stack.enter_async_context(socket(server, f"/echo?bytes={down}")) for _ in range(count)]

    async def ask(connection: ClientConnection) -> None:
        await connection.send("x" * up)
        await connection.recv()

    return [lambda one=one: ask(one) for one in sockets]  # type: ignore[misc]


async def rate(server: Server, asks: list[Ask], rounds: int) -> float:
    """Return round trips per second of the server's CPU time."""
    return await rate_by(lambda: cpu_seconds(server.worker_pids()[-1]), asks, rounds)


async def rate_by(used: Callable[[], float], asks: list[Ask], rounds: int) -> float:
    """Return round trips per second of CPU time, measured by a function."""

    async def repeat(ask: Ask) -> None:
        for _ in range(rounds):
            await ask()

    before = used()
    await asyncio.gather(*map(repeat, asks))
    return rounds * len(asks) / (used() - before)
