"""Describes component classes: their fields, actions, hooks, timers and listeners.

`build` reads a class once, and `check` finds contradictions when the class is defined or registered, rather
than when a page is opened. The decorators `every` and `on` mark methods as timers and listeners.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from string import Formatter
from typing import Any, Final, Generic, TypeVar

from jinja2.defaults import DEFAULT_NAMESPACE

from ..actions.action import Action
from ..actions.decorator import action_in
from ..actions.form_input import MISSING
from ..actions.parameters import ParameterPlan, plan_of
from ..config import check_seconds
from ..type_hints import (
    FreeVariable,
    Variables,
    raw_annotations,
    resolve,
    type_parameters,
    unknown_name,
    variables_of,
)
from .bound_fields import SETS, FieldAction, field_action
from .fields import LOADED, ComponentField, Field, children_of, is_class_variable
from .presence import DeclaredPresence, PresenceField, declared_in

HOOKS: Final = ("mount", "load", "connected", "disconnected", "closed")
RESERVED: Final = frozenset({"template", "request", "live", "actions", *HOOKS})
"""Names with a meaning in the library, which no field or action may have."""
F = TypeVar("F", bound=Callable[..., Any])
TIMER_MARK: Final = "_live_every"
LISTENER_MARK: Final = "_live_on"


@dataclass(frozen=True, slots=True)
class Timer:
    """A method that is called every `seconds`, as an operation of its page."""

    name: str
    seconds: float
    function: Callable[..., Any]


def every(seconds: float) -> Callable[[F], F]:
    """Run a page's method every `seconds` seconds while the page is connected. Its parameters are injected.

    Raise `TypeError` unless `seconds` is a number, and `ValueError` if it is less than 0.01.
    """
    check_seconds("@every: seconds", seconds)
    if not seconds >= 0.01:
        raise ValueError(f"every({seconds!r}): at least 0.01 seconds")

    def mark(function: F) -> F:
        if not callable(function):
            raise TypeError(f"@every decorates methods, not {function!r}")
        setattr(function, TIMER_MARK, float(seconds))
        return function

    return mark


@dataclass(frozen=True, slots=True)
class Listener:
    """A method and the topic that it listens to.

    The topic may name fields of the component: ``typing:{room}``.
    """

    topic: str
    function: Callable[..., Any]

    def topic_of(self, component: Any) -> str:
        """Return the topic for the current fields of a component."""
        return self.topic.format_map(vars(component))

    def check(self, fields: Any, title: str) -> None:
        """Raise `TypeError` if the topic names something that isn't a field."""
        for _, name, _, _ in Formatter().parse(self.topic):
            if name is not None and name.split(".")[0].split("[")[0] not in fields:
                raise TypeError(f"{title}: no field for the topic {self.topic!r} of {self.function.__name__}")


def on(topic: str) -> Callable[[F], F]:
    """Run a page's method for each message that ``live.publish(topic, ...)`` sends, while the page is open.

    In ``@on("typing:{room}")``, `room` is a field of the page. Parameters are filled from the message by
    name; others are injected. Raise `TypeError` unless `topic` is a text.
    """
    if not isinstance(topic, str):
        raise TypeError(f'@on: expected a topic, such as @on("chat"), not {topic!r}')

    def mark(function: F) -> F:
        if not callable(function):
            raise TypeError(f"@on decorates methods, not {function!r}")
        setattr(function, LISTENER_MARK, topic)
        return function

    return mark


