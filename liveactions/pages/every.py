"""Methods that the clock calls while a socket is there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])
MARK = "_live_every"


@dataclass(frozen=True, slots=True)
class Timer:
    """A method to call each `seconds`, as an op of the page's queue."""

    name: str
    seconds: float
    function: Callable[..., Any]


def every(seconds: float) -> Callable[[F], F]:
    """Calls a page's method each so many seconds, while a socket is there. Its parameters are injected.

    `ValueError` for less than a hundredth of a second.
    """
    if not seconds >= 0.01:
        raise ValueError(f"every({seconds!r}): at least 0.01 seconds")

    def mark(function: F) -> F:
        if not callable(function):
            raise TypeError(f"@every goes on a method, not on {function!r}")
        setattr(function, MARK, float(seconds))
        return function

    return mark
