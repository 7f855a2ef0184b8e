"""A clock that tests control: it runs timers and delayed calls of open pages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator
from math import floor
from typing import Any, NamedTuple

from starlette.routing import BaseRoute

from ..http.endpoint import PageEndpoint
from ..pages.component import describe, walk
from ..pages.description import Timer
from ..session.registry import SessionRegistry
from ..session.runner import Session
from ..session.server_ops import Later


class DelayedCall(NamedTuple):
    """A delayed call, with the time at which it is due by the test's clock."""

    at: float
    session: Session
    later: Later

    async def run(self) -> None:
        self.later.fire()


class DueTimer(NamedTuple):
    """A timer, with the time at which it is next due by the test's clock."""

    at: float
    session: Session
    component: Any
    timer: Timer

    async def run(self) -> None:
        await self.session.push(self.timer.function, self.component)


class Clock:
    """Drives ``@every``, delayed calls of open tabs and presence, independently of real time.

    `now` counts seconds. `seen` is called after each tick, so that tabs apply what it has sent.
    """

    def __init__(self, app: Any, seen: Callable[[], Awaitable[None]]) -> None:
        self.now = 0.0
        self._app = app
        self._seen = seen
        self._since: dict[str, float] = {}
        self._met: dict[Later, float] = {}
        """When each delayed call was first seen."""

    def begin(self, token: str) -> None:
        """Note that the session with this token has a socket from now on."""
        self._since[token] = self.now

    async def advance(self, seconds: float) -> None:
        """Advance the clock. Calls that become due meanwhile run in order, each to its end."""
        until = self.now + seconds
        for registry in self._registries():
            if registry.presence.is_running:
                registry.presence.advance(seconds)
        list(self._due())  # delayed calls count from now on
        while soon := [due for due in self._due() if due.at <= until]:
            self.now = min(due.at for due in soon)
            for due in soon:
                if due.at == self.now:
                    await due.run()
                    await due.session.settled()
                    await self._seen()
        self.now = until

    def _due(self) -> Iterator[DueTimer | DelayedCall]:
        for session in self._sessions():
            for later in session.background.waiting:
                at = self._met.setdefault(later, self.now) + later.seconds
                yield DelayedCall(at, session, later)
            since = self._since[session.state.token]
            for _, component in walk(session.state.page):
                for timer in describe(component).timers:
                    ticks = floor((self.now - since) / timer.seconds + 1e-9) + 1
                    yield DueTimer(since + ticks * timer.seconds, session, component, timer)

    def sessions(self) -> list[Session]:
        """Return all sessions of the application, including those of pages that are being left."""
        return [session for registry in self._registries() for session in registry]

    def _registries(self) -> set[SessionRegistry]:
        return {endpoint.sessions for endpoint in endpoints(self._app)}

    def _sessions(self) -> Iterator[Session]:
        for session in self.sessions():
            if session.state.token in self._since and session.state.is_attached:
                yield session


def endpoints(app: Any) -> Iterator[PageEndpoint]:
    """Yield the page endpoints among an application's routes, and among those of mounted applications."""
    return _endpoints(getattr(app, "routes", ()))


def _endpoints(routes: Iterable[BaseRoute]) -> Iterator[PageEndpoint]:
    for route in routes:
        endpoint = getattr(route, "endpoint", None)
        if isinstance(endpoint, PageEndpoint):
            yield endpoint
        yield from _endpoints(getattr(route, "routes", None) or ())
