"""Shapes and fragments: a template's static HTML, and one render of it.

A shape is created once, when a template is compiled; a fragment is a shape and the values of its slots. The
possible values depend on the slot's kind:

========  ==================================================================================
CHILD     `str` (data), `Markup` (raw HTML), `Fragment`
LIST      `Items`, each followed by a comment; `Markup` if browsers would mix them up
ELEMENTS  `Items`, each exactly one element
ATTR      `str` (data) or `Reference`: the whole value of one attribute
TAG       flat tuple of names and values: the dynamic attribute names of a start tag
EVENT     `Reference` or `PerItem`: what a ``live-…`` attribute calls; not in marked HTML, never sent
FORM      `Reference` or `str`: a form's ``action``, at the end of its start tag
TEXT      `str` (data): the content of ``title`` and ``textarea``
RAW       `str`: the content of ``script``, ``style``, ``noscript`` …, as it is written
========  ==================================================================================

A fragment can be written in two ways: as *marked* HTML for pages, in which the client finds the slots, and as
*plain* HTML where slots aren't possible.
"""

from __future__ import annotations

import re
import secrets
from array import array
from collections.abc import Callable, Iterator, Sequence
from enum import IntEnum
from hashlib import blake2b
from itertools import groupby, repeat
from operator import attrgetter
from typing import Any, Final, Protocol
from weakref import ReferenceType

from markupsafe import Markup

from ..exceptions import RenderError
from ..html.entities import escape
from ..protocol.constants import FIELD_SNAPSHOT, ITEM_END
from ..types import Reference

HEAD_MARK: Final = f"<!--{secrets.token_hex(8)}-->"
"""Placeholder before ``</head>`` in a page's HTML, for the elements that the application adds there."""
BODY_MARK: Final = f"<!--{secrets.token_hex(8)}-->"
"""Placeholder after ``<body>``."""
FORM_STATE: Final = f'<input type="hidden" name="{FIELD_SNAPSHOT}">'
"""Placeholder in raw HTML for the field with the page's state."""


def whole_document(head: str) -> str:
    """Return the beginning of a document, up to the content of its body."""
    return (
        f'<!doctype html>\n<html>\n<head>\n<meta charset="utf-8">\n{head.strip()}\n{HEAD_MARK}</head>\n'
        f"<body>{BODY_MARK}\n"
    )


_SEPARATOR: Final = f"<!--{ITEM_END}-->"
# Raw HTML is searched whenever a page is written as a whole; the tokenizer would be much slower.
_RAW_FORM = re.compile(
    r"<form\b(?=[^>]*\smethod=[\"']?post\b)[^>]*?\saction=[\"'](?!//)[/?][^\"'>]*[?&;]_a=[^>]*>",
    re.IGNORECASE,
)


class Kind(IntEnum):
    """The kind of a slot."""

    CHILD = 0
    LIST = 1
    ELEMENTS = 2
    ATTR = 3
    TAG = 4
    EVENT = 5
    FORM = 6
    TEXT = 7
    RAW = 8


