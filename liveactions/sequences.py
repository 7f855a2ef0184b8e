"""Find what two sequences have in common, with loops in C."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from operator import is_, length_hint
from typing import Any


def common_ends(
    old: Sequence[Any], new: Sequence[Any], same: Callable[[Any, Any], bool] = is_
) -> tuple[int, int]:
    """Return how many items are the same at the start, and how many of the rest at the end.

    By default, items are the same if they are one object: equal ones may look different (``1`` and ``True``).
    """
    global _last
    known = _last
    if known is not None and known[0] is old and known[1] is new and known[2] is same:
        return known[3]
    shorter = min(len(old), len(new))
    start = _beginning(iter(old), new, len(old), shorter, same)
    end = _beginning(reversed(old), reversed(new), len(old), shorter, same)
    ends = start, min(end, shorter - start)
    # An operation compares the tuples of a field twice: to write its state, and to render it.
    _last = (old, new, same, ends) if type(old) is type(new) is tuple else None
    return ends


_last: tuple[Any, Any, Any, tuple[int, int]] | None = None


def _beginning(
    old: Iterator[Any], new: Any, length: int, shorter: int, same: Callable[[Any, Any], bool]
) -> int:
    """Return how many items two iterations have in common at their beginning.

    Both have at least `shorter` items, `old` has `length`.
    """
    # `all` stops at the first difference: what is left of the iterator says where that is.
    return shorter if all(map(same, old, new)) else length - length_hint(old) - 1
