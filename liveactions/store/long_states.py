"""Seals long states of a session for the store: the first one as a whole, then only what has changed.

A state that is sealed as a whole is a *base*. Later states are sealed as edits of the base, together with the
rest of their snapshots. They are stored as `SplitValue` values, so that a journal only writes the base once.
When the edits become long, another base begins. Changes are found by identity: parts of a state that haven't
changed are the same objects.

::

    base = sealed: the state
    rest = sealed: number of edits (4 bytes); start, end and length of the text for each; texts; the snapshot

The context of the rest contains the authentication tag of the base, so it can only be opened with that base.
The date of the rest determines the age, not that of the base.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, compress, count
from operator import is_not
from struct import Struct
from typing import Final, NamedTuple

from ..immutability import common_ends
from ..security.signing import Sealer
from .base import SplitValue

StateJSON = tuple[bytes, ...]
"""A page's state as JSON, in parts: parts that haven't changed are the same objects as before."""
MAX_EDITED: Final = 4
"""Another base begins when more than one part in `MAX_EDITED` of the state has changed."""
_COUNT: Final = Struct(">I")
_EDIT: Final = Struct(">III")
_TAG_BYTES: Final = 16


class Edit(NamedTuple):
    """A replacement of the bytes of a base from `start` to `end`."""

    start: int
    end: int
    text: bytes


class Base(NamedTuple):
    """A state that was sealed as a whole. `offsets` are the starts of its parts, and the end of the last."""

    context: str
    state: StateJSON
    offsets: Sequence[int]
    sealed: bytes


class StateSealer:
    """Seals the long states of one session, one after the other."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer
        self._base: Base | None = None

    def seal(self, state: StateJSON, snapshot: bytes, context: str) -> SplitValue:
        """Return a state and the rest of its snapshot, sealed for `open_long_state`."""
        base = self._base
        changes = edits(base, state) if base is not None and base.context == context else None
        if base is None or changes is None:
            sealed = self._sealer.seal_parts(state, _context_of_base(context))
            base = self._base = Base(context, state, [0, *accumulate(map(len, state))], sealed)
            changes = []
        places = [_EDIT.pack(edit.start, edit.end, len(edit.text)) for edit in changes]
        parts = [_COUNT.pack(len(changes)), *places, *(edit.text for edit in changes), snapshot]
        return SplitValue(base.sealed, self._sealer.seal_parts(parts, _context_of_rest(context, base.sealed)))


def edits(base: Base, state: StateJSON) -> list[Edit] | None:
    """Return the edits that turn a base into a state; None if they are too long."""
    old, offsets = base.state, base.offsets
    start, end = common_ends(old, state)
    old_end, new_end = len(old) - end, len(state) - end
    if old_end == new_end:
        differ = map(is_not, old[start:old_end], state[start:new_end])
        found = [Edit(offsets[n], offsets[n + 1], state[n]) for n in compress(count(start), differ)]
    else:
        found = [Edit(offsets[start], offsets[old_end], b"".join(state[start:new_end]))]
    edited = sum(max(edit.end - edit.start, len(edit.text)) for edit in found)
    return found if edited * MAX_EDITED <= offsets[-1] else None


def open_long_state(sealer: Sealer, value: SplitValue, context: str, max_age: float) -> tuple[bytes, bytes]:
    """Return the state and the rest of its snapshot. Raise `SealError` if that isn't possible."""
    rest = sealer.open_bytes(value.rest, _context_of_rest(context, value.base), max_age)
    base = sealer.open_bytes(value.base, _context_of_base(context), float("inf"))
    (number,) = _COUNT.unpack_from(rest)
    at = _COUNT.size + number * _EDIT.size
    pieces, kept = list[bytes](), 0
    for start, end, length in _EDIT.iter_unpack(rest[_COUNT.size : at]):
        pieces += base[kept:start], rest[at : at + length]
        kept, at = end, at + length
    return b"".join([*pieces, base[kept:]]), rest[at:]


def _context_of_base(context: str) -> str:
    return f"base\n{context}"


def _context_of_rest(context: str, base: bytes) -> str:
    return f"after {base[-_TAG_BYTES:].hex()}\n{context}"
