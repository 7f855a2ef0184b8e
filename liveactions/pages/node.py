"""A component's place in its page: its path, its references, its view, what is known of its fields."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..actions.action import Action, ActionRef

if TYPE_CHECKING:
    from ..actions.handle import View
    from .component import Component
    from .description import Description


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
        self._references: dict[Action[..., Any], ActionRef[..., Any]] = {}

    def reference(self, action: Action[..., Any]) -> ActionRef[..., Any]:
        """The reference to an action without arguments: the same object as long as the path is the same."""
        known = self._references.get(action)
        if known is None:
            path = f"{self.path}.{action.id}" if self.path else action.id
            known = self._references[action] = ActionRef(self.component, action, path)
        return known

    def move(self, path: str) -> None:
        """The component now is at `path`."""
        if path != self.path:
            self.path = path
            self._references.clear()
            self.names = None


def children_in(component: Component) -> Iterator[tuple[str, Component]]:
    """The components directly in a component, each with its path in it: ``users``, ``lists.0``."""
    for field in component._live_node.description.children:
        assert field.children is not None
        for step, child in field.children.items(component.__dict__.get(field.name)):
            yield field.name + step, child


def walk(component: Component, path: str = "") -> Iterator[tuple[str, Component]]:
    """A component and all components in it with their paths, outer ones first."""
    yield path, component
    for step, child in children_in(component):
        yield from walk(child, f"{path}.{step}" if path else step)
