"""Actions, the only functions that a browser can call, and references to them.

An `Action` is a decorated function, with its options and the plan for its parameters. An `ActionRef` is an
action of one component with bound arguments. Templates write it as an address, which is signed for the page
and the visitor.
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

from ..actions import bound_arguments
from ..config import check_flags, check_seconds, check_size, check_text, checked_texts
from ..security import references
from ..type_hints import Marker, Variables, is_of_unknown_name, local_names, metadata, result_hint
from ..types import Reference
from .codec import Results
from .controls import (
    TEMPLATE,
    Control,
    FormField,
    controls_of,
    form_field,
    form_parts,
    humanized,
    initial_value,
    shown,
    unknown_field,
)
from .form_state import UNUSED, FormApi, FormState
from .markers import Guards, guards_of
from .parameters import ParameterPlan
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
"""What happens to a call while another one runs: it waits, replaces it, or is ignored."""
ON_LEAVE: Final = ("finish", "cancel")
"""What happens to a call when the visitor leaves the page."""


class Action(Reference, FormApi, Generic[P, R]):
    """A function that a browser can call, created by the decorator `action`.

    Calling it in Python calls the function: nothing is validated, and no guard runs. As an attribute of a
    component, and in a template, it is an `ActionRef`.
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
        if id is not None:
            check_text("id", id)
        check_flags(validate=validate, reset=reset, js=js, idempotent=idempotent)
        self.function = function
        self.name: str = function.__name__
        self.id = id or self.name
        self.aliases = checked_texts("aliases", aliases)
        self.guards = guards_of(guard)
        self.timeout = timeout
        """The time limit in seconds; None for the application's."""
        self.validates = validate
        self.concurrency = concurrency
        self.ends_on_leave = on_leave == "cancel"
        """Whether it is cancelled when the visitor leaves the page."""
        self.resets = reset
        """Whether its form is empty again after success."""
        self.initial = initial
        """The result before the first call."""
        self.js = js
        self.max_body = max_body
        self.idempotent = idempotent
        """Whether it is run again if its outcome is unknown."""
        self.rate = None if rate is None else Rate.of(rate)
        """How often it may be called."""
        if rate is None and by is not user_or_address:
            raise TypeError(f"by={by!r} needs a rate=, such as rate='5/minute'")
        self.by = guards_of(by)
        """The dependency that returns the caller for the rate limit."""
        self.is_method = False
        self.names: Mapping[str, Any] = local_names(function)
        """Names that its annotations may use besides those of its module: local names of the function around
        it or its class.
        """
        self.variables: Variables = {}
        """The types of its class's type variables."""
        self.validators: list[Callable[..., Any]] = []
        self._validator_plans: dict[Callable[..., Any], ParameterPlan] = {}
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
        return self if instance is None else instance._live_record.reference(self)

    def validate(self, function: F) -> F:
        """Decorate a function that validates input beyond the annotations.

        The function has some of the action's parameters. It raises `ValueError` or `ActionError`, or returns
        messages by field name. It runs when the form is submitted and, with ``live-validate``, as the visitor
        types.
        """
        self.validators.append(function)
        return function

    @cached_property
    def controls(self) -> Mapping[str, Control]:
        """The controls of its form, by field name. Raise `TypeError` if a field has none."""
        return controls_of(self.plan, self.function)

    @cached_property
    def plan(self) -> ParameterPlan:
        """The plan of its parameters. Raise `TypeError` if one of them can't be filled."""
        return self._plan(self.function)

    def _plan(self, function: Callable[..., Any]) -> ParameterPlan:
        skip = int(self.is_method)
        plan = ParameterPlan.of(function, skip=skip, names=self.names, variables=self.variables)
        for one in plan.named:
            mark = metadata(one.annotation, Marker)
            if mark is not None:
                raise TypeError(f"{plan.name}: {one.name!r}: {mark!r} can only be used on a page's fields")
        return plan

    def plan_of(self, validator: Callable[..., Any]) -> ParameterPlan:
        """Return the plan of a validator's parameters."""
        known = self._validator_plans.get(validator)
        if known is None:
            known = self._validator_plans[validator] = self._plan(validator)
        return known

    def with_variables(self, variables: Variables) -> Action[P, R]:
        """Return the action for a class whose type variables have these values."""
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
        """Whether a call without arguments needs no validation."""
        return not (self.plan.parameters or self.guards or self.validators or self.rate)

    @cached_property
    def takes_event(self) -> bool:
        """Whether a parameter receives the browser's event."""
        return any(one.kind == "event" for one in self.plan.injected)

    @cached_property
    def is_async(self) -> bool:
        """Whether it is a coroutine function."""
        return inspect.iscoroutinefunction(self.function)

    @cached_property
    def streams(self) -> bool:
        """Whether it is a generator: the page shows each step. Sync generators run in threads."""
        return inspect.isasyncgenfunction(self.function) or inspect.isgeneratorfunction(self.function)

    @cached_property
    def runs_concurrently(self) -> bool:
        """Whether other operations are received while it runs."""
        return self.streams or self.concurrency != "queue" or self.ends_on_leave

    @cached_property
    def results(self) -> Results:
        """Converts its results to data and back."""
        hint = result_hint(self.function, self.names, self.variables)
        if self.streams:  # AsyncIterator[date]: each step gives a date
            hint = (*get_args(hint), Any)[0]
        return Results(self.__qualname__, hint)

    def refer(self, component: Owner, path: str, context: str) -> ActionRef[P, R]:
        """Return the reference, without arguments, to this action of a component. `path` is the action's
        path.
        """
        return ActionRef(component, self, path, context=context)

    # In templates: these act on the reference in the page that is being rendered.

    def here(self) -> ActionRef[P, R]:
        """Return its reference in the page that is being rendered, or that runs an action.

        Raise `TypeError` if it is neither an action of that page nor of a module, `RuntimeError` if there is
        no page.
        """
        component = current_component()
        if not component._live_record.owns(self):
            component = component.live.page
        reference: ActionRef[P, R] = component._live_record.reference(self)
        return reference

    def bind(self, /, *args: Any, **kwargs: Any) -> ActionRef[..., R]:
        """Return a reference with bound arguments. Raise `TypeError` if the action doesn't have them."""
        return self.here().bind(*args, **kwargs)

    def url(self) -> str:
        """Return the address that a form posts to. Raise as `here` does."""
        return self.here().url()

    def input(
        self,
        name: str,
        initial: Any = None,
        *,
        label: str | None = None,
        help: str | None = None,
        **attributes: Any,
    ) -> Any:
        """Return a field of its form as HTML; see `ActionRef.input`."""
        return self.here().input(name, initial, label=label, help=help, **attributes)

    def control(self, name: str, initial: Any = None, **texts: Any) -> FormField:
        """Return the data that `input` renders; see `ActionRef.control`."""
        return self.here().control(name, initial, **texts)

    @property
    def fields(self) -> list[str]:
        """The names of the fields of its form."""
        return self.here().fields

    @property
    def encoding(self) -> str:
        """The encoding that its form needs."""
        return self.here().encoding

    @property
    def label(self) -> str:
        """Its name for a button."""
        return self.here().label

    def form(self, *names: str, initial: Any = None, submit: str | None = None, **attributes: Any) -> Any:
        """Return its form as HTML; see `ActionRef.form`."""
        return self.here().form(*names, initial=initial, submit=submit, **attributes)

    @property
    def version(self) -> int:
        """A number that changes with the outcomes of calls."""
        return self.here().version

    @property
    def state(self) -> FormState:
        """The outcome of the most recent call in the page that is being rendered."""
        return self.here().state

    @property
    def key(self) -> str:
        """The key of its reference."""
        return self.here().key

    def reset(self) -> None:
        """Forget the outcomes of its calls in the page that runs an action."""
        self.here().reset()

    def __str__(self) -> str:
        """Return its address in a template."""
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


