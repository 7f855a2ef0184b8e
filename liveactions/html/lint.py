"""Reports what browsers would repair in a page: misplaced elements, and end tags that don't match.

`repairs` reads a page once, with a stack of open elements. It reports the HTML Standard's parse errors that
are common, and lead to another tree than the one that was written. It uses a regular expression instead of
`liveactions.html.tokenizer`, because it needs the position of each tag, and must continue after errors.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from .content_model import (
    FOREIGN,
    HEADINGS,
    IMPLIED_END,
    IN_TABLES,
    INTEGRATION,
    NO_TEXT,
    NOT_NESTED,
    OPTIONAL_END,
    RAW_TEXT,
    SCOPES,
    TABLE_CHILDREN,
    TABLE_PARENTS,
    TABLE_SHORTHAND,
    TEXT_ONLY,
    VOID,
)

_TOKEN: Final = re.compile(
    r"<!--.*?(?:-->|$)|<![^>]*>|<(?P<end>/?)(?P<name>[a-zA-Z][^\s/>]*)(?:\"[^\"]*+\"|'[^']*+'|[^'\"<>])*+>",
    re.DOTALL,
)
_DOCUMENT: Final = frozenset({"html", "head", "body"})
_HEAD: Final = frozenset("base basefont bgsound link meta noscript script style template title".split())


@dataclass(frozen=True, slots=True)
class Repair:
    """A parse error: its description, its position in the string, and the names of elements involved."""

    text: str
    at: int
    names: tuple[str, ...]


@dataclass(slots=True)
class _Open:
    name: str
    at: int


def repairs(html: str) -> list[Repair]:
    """Return everything that browsers would repair in a page."""
    return list(_Reader(html).read())


class _Reader:
    def __init__(self, html: str) -> None:
        self._html = html
        self._open: list[_Open] = []
        self._ended: _Open | None = None
        """The latest start tag that ended a paragraph."""

    def read(self) -> Iterator[Repair]:
        at = 0
        while token := _TOKEN.search(self._html, at):
            yield from self._text(at, token.start())
            at = token.end()
            name = (token["name"] or "").lower()
            if token["end"]:
                yield from self._end(name, token.start())
            elif name:
                yield from self._start(name, token.start(), token[0].endswith("/>"))
                at = self._skip(name, at)
        yield from self._text(at, len(self._html))
        for left in self._open:
            if left.name not in OPTIONAL_END | _DOCUMENT:
                yield _unclosed(left)

    def _skip(self, name: str, at: int) -> int:
        """Return the position of the end tag of an element that contains text only."""
        if name not in RAW_TEXT | TEXT_ONLY or self._in_foreign:
            return at
        end = re.compile(rf"</{name}\b", re.IGNORECASE).search(self._html, at)
        return end.start() if end else len(self._html)

    @property
    def _top(self) -> str:
        return self._open[-1].name if self._open else ""

    @property
    def _in_foreign(self) -> bool:
        names = [one.name for one in self._open if one.name in FOREIGN | INTEGRATION]
        return bool(names) and names[-1] in FOREIGN

    def _text(self, start: int, end: int) -> Iterator[Repair]:
        text = self._html[start:end]
        if self._top in NO_TEXT and text.strip():
            at = start + len(text) - len(text.lstrip())
            yield Repair(
                f"text isn't allowed directly in <{self._top}>: browsers move it out", at, (self._top,)
            )

    def _start(self, name: str, at: int, self_closing: bool) -> Iterator[Repair]:
        if self._in_foreign:
            if not self_closing:
                self._open.append(_Open(name, at))
            return
        yield from self._end_implied(name, at)
        wrong = self._misplaced(name)
        if wrong:
            yield Repair(wrong, at, (name, self._top))
        if name in VOID or (self_closing and name in FOREIGN):
            return
        if self_closing:
            yield Repair(f"<{name}/> isn't closed by its slash; write <{name}></{name}>", at, (name,))
        self._open.append(_Open(name, at))

    def _end_implied(self, name: str, at: int) -> Iterator[Repair]:
        implied = IMPLIED_END.get(name, frozenset())
        while self._top in implied:
            ended = self._open.pop()
            if ended.name == "p":
                self._ended = _Open(name, at)
        if "p" not in implied:
            return
        for outer in reversed(self._open):
            if outer.name in SCOPES:
                return
            if outer.name == "p":
                yield Repair(_PARAGRAPH.format(name), at, (name, "p"))
                return

    def _misplaced(self, name: str) -> str:
        """Return what is wrong with the position of an element."""
        top = self._top
        names = [one.name for one in self._open]
        if name in NOT_NESTED and name in names[_after_barrier(names) :]:
            return f"<{name}> isn't allowed in <{name}>: browsers " + (
                "drop the inner one" if name == "form" else "end the outer one before it"
            )
        if name in HEADINGS and top in HEADINGS:
            return f"<{name}> isn't allowed in <{top}>: browsers end that before it"
        if top == "head" and name not in _HEAD:
            return f"<{name}> isn't allowed in <head>: browsers begin the <body> before it"
        if top in TABLE_CHILDREN and not _may_be_in_table(name, top):
            if name in TABLE_PARENTS and top != "colgroup":
                return f"<{name}> needs a <{_needed(name)}> around it: browsers add what is missing"
            return f"<{name}> isn't allowed directly in <{top}>: browsers move it out of the table"
        if name in TABLE_PARENTS and top not in (*TABLE_CHILDREN, "template"):
            return f"<{name}> outside of a <{_needed(name)}>: browsers drop it"
        return ""

    def _end(self, name: str, at: int) -> Iterator[Repair]:
        if name in VOID:
            return
        if all(one.name != name for one in self._open):
            if name == "p" and self._ended is not None:
                yield Repair(_PARAGRAPH.format(self._ended.name), self._ended.at, (self._ended.name, "p"))
            elif name not in _DOCUMENT:
                yield Repair(f"</{name}> has no start tag", at, (name,))
            return
        while (left := self._open.pop()).name != name:
            if left.name in OPTIONAL_END | _DOCUMENT:
                continue
            if name in _DOCUMENT:
                yield _unclosed(left)
            else:
                yield Repair(f"</{name}> comes before the end of <{left.name}>", at, (left.name, name))


def _unclosed(left: _Open) -> Repair:
    return Repair(f"<{left.name}> is never closed", left.at, (left.name,))


_PARAGRAPH: Final = "<{}> isn't allowed in <p>: browsers end the paragraph before it"


def _may_be_in_table(name: str, part: str) -> bool:
    """Return whether an element may be written directly in a part of a table."""
    if part == "table" and (name in TABLE_SHORTHAND or name == "input"):
        return True
    return name in TABLE_CHILDREN[part] or name in IN_TABLES


def _needed(name: str) -> str:
    """Return the element that authors have to write around a part of a table."""
    return "table" if name in TABLE_SHORTHAND else min(TABLE_PARENTS[name])


def _after_barrier(names: list[str]) -> int:
    """Return the index of the first element inside the innermost cell, template …"""
    barriers = [
        index for index, name in enumerate(names) if name in ("td", "th", "caption", "template", "object")
    ]
    return barriers[-1] + 1 if barriers else 0
