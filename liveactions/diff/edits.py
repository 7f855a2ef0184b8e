"""Where in the page the splices of a long string are: for a client that needn't parse the rest then.

The old string is parsed, with comments at the bounds of the scopes: where these are in the tree is what the
client is told. The new one isn't: what is new is looked at for tags that would change what is around it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise, repeat
from typing import Any, Final
from zlib import adler32

from lxml import etree

from ..html.context import stands_alone
from ..html.entities import decode_attribute
from ..html.nesting import VOID
from ..html.scanner import StartTag, scan
from .scopes import Move, Scope, moves, scopes
from .units import units_of
from .windows import Window

LEAST: Final = 32 * 1024
"""Strings that are shorter are parsed by the client as fast."""
MOST: Final = 16
"""Edits that are told; of more changes the splices say as much."""
_MARK: Final = "live-bound"
_FORM: Final = re.compile(r"<(/?)form\b")
_BEFORE: Final = etree.XPath(
    f"count(preceding-sibling::node()) - count(preceding-sibling::comment()[.='{_MARK}'])"
)
_BEFORE_MARK: Final = etree.XPath(f"count(comment()[.='{_MARK}'][$nth]/preceding-sibling::node()) + 1 - $nth")
_WITHIN: Final = etree.XPath(f"count(node()) - count(comment()[.='{_MARK}'])")

Span = tuple[int, int]
Units = Callable[[int, int], int]


@dataclass(frozen=True, slots=True)
class Place:
    """Child nodes of an element in a parsed string; or `tag`, one element."""

    parent: Any
    first: int
    count: int
    tag: Any = None

    @property
    def passed(self) -> list[Any]:
        """The elements on the way to them: the body first, their parent or the one element last."""
        last = self.parent if self.tag is None else self.tag
        return [last, *last.iterancestors()][-2::-1]

    @property
    def path(self) -> list[int]:
        return [int(_BEFORE(element)) for element in self.passed[1:]]


def edits(old: str, new: str, windows: Sequence[Window]) -> tuple[list[Any], int] | None:
    """What the client is told beside splices, and the digest of where that is; None when it had better look
    itself.
    """
    if len(old) < LEAST or _MARK in old or _MARK in new or _nests_forms(old):
        return None
    moved, rest = moves(old, new, windows)
    found = scopes(old, new, rest)
    if (
        found is None
        or _overlap(found, moved)
        or not 0 < len(found) + len(moved) <= MOST
        or _is_much(found, new)
    ):
        return None
    spans = [_span(one) for one in found] + [span for one in moved for span in one]
    places = _places(old, spans, [one.is_tag for one in found])
    if places is None or not all(map(_is_safe, found, places, repeat(new))):
        return None
    units = units_of(old), units_of(new)
    told = [
        [place.path, _attributes(old, new, scope.window)] if scope.is_tag else _changed(scope, place, *units)
        for scope, place in zip(found, places, strict=False)
    ]
    for source, target in zip(places[len(found) :: 2], places[len(found) + 1 :: 2], strict=True):
        if source.parent is not target.parent:
            return None
        told.append([source.path, source.first, source.count, target.path, target.first])
    return told, _digest(places)


def _nests_forms(html: str) -> bool:
    """Whether a form begins in another one: parsers differ in where that ends."""
    is_open = False
    for tag in _FORM.finditer(html) if html.count("<form") > 1 else ():
        if is_open and not tag[1]:
            return True
        is_open = not tag[1]
    return False


def _overlap(found: Sequence[Scope], moved: Sequence[Move]) -> bool:
    """Whether something moves into or out of what changes."""
    return any(
        start < one.window.end and one.window.start < end
        for one in found
        for move in moved
        for start, end in move
    )


def _is_much(found: Sequence[Scope], new: str) -> bool:
    return sum(len(new[one.window.first : one.window.last]) for one in found) > len(new) // 2


def _span(scope: Scope) -> Span:
    return scope.window.start, scope.window.start if scope.is_tag else scope.window.end


def _places(html: str, spans: Sequence[Span], tags: Sequence[bool]) -> list[Place] | None:
    """What pieces of a string are in the tree that a parser makes of it. None if one isn't of whole nodes.

    `tags` says of the first ones whether they stand before a start tag that is meant.
    """
    order = sorted((position, n) for n, span in enumerate(spans) for position in span)
    cuts = [0, *(position for position, _ in order), len(html)]
    marked = f"<!--{_MARK}-->".join(html[start:end] for start, end in pairwise(cuts))
    parser = etree.HTMLParser(huge_tree=True)
    root = etree.fromstring(f"<!DOCTYPE html><html><body>{marked}</body></html>", parser)
    bounds = [comment for comment in root.iter(etree.Comment) if comment.text == _MARK]
    if len(bounds) != len(order) or len(root) != 1 or any(map(_splits, bounds)):
        return None
    ends: list[list[tuple[Any, int]]] = [[] for _ in spans]
    nth: Counter[Any] = Counter()
    for bound, (_, n) in zip(bounds, order, strict=True):
        parent = bound.getparent()
        nth[parent] += 1
        ends[n].append((bound, int(_BEFORE_MARK(parent, nth=nth[parent]))))
    if any(start.getparent() is not end.getparent() for (start, _), (end, _) in ends):
        return None
    flags = [*tags, *[False] * (len(spans) - len(tags))]
    places = [
        Place(start.getparent(), first, last - first, _following(end) if is_tag else None)
        for ((start, first), (end, last)), is_tag in zip(ends, flags, strict=True)
    ]
    meant = [place.tag for is_tag, place in zip(flags, places, strict=True) if is_tag]
    return places if all(tag is not None and isinstance(tag.tag, str) for tag in meant) else None


def _following(bound: Any) -> Any:
    """The node after a bound, and after others at the same place."""
    node = bound
    while (node := node.getnext()) is not None and node.text == _MARK:
        pass
    return node


def _splits(bound: Any) -> bool:
    """Whether a bound stands in the middle of a text."""
    last = bound
    while not last.tail and (following := last.getnext()) is not None and following.text == _MARK:
        last = following
    while (previous := bound.getprevious()) is not None and previous.text == _MARK and not previous.tail:
        bound = previous
    before = bound.getparent().text if previous is None else previous.tail
    return bool(last.tail and before)


def _is_safe(scope: Scope, place: Place, new: str) -> bool:
    """Whether browsers read what is new in the same way, whatever stands around it."""
    names = [element.tag for element in place.passed[1:]]
    if scope.is_tag:
        return names[-1] not in _BY_ATTRIBUTES
    if names and (names[-1] in VOID or names[-1] == "keygen"):
        return False  # the parser has put something into it
    return stands_alone(new[scope.window.first : scope.window.last], names)


_BY_ATTRIBUTES: Final = frozenset({"annotation-xml", "font", "input", "template"})
"""Elements that may be read otherwise when their attributes are others."""


def _changed(scope: Scope, place: Place, units: Units, new_units: Units) -> list[Any]:
    """The edit for nodes whose content is other HTML."""
    start, end, first, last = scope.window
    of_old, of_new = (units(0, start), units(start, end)), (new_units(0, first), new_units(first, last))
    return [place.path, place.first, place.count, *of_old, *of_new]


def _attributes(old: str, new: str, tag: Window) -> list[Any]:
    """Name, value, name, value ... of what differs between two start tags."""
    before, after = _values(old[tag.start : tag.end]), _values(new[tag.first : tag.last])
    names = {**before, **after}
    differing = [(name, after.get(name)) for name in names if before.get(name) != after.get(name)]
    return [part for pair in differing for part in pair]


def _values(tag: str) -> dict[str, str]:
    found = next(scan([tag]))
    assert isinstance(found, StartTag)
    named = [(str(one.name).lower(), "".join(map(str, one.value or ()))) for one in found.attributes]
    return {name: decode_attribute(value) for name, value in reversed(named)}


def _digest(places: Iterable[Place]) -> int:
    """Of the elements on the way to some places: their names, and how many child nodes they have."""
    passed = [
        f"{element.tag if n else ''} {int(_WITHIN(element))};"
        for place in places
        for n, element in enumerate(place.passed)
    ]
    return adler32("".join(passed).encode())
