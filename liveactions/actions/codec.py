"""Typed values as JSON and back, by their annotation.

A `Codec` belongs to one annotation: `dump` gives JSON-able data, and `load` gives the value back. `Results`
does the same for what an action returns, with errors that name the action.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from functools import cached_property, lru_cache
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, PydanticUserError, TypeAdapter, ValidationError
from pydantic_core import from_json, to_json, to_jsonable_python
from typing_extensions import TypeAliasType

from ..type_hints import optional

SCALARS = frozenset({int, str, bool, type(None)})
"""Types that are the same in JSON, whose values are equal exactly when their JSON is."""
_CONFIG = ConfigDict(
    arbitrary_types_allowed=False,
    ser_json_bytes="base64",
    val_json_bytes="base64",
    ser_json_inf_nan="constants",
)


def _adapter(annotation: Any) -> TypeAdapter[Any]:
    """Return a TypeAdapter with our configuration. A model, and what has a configuration, keeps its own."""
    try:
        return TypeAdapter(annotation, config=_CONFIG)
    except PydanticUserError as error:
        if error.code != "type-adapter-config-unused":
            raise
        # A dataclass or TypedDict takes the configuration of what contains it, but refuses one of its own.
        contained: Any = TypeAliasType("Contained", annotation)
        return TypeAdapter(contained, config=_CONFIG)


class Codec:
    """Turns values of one annotation into JSON and back. Make it through `codec`, which caches.

    What comes back from `load` is of the annotation's types again: tuples, dates, enums, frozen
    dataclasses. Without an annotation only what JSON itself has is taken.
    """

    __slots__ = ("annotation", "parse", "scalars", "_adapter", "_takes_none")

    parse: Callable[[Any], Any]
    """Value of the annotation's type from a value or text of another; pydantic's `ValidationError`."""

    scalars: frozenset[type[Any]]
    """Exact types whose values are their own JSON, as far as the annotation allows them."""

    def __init__(self, annotation: Any) -> None:
        self.annotation = annotation
        self._adapter = _adapter(annotation)
        self.parse = self._adapter.validate_python
        self.scalars = _scalars(annotation)
        self._takes_none = _fits(self.parse, None)  # pydantic writes None for any type, without a warning

    def dump(self, value: Any) -> Any:
        """JSON-able form of `value`. `TypeError` when it isn't what the annotation says."""
        if type(value) in self.scalars:
            return value
        if self.annotation is Any:
            return self._dump_untyped(value)
        if value is None and not self._takes_none:
            raise TypeError(f"None can't be serialised as {self.annotation!r}")
        try:
            return self._adapter.dump_python(value, mode="json", warnings="error")
        except (ValueError, TypeError, RecursionError) as error:
            kind = type(value).__name__
            raise TypeError(f"{kind} can't be serialised as {self.annotation!r}: {error}") from error

    def _dump_untyped(self, value: Any) -> Any:
        try:
            return _native(value)
        except RecursionError as error:
            raise TypeError(f"{type(value).__name__} contains itself, or is nested too deeply") from error

    def load(self, data: Any) -> Any:
        """The value whose `dump` gave `data`; pydantic's `ValidationError` when it doesn't fit."""
        kind = type(data)
        if kind in self.scalars or (kind in SCALARS and self.annotation is Any):
            return data
        # As JSON, because in Python mode a strict model refuses a date's text and a tuple's list.
        return self._adapter.validate_json(to_json(data, inf_nan_mode="constants"))

    def text(self, value: Any) -> str:
        """Compact JSON of `value`, the same for equal values. `TypeError` when there is none."""
        if type(value) is int and int in self.scalars:
            return str(value)
        return write_json(self.dump(value))


def _fits(parse: Callable[[Any], Any], value: Any) -> bool:
    try:
        parse(value)
    except ValidationError:
        return False
    return True


def _scalars(annotation: Any) -> frozenset[type[Any]]:
    inner, nullable = optional(annotation)
    found = {kind for kind in SCALARS if kind is inner}
    return frozenset(found | {type(None)} if nullable else found)


@lru_cache(maxsize=4096)
def _hashable(annotation: Any) -> Codec:
    return Codec(annotation)


def codec(annotation: Any) -> Codec:
    """The codec of an annotation. Adapters take milliseconds to build: they are shared."""
    try:
        return _hashable(annotation)
    except TypeError:  # an unhashable Annotated or Literal
        return Codec(annotation)


