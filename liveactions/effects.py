"""What a scope asks for besides its answer: collected while it runs, done when it has closed."""

from __future__ import annotations

from collections.abc import Callable, Set
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from .actions.handle import Handle
    from .broker.line import Line
    from .broker.message import Message

Call = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]
"""A function to call with its arguments."""
Work = tuple["Effects", Call]
"""A call, and the scope that has asked for it."""


class Effects:
    """Of one GET, POST, op or push. Most scopes ask for nothing: the defaults are the class's."""

    tags: Set[str] = frozenset()
    """To revalidate."""
    paths: tuple[tuple[str, bool], ...] = ()
    """To revalidate: each with whether all below it are meant."""
    refreshes = False
    """Whether this page's `load` is to run."""
    after: tuple[Call, ...] = ()
    """To call when the answer has been sent."""
    events: tuple[tuple[str, Any], ...] = ()
    """To dispatch in the page: names and details."""
    messages: tuple[tuple[Line, Message], ...] = ()
    """To publish, each by a line."""
    has_caught_up = False
    """Whether it knows what other workers had revalidated when it first read something that is cached."""
    op: tuple[str, int | str] | None = None
    """Who made the op, and which of theirs it is."""
    is_closed = False

    def __init__(self, live: Handle) -> None:
        self.live = live

    def drop(self) -> None:
        """The work was rolled back: what it has published or dispatched didn't happen.

        What it has revalidated is read again all the same.
        """
        self.events, self.messages = (), ()

    @property
    def revalidates(self) -> bool:
        """Whether anybody is to be told of something."""
        return bool(self.tags or self.paths)


running: Final[ContextVar[Effects | None]] = ContextVar("liveactions_scope", default=None)


def open_effects() -> Effects | None:
    """Those of the scope that is running here; None outside of any, also in a task that has outlived its."""
    effects = running.get()
    return None if effects is None or effects.is_closed else effects
