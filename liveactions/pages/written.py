"""The JSON of immutable values, written once: what is the same object has the same JSON.

A tuple is written in pieces of up to `PIECE` items, so that most of it isn't written again when items change.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from ..sequences import common_ends

PIECE: Final = 64


class Piece(NamedTuple):
    """Items of a tuple: how many, and their JSON without brackets."""

    length: int
    text: bytes


class Written(NamedTuple):
    """An immutable value, and its JSON: the parts of it, one after the other."""

    value: Any
    parts: list[bytes]
    pieces: list[Piece]


def write(value: Any, encode: Callable[[Any], bytes], before: Written | None, has_items: bool) -> Written:
    """Return a value with the JSON that `encode` writes of it.

    With `has_items`, a tuple's JSON consists of that of its slices. What it has in common with `before`, the
    value that was written before, is reused.
    """
    if before is not None and before.value is value:
        return before
    if not has_items or type(value) is not tuple or len(value) <= PIECE:
        return Written(value, [encode(value)], [])
    pieces = _pieces(value, encode, before)
    parts = [b","] * (2 * len(pieces) + 1)
    parts[1::2] = [piece.text for piece in pieces]
    parts[0], parts[-1] = b"[", b"]"
    return Written(value, parts, pieces)


def _pieces(value: tuple[Any, ...], encode: Callable[[Any], bytes], before: Written | None) -> list[Piece]:
    start, end = common_ends(before.value, value) if before is not None and before.pieces else (0, 0)
    known = before.pieces if before is not None else []
    first, begin = _covered(known, start)
    last, left = _covered(known[::-1], end)
    fresh = value[begin : len(value) - left]
    return [
        *known[:first],
        *(_piece(fresh[n : n + PIECE], encode) for n in range(0, len(fresh), PIECE)),
        *known[len(known) - last :],
    ]


def _covered(pieces: list[Piece], count: int) -> tuple[int, int]:
    """Return how many of the first pieces lie within so many items, and how many items these are.

    A small one next to the rest isn't counted: it is written again with the rest, so that pieces stay few.
    """
    number = items = 0
    for piece in pieces:
        if items + piece.length > count:
            break
        number, items = number + 1, items + piece.length
    if number and pieces[number - 1].length < PIECE // 2:
        number, items = number - 1, items - pieces[number - 1].length
    return number, items


def _piece(items: tuple[Any, ...], encode: Callable[[Any], bytes]) -> Piece:
    return Piece(len(items), encode(items)[1:-1])
