"""A component's place in its page: its path, its references, its view, what is known of its fields."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar, cast

from ..actions.action import Action
from ..actions.closures import MAKING, Closures
from ..actions.ref import ActionRef
from ..actions.shared import shared, shared_name

if TYPE_CHECKING:
    from ..actions.handle import Handle, View
    from .component import Component
    from .description import Description


P = ParamSpec("P")
R = TypeVar("R")
_NONE: Final = Closures()


class Node:
    """What the library knows of one component."""

    __slots__ = (
        "component",
        "description",
        "path",
        "mounted",
        "stale",
        "view",
        "names",
        "dumped",
        "closures",
        "waiting",
        "_references",
    )

    def __init__(self, component: Component, description: Description) -> None:
        self.component = component
        self.description = description
        self.path = ""
        """Where it is in its page: ``users``, ``lists.0``; empty for the page itself."""
        self.mounted = False
        self.stale = True
        """Whether `load` is due."""
        self.view: View | None = None
        self.names: dict[str, Any] | None = None
        """Names for its template that stay the same."""
        self.dumped: dict[str, tuple[Any, Any]] = {}
        """Fields of immutable values and the data that they were dumped as."""
        self.closures = _NONE
        """Actions that the newest run of a page function has made."""
        self.waiting: dict[str, list[Any]] | None = None
        """Outcomes of calls as data, until the page function has run and their actions are known."""
        self._references: dict[Action[..., Any], ActionRef[..., Any]] = {}

    def reference(self, action: Action[P, R]) -> ActionRef[P, R]:
        """The reference to an action without arguments: the same object as long as the path is the same.

        `TypeError` when it is neither of this component, nor of a module, nor of the page function's run.
        """
        known = self._references.get(action)
        if known is None:
            own = self.description.own(action) or action
            live: Handle | None = getattr(self.component, "live", None)  # none in a page that isn't open
            context = live.context if live is not None else ""
            known = ActionRef(self.component, own, self._path(own), context=context)
            self._references[action] = known
        return cast("ActionRef[P, R]", known)

    def _path(self, action: Action[..., Any]) -> str:
        if self.description.own(action) is not None:
            return f"{self.path}.{action.id}" if self.path else action.id
        for closures in (MAKING.get(), self.closures):  # a page function that runs asks for its own already
            if closures is not None and action in closures:
                closures.require_one(action)
                return action.id
        if shared(shared_name(action)) is action:
            return shared_name(action)
        raise TypeError(
            f"{action!r} is neither of this page nor of a module; list it in the page's `actions`"
        )

    def known(self) -> Iterator[Action[..., Any]]:
        """The component's actions, and the others that its template has met."""
        yield from self.description.actions.values()
        yield from self._references

    def become(self, description: Description) -> None:
        """The component is described by its generic alias."""
        if description is not self.description:
            self.description = description
            self._references.clear()
            self.names = None

    def ran(self, closures: Closures) -> None:
        """The page function has run again."""
        self.closures = closures
        self._references.clear()

    def move(self, path: str) -> None:
        """The component now is at `path`."""
        if path != self.path:
            self.path = path
            self.forget_references()

    def forget_references(self) -> None:
        """They are to be made again."""
        self._references.clear()
        self.names = None


def change_context(page: Component, context: str) -> None:
    """Let an open page be another person's: its references are written again, signed for the new context."""
    live = page.live
    live.former_context, live.context = live.context, context
    for _, component in walk(page):
        component._live_node.forget_references()


def children_in(component: Component) -> Iterator[tuple[str, Component]]:
    """The components directly in a component, each with its path in it: ``users``, ``lists.0``."""
    for field in component._live_node.description.children:
        assert field.children is not None
        for step, child in field.children.items(component.__dict__.get(field.name)):
            yield field.name + step, child


def takes_events(page: Component) -> bool:
    """Whether an action of the page, or one that it has shown, has a parameter for events."""
    return any(action.takes_event for _, one in walk(page) for action in one._live_node.known())


def walk(component: Component, path: str = "") -> Iterator[tuple[str, Component]]:
    """A component and all components in it with their paths, outer ones first."""
    yield path, component
    for step, child in children_in(component):
        yield from walk(child, f"{path}.{step}" if path else step)
