"""Components: objects with typed state, a template and actions. A page is one, and may contain others.

Applications subclass `Component`. Each instance has a `ComponentRecord` with what the library knows about it:
its path in the page, its references, its compiled template. `describe` reads a class, `attach` gives the
components of a page their paths, and `variables` collects the names that a component's template can use.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from copy import deepcopy
from functools import lru_cache
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Final,
    ParamSpec,
    TypeVar,
    cast,
    dataclass_transform,
    get_origin,
)
from weakref import ref

from markupsafe import Markup
from starlette.requests import Request

from ..actions.action import Action, ActionRef
from ..actions.decorator import CLOSURES, Closures, action_in, module_action, module_action_name
from ..actions.run_context import CURRENT_COMPONENT
from ..templates import part_from_render
from ..templates.streams import Stream
from ..type_hints import is_of_unknown_name
from .description import Description, build, check_class, check_names, own_names, unknown_field
from .field_json import Written
from .fields import LOADED, ComponentField, annotated_names, loaded

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..templates.fragments import Fragment
    from .live_context import LiveContext, Render, View


P = ParamSpec("P")
R = TypeVar("R")
_NONE: Final = Closures()


class ComponentRecord:
    """What the library knows about one component."""

    __slots__ = (
        "_component",
        "description",
        "path",
        "mounted",
        "stale",
        "watched",
        "render",
        "names",
        "written",
        "closures",
        "pending_forms",
        "_references",
        "tokens",
    )

    def __init__(self, component: Component, description: Description) -> None:
        self._component = ref(component)
        self.description = description
        self.path = ""
        """The component's path in its page: ``users``, ``lists.0``; empty for the page itself."""
        self.mounted = False
        self.stale = True
        """Whether `load` has to run before the next render."""
        self.watched: frozenset[object] = frozenset()
        """The fields with components that `load` has read, as pairs of a record and a name."""
        self.render: Render | None = None
        """Renders the component's template."""
        self.names: dict[str, Any] | None = None
        """The template variables that don't change between renders."""
        self.written: dict[str | int, Written] = {}
        """The JSON of immutable values, by field name; that of a piece of many scalars, by its position."""
        self.closures = _NONE
        """The actions defined by the latest run of a page function."""
        self.pending_forms: dict[str, list[Any]] | None = None
        """The restored outcomes of calls, as data, until the page function has run and defined its
        actions.
        """
        self._references: dict[Action[..., Any], ActionRef[..., Any]] = {}
        self.tokens: dict[str, ActionRef[..., Any]] = {}
        """The references without arguments that were rendered, by their signed text."""

    def owns(self, action: Action[..., Any]) -> bool:
        """Return whether an action is the component's own, overridden or listed in its `actions`."""
        return self.description.own(action) is not None

    def reference(self, action: Action[P, R]) -> ActionRef[P, R]:
        """Return the reference to an action without arguments: the same object as long as the path stays.

        Raise `TypeError` if the action belongs to neither this component, nor a module, nor the run of the
        page function.
        """
        known = self._references.get(action)
        if known is None:
            own = self.description.own(action)
            component = self._component()
            assert component is not None  # it has called this
            live: LiveContext | None = getattr(component, "live", None)  # not set before attach()
            context = live.context if live is not None else ""
            path = self._path(action) if own is None else self._path_of(own)
            known = (own or action).refer(component, path, context)
            self._references[action] = known
        return cast("ActionRef[P, R]", known)

    def note_token(self, ref: ActionRef[..., Any], token: str) -> None:
        """Note the token of a reference without arguments, if it is still the current one."""
        if self._references.get(ref.action) is ref:
            self.tokens[token] = ref

    def _path_of(self, own: Action[..., Any]) -> str:
        return f"{self.path}.{own.id}" if self.path else own.id

    def _path(self, action: Action[..., Any]) -> str:
        if self.description.overrides(action):
            return self._path_of(action)
        for closures in (CLOSURES.get(), self.closures):  # CLOSURES: of a running page function
            if closures is not None and action in closures:
                closures.require_one(action)
                return action.id
        if module_action(module_action_name(action)) is action:
            return module_action_name(action)
        raise TypeError(
            f"{action!r} is not an action of this page or of a module; list it in the page's `actions`"
        )

    def known(self) -> tuple[Action[..., Any], ...]:
        """Return the component's actions, and the other actions that its template has referred to."""
        return (*self.description.actions.values(), *self._references)

    def use_description(self, description: Description) -> None:
        """Use the description of a generic alias of the component's class."""
        if description is not self.description:
            self.description = description
            self.forget_references()

    def note_run(self, closures: Closures) -> None:
        """Record the actions of a new run of the page function."""
        self.closures = closures
        self._references.clear()
        self.tokens.clear()

    def forget_references(self) -> None:
        """Discard the references, and the names that contain them, so that they are created again."""
        self._references.clear()
        self.tokens.clear()
        self.names = None


