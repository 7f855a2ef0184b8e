"""Compares two fragments, and returns the difference as a patch.

Both fragments have the same shape, so only their slots are compared, by identity first: parts of a page
that weren't rendered again are the same objects. A patch is a flat list,
``[slot, change, slot, change, …]``. The forms of changes are described in `liveactions.protocol.messages`.

**Lists.** An item keeps its number, its *ordinal*, for as long as it is in the list. A change of a list
says which ordinals are removed, moved or inserted, and then patches those that stayed. As few items as
possible move: all but a longest increasing subsequence. From ``[0, 1, 2, 3, 4]`` to ``[0, 3, 1, 2, 5]``:

1. What is the same at both ends stays: ``0``.
2. The old positions of the others, in the new order, are ``3 1 2``; 5 is new. The longest increasing
   subsequence is ``1 2``: these stay, 3 moves.
3. Removals come first, then moves and inserts from the end on, each with the item that it goes before (-1
   for the end), which is in place by then: ``[4, (5, -1), (3, 1)]``.

The longest increasing subsequence is found by patience sorting in O(n log n).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import compress, count
from operator import eq, is_not
from typing import Any, Final

from markupsafe import Markup

from ..immutability import common_ends
from ..templates.digests import digests_of
from ..templates.fragments import FORM_STATE, GONE, Fragment, Items, Kind
from ..templates.list_keys import number
from .client_state import Address, ClientState
from .strings import MIN_GROWN, grown

_TEXTS: Final = frozenset({Kind.CHILD, Kind.TEXT, Kind.RAW})
"""Slots whose text is the content of an element, or a part of it."""
Edit = int | tuple[int, int]
"""An ordinal to remove; or an ordinal to insert or move, and the one that it goes before (-1: the end)."""


def edits(old: Sequence[int], new: Sequence[int], start: int, end: int) -> list[Edit]:
    """Return removals, then inserts and moves, each before an item that is in its place by then.

    `start` and `end` are the numbers of items at both ends that are the same.
    """
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


def _kept(old: Items, new: Items, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the positions, old and new, of the items that are in both, and aren't the same fragment."""
    before, after = old.numbers(), new.numbers()
    old_end, new_end = len(before) - end, len(after) - end
    for n in compress(count(), map(is_not, old.fragments[:start], new.fragments[:start])):
        yield n, n
    positions = {before[n]: n for n in range(start, old_end)}
    for n in range(start, new_end):
        at = positions.get(after[n])
        if at is not None and old.fragments[at] is not new.fragments[n]:
            yield at, n
    for n in compress(count(), map(is_not, old.fragments[old_end:], new.fragments[new_end:])):
        yield old_end + n, new_end + n


def _increasing(ordinals: Sequence[int], positions: dict[int, int]) -> set[int]:
    """Return a longest subsequence of ordinals whose old positions increase (patience sorting)."""
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


Patch = list[Any] | dict[str, Any]


def patch(old: Fragment, new: Fragment, known: ClientState) -> Patch:
    """Return the patch from `old` to `new`: slot, change, slot, change …

    Return ``{"page": ""}`` if the whole page must be replaced: the caller fills in its HTML.
    """
    if old is new:
        return []
    if not old.shape.matches(new.shape):
        return {"page": ""}
    if new.shape.is_page:
        return {"page": ""} if old.values != new.values else []
    return _changes(old, new, known)


def keeps_places(change: Any) -> bool:
    """Return whether a change only updates texts and attributes: it creates no fragment and moves no item."""
    if type(change) is not list:
        return type(change) is not dict or "a" in change
    return not change or (type(change[0]) is not list and all(map(keeps_places, change[1::2])))


def full(new: Fragment, digests: Sequence[bytes], known: ClientState) -> Patch:
    """Return a patch for a client if only the `digests` of its page are known: of all root slots that
    differ.
    """
    own = digests_of(new)[1]
    if len(digests) != len(own) or new.shape.is_page:
        return {"page": ""}
    changes: list[Any] = []
    for index, slot in enumerate(new.shape.values):
        if slot not in new.shape.silent and (index >= len(own) or own[index] != digests[index]):
            if new.shape.kinds[slot] is Kind.TAG:  # the names that the page has are unknown
                return {"page": ""}
            known.replaced((slot,))
            changes += slot, _replacement(new.shape.kinds[slot], new.values[slot], known)
    return changes


