"""Values that can't change behind one's back: only these may stand for what was made from them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from functools import lru_cache
from operator import attrgetter
from typing import Any, Final
from uuid import UUID

from jinja2.utils import missing
from markupsafe import Markup

from .escaping import Escaped
from .reference import Reference

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
