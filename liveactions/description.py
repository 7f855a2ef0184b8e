"""What a component's class consists of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .action import Action
from .every import Timer
from .fields import Field


@dataclass(frozen=True)
class Description:
    """A component's class, read once. Names are in the order of definition, bases first."""

    cls: type[Any]
    template: str | None
    fields: Mapping[str, Field]
    state: tuple[Field, ...]
    """Fields that the snapshot carries, those with children too."""
    in_url: tuple[Field, ...]
    children: tuple[Field, ...]
    """Fields that hold components."""
    actions: Mapping[str, Action[..., Any]]
    """By the name that templates use."""
    references: Mapping[str, Action[..., Any]]
    """By the name in references, aliases too."""
    timers: tuple[Timer, ...]
    hooks: Mapping[str, Callable[..., Any]]
    """``mount load connected disconnected closed``, where the class has its own."""