class Shape:
    """Static HTML with slots between its pieces. Two shapes with equal content are interchangeable.

    `marked` and `plain` have one piece more than there are slots. `namespace` is "svg" for a shape in SVG.
    `key` is the slot of the root element's ``data-key`` or ``id``, if there is one. `where` is its template
    and line, `lines` are those of the slots. `places` are offsets and lines of the elements in each piece, if
    these come from several templates (`liveactions.templates.line_numbers`). Changes in `silent` slots
    aren't sent to clients.
    """

    __slots__ = (
        "marked",
        "plain",
        "kinds",
        "namespace",
        "key",
        "where",
        "lines",
        "places",
        "silent",
        "constant",
        "source",
        "digest",
        "digest_text",
        "values",
        "is_page",
        "unbalanced",
    )

    def __init__(
        self,
        marked: tuple[str, ...],
        plain: tuple[str, ...],
        kinds: tuple[int, ...],
        namespace: str = "",
        key: int | None = None,
        where: tuple[str | None, int] = (None, 0),
        lines: tuple[int, ...] = (),
        ignored: tuple[int, ...] = (),
        places: tuple[tuple[tuple[int, int], ...], ...] = (),
    ) -> None:
        self.marked = marked
        self.plain = plain
        self.kinds = tuple(map(Kind, kinds))
        self.namespace = namespace
        self.key = key
        self.where = where
        self.lines = lines
        self.places = places
        self.silent = frozenset(i for i, kind in enumerate(kinds) if kind == Kind.EVENT).union(ignored)
        self.constant = Fragment(self, ())
        self.source = self._source()
        self.digest = blake2b(self.source.encode(errors="replace"), digest_size=8).digest()
        self.digest_text = self.digest.hex()
        self.values = tuple(i for i, kind in enumerate(self.kinds) if kind is not Kind.EVENT)

        self.is_page = self.kinds == (Kind.CHILD,) and not any(self.marked)
        """Whether this is a page that was rendered as a string."""
        self.unbalanced: dict[int, frozenset[str]] = {}
        """Slots with values that browsers would have moved, and the elements in them, for advice in
        debug mode.
        """

    def _source(self) -> str:
        """Return the HTML that a client keeps: without values, and without attributes that are slots."""
        text, before = "", None
        for piece, kind in zip(self.marked, [*self.kinds, None], strict=True):
            piece = piece[1:] if before is Kind.ATTR else piece  # the closing quote
            text += piece[: piece.rindex(" ")] if kind is Kind.ATTR else piece
            text += _FORM_END if kind is Kind.FORM else ""
            before = kind
        return text.replace(HEAD_MARK, "").replace(BODY_MARK, "")

    def matches(self, other: Shape) -> bool:
        """Return whether two shapes have the same content, as if one template was compiled twice."""
        return self is other or (
            self.digest == other.digest and self.kinds == other.kinds and self.namespace == other.namespace
        )

    def __repr__(self) -> str:
        name, line = self.where
        return f"<Shape {name or '<template>'}:{line} {len(self.kinds)} slots>"


class PerItem:
    """The references of a slot in all items of a list. Each is only created when it is needed.

    Otherwise, most of the memory of a list with buttons in its rows would be references. `arguments` returns
    the arguments of an item, which is immutable.
    """

    __slots__ = ("reference", "arguments")

    def __init__(self, reference: Reference, arguments: Callable[[Any], tuple[Any, ...]]) -> None:
        self.reference = reference
        self.arguments = arguments

    def of(self, item: Any) -> Reference:
        """Return the reference of an item."""
        return self.reference.bind(*self.arguments(item))