@dataclass(frozen=True)
class Description:
    """The description of a component's class. Names are in the order of definition, base classes first."""

    cls: type[Any]
    template: str | None
    fields: Mapping[str, Field]
    """Public fields by name."""
    state: tuple[Field, ...]
    """Fields in the snapshot, including those that contain components."""
    in_url: tuple[Field, ...]
    children: tuple[Field, ...]
    """Fields that contain components."""
    streams: tuple[str, ...]
    """Names of fields whose items leave the server's memory."""
    kept: tuple[tuple[Field, type[Any]], ...]
    """Fields that outlive the page, each with the class that annotates it."""
    mutable: tuple[Field, ...]
    """Fields whose values may change in place."""
    actions: Mapping[str, Action[..., Any]]
    """Actions by the name that templates use."""
    references: Mapping[str, Action[..., Any]]
    """Actions by the name that references use, aliases included."""
    timers: tuple[Timer, ...]
    listeners: tuple[Listener, ...]
    presences: tuple[DeclaredPresence, ...]
    hooks: Mapping[str, Callable[..., Any]]
    """The hooks that the class defines: ``mount load connected disconnected closed``."""
    render: Callable[..., Any] | None
    """The method that returns the HTML of a component without a template."""
    constants: Mapping[str, Any]
    """Immutable defaults, shared by all instances."""
    fresh: tuple[tuple[str, Any], ...]
    """Mutable defaults, of which each instance gets a copy."""
    required: frozenset[str]
    """Fields without a default, except loaded ones."""
    settable: frozenset[str]
    """Fields that the constructor accepts: private ones too, but not loaded ones."""
    attributes: tuple[str, ...]
    """Public constants and methods of the class, which are variables of its template."""
    properties: tuple[str, ...]
    """Public properties, which are evaluated on each render."""

    variables: Mapping[type[Any], Variables] = field(default_factory=dict, repr=False)
    """The values of type variables in each base class."""
    plans: dict[Callable[..., Any], ParameterPlan] = field(default_factory=dict, repr=False)
    setters: dict[str, FieldAction | str] = field(default_factory=dict, repr=False)
    """The actions that set fields, or the reason why there is none; created when they are first used."""

    @cached_property
    def loads(self) -> bool:
        """Whether the class has a `load`."""
        return "load" in self.hooks

    @cached_property
    def may_load(self) -> bool:
        """Whether the class has a `load` or declares presence, or contains components, which may do so."""
        return bool(self.loads or self.children or self.presences)

    @cached_property
    def may_mount(self) -> bool:
        """Whether it has a `mount`, or a component in it may have one."""
        return bool("mount" in self.hooks or self.children)

    @cached_property
    def has_loaded(self) -> bool:
        """Whether there are fields that `load` sets."""
        return bool(self.streams) or len(self.state) < len(self.fields)

    @cached_property
    def state_names(self) -> tuple[str, ...]:
        """The names of the state fields."""
        return tuple(field.name for field in self.state)

    @cached_property
    def scalars(self) -> tuple[frozenset[type[Any]], ...]:
        """For each state field, the types whose values are written to JSON as they are."""
        return tuple(frozenset() if field.children else field.codec.scalars for field in self.state)

    @cached_property
    def has_address(self) -> bool:
        """Whether fields of the page, or of components in it, may be in the query string."""
        return bool(self.in_url or self.children)

    def plan(self, function: Callable[..., Any], is_method: bool = True) -> ParameterPlan:
        """Return the parameter plan of a hook, timer or validator. Plans are cached."""
        known = self.plans.get(function)
        if known is None:
            names = names_around(self.cls)
            variables = self.variables.get(_owner(self.cls, function), {})
            known = ParameterPlan.of(function, skip=int(is_method), names=names, variables=variables)
            self.plans[function] = known
        return known

    def find(self, name: str) -> Action[..., Any] | None:
        """Return the action that has a name in references, including those that set fields."""
        known = self.references.get(name)
        if known is None and name.endswith(SETS) and name.removesuffix(SETS) in self.fields:
            found = self._setter(name.removesuffix(SETS))
            return None if isinstance(found, str) else found
        return known

    def setter(self, name: str) -> FieldAction:
        """Return the action that sets a field. Raise `TypeError` if there is no such field, or no action."""
        if name not in self.fields:
            similar = get_close_matches(name, self.fields, 1)
            proposal = f"did you mean {similar[0]!r}?" if similar else f"it has {', '.join(self.fields)}"
            raise TypeError(f"live.field.{name}: {self.cls.__qualname__} has no such field; {proposal}")
        found = self._setter(name)
        if isinstance(found, str):
            raise TypeError(f"live.field.{name}: this field of {self.cls.__qualname__} can't be set: {found}")
        return found

    def _setter(self, name: str) -> FieldAction | str:
        known = self.setters.get(name)
        if known is None:
            known = self.setters[name] = field_action(self.cls, self.fields[name])
        return known

    def own(self, action: Action[..., Any]) -> Action[..., Any] | None:
        """Return an action with this class's type variables resolved; None if it belongs to another class."""
        known = self.find(action.id)
        return known if known is not None and known.function is action.function else None

    def overrides(self, action: Action[..., Any]) -> bool:
        """Return whether an action belongs to a base class, where ``super()`` finds it."""
        return any(base.__dict__.get(action.name) is action for base in self.cls.__mro__)


