"""The names that a component's template knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .component import Component


def variables(component: Component) -> dict[str, Any]:
    """Fields, public attributes of the class, actions, ``url``, ``live`` and ``request``; last the
    names of context processors, which hide none of these.
    """
    node, live = component._live_node, component.live
    if node.names is None:
        node.names = _constant(component)
    names = node.names.copy()
    names["request"] = live.request
    for name, value in component.__dict__.items():
        if name[0] != "_":
            names[name] = value
    for name in node.description.properties:
        names[name] = getattr(component, name)
    if live.services.variables is not None:
        return {**live.services.variables(live.request), **names}
    return names


def _constant(component: Component) -> dict[str, Any]:
    """What stays the same from one render to the next: references keep their identity."""
    node, live = component._live_node, component.live
    names: dict[str, Any] = {"live": live, "url": live.page._live_url}
    names.update({name: getattr(component, name) for name in node.description.attributes})
    names.update({name: node.reference(action) for name, action in node.description.actions.items()})
    return names
