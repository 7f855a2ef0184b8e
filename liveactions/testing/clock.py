"""Time that passes when a test says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import floor
from typing import Any, NamedTuple

from ..pages.component import describe
from ..pages.every import Timer
from ..pages.node import walk
from ..sessions.session import Session
from .endpoints import endpoints


class Due(NamedTuple):
    """When a timer is next due, by the test's clock."""

    at: float
    session: Session
    component: Any
    timer: Timer


class Clock:
    """Drives ``@every`` of open tabs, beside the real clock, which hardly moves during a test.

    `now` counts seconds. `seen` is called after each tick, so that tabs take what it sends.
    """

    def __init__(self, app: Any, seen: Callable[[], None]) -> None:
        self.now = 0.0
        self._app = app
        self._seen = seen
        self._since: dict[str, float] = {}

    def begin(self, token: str) -> None:
        """The session of this token has a socket from now on."""
        self._since[token] = self.now

    async def advance(self, seconds: float) -> None:
        """Let seconds pass: what is due meanwhile runs in its order, each to its end."""
        until = self.now + seconds
        while soon := [due for due in self._due() if due.at <= until]:
            self.now = min(due.at for due in soon)
            for due in soon:
                if due.at == self.now:
                    await due.session.push(due.timer.function, due.component)
                    await due.session.settled()
                    self._seen()
        self.now = until

    def _due(self) -> Iterator[Due]:
        for session in self._sessions():
            since = self._since[session.token]
            for _, component in walk(session.page):
                for timer in describe(component).timers:
                    ticks = floor((self.now - since) / timer.seconds + 1e-9) + 1
                    yield Due(since + ticks * timer.seconds, session, component, timer)

    def _sessions(self) -> Iterator[Session]:
        for sessions in {endpoint.sessions for endpoint in endpoints(self._app)}:
            for session in sessions:
                if session.token in self._since and session.connection and not session.over:
                    yield session
