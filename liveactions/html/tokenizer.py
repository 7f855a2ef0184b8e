"""A tokenizer for HTML with placeholders.

The input is a sequence of literal strings and placeholders, which may be any other objects: in templates, the
expressions and statements. `scan` yields tokens, in which each placeholder has its position: in text, in an
attribute's value, among attribute names, in raw text, in a comment. ``["<p class='", x, "'>", y]`` gives ::

    StartTag("p", [Attribute("class", [x])])
    Placeholder(y)

The tokenizer follows the HTML Standard as far as authors need it. If a placeholder can't be assigned to a
part of a token (``<{{ name }}>``), it raises `NotTrackable`, and that part of the template is rendered as a
string.

`located` also yields the positions of tokens. It recognises the tags of components, which look like HTML:
``<Card>``, ``<forms.Field>`` and, for their slots, ``<:footer>``.

`head_end` finds the end of a document's head, with a regular expression, because it only has to recognise the
few elements that a head may contain.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, Final

from .content_model import FOREIGN, INTEGRATION, RAW_TEXT, TEXT_ONLY

Parts = list[Any]
"""Literal strings and placeholders, in order."""
Position = tuple[int, int]
"""The index of a piece, and an offset in it."""


class NotTrackable(Exception):
    """A placeholder is where no slot is possible, or the text ends inside a tag."""


@dataclass(slots=True)
class Text:
    data: str
    line: int


@dataclass(slots=True)
class Placeholder:
    value: Any
    line: int


@dataclass(slots=True)
class Attribute:
    """One attribute; `name` is None for a run of dynamic names. `value` is None without "="."""

    name: str | None
    value: Parts | None
    line: int
    start: Position = field(default=(0, 0), compare=False)

    @property
    def dynamic(self) -> bool:
        return self.name is None or any(not isinstance(part, str) for part in self.value or ())


@dataclass(slots=True)
class StartTag:
    source: str
    attributes: list[Attribute]
    self_closing: bool
    line: int
    start: Position = field(default=(0, 0), compare=False)
    inside: Position = field(default=(0, 0), compare=False)
    """The position after its attributes."""
    end: Position = field(default=(0, 0), compare=False)
    name: str = field(init=False)

    def __post_init__(self) -> None:
        self.name = self.source.lower()


@dataclass(slots=True)
class RawText:
    """The whole content of the raw text element whose start tag is the previous token."""

    parts: Parts
    line: int


@dataclass(slots=True)
class EndTag:
    name: str
    source: str
    line: int


@dataclass(slots=True)
class Comment:
    parts: Parts
    line: int


@dataclass(slots=True)
class Declaration:
    source: str
    line: int


class Merged(str):
    """Literal text from several places in the source. `begins` has the offset and the line of each."""

    __slots__ = ("begins",)
    begins: tuple[tuple[int, int], ...]

    def __new__(cls, text: str, begins: tuple[tuple[int, int], ...]) -> Merged:
        self = super().__new__(cls, text)
        self.begins = begins
        return self

    def followed_by(self, text: str, line: int) -> Merged:
        return Merged(self + text, (*self.begins, (len(self), line)))

    def begin_before(self, offset: int) -> tuple[int, int]:
        """Return the offset and the line of the place that contains an offset."""
        return self.begins[bisect_right(self.begins, offset, key=itemgetter(0)) - 1]

    def line_at(self, offset: int) -> int:
        begin, line = self.begin_before(offset)
        return line + self.count("\n", begin, offset)


Event = Text | Placeholder | StartTag | RawText | EndTag | Comment | Declaration
_TAG_NAME: Final = re.compile(r"[a-zA-Z][^\s/>]*")
_SPACE: Final = " \t\n\f\r"
_NAME_END: Final = frozenset(_SPACE + "/>=")
_COMPONENT: Final = re.compile(r":[a-zA-Z]|(?:[a-zA-Z]\w*\.)*[A-Z]\w*[a-z]")
_TAG_OF_COMPONENT: Final = re.compile(f"</?(?:{_COMPONENT.pattern})")


class _Cursor:
    """A cursor over literals and placeholders. A placeholder reads as one item that isn't a string."""

    def __init__(self, pieces: Sequence[Any], line: int = 1, has_components: bool = False) -> None:
        self.pieces = pieces
        self.has_components = has_components
        self.index = 0
        self.at = 0
        self.line = self._line_of(0, line)

    def peek(self) -> Any:
        """Return the next character, the next placeholder, or None at the end."""
        while self.index < len(self.pieces):
            piece = self.pieces[self.index]
            if not isinstance(piece, str):
                return piece
            if self.at < len(piece):
                return piece[self.at]
            self.index, self.at = self.index + 1, 0
        return None

    @property
    def position(self) -> Position:
        return self.index, self.at

    def rest(self) -> str:
        """Return the literal text up to the next placeholder."""
        piece = self.pieces[self.index] if self.index < len(self.pieces) else ""
        return piece[self.at :] if isinstance(piece, str) else ""

    def take(self, count: int = 1) -> str:
        piece = self.pieces[self.index]
        taken: str = piece[self.at : self.at + count]
        self.at += count
        self.line += taken.count("\n")
        if type(piece) is Merged and piece.begin_before(self.at)[0] > self.at - count:
            self.line = piece.line_at(self.at)
        return taken

    def take_placeholder(self) -> Any:
        placeholder = self.pieces[self.index]
        self.index, self.at = self.index + 1, 0
        self.line = self._line_of(self.index, getattr(placeholder, "lineno", self.line))
        return placeholder

    def _line_of(self, index: int, otherwise: int) -> int:
        """Return the line at which a piece begins, if it says so."""
        piece = self.pieces[index] if index < len(self.pieces) else None
        return piece.line_at(0) if type(piece) is Merged else otherwise

    def until(self, end: str) -> Parts:
        """Return everything up to `end`, which must be in literal text. Move past it, unless it is an end
        tag.

        Raise `NotTrackable` if it is missing.
        """
        parts: Parts = []
        while (following := self.peek()) is not None:
            if not isinstance(following, str):
                parts.append(self.take_placeholder())
                continue
            text = self.rest()
            found = text.lower().find(end) if end.startswith("</") else text.find(end)
            if found < 0:
                parts.append(self.take(len(text)))
                continue
            if found:
                parts.append(self.take(found))
            if not end.startswith("</"):
                self.take(len(end))
            return parts
        raise NotTrackable(f"{end!r} is missing")


