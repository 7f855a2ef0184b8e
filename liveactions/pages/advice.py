"""What debug mode points out in a page's actions."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from logging import getLogger
from typing import Any

from ..actions.action import Action
from .component import describe

log = getLogger("liveactions")


def advise_on_page(cls: Any) -> None:
    """Looks at the actions of a page's class, and of the components in its fields."""
    with suppress(TypeError):  # an annotation that isn't defined yet
        description = describe(cls)
        advise(description.actions.values())
        for field in description.children:
            if field.children is not None and field.children.cls is not cls:
                advise_on_page(field.children.annotation)


def advise(actions: Iterable[Action[..., Any]]) -> None:
    """Points out parameters that aren't what they look like."""
    for action in actions:
        for one in action.plan.parameters:
            if one.kind == "field" and not one.is_model:
                _advise_on_field(action.__qualname__, one.name)


def _advise_on_field(action: str, name: str) -> None:
    if name == "id" or name.endswith("_id"):
        log.warning(
            "%s: anyone may send any %s. If the page is to choose it, annotate it as Bound[...];"
            " if a visitor chooses it, look whether they may.",
            action,
            name,
        )
    if name == "request":
        log.warning(
            "%s: request is a field of the form as it stands. If it is to be the request, annotate it as"
            " Starlette's Request.",
            action,
        )