def write_json(data: Any) -> str:
    """Compact JSON text."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def read_json(text: str | bytes) -> Any:
    """Data of a JSON text. `ValueError` when it is none."""
    return from_json(text, allow_inf_nan=True)


def _native(value: Any) -> Any:
    """`value`, when it is made of JSON's own types only; else `TypeError`."""
    kind = type(value)
    if kind is list:
        return [_native(item) for item in value]
    if kind is dict and all(type(key) is str for key in value):
        return {key: _native(item) for key, item in value.items()}
    if kind in SCALARS or kind is float:
        return value
    raise TypeError(f"{kind.__name__} needs an annotation that names its type")


_DEEPEST: Final = 20
_MAX_SAFE_INTEGER: Final = 2**53 - 1
"""JavaScript's ``Number.MAX_SAFE_INTEGER``."""


class Results:
    """The results of one action, by the annotation of what it returns.

    Templates see a result as a snapshot brings it back, at once and on every way in. Without an annotation
    that is plain JSON: a date is a text, a model is a dict.
    """

    __slots__ = ("name", "annotation", "__dict__")

    def __init__(self, name: str, annotation: Any) -> None:
        self.name = name
        self.annotation = annotation

    @cached_property
    def _codec(self) -> Codec:
        try:
            return codec(self.annotation)
        except Exception:  # it isn't of data: the result says itself whether it is
            return codec(Any)

    @property
    def _is_typed(self) -> bool:
        return self._codec.annotation is not Any

    def dump(self, value: Any) -> Any:
        """Return a result as JSON-able data. `TypeError` that names what in it can't be."""
        try:
            return self._codec.dump(value) if self._is_typed else _jsonable(value)
        except (ValueError, TypeError, RecursionError) as error:
            path = next(_unserialisable(value), "")
            where = f"{self.name}() returned {path}" if path else f"{self.name}(): {error}"
            raise TypeError(where) from error

    def require_exact(self, data: Any) -> None:
        """Raise `TypeError` when data holds an integer that JavaScript would round."""
        found = next(_inexact(data), None)
        if found is not None:
            raise TypeError(f"{self.name}() returned {found}, which JavaScript rounds; return it as text")

    def same(self, value: Any, data: Any) -> Any:
        """Return a result whose `dump` gave `data` as `load` gives it. `TypeError` when that can't be."""
        if data is None or type(value) in SCALARS:
            return data
        try:
            return self.load(data)
        except ValidationError as error:
            raise TypeError(
                f"{self.name}() returned a {type(value).__qualname__} that can't be read back: {error}"
            ) from error

    def load(self, data: Any) -> Any:
        """The result whose `dump` gave `data`; pydantic's `ValidationError` when it doesn't fit."""
        return self._codec.load(data) if self._is_typed else deepcopy(data)


def _inexact(data: Any, path: str = "result") -> Iterator[str]:
    """The integers in data that JavaScript has no number for, and where they are."""
    if type(data) is int and abs(data) > _MAX_SAFE_INTEGER:
        yield f"{data} at {path}"
    for step, item in _parts(data):
        yield from _inexact(item, path + step)


def _jsonable(value: Any) -> Any:
    return to_jsonable_python(value, inf_nan_mode="constants", bytes_mode="base64")


def _unserialisable(value: Any, path: str = "result", depth: int = 0) -> Iterator[str]:
    """What in a value isn't data, and where: ``a socket at result.items[0]``."""
    if depth > _DEEPEST:
        yield f"data that is nested too deeply, at {path}"
        return
    try:
        _jsonable(value)
    except (ValueError, TypeError, RecursionError):
        found = False
        for step, item in _parts(value):
            for text in _unserialisable(item, path + step, depth + 1):
                found = True
                yield text
        if not found:
            yield f"a {type(value).__qualname__} at {path}, which isn't data"


def _parts(value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, Mapping):
        return [(f"[{key!r}]", item) for key, item in value.items()]
    if isinstance(value, list | tuple | set | frozenset):
        return [(f"[{index}]", item) for index, item in enumerate(value)]
    if isinstance(value, BaseModel):
        return [(f".{name}", getattr(value, name)) for name in type(value).model_fields]
    if dataclasses.is_dataclass(value):
        return [(f".{field.name}", getattr(value, field.name)) for field in dataclasses.fields(value)]
    return []
