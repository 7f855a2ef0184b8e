"""Putting pages at paths: classes as they are, functions as what makes their pages."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from typing import Any, ParamSpec, Protocol, TypeVar, overload

from ..actions.control import Control
from ..actions.depends import Depends
from ..template import Html
from .component import describe
from .function import FunctionPage, PageFunction, Rendered
from .page import Page, place

P = ParamSpec("P")
R = TypeVar("R")
Shown = TypeVar("Shown", bound=Rendered | Html | Control)
PageT = TypeVar("PageT", bound=Page)


class Placing(Protocol):
    """What ``@live.page("/x")`` does with a class or a function."""

    @overload
    def __call__(self, page: type[PageT], /) -> type[PageT]: ...
    @overload
    def __call__(
        self, page: Callable[P, Coroutine[Any, Any, R]], /
    ) -> PageFunction[P, Coroutine[Any, Any, R]]: ...
    @overload
    def __call__(self, page: Callable[P, Shown], /) -> PageFunction[P, Shown]: ...


def placing(add: Callable[[type[Page]], None]) -> Placing:
    """A decorator that hands the page class to `add`. `TypeError` on anything else than a page."""

    def decorate(page: Any) -> Any:
        if isinstance(page, type) and issubclass(page, Page):
            add(page)
            return page
        function: PageFunction[..., Any] = PageFunction(page)
        add(function.page)
        return function

    return decorate


def place_at(cls: type[Page], path: str, guards: Iterable[Depends] = ()) -> None:
    """As `place`. `TypeError` also for a page function's parameter that an address may lack."""
    place(cls, path, guards)
    if issubclass(cls, FunctionPage):
        missing = describe(cls).required - cls._live_route.names
        if missing:
            raise TypeError(
                f"{cls.__qualname__}: an address may be without {', '.join(sorted(missing))}; give it a"
                f" default, or a place in the path {path!r}"
            )
