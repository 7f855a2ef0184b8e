"""Actions: the only functions that a browser can call."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from functools import cached_property, update_wrapper
from typing import (
    TYPE_CHECKING,
    Any,
    Concatenate,
    Final,
    Generic,
    Literal,
    ParamSpec,
    Self,
    TypeVar,
    overload,
)

from ..limits import check_seconds, check_size
from ..template.reference import Reference
from .annotations import Mark, Variables, is_of_unknown_name, local_names, metadata, result_hint
from .closures import MAKING
from .current import current
from .depends import Guards, guards_of
from .outcomes import Outcomes
from .params import Plan
from .results import Results
from .shared import share

if TYPE_CHECKING:
    from .forms import FormState
    from .ref import ActionRef

P = ParamSpec("P")
Q = ParamSpec("Q")
R = TypeVar("R")
S = TypeVar("S")
C = TypeVar("C")
F = TypeVar("F", bound=Callable[..., Any])

_ACTION: Final = "__live_action__"
"""Attribute of a function that has wrapped an action, which holds the action that calls it."""
_ID: Final = re.compile(r"[^\W\d][\w-]*")
POLICIES: Final = ("queue", "latest", "drop")
"""What becomes of a call while one runs: it waits, takes its place, or is ignored."""
ON_LEAVE: Final = ("finish", "cancel")
"""What becomes of a call when the person leaves the page."""
_OPTIONS: Final = (
    *(
        "id",
        "aliases",
        "guards",
        "timeout",
        "validates",
        "concurrency",
        "ends_on_leave",
        "resets",
        "initial",
        "js",
        "max_body",
        "idempotent",
    ),
    *("validators", "is_method", "names"),
)
"""What a decorated action has of the one that it decorates."""


class Action(Reference, Outcomes, Generic[P, R]):
    """A function that a browser may call. Made by `action`.

    In Python it is the function: a plain call checks nothing and needs no guard. As a method's
    name on a component it gives an `ActionRef`; so it does in a template, wherever it comes from.
    """

    __name__: str
    __qualname__: str
    __wrapped__: Callable[P, R]

    def __init__(
        self,
        function: Callable[P, R],
        *,
        id: str | None = None,
        aliases: Iterable[str] = (),
        guard: Guards = (),
        timeout: float | None = None,
        validate: bool = True,
        concurrency: str = "queue",
        on_leave: Literal["finish", "cancel"] = "finish",
        reset: bool = True,
        initial: R | None = None,
        js: bool = False,
        max_body: int | None = None,
        idempotent: bool = False,
    ) -> None:
        _check(function)
        _check_choice("concurrency", concurrency, POLICIES)
        _check_choice("on_leave", on_leave, ON_LEAVE)
        if timeout is not None:
            check_seconds("timeout", timeout)
        if max_body is not None:
            check_size("max_body", max_body)
        self.function = function
        self.name: str = function.__name__
        self.id = id or self.name
        self.aliases = tuple(aliases)
        self.guards = guards_of(guard)
        self.timeout = timeout
        """Seconds that it may take; None for the application's."""
        self.validates = validate
        self.concurrency = concurrency
        self.ends_on_leave = on_leave == "cancel"
        """Whether it is cancelled when the person leaves the page."""
        self.resets = reset
        """Whether its form is empty again after success."""
        self.initial = initial
        """Its result before the first call."""
        self.js = js
        self.max_body = max_body
        self.idempotent = idempotent
        """Whether it may be run again when nobody knows whether it was."""
        self.is_method = False
        self.names: Mapping[str, Any] = local_names(function)
        """Names that its annotations may use besides its module's: those of the function around its class."""
        self.variables: Variables = {}
        """What the type variables of its class stand for."""
        self.validators: list[Callable[..., Any]] = []
        self._validator_plans: dict[Callable[..., Any], Plan] = {}
        update_wrapper(self, function, updated=())
        _check_ids(self)

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
        return self._plan(self.function)

    def _plan(self, function: Callable[..., Any]) -> Plan:
        skip = int(self.is_method)
        plan = Plan.of(function, skip=skip, names=self.names, variables=self.variables)
        for one in plan.named:
            mark = metadata(one.annotation, Mark)
            if mark is not None:
                raise TypeError(f"{plan.name}: {one.name!r}: {mark!r} is for a page's fields")
        return plan

    def plan_of(self, validator: Callable[..., Any]) -> Plan:
        """How the parameters of one of its validators are filled."""
        known = self._validator_plans.get(validator)
        if known is None:
            known = self._validator_plans[validator] = self._plan(validator)
        return known

    def with_variables(self, variables: Variables) -> Action[P, R]:
        """The same action, for a class in which type variables stand for `variables`."""
        if not variables:
            return self
        other = copy(self)
        other.variables = variables
        other._validator_plans = {}
        for cached in ("plan", "results", "takes_event"):
            other.__dict__.pop(cached, None)
        return other

    @cached_property
    def takes_event(self) -> bool:
        """Whether it wants to know of the event that called it."""
        return any(one.kind == "event" for one in self.plan.injected)

    @cached_property
    def is_async(self) -> bool:
        """Whether calling it gives something to await."""
        return inspect.iscoroutinefunction(self.function)

    @cached_property
    def streams(self) -> bool:
        """Whether it is an async generator: each `yield` is shown."""
        return inspect.isasyncgenfunction(self.function)

    @cached_property
    def runs_apart(self) -> bool:
        """Whether other ops are heard of while it runs."""
        return self.streams or self.concurrency != "queue" or self.ends_on_leave

    @cached_property
    def results(self) -> Results:
        """Its results as data and back."""
        return Results(self.__qualname__, result_hint(self.function, self.names, self.variables))

    # In templates: the reference of the page that is being rendered.

    def here(self) -> ActionRef[P, R]:
        """Its reference in the page that is being rendered, or that runs an action.

        `TypeError` when it is no action of that page, nor one of a module.
        """
        component = current()
        if component._live_node.description.own(self) is None:
            component = component.live.page
        return component._live_node.reference(self)

    def bind(self, /, *args: Any, **kwargs: Any) -> ActionRef[..., R]:
        """A reference with these arguments bound."""
        return self.here().bind(*args, **kwargs)

    def url(self) -> str:
        """The address that a form posts to."""
        return self.here().url()

    @property
    def version(self) -> int:
        """Another number whenever the outcomes of calls are others."""
        return self.here().version

    @property
    def state(self) -> FormState:
        """What became of the newest call, in the page that is being rendered."""
        return self.here().state

    @property
    def key(self) -> str:
        """As that of its reference."""
        return self.here().key

    def reset(self) -> None:
        """Forgets what became of its calls, in the page that runs an action."""
        self.here().reset()

    def __str__(self) -> str:
        """In a template its address."""
        try:
            return self.url()
        except RuntimeError:
            return repr(self)

    def __repr__(self) -> str:
        return f"<action {self.__qualname__}>"


