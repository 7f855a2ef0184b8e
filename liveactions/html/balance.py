"""Decides whether browsers parse raw HTML as it is written.

Raw HTML (``{{ html|safe }}``) is put into pages as a string, and later replaced or patched as one. That only
works if the string is parsed in the same way by itself and in the page. There are three checks, from the
weakest to the strongest:

`is_balanced`
    Browsers parse the string as complete elements and text, and leave each in its place: ``<p>a</p>b`` but
    neither ``a</p>`` nor ``<p><a><a>b</a></a></p>``. Each raw value is checked, together with the elements
    around it as far as these are known. A value that isn't balanced can't have a slot of its own.
`is_serialised`
    The string is also what ``innerHTML`` returns after parsing it: ``<p a="1">x</p>`` but not ``<P a=1>x``.
    Then the client can compare the HTML in the page with the string that the server has sent.
`is_parsed_alike`
    The string is parsed inside given elements as it is by itself: ``<td>a</td>`` in a ``tr`` but not in a
    ``div``. Then the client can replace these nodes without parsing the HTML around them.

Each check begins with a regular expression that only accepts plain tags and text. For other HTML,
`is_balanced` uses the tokenizer; the other two return False, which costs bytes but is never wrong. The
regular expression makes the checks cheap enough for every raw value in every render: for 9 kB of lists and
links, it takes a fifteenth of the tokenizer's time.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
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
    IN_SELECT,
    NEVER_INSIDE,
    NO_TEXT,
    NOT_NESTED,
    ONLY_IN,
    OPTIONAL_END,
    RAW_TEXT,
    ROW_GROUPS,
    TABLE_CHILDREN,
    TABLE_PARENTS,
    TEXT_ONLY,
    VOID,
    is_displaced,
)
from .tokenizer import Comment, Declaration, EndTag, Event, NotTrackable, RawText, StartTag, Text, scan


class Unbalanced(Exception):
    """An end tag has no start tag here."""


class OpenElements:
    """The stack of open elements, with the rules for implied end tags."""

    def __init__(self, foreign: bool = False) -> None:
        self.names: list[str] = []
        self.foreign = foreign

    def start(self, name: str, self_closing: bool) -> list[str]:
        """Open an element. Return the names of those that its start tag ends."""
        ended = []
        implied = IMPLIED_END.get(name, frozenset())
        while self.names and self.names[-1] in implied:
            ended.append(self.names.pop())
        if name not in VOID and not (self_closing and (name in FOREIGN or self.in_foreign())):
            self.names.append(name)
            check_depth(self.names)
        return ended

    def end(self, name: str) -> list[str]:
        """Close an element. Return the names of those that end with it, itself last. Raise `Unbalanced`."""
        if name not in self.names:
            raise Unbalanced(name)
        ended = []
        while (open_ := self.names.pop()) != name:
            # Browsers reopen formatting after a paragraph in it.
            if open_ not in OPTIONAL_END or name in FORMATTING:
                raise Unbalanced(open_)
            ended.append(open_)
        return [*ended, name]

    def leave(self, name: str) -> None:
        """Close an element, if it is open, although elements in it may not be closed.

        Like in browsers, blocks stay open when formatting around them is closed, and formatting when blocks
        around it are closed.
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
"""Tags and text that need no special rules of the tokenizer."""
_TAG: Final = re.compile(r"<(/?)([a-z][a-z0-9-]*)[^>]*>")
"""A tag in a string that `_SIMPLE` or `_SERIALISED` accepts, so there is no ``<`` in its attributes. If there
is a ``>``, the match ends too soon, and the rest looks like text.
"""
_ANY_TAG: Final = re.compile(r"<(/?)([a-zA-Z][^\s/>]*)")
_TOKENIZED_OTHERWISE: Final = RAW_TEXT | TEXT_ONLY | FOREIGN | {"template"}


_TEXT_IN_TABLE: Final = re.compile(
    r"<(?:table|tbody|thead|tfoot|tr|colgroup)\b[^>]*>\s*+[^\s<]"
    r"|</(?:td|th|caption|tr|tbody|thead|tfoot|colgroup)>\s*+[^\s<]"
)


def is_balanced(source: str, above: Sequence[str] = ()) -> bool:
    """Return whether browsers parse `source` as complete elements and text.

    `above` are the open elements around it as far as they are known, outermost first.
    """
    found = _is_balanced_and_simple(source, above)
    return _is_balanced(source, above) if found is None else found


def names_in(source: str) -> frozenset[str]:
    """Return the names of the elements in HTML."""
    return frozenset(name.lower() for _, name in _ANY_TAG.findall(source))


def is_simple(source: str) -> bool:
    """Return whether HTML is balanced and consists of plain tags and text."""
    return _is_balanced_and_simple(source, ()) is True


