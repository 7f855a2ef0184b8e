"""Converts typed values to JSON and back, by their annotation.

A `Codec` handles one annotation: `dump` returns JSON data, from which `load` restores the value. `Results`
does the same for the results of an action, with errors that name the action.
"""

from __future__ import annotations

import dataclasses
import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Set
from contextlib import suppress
from copy import deepcopy
from datetime import datetime, time, tzinfo
from functools import cached_property, lru_cache
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, PydanticUserError, TypeAdapter, ValidationError
from pydantic_core import from_json, to_json, to_jsonable_python
from typing_extensions import TypeAliasType

from ..type_hints import optional

SCALARS = frozenset({int, str, bool, type(None)})
"""Types whose values are the same in JSON, and are equal exactly if their JSON is."""
_CONFIG = ConfigDict(
    arbitrary_types_allowed=False,
    ser_json_bytes="base64",
    val_json_bytes="base64",
    ser_json_inf_nan="constants",
)


def _adapter(annotation: Any) -> TypeAdapter[Any]:
    """Return a TypeAdapter with the library's configuration, unless the type has its own."""
    try:
        return TypeAdapter(annotation, config=_CONFIG)
    except PydanticUserError as error:
        if error.code != "type-adapter-config-unused":
            raise
        # Dataclasses and TypedDicts reject a configuration passed for them, but inherit that of the type that
        # contains them.
        contained: Any = TypeAliasType("Contained", annotation)
        return TypeAdapter(contained, config=_CONFIG)


class Codec:
    """Converts values of one annotation to JSON and back. Use `codec` to get one: it caches.

    `load` returns values of the annotation's own types: tuples, dates, enums, frozen dataclasses. Without an
    annotation, only JSON's own types are accepted.
    """

    __slots__ = ("annotation", "parse", "scalars", "_adapter", "_takes_none", "_has_times")

    parse: Callable[[Any], Any]
    """Convert a value or text to the annotation's type.

    Raise pydantic's `ValidationError` if it doesn't fit.
    """

    scalars: frozenset[type[Any]]
    """Exact types allowed by the annotation whose values are their own JSON."""

    def __init__(self, annotation: Any) -> None:
        self.annotation = annotation
        self._adapter = _adapter(annotation)
        self.parse = self._adapter.validate_python
        self.scalars = _scalars(annotation)
        self._has_times = _mentions(self._adapter.core_schema, ("datetime", "time"))
        self._takes_none = _fits(self.parse, None)  # pydantic dumps None for any type, without a warning

    def dump(self, value: Any) -> Any:
        """Return a value as JSON-able data. Raise `TypeError` if it doesn't match the annotation."""
        if type(value) in self.scalars:
            return value
        if self.annotation is Any:
            return self._dump_untyped(value)
        if value is None and not self._takes_none:
            raise TypeError(f"None can't be serialized as {self.annotation!r}")
        try:
            return self._adapter.dump_python(value, mode="json", warnings="error")
        except (ValueError, TypeError, RecursionError) as error:
            kind = type(value).__name__
            raise TypeError(f"{kind} can't be serialized as {self.annotation!r}: {error}") from error

    def encode(self, value: Any) -> bytes:
        """Return the JSON of what `dump` returns. Raise `TypeError` as it does."""
        if value is not None and self.annotation is not Any:
            with suppress(ValueError, TypeError, RecursionError):  # the error of `dump` says more
                return self._adapter.dump_json(value, warnings="error")
        try:
            return to_json(self.dump(value), inf_nan_mode="constants")
        except ValueError as error:
            raise TypeError(f"it contains invalid Unicode: {error}") from error

    def _dump_untyped(self, value: Any) -> Any:
        try:
            return _native(value)
        except RecursionError as error:
            raise TypeError(f"{type(value).__name__} contains itself, or is nested too deeply") from error

    def load(self, data: Any) -> Any:
        """Return the value for which `dump` returned `data`.

        Raise pydantic's `ValidationError` if it doesn't fit.
        """
        kind = type(data)
        if kind in self.scalars or (kind in SCALARS and self.annotation is Any):
            return data
        # As JSON, because in Python mode a strict model rejects text for a date and a list for a tuple.
        return self._adapter.validate_json(to_json(data, inf_nan_mode="constants"))

    def require_same(self, value: Any, data: Any, *, strict: bool = False) -> None:
        """Raise `TypeError` if `load` doesn't restore a value from its `data`, which `dump` has returned.

        With `strict`, the whole value is compared, otherwise only time zones.
        """
        zone = _zone(value) if self._has_times else None
        if zone is not None:
            raise TypeError(
                f"{zone!r} would come back as a fixed offset. Store the time in UTC, by"
                " value.astimezone(timezone.utc), and convert it where it is shown"
            )
        change = _change(value, self.load(data)) if strict else ""
        if change:
            raise TypeError(f"{change}. Store it as the annotation says, or annotate the field with its type")

    def text(self, value: Any) -> str:
        """Return a value as compact JSON, equal for equal values. Raise `TypeError` if it has none."""
        if type(value) is int and int in self.scalars:
            return str(value)
        return json_text(self.dump(value))


def _mentions(schema: Any, types: tuple[str, ...]) -> bool:
    """Return whether one of pydantic's core schemas contains another one of these types."""
    remaining, seen = [schema], set[int]()
    while remaining:
        part = remaining.pop()
        if not isinstance(part, dict | list | tuple) or id(part) in seen:
            continue
        seen.add(id(part))  # the schema keeps its parts alive, so their ids aren't reused
        if isinstance(part, dict):
            if part.get("type") in types:
                return True
            remaining += part.values()
        else:
            remaining += part
    return False


