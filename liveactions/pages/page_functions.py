"""Registering pages, and pages that are functions.

A page function returns a template and its variables, and defines actions as closures::

    @live.page("/posts/{id}")
    async def post(id: int, db: DB, comments: int = 10) -> Rendered:
        post = await db.get(Post, id)

        @action
        async def comment(text: str, db: DB) -> None:
            await db.add(Comment(post=post.id, text=text))

        return render("post.html", post=post, comment=comment)

Path parameters, and other parameters without a marker, are the page's state; their values come from the
address. The function is the page's `load`: it runs again when one of them has changed, and after each call.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Coroutine, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import (
    Annotated,
    Any,
    ClassVar,
    Final,
    Generic,
    ParamSpec,
    Protocol,
    TypeVar,
    overload,
)

from starlette.concurrency import run_in_threadpool

from ..actions.action import Action
from ..actions.decorator import CLOSURES, Closures, action_in
from ..actions.markers import Depends
from ..actions.parameters import Parameter, ParameterPlan
from ..actions.responses import ActionResponse
from ..logs import get_logger
from ..templates import Fragment, Html, is_html, page_from_render
from ..type_hints import local_names, metadata, signature_of
from .component import Component, describe, descriptions, variables
from .fields import in_url
from .page import Page, register_page
from .state import load_forms

log = get_logger("liveactions")


def advise_on_page(cls: Any) -> None:
    """Log advice about the actions of a page's class and of the components in its fields."""
    with suppress(TypeError):  # an annotation may not be defined yet
        for description in descriptions(cls):
            advise(description.actions.values())


def advise(actions: Iterable[Action[..., Any]]) -> None:
    """Log a warning for parameters whose names suggest that they aren't meant to be form fields."""
    for action in actions:
        for one in action.plan.parameters:
            if one.kind == "field" and not one.is_model:
                _advise_on_field(action.__qualname__, one.name)


def _advise_on_field(action: str, name: str) -> None:
    if name == "id" or name.endswith("_id"):
        log.warning(
            "%s: anyone can send any %s. If the page should choose it, annotate it as Bound[...];"
            " if the visitor chooses it, check permissions.",
            action,
            name,
        )
    if name == "request":
        log.warning(
            "%s: request is a form field here. If it should be the request, annotate it as Request.",
            action,
        )


P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Rendered:
    """A template and its variables, returned by a page function. Created by `render`."""

    template: str
    names: Mapping[str, Any]


Shown = TypeVar("Shown", bound=Rendered | Html | ActionResponse)
PageT = TypeVar("PageT", bound=Page)


class PageDecorator(Protocol):
    """The type of ``@live.page("/x")``, which accepts a class or a function."""

    @overload
    def __call__(self, page: type[PageT], /) -> type[PageT]: ...
    @overload
    def __call__(
        self, page: Callable[P, Coroutine[Any, Any, R]], /
    ) -> PageFunction[P, Coroutine[Any, Any, R]]: ...
    @overload
    def __call__(self, page: Callable[P, Shown], /) -> PageFunction[P, Shown]: ...


def page_decorator(add: Callable[[type[Page]], None]) -> PageDecorator:
    """Return a decorator that passes page classes to `add`, and raises `TypeError` for anything else."""

    def decorate(page: Any) -> Any:
        if isinstance(page, type) and issubclass(page, Page):
            add(page)
            return page
        function: PageFunction[..., Any] = PageFunction(page)
        add(function.page)
        return function

    return decorate


def register_at(cls: type[Page], path: str, guards: Iterable[Depends] = ()) -> None:
    """Register a page as `register_page` does.

    Raise `TypeError` as well for a parameter of a page function that has no default and isn't in the path.
    """
    register_page(cls, path, guards)
    if issubclass(cls, FunctionPage):
        missing = describe(cls).required - cls._live_route.names
        if missing:
            raise TypeError(
                f"{cls.__qualname__}: {', '.join(sorted(missing))} may be missing from the address; give it a"
                f" default, or add it to the path {path!r}"
            )


_OWN: Final = ("field", "request", "source", "depends")
"""The kinds of parameters that a page function may have."""


def render(template: str, /, **names: Any) -> Rendered:
    """Return a template and its variables, which may be values or actions, from a page function."""
    for name, value in names.items():
        if isinstance(value, Component):
            raise TypeError(f"render(): {name} is a component; only page classes can contain components")
    return Rendered(template, {name: action_in(value) or value for name, value in names.items()})


