"""What is cached is everybody's: it can't be changed, or each reader has a copy."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from ..template.frozen import is_frozen


def shareable(value: Any) -> Callable[[], Any]:
    """Gives the value to each reader. `TypeError` for what can be neither shared nor copied."""
    _refuse(value)
    if is_frozen(value):
        return lambda: value
    kept = copied(value)
    return lambda: copied(kept)


def copied(value: Any) -> Any:
    """A value of its own, with those parts in it that can't change."""
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
    except Exception as error:  # whatever its own way of copying raises
        raise TypeError(_advice(value)) from error


def _refuse(value: Any) -> None:
    if hasattr(value, "__next__") or hasattr(value, "__anext__") or hasattr(value, "_sa_instance_state"):
        raise TypeError(_advice(value))


def _advice(value: Any) -> str:
    return f"a {type(value).__qualname__} can't be cached; return plain data: dataclasses, tuples, dicts"
