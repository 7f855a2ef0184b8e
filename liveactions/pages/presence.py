"""Who is here: `presence` declares the visitor of an open page present in a topic, `present` lists the
people.

::

    class Room(Page):
        id: int
        people = presence("room:{id}", current_user)    # a tuple of users

The declaration's value is the list of its topic, and a variable of the template like any other attribute.
"""

from __future__ import annotations

import inspect
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Callable,
    Coroutine,
    Generator,
    Iterator,
    Mapping,
    Sequence,
)
from dataclasses import dataclass
from functools import cached_property
from string import Formatter
from typing import Any, Final, Generic, Protocol, TypeVar, get_args, get_origin, overload
from weakref import WeakValueDictionary

from pydantic import ValidationError

from ..actions.codec import Codec, codec, json_text
from ..actions.markers import Depends, DependsLike, guards_of
from ..actions.parameters import plan_of
from ..actions.run_context import open_effects
from ..cache.tags import note, reading
from ..config import check_function, check_text
from ..immutability import shareable
from ..logs import get_logger
from ..pubsub.presence import Presence, tag_of
from ..pubsub.presence_table import Entry
from ..type_hints import result_hint

T = TypeVar("T")
Me = str | Callable[..., Any] | DependsLike
log = get_logger("liveactions")
_YIELDING: Final = (Iterator, AsyncIterator, Generator, AsyncGenerator)


class Topic:
    """A topic with placeholders: ``room:{id}``.

    Placeholders are plain names, without attributes or formats, because visitors may have typed a part of the
    topic.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.names = tuple(self._names(text))

    def _names(self, text: str) -> Iterator[str]:
        try:
            parsed = list(Formatter().parse(text))
        except ValueError as error:
            raise ValueError(f"topic {text!r}: {error}") from None
        for _, name, form, conversion in parsed:
            if name is None:
                continue
            if not name.isidentifier() or form or conversion:
                raise ValueError(f"topic {text!r}: only plain names can be filled in, not {{{name}}}")
            yield name

    def fill(self, values: Mapping[str, Any], where: str) -> str:
        """Return the topic with its names filled in. Raise `ValueError` if one has no value."""
        missing = [name for name in self.names if name not in values]
        if missing:
            raise ValueError(
                f"topic {self.text!r}: there is no {missing[0]!r} {where}; pass it: present({self.text!r},"
                f" {missing[0]}=...)"
            )
        return self.text.format_map(values) if self.names else self.text.format()


class PresenceField(Generic[T]):
    """A declaration by `presence`. As an attribute of a component, its value is the list of people
    present.
    """

    def __init__(self, topic: str, me: Me, key: Callable[[T], object] | None) -> None:
        check_text("presence: topic", topic)
        if key is not None:
            check_function("presence: key", key)
        self.topic = Topic(topic)
        self.me: str | Depends = me if isinstance(me, str) else guards_of(me)[0]
        self.key = key

    @overload
    def __get__(self, component: None, owner: type[Any]) -> PresenceField[T]: ...
    @overload
    def __get__(self, component: _Component, owner: type[Any]) -> tuple[T, ...]: ...
    def __get__(self, component: _Component | None, owner: type[Any]) -> PresenceField[T] | tuple[T, ...]:
        if component is None:
            return self
        live = getattr(component, "live", None)  # not set before the component is attached
        known: Presence | None = live.presence if live is not None else None
        return _read(known, self.topic.fill(vars(component), "in the fields")) if known is not None else ()


class _Component(Protocol):
    """`liveactions.pages.component.Component`."""


@overload
def presence(topic: str, me: str, *, key: Callable[[Any], object] | None = None) -> PresenceField[Any]: ...
@overload
def presence(
    topic: str, me: Callable[..., Coroutine[Any, Any, T | None]], *, key: Callable[[T], object] | None = None
) -> PresenceField[T]: ...
@overload
def presence(
    topic: str, me: Callable[..., T | None], *, key: Callable[[T], object] | None = None
) -> PresenceField[T]: ...
@overload
def presence(
    topic: str, me: DependsLike, *, key: Callable[[Any], object] | None = None
) -> PresenceField[Any]: ...
def presence(topic: str, me: Me, *, key: Callable[[Any], object] | None = None) -> PresenceField[Any]:
    """Declare the visitor present while this page is open: ``people = presence("room:{id}", current_user)``.

    `topic` may contain fields of the page. `me` is what others see of the visitor: a dependency, or the name
    of a field or property. Its value is sent to all workers as JSON, by its annotation; None means that the
    visitor isn't present. `key` returns the identity; by default, it is what ``identify=`` has returned, or
    else `me` itself. Several tabs of one person count once.

    The attribute is a tuple of everyone present, in order of arrival. Pages that show it are updated. If its
    name begins with an underscore, it isn't available in the template. Only pages with JavaScript are counted
    as present; pages without it can still read the list.

    Raise `ValueError` for a topic with placeholders that aren't plain names.
    """
    return PresenceField(topic, me, key)


async def present(topic: str, /, **values: Any) -> tuple[Any, ...]:
    """Return who is here: the people declared by `presence` for this topic, in order of arrival.

    Names in the topic are filled in from `values` and, in `load`, from the component's fields:
    ``await present("room:{id}")``. Whatever has read the list is updated when somebody comes or leaves, as
    with cached values. Reading it costs no I/O. Raise `RuntimeError` outside of pages, and `ValueError` for a
    name without a value.
    """
    effects = open_effects()
    known = effects.live.presence if effects is not None else None
    if known is None:
        raise RuntimeError(
            "present() can only be called in a page: in load(), in an action or in a dependency"
        )
    known.start()
    here = reading()
    fields = vars(here.who) if here is not None and here.who is not None else {}
    return _read(known, Topic(topic).fill({**fields, **values}, "in the fields"))


def _read(known: Presence, topic: str) -> tuple[Any, ...]:
    note((tag_of(topic),))
    return known.present(topic)


# Declarations, and the entries that are sent to other workers


@dataclass(frozen=True, slots=True)
class Attending:
    """A person whom a page declares present in a topic."""

    name: str
    """The name of the declaration in its component."""
    topic: str
    key: str
    """The person's identity, if the declaration has a `key`."""
    kind: str
    data: Any
    text: str
    """The data as JSON."""

    def key_of(self, identity: str) -> str:
        """Return the person's identity, by default that of the page's visitor."""
        return self.key or identity or self.text


