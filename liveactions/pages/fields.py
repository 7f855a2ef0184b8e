"""State as annotated class fields.

::

    class Search(Page):
        q: InUrl[str] = ""                            # state, kept in the query string
        page: Annotated[int, in_url(push=True)] = 1   # ... each change adds a history entry
        open: bool = False                            # state, kept in the snapshot
        draft: InTab[str] = ""                        # state that survives a reload, in this tab
        cart: InSession[tuple[int, ...]] = ()         # ... in all tabs of this person
        hits: list[Hit] = loaded()                    # set by load(), never stored
        _client: Any = None                           # private: never rendered, never stored

A field may contain components: a single one, a list, or a dict.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, ClassVar, Final, Literal, TypeVar, get_args, get_origin
from urllib.parse import quote

from pydantic import PydanticSchemaGenerationError

from ..actions.codec import Codec, codec, read_json
from ..actions.form_input import MISSING
from ..actions.form_readers import Reader, reader
from ..cache.tags import note
from ..config import check_flags
from ..encoding import write_json
from ..immutability import holds_frozen, is_frozen_type
from ..templates.streams import Stream
from ..type_hints import (
    Marker,
    check_field_info,
    check_parts,
    is_mark,
    metadata,
    optional,
    raw_annotations,
    unwrap,
    without,
)

T = TypeVar("T")


@dataclass(frozen=True)
class in_url(Marker):  # noqa: N801 - written like a function: Annotated[int, in_url(push=True)]
    """Keep a field in the query string. With `push`, each change adds an entry to the browser's history."""

    push: bool = False

    def __post_init__(self) -> None:
        check_flags(push=self.push)


InUrl = Annotated[T, in_url()]
"""A field in the query string, set by links, Back and GET forms."""


@dataclass(frozen=True)
class Kept(Marker):
    """Keep a field beyond its page: for one tab, or for all tabs of one person."""

    by: Literal["tab", "person"]

    def __repr__(self) -> str:
        return {"tab": "InTab", "person": "InSession"}[self.by]


InTab = Annotated[T, Kept("tab")]
"""A field that survives reloading the page, leaving it and coming back, in the same tab."""
InSession = Annotated[T, Kept("person")]
"""A field that all tabs of a person share, until the person signs out."""


class Loaded:
    """The default of a field that `load` sets."""

    def __repr__(self) -> str:
        return "loaded()"


LOADED: Final = Loaded()


def loaded(*, init: Literal[False] = False) -> Any:
    """Declare a field that `load` sets. It is never stored."""
    return LOADED


@dataclass(frozen=True)
class Field:
    """One field of a component's class. `default` is `MISSING` if there is none."""

    name: str
    annotation: Any
    default: Any = MISSING
    children: Children | None = None
    """How the field contains components, if it does."""

    @property
    def is_loaded(self) -> bool:
        return self.default is LOADED

    def check(self) -> None:
        """Raise `TypeError` if the annotation isn't allowed on a field, or its values can't be stored."""
        marks = [mark for mark in unwrap(self.annotation)[1] if is_mark(mark)]
        wrong = next((mark for mark in marks if not isinstance(mark, (in_url, Kept))), None)
        if wrong is not None:
            raise TypeError(f"field {self.name!r}: {wrong!r} can only be used on parameters, not on fields")
        if self.kept is not None:
            self._check_kept(self.kept, marks)
        if self.is_stream != isinstance(self.default, Stream) or (self.is_stream and marks):
            raise TypeError(
                f"field {self.name!r}: a stream is declared as {self.name}: Stream[...] = stream(limit=200)"
            )
        check_field_info(self.annotation, f"field {self.name!r}", self.default)
        if not self.is_loaded and self.children is None:
            self.codec  # noqa: B018 - evaluated for its errors

    @cached_property
    def is_stream(self) -> bool:
        """Whether the field is a list whose items leave the server's memory."""
        return get_origin(unwrap(self.annotation)[0]) is Stream or unwrap(self.annotation)[0] is Stream

    def _check_kept(self, kept: Kept, marks: list[Any]) -> None:
        title = f"field {self.name!r} ({kept!r})"
        if len(marks) > 1:
            raise TypeError(f"{title}: a field is kept in one place only: InUrl, InTab or InSession")
        if self.is_loaded:
            raise TypeError(f"{title}: load() sets it, so it can't be kept; give it another default")
        if self.children is not None:
            raise TypeError(f"{title}: components can't be kept as a whole; annotate their own fields")
        if self.default is MISSING:
            raise TypeError(f"{title}: it needs a default, for when nothing is kept")

    @cached_property
    def kept(self) -> Kept | None:
        """The marker that keeps the field beyond its page, if there is one."""
        mark = metadata(self.annotation, Kept)
        return mark if isinstance(mark, Kept) else None

    @cached_property
    def url(self) -> in_url | None:
        """The marker that keeps the field in the page's address, if there is one."""
        mark = metadata(self.annotation, in_url)
        return mark if isinstance(mark, in_url) else None

    @cached_property
    def codec(self) -> Codec:
        """Converts the field's values to JSON data. Raises `TypeError` if the annotation doesn't allow
        that.
        """
        check_parts(self.annotation, f"field {self.name!r}")
        try:
            return codec(without(self.annotation, (in_url, Kept)))
        except PydanticSchemaGenerationError as error:
            raise TypeError(
                f"field {self.name!r}: values of {self.annotation!r} can't be stored in a page's state. Store"
                f" a key instead, and set the object in load(): declare it as {self.name}: ... = loaded()"
            ) from error
        except Exception as error:  # pydantic has many
            raise TypeError(f"field {self.name!r}: {error}") from error

    @cached_property
    def key(self) -> bytes:
        """The beginning of its JSON in an object: the name and a colon."""
        return write_json(self.name) + b":"

    @cached_property
    def reader(self) -> Reader:
        return reader(self.annotation)

    @cached_property
    def is_frozen(self) -> bool:
        """Whether the field's values are immutable: the field has only changed if it has another object."""
        return is_frozen_type(self.annotation)

    @cached_property
    def has_items(self) -> bool:
        """Whether the field holds a tuple of any length, whose JSON consists of that of its items."""
        plain = optional(without(self.annotation, (in_url, Kept)))[0]
        return get_origin(plain) is tuple and get_args(plain)[1:] == (Ellipsis,)

    @cached_property
    def holds_frozen(self) -> bool:
        """Whether the field's values are containers of immutable values."""
        return holds_frozen(self.annotation)

    def fresh(self) -> Any:
        """Return a new copy of the default value; `MISSING` if there is none."""
        return self.default if self.default is MISSING else deepcopy(self.default)