def change_context(page: Component, context: str) -> None:
    """Set the context for which references are signed, after the visitor of an open page has changed."""
    live = page.live
    live.former_context, live.context = live.context, context
    for _, component in walk(page):
        component._live_record.forget_references()


def release(page: Component) -> None:
    """Discard what makes a page refer to itself, so that its memory is free as soon as nothing uses it.

    Otherwise Python's garbage collector would have to find it, which takes a twentieth of the work of a GET.
    A task that still uses the page can continue.
    """
    for component in components_of(page):
        component._live_record.forget_references()
    page.live.effects = None


def children_in(component: Component) -> Iterator[tuple[str, Component]]:
    """Yield the components directly in a component, each with its relative path: ``users``, ``lists.0``."""
    for field in component._live_record.description.children:
        assert field.children is not None
        for step, child in field.children.items(component.__dict__.get(field.name)):
            yield field.name + step, child


def walk(component: Component, path: str = "") -> Iterator[tuple[str, Component]]:
    """Yield a component and all components inside it with their paths, outer ones first."""
    yield path, component
    for step, child in children_in(component):
        yield from walk(child, f"{path}.{step}" if path else step)


def streams_of(component: Component) -> list[Stream[Any]]:
    """Return the streams of a component and of those inside it."""
    found: list[Stream[Any]] = []
    description = component._live_record.description
    for one in components_of(component) if description.streams or description.children else ():
        for name in one._live_record.description.streams:
            value = one.__dict__.get(name)
            if isinstance(value, Stream):
                found.append(value)
    return found


def components_of(component: Component) -> tuple[Component, ...]:
    """Return a component and all components inside it, outer ones first."""
    if not component._live_record.description.children:
        return (component,)
    return tuple(one for _, one in walk(component))


class _Nothing:
    """The awaitable result of the default hooks, which do nothing."""

    def __await__(self) -> Any:
        return iter(())


def _html(component: Component) -> Markup:
    """Render a component in markup or template strings that the application writes itself."""
    return Markup(component.__fragment__(None))


