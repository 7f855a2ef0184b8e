"""Raw HTML on the wire: what changed between the strings of a slot. `liveactions.protocol` has the form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from pydantic_core import to_json

from .edits import edits
from .units import units_of
from .windows import Window, windows

COPIED: Final = 12
"""Shortest text that is looked for in the old string."""


def change(old: str, new: str) -> dict[str, Any]:
    """What makes `new` of `old` for a client that has `old`: splices, or where that is shorter all of it."""
    found = windows(old, new)
    parts = _splices(old, new, found)
    spliced: dict[str, Any] = {"s": parts}
    if len(parts) * 2 >= len(new) or len(to_json(spliced)) >= len(new):
        return {"h": new}
    known = edits(old, new, found)
    if known is not None:
        spliced["e"], spliced["d"] = known
    return spliced


def splices(old: str, new: str) -> list[Any]:
    """Units to keep; units to cut, if any; what to insert, if anything; and so on."""
    return _splices(old, new, windows(old, new))


def _splices(old: str, new: str, found: Sequence[Window]) -> list[Any]:
    parts: list[Any] = []
    units = units_of(old)
    at = 0
    last = ""
    for start, end, first, until in found:
        parts.append(units(at, start))
        if end > start:
            parts.append(units(start, end))
        if until > first:
            text = new[first:until]
            parts.append([] if text == last else _text(old, text, units))
            last = text if parts[-1] == text else last
        at = end
    return parts


def _text(old: str, text: str, units: Callable[[int, int], int]) -> str | list[int]:
    """A text, or where the old string has it if that is shorter."""
    at = old.find(text) if len(text) >= COPIED else -1
    if at < 0:
        return text
    there = [units(0, at), units(at, at + len(text))]
    return there if len(str(there)) < len(text) + 2 else text