class Fragment:
    """One render of a shape. Immutable.

    `inputs` are the values of the names that its slots read, if they are compared (`.slot_memo`); for an item
    of a list with `PerItem` values, the object from which it was rendered.
    """

    __slots__ = ("shape", "values", "inputs", "digest")

    def __init__(self, shape: Shape, values: tuple[Any, ...], inputs: Any = None) -> None:
        self.shape = shape
        self.values = values
        self.inputs = inputs
        self.digest: bytes | None = None

    def value(self, slot: int) -> Any:
        """Return the value of a slot, with its own reference instead of a `PerItem`."""
        value = self.values[slot]
        return value.of(self.inputs) if type(value) is PerItem else value

    def own_values(self) -> Sequence[Any]:
        """Return the values of all slots, with its own references instead of `PerItem` values."""
        if PerItem not in map(type, self.values):
            return self.values
        return [self.value(slot) for slot in range(len(self.values))]

    def html(self, hidden: str = "") -> str:
        """Return marked HTML. `hidden` becomes the first field of every form whose action is a reference."""
        out: list[str] = []
        _write(self, True, hidden, out)
        return "".join(out)

    def plain(self, hidden: str = "") -> str:
        """Return HTML without markers."""
        if not self.values:
            return self.shape.plain[0]
        out: list[str] = []
        _write(self, False, hidden, out)
        return "".join(out)

    def __html__(self) -> str:
        return self.plain()

    __str__ = __html__

    def at(self, address: Sequence[int]) -> Any:
        """Return the value of a slot by its address: slot numbers, each list's followed by an item's ordinal.

        Raise `LookupError` if there is no such slot.
        """
        fragment: Fragment = self
        steps = iter(address)
        for number in steps:
            if not 0 <= number < len(fragment.values):
                raise LookupError(f"no slot {number}")
            value = fragment.value(number)
            if isinstance(value, Items):
                ordinal = next(steps, None)
                value = value.item(ordinal) if ordinal is not None else value
            if not isinstance(value, Fragment):
                if next(steps, None) is not None:
                    raise LookupError(f"nothing below slot {number}")
                return value
            fragment = value
        return fragment

    def shows(self, reference: Reference, mac: str) -> bool:
        """Return whether it contains `reference`, in a slot of its own, or by its signature `mac` in text."""
        for value in self.own_values():
            kind = type(value)
            if kind is str or kind is Markup:
                found = mac in value
            elif kind is Fragment:
                found = value.shows(reference, mac)
            elif kind is Items:
                found = value.stream is not None and value.stream.may_show(reference)
                found = found or any(item.shows(reference, mac) for item in value.fragments)
            elif kind is tuple:
                found = any(mac in text for text in value)
            else:
                found = value is reference or isinstance(value, Reference) and reference.is_same_call(value)
            if found:
                return True
        return False

    def is_pristine(self) -> bool:
        """Return whether all lists are numbered as in a first render."""
        return all(items.is_pristine() for items in lists_in(self))


class Rendered:
    """The fragments of a list, for all pages of this process that render it from the same immutable objects.

    `step` leads to the list that was rendered after it: its sources, the list, and how it differs.
    """

    __slots__ = ("fragments", "sources", "outer", "frozen", "chunks", "digest", "step", "__weakref__")

    def __init__(
        self, fragments: list[Fragment], sources: Sequence[Any], outer: tuple[Any, ...], frozen: bool | None
    ) -> None:
        self.fragments = fragments
        self.sources = sources
        self.outer = outer
        self.frozen = frozen
        self.chunks: list[bytes] | None = None
        self.digest: bytes | None = None
        self.step: tuple[Sequence[Any], ReferenceType[Rendered], Any] | None = None


Numbering = tuple[Sequence[int], int, object]
"""The ordinals of a list's items, the next free one, and the lineage in which they count."""


class StreamView(Protocol):
    """A list that forgets its items; implemented by `liveactions.templates.streams.Stream`."""

    def may_show(self, reference: Any) -> bool: ...


class ItemsGone(RenderError):
    """A list can't be written as a whole, because its items have left the server's memory."""

    def __init__(self) -> None:
        super().__init__(
            "items of a stream are needed that the page has forgotten: load() must reset a stream that"
            " is_new, and its loop must not be in an {% if %} that comes and goes"
        )


