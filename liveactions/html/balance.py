"""Decide whether raw HTML survives: whether browsers parse it as it is written.

Raw HTML (``{{ html|safe }}``) is put into pages as a string, and later replaced or patched as one. That
only works when the string says the same on its own as it does in the page. Three questions are asked, from
the weakest to the strongest:

`is_balanced`
    Every element ends within the string, and nothing before it is ended by it: ``<p>a</p>b`` but not
    ``a</p>``. Asked of each raw value; what isn't balanced can't be a slot.
`is_serialised`
    The string is also what ``innerHTML`` returns after it was parsed: ``<p a="1">x</p>`` but not
    ``<P a=1>x``. Then the client can compare what it reads from the page with what the server sent.
`stands_alone`
    The string is parsed inside some given elements as it is by itself: ``<td>a</td>`` in a ``tr`` but not
    in a ``div``. Then the client can replace these nodes without parsing what is around them.

Each takes a quick look first, a regular expression that accepts plain tags and text only. The tokenizer
decides the rest for `is_balanced`; the other two answer False, which costs bytes but is never wrong.
The quick look is what makes these questions cheap enough to ask of every raw value in every rendering: on
9 kB of lists and links it takes a fifteenth of the time of the tokenizer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from ..exceptions import RenderError
from ..protocol.constants import FIELD_ACTION, FIELD_SNAPSHOT
from .content_model import (
    ENDS_FOREIGN,
    FOREIGN,
    FORMATTING,
    HEADINGS,
    IMPLIED_END,
    NO_TEXT,
    NOT_NESTED,
    ONLY_IN,
    OPTIONAL_END,
    RAW_TEXT,
    ROW_GROUPS,
    TABLE_CHILDREN,
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
        """Open an element; return the names of those that its start tag has ended."""
        ended = []
        implied = IMPLIED_END.get(name, frozenset())
        while self.names and self.names[-1] in implied:
            ended.append(self.names.pop())
        if name not in VOID and not (self_closing and (name in FOREIGN or self.in_foreign())):
            self.names.append(name)
            check_depth(self.names)
        return ended

    def end(self, name: str) -> list[str]:
        """Close an element; return the names of those that have ended with it, itself last."""
        if name not in self.names:
            raise Unbalanced(name)
        ended = []
        while (open_ := self.names.pop()) != name:
            if open_ not in OPTIONAL_END:
                raise Unbalanced(open_)
            ended.append(open_)
        return [*ended, name]

    def leave(self, name: str) -> None:
        """Close an element, if it is open, as browsers do when what is inside isn't closed.

        Blocks stay open after the formatting around them, and formatting after the blocks around it.
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
_TAG: Final = re.compile(r"<(/?)([a-z][a-z0-9-]*)[^>]*>")
"""A tag in a string that `_SIMPLE` or `_SERIALISED` accepts: there is no ``<`` in its attributes then. Where
there is a ``>``, the match ends too soon, and what is left looks like text.
"""
_TOKENIZED_OTHERWISE: Final = RAW_TEXT | TEXT_ONLY | FOREIGN | {"template"}


def is_balanced(source: str) -> bool:
    """Return whether browsers parse `source` as complete elements and text."""
    return is_simple(source) or _left_open(source, strict=True) == []


def is_simple(source: str) -> bool:
    """Return whether it consists of complete elements and text with nothing but plain tags."""
    return _open_in_simple(source) == []


def ends(source: str) -> str | None:
    """Return the end tags that `source` lacks; None when it may end inside a tag, a comment or raw text."""
    names = _open_in_simple(source)
    names = _left_open(source, strict=False) if names is None else names
    return None if names is None else "".join(f"</{name}>" for name in reversed(names))


def _open_in_simple(source: str) -> list[str] | None:
    """Return the elements that are open at the end; None when a quick look can't tell."""
    if _SIMPLE.fullmatch(source) is None:
        return None
    names: list[str] = []
    for slash, name in _TAG.findall(source):
        if slash:
            if not names or names.pop() != name:
                return None
        elif name not in VOID:
            if name in _TOKENIZED_OTHERWISE or (names and names[-1] in IMPLIED_END.get(name, ())):
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
    """Raise `RenderError` for characters that browsers or the wire would drop."""
    at = html.find("\0")
    if at >= 0:
        raise RenderError(f"HTML contains a null character, which browsers drop, {_place(html, at)}")
    if not html.isascii():
        try:
            html.encode()
        except UnicodeEncodeError as error:
            raise RenderError(
                f"HTML contains a lone surrogate (U+{ord(html[error.start]):04X}), which can't be encoded,"
                f" {_place(html, error.start)}"
            ) from None


