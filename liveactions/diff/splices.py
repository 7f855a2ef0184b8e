"""Raw HTML on the wire: what changed between the strings of a slot. `liveactions.protocol` has the form."""

from __future__ import annotations

from typing import Any, Final

from pydantic_core import to_json

from .windows import Window, windows

COPIED: Final = 24
"""Shortest text that is told by where the old string has it."""


def change(old: str, new: str) -> dict[str, Any]:
    """What makes `new` of `old` for a client that has `old`: splices, or where that is shorter all of it."""
    parts = splices(old, new)
    spliced = {"s": parts}
    return spliced if len(parts) * 2 < len(new) and len(to_json(spliced)) < len(new) else {"h": new}


def splices(old: str, new: str) -> list[Any]:
    """Units to keep, units to cut, text to insert or where it is in the old string; and so on."""
    parts: list[Any] = []
    at = 0
    for window in windows(old, new):
        kept, cut = units(old, at, window.start), units(old, window.start, window.end)
        for text in _inserted(old, new, window):
            parts += kept, cut, text
            kept = cut = 0
        at = window.end
    return parts


def units(text: str, start: int, end: int) -> int:
    """How many units of UTF-16 a part of a text has."""
    if text.isascii():
        return end - start
    return len(text[start:end].encode("utf-16-le", "surrogatepass")) >> 1


def _inserted(old: str, new: str, window: Window) -> list[Any]:
    """The text of a window; what the old string has elsewhere by its place there."""
    text = new[window.first : window.last]
    if len(text) < COPIED:
        return [text]
    at = old.find(text)
    if at >= 0:
        return [[units(old, 0, at), units(old, at, at + len(text))]]
    return [text]