def scan(pieces: Sequence[Any], line: int = 1, foreign: bool = False) -> Iterator[Event]:
    """Yield the tokens of HTML that begins in text (inside SVG or MathML when `foreign`)."""
    return _scan(_Cursor(pieces, line), ["svg"] if foreign else [])


def located(pieces: Sequence[Any], line: int = 1) -> Iterator[tuple[Event, Position]]:
    """Yield the tokens of HTML that may contain tags of components, each with the position of its end."""
    cursor = _Cursor(pieces, line, has_components=True)
    for event in _scan(cursor, []):
        yield event, cursor.position


def is_component(tag: str) -> bool:
    """Return whether a tag is that of a component, or of a component's slot, by its name.

    ``Card``, ``forms.Field`` and ``:footer`` are. Names without lower-case letters, such as ``DIV``, are
    HTML.
    """
    return _COMPONENT.match(tag) is not None


def mentions_components(source: str) -> bool:
    """Return whether a template's source may contain tags of components."""
    return _TAG_OF_COMPONENT.search(source) is not None


def _scan(cursor: _Cursor, context: list[str]) -> Iterator[Event]:
    while (following := cursor.peek()) is not None:
        if not isinstance(following, str):
            start = getattr(following, "lineno", cursor.line)
            yield Placeholder(cursor.take_placeholder(), start)
            continue
        yield from _literal(cursor, context)


def _literal(cursor: _Cursor, context: list[str]) -> Iterator[Event]:
    rest, line = cursor.rest(), cursor.line
    tag = rest.find("<")
    if tag != 0:
        yield Text(cursor.take(tag if tag > 0 else len(rest)), line)
    elif rest.startswith("<!--"):
        cursor.take(4)
        yield Comment(cursor.until("-->"), line)
    elif rest.startswith(("<!", "<?")):
        yield Declaration("".join(_literals(cursor.until(">"))) + ">", line)
    elif rest.startswith("</"):
        yield _end_tag(cursor, context)
    elif _TAG_NAME.match(rest, 1) or (cursor.has_components and _COMPONENT.match(rest, 1)):
        yield from _element(cursor, context)
    elif len(rest) == 1:
        cursor.take()
        if cursor.peek() is not None:
            raise NotTrackable("an element's name is dynamic")
        yield Text("<", line)
    else:
        yield Text(cursor.take(), line)


def _literals(parts: Parts) -> list[str]:
    if any(not isinstance(part, str) for part in parts):
        raise NotTrackable("a declaration is dynamic")
    return parts


def _end_tag(cursor: _Cursor, context: list[str]) -> EndTag:
    line = cursor.line
    source = "".join(_literals(cursor.until(">"))) + ">"
    match = _TAG_NAME.match(source, 2)
    name = match[0].rstrip(">").lower() if match else ""
    if name in context:
        del context[len(context) - 1 - context[::-1].index(name) :]
    return EndTag(name, source, line)


