"""Actions: the only functions that a browser can call, and references to them with bound arguments."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Concatenate, Final, Generic, ParamSpec, Self, TypeVar, cast, overload
from urllib.parse import quote

from pydantic_core import to_jsonable_python

from ..template.reference import Reference
from . import binding
from .annotations import hints
from .codec import Codec, codec
from .forms import FieldView, FormState, Texts, field_view
from .params import Plan

if TYPE_CHECKING:
    from ..pages.component import Component

P = ParamSpec("P")
Q = ParamSpec("Q")
R = TypeVar("R")
S = TypeVar("S")
C = TypeVar("C")
F = TypeVar("F", bound=Callable[..., Any])

_CACHED: Final = 64
"""Bound references that one unbound reference remembers."""
_URL_SAFE: Final = "~,:!*()'[]"


class Action(Generic[P, R]):
    """A function that a browser may call. Made by `action`.

    In Python it is the function: a plain call checks nothing and needs no guard. As a method's
    name on a component it gives an `ActionRef`.
    """

    def __init__(
        self,
        function: Callable[P, R],
        *,
        id: str | None = None,
        aliases: Iterable[str] = (),
        guard: Callable[..., Any] | Sequence[Callable[..., Any]] = (),
        timeout: float | None = None,
        validate: bool = True,
        concurrency: str = "queue",
        reset: bool = True,
        js: bool = False,
        max_body: int | None = None,
    ) -> None:
        _check(function)
        self.function = function
        self.name: str = function.__name__
        self.id = id or self.name
        self.aliases = tuple(aliases)
        self.guards = (guard,) if callable(guard) else tuple(guard)
        self.timeout = timeout
        """Seconds that it may take; None for the application's."""
        self.validates = validate
        self.concurrency = concurrency
        self.reset = reset
        self.js = js
        self.max_body = max_body
        self.is_method = False
        self.names: Mapping[str, Any] = {}
        """Names that its annotations may use besides its module's: those of the function around its class."""
        self.validators: list[Callable[..., Any]] = []
        self.__doc__ = function.__doc__
        self.__name__ = self.name
        self.__qualname__ = function.__qualname__
        self.__module__ = function.__module__
        self.__wrapped__ = function

    def __set_name__(self, owner: type[Any], name: str) -> None:
        self.is_method = True

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.function(*args, **kwargs)

    @overload
    def __get__(self, instance: None, owner: Any = None) -> Self: ...
    @overload
    def __get__(self: Action[Concatenate[C, Q], S], instance: C, owner: Any = None) -> ActionRef[Q, S]: ...
    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else instance._live_node.reference(self)

    def validate(self, function: F) -> F:
        """Marks a function that checks what was typed, beyond the annotations.

        It takes those of the action's parameters that it names, and raises `ValueError` or
        `ActionError`, or returns texts by field name. It runs while one types and when the form is sent.
        """
        self.validators.append(function)
        return function

    @cached_property
    def plan(self) -> Plan:
        """How its parameters are filled. `TypeError` when one of them can't be."""
        return Plan.of(self.function, skip=int(self.is_method), names=self.names)

    @cached_property
    def is_async(self) -> bool:
        """Whether calling it gives something to await."""
        return inspect.iscoroutinefunction(self.function)

    @cached_property
    def _results(self) -> Codec:
        """Of its return annotation; of Any without one."""
        try:
            return codec(hints(self.function, self.names, result=True).get("return", Any))
        except Exception:  # whatever it says, results tell what they are themselves
            return codec(Any)

    def dump_result(self, value: Any) -> Any:
        """What it returned as JSON-able data. `TypeError` when it can't be."""
        if self._results.annotation is not Any:
            return self._results.dump(value)
        try:
            return to_jsonable_python(value, inf_nan_mode="constants")
        except (ValueError, TypeError, RecursionError) as error:
            raise TypeError(f"{self.__qualname__} returned a {type(value).__name__}: {error}") from error

    def load_result(self, data: Any) -> Any:
        """The result whose `dump_result` gave `data`; pydantic's `ValidationError` when it doesn't fit."""
        return data if self._results.annotation is Any else self._results.load(data)

    def __repr__(self) -> str:
        return f"<action {self.__qualname__}>"


@overload
def action(function: Callable[P, R], /) -> Action[P, R]: ...
@overload
def action(
    *,
    id: str | None = None,
    aliases: Iterable[str] = (),
    guard: Callable[..., Any] | Sequence[Callable[..., Any]] = (),
    timeout: float | None = None,
    validate: bool = True,
    concurrency: str = "queue",
    reset: bool = True,
    js: bool = False,
    max_body: int | None = None,
) -> Callable[[Callable[P, R]], Action[P, R]]: ...
def action(function: Any = None, /, **options: Any) -> Any:
    """Lets a browser call a function: a page's method, or one of a module.

    `id` is its name in references (and `aliases` further ones), so that it may be renamed; `guard` one
    or more dependencies that run first; `timeout` in seconds; `validate=False` gives it the fields as
    they came. `TypeError` on anything but a function.
    """
    if function is None:
        return lambda function: Action(function, **options)
    return Action(function, **options)


def _check(function: Any) -> None:
    if isinstance(function, (staticmethod, classmethod, property, type)) or not callable(function):
        raise TypeError(f"@action goes on a function, not on {function!r}; put it below other decorators")
    if not hasattr(function, "__name__"):
        raise TypeError(f"@action goes on a function with a name, not on {function!r}")


