"""Decides whether a value is immutable, or all values of an annotation.

Results that were computed from an immutable value can be reused as long as the value is the same object: the
fragment of a list item, the result of a cached function, the copy of a field for an undo log. The definition:

- an *atom* is immutable: an instance of one of the `ATOMS` (not of a subclass, which may have attributes), or
  of any subclass of one of the `ATOM_FAMILIES`;
- a ``tuple``, ``frozenset``, named tuple, frozen dataclass or frozen Pydantic model is immutable if
  everything in it is.

`is_frozen` applies it to a value. `is_frozen_type` applies it to an annotation, which is immutable if all
values that it allows are. `shareable` gives one value to many readers: itself, or copies if it is mutable.
`common_ends` finds the objects that two sequences have in common.
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from copy import deepcopy
from datetime import date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from functools import lru_cache
from itertools import chain
from operator import attrgetter, is_, length_hint
from pathlib import PurePath
from typing import Any, Final, Literal, Union, get_args, get_origin
from uuid import UUID

from jinja2.utils import missing
from markupsafe import Markup
from pydantic import BaseModel, SecretBytes, SecretStr

from .type_hints import optional, record_hints, unwrap
from .types import Escaped, Reference

SCALARS: Final = frozenset({str, int, bool, bytes, type(None)})
"""Atoms that are interchangeable if type and value are equal (unlike floats: -0.0 == 0.0)."""
ATOMS: Final = SCALARS | {
    float, complex, date, datetime, time, timedelta, Decimal, Fraction, UUID, Markup, Escaped, range,
    SecretStr, SecretBytes, type(missing),
}  # fmt: skip
ATOM_FAMILIES: Final = (Enum, PurePath, tzinfo)
_CONTAINERS: Final = (tuple, frozenset)
_FEW: Final = 16


def is_frozen(value: Any) -> bool:
    """Return whether a value and everything in it is immutable.

    References aren't: they have the state of their calls.
    """
    kind = type(value)
    if kind in ATOMS:
        return True
    parts = _parts_of(kind)  # type: ignore[arg-type]  # mypy: a type is hashable
    if parts is None:
        return False
    inner = parts(value)
    return ATOMS.issuperset(map(type, inner)) or are_frozen(inner)


def is_frozen_after(known: tuple[Any, ...], value: tuple[Any, ...]) -> bool:
    """Return whether a tuple is immutable, after one that is: what both have at their ends isn't examined."""
    start, end = common_ends(known, value)
    return are_frozen(value[start : len(value) - end])


def are_frozen(values: Collection[Any]) -> bool:
    """Return whether `is_frozen` is true for all values; with loops in C."""
    kinds = set(map(type, values))
    for kind in kinds - ATOMS:
        parts = _parts_of(kind)
        if parts is None:
            return False
        alike = values if len(kinds) == 1 else [value for value in values if type(value) is kind]
        if not are_frozen([*chain.from_iterable(map(parts, alike))]):
            return False
    return True


def is_frozen_at_a_glance(value: Any) -> bool:
    """Return whether a value is immutable, if it is an atom or a container of a few atoms.

    If this is false, the value may still be immutable.
    """
    kind = type(value)
    if kind in ATOMS:
        return True
    parts = _parts_of(kind)  # type: ignore[arg-type]  # mypy: a type is hashable
    if parts is None or kind in _CONTAINERS and len(value) > _FEW:
        return False
    inner = parts(value)
    return len(inner) <= _FEW and ATOMS.issuperset(map(type, inner))


def is_record_type(cls: type[Any]) -> bool:
    """Return whether attributes of instances of a class are never set again: of atoms and frozen records."""
    return _parts_of(cls) is not None  # type: ignore[arg-type]  # mypy: a type is hashable


def is_frozen_type(annotation: Any) -> bool:
    """Return whether every value that an annotation allows is immutable; False if that is unknown."""
    return _is_frozen_type(annotation, ())


def holds_frozen(annotation: Any) -> bool:
    """Return whether an annotation is of a list, set or dict of immutable items.

    A shallow copy is enough to detect changes of such a container.
    """
    plain, _ = unwrap(optional(annotation)[0])
    origin, arguments = get_origin(plain), get_args(plain)
    container = isinstance(origin, type) and issubclass(origin, Collection) and not issubclass(origin, tuple)
    return container and bool(arguments) and all(map(is_frozen_type, arguments))


def same(a: Any, b: Any) -> bool:
    """Return whether computations from `a` can be reused for `b`."""
    if type(a) is type(b) and type(a) in SCALARS or isinstance(a, Reference) and isinstance(b, Reference):
        return bool(a == b)
    return a is b and is_frozen(a)


