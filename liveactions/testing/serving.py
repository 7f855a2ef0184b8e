"""Serve an application from the process of a test, for real browsers. Requires uvicorn."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, Final

import uvicorn

from ..cache.cached import value_cache

HOST: Final = "127.0.0.1"
SHUTDOWN_SECONDS: Final = 5
"""How long requests may take to end when the server stops."""


class Serving:
    """A server that runs while it is entered: ``with`` runs it in a thread, ``async with`` in the current
    event loop. Both return its URL.
    """

    def __init__(self, app: Any) -> None:
        config = uvicorn.Config(
            app,
            log_level="warning",
            ws="websockets-sansio",
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        )
        config.load()
        self._server = _Server(config)
        self._running: Any = None

    def __enter__(self) -> str:
        listening, url = self._listen()
        self._running = threading.Thread(target=self._server.run, args=([listening],), daemon=True)
        self._running.start()
        self._server.startup_ended.result()
        return url

    def __exit__(self, *error: object) -> None:
        self._server.should_exit = True
        self._running.join()

    async def __aenter__(self) -> str:
        listening, url = self._listen()
        self._running = asyncio.create_task(self._server.serve([listening]))
        await asyncio.wrap_future(self._server.startup_ended)
        return url

    async def __aexit__(self, *error: object) -> None:
        self._server.should_exit = True
        await self._running

    def _listen(self) -> tuple[socket.socket, str]:
        """Return a socket on a free port, and its URL. Like a new process, the server has an empty cache."""
        value_cache.clear()
        listening = socket.create_server((HOST, 0))
        return listening, f"http://{HOST}:{listening.getsockname()[1]}"


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.startup_ended: Future[None] = Future()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets)
        except SystemExit:
            self.should_exit = True
            self.startup_ended.set_exception(RuntimeError("the application failed to start: see the log"))
        else:
            self.startup_ended.set_result(None)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the test runner."""
        yield


def serve(app: Any) -> Serving:
    """Serve an application on a free port of this machine, from the process of the test.

    ``with serve(app) as url`` runs the server in a thread, for tests that are functions. ``async with
    serve(app) as url`` runs it in the event loop of the test, so that both share events and database
    connections. Raise `RuntimeError` if the application's startup fails.
    """
    return Serving(app)
