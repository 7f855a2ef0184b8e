"""Values that a page shows when they have come: `defer`."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable
from typing import Generic, TypeVar

from ..actions.handle import Handle
from ..cache.reading import reading
from ..effects import open_effects
from .failure import FATAL, unexpected

T = TypeVar("T")


class Deferred(Generic[T]):
    """``{% if report.pending %}…{% else %}{{ report.value }}{% endif %}``"""

    def __init__(self, awaitable: Awaitable[T]) -> None:
        self.pending = True
        self.value: T | None = None
        self.error = ""
        """A text for the person when it has failed."""
        self._awaitable: Awaitable[T] | None = awaitable

    async def come(self, live: Handle) -> None:
        """Wait for the value."""
        awaitable, self._awaitable = self._awaitable, None
        assert awaitable is not None
        try:
            self.value = await awaitable
        except (*FATAL, asyncio.CancelledError):
            raise
        except BaseException as error:  # control flow leads nowhere from here
            self.error = unexpected(error, live, "a deferred value").payload["error"]
        self.pending = False

    def forsake(self) -> None:
        """It never begins."""
        awaitable, self._awaitable = self._awaitable, None
        if inspect.iscoroutine(awaitable):
            awaitable.close()


def forsake(live: Handle) -> None:
    """What a page's `load` has deferred never begins: the page was made for one answer."""
    for deferred in live.deferred:
        deferred.forsake()
    live.deferred.clear()


def defer(awaitable: Awaitable[T]) -> Deferred[T]:
    """Shows the page without a value that takes long, and the value when it has come: ``self.report =
    defer(slow_report())`` in `load`, into a field that is `loaded()`.

    It begins when the page is open in a browser that runs scripts, beside the queue; without scripts it
    stays pending. Dependencies of `load` are closed by then. `RuntimeError` outside of `load`.
    """
    effects, here, deferred = open_effects(), reading(), Deferred(awaitable)
    if effects is None or here is None or here.what != "load":
        deferred.forsake()
        raise RuntimeError("defer() belongs into load()")
    effects.live.deferred.append(deferred)
    return deferred
