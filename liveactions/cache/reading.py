"""Which tags something has read: a page's load or render, a cached function, or a dependency."""

from __future__ import annotations

from collections.abc import Iterable
from contextvars import ContextVar, Token
from typing import Any, Final, Literal

What = Literal["load", "render", "cached", "dependency"]


class Reading:
    """Collects tags while it is entered: ``with Reading("load") as reading: ...``"""

    tags: frozenset[str] = frozenset()
    is_over = False
    """Whether it was left: what still runs in its context is a task of its own."""

    def __init__(self, what: What, flight: object = None) -> None:
        self.what = what
        self.flight = flight
        """The cached value that is being made."""

    def begin(self) -> None:
        self._token: Token[Reading | None] = _reading.set(self)

    def end(self) -> None:
        _reading.reset(self._token)
        self.is_over = True

    def __enter__(self) -> Reading:
        self.begin()
        return self

    def __exit__(self, *error: object) -> None:
        self.end()

    @property
    def outer(self) -> Reading | None:
        """What is being made around this."""
        before = self._token.old_value
        return None if before is Token.MISSING else before

    def is_making(self, flight: object) -> bool:
        """Whether a cached value is being made here, or around this."""
        return self.flight is flight or (self.outer is not None and self.outer.is_making(flight))


_reading: Final[ContextVar[Reading | None]] = ContextVar("liveactions_reading", default=None)


def reading() -> Reading | None:
    """What is being made here; None where nothing is."""
    found = _reading.get()
    return None if found is None or found.is_over else found


def note(tags: Iterable[str]) -> None:
    """Whatever is being made here has read these tags."""
    found = reading()
    if found is not None:
        found.tags |= frozenset(tags)


def cache_tag(*tags: str) -> None:
    """Adds tags to what is being cached, or to what a page's `load` has read.

    `RuntimeError` where nothing is read: in an action, for one.
    """
    if reading() is None:
        raise RuntimeError("cache_tag() belongs into a function with @cached, or into load()")
    note(tags)


def refuse_while_reading(name: str) -> None:
    """`RuntimeError` for what mustn't be called while something is read."""
    found = reading()
    while found is not None and found.what == "dependency":  # of an action too
        found = found.outer
    if found is None:
        return
    where: dict[Any, str] = {
        "load": "in load(), which runs because of it",
        "render": "while a page is being rendered",
        "cached": "in a function with @cached, which doesn't run each time",
    }
    raise RuntimeError(f"{name}() was called {where[found.what]}; call it in an action, after the change")
