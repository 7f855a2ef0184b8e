"""Find the DOM nodes that a change of a long string of HTML is about.

A client that gets splices of a raw slot has to parse the new string to update its page. For long strings
that is slow, so the server says which nodes to replace: an *edit list*, one edit for each change, and a
digest of the structure around them by which the client checks that its page is as the server believes. For
example, from ::

    <h1>Todo</h1><ul><li>tea</li><li>milk</li></ul>
    <h1>Todo</h1><ul><li>tea</li><li>oat milk</li><li>jam</li></ul>

1. `liveactions.diff.strings.windows` finds that ``milk``, characters 33 to 37, was replaced by
   ``oat milk</li><li>jam``, characters 33 to 53.
2. `scopes` extends each window to whole nodes: to ``<li>milk</li>``, 29 to 42, and
   ``<li>oat milk</li><li>jam</li>``, 29 to 58. A window inside a start tag becomes a scope of that tag, of
   which only the attributes differ. Tags are matched in the text, near the windows only, so this is fast and
   may be wrong: a ``<`` may be part of a comment or a script. The next step finds out.
3. `_locate` parses the old string with comments at the bounds of all scopes, and reads from the tree where
   they are: one node, the second child of the second child of the slot. If a bound isn't between two nodes,
   there is no edit list.
4. `_is_safe` checks that browsers parse the new nodes in that place as they do by themselves, so that the
   new string needn't be parsed here.
5. The edit is ``[[1], 1, 1, 29, 13, 29, 29]``: in the element at path ``[1]``, from child node 1 on,
   replace one node; its HTML was 13 units from 29 in the old string and is 29 units from 29 in the new one.

There are two more forms of edits. New attributes of an element are ``[path, [name, value, …]]``, with None
as the value of an attribute that was removed. Nodes that only move (`moves`) are
``[path, first, count, path, first]``, from and to; they keep their state.

Where any step fails, `edits` returns None, and the client parses the string as a whole.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise, repeat
from typing import Any, Final, NamedTuple
from zlib import adler32

from lxml import etree

from ..html.balance import is_balanced, stands_alone
from ..html.content_model import VOID
from ..html.entities import decode_attribute
from ..html.tokenizer import StartTag, scan
from .strings import Window, units_of

MAX_STEPS: Final = 400
"""Tags that are looked at to find where an element begins or ends."""
MAX_ROUNDS: Final = 8
# Reads backwards and forwards from somewhere in the string, a few tags only; a parser checks the result.
_TAG: Final = re.compile(r"<(/?)([a-zA-Z][^\s/>]*)(?:\"[^\"]*\"|'[^']*'|[^>\"'])*>")


class Scope(NamedTuple):
    """`window` is of whole nodes, or if `is_tag` a start tag whose attributes differ."""

    window: Window
    is_tag: bool = False


def scopes(old: str, new: str, windows: Sequence[Window]) -> list[Scope] | None:
    """Those of some windows, apart from each other; None when they can't be said."""
    found: list[Scope] = []
    rest = [*reversed(windows)]
    while rest:
        window = rest.pop()
        while True:
            floor = found[-1].window.end if found else 0
            limit = rest[-1].start if rest else len(old)
            scope = _tag(old, new, window) or _nodes(old, new, window, floor, limit)
            if scope is None:
                return None
            if scope.window.end > limit:
                window = _union(window, rest.pop())
            elif scope.window.start < floor:
                window = _union(found.pop().window, window)
            else:
                break
        found.append(scope)
    return found


class Move(NamedTuple):
    """Whole nodes that go in one place and come in another: spans of the old string."""

    source: tuple[int, int]
    target: tuple[int, int]


def moves(old: str, new: str, windows: Sequence[Window]) -> tuple[list[Move], list[Window]]:
    """What only moves, and the other windows."""
    cuts = {old[one.start : one.end]: one for one in windows if one.first == one.last}
    found: list[Move] = []
    rest = list(windows)
    for one in windows:
        piece = new[one.first : one.last]
        cut = cuts.get(piece) if one.start == one.end else None
        if cut is not None and _is_apart(old, cut.start, cut.end) and _is_between(old, one.start, piece):
            del cuts[piece]
            found.append(Move((cut.start, cut.end), (one.start, one.end)))
            rest = [other for other in rest if other is not one and other is not cut]
    return found, rest


def _is_apart(text: str, start: int, end: int) -> bool:
    """Whether a piece is of whole nodes, and no two texts meet when it is taken out."""
    piece = text[start:end]
    before, after = text[start - 1 : start] in ("", ">"), text[end : end + 1] in ("", "<")
    return (
        (before or piece[:1] == "<")
        and (after or piece[-1:] == ">")
        and (before or after)
        and is_balanced(piece)
    )


