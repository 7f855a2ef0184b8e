"""A page's address: its path, and the query string of its in-URL fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

from pydantic import ValidationError
from starlette.convertors import Convertor, PathConvertor
from starlette.routing import compile_path

from ..actions.control import not_found
from ..actions.input import Input
from ..actions.nested import LEAF, Node, TooMany
from ..actions.readers import MISSING
from ..errors import path_name
from .fields import Field
from .node import walk

if TYPE_CHECKING:
    from .component import Component
    from .page import Page


@dataclass(frozen=True)
class Route:
    """Where a page class stands in its application: ``/room/{room}``."""

    path: str

    @cached_property
    def _compiled(self) -> tuple[str, dict[str, Convertor[Any]]]:
        _, format, convertors = compile_path(self.path)
        return format, convertors

    @property
    def names(self) -> frozenset[str]:
        """Path parameters."""
        return frozenset(self._compiled[1])

    def format(self, values: Mapping[str, Any]) -> str:
        """The path with these parameters, quoted. `ValueError` for a value that can't stand in it."""
        format, convertors = self._compiled
        return format.format_map({name: _quoted(one, values[name]) for name, one in convertors.items()})


def _quoted(convertor: Convertor[Any], value: Any) -> str:
    try:
        return quote(convertor.to_string(value), safe="/" if isinstance(convertor, PathConvertor) else "")
    except AssertionError as error:
        raise ValueError(f"{value!r} can't be part of a path: {error}") from None


def class_url(name: str, route: Route, fields: Mapping[str, Field], given: Mapping[str, Any]) -> str:
    """The address of a page class with `given` fields. `TypeError` for one that isn't in it, or missing."""
    query = {key: field for key, field in fields.items() if field.url and key not in route.names}
    unknown = given.keys() - query.keys() - route.names
    if unknown:
        raise TypeError(f"{name}'s address has no {', '.join(sorted(unknown))}")
    missing = [key for key in route.names if key not in given and fields[key].default is MISSING]
    if missing:
        raise TypeError(f"{name}'s address needs {', '.join(sorted(missing))}")
    path = {key: given[key] if key in given else fields[key].default for key in route.names}
    pairs = [pair for key in query if key in given for pair in _pairs(query[key], key, given[key])]
    return _with_query(route.format(path), pairs)


def path_url(path: str, root_path: str, values: Mapping[str, Any]) -> str:
    """The address of a path with its parameters; the other values stand in the query, unless they are None.

    `TypeError` for a parameter that is missing, `ValueError` for what is no path.
    """
    if not path.startswith("/"):
        raise ValueError(f"url({path!r}): a path of the application begins with a slash")
    route = _route(path)
    missing = route.names - values.keys()
    if missing:
        raise TypeError(f"url({path!r}) needs {', '.join(sorted(missing))}")
    query = [(name, str(value)) for name, value in values.items() if value is not None]
    return _with_query(
        quote(root_path, safe="/") + route.format(values),
        [pair for pair in query if pair[0] not in route.names],
    )


@lru_cache(maxsize=256)
def _route(path: str) -> Route:
    return Route(path)


def page_url(page: Page, /, **changes: Any) -> str:
    """An open page's address, with some of its fields changed; a component's by path, ``users.sort``.

    `TypeError` for a field that isn't in the address.
    """
    route = page._live_route
    pairs: list[tuple[str, str]] = []
    for name, component, field in fields_in_url(page):
        if name not in route.names:
            value = changes.pop(name) if name in changes else component.__dict__.get(field.name, MISSING)
            pairs += _pairs(field, name, value)
    moved = {name: changes.pop(name) for name in list(changes) if name in route.names}
    if changes:
        raise TypeError(f"url(): {', '.join(sorted(changes))} isn't in this page's address")
    path = page.live.path
    if moved:
        values = {name: moved.get(name, page.__dict__.get(name)) for name in route.names}
        path = quote(page.live.root_path, safe="/") + route.format(values)
    return _with_query(path, pairs)


def fields_in_url(page: Component) -> Iterable[tuple[str, Component, Field]]:
    """Name in the query, component and field of all fields of a page that stand in its address."""
    for path, component in walk(page):
        for field in component._live_node.description.in_url:
            yield (f"{path}.{field.name}" if path else field.name), component, field


def in_url_values(page: Component) -> list[Any]:
    """Values of the fields that stand in a page's address."""
    return [component.__dict__.get(field.name, MISSING) for _, component, field in fields_in_url(page)]


def follow(page: Page, before: Sequence[Any]) -> bool | None:
    """Gives an open page the address that its fields say, if they aren't what they were `before`.

    Whether that is an entry of the browser's history; None when nothing has changed.
    """
    fields = [field for _, _, field in fields_in_url(page)]
    now = in_url_values(page)
    if now == before or len(now) != len(before):
        return None
    target = urlsplit(page_url(page))
    page.live.address = (
        urlsplit(page.live.address)._replace(path=target.path, query=target.query, fragment="").geturl()
    )
    changed = [field for field, old, new in zip(fields, before, now, strict=True) if old != new]
    return any(field.url is not None and field.url.push for field in changed)


def fill_from_path(page: Page, values: Mapping[str, Any]) -> None:
    """Sets the fields that are path parameters. Raises `not_found()` when one doesn't fit."""
    fields = page._live_node.description.fields
    for name, value in values.items():
        if name not in fields:
            continue
        try:
            page.__dict__[name] = fields[name].codec.parse(value)
        except ValidationError:
            raise not_found() from None


def fill_from_query(page: Component, query: Iterable[tuple[str, str]], path: Iterable[str] = ()) -> None:
    """Sets the in-URL fields. One that isn't there or doesn't fit gets its default."""
    given = Input(query)
    for name, component, field in fields_in_url(page):
        if name in path:
            continue
        value = _parsed(field, name, given)
        if value is not MISSING:
            component.__dict__[field.name] = value


def _parsed(field: Field, name: str, given: Input) -> Any:
    if not any(known == name or known.startswith((f"{name}.", f"{name}[")) for known, _ in given.pairs):
        return field.fresh()
    inside = "." in name  # a component's field: only its own values, nothing structured
    try:
        node: Node = (
            {LEAF: given.by_name.get(name, [])} if inside else given.node(name, field.reader.structured)
        )
        raw = field.reader.read(node)
        return field.fresh() if raw is MISSING else field.codec.parse(raw)
    except (ValidationError, TooMany):
        return field.fresh()


def _pairs(field: Field, name: str, value: Any) -> list[tuple[str, str]]:
    """A field's part of the query; none when it has its default value."""
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


def _with_query(path: str, pairs: list[tuple[str, str]]) -> str:
    return f"{path}?{urlencode(pairs)}" if pairs else path
