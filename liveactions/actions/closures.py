"""Actions that a page function defines while it runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .action import Action


class Closures:
    """The actions that one run of a page function has made, by name."""

    __slots__ = ("_made",)

    def __init__(self) -> None:
        self._made: dict[str, list[Action[..., Any]]] = {}

    def add(self, action: Action[..., Any]) -> None:
        """One more; a decorated one takes the place of what it decorates."""
        same = self._made.setdefault(action.id, [])
        same[:] = [one for one in same if not wraps(action, one)]
        same.append(action)

    def find(self, name: str) -> Action[..., Any] | None:
        """The one action of a name, or of an alias; None when there are several."""
        for actions in self._made.values():
            if name in (actions[0].id, *actions[0].aliases):
                return actions[0] if len(actions) == 1 else None
        return None

    def __iter__(self) -> Iterator[Action[..., Any]]:
        for actions in self._made.values():
            yield from actions

    def __bool__(self) -> bool:
        return bool(self._made)

    def __contains__(self, action: Action[..., Any]) -> bool:
        return action in self._made.get(action.id, ())

    def require_one(self, action: Action[..., Any]) -> None:
        """`TypeError` when another closure has the same name: a browser couldn't tell them apart."""
        if len(self._made[action.id]) > 1:
            raise TypeError(
                f"{len(self._made[action.id])} closures are called {action.id!r} in one run of the page;"
                f" define one and bind an argument instead: {{{{ {action.id}(item.id) }}}}"
            )


MAKING: ContextVar[Closures | None] = ContextVar("liveactions_closures", default=None)
"""Set while a page function runs."""


def wraps(outer: Any, inner: Any) -> bool:
    """Whether a decorator has made `outer` of `inner`."""
    while outer is not None and outer is not inner:
        outer = getattr(outer, "__wrapped__", None)
    return outer is inner
