"""A page's address: its path, and the query string with its in-URL fields."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Final
from urllib.parse import parse_qsl, quote, unquote, urlencode

from starlette.convertors import Convertor, PathConvertor
from starlette.datastructures import URL
from starlette.requests import Request
from starlette.routing import compile_path

from ..actions.form_input import MISSING
from ..actions.request import PageRequest
from ..exceptions import path_name
from ..protocol.constants import FIELD_ACTION, FIELD_BOUND, FIELD_SNAPSHOT
from .fields import Field

_PARAMETER: Final = re.compile(r"{\w+}")


@dataclass(frozen=True)
class Route:
    """The path of a page class in its application: ``/room/{room}``. Raise `ValueError` if it is invalid."""

    path: str

    def __post_init__(self) -> None:
        if not self.path.startswith("/"):
            raise ValueError(f"a path must begin with a slash: {self.path!r}")
        if set(_PARAMETER.sub("", self._compiled[0])) & {"{", "}"}:
            raise ValueError(f"a path parameter is written {{name}} or {{name:int}}: {self.path!r}")

    @cached_property
    def _compiled(self) -> tuple[str, dict[str, Convertor[Any]]]:
        _, format, convertors = compile_path(self.path)
        return format, convertors

    @property
    def names(self) -> frozenset[str]:
        """The names of the path parameters."""
        return frozenset(self._compiled[1])

    def format(self, values: Mapping[str, Any]) -> str:
        """Return the path with these parameters, quoted.

        Raise `ValueError` for a value that can't be in a path.
        """
        format, convertors = self._compiled
        return format.format_map({name: _quoted(one, values[name]) for name, one in convertors.items()})


def _quoted(convertor: Convertor[Any], value: Any) -> str:
    try:
        return quote(convertor.to_string(value), safe="/" if isinstance(convertor, PathConvertor) else "")
    except AssertionError as error:
        raise ValueError(f"{value!r} can't be part of a path: {error}") from None


def class_url(name: str, route: Route, fields: Mapping[str, Field], given: Mapping[str, Any]) -> str:
    """Return the address of a page class with the `given` fields.

    Raise `TypeError` for fields that are unknown or missing.
    """
    query = {key: field for key, field in fields.items() if field.url and key not in route.names}
    unknown = given.keys() - query.keys() - route.names
    if unknown:
        raise TypeError(f"{name}'s address has no {', '.join(sorted(unknown))}")
    missing = [key for key in route.names if key not in given and fields[key].default is MISSING]
    if missing:
        raise TypeError(f"{name}'s address needs {', '.join(sorted(missing))}")
    path = {key: given[key] if key in given else fields[key].default for key in route.names}
    pairs = [pair for key in query if key in given for pair in query_pairs(query[key], key, given[key])]
    return with_query(route.format(path), pairs)


def path_url(path: str, root_path: str, values: Mapping[str, Any]) -> str:
    """Return the URL of a path with its parameters. Other values become the query string, unless they are
    None.

    Raise `TypeError` if a parameter is missing, and `ValueError` if `path` isn't a path.
    """
    if not path.startswith("/"):
        raise ValueError(f"url({path!r}): a path must begin with a slash")
    route = _route(path)
    missing = route.names - values.keys()
    if missing:
        raise TypeError(f"url({path!r}) needs {', '.join(sorted(missing))}")
    query = [(name, str(value)) for name, value in values.items() if value is not None]
    return with_query(
        quote(root_path, safe="/") + route.format(values),
        [pair for pair in query if pair[0] not in route.names],
    )


@lru_cache(maxsize=256)
def _route(path: str) -> Route:
    return Route(path)


def query_pairs(field: Field, name: str, value: Any) -> list[tuple[str, str]]:
    """Return a field's part of the query string: empty if the field has its default value."""
    if value is MISSING or (type(value) is type(field.default) and value == field.default):
        return []
    return [(path_name(path), text) for path, text in _texts(field.codec.dump(value), (name,))]


def _texts(data: Any, path: tuple[str | int, ...]) -> Iterable[tuple[tuple[str | int, ...], str]]:
    if isinstance(data, dict):
        for key, value in data.items():
            yield from _texts(value, (*path, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from _texts(value, (*path, index) if isinstance(value, (list, dict)) else path)
    elif data is not None:
        yield (
            path,
            data if isinstance(data, str) else str(data).lower() if isinstance(data, bool) else str(data),
        )


def with_query(path: str, pairs: list[tuple[str, str]]) -> str:
    return f"{path}?{urlencode(pairs)}" if pairs else path


def own_url(request: Request) -> str:
    """Return a request's absolute URL, quoted, without the library's parameters and without the hash."""
    scope = request.scope
    origin = _origin(
        scope.get("scheme", "http"), request.headers.get("host"), tuple(scope.get("server") or ())
    )
    return with_query(origin + _quoted_path(scope["path"]), own_query(request))


@lru_cache(maxsize=256)
def _quoted_path(path: str) -> str:
    return quote(path, safe=_IN_PATH)


@lru_cache(maxsize=256)
def _origin(scheme: str, host: str | None, server: tuple[Any, ...]) -> str:
    """Return the origin of a request, "" if it is unknown. Starlette checks the host."""
    headers = [(b"host", host.encode("latin-1"))] if host is not None else []
    url = URL(scope={"scheme": scheme, "server": server or None, "path": "/", "headers": headers})
    return f"{url.scheme}://{url.netloc}" if url.netloc else ""


_IN_PATH: Final = "/:@!$&'()*+,;=~"


def own_query(of: Request | str) -> list[tuple[str, str]]:
    """Return the parameters of a page's request, or of a query string, except the library's own."""
    if isinstance(of, PageRequest):
        pairs = of.query_params.multi_items() if of.query else []
    else:
        pairs = parse_qsl(of if isinstance(of, str) else of.url.query, keep_blank_values=True)
    return [(name, value) for name, value in pairs if name not in (FIELD_SNAPSHOT, FIELD_ACTION, FIELD_BOUND)]


def is_at(url: str, path: str) -> bool:
    """Return whether `url` (path and query) has this path. Both are quoted, perhaps differently."""
    own = url.partition("?")[0]
    return own == path or unquote(own) == unquote(path)


def path_and_query(address: str) -> str:
    """Return the path and query of a page's address, which is an absolute URL."""
    return address[address.index("/", address.index("://") + 3) :]