class FunctionPage(Page):
    """An open page of a page function: the base of the classes that `page_of` creates."""

    __slots__ = ("_live_shown", "_live_view")

    _live_own: ClassVar[bool] = True
    _live_defines_actions: ClassVar[bool] = True
    _live_shown: Any
    _live_function: ClassVar[Callable[..., Any]]
    _live_is_advised: ClassVar[bool] = False

    def _live_draw(self, previous: Fragment | None) -> Fragment:
        shown = self._live_shown
        if not isinstance(shown, Rendered):
            if not isinstance(shown, Fragment):  # HTML from generators can only be rendered once
                shown = self._live_shown = page_from_render(shown, previous)
            return shown
        templates = self.live.services.templates
        if templates is None:
            raise TypeError("this application has no templates")
        return templates.view(shown.template).render({**variables(self), **shown.names}, previous)

    async def _live_run(self, arguments: dict[str, Any]) -> None:
        """Run the page function. Its actions are known afterwards."""
        closures, record = Closures(), self._live_record
        if record.pending_forms is not None:
            load_forms(self, record.pending_forms)  # for the function to read; results can't be loaded yet
        making = CLOSURES.set(closures)
        try:
            shown = await _called(type(self)._live_function, arguments)
        finally:
            CLOSURES.reset(making)
        if isinstance(shown, ActionResponse):
            raise shown
        if not isinstance(shown, Rendered) and not is_html(shown):
            raise TypeError(
                f"{type(self).__qualname__}() returned {type(shown).__qualname__}: return render(...),"
                " HTML, redirect(...) or not_found()"
            )
        self._live_shown = shown
        if self.live.debug and not type(self)._live_is_advised:
            type(self)._live_is_advised = True
            advise(closures)
        record.note_run(closures)
        if record.pending_forms is not None:
            load_forms(self, record.pending_forms)
            record.pending_forms = None


async def _called(function: Callable[..., Any], arguments: dict[str, Any]) -> Any:
    if inspect.iscoroutinefunction(function):
        return await function(**arguments)
    return await run_in_threadpool(function, **arguments)


class PageFunction(Generic[P, R]):
    """A function that is a page. Calling it calls the function."""

    def __init__(self, function: Callable[P, R]) -> None:
        self.function = function
        self.page = page_of(function)
        self.__name__ = function.__name__
        self.__qualname__ = function.__qualname__
        self.__module__ = function.__module__
        self.__doc__ = function.__doc__
        self.__wrapped__ = function

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.function(*args, **kwargs)

    def url(self, /, **fields: Any) -> str:
        """Return the page's address with these parameters. Raise `TypeError` as `Page.url` does."""
        return self.page.url(**fields)

    def __repr__(self) -> str:
        return f"<page {self.__qualname__}>"


def page_of(function: Callable[..., Any]) -> type[FunctionPage]:
    """Create the page class of a function. Raise `TypeError` for parameters that an address can't provide."""
    if not inspect.isroutine(function):
        raise TypeError(f"a page must be a subclass of Page or a function, not {function!r}")
    names = local_names(function)
    plan = ParameterPlan.of(function, names=names)
    for one in plan.parameters:
        if one.kind not in _OWN:
            raise TypeError(
                f"{plan.name}: {one.name!r} can only be a parameter of an action;"
                " a page's parameters come from its address"
            )
    parameters = signature_of(function).parameters
    body = {
        "__module__": function.__module__,
        "__qualname__": function.__qualname__,
        "__doc__": function.__doc__,
        "__annotations__": {one.name: _in_url(one) for one in plan.named},
        **{one.name: parameters[one.name].default for one in plan.named if not one.required},
        "load": _load(function, plan),
        "_live_function": staticmethod(function),
        "_live_around": names,
    }
    return types.new_class(function.__name__, (FunctionPage,), exec_body=lambda space: space.update(body))


def _in_url(one: Parameter) -> Any:
    marked = metadata(one.annotation, in_url) is not None
    return one.annotation if marked else Annotated[one.annotation, in_url()]


def _load(function: Callable[..., Any], plan: ParameterPlan) -> Callable[..., Any]:
    """Return the hook that runs a page function with its injected parameters."""
    own = [one.name for one in plan.named]

    async def load(self: FunctionPage, **injected: Any) -> None:
        await self._live_run({**{name: self.__dict__[name] for name in own}, **injected})

    me = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    given = signature_of(function).parameters
    others = [given[one.name].replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in plan.injected]
    load.__signature__ = inspect.Signature([me, *others])  # type: ignore[attr-defined]
    load.__wrapped__ = function  # type: ignore[attr-defined]
    load.__qualname__ = function.__qualname__
    return load
