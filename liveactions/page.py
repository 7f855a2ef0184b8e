"""Pages: components with an address."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

from .component import Component
from .action import ActionRef
from .handle import Handle


class Page(Component):
    """The root component: an object for each open page, with a URL."""

    __slots__ = ()

    _live_route: ClassVar[Any] = None

    @classmethod
    def url(cls, **fields: Any) -> str:
        """The page's address with these fields: path parameters, and those in the query string.

        Fields with their default value are left out. `TypeError` for other fields, for a missing path
        parameter, and for a page that no application knows.
        """
        raise NotImplementedError


def place(cls: type[Page], path: str, guards: Iterable[Callable[..., Any]] = ()) -> None:
    """Gives a page class its path (Starlette's syntax: ``/room/{room}``) and the guards of its router."""
    raise NotImplementedError


def create(cls: type[Page], live: Handle) -> Page:
    """A new page with its fields' defaults, attached to `live`."""
    raise NotImplementedError


def fill(page: Page, path: Mapping[str, Any], query: Iterable[tuple[str, str]]) -> None:
    """Sets the fields that the address holds: path parameters, and in-URL fields from the query.

    A field in the query that doesn't fit or isn't there gets its default. Raises `not_found()` for a path
    parameter that doesn't fit. For the GET, and for navigation to another query of the same page.
    """
    raise NotImplementedError


def lookup(page: Page, token: str) -> ActionRef[..., Any]:
    """The reference that a token from outside means.

    `UnknownAction` when there is none of that name; `ForgedReference` when its arguments weren't written here.
    """
    raise NotImplementedError