def _element(cursor: _Cursor, context: list[str]) -> Iterator[Event]:
    tag = _start_tag(cursor)
    yield tag
    if cursor.has_components and is_component(tag.source):
        return
    inside = bool(context) and context[-1] in FOREIGN
    if tag.self_closing and (inside or tag.name in FOREIGN):
        return
    if tag.name in FOREIGN or (inside and tag.name in INTEGRATION):
        context.append(tag.name)
    elif not inside and tag.name in RAW_TEXT | TEXT_ONLY | {"template"}:
        line = cursor.line
        yield RawText(cursor.until(f"</{tag.name}"), line)


def _start_tag(cursor: _Cursor) -> StartTag:
    line, start = cursor.line, cursor.position
    cursor.take()
    match = _TAG_NAME.match(cursor.rest().removeprefix(":"))
    assert match is not None
    source = cursor.take(len(match[0]) + cursor.rest().startswith(":"))
    if not cursor.rest() and cursor.peek() is not None and not isinstance(cursor.peek(), str):
        raise NotTrackable("an element's name is dynamic")
    tag = StartTag(source, [], False, line, start)
    while True:
        following = cursor.peek()
        if following is None:
            raise NotTrackable("a tag isn't closed")
        if not isinstance(following, str):
            tag.attributes.append(_dynamic_names(cursor, []))
        elif following == ">":
            tag.inside = tag.inside if tag.self_closing else cursor.position
            cursor.take()
            tag.end = cursor.position
            return tag
        elif following == "/":
            tag.inside = cursor.position
            cursor.take()
            tag.self_closing = cursor.peek() == ">"
        elif following in _SPACE:
            cursor.take()
        else:
            tag.attributes.append(_attribute(cursor))


def _dynamic_names(cursor: _Cursor, parts: Parts) -> Attribute:
    """Read a run without white space that contains a dynamic name: ``data-{{ x }}="{{ y }}"``."""
    line, quote = cursor.line, ""
    while (following := cursor.peek()) is not None:
        if not isinstance(following, str):
            parts.append(cursor.take_placeholder())
        elif not quote and (following in _SPACE or following in "/>"):
            return Attribute(None, parts, line)
        else:
            if following in "\"'":
                quote = "" if following == quote else quote or following
            parts.append(cursor.take())
    raise NotTrackable("a tag isn't closed")


def _attribute(cursor: _Cursor) -> Attribute:
    line, start, name = cursor.line, cursor.position, ""
    while isinstance(following := cursor.peek(), str) and following not in _NAME_END:
        name += cursor.take()
    if following is not None and not isinstance(following, str):
        return _dynamic_names(cursor, [name])
    while isinstance(following, str) and following in _SPACE:
        # White space is allowed around "=", but a placeholder after it is a name of its own.
        cursor.take()
        following = cursor.peek()
    if following != "=":
        return Attribute(name.lower(), None, line, start)
    cursor.take()
    while isinstance(following := cursor.peek(), str) and following in _SPACE:
        cursor.take()
    return Attribute(name.lower(), _attribute_value(cursor), line, start)


def _attribute_value(cursor: _Cursor) -> Parts:
    quote = cursor.peek()
    if isinstance(quote, str) and quote in "\"'":
        cursor.take()
        return cursor.until(quote)
    parts: Parts = []
    while (following := cursor.peek()) is not None:
        if not isinstance(following, str):
            parts.append(cursor.take_placeholder())
        elif following in _SPACE or following == ">":
            return parts
        else:
            parts.append(cursor.take())
    raise NotTrackable("a tag isn't closed")


_TOKEN: Final = re.compile(
    r"\s+"
    r"|<!--(?P<comment>.*?)-->"
    r"|<(?P<element>title|style|script|noscript|template)\b.*?</(?P=element)\s*>"
    r"|<(?:meta|link|base|!doctype|html|head)\b(?:\"[^\"]*\"|'[^']*'|[^>\"'])*>",
    re.IGNORECASE | re.DOTALL,
)
"""Anything that may be in a head, or before it."""
_SKELETON: Final = re.compile(
    r"\s*(?:<!--.*?-->\s*)*<(?:!doctype|html|head|body)\b", re.IGNORECASE | re.DOTALL
)
_DEPTH: Final = {"(": 1, "[": 1, ")": -1, "]": -1}


def is_document(html: str) -> bool:
    """Return whether HTML begins like a whole document."""
    return _SKELETON.match(html) is not None


def head_end(html: str) -> int:
    """Return the end of the part that belongs in the head.

    It is never between the two markers of a slot. A slot at the end of that part belongs in the body: it
    may only happen to be empty.
    """
    at = end = depth = 0
    is_more = False
    while token := _TOKEN.match(html, at):
        comment = token["comment"]
        depth += _DEPTH.get(comment[:1], 0) if comment else 0
        is_more = is_more or (comment is None and not token[0].isspace())
        at = token.end()
        if is_more and depth == 0:
            end, is_more = at, False
    return end
