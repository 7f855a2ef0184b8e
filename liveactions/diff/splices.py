"""Raw HTML on the wire: what changed between the strings of a slot. `liveactions.protocol` has the form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from pydantic_core import to_json

from .edits import edits
from .units import units
from .windows import Window, windows

COPIED: Final = 24
"""Shortest text that is told by where the old string has it."""


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
    """Units to keep, units to cut, text to insert or where it is in the old string; and so on."""
    return _splices(old, new, windows(old, new))


def _splices(old: str, new: str, found: Sequence[Window]) -> list[Any]:
    parts: list[Any] = []
    at = 0
    for window in found:
        kept, cut = units(old, at, window.start), units(old, window.start, window.end)
        parts += kept, cut, _inserted(old, new, window)
        at = window.end
    return parts


def _inserted(old: str, new: str, window: Window) -> str | list[int]:
    """The text of a window, or its place and length if the old string has it elsewhere."""
    text = new[window.first : window.last]
    at = old.find(text) if len(text) >= COPIED else -1
    return text if at < 0 else [units(old, 0, at), units(old, at, at + len(text))]
