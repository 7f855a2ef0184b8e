"""Whether a piece of HTML ends where it began.

Whether HTML can arrive as it is: what browsers or the wire would silently change.

Whether a browser that reads a piece of HTML would write it in the same way again.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from ..exceptions import RenderError
from ..protocol.constants import FIELD_ACTION, FIELD_SNAPSHOT
from .content_model import (
    _ANY_TAG,
    _HTML_ONLY,
    _NEVER,
    _PLACES,
    _SELECTIVE,
    FOREIGN,
    FORMATTING,
    IMPLIED_END,
    NO_TEXT,
    OPTIONAL_END,
    RAW_TEXT,
    TEXT_ONLY,
    VOID,
)
from .tokenizer import EndTag, NotTrackable, StartTag, scan


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
            if len(names) > MAX_DEPTH:
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
    except (NotTrackable, Unbalanced):
        return None
    return elements.names


MAX_DEPTH: Final = 500
"""How deep elements may be nested. Browsers put what is deeper than 512 elsewhere."""


def check(html: str) -> None:
    """`RenderError`, with the place, when something in `html` would not arrive."""
    at = html.find("\0")
    if at >= 0:
        raise RenderError(f"HTML with a null character, which browsers leave out, {_place(html, at)}")
    if not html.isascii():
        try:
            html.encode()
        except UnicodeEncodeError as error:
            raise RenderError(
                f"HTML with half a character (U+{ord(html[error.start]):04X}), which can't be sent,"
                f" {_place(html, error.start)}"
            ) from None


def check_depth(names: list[str]) -> None:
    """`RenderError` when so many elements are open in each other."""
    if len(names) > MAX_DEPTH:
        raise RenderError(
            f"elements nested more than {MAX_DEPTH} deep, which browsers don't keep:"
            f" {' > '.join(names[:3])} > … > {' > '.join(names[-3:])}"
        )


def _place(html: str, at: int) -> str:
    line = html.count("\n", 0, at) + 1
    column = at - html.rfind("\n", 0, at)
    before = html[max(0, at - 30) : at].encode(errors="replace").decode()
    return f"in line {line}, column {column}, behind {before!r}"


_TEXT = r"[^<>&\xa0\r\0]|&(?:amp|lt|gt|nbsp);"
_VALUE = r'(?:[^"<>&\xa0\r\0]|&(?:amp|quot|nbsp);)*'
_START = rf'<[a-z][a-z0-9-]*(?: [a-z_:][a-z0-9_.:-]*="{_VALUE}")*>'
_LEXICAL: Final = re.compile(rf"(?:{_TEXT}|{_START}|</[a-z][a-z0-9-]*>)*+")
_NAME: Final = re.compile(r"<(/?)([a-z][a-z0-9-]*)")
_OTHERWISE: Final = (
    RAW_TEXT
    | TEXT_ONLY
    | frozenset("svg math pre listing template select html head body frameset frame".split())
    | frozenset("image keygen basefont bgsound".split())
)
"""Elements whose content is read by rules of their own."""
_ONCE: Final = ("a", "button", "form", "nobr")
"""Elements that end the one of the same name that they are in, or are no elements in it."""
_HEADINGS: Final = ("h1", "h2", "h3", "h4", "h5", "h6")
_SECTIONS: Final = ("tbody", "thead", "tfoot")
_PARTS: Final = {
    "table": ("caption", "colgroup", *_SECTIONS),
    **dict.fromkeys(_SECTIONS, ("tr",)),
    "tr": ("td", "th"),
    "colgroup": ("col",),
}
"""All that stands in parts of tables: browsers put the rest before the table."""
_OURS: Final = (f'name="{FIELD_SNAPSHOT}"', f"{FIELD_ACTION}=")
"""In what a page adds something to when it is sent as a whole."""


def is_serialised(html: str) -> bool:
    """Whether `html` is as ``innerHTML`` gives it. False also when that takes more than a quick look."""
    if any(ours in html for ours in _OURS) or _LEXICAL.fullmatch(html) is None:
        return False
    elements = OpenElements()
    for slash, name in _NAME.findall(html):
        if name in _OTHERWISE or not (_ends if slash else _starts)(elements, name):
            return False
    return not elements.names


def _starts(elements: OpenElements, name: str) -> bool:
    parent = elements.names[-1] if elements.names else ""
    if (name in _ONCE and name in elements.names) or (name in _HEADINGS and parent in _HEADINGS):
        return False
    if name == "tr" and parent not in ("", *_SECTIONS) or name not in _PARTS.get(parent, (name,)):
        return False
    return not elements.start(name, False)


def _ends(elements: OpenElements, name: str) -> bool:
    try:
        return elements.end(name) == [name]
    except Unbalanced:
        return False


def stands_alone(html: str, above: Sequence[str]) -> bool:
    """Whether browsers read `html` in the innermost of the elements `above` as they do by itself.

    False also where that takes more than a quick look.
    """
    if not is_simple(html) or any(
        inside == "form" and outside in NO_TEXT for outside, inside in pairwise(above)
    ):
        return (
            False  # a form between the parts of a table is empty: what is written into it comes before that
        )
    names = list(above)
    end = 0
    for tag in _ANY_TAG.finditer(html):
        slash, name = tag.groups()
        if names and names[-1] in NO_TEXT and not html[end : tag.start()].isspace() and end < tag.start():
            return False
        end = tag.end()
        if slash:
            names.pop()
        elif not _may_stand(name, names):
            return False
        elif name not in VOID:
            names.append(name)
    rest = html[end:]
    return not (rest and names and names[-1] in NO_TEXT and not rest.isspace())


def _may_stand(name: str, above: Sequence[str]) -> bool:
    parent = above[-1] if above else ""
    if not parent:
        return name not in _NEVER
    if name in _PLACES:
        return parent in _PLACES[name]
    if parent in _SELECTIVE or name in _NEVER or (name in _HEADINGS and parent in _HEADINGS):
        return False
    if (name in _ONCE and name in above) or ("p" in above and "p" in IMPLIED_END.get(name, ())):
        return False
    return not (name in _HTML_ONLY and ("svg" in above or "math" in above))
