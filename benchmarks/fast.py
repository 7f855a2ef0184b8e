"""Measure the time to compare raw HTML, as a multiple of parsing the page with lxml."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

from lxml import etree

from benchmarks.pages import pages
from benchmarks.report import Line
from liveactions.diff.nodes import edits
from liveactions.diff.strings import windows

SIZE = 150_000
REPEATS = 30
KINDS = ("article", "big table", "much inline markup")


_TEXT_END = re.compile(r"\w(?=</)")


def measure() -> list[Line]:
    """Measure each kind of page: a changed text, and the edit lists of a text, a moved row and ten texts."""
    known = pages()
    return [line for kind in KINDS for line in _lines(kind, known[kind])]


def _lines(kind: str, page: str) -> list[Line]:
    old = _long(page)
    parse = _seconds(lambda: etree.fromstring(old, etree.HTMLParser(huge_tree=True)))
    text = _with_texts(old, 1)
    lines = [
        Line(
            f"{kind}: one changed text found, in parses",
            _seconds(lambda: windows(old, text)) / parse,
            at_most=0.05,
        )
    ]
    for name, new in {
        "one text": text,
        "ten texts": _with_texts(old, 10),
        "a part moves": _moved(old),
    }.items():
        lines.append(Line(f"{kind}: edit list, {name}", _edits(old, new) / parse, at_most=2.5))
    return lines


def _edits(old: str, new: str) -> float:
    assert edits(old, new, windows(old, new)) is not None
    return _seconds(lambda: edits(old, new, windows(old, new)))


def _long(page: str) -> str:
    """Return a page several times, each in a section with different texts."""
    count = SIZE // len(page) + 1
    parts = (_TEXT_END.sub(rf"\g<0> {n}", page) for n in range(count))
    return "".join(f'<section id="part-{n}">{part}</section>\n' for n, part in enumerate(parts))


def _with_texts(old: str, count: int) -> str:
    """Return a page with texts replaced at regular distances."""
    parts = []
    at = 0
    for n in range(count):
        cut = _TEXT_END.search(old, (2 * n + 1) * len(old) // (2 * count)).end()  # type: ignore[union-attr]
        parts.append(old[at:cut])
        at = cut
    return " changed".join([*parts, old[at:]])


def _moved(old: str) -> str:
    """Return a page with its second section moved to the end."""
    sections = old.split("<section")
    return "<section".join([*sections[:2], *sections[3:], sections[2]])


def _seconds(function: Callable[[], Any]) -> float:
    """Return the time of the fastest of many runs, in seconds."""
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)