def build(cls: type[Any], base: type[Any], alias: Any = None) -> Description:
    """Return the description of a subclass of `base`, or of its generic alias.

    Raise `TypeError` if the class contradicts itself. Its cause is a `NameError` if an annotation contains a
    name that isn't defined yet.
    """
    variables = variables_of(cls, alias)
    members = _members(cls)
    fields = {one.name: one for one in _fields(cls, base, variables)}
    actions = dict(_actions(cls, members, variables))
    attributes = list(_attributes(cls, base, {*fields, *actions}))
    defaults = {name: one.default for name, one in fields.items() if not one.is_loaded}
    defaults.update(_defaults(cls, _private_names(cls, base)))
    given = {name: value for name, value in defaults.items() if value is not MISSING}
    return Description(
        cls=cls,
        template=cls.template,
        fields=fields,
        state=_select(fields, lambda one: not one.is_loaded),
        in_url=_select(fields, lambda one: one.url),
        children=_select(fields, lambda one: one.children),
        streams=tuple(one.name for one in fields.values() if one.is_stream),
        kept=tuple((one, _annotating(cls, base, one.name)) for one in fields.values() if one.kept),
        mutable=_select(fields, lambda one: not one.is_frozen),
        actions=actions,
        references=_references(cls, actions.values()),
        timers=tuple(_timers(members)),
        listeners=tuple(_listeners(cls, members, fields)),
        presences=tuple(declared_in(cls, members, {name: one.annotation for name, one in fields.items()})),
        hooks={name: getattr(cls, name) for name in HOOKS if getattr(cls, name) is not getattr(base, name)},
        render=_render(cls),
        constants={name: value for name, value in given.items() if _is_shared(value)},
        fresh=tuple((name, value) for name, value in given.items() if not _is_shared(value)),
        required=frozenset(name for name, one in fields.items() if one.default is MISSING),
        settable=frozenset(defaults),
        attributes=tuple(name for name in attributes if not _is_property(members[name])),
        properties=tuple(name for name in attributes if _is_property(members[name])),
        variables=variables,
    )


def _render(cls: type[Any]) -> Callable[..., Any] | None:
    found = inspect.getattr_static(cls, "render", None)
    if cls.template is not None or not inspect.isfunction(found):
        return None
    if inspect.iscoroutinefunction(found):
        raise TypeError(f"{cls.__qualname__}.render() can't be async; load data in load()")
    return found


def _select(fields: Mapping[str, Field], wanted: Callable[[Field], Any]) -> tuple[Field, ...]:
    return tuple(one for one in fields.values() if wanted(one))


def check_class(description: Description, own: tuple[Any, ...] = ()) -> None:
    """Raise `TypeError` if a field can't be stored or a parameter can't be filled.

    `own` are the type variables that may still be unresolved.
    """
    for one in description.fields.values():
        with _ignoring(own):
            one.check()
    for action in description.actions.values():
        for validator in (None, *action.validators):
            with _ignoring(own):
                (action.plan if validator is None else action.plan_of(validator)).check()
        for guard in action.guards:
            plan_of(guard.dependency).check_unbound()
    for declared in description.presences:
        declared.check(description.fields)
    timers = (timer.function for timer in description.timers)
    listeners = (listener.function for listener in description.listeners)
    for function in (*description.hooks.values(), *timers, *listeners):
        with _ignoring(own):
            description.plan(function).check_unbound()


