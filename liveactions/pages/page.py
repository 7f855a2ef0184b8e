"""Pages: components with an address.

`fill_from_address` sets the fields that are in the address when a page is opened, and `update_address` writes
them back when an action has changed them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar
from urllib.parse import quote, urlsplit

from markupsafe import Markup
from pydantic import ValidationError

from ..actions.form_input import LEAF, MISSING, Input, Node, TooMany
from ..actions.markers import Depends
from ..actions.responses import not_found
from ..actions.run_context import current_effects
from ..cache.tags import Reading
from ..templates import page_from_render, raw_page
from .component import Component, attach, components_of, describe, set_defaults, walk
from .fields import Field
from .live_context import LiveContext
from .urls import Route, class_url, is_at, own_query, path_url, query_pairs, with_query

if TYPE_CHECKING:
    from ..templates.fragments import Fragment
    from .live_context import Render, View


P = TypeVar("P", bound="Page")
_takes_event = attrgetter("takes_event")
_ERROR_HTML = Markup("""<!doctype html>
<html>
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title></head>
<body><h1>{title}</h1><p>{message}</p></body>
</html>
""")


class Page(Component):
    """The root component of an open page, with an address."""

    __slots__ = ()

    _live_own: ClassVar[bool] = True
    _live_route: ClassVar[Route] = Route("/")
    _live_guards: ClassVar[tuple[Depends, ...]] = ()
    _live_defines_actions: ClassVar[bool] = False
    """Whether the page is a function, which defines its actions when it runs."""

    def __fragment__(self, previous: Fragment | None) -> Fragment:
        """Render the page. Raise `TypeError` if it has neither a template nor another way to render."""
        live, reading = self.live, Reading("render")
        reading.begin()
        token = None if live.effects is None or live.effects.is_closed else current_effects.set(live.effects)
        try:
            drawn: Fragment = super().__fragment__(previous)
            return raw_page(drawn.plain()) if live.is_raw else drawn
        finally:
            if token is not None:
                current_effects.reset(token)
            reading.end()
            if reading.tags or live.reads:
                live.has_read(None, reading.tags)

    def _live_renders(self, view: View) -> Render:
        return view.render

    def _live_from_render(self, value: Any, previous: Fragment | None) -> Fragment:
        return page_from_render(value, previous)

    if TYPE_CHECKING:
        run: ClassVar[Any]  # an action may have this name; `live.run` does the same
    else:

        async def run(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
            """Call a function that changes the page, as an operation of its own; see `LiveContext.run`."""
            return await self.live.run(function, *args, **kwargs)

    def _live_url(self, path: str | None = None, /, **values: Any) -> str:
        """Return a URL; in templates, this is ``url``.

        Without a path, return the page's own address with some of its fields changed. With one, as in
        ``url("/room/{room}", room=3, sort="name")``, return its address below the application's mount point.
        """
        return page_url(self, **values) if path is None else path_url(path, self.live.root_path, values)

    @classmethod
    def url(cls, /, **fields: Any) -> str:
        """Return the page's address with these fields: path parameters, and fields in the query string.

        Fields that have their default value are left out. Raise `TypeError` for other fields, for a missing
        path parameter, and for a page without a path.
        """
        if "_live_route" not in cls.__dict__:
            raise TypeError(f"{cls.__qualname__} has no path; register it with @live.page or @pages.page")
        return class_url(cls.__qualname__, cls._live_route, describe(cls).fields, fields)


def register_page(cls: type[Page], path: str, guards: Iterable[Depends] = ()) -> None:
    """Set a page class's guards and its path, in Starlette's syntax: ``/room/{room}``.

    Raise `TypeError` if a path parameter isn't a field of the class, and `ValueError` for an invalid path.
    """
    route = Route(path)
    for name in sorted(route.names):
        if name not in _known_fields(cls):
            raise TypeError(f"{cls.__qualname__} has no field for the {name!r} of its path {path!r}")
    cls._live_route = route
    cls._live_guards = (*cls._live_guards, *guards)


def _known_fields(cls: type[Any]) -> set[str]:
    return {name for base in cls.__mro__ for name in base.__dict__.get("_live_fields", ())}


def create(cls: type[P], live: LiveContext) -> P:
    """Create a page with its fields' defaults and attach it to `live`. `mount` doesn't run."""
    page: P = cls.__new__(cls)
    set_defaults(page)
    live.page = page
    attach(page, live)
    return page


def fill_from_address(page: Page, path: Mapping[str, Any], query: Iterable[tuple[str, str]]) -> None:
    """Set the fields that are in the address, when a page is opened or its query string changes.

    Fields that are missing from the query string, or invalid there, get their defaults. Raise `not_found()`
    for an invalid path parameter.
    """
    if path:
        fill_from_path(page, path)
    if page._live_record.description.has_address:
        fill_from_query(page, query, path)
    page._live_record.stale = True


def page_url(page: Page, /, **changes: Any) -> str:
    """Return an open page's address, with some of its fields changed; a component's field as ``users.sort``.

    Query parameters that aren't fields are kept, unless the path changes. Raise `TypeError` for a field that
    isn't in the address.
    """
    route = page._live_route
    pairs: list[tuple[str, str]] = []
    for name, component, field in fields_in_url(page):
        if name not in route.names:
            value = changes.pop(name) if name in changes else component.__dict__.get(field.name, MISSING)
            pairs += query_pairs(field, name, value)
    moved = {name: changes.pop(name) for name in list(changes) if name in route.names}
    if changes:
        title, names = type(page).__qualname__, " or ".join(map(repr, sorted(changes)))
        raise TypeError(f"url(): {title} has no {names} in its address: declare it with InUrl")
    path = page.live.path
    if moved:
        values = {name: moved.get(name, page.__dict__.get(name)) for name in route.names}
        path = quote(page.live.root_path, safe="/") + route.format(values)
    return with_query(path, pairs + _other_parameters(page) if is_at(path, page.live.path) else pairs)


def fields_in_url(page: Component) -> Iterable[tuple[str, Component, Field]]:
    """Yield parameter name, component and field for all fields of a page that are in its address."""
    for path, component in walk(page):
        for field in component._live_record.description.in_url:
            yield (f"{path}.{field.name}" if path else field.name), component, field


def kept_fields(page: Page) -> Iterator[tuple[str, Component, Field]]:
    """Yield key, component and field for all fields of a page that outlive it.

    The key consists of the class that annotates the field, the component's path and, for a field of the page
    itself, the path parameters that this class knows.
    """
    for path, component in walk(page):
        for field, cls in component._live_record.description.kept:
            if field.name not in component.__dict__:
                continue
            known = page._live_route.names & _known_fields(cls) if component is page else ()
            parameters = [f"{name}={page.__dict__.get(name)}" for name in sorted(known)]
            name = f"{cls.__module__}.{cls.__qualname__}.{field.name}"
            yield "\n".join([name, path, *parameters]), component, field


def in_url_values(page: Component) -> list[Any]:
    """Return the values of the fields that are in a page's address."""
    return [component.__dict__.get(field.name, MISSING) for _, component, field in fields_in_url(page)]


