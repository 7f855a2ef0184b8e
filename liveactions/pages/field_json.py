"""The JSON of immutable values of fields, which is reused as long as the value is the same object.

A tuple is written in pieces of up to `PIECE` items, so that only some are written again when items change.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from ..immutability import common_ends

PIECE: Final = 32
"""Maximum number of a tuple's items, or of scalar fields, whose JSON is written and reused together."""


class Written(NamedTuple):
    """An immutable value, and its JSON: the parts of it, one after the other.

    If it was written in pieces, each is a part. `offsets` says which item of the value each begins with, and
    how many items there are.
    """

    value: Any
    parts: list[bytes]
    offsets: list[int]


def write(value: Any, encode: Callable[[Any], bytes], before: Written | None, has_items: bool) -> Written:
    """Return a value with the JSON that `encode` writes of it.

    With `has_items`, a tuple's JSON consists of that of its slices. What it has in common with `before`, the
    value that was written before, is reused.
    """
    if before is not None and before.value is value:
        return before
    if not has_items or type(value) is not tuple or len(value) <= PIECE:
        return Written(value, [encode(value)], [])
    if before is None or not before.offsets:
        offsets = [*range(0, len(value), PIECE), len(value)]
        return Written(value, [*_pieces(value, 0, len(value), encode), b"]"], offsets)
    offsets, longer = before.offsets, len(value) - len(before.value)
    first, last = _changed_pieces(before, value)
    start, end = offsets[first], offsets[last] + longer
    return Written(
        value,
        [*before.parts[:first], *_pieces(value, start, end, encode), *before.parts[last:]],
        [*offsets[:first], *range(start, end, PIECE), *(offset + longer for offset in offsets[last:])],
    )


def _changed_pieces(before: Written, value: tuple[Any, ...]) -> tuple[int, int]:
    """Return the first piece that must be written again, and the one after the last of them."""
    offsets = before.offsets
    start, end = common_ends(before.value, value)
    first, last = bisect_right(offsets, start) - 1, bisect_left(offsets, len(before.value) - end)
    # A small piece next to the others is written again with them, so that pieces stay few.
    if first > 0 and offsets[first] - offsets[first - 1] < PIECE // 2:
        first -= 1
    if first == 0:  # another piece may become the first, which alone has the bracket
        last = max(last, bisect_right(offsets, max(0, len(before.value) - len(value))))
    if last < len(offsets) - 1 and offsets[last + 1] - offsets[last] < PIECE // 2:
        last += 1
    return first, last


def _pieces(value: tuple[Any, ...], start: int, end: int, encode: Callable[[Any], bytes]) -> Iterator[bytes]:
    """Yield the JSON of the items from `start` to `end` in pieces, each after a bracket or comma."""
    for at in range(start, end, PIECE):
        text = encode(value[at : min(at + PIECE, end)])[:-1]
        yield text if at == 0 else b"," + text[1:]
