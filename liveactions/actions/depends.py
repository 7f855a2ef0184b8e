"""Dependencies: what a parameter asks a function for, and guards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

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


class DependsLike(Protocol):
    """`Depends`, or that of FastAPI."""

    @property
    def dependency(self) -> Callable[..., Any] | None: ...
    @property
    def use_cache(self) -> bool: ...


Guard = Callable[..., Any] | DependsLike
Guards = Guard | Sequence[Guard]


def guards_of(given: Guards) -> tuple[Depends, ...]:
    """The dependencies of one guard, or of several. `TypeError` for what is none."""
    guards = given if isinstance(given, Sequence) else (given,)
    return tuple(map(_guard, guards))


def _guard(guard: Guard) -> Depends:
    depends = _depends(guard, None)
    if depends is not None:
        return depends
    if not callable(guard):
        raise TypeError(f"a guard is a function, or Depends(function), not {guard!r}")
    return Depends(guard)


def dependency_of(annotation: Any, default: Any) -> Depends | None:
    """The dependency that a parameter asks for, with our marker or FastAPI's, which isn't imported."""
    plain, marks = unwrap(annotation)
    for mark in (*reversed(marks), default):
        depends = _depends(mark, plain)
        if depends is not None:
            return depends
    return None


def _depends(mark: Any, annotated: Any) -> Depends | None:
    """What a marker means; None when it is none of a dependency."""
    if isinstance(mark, Depends):
        return mark
    if is_foreign_depends(mark):
        return Depends(mark.dependency or annotated, bool(getattr(mark, "use_cache", True)))
    return None