def check_depth(names: list[str]) -> None:
    """Raise `RenderError` when elements are nested too deep."""
    if len(names) > MAX_DEPTH:
        raise RenderError(
            f"elements nested more than {MAX_DEPTH} deep, which browsers don't keep:"
            f" {' > '.join(names[:3])} > … > {' > '.join(names[-3:])}"
        )


def _place(html: str, at: int) -> str:
    line = html.count("\n", 0, at) + 1
    column = at - html.rfind("\n", 0, at)
    before = html[max(0, at - 30) : at].encode(errors="replace").decode()
    return f"in line {line}, column {column}, after {before!r}"


_TEXT = r"[^<>&\xa0\r\0]|&(?:amp|lt|gt|nbsp);"
_VALUE = r'(?:[^"<>&\xa0\r\0]|&(?:amp|quot|nbsp);)*'
_START = rf'<[a-z][a-z0-9-]*(?: [a-z_:][a-z0-9_.:-]*="{_VALUE}")*>'
_SERIALISED: Final = re.compile(rf"(?:{_TEXT}|{_START}|</[a-z][a-z0-9-]*>)*+")
_SERIALISED_OTHERWISE: Final = (
    RAW_TEXT
    | TEXT_ONLY
    | frozenset("svg math pre listing template select html head body frameset frame".split())
    | frozenset("image keygen basefont bgsound".split())
)
"""Elements whose content or name browsers read or write by rules of their own."""
_FORM_FIELDS: Final = (f'name="{FIELD_SNAPSHOT}"', f"{FIELD_ACTION}=")
"""In forms that have these, pages served as a whole hold more than the slot's value."""


def is_serialised(html: str) -> bool:
    """Return whether `html` is as ``innerHTML`` gives it; False also when a quick look can't tell."""
    if any(field in html for field in _FORM_FIELDS) or _SERIALISED.fullmatch(html) is None:
        return False
    elements = OpenElements()
    for slash, name in _TAG.findall(html):
        if name in _SERIALISED_OTHERWISE or not (_ends if slash else _starts)(elements, name):
            return False
    return not elements.names


def _starts(elements: OpenElements, name: str) -> bool:
    parent = elements.names[-1] if elements.names else ""
    if (name in NOT_NESTED and name in elements.names) or (name in HEADINGS and parent in HEADINGS):
        return False
    if (name == "tr" and parent and parent not in ROW_GROUPS) or name not in TABLE_CHILDREN.get(
        parent, (name,)
    ):
        return False
    return not elements.start(name, False)


def _ends(elements: OpenElements, name: str) -> bool:
    try:
        return elements.end(name) == [name]
    except Unbalanced:
        return False


def stands_alone(html: str, above: Sequence[str]) -> bool:
    """Return whether browsers parse `html` inside the innermost of the elements `above` as they do by itself.

    False also when a quick look can't tell.
    """
    if not is_simple(html):
        return False
    if any(inside == "form" and outside in NO_TEXT for outside, inside in pairwise(above)):
        return False  # such a form is always empty: browsers move its content in front of the table
    names = list(above)
    end = 0
    for tag in _TAG.finditer(html):
        slash, name = tag.groups()
        if names and names[-1] in NO_TEXT and not html[end : tag.start()].isspace() and end < tag.start():
            return False
        end = tag.end()
        if slash:
            names.pop()
        elif not _may_begin(name, names):
            return False
        elif name not in VOID:
            names.append(name)
    rest = html[end:]
    return not (rest and names and names[-1] in NO_TEXT and not rest.isspace())


_CHOOSY: Final = NO_TEXT | {"select", "optgroup"}
"""Elements that hold nothing but what `ONLY_IN` says."""
_NEVER_ALONE: Final = frozenset("html head body frameset frame image rb rt rtc rp select".split())
"""Elements of which a quick look can't tell."""


def _may_begin(name: str, above: Sequence[str]) -> bool:
    """Return whether an element stays where its start tag is, and ends none of those `above`."""
    parent = above[-1] if above else ""
    if not parent:
        return name not in _NEVER_ALONE
    if name in ONLY_IN:
        return parent in ONLY_IN[name]
    if parent in _CHOOSY or name in _NEVER_ALONE or (name in HEADINGS and parent in HEADINGS):
        return False
    if (name in NOT_NESTED and name in above) or ("p" in above and "p" in IMPLIED_END.get(name, ())):
        return False
    return not (name in ENDS_FOREIGN and ("svg" in above or "math" in above))