@dataclass_transform(kw_only_default=True, field_specifiers=(loaded,))
class Component:
    """A part of a page with its own state, template and actions.

    Annotated public attributes of the class are its fields; the library's own attributes are under `live`.
    Instead of a template, a component may have a method ``render`` that returns a string, an element of a
    library such as htpy, or a template string; or ``__html__``. A component with none of these is headless.
    """

    __slots__ = ("live", "_live_record", "__dict__", "__weakref__")

    template: ClassVar[str | None] = None
    actions: ClassVar[Sequence[Callable[..., Any]]] = ()
    """Module-level actions that the component's template uses."""

    live: LiveContext
    """The context of the open page: its address, its request, its forms."""
    _live_record: ComponentRecord

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "_live_own" in cls.__dict__:
            return
        _prepare(cls, cls.__dict__.get("_live_around") or _names_around())

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        self = super().__new__(cls)
        object.__setattr__(self, "_live_record", ComponentRecord(self, describe(cls)))
        return self

    def __init__(self, /, **fields: Any) -> None:
        """Raise `TypeError` for an unknown field, or if a field without a default is missing."""
        description = self._live_record.description
        unknown = fields.keys() - description.settable
        if unknown:
            raise TypeError(
                f"{type(self).__qualname__} has no settable field named {', '.join(sorted(unknown))}"
            )
        missing = description.required - fields.keys()
        if missing:
            raise TypeError(f"{type(self).__qualname__} needs {', '.join(sorted(missing))}")
        set_defaults(self)
        self.__dict__.update(fields)

    if not TYPE_CHECKING:  # else type checkers would accept all names

        def __setattr__(self, name: str, value: Any) -> None:
            """Raise `AttributeError` for a public name that is neither a field nor one of the class."""
            if not (
                name[0] == "_" or name in self._live_record.description.fields or hasattr(type(self), name)
            ):
                raise AttributeError(unknown_field(self._live_record.description, name, value))
            object.__setattr__(self, name, value)

    @property
    def request(self) -> Request:
        """The most recent HTTP request of this page: its GET, its join, or a post."""
        request = self.live.request
        if request is None:
            raise RuntimeError("this page has no request")
        return request

    def mount(self, *args: Any, **kwargs: Any) -> Any:
        """Run once when the page is opened, before the first `load`. Parameters are injected."""
        return _Nothing()

    def load(self, *args: Any, **kwargs: Any) -> Any:
        """Run before a render if state has changed, or the component was just mounted or restored."""
        return _Nothing()

    def connected(self, *args: Any, **kwargs: Any) -> Any:
        """Run when the page has connected."""
        return _Nothing()

    def disconnected(self, *args: Any, **kwargs: Any) -> Any:
        """Run when the page has lost its connection."""
        return _Nothing()

    def closed(self, *args: Any, **kwargs: Any) -> Any:
        """Run when the session of the page has ended."""
        return _Nothing()

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        """Return a component with equal fields that isn't attached to a page."""
        other = type(self).__new__(type(self))
        memo[id(self)] = other
        other.__dict__.update({name: deepcopy(value, memo) for name, value in self.__dict__.items()})
        return other

    def __fragment__(self, previous: Fragment | None) -> Any:
        """Render the component. Raise `TypeError` if it has neither a template nor another way to render."""
        before = CURRENT_COMPONENT.set(self)
        try:
            return self._live_draw(previous)
        finally:
            CURRENT_COMPONENT.reset(before)

    def _live_draw(self, previous: Fragment | None) -> Any:
        record = self._live_record
        if record.render is None:
            name, templates = record.description.template, self.live.services.templates
            if name is None and record.description.render is not None:
                return self._live_from_render(record.description.render(self), previous)
            if name is None and getattr(type(self), "__html__", None) is not _html:
                return self._live_from_render(self, previous)
            if name is None or templates is None:
                raise TypeError(f"{type(self).__qualname__} has no template to render it")
            record.render = self._live_renders(templates.view(name))
        return record.render(variables(self), previous)

    def _live_renders(self, view: View) -> Render:
        """Return the function that renders the component's template."""
        return view.render_part

    def _live_from_render(self, value: Any, previous: Fragment | None) -> Any:
        """Return the result of rendering without a template. Raise `TypeError` if it isn't HTML."""
        return part_from_render(value, previous)

    if not TYPE_CHECKING:  # else page classes would be functions that return HTML
        __html__ = _html

    def __repr__(self) -> str:
        return f"<{type(self).__qualname__} {self._live_record.path or 'page'}>"


