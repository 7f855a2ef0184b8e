"""What of a Python module scripts may call: its actions with ``js=True``, under JavaScript names."""

from __future__ import annotations

import re
from typing import Any, Final

from ..actions.action import Action
from ..actions.params import Parameter
from ..actions.ref import ActionRef
from ..actions.shared import module_actions, shared_name
from ..errors import UnknownAction
from ..pages.page import Page

RESERVED: Final = frozenset(
    "arguments await break case catch class const continue debugger default delete do else enum eval export "
    "extends false finally for function if implements import in instanceof interface let new null package "
    "private protected public return static super switch this throw true try typeof var void while with "
    "yield".split()
)


def exported(module: str) -> dict[str, Action[..., Any]]:
    """The functions of a module by their JavaScript names: ``add_to_cart`` is ``addToCart``."""
    actions = module_actions(module)
    return {script_name(name): action for name, action in sorted(actions.items()) if action.js}


def function(page: Page, name: str) -> ActionRef[..., Any]:
    """The action of ``module:function`` on a page. `UnknownAction` when scripts can call none."""
    module, _, own = name.partition(":")
    action = module_actions(module).get(own)
    if action is None or not action.js:
        raise UnknownAction("no such function")
    return ActionRef(page, action, shared_name(action), context=page.live.context)


def parameters(action: Action[..., Any]) -> tuple[Parameter, ...]:
    """What a script gives, in order."""
    return tuple(one for one in action.plan.named if one.kind == "field")


def script_name(name: str) -> str:
    """A Python name as JavaScript writes it."""
    head, *rest = [part for part in name.split("_") if part] or [name]
    name = head + "".join(part[:1].upper() + part[1:] for part in rest)
    name = re.sub(r"\W", "_", name)
    return f"{name}_" if name in RESERVED else name