class Items:
    """The items of a list slot: their fragments, the objects from which these were rendered, and ordinals.

    Ordinals identify items on the wire. They begin as 0, 1, 2 …, follow an item wherever it moves, and aren't
    reused within one *lineage*: consecutive renders of a list that is never renumbered. If the render knows
    how the list differs from the previous one, `base` is that list and `changed` the positions that differ;
    the items and their order are the same.
    """

    __slots__ = (
        "fragments",
        "sources",
        "outer",
        "frozen",
        "columns",
        "rendered",
        "ordinals",
        "following",
        "lineage",
        "base",
        "changed",
        "digest",
        "chunks",
        "keys",
        "stream",
        "sums",
    )

    def __init__(self, fragments: list[Fragment], sources: Sequence[Any] | None = None) -> None:
        self.fragments = fragments
        self.sources = sources
        self.outer: tuple[Any, ...] | None = None
        self.frozen: bool | None = None
        self.columns: dict[int, list[Any]] = {}
        self.rendered: Rendered | None = None
        self.ordinals: Sequence[int] | None = None
        self.following = len(fragments)
        self.lineage: object = None
        self.base: Items | None = None
        self.changed: Sequence[int] = ()
        self.digest: bytes | None = None
        self.chunks: list[bytes] | None = None
        self.keys: Sequence[Any] | None = None
        self.stream: StreamView | None = None
        """The stream that this renders. Items that the browser already has are replaced by `GONE`."""
        self.sums: Sequence[int] = ()
        """Checksums of a stream's items."""

    def numbers(self) -> Sequence[int]:
        """Return the ordinals of the items."""
        if self.ordinals is None:
            self.begin()
        assert self.ordinals is not None
        return self.ordinals

    def begin(self) -> None:
        """Number the items from 0, in a new lineage."""
        self.ordinals = range(len(self.fragments))
        self.following = len(self.fragments)
        self.lineage = object()
        self.base = None

    def require_all(self) -> None:
        """Raise `ItemsGone` if an item of a stream is gone."""
        if self.stream is not None and GONE in self.fragments:
            raise ItemsGone

    def is_pristine(self) -> bool:
        return self.ordinals is None or self.ordinals == range(len(self.fragments))

    @property
    def numbering(self) -> Numbering | None:
        """The numbering of the items; None if it is that of a first render."""
        if self.is_pristine():
            return None
        return array("q", self.numbers()), self.following, self.lineage

    def renumber(self, numbering: Numbering) -> None:
        """Number the items like the same ones in another render."""
        ordinals, self.following, self.lineage = numbering
        self.ordinals = list(ordinals)
        self.base = None

    def item(self, ordinal: int) -> Fragment:
        """Return the item with an ordinal. Raise `LookupError` if there is none."""
        if self.ordinals is None or isinstance(self.ordinals, range):
            if 0 <= ordinal < len(self.fragments):
                return self.fragments[ordinal]
            raise LookupError(f"no item {ordinal}")
        try:
            return self.fragments[self.ordinals.index(ordinal)]
        except ValueError:
            raise LookupError(f"no item {ordinal}") from None


GONE: Final = Fragment(Shape(("",), ("",), ()), ())
"""The item of a stream that has left the server's memory."""
_FORM_END: Final = '">'


def written(kind: Kind, value: Any) -> str:
    """Return the value of a slot as HTML without markers."""
    return _html(kind, value, marked=False, hidden="")


def _write(fragment: Fragment, marked: bool, hidden: str, out: list[str]) -> None:
    shape = fragment.shape
    pieces = shape.marked if marked else shape.plain
    values = fragment.values if marked else fragment.own_values()
    for piece, kind, value in zip(pieces, shape.kinds, values, strict=False):
        out.append(piece)
        _write_slot(kind, value, marked, hidden, out)
    out.append(pieces[-1])


def _write_slot(kind: Kind, value: Any, marked: bool, hidden: str, out: list[str]) -> None:
    if type(value) is str and kind not in _SOURCE:
        out.append(value if value.isalnum() else escape(value))
    elif type(value) is Fragment:
        _write(value, marked, hidden, out)
    elif type(value) is Items:
        _write_items(value, marked, hidden, _SEPARATOR if marked and kind is Kind.LIST else "", out)
    elif not marked or kind is not Kind.EVENT:
        out.append(_WRITERS[kind](value, hidden))


