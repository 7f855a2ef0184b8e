"""Health endpoints for load balancers, orchestrators and operators."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse

from ..exceptions import StoreError
from ..execution.app_context import MOUNT
from ..pubsub.channel import BrokerChannel
from ..session.registry import SessionRegistry
from ..store import Store

HEALTH: Final = f"{MOUNT}/health"
LIVE: Final = f"{HEALTH}/live"
READY: Final = f"{HEALTH}/ready"
PROBE_SECONDS = 0.5
"""Seconds after which a store or broker counts as unreachable. Orchestrators wait for one second."""
NO_STORE: Final = {"Cache-Control": "no-store"}


class Health:
    """The endpoints of a worker's health. They reveal no versions, addresses or reasons.

    A worker stays ready while its store or broker is unreachable: pages live on in memory then, and all
    workers at once would be taken out of service otherwise. It isn't ready while it drains.
    """

    def __init__(self, sessions: SessionRegistry, line: BrokerChannel) -> None:
        self._sessions = sessions
        self._store = Probe(lambda: _answers(sessions.site.snapshots.store))
        self._broker = Probe(line.is_reachable) if line.route is not None else None

    async def report(self, request: Request) -> JSONResponse:
        """Answer with all details. The status is that of `ready`."""
        store, broker = await asyncio.gather(
            self._store.measure(), self._broker.measure() if self._broker else _nothing()
        )
        is_draining = self._sessions.is_draining
        return _answer(
            not is_draining,
            live=True,
            ready=not is_draining,
            draining=is_draining,
            degraded=not all(one["reachable"] for one in (store, broker) if one is not None),
            store=store,
            broker=broker,
        )

    async def live(self, request: Request) -> JSONResponse:
        """Answer 200: the event loop is running."""
        return _answer(True, live=True)

    async def ready(self, request: Request) -> JSONResponse:
        """Answer whether the worker accepts visitors: 503 while it drains."""
        is_draining = self._sessions.is_draining
        return _answer(not is_draining, ready=not is_draining, draining=is_draining)


class Probe:
    """Measures how long something takes to answer. Concurrent requests share one measurement."""

    def __init__(self, ask: Callable[[], Awaitable[bool]]) -> None:
        self._ask = ask
        self._asking: asyncio.Task[float | None] | None = None

    async def measure(self) -> dict[str, Any]:
        """Return whether it is reachable, and its latency in milliseconds."""
        task, loop = self._asking, asyncio.get_running_loop()
        if task is None or task.done() or task.get_loop() is not loop:
            task = self._asking = loop.create_task(self._time())
        done, _ = await asyncio.wait((task,), timeout=PROBE_SECONDS)
        seconds = task.result() if done else None
        return {
            "reachable": seconds is not None,
            "latency_ms": None if seconds is None else round(1000 * seconds, 2),
        }

    async def _time(self) -> float | None:
        before = time.perf_counter()
        return time.perf_counter() - before if await self._ask() else None


async def _answers(store: Store) -> bool:
    try:
        await store.get("health")
    except StoreError:
        return False
    return True


async def _nothing() -> None:
    return None


def _answer(ok: bool, **content: Any) -> JSONResponse:
    return JSONResponse(content, 200 if ok else 503, NO_STORE)