def _names_around() -> dict[str, Any]:
    """Return the local names of the function in which a class is being created."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_name in ("__init_subclass__", "__new__"):
        frame = frame.f_back
    return {} if frame.f_locals is frame.f_globals else dict(frame.f_locals)


def _prepare(cls: type[Component], names: dict[str, Any]) -> None:
    """Prepare a new class, and check it as far as its annotations can be resolved yet."""
    own = annotated_names(cls)
    cls._live_names = names  # type: ignore[attr-defined]
    cls._live_fields = [name for name in own if not name.startswith("_")]  # type: ignore[attr-defined]
    cls._live_loaded = [name for name in own if cls.__dict__.get(name) is LOADED]  # type: ignore[attr-defined]
    for name in cls._live_loaded:  # type: ignore[attr-defined]
        delattr(cls, name)
    for name, value in list(cls.__dict__.items()):
        found = action_in(value)
        if found is None:
            continue
        if found is not value:
            found.is_method = True
            setattr(cls, name, found)
        found.names = own_names(cls)
    check_names(cls, cls._live_fields)  # type: ignore[attr-defined]
    try:
        check_class(describe(cls), getattr(cls, "__parameters__", ()))
    except TypeError as error:  # the name may be defined later; until then, the class can't be used
        if not is_of_unknown_name(error):
            raise


def check_page(page: Any) -> None:
    """Raise `TypeError` if a page, or a component in one of its fields, contradicts its annotations.

    By now, generic classes have their arguments. Annotations may still contain names that are defined later.
    """
    for description in descriptions(page):
        try:
            check_class(description)
        except TypeError as error:
            if not is_of_unknown_name(error):
                raise


def descriptions(page: Any) -> Iterator[Description]:
    """Yield the descriptions of a page's class and of the components in its fields, as far as all names in
    their annotations are defined. Raise `TypeError` if one contradicts itself.
    """
    seen: set[Any] = set()
    left = [page]
    while left:
        one = left.pop()
        if one in seen:
            continue
        seen.add(one)
        try:
            description = describe(one)
        except TypeError as error:
            if not is_of_unknown_name(error):
                raise
            continue
        yield description
        left += [field.children.annotation for field in description.children if field.children is not None]


def describe(component: Any) -> Description:
    """Return the description of a component's class or generic alias.

    Raise `TypeError` if it contradicts itself.
    """
    if isinstance(component, Component):
        return component._live_record.description
    if not isinstance(component, type):
        return _describe_alias(component)
    cls: Any = component
    known: Description | None = cls.__dict__.get("_live_description")
    if known is None:
        known = cls._live_description = build(cls, Component)
        _watch_children(cls, known)
    return known


def _watch_children(cls: type[Component], description: Description) -> None:
    """Replace a class's fields with components by descriptors that note which ones a `load` reads."""
    for field in description.children:
        setattr(cls, field.name, ComponentField(field))


@lru_cache(maxsize=256)
def _describe_alias(alias: Any) -> Description:
    cls = get_origin(alias)
    assert isinstance(cls, type)
    return build(cls, Component, alias)


def set_defaults(component: Component) -> None:
    """Set each field to its default. Mutable defaults are copied."""
    description = component._live_record.description
    values = component.__dict__
    values.update(description.constants)
    for name, default in description.fresh:
        values[name] = deepcopy(default)


def make(annotation: Any) -> Component:
    """Create an unattached component of a class or generic alias, with its fields' defaults."""
    cls = get_origin(annotation) or annotation
    component: Component = cls.__new__(cls)
    component._live_record.description = describe(annotation)
    set_defaults(component)
    return component


def attach(component: Component, live: LiveContext, path: str = "", seen: set[int] | None = None) -> None:
    """Attach the root component and every component in it to an open page, and set their paths.

    `path` is the component's path; `seen` has the ids of components that are attached already. Raise
    `TypeError` if a component is used twice.
    """
    seen = set() if seen is None else seen
    if id(component) in seen:
        raise TypeError(f"component {component!r} is used twice in this page; create a separate instance")
    seen.add(id(component))
    record = component._live_record
    is_new = getattr(component, "live", None) is not live
    if is_new or record.path != path:
        object.__setattr__(component, "live", live)
        record.path = path
        record.forget_references()
    if is_new and record.description.presences:
        live.declares_presence = True
    if is_new and record.description.listeners:
        live.has_listeners = True
    for field in record.description.children:
        assert field.children is not None
        alias = field.children.annotation
        for step, child in field.children.items(component.__dict__.get(field.name)):
            if get_origin(alias) is type(child):
                child._live_record.use_description(describe(alias))
            here = field.name + step
            attach(child, live, f"{path}.{here}" if path else here, seen)


def variables(component: Component) -> dict[str, Any]:
    """Return the variables of a component's template.

    These are its fields, the public attributes of its class, its actions, ``url``, ``live`` and ``request``.
    Context processors add further names, but can't override these.
    """
    record, live = component._live_record, component.live
    if record.names is None:
        record.names = _constant(component)
    names = record.names.copy()
    names["request"] = live.request
    for name, value in component.__dict__.items():
        if name[0] != "_":
            names[name] = value
    for name in record.description.properties:
        names[name] = getattr(component, name)
    if live.services.variables is not None:
        return {**live.services.variables(live.request), **names}
    return names


def _constant(component: Component) -> dict[str, Any]:
    """Return the variables that don't change between renders. References keep their identity."""
    record, live = component._live_record, component.live
    names: dict[str, Any] = {"live": live, "url": live.page._live_url}
    names.update({name: getattr(component, name) for name in record.description.attributes})
    names.update({name: record.reference(action) for name, action in record.description.actions.items()})
    return names
