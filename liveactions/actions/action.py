"""Actions, the only functions that a browser can call, and references to them.

An `Action` is what the decorator makes of a function: it knows its options and how its parameters are filled.
An `ActionRef` is an action of one component with its bound arguments, signed for the page and the visitor;
templates write it as an address.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy, deepcopy
from dataclasses import replace
from functools import cached_property, update_wrapper
from typing import (
    Any,
    Concatenate,
    Final,
    Generic,
    Literal,
    ParamSpec,
    Self,
    TypeVar,
    cast,
    get_args,
    overload,
)

from ..actions import bound_arguments as binding
from ..config import check_flags, check_list, check_seconds, check_size
from ..security import references
from ..type_hints import Mark, Variables, is_of_unknown_name, local_names, metadata, result_hint
from ..types import Reference
from .codec import Results
from .form_state import UNUSED, FormApi, FormState
from .parameters import Guards, Plan, guards_of
from .rates import By, Rate, user_or_address
from .run_context import Owner, current_component

P = ParamSpec("P")
Q = ParamSpec("Q")
R = TypeVar("R")
S = TypeVar("S")
C = TypeVar("C")
F = TypeVar("F", bound=Callable[..., Any])
_ID: Final = re.compile(r"[^\W\d][\w-]*")
POLICIES: Final = ("queue", "latest", "drop")
"""What becomes of a call while one runs: it waits, takes its place, or is ignored."""
ON_LEAVE: Final = ("finish", "cancel")
"""What becomes of a call when the person leaves the page."""


class Action(Reference, FormApi, Generic[P, R]):
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
        rate: str | None = None,
        by: By = user_or_address,
    ) -> None:
        _check(function)
        _check_choice("concurrency", concurrency, POLICIES)
        _check_choice("on_leave", on_leave, ON_LEAVE)
        if timeout is not None:
            check_seconds("timeout", timeout)
        if max_body is not None:
            check_size("max_body", max_body)
        check_list("aliases", aliases)
        check_flags(validate=validate, reset=reset, js=js, idempotent=idempotent)
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
        self.rate = None if rate is None else Rate.of(rate)
        """How often it may be called."""
        if rate is None and by is not user_or_address:
            raise TypeError(f"by={by!r}: there is no rate= that it is for, such as rate='5/minute'")
        self.by = guards_of(by)
        """Whom a call counts for."""
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
                raise TypeError(f"{plan.name}: {one.name!r}: {mark!r} can only be used on a page's fields")
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
    def takes_nothing(self) -> bool:
        """Whether there is nothing to check and to fill in before a call that brings nothing."""
        return not (self.plan.parameters or self.guards or self.validators or self.rate)

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
        """Whether it is a generator: each `yield` is shown. One that isn't async runs in a thread."""
        return inspect.isasyncgenfunction(self.function) or inspect.isgeneratorfunction(self.function)

    @cached_property
    def runs_apart(self) -> bool:
        """Whether other ops are heard of while it runs."""
        return self.streams or self.concurrency != "queue" or self.ends_on_leave

    @cached_property
    def results(self) -> Results:
        """Its results as data and back."""
        hint = result_hint(self.function, self.names, self.variables)
        if self.streams:  # AsyncIterator[date]: each step gives a date
            hint = (*get_args(hint), Any)[0]
        return Results(self.__qualname__, hint)

    # In templates: the reference of the page that is being rendered.

    def here(self) -> ActionRef[P, R]:
        """Its reference in the page that is being rendered, or that runs an action.

        `TypeError` when it is no action of that page, nor one of a module.
        """
        component = current_component()
        if not component._live_node.owns(self):
            component = component.live.page
        reference: ActionRef[P, R] = component._live_node.reference(self)
        return reference

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


def _check(function: Any) -> None:
    if isinstance(function, (staticmethod, classmethod, property, type)) or not callable(function):
        raise TypeError(f"@action decorates functions, not {function!r}; apply it before other decorators")
    if not hasattr(function, "__name__"):
        raise TypeError(f"@action needs a named function, got {function!r}")


def _check_choice(option: str, value: object, choices: Sequence[str]) -> None:
    if value not in choices:
        raise ValueError(f"{option}={value!r}: expected one of {', '.join(map(repr, choices))}")


def _check_ids(action: Action[..., Any]) -> None:
    for id in (action.id, *action.aliases):
        if not _ID.fullmatch(id):
            raise ValueError(f"{action!r}: an id may only contain letters, digits, _ and -: {id!r}")


def _check_plan(action: Action[..., Any]) -> None:
    """`TypeError` when a parameter can't be filled, as far as its annotations are defined yet."""
    try:
        action.plan  # noqa: B018 - made for its errors
    except TypeError as error:
        if not is_of_unknown_name(error):
            raise


