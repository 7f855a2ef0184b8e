"""Pages: components with an address."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from ..actions.depends import Depends
from ..actions.handle import Handle
from ..cache.reading import Reading
from ..effects import running
from ..template import html_of, raw_page
from .address import Route, class_url, fill_from_path, fill_from_query, page_url, path_url
from .component import Component, attach, describe, set_defaults

if TYPE_CHECKING:
    from ..template.fragment import Fragment

P = TypeVar("P", bound="Page")


class Page(Component):
    """The root component: an object for each open page, with a URL."""

    __slots__ = ()

    _live_own: ClassVar[bool] = True
    _live_route: ClassVar[Route] = Route("")
    _live_guards: ClassVar[tuple[Depends, ...]] = ()
    _live_defines_actions: ClassVar[bool] = False
    """Whether running the page defines its actions, so that they are unknown until it has run."""

    def __fragment__(self, previous: Fragment | None) -> Fragment:
        """The page drawn. `TypeError` when there is no way to."""
        live, reading = self.live, Reading("render")
        reading.begin()
        scope = None if live.effects is None or live.effects.is_closed else running.set(live.effects)
        try:
            drawn: Fragment = super().__fragment__(previous)
            return drawn
        finally:
            if scope is not None:
                running.reset(scope)
            reading.end()
            if reading.tags or live.reads:
                live.has_read(None, reading.tags)

    def _live_written(self, value: Any) -> Fragment:
        return raw_page(html_of(value))

    if TYPE_CHECKING:
        run: ClassVar[Any]  # an action may have the name: `live.run` is the same
    else:

        async def run(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
            """Calls a function that changes the page, as an op of its own: see `Handle.run`."""
            return await self.live.run(function, *args, **kwargs)

    def _live_url(self, path: str | None = None, /, **values: Any) -> str:
        """Return what templates call ``url``: the page's own address with some of its fields changed; or the
        address of a path of the application, ``url("/room/{room}", room=3, sort="name")``, below its mount.
        """
        return page_url(self, **values) if path is None else path_url(path, self.live.root_path, values)

    @classmethod
    def url(cls, /, **fields: Any) -> str:
        """The page's address with these fields: path parameters, and those in the query string.

        Fields with their default value are left out. `TypeError` for other fields, for a missing path
        parameter, and for a page that has no path.
        """
        if "_live_route" not in cls.__dict__:
            raise TypeError(f"{cls.__qualname__} has no path; place it with @live.page or @pages.page")
        return class_url(cls.__qualname__, cls._live_route, describe(cls).fields, fields)


def place(cls: type[Page], path: str, guards: Iterable[Depends] = ()) -> None:
    """Gives a page class its path (in Starlette's syntax: ``/room/{room}``) and its guards.

    `TypeError` when a path parameter is no field of it.
    """
    route = Route(path)
    for name in sorted(route.names):
        if name not in _known_fields(cls):
            raise TypeError(f"{cls.__qualname__} has no field for the {name!r} of its path {path!r}")
    cls._live_route = route
    cls._live_guards = (*cls._live_guards, *guards)


def _known_fields(cls: type[Page]) -> set[str]:
    return {name for base in cls.__mro__ for name in base.__dict__.get("_live_fields", ())}


def create(cls: type[P], live: Handle) -> P:
    """A new page with its fields' defaults, attached to `live`, not yet mounted."""
    page: P = cls.__new__(cls)
    set_defaults(page)
    attach(page, live)
    return page


def fill(page: Page, path: Mapping[str, Any], query: Iterable[tuple[str, str]]) -> None:
    """Sets the fields that the address holds: path parameters, and in-URL fields from the query.

    A field of the query that isn't there or doesn't fit gets its default. Raises `not_found()` for a path
    parameter that doesn't fit. For the GET, and for navigation to another query of the same page.
    """
    fill_from_path(page, path)
    fill_from_query(page, query, path)
    page._live_node.stale = True