@contextmanager
def _ignoring(variables: tuple[Any, ...]) -> Iterator[None]:
    """Suppress errors that these unresolved type variables cause."""
    try:
        yield
    except FreeVariable as error:
        if error.variable not in variables:
            raise


def check_names(cls: type[Any], fields: Iterable[str]) -> None:
    """Raise `TypeError` for names of a class that are reserved, ambiguous, or lack an annotation."""
    inherited = {name for base in cls.__mro__ for name in base.__dict__.get("_live_fields", ())}
    actions = {name for name, value in _members(cls).items() if isinstance(value, Action)}
    title = cls.__qualname__
    for name in _unannotated(cls):
        kind = type(cls.__dict__[name]).__name__
        raise TypeError(
            f"{title}.{name} has no annotation, so it isn't a field: write `{name}: {kind} = …`;"
            f" of a constant, `{name}: ClassVar[{kind}] = …` or `{name.upper()} = …`"
        )
    for name in fields:
        if name in RESERVED:
            raise TypeError(f"{title}.{name}: this name is reserved; rename the field")
        if name in DEFAULT_NAMESPACE:
            raise TypeError(f"{title}.{name}: this is the name of a Jinja function; rename the field")
        if callable(getattr(cls, name, None)) and hasattr(_page_base(cls), name):
            raise TypeError(f"{title}.{name}: this is the name of a method of Page; rename the field")
    for name in sorted(actions & {*fields, *inherited}):
        raise TypeError(f"{title}.{name} is both a field and an action; rename one of them")
    for name in sorted(actions & RESERVED):
        raise TypeError(f"{title}.{name}: this name is reserved; rename the action")


def unknown_field(description: Description, name: str, value: object) -> str:
    """Return the error message for an assignment to a name that isn't a field of a component."""
    title, kind = description.cls.__qualname__, type(value).__name__
    similar = get_close_matches(name, description.fields, 1)
    proposal = f"Did you mean {similar[0]!r}?" if similar else f"Its fields: {', '.join(description.fields)}."
    return (
        f"{title} has no field {name!r}. {proposal} Declare a new one in the class, `{name}: {kind} = …`, or"
        f" `{name}: {kind} = loaded()` if load() sets it. Names that begin with an underscore are private."
    )


def _unannotated(cls: type[Any]) -> Iterator[str]:
    """Yield the names of public values that look like fields but have no annotation."""
    annotated = {name for one in cls.__mro__ for name in raw_annotations(one)}
    for name, value in cls.__dict__.items():
        is_public = not name.startswith("_") and not name.isupper()
        is_value = not callable(value) and not hasattr(type(value), "__get__")
        if is_public and is_value and name not in annotated | RESERVED:
            yield name


def _page_base(cls: type[Any]) -> Any:
    """Return the nearest base class that the library defines."""
    return next((base for base in cls.__mro__[1:] if base.__module__.startswith("liveactions.")), object)


def _fields(cls: type[Any], base: type[Any], variables: Mapping[type[Any], Variables]) -> Iterator[Field]:
    annotations: dict[str, Any] = {}
    for one in _bases(cls, base):
        raw = {name: hint for name, hint in raw_annotations(one).items() if not is_class_variable(hint)}
        public = {name: hint for name, hint in raw.items() if not name.startswith("_")}
        module = vars(sys.modules[one.__module__]) if one.__module__ in sys.modules else {}
        try:
            resolved = resolve(public, module, own_names(one), variables.get(one, {}))
        except NameError as error:
            raise unknown_name(one.__qualname__, error) from error
        annotations.update({name: hint for name, hint in resolved.items() if not is_class_variable(hint)})
    for name, default in _defaults(cls, annotations):
        yield Field(name, annotations[name], default, children_of(annotations[name], base))


def _members(cls: type[Any]) -> dict[str, Any]:
    """Return the members of a class and its bases by name, without calling descriptors; base classes
    first.
    """
    return {name: value for one in reversed(cls.__mro__) for name, value in one.__dict__.items()}


def _bases(cls: type[Any], base: type[Any]) -> list[type[Any]]:
    """Return the classes whose annotations are fields, furthest base class first."""
    own = (object, Generic, base)
    return [one for one in reversed(cls.__mro__) if one not in own and "_live_own" not in one.__dict__]


