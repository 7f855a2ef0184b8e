"""Dependencies: what a parameter asks a function for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .annotations import Mark, is_foreign_depends, unwrap


@dataclass(frozen=True)
class Depends(Mark):
    """Marks a parameter that a function provides: ``Annotated[Session, Depends(session)]``.

    The function may be sync (it runs in a thread) or async, or a generator that yields once and cleans up
    when the scope closes. Its own parameters are injected too. It is called once per scope unless
    `use_cache` is false.
    """

    dependency: Callable[..., Any]
    use_cache: bool = True


def dependency_of(annotation: Any, default: Any) -> Depends | None:
    """The dependency that a parameter asks for, with our marker or FastAPI's, which isn't imported."""
    plain, marks = unwrap(annotation)
    for mark in (*reversed(marks), default):
        if isinstance(mark, Depends):
            return mark
        if is_foreign_depends(mark):
            return Depends(mark.dependency or plain, bool(getattr(mark, "use_cache", True)))
    return None
