"""Comparing fragments. The forms of patches are described in `liveactions.protocol`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import compress, count
from operator import is_not
from typing import Any

from markupsafe import Markup

from ..template.fragment import FORM_STATE, Fragment, Items, Kind
from ..template.keys import number
from .known import Address, Known
from .moves import edits, kept

Patch = list[Any] | dict[str, Any]


def patch(old: Fragment, new: Fragment, known: Known) -> Patch:
    """What a client that shows `old` needs to show `new`: slot, change, slot, change …

    ``{"page": ""}`` when the page as a whole is another: the caller fills in its HTML.
    """
    if old is new:
        return []
    if not old.shape.matches(new.shape):
        return {"page": ""}
    if new.shape.is_page:
        return {"page": ""} if old.values != new.values else []
    return _changes(old, new, known)


def keeps_places(change: Any) -> bool:
    """Whether a change brings only other text and attributes: no new fragment, nothing that moves."""
    if type(change) is not list:
        return type(change) is not dict
    return not change or (type(change[0]) is not list and all(map(keeps_places, change[1::2])))


def full(new: Fragment, digests: Sequence[bytes], known: Known) -> Patch:
    """What a client needs whose page had these `digests`: the root slots that differ, whole."""
    own = new.digests()[1]
    if len(digests) != len(own) or new.shape.is_page:
        return {"page": ""}
    changes: list[Any] = []
    for index, slot in enumerate(new.shape.values):
        if slot not in new.shape.silent and (index >= len(own) or own[index] != digests[index]):
            if new.shape.kinds[slot] is Kind.TAG:  # nobody knows which names the page has
                return {"page": ""}
            known.replaced((slot,))
            changes += slot, _replacement(new.shape.kinds[slot], new.values[slot], known)
    return changes


def _changes(old: Fragment, new: Fragment, known: Known, at: Address = ()) -> list[Any]:
    changes: list[Any] = []
    kinds, silent = new.shape.kinds, new.shape.silent
    for slot in compress(count(), map(is_not, old.values, new.values)):
        if slot in silent:
            continue
        change = _change(kinds[slot], old.values[slot], new.values[slot], known, (*at, slot))
        if change is not None:
            changes += slot, change
    return changes


def _change(kind: Kind, before: Any, after: Any, known: Known, at: Address) -> Any:
    """The change of one slot, or None."""
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


def _list_change(old: Items, new: Items, known: Known, at: Address) -> Any:
    if new.base is old and new.ordinals is old.ordinals:
        return _patches([(n, n) for n in new.changed], old, new, known, at) or None
    number(old, new)
    if new.lineage is not old.lineage:
        known.replaced(at)
        return {"l": _wire(Kind.LIST, new, known)} if old.fragments or new.fragments else None
    before, after = old.numbers(), new.numbers()
    changes = _edits(before, after, new, known)
    pairs = ((a, b) for a, b in kept(before, after) if old.fragments[a] is not new.fragments[b])
    return ([changes] if changes else []) + _patches(pairs, old, new, known, at) or None


def _edits(before: Sequence[int], after: Sequence[int], new: Items, known: Known) -> list[Any]:
    found = edits(before, after)
    inserted = {edit[0] for edit in found if isinstance(edit, tuple)}.difference(before)
    at = {ordinal: n for n, ordinal in enumerate(after) if ordinal in inserted} if inserted else {}
    return [
        [*edit, *_fragment(new.fragments[at[edit[0]]], known)]
        if isinstance(edit, tuple) and edit[0] in at
        else edit
        for edit in found
    ]


def _patches(
    pairs: Iterable[tuple[int, int]], old: Items, new: Items, known: Known, at: Address
) -> list[Any]:
    """Ordinal, patch, ordinal, patch … of the items that changed, by their positions."""
    ordinals = new.numbers()
    patches: list[Any] = []
    for before, after in pairs:
        changes = _changes(old.fragments[before], new.fragments[after], known, (*at, ordinals[after]))
        if changes:
            patches += ordinals[after], changes
    return patches


def _replacement(kind: Kind, value: Any, known: Known) -> Any:
    """A change that puts a new value in place of whatever is there."""
    if type(value) is Fragment:
        return {"f": _fragment(value, known)}
    return {"l": _wire(kind, value, known)} if type(value) is Items else _wire(kind, value, known)


def _fragment(fragment: Fragment, known: Known) -> list[Any]:
    """A new fragment: the number of its shape, its values."""
    kinds, values = fragment.shape.kinds, fragment.values
    shown = [_wire(kinds[slot], values[slot], known) for slot in fragment.shape.values]
    return [known.number(fragment.shape), *shown]


def _wire(kind: Kind, value: Any, known: Known) -> Any:
    """A value of a new fragment."""
    if type(value) is Fragment:
        return _fragment(value, known)
    if type(value) is Items:
        if not value.is_pristine():
            value.begin()  # the client numbers what it gets from 0
        return [_fragment(item, known) for item in value.fragments]
    if isinstance(value, Markup) and kind is Kind.CHILD:
        return {"h": str(value).replace(FORM_STATE, "")}
    return list(value) if kind is Kind.TAG else str(value)
