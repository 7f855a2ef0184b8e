"""Which types have values that can't change in place."""

from __future__ import annotations

import dataclasses
import enum
import types
from collections.abc import Collection
from datetime import date, time, timedelta, tzinfo
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePath
from typing import Any, Literal, Union, get_args, get_origin
from uuid import UUID

from pydantic import BaseModel, SecretBytes, SecretStr

from ..actions.annotations import optional, record_hints, unwrap

SCALARS = (
    *(int, float, complex, str, bytes, bool, type(None)),
    *(date, time, timedelta, tzinfo, Decimal, Fraction, UUID, PurePath, enum.Enum, SecretStr, SecretBytes),
)
_CONTAINERS = (tuple, frozenset)


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
    if issubclass(cls, _CONTAINERS) and arguments:
        return all(_frozen(argument, above) for argument in arguments)
    return issubclass(cls, SCALARS) or _is_frozen_record(cls, (*above, plain))


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