def _zone(value: Any) -> tzinfo | None:
    """Return the time zone in a value whose offset from UTC depends on the date; None if it has none."""
    if isinstance(value, datetime | time):
        zone = value.tzinfo
        return zone if zone is not None and zone.utcoffset(None) is None else None
    return next(filter(None, map(_zone, _parts_of(value).values())), None)


def _parts_of(value: Any) -> dict[str, Any]:
    """Return the parts of a container, dataclass or model, by their step from the value: ``[0]``,
    ``.name``.
    """
    if isinstance(value, Mapping):
        return {f"[{key!r}]": part for key, part in value.items()}
    if isinstance(value, list | tuple | deque):
        return {f"[{index}]": part for index, part in enumerate(value)}
    if isinstance(value, Set):
        return {f"[{index}]": part for index, part in enumerate(sorted(value, key=repr))}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f".{one.name}": getattr(value, one.name, None) for one in dataclasses.fields(value)}
    if isinstance(value, BaseModel):
        return {f".{name}": part for name, part in value}
    return {}


def _change(old: Any, new: Any, path: str = "") -> str:
    """Describe the first part in which a value differs from another one that should be equal."""
    if type(old) is not type(new):
        what = f"{path} is" if path else "it is"
        return f"{what} a {type(old).__qualname__} and would come back as a {type(new).__qualname__}"
    before, after = _parts_of(old), _parts_of(new)
    if before.keys() != after.keys():
        return f"{path or 'it'} would come back with other parts: {sorted(after)}"
    if before:
        return next(filter(None, (_change(before[name], after[name], path + name) for name in before)), "")
    same = old == new or old != old  # NaN
    return "" if same else f"{path or 'it'} would come back as {new!r}"


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
    """Return the codec of an annotation. Codecs are cached: building an adapter takes milliseconds."""
    try:
        return _hashable(annotation)
    except TypeError:  # an unhashable Annotated or Literal
        return Codec(annotation)


def json_text(data: Any) -> str:
    """Return data as compact JSON."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def read_json(text: str | bytes) -> Any:
    """Parse JSON. Raise `ValueError` if it is invalid."""
    return from_json(text, allow_inf_nan=True)


def _native(value: Any) -> Any:
    """Return a value that consists of JSON's own types. Raise `TypeError` for others."""
    kind = type(value)
    if kind is list:
        return [_native(item) for item in value]
    if kind is dict and all(type(key) is str for key in value):
        return {key: _native(item) for key, item in value.items()}
    if kind in SCALARS or kind is float:
        return value
    raise TypeError(f"{kind.__name__} needs an annotation that names its type")


_MAX_DEPTH: Final = 20
_MAX_SAFE_INTEGER: Final = 2**53 - 1
"""JavaScript's ``Number.MAX_SAFE_INTEGER``."""


class Results:
    """The results of one action, by the annotation of its return value.

    Templates always see a result as it is restored from a snapshot, even right after the call. Without an
    annotation, that is plain JSON: dates are text, models are dicts.
    """

    __slots__ = ("name", "annotation", "__dict__")

    def __init__(self, name: str, annotation: Any) -> None:
        self.name = name
        self.annotation = annotation

    @cached_property
    def _codec(self) -> Codec:
        try:
            return codec(self.annotation)
        except Exception:  # the annotation can't be stored; a result still may be
            return codec(Any)

    @property
    def _is_typed(self) -> bool:
        return self._codec.annotation is not Any

    def dump(self, value: Any) -> Any:
        """Return a result as JSON-able data. Raise a `TypeError` that names the part that can't be stored."""
        try:
            return self._codec.dump(value) if self._is_typed else _jsonable(value)
        except (ValueError, TypeError, RecursionError) as error:
            path = next(_unserialisable(value), "")
            where = f"{self.name}() returned {path}" if path else f"{self.name}(): {error}"
            raise TypeError(where) from error

    def require_exact(self, data: Any) -> None:
        """Raise `TypeError` if data contains an integer that JavaScript would round."""
        found = next(_inexact(data), None)
        if found is not None:
            raise TypeError(f"{self.name}() returned {found}, which JavaScript rounds; return it as text")

    def same(self, value: Any, data: Any) -> Any:
        """Return a result as `load` restores it from its `data`.

        Raise `TypeError` if it can't be restored.
        """
        if data is None or type(value) in SCALARS:
            return data
        try:
            return self.load(data)
        except ValidationError as error:
            raise TypeError(
                f"{self.name}() returned a {type(value).__qualname__} that can't be read back: {error}"
            ) from error

    def load(self, data: Any) -> Any:
        """Return the result for which `dump` returned `data`.

        Raise pydantic's `ValidationError` if it doesn't fit.
        """
        return self._codec.load(data) if self._is_typed else deepcopy(data)


def _inexact(data: Any, path: str = "result") -> Iterator[str]:
    """Yield the integers that JavaScript can't represent exactly, with their position in the data."""
    if type(data) is int and abs(data) > _MAX_SAFE_INTEGER:
        yield f"{data} at {path}"
    for step, item in _parts_of(data).items():
        yield from _inexact(item, path + step)


def _jsonable(value: Any) -> Any:
    return to_jsonable_python(value, inf_nan_mode="constants", bytes_mode="base64")


def _unserialisable(value: Any, path: str = "result", depth: int = 0) -> Iterator[str]:
    """Yield the parts of a value that can't be stored, with position: ``a socket at result.items[0]``."""
    if depth > _MAX_DEPTH:
        yield f"data that is nested too deeply, at {path}"
        return
    try:
        _jsonable(value)
    except (ValueError, TypeError, RecursionError):
        found = False
        for step, item in _parts_of(value).items():
            for text in _unserialisable(item, path + step, depth + 1):
                found = True
                yield text
        if not found:
            yield f"a {type(value).__qualname__} at {path}, which isn't data"
