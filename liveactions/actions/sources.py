"""Where FastAPI's markers `Header`, `Cookie`, `Query` and `Path` read a parameter from."""

from __future__ import annotations

import inspect
from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from pydantic_core import PydanticUndefined
from starlette.requests import Request

from ..type_hints import is_of_fastapi, unwrap
from .form_input import MISSING

Place = Literal["header", "cookie", "query", "path"]
HEAD: Final[Mapping[str, Place]] = {"Header": "header", "Cookie": "cookie"}
"""Markers that mean the same everywhere."""
PLACES: Final[Mapping[str, Place]] = {**HEAD, "Query": "query", "Path": "path"}
"""Markers for dependencies. On a page, parameters from its address are fields instead."""
BODIES: Final = frozenset({"Body", "Form", "File"})


@dataclass(frozen=True)
class Source:
    """A place in the request, and a name there. `default` is `MISSING` for required values."""

    place: Place
    name: str
    default: Any = MISSING

    def read(self, request: Request, query: Mapping[str, str]) -> Any:
        """Return the text, or `MISSING`. `query` is the page's own query string: a socket has none."""
        found: Mapping[str, Any] = query
        if self.place != "query":
            found = {"header": request.headers, "cookie": request.cookies, "path": request.path_params}[
                self.place
            ]
        return found.get(self.name, MISSING)


def source_of(
    name: str, annotation: Any, default: Any, places: Mapping[str, Place]
) -> tuple[Source, Any] | None:
    """Return where a parameter is read from and its type; None without a marker."""
    mark = marked(annotation, default, places)
    if mark is None:
        return None
    place = places[type(mark).__name__]
    known = mark.validation_alias if isinstance(mark.validation_alias, str) else mark.alias
    if not known:
        known = name.replace("_", "-") if getattr(mark, "convert_underscores", False) else name
    if default is mark or default is inspect.Parameter.empty:
        default = mark.get_default(call_default_factory=True)
    if default is PydanticUndefined or default is ...:
        default = MISSING
    plain, marks = unwrap(annotation)
    pieces = (*(one for one in marks if one is not mark), *mark.metadata)
    return Source(place, known, default), Annotated[(plain, *pieces)] if pieces else plain


def marked(annotation: Any, default: Any, names: Container[str]) -> Any:
    """Return a parameter's FastAPI marker whose class has one of these names; None if there is none."""
    for mark in (*reversed(unwrap(annotation)[1]), default):
        if is_of_fastapi(mark) and type(mark).__name__ in names:
            return mark
    return None
