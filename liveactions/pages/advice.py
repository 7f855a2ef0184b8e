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
    with suppress(NameError):  # an annotation that isn't defined yet
        description = describe(cls)
        advise(description.actions.values())
        for field in description.children:
            if field.children is not None and field.children.cls is not cls:
                advise_on_page(field.children.annotation)


def advise(actions: Iterable[Action[..., Any]]) -> None:
    """Points out parameters that look as if the page chose their values, which in truth anyone may send."""
    for action in actions:
        for one in action.plan.parameters:
            if one.kind == "field" and not one.is_model and (one.name == "id" or one.name.endswith("_id")):
                log.warning(
                    "%s: anyone may send any %s. If the page is to choose it, annotate it as Bound[...];"
                    " if a visitor chooses it, look whether they may.",
                    action.__qualname__,
                    one.name,
                )
