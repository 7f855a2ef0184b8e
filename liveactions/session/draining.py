"""Hands the pages of a worker that is being stopped over to other workers.

Servers stop by closing all connections at once, and notify the application afterwards. All pages would then
reconnect at the same time, and operations that take longer than the server waits would be cut off. So a
worker that receives SIGTERM drains first: it reports that it isn't ready, lets running operations end, and
closes its connections one by one. Then the server stops as usual.
"""

from __future__ import annotations

import asyncio
import random
import signal
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

from ..exceptions import REPLACED
from ..logs import get_logger
from ..tasks import Supervisor, contained
from .registry import SessionRegistry
from .runner import Session

log = get_logger(__name__)
PAGES_PER_SECOND: Final = 100.0
"""Pages to hand over per second; more if there are too many for the time limit."""
POLL_INTERVAL: Final = 0.02
"""Seconds between two checks whether all connections are closed."""


class Drain:
    """Hands over the pages of a worker, in `seconds` at most; operations that take longer are cut off.

    `sleep` takes seconds.
    """

    def __init__(
        self,
        sessions: SessionRegistry,
        seconds: float,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._sessions = sessions
        self._seconds = seconds
        self._sleep = sleep
        self._tasks = Supervisor(lambda: "handing a page over")
        self._running: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Return when all pages have been handed over. Concurrent callers wait for the same handover."""
        if self._running is None:
            self._running = self._tasks.start(self._run())
        await asyncio.shield(self._running)

    async def _run(self) -> None:
        sessions = self._sessions
        sessions.is_draining = True
        log.info("draining: handing %d open pages over to other workers", len(sessions))
        try:
            async with asyncio.timeout(self._seconds):
                await self._hand_over_all()
        except TimeoutError:
            left = self._attached()
            log.warning("draining took longer than %.0f s: cutting off %d pages", self._seconds, len(left))
            for session in left:
                session.disconnect(REPLACED, "the worker is being stopped")
        await sessions.save_all()

    async def _hand_over_all(self) -> None:
        begun: set[Session] = set()
        while attached := self._attached():
            for session in attached:
                if session not in begun:
                    begun.add(session)
                    self._tasks.start(self._hand_over(session))
                    await self._sleep(random.uniform(0.5, 1.5) / self._rate)
            await self._sleep(POLL_INTERVAL)

    @property
    def _rate(self) -> float:
        """Return pages per second, so that half of the time is left for the last operations."""
        return max(PAGES_PER_SECOND, 2 * len(self._sessions) / self._seconds)

    async def _hand_over(self, session: Session) -> None:
        with contained("%s: handing it over", session.state.name):
            while session.is_busy:
                await session.finished()
            session.disconnect(REPLACED, "the worker is being stopped")

    def _attached(self) -> list[Session]:
        """Return the sessions that have a connection, or are still running operations."""
        return [one for one in self._sessions if one.connection is not None or one.is_busy]


@contextmanager
def draining_on_sigterm(drain: Callable[[], Coroutine[Any, Any, None]]) -> Iterator[None]:
    """Drain when the process receives SIGTERM, and then call the previous handler.

    Enter this in the event loop, after the server has set its handler. It does nothing if SIGTERM is ignored,
    or outside of the main thread, which can't handle signals.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    if before is None or before is signal.SIG_IGN:
        yield
        return
    loop, tasks = asyncio.get_running_loop(), Supervisor(lambda: "draining")

    async def drain_and_stop() -> None:
        with contained("draining"):
            await drain()
        _pass_on(before)

    def begin() -> None:
        if not tasks:  # the parent of workers may repeat a signal that the whole process group has received
            tasks.start(drain_and_stop())

    def terminate(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(begin)

    signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGTERM) is terminate:
            signal.signal(signal.SIGTERM, before)


def _pass_on(handler: Callable[[int, FrameType | None], Any] | int) -> None:
    if callable(handler):
        handler(signal.SIGTERM, None)
    else:
        signal.signal(signal.SIGTERM, handler)
        signal.raise_signal(signal.SIGTERM)
