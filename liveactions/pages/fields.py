"""State as annotated class fields: what a class says about each of them.

::

    class Search(Page):
        q: InUrl[str] = ""                            # state, kept in the query string
        page: Annotated[int, in_url(push=True)] = 1   # ... each change is an entry of the history
        open: bool = False                            # state, carried in the snapshot
        hits: list[Hit] = loaded()                    # set by load(), never carried
        _client: Any = None                           # private: never rendered, never carried
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, ClassVar, Final, Literal, TypeVar, get_origin

from ..actions.annotations import Mark, check_parts, is_mark, metadata, raw_annotations, unwrap, without
from ..actions.codec import Codec, codec
from ..actions.readers import MISSING, Reader, reader
from .children import Children
from .frozen_types import holds_frozen, is_frozen_type

T = TypeVar("T")


@dataclass(frozen=True)
class in_url(Mark):  # noqa: N801 - written like a function: Annotated[int, in_url(push=True)]
    """Marks a field that is kept in the address. `push`: a change is an entry of the browser's history."""

    push: bool = False


InUrl = Annotated[T, in_url()]
"""A field kept in the query string: Back, links and GET forms set it."""


class Loaded:
    """The default of a field that `load` sets."""

    def __repr__(self) -> str:
        return "loaded()"


LOADED: Final = Loaded()


def loaded(*, init: Literal[False] = False) -> Any:
    """A field that `load` sets before each render that needs it: never carried in the snapshot."""
    return LOADED


@dataclass(frozen=True)
class Field:
    """One field of a component's class. `default` is `MISSING` when there is none."""

    name: str
    annotation: Any
    default: Any = MISSING
    children: Children | None = None
    """How components stand in it, if it holds any."""

    @property
    def is_loaded(self) -> bool:
        return self.default is LOADED

    def check(self) -> None:
        """`TypeError` when its annotation says what no field can be, or nothing that could be carried."""
        wrong = next((mark for mark in unwrap(self.annotation)[1] if is_mark(mark)), None)
        if wrong is not None and not isinstance(wrong, in_url):
            raise TypeError(f"field {self.name!r}: {wrong!r} is for parameters, not for fields")
        if not self.is_loaded and self.children is None:
            self.codec  # noqa: B018 - made for its errors

    @cached_property
    def url(self) -> in_url | None:
        """How it stands in the address, if it does."""
        mark = metadata(self.annotation, in_url)
        return mark if isinstance(mark, in_url) else None

    @cached_property
    def codec(self) -> Codec:
        """Its values as JSON. `TypeError` when its annotation can't be."""
        check_parts(self.annotation, f"field {self.name!r}")
        try:
            return codec(without(self.annotation, in_url))
        except Exception as error:  # pydantic has many
            raise TypeError(f"field {self.name!r}: {error}") from error

    @cached_property
    def reader(self) -> Reader:
        return reader(self.annotation)

    @cached_property
    def is_frozen(self) -> bool:
        """Whether its values can't change in place: identity then says whether the field did."""
        return is_frozen_type(self.annotation)

    @cached_property
    def holds_frozen(self) -> bool:
        """Whether its values are containers of such values."""
        return holds_frozen(self.annotation)

    def fresh(self) -> Any:
        """A default value that nobody else holds."""
        return deepcopy(self.default)


def is_class_variable(annotation: Any) -> bool:
    """Whether an annotation, resolved or as text, says that its name isn't a field."""
    if isinstance(annotation, str):
        return annotation.startswith(("ClassVar", "typing.ClassVar", "t.ClassVar"))
    plain, _ = unwrap(annotation)
    return plain is ClassVar or get_origin(plain) is ClassVar


def annotated_names(cls: type[Any]) -> list[str]:
    """Names of the fields that a class itself annotates, private ones too."""
    return [name for name, annotation in raw_annotations(cls).items() if not is_class_variable(annotation)]
