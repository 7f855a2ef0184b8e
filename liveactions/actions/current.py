"""Whose template is being rendered, or whose action is running."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

from ..effects import open_effects

if TYPE_CHECKING:
    from ..pages.component import Component

CURRENT: ContextVar[Component | None] = ContextVar("liveactions_component", default=None)
"""Set while its template is rendered."""


def current() -> Component:
    """`RuntimeError` where neither a template is rendered nor an action runs."""
    component, effects = CURRENT.get(), open_effects()
    if component is None and effects is not None:
        component = effects.live.page
    if component is None:
        raise RuntimeError("no page is being rendered or runs an action here; use page.name.bind(...)")
    return component