def update_address(page: Page, before: Sequence[Any]) -> bool | None:
    """Update an open page's address if its fields have changed since they had the values `before`.

    Return whether the change adds an entry to the browser's history; None if nothing has changed.
    """
    fields = [field for _, _, field in fields_in_url(page)]
    now = in_url_values(page)
    if now == before or len(now) != len(before):
        return None
    old, new = urlsplit(page.live.address), urlsplit(page_url(page))
    page.live.move_to(old._replace(path=new.path, query=new.query, fragment="").geturl())
    changed = [field for field, old, new in zip(fields, before, now, strict=True) if old != new]
    return any(field.url is not None and field.url.push for field in changed)


def _other_parameters(page: Page) -> list[tuple[str, str]]:
    """Return the query parameters of a page's address that don't belong to a field."""
    query = urlsplit(page.live.address).query
    return [pair for pair in own_query(query) if not _is_of_field(page, pair[0])] if query else []


def _is_of_field(page: Page, parameter: str) -> bool:
    """Return whether a query parameter belongs to a field: ``sort``, ``filter.name``, ``tags[0]``."""
    return any(_is_below(parameter, name) for name, _, _ in fields_in_url(page))


def _is_below(parameter: str, name: str) -> bool:
    return parameter == name or parameter.startswith((f"{name}.", f"{name}["))


def fill_from_path(page: Page, values: Mapping[str, Any]) -> None:
    """Set the fields that are path parameters. Raise `not_found()` if one is invalid."""
    fields = page._live_record.description.fields
    for name, value in values.items():
        if name not in fields:
            continue
        try:
            page.__dict__[name] = fields[name].codec.parse(value)
        except ValidationError:
            raise not_found() from None


def fill_from_query(page: Component, query: Iterable[tuple[str, str]], path: Iterable[str] = ()) -> None:
    """Set the fields that are in the query string; missing or invalid ones get their defaults, if any."""
    given = Input(query)
    for name, component, field in fields_in_url(page):
        if name in path:
            continue
        value = _parsed(field, name, given)
        if value is MISSING:
            component.__dict__.pop(field.name, None)
        else:
            component.__dict__[field.name] = value


def _parsed(field: Field, name: str, given: Input) -> Any:
    if not any(_is_below(known, name) for known, _ in given.pairs):
        return field.fresh()
    inside = "." in name  # a component's field: plain values only, nothing structured
    try:
        node: Node = (
            {LEAF: given.by_name.get(name, [])} if inside else given.node(name, field.reader.structured)
        )
        raw = field.reader.read(node)
        return field.fresh() if raw is MISSING else field.codec.parse(raw)
    except (ValidationError, TooMany):
        return field.fresh()


def takes_events(page: Component) -> bool:
    """Return whether an action of the page, or one that it has shown, has a parameter for events."""
    return any([any(map(_takes_event, one._live_record.known())) for one in components_of(page)])


def takes_files(page: Component) -> bool:
    """Return whether an action of the page, or one that it has shown, has a parameter for files."""
    return any(action.plan.files for one in components_of(page) for action in one._live_record.known())


class PlainError(Page):
    """The error page of applications without one of their own: a status, and a message for the visitor."""

    status: int = 500
    message: str = ""

    def render(self) -> Markup:
        return error_html(self.status, self.message)


def error_html(status: int, message: str) -> Markup:
    """Return a document that shows an HTTP status and a message."""
    return _ERROR_HTML.format(title=f"{status} {status_phrase(status)}", message=message)


def status_phrase(status: int) -> str:
    """Return the phrase for an HTTP status."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"
