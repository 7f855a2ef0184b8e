"""Values that can't change behind one's back: only these may stand for what was made from them.

Which types have values that can't change in place.
"""

from __future__ import annotations

import dataclasses
import enum
import types
from collections.abc import Callable, Collection
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from functools import lru_cache
from operator import attrgetter
from pathlib import PurePath
from typing import Any, Final, Literal, Union, get_args, get_origin
from uuid import UUID

from jinja2.utils import missing
from markupsafe import Markup
from pydantic import BaseModel, SecretBytes, SecretStr

from .type_hints import optional, record_hints, unwrap
from .types import Escaped, Reference

SCALARS: Final = frozenset({str, int, bool, bytes, type(None)})
"""Types whose values are the same when type and value are equal."""
_LEAVES: Final = SCALARS | {
    float, complex, date, datetime, time, timedelta, timezone, Decimal, Fraction, UUID, Markup, Escaped,
    range, type(missing),
}  # fmt: skip
_CONTAINERS: Final = (tuple, frozenset)


def is_frozen(value: Any) -> bool:
    """Whether a value and all that is in it is immutable: scalars, tuples, frozen dataclasses of such.

    References aren't: they say what became of their calls.
    """
    kind = type(value)
    if kind in _LEAVES:
        return True
    fields = _fields(kind)  # type: ignore[arg-type]  # mypy: a type is hashable
    if fields is not None:
        inner = fields(value)
        return _LEAVES.issuperset(map(type, inner)) or all(map(is_frozen, inner))
    return isinstance(value, Enum)


def same(a: Any, b: Any) -> bool:
    """Whether whatever was made from `a` would be made from `b` too."""
    if type(a) is type(b) and type(a) in SCALARS or isinstance(a, Reference) and isinstance(b, Reference):
        return bool(a == b)
    return a is b and is_frozen(a)


@lru_cache(maxsize=1024)
def _fields(kind: type[Any]) -> Callable[[Any], Any] | None:
    """What gives all values in an instance of a frozen type."""
    if kind in _CONTAINERS or issubclass(kind, tuple) and hasattr(kind, "_fields"):
        return tuple
    parameters: Any = getattr(kind, "__dataclass_params__", None)
    if parameters is None or not parameters.frozen:
        return None
    names = [field.name for field in dataclasses.fields(kind)]
    if len(names) > 1:
        return attrgetter(*names)
    return lambda value: tuple(getattr(value, name) for name in names)


SCALAR_TYPES = (
    *(int, float, complex, str, bytes, bool, type(None)),
    *(date, time, timedelta, tzinfo, Decimal, Fraction, UUID, PurePath, enum.Enum, SecretStr, SecretBytes),
)
_CONTAINER_TYPES = (tuple, frozenset)


def is_frozen_type(annotation: Any) -> bool:
    """Whether every value of an annotation is immutable to the bottom. False when that can't be known."""
    return _frozen(annotation, ())


def holds_frozen(annotation: Any) -> bool:
    """Whether it is a list, set or dict whose items are immutable: a copy of it tells what changed."""
    plain, _ = unwrap(optional(annotation)[0])
    origin, arguments = get_origin(plain), get_args(plain)
    container = isinstance(origin, type) and issubclass(origin, Collection) and not issubclass(origin, tuple)
    return container and bool(arguments) and all(map(is_frozen_type, arguments))


def _frozen(annotation: Any, above: tuple[Any, ...]) -> bool:
    plain, _ = unwrap(annotation)
    if plain is None or plain is Ellipsis or plain in above:
        return True
    origin, arguments = get_origin(plain), get_args(plain)
    if origin is Literal:
        return True
    if origin in (Union, types.UnionType):
        return all(_frozen(member, above) for member in arguments)
    cls = origin or plain
    if not isinstance(cls, type):
        return False
    if issubclass(cls, _CONTAINER_TYPES) and arguments:
        return all(_frozen(argument, above) for argument in arguments)
    return issubclass(cls, SCALAR_TYPES) or _is_frozen_record(cls, (*above, plain))


def _is_frozen_record(cls: type[Any], above: tuple[Any, ...]) -> bool:
    """Whether a frozen dataclass, frozen model or named tuple has immutable fields only."""
    if issubclass(cls, BaseModel):
        frozen = bool(cls.model_config.get("frozen"))
    elif dataclasses.is_dataclass(cls):
        frozen = cls.__dataclass_params__.frozen  # type: ignore[attr-defined]
    else:
        frozen = issubclass(cls, tuple) and hasattr(cls, "_fields")
    if not frozen:
        return False
    try:
        hints = record_hints(cls)
    except NameError:
        return False
    return all(_frozen(hint, above) for hint in hints.values())
