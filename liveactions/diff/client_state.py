"""The state of one client: the shapes and strings that it has received, to which patches refer.

The server tracks two things for each connection:

- *shapes*: a client that has received a shape gets its number instead of its HTML. Shapes are numbered in the
  order of their first use, and `ClientState.take` returns the new shapes to send with the next patch.
- *strings of raw slots*: after the first change of a raw slot, the client keeps the string, and later changes
  are splices of it. The first change is sent with a checksum of the old string (`check`). If the string in
  the client's page is another one, because a script or an extension has changed it, the client asks for the
  whole page.

`change` chooses the shortest form: the whole new string, or splices of the old one
(`liveactions.diff.strings`), for long strings together with the nodes to replace (`liveactions.diff.nodes`).
For example, from ``<p>Hello Ada</p>`` to ``<p>Hello Grace</p>``, the splices are ``[9, 3, "Grace"]``: keep 9
units, cut 3, insert a text, keep the rest. Lengths are in UTF-16 code units, as in JavaScript.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final
from zlib import adler32

from pydantic_core import to_json

from ..html.balance import is_serialised
from ..templates.fragments import FORM_STATE, Shape
from .nodes import edits
from .strings import Window, units_of, windows

MAX_KNOWN: Final = 1024
"""Maximum number of raw slots whose strings are tracked. Beyond that, changes are sent with checksums
again.
"""
Address = tuple[int, ...]


class ClientState:
    """What a client has received over one connection.

    `is_exact` is false for a client whose page had other strings in raw slots than the server expected.
    """

    def __init__(self, is_exact: bool = True) -> None:
        self.is_exact = is_exact
        self._numbers: dict[tuple[str, str], int] = {}
        self._shapes: dict[int, tuple[Shape, int]] = {}
        self._new: list[Any] = []
        self._strings: set[Address] = set()

    def number(self, shape: Shape) -> int:
        """Return the number of a shape, assigned on first use. Shapes of equal content share one."""
        known = self._shapes.get(id(shape))
        if known is not None:
            return known[1]
        content = shape.namespace, shape.source
        number = self._numbers.get(content)
        if number is None:
            number = self._numbers[content] = len(self._numbers)
            name, source = content
            self._new += [number, [f"<{name}>{source}</{name}>"] if name else source]
        self._shapes[id(shape)] = shape, number  # holding it keeps its id from being used again
        return number

    def take(self) -> list[Any]:
        """Return the shapes that weren't sent yet: number, HTML, number, HTML …"""
        new, self._new = self._new, []
        return new

    def forget_strings(self) -> None:
        """Forget all strings: the client gets the whole page."""
        self._strings.clear()

    def replaced(self, at: Address) -> None:
        """Forget the strings below an address, whose content was replaced."""
        if self._strings:
            self._strings = {known for known in self._strings if known[: len(at)] != at}

    def raw(self, at: Address, old: str, new: str) -> dict[str, Any]:
        """Return the change of the raw slot at an address."""
        old, new = (html.replace(FORM_STATE, "") for html in (old, new))  # the page has its own state
        if at in self._strings:
            return change(old, new)
        if len(self._strings) >= MAX_KNOWN:
            self._strings.clear()
        self._strings.add(at)
        found = change(old, new) if self.is_exact else {"h": new}
        if "h" in found or not is_serialised(old):
            return {"h": new}
        return {**found, "c": checksum(old)}


def checksum(text: str) -> list[int]:
    """Return a checksum of a string: its length in UTF-16 units, and the Adler-32 of its UTF-8."""
    return [units_of(text)(0, len(text)), adler32(text.encode(errors="replace"))]


MIN_COPY: Final = 12
"""Minimum length of a text to search for in the old string."""


def change(old: str, new: str) -> dict[str, Any]:
    """Return the change from `old` to `new`: splices, or the whole string if that is shorter."""
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
    """Return how many units to keep; how many to cut, if any; what to insert, if anything; and so on."""
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
    """Return a text to insert, or its position in the old string if that is shorter."""
    at = old.find(text) if len(text) >= MIN_COPY else -1
    if at < 0:
        return text
    there = [units(0, at), units(at, at + len(text))]
    return there if len(str(there)) < len(text) + 2 else text
