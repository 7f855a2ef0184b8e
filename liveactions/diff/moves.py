"""From one order of ordinals to another, in few edits.

What stays at the start and at the end is left out first. Of the rest, the items outside a longest
increasing subsequence of old positions move.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import compress, count, islice
from operator import ne

Edit = int | tuple[int, int]
"""An ordinal to remove; an ordinal and before which it comes to stand (-1: at the end)."""


def edits(old: Sequence[int], new: Sequence[int]) -> list[Edit]:
    """Removals, then inserts and moves from the end on, so that what they go before is in its place."""
    start, end = _common(old, new)
    middle = new[start : len(new) - end]
    positions = {ordinal: n for n, ordinal in enumerate(old[start : len(old) - end])}
    staying = _increasing([ordinal for ordinal in middle if ordinal in positions], positions)
    left = set(middle)
    found: list[Edit] = [ordinal for ordinal in positions if ordinal not in left]
    before = new[len(new) - end] if end else -1
    for ordinal in reversed(middle):
        if ordinal not in staying:
            found.append((ordinal, before))
        before = ordinal
    return found


def kept(old: Sequence[int], new: Sequence[int]) -> list[tuple[int, int]]:
    """Positions, old and new, of the items that are in both."""
    start, end = _common(old, new)
    shift = len(old) - len(new)
    positions = {old[n]: n for n in range(start, len(old) - end)}
    middle = [(positions[new[n]], n) for n in range(start, len(new) - end) if new[n] in positions]
    return [(n, n) for n in range(start)] + middle + [(n + shift, n) for n in range(len(new) - end, len(new))]


def _common(old: Sequence[int], new: Sequence[int]) -> tuple[int, int]:
    """How many are the same at the start, and how many of the rest at the end."""
    shorter = min(len(old), len(new))
    start = _first(map(ne, old, new), shorter)
    return start, _first(map(ne, reversed(old), reversed(new)), shorter - start)


def _first(different: Iterable[bool], limit: int) -> int:
    return next(compress(count(), islice(different, limit)), limit)


def _increasing(ordinals: Sequence[int], positions: dict[int, int]) -> set[int]:
    """The most ordinals whose old positions increase (patience sorting)."""
    tops: list[int] = []
    piles: list[int] = []
    back: dict[int, int | None] = {}
    for ordinal in ordinals:
        pile = bisect_left(tops, positions[ordinal])
        back[ordinal] = piles[pile - 1] if pile else None
        tops[pile : pile + 1] = [positions[ordinal]]
        piles[pile : pile + 1] = [ordinal]
    found: set[int] = set()
    last: int | None = piles[-1] if piles else None
    while last is not None:
        found.add(last)
        last = back[last]
    return found
