"""Components inside a component's field: alone, in a list, or in a dict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin
from urllib.parse import quote

from ..actions.annotations import optional, unwrap
from ..actions.codec import codec, read_json

Shape = Literal["one", "list", "dict"]


@dataclass(frozen=True)
class Children:
    """How components stand in a field: `annotation` is the component's class, or its generic alias."""

    shape: Shape
    annotation: Any
    container: type[Any] | None = None
    """The class of the list, tuple or dict."""
    keys: Any = str
    """Annotation of a dict's keys."""

    @property
    def cls(self) -> type[Any]:
        """The component's class."""
        found = get_origin(self.annotation) or self.annotation
        assert isinstance(found, type)
        return found

    def key_text(self, key: Any) -> str:
        """A key as JSON's keys are."""
        return codec(self.keys).text(key)

    def key(self, text: str) -> Any:
        """The key that `key_text` wrote."""
        return codec(self.keys).load(read_json(text))

    def items(self, value: Any) -> Iterator[tuple[str, Any]]:
        """Each component of a field's value with its step in a path: ``""``, ``.0``, ``.key``."""
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
        """The component that the first of `steps` leads to, which are taken. `LookupError` without one."""
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
    """A dict's key as a step of a path: without dots and tildes."""
    return quote(str(key), safe="").replace(".", "%2E").replace("~", "%7E")


def children_of(annotation: Any, base: type[Any]) -> Children | None:
    """How components, subclasses of `base`, stand in a field of an annotation; None when none do."""
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
