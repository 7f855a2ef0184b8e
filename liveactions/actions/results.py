"""What actions return, as data: for whoever called, for the snapshot, and back again."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, Final

from pydantic import BaseModel, ValidationError
from pydantic_core import to_jsonable_python

from .codec import SCALARS, Codec, codec

_DEEPEST: Final = 20


class Results:
    """The results of one action, by the annotation of what it returns."""

    __slots__ = ("name", "annotation", "__dict__")

    def __init__(self, name: str, annotation: Any) -> None:
        self.name = name
        self.annotation = annotation

    @cached_property
    def _codec(self) -> Codec:
        try:
            return codec(self.annotation)
        except Exception:  # whatever it says, results tell what they are themselves
            return codec(Any)

    def dump(self, value: Any) -> Any:
        """A result as JSON-able data. `TypeError` that names what in it can't be."""
        try:
            if self._codec.annotation is not Any:
                return self._codec.dump(value)
            return _jsonable(value)
        except (ValueError, TypeError, RecursionError) as error:
            path = next(_unserialisable(value), "")
            where = f"{self.name}() returned {path}" if path else f"{self.name}(): {error}"
            raise TypeError(where) from error

    def same(self, value: Any, data: Any) -> Any:
        """A result whose `dump` gave `data` as `load` gives it: an object of its own, if it is annotated."""
        if type(value) in SCALARS or self._codec.annotation is Any:
            return value
        try:
            return self.load(data)
        except ValidationError:  # it has parts that are written only
            return value

    def load(self, data: Any) -> Any:
        """The result whose `dump` gave `data`; pydantic's `ValidationError` when it doesn't fit."""
        return data if self._codec.annotation is Any else self._codec.load(data)


def _jsonable(value: Any) -> Any:
    return to_jsonable_python(value, inf_nan_mode="constants", bytes_mode="base64")


def _unserialisable(value: Any, path: str = "result", depth: int = 0) -> Iterator[str]:
    """What in a value isn't data, and where: ``a socket at result.items[0]``."""
    if depth > _DEEPEST:
        yield f"data that is nested too deep, at {path}"
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
