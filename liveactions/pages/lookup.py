"""Finds the action that a text from the browser names. Nothing else is looked up by names from outside.

The signature of a reference is verified before the action is used. Scripts may call the actions of a module
that have ``js=True``, by name.
"""

from __future__ import annotations

from typing import Any, Final

from ..actions import bound_arguments
from ..actions.action import Action, ActionRef
from ..actions.decorator import is_module_action, module_action, module_action_name, module_actions
from ..actions.run_context import Owner
from ..exceptions import ForgedReference, UnknownAction
from ..logs import get_logger
from ..security.references import Reference
from .component import Component, describe, walk

log = get_logger(__name__)
LOGGED: Final = 200
"""Maximum number of characters of a rejected reference to log."""


def lookup(page: Component, token: str) -> ActionRef[..., Any]:
    """Return the reference that a token from the browser names.

    Raise `UnknownAction` if there is no such action, and `ForgedReference` if the token wasn't signed by this
    application for this page and visitor. Only actions with ``js=True`` need no signature.
    """
    return page._live_record.tokens.get(token) or resolve(page, Reference.parse(token))


def resolve(page: Component, given: Reference) -> ActionRef[..., Any]:
    """Return the reference that a parsed token names; see `lookup`."""
    component, action = _find(page, given.path)
    if not _is_offered(page, given, action):
        raise ForgedReference("this reference wasn't signed for this page and visitor")
    unbound = component._live_record.reference(action)
    if not given.args:
        return unbound
    args = bound_arguments.read(action.plan, given.args)
    return ActionRef(component, action, unbound.path, args, unbound.context)


def find(page: Component, key: str) -> Action[..., Any]:
    """Return the action of an `ActionRef.key`. Raise `UnknownAction` if there is none."""
    return _find(page, Reference.parse(key).path)[1]


def lookup_key(page: Component, token: str) -> str:
    """Return the `ActionRef.key` for a token from the browser, without verifying the token.

    Raise `UnknownAction` if there is no such action.
    """
    given = Reference.parse(token)
    component, action = _find(page, given.path)
    return given._replace(path=component._live_record.reference(action).path).key


def declared_action(page: Component, token: str) -> Action[..., Any] | None:
    """Return the action that a token from the browser names, if the page's class declares it.

    This works before the page is restored, to decide which request bodies to accept. Return None if there is
    no such action, or the token has no valid signature.
    """
    given = Reference.parse(token)
    action = module_action(given.path) if is_module_action(given.path) else _declared(type(page), given.path)
    if action is None or not _is_offered(page, given, action):
        return None
    record = page._live_record
    if given.mac and not given.args and record.description.references.get(given.path) is action:
        record.note_token(record.reference(action), token)  # `lookup` needn't verify it again
    return action


def log_refused(page: Component, token: str, error: Exception) -> None:
    """Log that a reference from the browser was rejected, because it is outdated or forged."""
    cls = type(page)
    log.warning("%s.%s: rejected call of %.*r: %s", cls.__module__, cls.__qualname__, LOGGED, token, error)


def _is_offered(page: Component, given: Reference, action: Action[..., Any]) -> bool:
    """Return whether the reference was signed for the page, or needs no signature."""
    if action.js and not given.args and not given.mac:
        return True
    live = page.live
    signer = live.services.signer
    return given.is_signed(signer, live.context) or (
        live.former_context != live.context and given.is_signed(signer, live.former_context)
    )


def _declared(cls: type[Component], path: str) -> Action[..., Any] | None:
    description, (*steps, name) = describe(cls), path.split(".")
    for step in steps:
        field = description.fields.get(step)
        if field is not None and field.children is not None:
            description = describe(field.children.annotation)
    return description.find(name)


def current_reference(page: Component, ref: ActionRef[..., Any]) -> ActionRef[..., Any]:
    """Return the reference with the component that the page has at its path now, if its own has been
    replaced.

    Raise `UnknownAction` if there is none.
    """
    if ref.component is page or _is_in(page, ref.component):
        return ref
    component, action = _find(page, ref.path)
    if action is not ref.action:
        raise UnknownAction("no such action")
    if not ref.args:
        return action.refer(component, ref.path, ref.context)
    return ActionRef(component, action, ref.path, ref.args, ref.context)


def _is_in(page: Component, component: Owner) -> bool:
    return any(component is one for _, one in walk(page))


def _find(page: Component, path: str) -> tuple[Component, Action[..., Any]]:
    if is_module_action(path):
        return page, _module_action(page, path)
    *steps, name = path.split(".")
    component = page
    while steps:
        component = _step(component, steps)
    record = component._live_record
    action = record.description.find(name) or record.closures.find(name)
    if action is None:
        raise UnknownAction("no such action")
    return component, action


def _module_action(page: Component, name: str) -> Action[..., Any]:
    """Return the action of a module, unless it requires a page of another class."""
    action = module_action(name)
    if action is None:
        raise UnknownAction("no such action")
    wanted = [one.classes for one in action.plan.injected if one.kind == "component"]
    if not all(isinstance(page, classes) for classes in wanted):
        raise UnknownAction("this action needs the page it was rendered in")
    return action


def _step(component: Component, steps: list[str]) -> Component:
    """Return the component that the first of `steps` lead to, and remove the steps that were used."""
    field = component._live_record.description.fields.get(steps.pop(0))
    if field is None or field.children is None:
        raise UnknownAction("no such action")
    try:
        found = field.children.at(component.__dict__.get(field.name), steps)
    except LookupError:
        raise UnknownAction("no such action") from None
    assert isinstance(found, Component)
    return found


def lookup_function(page: Component, name: str) -> ActionRef[..., Any]:
    """Return a page's reference to ``module:function``. Raise `UnknownAction` if scripts can't call it."""
    module, _, own = name.partition(":")
    action = module_actions(module).get(own)
    if action is None or not action.js:
        raise UnknownAction("no such function")
    return ActionRef(page, action, module_action_name(action), context=page.live.context)