@dataclass(frozen=True, eq=False)
class DeclaredPresence:
    """A declaration in a component's class, with the type of its values."""

    kind: str
    """The names of class and attribute, by which other workers find the type."""
    name: str
    field: PresenceField[Any]
    annotation: Any

    @cached_property
    def codec(self) -> Codec:
        """Converts what others see of a person. Raises `TypeError` if the annotation doesn't allow that."""
        try:
            return codec(self.annotation)
        except Exception as error:  # pydantic has many
            raise TypeError(
                f"{self.kind}: {self.annotation!r} can't be sent to other workers: {error}"
            ) from error

    def check(self, fields: Mapping[str, Any]) -> None:
        """Raise `TypeError` if the declaration contradicts the class."""
        unknown = [name for name in self.field.topic.names if name not in fields]
        if unknown:
            raise TypeError(
                f"{self.kind}: no field for the {unknown[0]!r} of its topic {self.field.topic.text!r}"
            )
        if isinstance(self.field.me, Depends):
            plan_of(self.field.me.dependency).check_unbound()
        self.codec  # noqa: B018 - evaluated for its errors

    def attending(self, path: str, component: Any, me: Any) -> Attending:
        """Return the entry of a person that the component at `path` declares.

        Raise `TypeError` if `me` doesn't match the annotation.
        """
        try:
            data = self.codec.dump(me)
        except TypeError as error:
            raise TypeError(f"{self.kind}: {error}") from error
        text = json_text(data)
        key = str(self.field.key(me)) if self.field.key is not None else ""
        topic = self.field.topic.fill(vars(component), "in the fields")
        return Attending(f"{path}.{self.name}", topic, key, self.kind, data, text)


_declared: Final[WeakValueDictionary[str, DeclaredPresence]] = WeakValueDictionary()


def declared_in(
    cls: type[Any], members: Mapping[str, Any], fields: Mapping[str, Any]
) -> Iterator[DeclaredPresence]:
    """Yield the declarations of a component's class.

    `members` is what the class and its bases define; `fields` are the annotations of its fields.
    """
    for name, found in members.items():
        if isinstance(found, PresenceField):
            kind = f"{cls.__module__}.{cls.__qualname__}.{name}"
            one = DeclaredPresence(kind, name, found, _annotation(cls, kind, found.me, fields))
            _declared[kind] = one
            yield one


def _annotation(cls: type[Any], kind: str, me: str | Depends, fields: Mapping[str, Any]) -> Any:
    if isinstance(me, Depends):
        return _given_by(me.dependency)
    if me in fields:
        return fields[me]
    found = inspect.getattr_static(cls, me, None)
    if not isinstance(found, property) or found.fget is None:
        raise TypeError(f"{kind}: {cls.__qualname__} has no field or property named {me!r}")
    return result_hint(found.fget)


def _given_by(dependency: Callable[..., Any]) -> Any:
    if inspect.isclass(dependency):
        return dependency
    called = dependency if inspect.isroutine(dependency) else type(dependency).__call__
    found = result_hint(called)
    return get_args(found)[0] if get_origin(found) in _YIELDING else found


def read_entries(entries: Sequence[Entry]) -> Callable[[], tuple[Any, ...]]:
    """Return a function that returns the values of entries, for each caller.

    Entries of another version of the application that this one can't read are left out.
    """
    values: list[Any] = []
    for entry in entries:
        try:
            values.append(_declared[entry.kind].codec.load(entry.data))
        except (KeyError, ValidationError) as error:
            log.warning("can't read an entry of another version for who is in %r: %r", entry.topic, error)
    return shareable(tuple(values))
