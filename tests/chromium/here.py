"""An application served by a thread of the tests' own process, so that a test can hold its actions."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import uvicorn

from tests.chromium.server import free_port
from tests.support.patience import PATIENCE

T = TypeVar("T")


class Gate:
    """Where actions wait until the test lets them go on, one after the other."""

    def __init__(self) -> None:
        self._waiting: queue.Queue[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = queue.Queue()

    async def __call__(self) -> None:
        """Wait, in an action."""
        loop = asyncio.get_running_loop()
        arrival = loop.create_future()
        self._waiting.put((loop, arrival))
        await arrival

    def wait(self) -> None:
        """Return when an action waits."""
        self._waiting.put(self._waiting.get(timeout=PATIENCE))

    def open(self) -> None:
        """Let the one go on that has waited longest, as soon as there is one."""
        loop, arrival = self._waiting.get(timeout=PATIENCE)
        loop.call_soon_threadsafe(_let_go, arrival)

    def clear(self) -> None:
        """Let all go on that wait."""
        while not self._waiting.empty():
            self.open()


def _let_go(arrival: asyncio.Future[None]) -> None:
    if not arrival.done():  # it may have been cancelled
        arrival.set_result(None)


_loops: dict[Any, asyncio.AbstractEventLoop] = {}
"""The event loop of each application that is served."""


def run_in_server(app: Any, work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in the event loop that serves an application, and return its result."""
    return asyncio.run_coroutine_threadsafe(work, _loops[app]).result(PATIENCE)


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.serves = threading.Event()

    async def startup(self, sockets: Any = None) -> None:
        _loops[self.config.app] = asyncio.get_running_loop()
        await super().startup(sockets)
        self.serves.set()


@contextmanager
def serving_here(app: Any) -> Iterator[str]:
    """The address of a started application."""
    port = free_port()
    config = uvicorn.Config(
        app, port=port, log_level="warning", ws="websockets-sansio", timeout_graceful_shutdown=2
    )
    server = _Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    assert server.serves.wait(PATIENCE)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(PATIENCE)
        del _loops[app]
