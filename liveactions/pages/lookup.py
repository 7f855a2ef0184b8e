"""From a text that came from outside to the action that it names. Nothing else is ever looked up by name."""

from __future__ import annotations

from typing import Any

from ..actions import binding
from ..actions.action import Action
from ..actions.ref import ActionRef, signed
from ..actions.shared import is_shared, shared
from ..errors import ForgedReference, UnknownAction
from .component import Component, describe
from .node import walk


def lookup(page: Component, token: str) -> ActionRef[..., Any]:
    """The reference that a token from outside means.

    `UnknownAction` when there is none of that name; `ForgedReference` when its arguments weren't
    written by this application for this page.
    """
    path, *rest = token.split("~", 1)
    component, action = _find(page, path)
    if not rest and not is_shared(path):
        return component._live_node.reference(action)
    text, _, mac = rest[0].rpartition("~") if rest else ("", "", "")
    if not page.live.signer.verify(signed(component, f"{path}~{text}"), mac):
        raise ForgedReference("these arguments were not written here")
    unbound = component._live_node.reference(action)
    return ActionRef(component, action, unbound.path, binding.read(action.plan, text)) if text else unbound


def find(page: Component, key: str) -> Action[..., Any]:
    """The action of an `ActionRef.key`. `UnknownAction` when there is none."""
    return _find(page, key.partition("~")[0])[1]


def named(cls: type[Component], token: str) -> Action[..., Any] | None:
    """The action that a token from outside names, as far as a page's class tells: before there is a page,
    to know what may be sent to it.
    """
    path = token.partition("~")[0]
    if is_shared(path):
        return shared(path)
    description, (*steps, name) = describe(cls), path.split(".")
    for step in steps:
        field = description.fields.get(step)
        if field is not None and field.children is not None:
            description = describe(field.children.annotation)
    return description.references.get(name)


def current(page: Component, ref: ActionRef[..., Any]) -> ActionRef[..., Any]:
    """The same reference in the page as it is now: its component may have moved, or been replaced.

    `UnknownAction` when neither the component nor another one at its path is there.
    """
    if ref.component is page or _is_in(page, ref.component):
        return ref
    component, action = _find(page, ref.path)
    if action is not ref.action:
        raise UnknownAction("no such action")
    return ActionRef(component, action, ref.path, ref.args)


def _is_in(page: Component, component: Component) -> bool:
    return any(component is one for _, one in walk(page))


def _find(page: Component, path: str) -> tuple[Component, Action[..., Any]]:
    if is_shared(path):
        return page, _shared(page, path)
    *steps, name = path.split(".")
    component = page
    while steps:
        component = _step(component, steps)
    node = component._live_node
    action = node.description.references.get(name) or node.closures.find(name)
    if action is None:
        raise UnknownAction("no such action")
    return component, action


def _shared(page: Component, name: str) -> Action[..., Any]:
    """The action of no page, unless it wants a page of another class."""
    action = shared(name)
    if action is None:
        raise UnknownAction("no such action")
    wanted = [one.classes for one in action.plan.injected if one.kind == "component"]
    if not all(isinstance(page, classes) for classes in wanted):
        raise UnknownAction("this action needs the page that it was called from")
    return action


def _step(component: Component, steps: list[str]) -> Component:
    """The component that the first of `steps` lead to; they are taken."""
    field = component._live_node.description.fields.get(steps.pop(0))
    if field is None or field.children is None:
        raise UnknownAction("no such action")
    try:
        found = field.children.at(component.__dict__.get(field.name), steps)
    except LookupError:
        raise UnknownAction("no such action") from None
    assert isinstance(found, Component)
    return found