def action_in(value: Any) -> Action[..., Any] | None:
    """The action that a class attribute is, or that a decorator above ``@action`` has wrapped."""
    inner = value
    while inner is not None and not isinstance(inner, Action):
        inner = getattr(inner, "__wrapped__", None) if inspect.isfunction(inner) else None
    if inner is None or inner is value:
        return inner
    return _wrapped(value, inner)


def _wrapped(function: Callable[..., Any], inner: Action[..., Any]) -> Action[..., Any]:
    """An action like `inner` that calls `function`, which has wrapped it."""
    outer: Action[..., Any] = Action(function)
    kept = (
        "id",
        "aliases",
        "guards",
        "timeout",
        "validates",
        "concurrency",
        "reset",
        "js",
        "max_body",
        "validators",
    )
    for name in kept:
        setattr(outer, name, getattr(inner, name))
    return outer


class ActionRef(Reference, Generic[P, R]):
    """An action of one component with its bound arguments, as a template shows it.

    Two are equal when they call the same with the same. A plain call in Python is the plain function.
    """

    __slots__ = ("component", "action", "path", "args", "_text", "_url", "_bound")

    def __init__(
        self, component: Component, action: Action[..., Any], path: str, args: tuple[Any, ...] = ()
    ) -> None:
        self.component = component
        self.action = action
        self.path = path
        """Where it is in the page: ``users.sort_by``."""
        self.args = args
        """Bound arguments by position among those that can be bound; see `binding`."""
        self._text: str | None = None
        self._url: tuple[str, str] | None = None
        self._bound: dict[tuple[Any, ...], ActionRef[..., Any]] | None = None

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        given = binding.named(self.action.plan, self.args)
        function = self.action.function
        if self.action.is_method:
            return cast(R, function(self.component, *args, **given, **kwargs))
        return cast(R, function(*args, **given, **kwargs))

    def bind(self, /, *args: Any, **kwargs: Any) -> ActionRef[..., R]:
        """A reference with these arguments added: `TypeError` when the action can't take them."""
        if kwargs or not args or not all(map(_is_plain, args)):
            return self._bind(args, kwargs)
        if self._bound is None:
            self._bound = {}
        known = self._bound.get(args)
        if known is None:
            if len(self._bound) >= _CACHED:
                self._bound.clear()
            known = self._bound[args] = self._bind(args, kwargs)
        return known

    def _bind(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> ActionRef[..., R]:
        bound = binding.bind(self.action.plan, self.args, args, kwargs)
        return ActionRef(self.component, self.action, self.path, bound)

    @property
    def text(self) -> str:
        """The bound arguments as compact JSON; empty without any."""
        if self._text is None:
            self._text = binding.write(self.action.plan, self.args)
        return self._text

    @property
    def key(self) -> str:
        """Path and arguments as text: the same for equal references, unsigned."""
        return f"{self.path}~{self.text}" if self.args else self.path

    @property
    def token(self) -> str:
        """What calls it from outside: its path, and with arguments these and a signature."""
        if not self.args:
            return self.path
        live = self.component.live
        return f"{self.key}~{live.signer.mac(signed(self.component, self.key))}"

    def check(self) -> None:
        """`TypeError` when an argument that only a template can bind is missing."""
        binding.require(self.action.plan, self.args)

    def url(self) -> str:
        """The address that a form posts to. `TypeError` when a needed bound argument is missing."""
        path = self.component.live.path
        if self._url is None or self._url[0] != path:
            self.check()
            self._url = path, f"{path}?_a={quote(self.token, safe=_URL_SAFE)}"
        return self._url[1]

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, ActionRef):
            return NotImplemented
        return self.path == other.path and same_values(self.args, other.args)

    def __hash__(self) -> int:
        try:
            return hash((self.path, self.args))
        except TypeError:  # a list or dict among them
            return hash(self.key)

    def __repr__(self) -> str:
        return f"<ActionRef {self.key}>"

    # What became of the newest call, for templates.

    @property
    def state(self) -> FormState:
        """What became of the newest call of it, or of it with more bound arguments."""
        return self.component.live.forms.of(self.key, bool(self.args))

    @property
    def result(self) -> Any:
        """What it returned; None before."""
        return self.state.result

    @property
    def ok(self) -> bool:
        """Whether it has been called, and the newest call succeeded."""
        return self.state.ok

    @property
    def error(self) -> str:
        """The text of an error that belongs to no field; empty without one."""
        return self.state.error

    @property
    def errors(self) -> Texts:
        """Texts by field path."""
        return Texts(self.state.errors)

    @property
    def values(self) -> Texts:
        """What was typed, by field name, while there are errors."""
        return Texts({name: values[-1] for name, values in self.state.values.items()})

    def field(self, name: str, initial: Any = None) -> FieldView:
        """One field of its form: ``name id value checked error errors attrs``."""
        return field_view(self.state, self.key, name, initial)


def signed(component: Component, key: str) -> bytes:
    """The bytes that a reference's signature is over: page class, path, arguments."""
    page = type(component.live.page)
    return f"{page.__module__}.{page.__qualname__}\0{key}".encode(errors="surrogatepass")


def same_values(mine: tuple[Any, ...], others: tuple[Any, ...]) -> bool:
    """Whether arguments are equal and of the same types: 1 is neither True nor 1.0."""
    return mine == others and all(type(a) is type(b) for a, b in zip(mine, others, strict=True))


def _is_plain(value: Any) -> bool:
    kind = type(value)
    return kind is int or kind is str
