"""Whether a piece of HTML ends where it began."""

from __future__ import annotations

import re
from typing import Final

from .nesting import FOREIGN, FORMATTING, IMPLIED_END, OPTIONAL_END, RAW_TEXT, TEXT_ONLY, VOID
from .scanner import EndTag, StartTag, Unplaceable, scan
from .sound import DEEPEST, check_depth


class Unbalanced(Exception):
    """An end tag has no start tag here."""


class OpenElements:
    """The stack of open elements, as far as implied end tags need it."""

    def __init__(self, foreign: bool = False) -> None:
        self.names: list[str] = []
        self.foreign = foreign

    def start(self, name: str, self_closing: bool) -> list[str]:
        """Opens an element; returns the names that its start tag ended."""
        ended = []
        implied = IMPLIED_END.get(name, frozenset())
        while self.names and self.names[-1] in implied:
            ended.append(self.names.pop())
        if name not in VOID and not (self_closing and (name in FOREIGN or self.in_foreign())):
            self.names.append(name)
            check_depth(self.names)
        return ended

    def end(self, name: str) -> list[str]:
        """Closes an element; returns the names that ended with it, itself last."""
        if name not in self.names:
            raise Unbalanced(name)
        ended = []
        while (open_ := self.names.pop()) != name:
            if open_ not in OPTIONAL_END:
                raise Unbalanced(open_)
            ended.append(open_)
        return [*ended, name]

    def leave(self, name: str) -> None:
        """Closes an element, if there is one, as browsers do: of what stands in it and crosses its end,
        blocks outlast the formatting around them, and formatting goes on behind blocks.
        """
        if name in self.names:
            at = len(self.names) - 1 - self.names[::-1].index(name)
            inside = self.names[at + 1 :]
            self.names[at:] = [one for one in inside if name in FORMATTING or one in FORMATTING]

    def in_foreign(self) -> bool:
        for name in reversed(self.names):
            if name in ("svg", "math"):
                return True
            if name == "foreignobject":
                return False
        return self.foreign


_ATTRIBUTE: Final = r"\s+[^\s\"'<>/=]+(?:\s*=\s*(?:\"[^\"<]*\"|'[^'<]*'|[^\s\"'=<>`]+))?"
_SIMPLE: Final = re.compile(rf"(?:[^<]++|<[a-z][a-z0-9-]*(?:{_ATTRIBUTE})*+\s*/?>|</[a-z][a-z0-9-]*>)*+")
"""Tags and text without anything that is read by rules of its own."""
_TAG: Final = re.compile(r"<(/?)([a-z][a-z0-9-]*)")
_UNLIKE: Final = RAW_TEXT | TEXT_ONLY | FOREIGN | {"template"}


def is_balanced(source: str) -> bool:
    """Whether browsers would read `source` as complete elements and text."""
    return is_simple(source) or _left_open(source, strict=True) == []


def is_simple(source: str) -> bool:
    """Whether it is complete elements and text that nothing but plain tags divides."""
    return _open_in_simple(source) == []


def ends(source: str) -> str | None:
    """The end tags that `source` lacks; None when it may end within a tag, a comment or raw text."""
    names = _open_in_simple(source)
    names = _left_open(source, strict=False) if names is None else names
    return None if names is None else "".join(f"</{name}>" for name in reversed(names))


def _open_in_simple(source: str) -> list[str] | None:
    """The elements that are open at the end; None when it takes more than a quick look to say."""
    if _SIMPLE.fullmatch(source) is None:
        return None
    names: list[str] = []
    for slash, name in _TAG.findall(source):
        if slash:
            if not names or names.pop() != name:
                return None
        elif name not in VOID:
            if name in _UNLIKE or (names and names[-1] in IMPLIED_END.get(name, ())):
                return None
            names.append(name)
            if len(names) > DEEPEST:
                check_depth(names)
    return names


def _left_open(source: str, strict: bool) -> list[str] | None:
    """The elements that are open at the end; None when that can't be said. If `strict`, every end tag must
    have its start tag.
    """
    elements = OpenElements()
    try:
        for event in scan([source]):
            if isinstance(event, StartTag):
                elements.start(event.name, event.self_closing)
            elif isinstance(event, EndTag):
                if strict:
                    elements.end(event.name)
                else:
                    elements.leave(event.name)
    except (Unplaceable, Unbalanced):
        return None
    return elements.names