def _is_between(text: str, at: int, piece: str) -> bool:
    """Whether no text becomes longer by putting a piece there."""
    before, after = text[at - 1 : at] in ("", ">"), text[at : at + 1] in ("", "<")
    return (before or (after and piece[:1] == "<")) and (after or piece[-1:] == ">")


def _union(one: Window, other: Window) -> Window:
    return Window(
        min(one.start, other.start),
        max(one.end, other.end),
        min(one.first, other.first),
        max(one.last, other.last),
    )


def _tag(old: str, new: str, window: Window) -> Scope | None:
    """The start tag in which a window is as a whole, if it is of the same element before and after."""
    start = old.rfind("<", 0, window.start)
    if start < 0 or old.find(">", start, window.start) >= 0:
        return None
    first = window.first - (window.start - start)
    before, after = _TAG.match(old, start), _TAG.match(new, first)
    if before is None or after is None or before[1] or before[2] != after[2]:
        return None
    if (
        window.end >= before.end()
        or window.last >= after.end()
        or after.end() - window.last != before.end() - window.end
    ):
        return None
    if before.end(2) > window.start:
        return None
    return Scope(Window(start, before.end(), first, after.end()), True)


def _nodes(old: str, new: str, window: Window, floor: int, limit: int) -> Scope | None:
    """The smallest piece of whole nodes around a window; any that goes beyond `floor` or `limit`, where the
    strings differ again.
    """
    for _ in range(MAX_ROUNDS):
        window = _on_bounds(old, new, window)
        if window.start < floor or window.end > limit:
            return Scope(window)
        pieces = old[window.start : window.end], new[window.first : window.last]
        if all(map(is_balanced, pieces)):
            return Scope(window)
        sides = [_unmatched(piece) for piece in pieces]
        above, below = (max(side[n] for side in sides) for n in (0, 1))
        start = _element_start(old, window.start, above)
        end = _element_end(old, window.end, below)
        if start is None or end is None or above == below == 0:
            return None
        back, on = window.start - start, end - window.end
        window = Window(start, end, window.first - back, window.last + on)
    return None


def _on_bounds(old: str, new: str, window: Window) -> Window:
    """Made larger, so that it begins behind a tag and ends before one."""
    start, end, first, last = window
    begin = old.rfind("<", 0, start)
    if old.find(">", max(begin, 0), start) >= 0:  # it isn't within a tag
        begin = start
    begin = old.rfind(">", 0, max(begin, 0)) + 1
    ending = max(_tag_end(old, begin, end) - end, _tag_end(new, first - (start - begin), last) - last)
    bound = old.find("<", end + ending)
    bound = len(old) if bound < 0 else bound
    return Window(begin, bound, first - (start - begin), last + bound - end)


def _tag_end(text: str, begin: int, end: int) -> int:
    """Where the tag ends in which `end` is, or `end`."""
    open_ = text.rfind("<", begin, end)
    if open_ < 0 or text.find(">", open_, end) >= 0:
        return end
    close = text.find(">", end)
    return end if close < 0 else close + 1


def _unmatched(piece: str) -> tuple[int, int]:
    """How many end tags are there without their start tags, and start tags without their end tags."""
    missing, names = 0, []
    for tag in _TAG.finditer(piece):
        if not tag[1]:
            if tag[2] not in VOID:
                names.append(tag[2])
        elif names:
            names.pop()
        else:
            missing += 1
    return missing, len(names)


def _element_start(text: str, before: int, levels: int) -> int | None:
    """Where the element begins that is so many levels up from a position."""
    depth = 0
    for _ in range(MAX_STEPS):
        if levels == 0:
            return before
        before = text.rfind("<", 0, before)
        tag = _TAG.match(text, before) if before >= 0 else None
        if before < 0:
            return None
        if tag is None or tag[2] in VOID:
            continue
        if tag[1]:
            depth += 1
        elif depth:
            depth -= 1
        else:
            levels -= 1
    return None


def _element_end(text: str, after: int, levels: int) -> int | None:
    """Where the element ends that is so many levels up from a position."""
    depth = 0
    for _ in range(MAX_STEPS):
        if levels == 0:
            return after
        tag = _TAG.search(text, after)
        if tag is None:
            return None
        after = tag.end()
        if tag[2] in VOID:
            continue
        if not tag[1]:
            depth += 1
        elif depth:
            depth -= 1
        else:
            levels -= 1
    return None


MIN_LENGTH: Final = 32 * 1024
"""Strings that are shorter are parsed by the client as fast."""
MAX_EDITS: Final = 16
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
    if len(old) < MIN_LENGTH or _MARK in old or _MARK in new or _nests_forms(old):
        return None
    moved, rest = moves(old, new, windows)
    found = scopes(old, new, rest)
    if (
        found is None
        or _overlap(found, moved)
        or not 0 < len(found) + len(moved) <= MAX_EDITS
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
