"""Methods that the clock calls while a socket is there.

Methods that run for each message published to a topic.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from string import Formatter
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])
TIMER_MARK = "_live_every"


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
            raise TypeError(f"@every decorates methods, not {function!r}")
        setattr(function, TIMER_MARK, float(seconds))
        return function

    return mark


LISTENER_MARK = "_live_on"


@dataclass(frozen=True, slots=True)
class Listener:
    """A method, and the topic that it listens to, with fields of its component: ``typing:{room}``."""

    topic: str
    function: Callable[..., Any]

    def topic_of(self, component: Any) -> str:
        """The topic, for a component with these fields."""
        return self.topic.format_map(vars(component))

    def check(self, fields: Any, title: str) -> None:
        """`TypeError` when the topic names what is no field."""
        for _, name, _, _ in Formatter().parse(self.topic):
            if name is not None and name.split(".")[0].split("[")[0] not in fields:
                raise TypeError(f"{title}: no field for the topic {self.topic!r} of {self.function.__name__}")


def on(topic: str) -> Callable[[F], F]:
    """Calls a page's method for each message that ``live.publish(topic, ...)`` sends, as an op of its own.

    ``@on("typing:{room}")`` takes the room from the page's fields. What was published fills its parameters,
    by name; others are injected. It runs while the page is open.
    """

    def mark(function: F) -> F:
        if not callable(function):
            raise TypeError(f"@on decorates methods, not {function!r}")
        setattr(function, LISTENER_MARK, topic)
        return function

    return mark