def _changes(old: Fragment, new: Fragment, known: ClientState, at: Address = ()) -> list[Any]:
    changes: list[Any] = []
    kinds, silent = new.shape.kinds, new.shape.silent
    for slot in compress(count(), map(is_not, old.values, new.values)):
        before, after = old.values[slot], new.values[slot]
        is_text = type(before) is type(after) is str
        if slot in silent or is_text and before == after:  # inline, because a call would cost more
            continue
        kind = kinds[slot]
        if is_text and kind in _TEXTS:
            change = after if len(before) < MIN_GROWN else grown(before, after) or after
        else:
            change = _change(kind, before, after, known, (*at, slot))
        if change is not None:
            changes += slot, change
    return changes


def _change(kind: Kind, before: Any, after: Any, known: ClientState, at: Address) -> Any:
    """Return the change of one slot, or None."""
    if type(after) is Items and type(before) is Items:
        return _list_change(before, after, known, at)
    if type(after) is Fragment and type(before) is Fragment and before.shape.matches(after.shape):
        return _changes(before, after, known, at) or None
    if type(before) is type(after) and type(after) not in (Fragment, Items) and before == after:
        return None
    if kind is Kind.CHILD and isinstance(before, Markup) and isinstance(after, Markup):
        return known.raw(at, str(before), str(after))
    if kind is Kind.TAG:
        gone = [piece for name in before[::2] if name not in after[::2] for piece in (name, None)]
        return [*after, *gone]
    known.replaced(at)
    return _replacement(kind, after, known)


def _list_change(old: Items, new: Items, known: ClientState, at: Address) -> Any:
    if new.base is old and new.ordinals is old.ordinals:
        return _patches([(n, n) for n in new.changed], old, new, known, at) or None
    number(old, new)
    if new.lineage is not old.lineage:
        known.replaced(at)
        return {"l": _wire(Kind.LIST, new, known)} if old.fragments or new.fragments else None
    before, after = old.numbers(), new.numbers()
    ends = common_ends(before, after, eq)
    changes = _edits(edits(before, after, *ends), before, after, new, known)
    return ([changes] if changes else []) + _patches(_kept(old, new, *ends), old, new, known, at) or None


def _edits(
    found: list[Edit], before: Sequence[int], after: Sequence[int], new: Items, known: ClientState
) -> list[Any]:
    if not found:
        return []
    inserted = {edit[0] for edit in found if isinstance(edit, tuple)}.difference(before)
    at = {ordinal: n for n, ordinal in enumerate(after) if ordinal in inserted} if inserted else {}
    return [
        [*edit, *_fragment(new.fragments[at[edit[0]]], known)]
        if isinstance(edit, tuple) and edit[0] in at
        else edit
        for edit in found
    ]


def _patches(
    pairs: Iterable[tuple[int, int]], old: Items, new: Items, known: ClientState, at: Address
) -> list[Any]:
    """Return the patches of changed items, given by their positions: ordinal, patch, ordinal, patch …"""
    ordinals = new.numbers()
    patches: list[Any] = []
    for before, after in pairs:
        one, other, place = old.fragments[before], new.fragments[after], (*at, ordinals[after])
        if other is GONE or (one is GONE and old.sums[before] == new.sums[after]):
            continue
        changes = _whole(other, known, place) if one is GONE else _changes(one, other, known, place)
        if changes:
            patches += ordinals[after], changes
    return patches


def _whole(new: Fragment, known: ClientState, at: Address) -> list[Any]:
    """Return the changes that lead to a fragment from any other of its shape."""
    known.replaced(at)
    shown = [slot for slot in new.shape.values if slot not in new.shape.silent]
    return [
        part
        for slot in shown
        for part in (slot, _replacement(new.shape.kinds[slot], new.values[slot], known))
    ]


def _replacement(kind: Kind, value: Any, known: ClientState) -> Any:
    """Return the change that replaces the content of a slot, independent of its previous value."""
    if type(value) is Fragment:
        return {"f": _fragment(value, known)}
    return {"l": _wire(kind, value, known)} if type(value) is Items else _wire(kind, value, known)


def _fragment(fragment: Fragment, known: ClientState) -> list[Any]:
    """Return a new fragment for the wire: the number of its shape, its values."""
    kinds, values = fragment.shape.kinds, fragment.values
    shown = [_wire(kinds[slot], values[slot], known) for slot in fragment.shape.values]
    return [known.number(fragment.shape), *shown]


def _wire(kind: Kind, value: Any, known: ClientState) -> Any:
    """Return a value of a new fragment for the wire."""
    if type(value) is Fragment:
        return _fragment(value, known)
    if type(value) is Items:
        value.require_all()
        if not value.is_pristine():
            value.begin()  # the client numbers what it gets from 0
        return [_fragment(item, known) for item in value.fragments]
    if isinstance(value, Markup) and kind is Kind.CHILD:
        return {"h": str(value).replace(FORM_STATE, "")}
    return list(value) if kind is Kind.TAG else str(value)
