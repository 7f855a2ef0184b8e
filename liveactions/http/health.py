"""Reports a worker's health to load balancers, orchestrators and operators."""

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
from .responses import NO_STORE

HEALTH: Final = f"{MOUNT}/health"
LIVE: Final = f"{HEALTH}/live"
READY: Final = f"{HEALTH}/ready"
PROBE_SECONDS = 0.5
"""Seconds after which a store or broker counts as unreachable. Orchestrators wait for one second."""


class Health:
    """The endpoints that report a worker's health. They reveal no versions, addresses or reasons.

    A worker stays ready while its store or broker is unreachable: its pages continue in memory, and otherwise
    all workers would be taken out of service at once. It isn't ready while it drains.
    """

    def __init__(self, sessions: SessionRegistry, channel: BrokerChannel) -> None:
        self._sessions = sessions
        self._store = LatencyProbe(lambda: _is_reachable(sessions.site.snapshots.store))
        self._broker = LatencyProbe(channel.is_reachable) if channel.route is not None else None

    async def report(self, request: Request) -> JSONResponse:
        """Respond with all details. The status is that of `ready`."""
        store, broker = await self.measure()
        is_draining = self._sessions.is_draining
        return _response(
            not is_draining,
            live=True,
            ready=not is_draining,
            draining=is_draining,
            degraded=not all(one["reachable"] for one in (store, broker) if one is not None),
            store=store,
            broker=broker,
        )

    async def measure(self) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """Return whether the store and the broker, if there is one, are reachable, and their latencies."""
        broker = self._broker.measure() if self._broker else _nothing()
        store, its_broker = await asyncio.gather(self._store.measure(), broker)
        return store, its_broker

    async def live(self, request: Request) -> JSONResponse:
        """Respond with 200: the event loop is running."""
        return _response(True, live=True)

    async def ready(self, request: Request) -> JSONResponse:
        """Respond with 200 if the worker accepts visitors, and with 503 while it drains."""
        is_draining = self._sessions.is_draining
        return _response(not is_draining, ready=not is_draining, draining=is_draining)


class LatencyProbe:
    """Measures the latency of a service. Concurrent requests share one measurement.

    `check` returns whether the service is reachable.
    """

    def __init__(self, check: Callable[[], Awaitable[bool]]) -> None:
        self._check = check
        self._checking: asyncio.Task[float | None] | None = None

    async def measure(self) -> dict[str, Any]:
        """Return whether the service is reachable, and its latency in milliseconds."""
        task, loop = self._checking, asyncio.get_running_loop()
        if task is None or task.done() or task.get_loop() is not loop:
            task = self._checking = loop.create_task(self._time())
        done, _ = await asyncio.wait((task,), timeout=PROBE_SECONDS)
        seconds = task.result() if done else None
        return {
            "reachable": seconds is not None,
            "latency_ms": None if seconds is None else round(1000 * seconds, 2),
        }

    async def _time(self) -> float | None:
        before = time.perf_counter()
        return time.perf_counter() - before if await self._check() else None


async def _is_reachable(store: Store) -> bool:
    try:
        await store.get("health")
    except StoreError:
        return False
    return True


async def _nothing() -> None:
    return None


def _response(ok: bool, **content: Any) -> JSONResponse:
    return JSONResponse(content, 200 if ok else 503, NO_STORE)
