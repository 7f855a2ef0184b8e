"""Components: objects with typed state, a template and actions. A page is one, and may hold more."""

from __future__ import annotations

import sys
from copy import deepcopy
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, dataclass_transform, get_origin

from starlette.requests import Request

from ..actions.action import action_in
from ..actions.annotations import is_of_unknown_name
from ..actions.current import CURRENT
from ..template import html_of, raw_part
from .description import Description, build, check, check_names, own_names
from .fields import LOADED, annotated_names, loaded
from .node import Node
from .variables import variables

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..actions.handle import Handle
    from ..template.fragment import Fragment
    from .page import Page


class _Nothing:
    """What a hook returns that does nothing: may be awaited."""

    def __await__(self) -> Any:
        return iter(())


@dataclass_transform(kw_only_default=True, field_specifiers=(loaded,))
class Component:
    """A part of a page with its own state, template and actions.

    Without a template it is headless, or writes its HTML itself: by a method ``render``, which returns a
    string, an element of a library such as htpy, or a template string; or by ``__html__``.

    Annotated public names of the class are its fields. Every other name of the library is under `live`.
    """

    __slots__ = ("live", "_live_node", "__dict__", "__weakref__")

    template: ClassVar[str | None] = None
    actions: ClassVar[Sequence[Callable[..., Any]]] = ()
    """Actions of modules that its template names."""

    live: Handle
    """The open page: its address, its request, its forms."""
    _live_node: Node

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "_live_own" in cls.__dict__:
            return
        _read(cls, cls.__dict__.get("_live_around") or _names_around())

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        self = super().__new__(cls)
        self._live_node = Node(self, describe(cls))
        return self

    def __init__(self, /, **fields: Any) -> None:
        """`TypeError` for an unknown field, or a missing one without a default."""
        description = self._live_node.description
        unknown = fields.keys() - description.settable
        if unknown:
            raise TypeError(
                f"{type(self).__qualname__} has no field to set of name {', '.join(sorted(unknown))}"
            )
        missing = description.required - fields.keys()
        if missing:
            raise TypeError(f"{type(self).__qualname__} needs {', '.join(sorted(missing))}")
        set_defaults(self)
        self.__dict__.update(fields)

    @property
    def request(self) -> Request:
        """The newest HTTP request of this page: its GET, its join, its post."""
        request = self.live.request
        if request is None:
            raise RuntimeError("this page has no request")
        return request

    def mount(self, *args: Any, **kwargs: Any) -> Any:
        """Runs once, before the first `load`. Parameters are injected by annotation."""
        return _Nothing()

    def load(self, *args: Any, **kwargs: Any) -> Any:
        """Runs before a render when a state field changed, or the component was just mounted or restored."""
        return _Nothing()

    def connected(self, *args: Any, **kwargs: Any) -> Any:
        """Runs when a socket came."""
        return _Nothing()

    def disconnected(self, *args: Any, **kwargs: Any) -> Any:
        """Runs when the socket went."""
        return _Nothing()

    def closed(self, *args: Any, **kwargs: Any) -> Any:
        """Runs when the page is over."""
        return _Nothing()

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        """Another component with equal fields, in no page yet."""
        other = type(self).__new__(type(self))
        memo[id(self)] = other
        other.__dict__.update({name: deepcopy(value, memo) for name, value in self.__dict__.items()})
        return other

    def __fragment__(self, previous: Fragment | None) -> Any:
        """The component drawn: a fragment, or HTML that is none. `TypeError` when there is no way to."""
        before = CURRENT.set(self)
        try:
            return self._live_draw(previous)
        finally:
            CURRENT.reset(before)

    def _live_draw(self, previous: Fragment | None) -> Any:
        node = self._live_node
        if node.view is None:
            name, templates = node.description.template, self.live.services.templates
            if name is None and node.description.render is not None:
                return self._live_written(node.description.render(self))
            if name is None and hasattr(self, "__html__"):
                return self._live_written(self)
            if name is None or templates is None:
                raise TypeError(f"{type(self).__qualname__} has no template to draw it with")
            node.view = templates.view(name)
        return node.view.render(variables(self), previous)

    def _live_written(self, value: Any) -> Any:
        """The fragment of HTML that no template of ours has written. `TypeError` when it is none."""
        return raw_part(html_of(value))

    def __repr__(self) -> str:
        return f"<{type(self).__qualname__} {self._live_node.path or 'page'}>"


def _names_around() -> dict[str, Any]:
    """Local names of the function in which a class is being created."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_name in ("__init_subclass__", "__new__"):
        frame = frame.f_back
    return {} if frame.f_locals is frame.f_globals else dict(frame.f_locals)


def _read(cls: type[Component], names: dict[str, Any]) -> None:
    """Prepares a new class and finds what is wrong with it, as far as its annotations are defined yet."""
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
        check(describe(cls), getattr(cls, "__parameters__", ()))
    except TypeError as error:  # a name may be defined later: until then nothing of the class can be used
        if not is_of_unknown_name(error):
            raise


def check_page(page: Any) -> None:
    """`TypeError` when a page, or a component in one of its fields, can't be used as it is annotated.

    Whatever is generic has its arguments now. Names may still be defined later.
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
            check(description)
        except TypeError as error:
            if not is_of_unknown_name(error):
                raise
            continue
        left += [field.children.annotation for field in description.children if field.children is not None]


def describe(component: Any) -> Description:
    """What a component's class or its generic alias consists of. `TypeError` when it contradicts itself."""
    if isinstance(component, Component):
        return component._live_node.description
    if get_origin(component) is not None:
        return _describe_alias(component)
    known: Description | None = component.__dict__.get("_live_description")
    if known is None:
        known = build(component, Component)
        component._live_description = known
    return known


@lru_cache(maxsize=256)
def _describe_alias(alias: Any) -> Description:
    cls = get_origin(alias)
    assert isinstance(cls, type)
    return build(cls, Component, alias)


def set_defaults(component: Component) -> None:
    """Gives each field its default; mutable ones are the component's own."""
    description = component._live_node.description
    values = component.__dict__
    values.update(description.constants)
    for name, default in description.fresh:
        values[name] = deepcopy(default)


def make(annotation: Any) -> Component:
    """A new component of a class or a generic alias, with its fields' defaults, mounted nowhere yet."""
    cls = get_origin(annotation) or annotation
    component: Component = cls.__new__(cls)
    component._live_node.description = describe(annotation)
    set_defaults(component)
    return component


def attach(page: Page, live: Handle) -> None:
    """Makes `page` the root below `live`, and tells every component in it its path.

    `TypeError` when a component stands in two places.
    """
    live.page = page
    _attach(page, live, "", set())


def _attach(component: Component, live: Handle, path: str, seen: set[int]) -> None:
    if id(component) in seen:
        raise TypeError(f"{component!r} stands in the page twice; make another one")
    seen.add(id(component))
    node = component._live_node
    if getattr(component, "live", None) is not live:
        component.live = live
        node.forget_references()
    node.move(path)
    for field in node.description.children:
        assert field.children is not None
        alias = field.children.annotation
        for step, child in field.children.items(component.__dict__.get(field.name)):
            if get_origin(alias) is type(child):
                child._live_node.become(describe(alias))
            here = field.name + step
            _attach(child, live, f"{path}.{here}" if path else here, seen)