def check_plan(action: Action[..., Any]) -> None:
    """Raise `TypeError` if a parameter can't be filled, unless an annotation isn't defined yet."""
    try:
        action.plan  # noqa: B018 - made for its errors
    except TypeError as error:
        if not is_of_unknown_name(error):
            raise


_CACHED: Final = 64
"""Maximum number of bound references that an unbound reference caches."""
_KEYS: Final = frozenset({int, str})
"""Types whose equal values are the same argument."""


class ActionRef(Reference, FormApi, Generic[P, R]):
    """An action of one component with bound arguments.

    References are equal if they make the same call for the same visitor. Calling one in Python calls the
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
        """The action's path in the page: ``users.sort_by``."""
        self.args = args
        """Bound arguments by position among the bindable parameters; see `bound_arguments`."""
        self.context = context
        """The context in which it is signed: application, page class and visitor."""
        self._text: str | None = None
        self._key: str | None = None
        self._url: tuple[str, str] | None = None
        self._bound: dict[tuple[Any, ...], ActionRef[..., Any]] | None = None

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        given = bound_arguments.named(self.action.plan, self.args)
        function = self.action.function
        if self.action.is_method:
            return cast(R, function(self.component, *args, **given, **kwargs))
        return cast(R, function(*args, **given, **kwargs))

    def bind(self, /, *args: Any, **kwargs: Any) -> ActionRef[..., R]:
        """Return a reference with more arguments. Raise `TypeError` if the action doesn't have them."""
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

    def accepts(self, args: tuple[Any, ...]) -> bool:
        """Return whether these arguments can be bound without validation, and no others are needed."""
        plan = self.action.plan
        fits = all(map(frozenset.__contains__, plan.scalars, map(type, args)))
        return fits and not self.args and plan.demands <= len(args) <= len(plan.bindable)

    def _bind(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> ActionRef[..., R]:
        bound = bound_arguments.bind(self.action.plan, self.args, args, kwargs)
        return ActionRef(self.component, self.action, self.path, bound, self.context)

    @property
    def text(self) -> str:
        """The bound arguments as compact JSON; empty without any."""
        if self._text is None:
            self._text = bound_arguments.write(self.action.plan, self.args)
        return self._text

    @property
    def key(self) -> str:
        """Path and arguments as text, unsigned: the same for equal references."""
        if self._key is None:
            self._key = self.parts.key
        return self._key

    @property
    def parts(self) -> references.Reference:
        """Path and arguments as text, unsigned."""
        return references.Reference(self.path, self.text if self.args else "")

    @property
    def token(self) -> str:
        """The text by which a browser calls it: path, arguments and signature."""
        token = self.parts.signed(self.component.live.signer, self.context)
        if not self.args:
            self.component._live_record.note_token(self, token)
        return token

    def covers(self, other: ActionRef[..., Any]) -> bool:
        """Return whether `other` is the same action with at least these arguments bound."""
        return self.parts.covers(other.parts)

    @property
    def is_of_page(self) -> bool:
        """Whether it needs its page: it is a method or a closure, or has a parameter for the page."""
        injected = self.action.plan.injected
        is_closure = "<locals>" in self.action.__qualname__
        return self.action.is_method or is_closure or any(one.kind == "component" for one in injected)

    def check(self) -> None:
        """Raise `TypeError` if an argument is missing that only a template can bind."""
        args = self.args
        if len(args) < self.action.plan.demands or bound_arguments.UNBOUND in args:
            bound_arguments.require(self.action.plan, self.args)

    def url(self) -> str:
        """Return the address that a form posts to. Raise as `check` does."""
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
        return self.context == other.context and self.is_same_call(other)

    def is_same_call(self, other: Reference) -> bool:
        """Return whether both make the same call, even if for different visitors."""
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

    # Its form, for templates.

    def input(
        self,
        name: str,
        initial: Any = None,
        *,
        label: str | None = None,
        help: str | None = None,
        **attributes: Any,
    ) -> Any:
        """Return a field of the form as HTML: label, control, help and error.

        The control follows from the annotation. `initial` is the value to show, by default that of the
        parameter. `label` and `help` replace the title and description of pydantic's ``Field``. Attributes
        are added to the control: underscores become hyphens, and a trailing one is removed. Raise `TypeError`
        if there is no such field, or no control for it.
        """
        field = self.control(name, initial, label=label, help=help, **attributes)
        return self.component.live.macro(TEMPLATE, "input")(*field)

    def control(
        self,
        name: str,
        initial: Any = None,
        *,
        label: str | None = None,
        help: str | None = None,
        **attributes: Any,
    ) -> FormField:
        """Return the data that `input` renders, to write the HTML yourself. The arguments are the same."""
        known = self.action.controls
        if name not in known:
            raise TypeError(unknown_field(self.action.name, name, known))
        field = self.field(name, shown(known[name].default if initial is None else initial))
        return form_field(known[name], field, label, help, attributes)

    def form(self, *names: str, initial: Any = None, submit: str | None = None, **attributes: Any) -> Any:
        """Return a form as HTML, with the fields of these names; by default, all that aren't bound.

        `initial` is a mapping or an object with initial values. `submit` is the text of the button, by
        default the action's name. Attributes are added to the form. Raise as `input` does.
        """
        inputs = [self.input(name, self.initial(initial, name)) for name in names or self.fields]
        parts = form_parts(self.label if submit is None else submit, self.encoding, attributes)
        return self.component.live.macro(TEMPLATE, "form")(action=self, inputs=inputs, **parts)

    def initial(self, values: Any, name: str) -> Any:
        """Return the initial value of a field, from a mapping or an object; None if it has none."""
        return initial_value(values, name)

    @property
    def fields(self) -> list[str]:
        """The names of all fields of the form: those that aren't bound."""
        bound = bound_arguments.named(self.action.plan, self.args)
        return [name for name in self.action.controls if name.partition(".")[0] not in bound]

    @property
    def encoding(self) -> str:
        """The encoding that the form needs, its ``enctype``."""
        controls = self.action.controls
        has_files = any(controls[name].kind == "file" for name in self.fields)
        return "multipart/form-data" if has_files else "application/x-www-form-urlencoded"

    @property
    def label(self) -> str:
        """The text of a button for the action: "Add user" for ``add_user``."""
        return humanized(self.action.name)

    # The outcome of the most recent call, for templates.

    @property
    def version(self) -> int:
        """A number that changes with the outcomes of calls."""
        return self.component.live.forms.version

    @property
    def state(self) -> FormState:
        """The outcome of the most recent call with these bound arguments, or more of them."""
        return self._known(self.component.live.forms.of(self.key, bool(self.args)))

    @property
    def own(self) -> FormState:
        """The outcome of the most recent call with exactly these bound arguments."""
        return self._known(self.component.live.forms.exact(self.key))

    def _known(self, state: FormState) -> FormState:
        if state is UNUSED and self.action.initial is not None:
            return replace(UNUSED, result=deepcopy(self.action.initial))
        return state

    def reset(self) -> None:
        """Forget the outcomes of its calls, including those with more bound arguments."""
        self.component.live.forms.forget_all(self.key, bool(self.args))


def same_values(mine: tuple[Any, ...], others: tuple[Any, ...]) -> bool:
    """Return whether arguments are equal and of the same types: 1 is neither True nor 1.0."""
    return mine == others and all(type(a) is type(b) for a, b in zip(mine, others, strict=True))
