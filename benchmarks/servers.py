"""Print what each ASGI server does in a second of CPU time: ops of a counter, and plain echoes.

``python -m benchmarks.servers``. All of them run at the same time, and take turns.
See ``benchmarks/README.md``.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack
from functools import partial
from html import unescape
from statistics import median

from benchmarks.load import Ask, echoes, rate_by, separate_cores, session
from benchmarks.report import Line, show
from tests.support.asgi_servers import COMMANDS, AsgiServer, asgi_server

SESSIONS = 8
TRIPS = 4000
REPEATS = 5
UP, DOWN = 96, 24
"""Bytes of a counter's messages."""
REFERENCE = re.compile(r"[?]_a=([^\s>'\"]+)")


async def _counters(stack: AsyncExitStack, server: AsgiServer) -> list[Ask]:
    """Open counters, and return a function for each that increases it."""
    asks: list[Ask] = []
    for _ in range(SESSIONS):
        page = await stack.enter_async_context(session(server, "/counter"))
        reference = REFERENCE.search(page.html)
        assert reference, "the page has no form"
        asks.append(partial(page.op, [1, unescape(reference[1]), []]))
    return asks


async def rates(server: AsgiServer) -> tuple[float, float]:
    """Return the echoes and the operations in a second of its CPU time."""
    async with AsyncExitStack() as stack:
        bare = await echoes(stack, server, UP, DOWN, SESSIONS)
        echo = await rate_by(server.cpu_seconds, bare, TRIPS // SESSIONS)
        live = await _counters(stack, server)
        return echo, await rate_by(server.cpu_seconds, live, TRIPS // SESSIONS)


def measure() -> Iterator[Line]:
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in COMMANDS}
    with ExitStack() as stack:
        servers = {name: stack.enter_context(asgi_server(name, "benchmarks.app:live")) for name in COMMANDS}
        stack.enter_context(separate_cores(pid for server in servers.values() for pid in server.pids()))
        for round in range(1 + REPEATS):
            for name, server in servers.items():
                both = asyncio.run(rates(server))
                if round:  # the first is to warm up
                    found[name].append(both)
    for name, runs in found.items():
        yield Line(f"{name}: echoes", median(echo for echo, _ in runs), "per s")
        yield Line(f"{name}: operations of a counter", median(op for _, op in runs), "per s")


if __name__ == "__main__":
    show("Servers, in a second of CPU time", measure())
