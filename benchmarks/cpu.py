"""Measure the server's CPU per op, compared to a plain echo of the same bytes on the same server."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from statistics import median

from benchmarks.browser import Traffic
from benchmarks.load import echoes, rate, separate_cores, sessions
from benchmarks.report import Line
from tests.chromium.server import Server

SESSIONS = 8
TRIPS = 6000
REPEATS = 3
AIMS = {"counter": 0.6, "one of 1000 changed": 0.4}


async def share(server: Server, traffic: Traffic, trips: int = TRIPS) -> float:
    """Return ops per echo in the same CPU time, as the median of interleaved runs."""
    shares = []
    async with AsyncExitStack() as stack:
        live = await sessions(stack, server, traffic.path, SESSIONS, traffic.tail)
        bare = await echoes(stack, server, traffic.up, traffic.down, SESSIONS)
        await rate(server, live, 20)
        for _ in range(REPEATS):
            echo = await rate(server, bare, TRIPS // SESSIONS)
            shares.append(await rate(server, live, trips // SESSIONS) / echo)
    return median(shares)


def measure(server: Server, all_traffic: list[Traffic]) -> list[Line]:
    shares: dict[str, float] = {}
    with separate_cores(server.worker_pids()):
        for traffic in all_traffic:
            if traffic.repeatable:
                trips = TRIPS // 10 if "10000" in traffic.name else TRIPS
                shares[traffic.name] = asyncio.run(share(server, traffic, trips))
    lines = [
        Line(f"{name}: of the echo's rate", share, at_least=AIMS.get(name)) for name, share in shares.items()
    ]
    changed, chosen = shares["one of 1000 changed"], shares["one of 1000 selected"]
    beside = shares["counter beside 1000 rows"] / shares["counter"]
    return [
        *lines,
        Line("selecting costs, in changed rows", changed / chosen, at_most=3),
        Line("counter beside 1000 rows, of the counter alone", beside, at_least=0.9),
    ]
