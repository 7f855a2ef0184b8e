"""What background code may do with an open page, which it changes only by ops."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..actions.handle import Handle
from ..effects import open_effects
from ..errors import LiveError
from ..ops.deadline import invoke
from ..ops.deferred import Deferred, forsake
from ..ops.outcome import Outcome
from ..ops.scope import Scope
from ..tasks import Supervisor
from .push import Push

if TYPE_CHECKING:
    from .session import Session


class Later:
    """A call that waits for its time."""

    def __init__(self, background: Background, seconds: float, call: Callable[[], Any]) -> None:
        self.seconds = seconds
        self._background = background
        self._call = call
        loop = asyncio.get_running_loop()
        self._handle = loop.call_later(seconds, self.fire)

    def fire(self) -> None:
        """It is time."""
        self.cancel()
        self._background.session.work.begin(Push(lambda scope: scope.do(self._call)))

    def cancel(self) -> None:
        self._handle.cancel()
        self._background.waiting.discard(self)


class Background:
    """Of one page of a session."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.waiting: set[Later] = set()
        self._is_over = False
        self._coming = Supervisor(lambda: f"{session.place.address.name}: a deferred value")

    async def run(self, call: Callable[[], Any]) -> Any:
        """What a call on the page gives, as an op of its own."""
        effects = open_effects()
        if effects is not None and effects.live is self.session.page.live:
            raise RuntimeError("run() would wait for the op that is calling it; change the page here")
        if self._is_over or self.session.over:
            raise LiveError("this page isn't open any more")
        results: list[Any] = []

        async def keep() -> None:
            results.append(await invoke(None, call, (), {}))

        outcome: Outcome = await self.session.work.perform(Push(lambda scope: scope.do(keep)))
        if outcome.error is not None:
            raise outcome.error
        return results[0] if results else None

    def later(self, seconds: float, call: Callable[[], Any]) -> None:
        if not self._is_over:
            self.waiting.add(Later(self, seconds, call))

    def begin_deferred(self) -> None:
        """Begin what `load` has deferred; each is shown when it has come."""
        live = self.session.page.live
        deferred, live.deferred = live.deferred, []
        for one in deferred:
            self._coming.start(self._show(one, live))

    async def _show(self, deferred: Deferred[Any], live: Handle) -> None:
        await deferred.come(live)
        if self.session.page.live is live:
            self.session.work.begin(Push(lambda scope: scope.guard()))

    def close(self) -> None:
        """The page is over."""
        self._is_over = True
        for later in list(self.waiting):
            later.cancel()
        self._coming.cancel()
        forsake(self.session.page.live)

    def tell(self, scope: Scope) -> None:
        """Tell the page of the events that an op has dispatched."""
        self.session.exchange.add({"events": [*scope.effects.events]})
