"""Whose template is being rendered, or whose action is running."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..pages.component import Component

CURRENT: ContextVar[Component | None] = ContextVar("liveactions_component", default=None)
"""Set while a template is rendered, and while an action runs."""


def current() -> Component:
    """`RuntimeError` where neither a template is rendered nor an action runs."""
    component = CURRENT.get()
    if component is None:
        raise RuntimeError("no page is being rendered or runs an action here; use page.name.bind(...)")
    return component