def _is_balanced_and_simple(source: str, above: Sequence[str]) -> bool | None:
    """Return whether HTML is balanced; None if it isn't simple."""
    if _SIMPLE.fullmatch(source) is None or not FOREIGN.isdisjoint(above):
        return None
    names = list(above)
    floor = len(names)
    is_text_lost = floor and names[-1] in NO_TEXT and not source[:1].isspace() and source[:1] != "<"
    if is_text_lost or ("</t" in source and _TEXT_IN_TABLE.search(source)):
        return False
    for tag in _TAG.finditer(source):
        slash, name = tag.groups()
        if slash:
            if len(names) == floor or names.pop() != name:
                return None
            continue
        parent = names[-1] if names else ""
        if name in _TOKENIZED_OTHERWISE or parent in IMPLIED_END.get(name, ()):
            return None
        if (parent in TABLE_CHILDREN or name in _SENSITIVE) and is_displaced(
            name, names, name == "input" and _HIDDEN.search(tag[0]) is not None
        ):
            return False
        if name not in VOID:
            names.append(name)
            if len(names) > MAX_DEPTH:
                check_depth(names)
    return len(names) == floor


_SENSITIVE: Final = (
    frozenset(IMPLIED_END) | TABLE_PARENTS.keys() | NOT_NESTED | HEADINGS | IN_SELECT | NEVER_INSIDE
)
"""Elements that browsers may move, depending on the elements around them."""


_HIDDEN: Final = re.compile(r"\stype\s*=\s*[\"']?hidden[\s\"'/>]", re.IGNORECASE)


def _is_balanced(source: str, above: Sequence[str]) -> bool:
    elements = OpenElements()
    elements.names += above
    floor = len(above)
    names = elements.names
    try:
        for event in scan([source], foreign=False):
            if isinstance(event, StartTag):
                before = len(names)
                left = before - len(elements.start(event.name, event.self_closing))
                if left < floor or is_displaced(event.name, names[:left], is_hidden_input(event)):
                    return False
            elif isinstance(event, EndTag):
                elements.end(event.name)
                if len(names) < floor or _UNCLEAR_END.search(event.source, 2):
                    return False
            elif _is_unclear(event, names):
                return False
    except (NotTrackable, Unbalanced):
        return False
    return len(names) == floor


_UNCLEAR_END: Final = re.compile(r"[\"'<]")
_UNCLEAR_COMMENT: Final = re.compile(r"-?>|.*--!>", re.DOTALL)
"""The content of a comment that ends before its last characters."""


def _is_unclear(event: Event, names: Sequence[str]) -> bool:
    """Return whether browsers read a token differently, or move it."""
    if isinstance(event, Text):
        return bool(names) and names[-1] in NO_TEXT and not event.data.isspace()
    if isinstance(event, Comment):
        return _UNCLEAR_COMMENT.match("".join(event.parts)) is not None
    if isinstance(event, RawText):
        return names[-1] == "script" and "<!--" in "".join(event.parts)
    return isinstance(event, Declaration) and event.source.startswith("<![")


def is_hidden_input(tag: StartTag) -> bool:
    """Return whether a tag is a hidden input, which tables may contain."""
    kind = next((one.value for one in tag.attributes if one.name == "type"), None)
    return tag.name == "input" and "".join(map(str, kind or ())).lower() == "hidden"


MAX_DEPTH: Final = 500
"""Maximum nesting of elements. Browsers move elements that are deeper than 512."""


def check_balance(html: str) -> None:
    """Raise `RenderError` for characters that browsers drop or that can't be encoded."""
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


def check_nesting(html: str) -> None:
    """Raise `RenderError` if elements are nested too deep, even in HTML that isn't balanced."""
    if html.count("<") <= MAX_DEPTH:
        return
    elements = OpenElements()
    if _SIMPLE.fullmatch(html):
        for slash, name in _TAG.findall(html):
            if slash:
                elements.leave(name)
            else:
                elements.start(name, False)
        return
    with suppress(NotTrackable):
        for event in scan([html]):
            if isinstance(event, StartTag):
                elements.start(event.name, event.self_closing)
            elif isinstance(event, EndTag):
                elements.leave(event.name)


def check_depth(names: list[str]) -> None:
    """Raise `RenderError` if open elements are nested too deep."""
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
"""Elements whose content or name browsers parse or serialize by special rules."""
_FORM_FIELDS: Final = (f'name="{FIELD_SNAPSHOT}"', f"{FIELD_ACTION}=")
"""If forms have these, the page's HTML contains more than the slot's value: the state of the page."""


def is_serialised(html: str) -> bool:
    """Return whether `html` is what ``innerHTML`` returns after parsing it; False if it isn't simple."""
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


def is_parsed_alike(html: str, above: Sequence[str]) -> bool:
    """Return whether browsers parse `html` inside the innermost of the elements `above` as they do by itself;
    False if it isn't simple.
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


_RESTRICTED: Final = NO_TEXT | {"select", "optgroup"}
"""Elements that only contain those that `ONLY_IN` allows."""
_UNDECIDED: Final = frozenset("html head body frameset frame image rb rt rtc rp select".split())
"""Elements that this check doesn't decide."""


def _may_begin(name: str, above: Sequence[str]) -> bool:
    """Return whether browsers leave an element where its start tag is, without ending those `above`."""
    parent = above[-1] if above else ""
    if not parent:
        return name not in _UNDECIDED
    if name in ONLY_IN:
        return parent in ONLY_IN[name]
    if parent in _RESTRICTED or name in _UNDECIDED or (name in HEADINGS and parent in HEADINGS):
        return False
    if (name in NOT_NESTED and name in above) or ("p" in above and "p" in IMPLIED_END.get(name, ())):
        return False
    return not (name in ENDS_FOREIGN and ("svg" in above or "math" in above))