_CACHED: Final = 64
"""Bound references that one unbound reference remembers."""
_KEYS: Final = frozenset({int, str})
"""Types of which equal values are the same argument."""


class ActionRef(Reference, FormApi, Generic[P, R]):
    """An action of one component with its bound arguments, as a template shows it.

    Two are equal when they make the same call for the same person. A plain call in Python is the plain
    function.
    """

    __slots__ = ("component", "action", "path", "args", "context", "_text", "_key", "_url", "_bound")

    def __init__(
        self,
        component: Owner,
        action: Action[..., Any],
        path: str,
        args: tuple[Any, ...] = (),
        context: str = "",
    ) -> None:
        self.component = component
        self.action = action
        self.path = path
        """Where it is in the page: ``users.sort_by``."""
        self.args = args
        """Bound arguments by position among those that can be bound; see `binding`."""
        self.context = context
        """What its signature is bound to: application, page class and person."""
        self._text: str | None = None
        self._key: str | None = None
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
        if kwargs or not args or not _KEYS.issuperset(map(type, args)):
            return self._bind(args, kwargs)
        if self._bound is None:
            self._bound = {}
        known = self._bound.get(args)
        if known is None:
            known = self._bind(args, kwargs)
            if len(self._bound) < _CACHED:
                self._bound[args] = known
        return known

    def _bind(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> ActionRef[..., R]:
        bound = binding.bind(self.action.plan, self.args, args, kwargs)
        return ActionRef(self.component, self.action, self.path, bound, self.context)

    @property
    def text(self) -> str:
        """The bound arguments as compact JSON; empty without any."""
        if self._text is None:
            self._text = binding.write(self.action.plan, self.args)
        return self._text

    @property
    def key(self) -> str:
        """Path and arguments as text: the same for equal references, unsigned."""
        if self._key is None:
            self._key = self.parts.key
        return self._key

    @property
    def parts(self) -> references.Reference:
        """Path and arguments as text, unsigned."""
        return references.Reference(self.path, self.text if self.args else "")

    @property
    def token(self) -> str:
        """What calls it from outside: path, arguments and signature."""
        token = self.parts.sign(self.component.live.signer, self.context).format()
        if not self.args:
            self.component._live_node.note_token(self, token)
        return token

    def covers(self, other: ActionRef[..., Any]) -> bool:
        """Whether its outcomes are those of another one, too: it is the same, with fewer arguments bound."""
        return self.parts.covers(other.parts)

    @property
    def is_of_page(self) -> bool:
        """Whether it works on a page: as its method, by a parameter, or as a closure of its run."""
        injected = self.action.plan.injected
        is_closure = "<locals>" in self.action.__qualname__
        return self.action.is_method or is_closure or any(one.kind == "component" for one in injected)

    def check(self) -> None:
        """`TypeError` when an argument that only a template can bind is missing."""
        args = self.args
        if len(args) < self.action.plan.demands or binding.UNBOUND in args:
            binding.require(self.action.plan, self.args)

    def url(self) -> str:
        """The address that a form posts to. `TypeError` when a needed bound argument is missing."""
        path = self.component.live.path
        if self._url is None or self._url[0] != path:
            self.check()
            self._url = path, f"{path}?_a={references.quoted(self.token)}"
        return self._url[1]

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, ActionRef):
            return NotImplemented
        return self.context == other.context and self.means(other)

    def means(self, other: Reference) -> bool:
        """Whether both make the same call, for whomever."""
        if not isinstance(other, ActionRef):
            return False
        return self.path == other.path and (self.args is other.args or same_values(self.args, other.args))

    def __hash__(self) -> int:
        try:
            return hash((self.path, self.args))
        except TypeError:  # a list or dict among them
            return hash(self.key)

    def __repr__(self) -> str:
        return f"<ActionRef {self.key}>"

    # What became of the newest call, for templates.

    @property
    def version(self) -> int:
        """Another number whenever the outcomes of calls are others."""
        return self.component.live.forms.version

    @property
    def state(self) -> FormState:
        """What became of the newest call of it, or of it with more bound arguments."""
        return self._known(self.component.live.forms.of(self.key, bool(self.args)))

    @property
    def own(self) -> FormState:
        """What became of the newest call of this very binding."""
        return self._known(self.component.live.forms.exact(self.key))

    def _known(self, state: FormState) -> FormState:
        if state is UNUSED and self.action.initial is not None:
            return replace(UNUSED, result=deepcopy(self.action.initial))
        return state

    def reset(self) -> None:
        """Forgets what became of its calls, with more bound arguments, too."""
        self.component.live.forms.forget_all(self.key, bool(self.args))


def same_values(mine: tuple[Any, ...], others: tuple[Any, ...]) -> bool:
    """Whether arguments are equal and of the same types: 1 is neither True nor 1.0."""
    return mine == others and all(type(a) is type(b) for a, b in zip(mine, others, strict=True))
