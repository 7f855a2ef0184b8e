"""Measure the server's memory per idle session, in addition to that of a plain socket."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from benchmarks.load import echoes, resident, session
from benchmarks.report import Line
from tests.chromium.server import Server, serving

IDLE = 20.0
"""Seconds after which a session has dropped what it can make again."""


async def per_connection(server: Server, path: str | None, count: int) -> tuple[float, float]:
    """Return KiB per page at a path, or per plain socket for None: at once and after a while."""
    async with AsyncExitStack() as stack:
        if path:
            await stack.enter_async_context(session(server, path))
        before = resident(server.worker_pids()[-1])
        if path:
            for _ in range(count):
                await stack.enter_async_context(session(server, path))
        else:
            await echoes(stack, server, 1, 1, count)
        first = resident(server.worker_pids()[-1]) - before
        await asyncio.sleep(IDLE if path else 0)
        return first / count / 1024, (resident(server.worker_pids()[-1]) - before) / count / 1024


def measure(app: str) -> list[Line]:
    lines = []
    bare = 0.0
    for name, path, count in [
        ("bare socket", None, 500),
        ("/counter", "/counter", 500),
        ("1,000 rows", "/rows", 50),
    ]:
        with serving(app) as server:
            first, idle = asyncio.run(per_connection(server, path, count))
        if path is None:
            bare = first
            lines.append(Line(name, first, "KiB"))
            continue
        most = 400 if path == "/rows" else None
        lines.append(Line(f"{name}: just joined, beyond the socket", first - bare, "KiB", at_most=most))
        lines.append(
            Line(f"{name}: idle for 20 s", idle - bare, "KiB", at_most=40 if path == "/counter" else None)
        )
    return lines