def shareable(value: Any) -> Callable[[], Any]:
    """Return a function that returns the value to each caller, copied if it is mutable.

    Raise `TypeError` if the value can be neither shared nor copied.
    """
    _refuse(value)
    kept = copied(value)
    return (lambda: value) if kept is value else (lambda: copied(kept))


def copied(value: Any) -> Any:
    """Return a deep copy, which shares immutable parts."""
    kind = type(value)
    if is_frozen(value):
        return value
    if kind in (list, tuple, set):
        return kind(map(copied, value))
    if kind is dict:
        return {name: copied(item) for name, item in value.items()}
    _refuse(value)
    try:
        return deepcopy(value)
    except Exception as error:  # custom copying may raise anything
        raise TypeError(_advice(value)) from error


def _refuse(value: Any) -> None:
    if hasattr(value, "__next__") or hasattr(value, "__anext__") or hasattr(value, "_sa_instance_state"):
        raise TypeError(_advice(value))


def _advice(value: Any) -> str:
    return f"a {type(value).__qualname__} can't be cached; return plain data: dataclasses, tuples, dicts"


def _is_atom(cls: type[Any]) -> bool:
    return cls in ATOMS or issubclass(cls, ATOM_FAMILIES)


def _field_names(cls: type[Any]) -> Iterable[str] | None:
    """Return the names of everything in an instance of a frozen record class; None for other classes."""
    if issubclass(cls, BaseModel):
        is_closed = not cls.__private_attributes__ and cls.model_config.get("extra") != "allow"
        return cls.model_fields if cls.model_config.get("frozen") and is_closed else None
    if issubclass(cls, tuple):
        return getattr(cls, "_fields", None)
    parameters: Any = getattr(cls, "__dataclass_params__", None)
    if parameters is None or not parameters.frozen:
        return None
    return [field.name for field in dataclasses.fields(cls)]


@lru_cache(maxsize=1024)
def _parts_of(cls: type[Any]) -> Callable[[Any], Collection[Any]] | None:
    """Return a function for everything in an instance of an immutable class; None for other classes."""
    if _is_atom(cls):
        return lambda value: ()
    names = _field_names(cls)
    if cls in _CONTAINERS or issubclass(cls, tuple) and names is not None:
        return tuple
    if names is None:
        return None
    values = [*names]
    if len(values) > 1:
        return attrgetter(*values)
    return lambda value: [getattr(value, name) for name in values]


def _is_frozen_type(annotation: Any, above: tuple[Any, ...]) -> bool:
    plain, _ = unwrap(annotation)
    if plain is None or plain is Ellipsis or plain in above:
        return True
    origin, arguments = get_origin(plain), get_args(plain)
    if origin is Literal:
        return True
    if origin in (Union, types.UnionType):
        return all(_is_frozen_type(member, above) for member in arguments)
    cls = origin or plain
    if not isinstance(cls, type):
        return False
    if cls in _CONTAINERS:
        return bool(arguments) and all(_is_frozen_type(argument, above) for argument in arguments)
    if _is_atom(cls):
        return True
    if _field_names(cls) is None:
        return False
    try:
        hints = record_hints(plain)
    except NameError:
        return False
    return all(_is_frozen_type(hint, (*above, plain)) for hint in hints.values())


def common_ends(
    old: Sequence[Any], new: Sequence[Any], same: Callable[[Any, Any], bool] = is_
) -> tuple[int, int]:
    """Return how many items are the same at the start, and how many of the rest at the end; with loops in C.

    By default, items are the same if they are one object: equal ones may look different (``1`` and ``True``).
    """
    global _last
    known = _last
    if known is not None and known[0] is old and known[1] is new and known[2] is same:
        return known[3]
    shorter = min(len(old), len(new))
    before, after = iter(old), iter(new)
    start = _beginning(before, after, len(old), shorter, same)
    # Both iterators are past the first difference now. Most often it is the only one.
    if start < shorter and len(old) == len(new) and all(map(same, before, after)):
        end = shorter - start - 1
    else:
        end = _beginning(reversed(old), reversed(new), len(old), shorter, same)
    ends = start, min(end, shorter - start)
    # An operation compares the tuples of a field twice: to write its state, and to render it.
    _last = (old, new, same, ends) if type(old) is type(new) is tuple else None
    return ends


_last: tuple[Any, Any, Any, tuple[int, int]] | None = None


def _beginning(
    old: Iterator[Any], new: Iterator[Any], length: int, shorter: int, same: Callable[[Any, Any], bool]
) -> int:
    """Return how many items two iterations have in common at their beginning.

    Both have at least `shorter` items, `old` has `length`.
    """
    # `all` stops at the first difference: what is left of the iterator says where that is.
    return shorter if all(map(same, old, new)) else length - length_hint(old) - 1