def _write_items(items: Items, marked: bool, hidden: str, separator: str, out: list[str]) -> None:
    """Write a list by columns, which takes a quarter of the time: the values of one slot at once."""
    items.require_all()
    for shape, run in groupby(items.fragments, shape_of):
        rows = [one.values if marked else one.own_values() for one in run]
        pieces = shape.marked if marked else shape.plain
        if not shape.kinds:
            out.append((pieces[0] + separator) * len(rows))
            continue
        columns = map(_column, shape.kinds, zip(*rows, strict=True), repeat(marked), repeat(hidden))
        row = "%s".join([piece.replace("%", "%%") for piece in pieces]) + separator
        out += map(row.__mod__, zip(*columns, strict=True))


def _column(kind: Kind, values: tuple[Any, ...], marked: bool, hidden: str) -> list[str]:
    """Return the values of a slot in consecutive items as HTML."""
    if kind not in _SOURCE and set(map(type, values)) == TEXTS:
        escaped = escape("\0".join(values)).split("\0")
        if len(escaped) == len(values):  # else there is a NUL in one of them
            return escaped
    return [_html(kind, value, marked, hidden) for value in values]


def _html(kind: Kind, value: Any, marked: bool, hidden: str) -> str:
    out: list[str] = []
    _write_slot(kind, value, marked, hidden, out)
    return "".join(out)


def _write_child(value: str, hidden: str) -> str:
    return _write_raw(value, hidden) if isinstance(value, Markup) else escape(value)


def _write_attribute(value: Any, hidden: str) -> str:
    return escape(str(value or ""))


def _write_tag(value: tuple[str, ...], hidden: str) -> str:
    pairs = zip(value[::2], value[1::2], strict=True)
    return "".join(f' {name}="{escape(data)}"' for name, data in pairs)


def _write_form(value: Any, hidden: str) -> str:
    return escape(str(value)) + _FORM_END + (hidden if isinstance(value, Reference) else "")


def _write_text(value: str, hidden: str) -> str:
    # Browsers drop a leading line break.
    return ("\n" if value[:1] == "\n" else "") + escape(value)


def _write_raw(value: str, hidden: str) -> str:
    """Return raw HTML, with the state of the page in forms that call an action."""
    html = str(value)  # the methods of `str` don't escape
    if not hidden:
        return html
    html = html.replace(FORM_STATE, hidden) if FORM_STATE in html else html
    return _RAW_FORM.sub(lambda form: form[0] + hidden, html) if "_a=" in html else html


_SOURCE: Final = frozenset({Kind.RAW, Kind.TEXT, Kind.FORM, Kind.EVENT})
"""Kinds of slots whose strings aren't simply escaped, or not always written."""
TEXTS: Final = {str}
shape_of: Final = attrgetter("shape")
_WRITERS: Final[dict[Kind, Callable[[Any, str], str]]] = {
    Kind.CHILD: _write_child,
    Kind.LIST: _write_child,
    Kind.ELEMENTS: _write_child,
    Kind.ATTR: _write_attribute,
    Kind.EVENT: _write_attribute,
    Kind.TAG: _write_tag,
    Kind.FORM: _write_form,
    Kind.TEXT: _write_text,
    Kind.RAW: _write_raw,
}


def are_alike(a: Any, b: Any) -> bool:
    """Return whether two values of a slot have the same HTML, and call the same actions."""
    if type(a) is Items and type(b) is Items:
        if a.stream is not None:
            return a.digest == b.digest
        return len(a.fragments) == len(b.fragments) and all(map(are_alike, a.fragments, b.fragments))
    if type(a) is Fragment and type(b) is Fragment:
        return a.shape.matches(b.shape) and all(map(are_alike, a.own_values(), b.own_values()))
    return type(a) is type(b) and bool(a == b)


def lists_in(fragment: Fragment) -> Iterator[Items]:
    """Yield the lists in a fragment, in the same order for fragments of the same digest."""
    for value in fragment.values:
        if isinstance(value, Items):
            yield value
            for item in value.fragments:
                yield from lists_in(item)
        elif isinstance(value, Fragment):
            yield from lists_in(value)
