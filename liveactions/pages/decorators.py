"""Methods that run at an interval (`every`), and for each message published to a topic (`on`)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from string import Formatter
from typing import Any, TypeVar

from ..config import check_seconds

F = TypeVar("F", bound=Callable[..., Any])
TIMER_MARK = "_live_every"


@dataclass(frozen=True, slots=True)
class Timer:
    """A method that is called every `seconds`, as an operation of its page."""

    name: str
    seconds: float
    function: Callable[..., Any]


def every(seconds: float) -> Callable[[F], F]:
    """Run a page's method at this interval, while a socket is connected. Its parameters are injected.

    Raise `TypeError` unless it is a number, `ValueError` if it is shorter than 0.01 seconds.
    """
    check_seconds("@every: seconds", seconds)
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
    """A method and the topic that it listens to.

    The topic may name fields of the component: ``typing:{room}``.
    """

    topic: str
    function: Callable[..., Any]

    def topic_of(self, component: Any) -> str:
        """Return the topic for the current fields of a component."""
        return self.topic.format_map(vars(component))

    def check(self, fields: Any, title: str) -> None:
        """Raise `TypeError` if the topic names something that isn't a field."""
        for _, name, _, _ in Formatter().parse(self.topic):
            if name is not None and name.split(".")[0].split("[")[0] not in fields:
                raise TypeError(f"{title}: no field for the topic {self.topic!r} of {self.function.__name__}")


def on(topic: str) -> Callable[[F], F]:
    """Run a page's method for each message that ``live.publish(topic, ...)`` sends, while the page is open.

    In ``@on("typing:{room}")``, `room` is a field of the page. Parameters are filled from the message by
    name; others are injected. Raise `TypeError` unless `topic` is a text.
    """
    if not isinstance(topic, str):
        raise TypeError(f'@on: expected a topic, such as @on("chat"), not {topic!r}')

    def mark(function: F) -> F:
        if not callable(function):
            raise TypeError(f"@on decorates methods, not {function!r}")
        setattr(function, LISTENER_MARK, topic)
        return function

    return mark