class ComponentField:
    """The descriptor of a field that contains components.

    It notes which `load` reads the field, because that has to run again after the components have changed.
    """

    __slots__ = ("name", "default")

    def __init__(self, field: Field) -> None:
        self.name = field.name
        self.default = field.default

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        values = {self.name: self.default} if instance is None else instance.__dict__
        value = values.get(self.name, MISSING)
        if value is MISSING or value is LOADED:
            raise AttributeError(f"{owner.__qualname__} has no value for {self.name!r} yet")
        if instance is not None:
            note((), frozenset([(instance._live_record, self.name)]))
        return value

    def __set__(self, instance: Any, value: Any) -> None:
        instance.__dict__[self.name] = value

    def __delete__(self, instance: Any) -> None:
        instance.__dict__.pop(self.name, None)


def is_class_variable(annotation: Any) -> bool:
    """Return whether an annotation, resolved or as text, is a ``ClassVar``."""
    if isinstance(annotation, str):
        return annotation.startswith(("ClassVar", "typing.ClassVar", "t.ClassVar"))
    plain, _ = unwrap(annotation)
    return plain is ClassVar or get_origin(plain) is ClassVar


def annotated_names(cls: type[Any]) -> list[str]:
    """Return the names of the fields that a class itself annotates, private ones included."""
    return [name for name, annotation in raw_annotations(cls).items() if not is_class_variable(annotation)]


Shape = Literal["one", "list", "dict"]


@dataclass(frozen=True)
class Children:
    """How a field contains components. `annotation` is the component's class or its generic alias."""

    shape: Shape
    annotation: Any
    container: type[Any] | None = None
    """The class of the list, tuple or dict."""
    keys: Any = str
    """The annotation of a dict's keys."""

    @property
    def cls(self) -> type[Any]:
        """The component's class."""
        found = get_origin(self.annotation) or self.annotation
        assert isinstance(found, type)
        return found

    def key_text(self, key: Any) -> str:
        """Return a key as a JSON object key."""
        return codec(self.keys).text(key)

    def key(self, text: str) -> Any:
        """Return the key for which `key_text` returned `text`."""
        return codec(self.keys).load(read_json(text))

    def items(self, value: Any) -> Iterator[tuple[str, Any]]:
        """Yield each component in a field's value with its step in a path: ``""``, ``.0``, ``.key``."""
        if value is None:
            return
        if self.shape == "one":
            yield "", value
        elif self.shape == "list":
            for index, item in enumerate(value):
                yield f".{index}", item
        else:
            for key, item in value.items():
                yield f".{step(key)}", item

    def at(self, value: Any, steps: list[str]) -> Any:
        """Return the component that the first of `steps` leads to, and remove the steps that were used.

        Raise `LookupError` if there is none.
        """
        if value is None:
            raise LookupError
        if self.shape == "one":
            return value
        if not steps:
            raise LookupError
        key = steps.pop(0)
        if self.shape == "dict":
            return {step(known): item for known, item in value.items()}[key]
        if not key.isascii() or not key.isdigit():
            raise LookupError(key)
        return value[int(key)]


def step(key: Any) -> str:
    """Return a dict's key as a step of a path, with dots and tildes quoted."""
    return quote(str(key), safe="").replace(".", "%2E").replace("~", "%7E")


def children_of(annotation: Any, base: type[Any]) -> Children | None:
    """Return how a field with this annotation contains subclasses of `base`; None if it contains none."""
    plain, _ = unwrap(optional(annotation)[0])
    origin, arguments = get_origin(plain) or plain, get_args(plain)
    if not isinstance(origin, type):
        return None
    if issubclass(origin, base):
        return Children("one", plain)
    if issubclass(origin, Mapping) and len(arguments) == 2 and _is(arguments[1], base):
        return Children("dict", arguments[1], dict, arguments[0])
    if issubclass(origin, Sequence) and arguments and _is(arguments[0], base):
        return Children("list", arguments[0], tuple if issubclass(origin, tuple) else list)
    return None


def _is(annotation: Any, base: type[Any]) -> bool:
    origin = get_origin(annotation) or annotation
    return isinstance(origin, type) and issubclass(origin, base)