def own_names(cls: type[Any]) -> dict[str, Any]:
    """Return the names that annotations of a class may use besides those of its module."""
    return {**cls.__dict__.get("_live_names", {}), **type_parameters(cls), cls.__name__: cls}


def _annotating(cls: type[Any], base: type[Any], name: str) -> type[Any]:
    """Return the class whose annotation of a field counts."""
    bases = reversed(_bases(cls, base))
    found: type[Any] = next(one for one in bases if name in raw_annotations(one))
    return found


def names_around(cls: type[Any]) -> dict[str, Any]:
    """Return the names that annotations of a class's methods may use besides those of their module."""
    return {name: value for one in reversed(cls.__mro__) for name, value in own_names(one).items()}


def _owner(cls: type[Any], function: Callable[..., Any]) -> type[Any]:
    """Return the class that defines a method of `cls`."""
    owners = (one for one in cls.__mro__ if any(value is function for value in one.__dict__.values()))
    return next(owners, cls)


def _private_names(cls: type[Any], base: type[Any]) -> set[str]:
    return {
        name
        for one in _bases(cls, base)
        for name, hint in raw_annotations(one).items()
        if name.startswith("_") and not name.startswith("_live") and not is_class_variable(hint)
    }


def _defaults(cls: type[Any], names: Iterable[str]) -> Iterator[tuple[str, Any]]:
    for name in names:
        yield name, next(_defaults_of(cls, name), MISSING)


def _defaults_of(cls: type[Any], name: str) -> Iterator[Any]:
    """Yield a field's defaults in a class and its bases."""
    for one in cls.__mro__:
        if name in one.__dict__.get("_live_loaded", ()):
            yield LOADED
        elif name in one.__dict__:
            value = one.__dict__[name]
            yield value.default if isinstance(value, ComponentField) else value


def _is_shared(value: Any) -> bool:
    return isinstance(value, (int, float, str, bytes, bool, type(None))) or value == ()


def _actions(
    cls: type[Any], members: Mapping[str, Any], variables: Mapping[type[Any], Variables]
) -> Iterator[tuple[str, Action[..., Any]]]:
    for name, value in members.items():
        found = action_in(value)
        if found is not None:
            yield name, found.with_variables(variables.get(_owner(cls, value), {}))
    for listed in cls.actions:
        shared = action_in(listed)
        if shared is None:
            raise TypeError(
                f"{cls.__qualname__}.actions: {listed!r} isn't an action; decorate it with @action"
            )
        if hasattr(cls, shared.name) or shared.name in raw_annotations(cls):
            raise TypeError(f"{cls.__qualname__}.actions: the page already defines {shared.name!r}")
        yield shared.name, shared


def _references(cls: type[Any], actions: Iterable[Action[..., Any]]) -> dict[str, Action[..., Any]]:
    found: dict[str, Action[..., Any]] = {}
    for action in actions:
        for id in (action.id, *action.aliases):
            if found.setdefault(id, action) is not action:
                raise TypeError(f"{cls.__qualname__}: two actions have the name {id!r}")
    return found


def _timers(members: Mapping[str, Any]) -> Iterator[Timer]:
    for name, function in members.items():
        seconds = getattr(function, TIMER_MARK, None)
        if seconds is not None and callable(function):
            yield Timer(name, seconds, function)


def _listeners(cls: type[Any], members: Mapping[str, Any], fields: Mapping[str, Field]) -> Iterator[Listener]:
    for function in members.values():
        topic = getattr(function, LISTENER_MARK, None)
        if topic is not None and callable(function):
            listener = Listener(topic, function)
            listener.check(fields, cls.__qualname__)
            yield listener


def _attributes(cls: type[Any], base: type[Any], taken: set[str]) -> Iterator[str]:
    names = dict.fromkeys(name for one in _bases(cls, base) for name in one.__dict__)
    for name in names:
        if not name.startswith("_") and name not in RESERVED and name not in taken:
            yield name


def _is_property(value: Any) -> bool:
    return isinstance(value, (property, cached_property, PresenceField))
