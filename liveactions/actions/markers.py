"""Markers in annotations that determine how a parameter is filled: the library's own, and FastAPI's.

`Depends`, `Bound` and `Prev` are the library's. FastAPI's markers are recognised without importing FastAPI:
its `Depends`, and `Header`, `Cookie`, `Query` and `Path`, which read a parameter from the request.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, Protocol, TypeVar

from pydantic_core import PydanticUndefined
from starlette.requests import Request

from ..type_hints import Marker, is_foreign_depends, is_of_fastapi, unwrap
from .form_input import MISSING

T = TypeVar("T")


@dataclass(frozen=True)
class Depends(Marker):
    """A parameter whose value a function provides: ``Annotated[Session, Depends(session)]``.

    The function may be sync (it then runs in a thread), async, or a generator that yields once and cleans up
    when the run ends. Its own parameters are injected too. It is called once per run unless `use_cache` is
    false.
    """

    dependency: Callable[..., Any]
    use_cache: bool = True


class DependsLike(Protocol):
    """`Depends`, or FastAPI's."""

    @property
    def dependency(self) -> Callable[..., Any] | None: ...
    @property
    def use_cache(self) -> bool: ...


Guard = Callable[..., Any] | DependsLike
Guards = Guard | Sequence[Guard]


def guards_of(given: Guards) -> tuple[Depends, ...]:
    """Return the dependencies of one or several guards. Raise `TypeError` for anything else."""
    guards = given if isinstance(given, Sequence) else (given,)
    return tuple(map(_guard, guards))


def _guard(guard: Guard) -> Depends:
    depends = _depends(guard, None)
    if depends is not None:
        return depends
    if not callable(guard):
        raise TypeError(f"a guard must be a function or Depends(function), not {guard!r}")
    return Depends(guard)


def dependency_of(annotation: Any, default: Any) -> Depends | None:
    """Return a parameter's dependency, declared with the library's marker or FastAPI's."""
    plain, marks = unwrap(annotation)
    for mark in (*reversed(marks), default):
        depends = _depends(mark, plain)
        if depends is not None:
            return depends
    return None


def _depends(mark: Any, annotated: Any) -> Depends | None:
    """Return the dependency that a marker declares; None if it declares none."""
    if isinstance(mark, Depends):
        return mark
    if is_foreign_depends(mark):
        return Depends(mark.dependency or annotated, bool(getattr(mark, "use_cache", True)))
    return None


class NamedMarker(Marker):
    """A marker without options, shown by its name."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name


class BoundMarker(NamedMarker):
    """Marks a parameter that only a template can fill."""


class PrevMarker(NamedMarker):
    """Marks a parameter that receives the action's previous result."""


Bound = Annotated[T, BoundMarker("Bound")]
"""A parameter that only bound arguments fill: visitors can't choose it."""
Prev = Annotated[T | None, PrevMarker("Prev")]
"""The previous result of this action on this page, for the same binding; None at first."""


@dataclass(frozen=True)
class Event:
    """Details of the browser event that called the action. Empty for a submitted form."""

    type: str = ""
    """The event's name, such as ``keydown``."""
    key: str = ""
    """The key, as the browser names it: ``Enter``, ``a``."""
    x: float = 0.0
    """The distance of the pointer from the left edge of the window, in CSS pixels."""
    y: float = 0.0
    """The distance of the pointer from the upper edge of the window, in CSS pixels."""
    detail: Any = None
    """The ``detail`` of a ``CustomEvent`` that a script has dispatched, as JSON data."""


RequestPart = Literal["header", "cookie", "query", "path"]
HEADER_PARTS: Final[Mapping[str, RequestPart]] = {"Header": "header", "Cookie": "cookie"}
"""FastAPI's markers that can be used on all functions."""
REQUEST_PARTS: Final[Mapping[str, RequestPart]] = {**HEADER_PARTS, "Query": "query", "Path": "path"}
"""FastAPI's markers that can be used on dependencies. A page has fields for its address instead."""
BODIES: Final = frozenset({"Body", "Form", "File"})
"""FastAPI's markers for the request body, which can't be used."""


@dataclass(frozen=True)
class Source:
    """A part of the request, and a name in it. `default` is `MISSING` for required values."""

    part: RequestPart
    name: str
    default: Any = MISSING

    def read(self, request: Request, query: Mapping[str, str]) -> Any:
        """Return the text, or `MISSING`. `query` is the page's own query string: a socket has none."""
        found: Mapping[str, Any] = query
        if self.part != "query":
            found = {"header": request.headers, "cookie": request.cookies, "path": request.path_params}[
                self.part
            ]
        return found.get(self.name, MISSING)


def source_of(
    name: str, annotation: Any, default: Any, parts: Mapping[str, RequestPart]
) -> tuple[Source, Any] | None:
    """Return where a parameter is read from and its type; None without a marker."""
    mark = marked(annotation, default, parts)
    if mark is None:
        return None
    part = parts[type(mark).__name__]
    known = mark.validation_alias if isinstance(mark.validation_alias, str) else mark.alias
    if not known:
        known = name.replace("_", "-") if getattr(mark, "convert_underscores", False) else name
    if default is mark or default is inspect.Parameter.empty:
        default = mark.get_default(call_default_factory=True)
    if default is PydanticUndefined or default is ...:
        default = MISSING
    plain, marks = unwrap(annotation)
    pieces = (*(one for one in marks if one is not mark), *mark.metadata)
    return Source(part, known, default), Annotated[(plain, *pieces)] if pieces else plain


def marked(annotation: Any, default: Any, names: Container[str]) -> Any:
    """Return a parameter's FastAPI marker whose class has one of these names; None if there is none."""
    for mark in (*reversed(unwrap(annotation)[1]), default):
        if is_of_fastapi(mark) and type(mark).__name__ in names:
            return mark
    return None
