"""Arguments of cached functions as keys: equal ones of equal types are the same."""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable
from typing import Any

from pydantic import BaseModel

from ..template.frozen import is_frozen


def key_of(value: Any) -> Hashable:
    """What stands for a value among the keys. `TypeError` for what has no content to compare by."""
    kind = type(value)
    if kind in (list, tuple):
        return (kind, *map(key_of, value))
    if kind in (set, frozenset):
        return (kind, frozenset(map(key_of, value)))
    if isinstance(value, dict):
        return (kind, frozenset((key_of(name), key_of(item)) for name, item in value.items()))
    if isinstance(value, BaseModel):
        return (kind, *((name, key_of(item)) for name, item in value))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return (kind, *(key_of(getattr(value, one.name)) for one in dataclasses.fields(value)))
    if is_frozen(value):
        return (kind, value)
    raise TypeError(f"a {kind.__qualname__} can't be part of a key")