@overload
def action(function: Callable[P, R], /) -> Action[P, R]: ...
@overload
def action(
    *,
    id: str | None = None,
    aliases: Iterable[str] = (),
    guard: Guards = (),
    timeout: float | None = None,
    validate: bool = True,
    concurrency: str = "queue",
    on_leave: Literal["finish", "cancel"] = "finish",
    reset: bool = True,
    initial: Any = None,
    js: bool = False,
    max_body: int | None = None,
    idempotent: bool = False,
) -> Callable[[Callable[P, R]], Action[P, R]]: ...
def action(function: Any = None, /, **options: Any) -> Any:
    """Lets a browser call a function: a page's method, or one of a module.

    `id` is its name in references (and `aliases` further ones), so that it may be renamed; `guard` one
    or more dependencies that run first; `timeout` in seconds; ``on_leave="cancel"`` ends it when the person
    leaves the page, else it is done all the same; ``concurrency="latest"`` lets a newer call end the running
    one, ``"drop"`` ignores calls while one runs; `idempotent`: when its worker is lost, and nobody knows
    whether it was done, it is done again; `validate=False` gives it the fields as they came; `reset=False`
    leaves the form as it is after success; `initial` is the result before the first call; `js=True` makes
    it callable by scripts, and so by everybody, whether or not a page shows it. `TypeError` on
    anything but a function.
    """
    if function is None:
        return lambda function: _registered(Action(function, **options))
    return _registered(Action(function, **options))


def _check(function: Any) -> None:
    if isinstance(function, (staticmethod, classmethod, property, type)) or not callable(function):
        raise TypeError(f"@action goes on a function, not on {function!r}; put it below other decorators")
    if not hasattr(function, "__name__"):
        raise TypeError(f"@action goes on a function with a name, not on {function!r}")


def _check_choice(option: str, value: object, choices: Sequence[str]) -> None:
    if value not in choices:
        raise ValueError(f"{option}={value!r}: expected one of {', '.join(map(repr, choices))}")


def _check_ids(action: Action[..., Any]) -> None:
    for id in (action.id, *action.aliases):
        if not _ID.fullmatch(id):
            raise ValueError(f"{action!r}: an id is made of letters, digits, _ and -: {id!r}")


def _registered(action: Action[..., Any]) -> Action[..., Any]:
    """Register an action where references look for it: with its module, or in the page function that runs."""
    closures = MAKING.get()
    if "." not in action.__qualname__:
        share(action)
        _check_plan(action)
    elif closures is not None:
        closures.add(action)
    return action


def _check_plan(action: Action[..., Any]) -> None:
    """`TypeError` when a parameter can't be filled, as far as its annotations are defined yet."""
    try:
        action.plan  # noqa: B018 - made for its errors
    except TypeError as error:
        if not is_of_unknown_name(error):
            raise


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
    known: Action[..., Any] | None = function.__dict__.get(_ACTION)
    if known is not None and known.__wrapped__ is function:
        return known
    outer: Action[..., Any] = Action(function, id=inner.id, aliases=inner.aliases)
    for name in _OPTIONS:
        setattr(outer, name, getattr(inner, name))
    function.__dict__[_ACTION] = outer
    return _registered(outer)
