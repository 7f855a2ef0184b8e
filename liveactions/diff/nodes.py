"""Finds the DOM nodes that a change of a long string of HTML affects.

A client that receives splices of a raw slot has to parse the new string to update its page. That is slow for
long strings, so the server also sends the nodes to replace: an *edit list*, with one edit for each change,
and a digest of the structure around them, by which the client checks that its page is as expected. For
example, from ::

    <h1>Todo</h1><ul><li>tea</li><li>milk</li></ul>
    <h1>Todo</h1><ul><li>tea</li><li>oat milk</li><li>jam</li></ul>

1. `liveactions.diff.strings.windows` finds that ``milk``, characters 33 to 37, was replaced by ``oat
milk</li><li>jam``, characters 33 to 53. 2. `scopes` extends each window to whole nodes: to ``<li>milk</li>``,
29 to 42, and ``<li>oat milk</li><li>jam</li>``, 29 to 58. A window inside a start tag becomes a scope of that
tag, if only its attributes differ. Tags are only matched in the text near the windows. This is fast, but may
be wrong, because a ``<`` may be part of a comment or a script. The next step detects that. 3. `_locate`
parses the old string with comments at the bounds of all scopes, and finds their positions in the tree: one
node, the second child of the second child of the slot. If a bound isn't between two nodes, there is no edit
list. 4. `_is_safe` checks that browsers parse the new nodes in that place like by themselves, so that the new
string needn't be parsed here. 5. The edit is ``[[1], 1, 1, 29, 13, 29, 29]``: in the element at path ``[1]``,
from child node 1 on, replace one node; its HTML was 13 units from 29 in the old string and is 29 units from
29 in the new one.

There are two more forms of edits. New attributes of an element are ``[path, [name, value, …]]``, with None
as the value of an attribute that was removed. Nodes that only move (`moves`) are
``[path, first, count, path, first]``, from and to; they keep their state.

If any step fails, `edits` returns None, and the client parses the whole string.
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

from ..html.balance import is_balanced, is_parsed_alike
from ..html.content_model import VOID
from ..html.entities import decode_attribute
from ..html.tokenizer import StartTag, scan
from .strings import Window, units_of

MAX_STEPS: Final = 400
"""Maximum number of tags to read in search of the start or end of an element."""
MAX_ROUNDS: Final = 8
"""Maximum number of times to extend a window."""
# Not the tokenizer, because it reads a few tags backwards or forwards from any position. A parser checks the
# result.
_TAG: Final = re.compile(r"<(/?)([a-zA-Z][^\s/>]*)(?:\"[^\"]*\"|'[^']*'|[^>\"'])*>")


class Scope(NamedTuple):
    """A window of whole nodes; or, if `is_tag`, of a start tag whose attributes differ."""

    window: Window
    is_tag: bool = False


def scopes(old: str, new: str, windows: Sequence[Window]) -> list[Scope] | None:
    """Return the scopes of windows, without overlaps; None if one can't be found."""
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
    """Whole nodes that are removed in one place and inserted in another: spans of the old string."""

    source: tuple[int, int]
    target: tuple[int, int]


def moves(old: str, new: str, windows: Sequence[Window]) -> tuple[list[Move], list[Window]]:
    """Return the moves among the windows, and the other windows."""
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
    """Return whether a piece consists of whole nodes, and removing it doesn't join two texts."""
    piece = text[start:end]
    before, after = text[start - 1 : start] in ("", ">"), text[end : end + 1] in ("", "<")
    return (
        (before or piece[:1] == "<")
        and (after or piece[-1:] == ">")
        and (before or after)
        and is_balanced(piece)
    )


def _is_between(text: str, at: int, piece: str) -> bool:
    """Return whether inserting a piece at a position doesn't join it with a text next to it."""
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
    """Return the scope of the start tag around a window, if there is one that only differs in attributes."""
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
    """Return the smallest scope of whole nodes around a window.

    Return any scope that extends beyond `floor` or `limit`, where the strings differ again: the caller then
    merges the windows and tries again.
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
    """Extend a window so that it begins after a tag and ends before one."""
    start, end, first, last = window
    begin = old.rfind("<", 0, start)
    if old.find(">", max(begin, 0), start) >= 0:  # the window doesn't begin inside a tag
        begin = start
    begin = old.rfind(">", 0, max(begin, 0)) + 1
    ending = max(_tag_end(old, begin, end) - end, _tag_end(new, first - (start - begin), last) - last)
    bound = old.find("<", end + ending)
    bound = len(old) if bound < 0 else bound
    return Window(begin, bound, first - (start - begin), last + bound - end)


def _tag_end(text: str, begin: int, end: int) -> int:
    """Return the end of the tag around `end`; if there is none, `end`."""
    open_ = text.rfind("<", begin, end)
    if open_ < 0 or text.find(">", open_, end) >= 0:
        return end
    close = text.find(">", end)
    return end if close < 0 else close + 1


def _unmatched(piece: str) -> tuple[int, int]:
    """Count the end tags without start tags, and the start tags without end tags."""
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
    """Return the start of the element that is `levels` levels above a position."""
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
    """Return the end of the element that is `levels` levels above a position."""
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
"""Minimum length of a string. The client parses shorter ones just as fast."""
MAX_EDITS: Final = 16
"""Maximum number of edits. For more, splices alone are as good."""
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
class NodeRange:
    """Adjacent child nodes of an element in the parsed string; or `tag`, one element."""

    parent: Any
    first: int
    count: int
    tag: Any = None

    @property
    def passed(self) -> list[Any]:
        """The elements from the root of the slot down to the parent of the nodes, or to `tag`."""
        last = self.parent if self.tag is None else self.tag
        return [last, *last.iterancestors()][-2::-1]

    @property
    def path(self) -> list[int]:
        return [int(_BEFORE(element)) for element in self.passed[1:]]


def edits(old: str, new: str, windows: Sequence[Window]) -> tuple[list[Any], int] | None:
    """Return the edit list of a change, and the digest of the nodes around the edits.

    Return None if the client should parse the whole string instead: it is short, has many changes, or the
    nodes can't be determined.
    """
    if len(old) < MIN_LENGTH or _MARK in old or _MARK in new or _nests_forms(old):
        return None
    moved, rest = moves(old, new, windows)
    found = scopes(old, new, rest)
    if (
        found is None
        or _move_into_scopes(found, moved)
        or not 0 < len(found) + len(moved) <= MAX_EDITS
        or _is_most_of(found, new)
    ):
        return None
    spans = [_span(one) for one in found] + [span for one in moved for span in one]
    ranges = _locate(old, spans, [one.is_tag for one in found])
    if ranges is None or not all(map(_is_safe, found, ranges, repeat(new))):
        return None
    units = units_of(old), units_of(new)
    edit_list = [
        [nodes.path, _attributes(old, new, scope.window)] if scope.is_tag else _changed(scope, nodes, *units)
        for scope, nodes in zip(found, ranges, strict=False)
    ]
    for source, target in zip(ranges[len(found) :: 2], ranges[len(found) + 1 :: 2], strict=True):
        if source.parent is not target.parent:
            return None
        edit_list.append([source.path, source.first, source.count, target.path, target.first])
    return edit_list, _digest(ranges)


def _nests_forms(html: str) -> bool:
    """Return whether a form is in another one: lxml and browsers disagree on where it ends."""
    is_open = False
    for tag in _FORM.finditer(html) if html.count("<form") > 1 else ():
        if is_open and not tag[1]:
            return True
        is_open = not tag[1]
    return False


def _move_into_scopes(found: Sequence[Scope], moved: Sequence[Move]) -> bool:
    """Return whether a move begins or ends in a scope."""
    return any(
        start < one.window.end and one.window.start < end
        for one in found
        for move in moved
        for start, end in move
    )


def _is_most_of(found: Sequence[Scope], new: str) -> bool:
    return sum(len(new[one.window.first : one.window.last]) for one in found) > len(new) // 2


def _span(scope: Scope) -> Span:
    return scope.window.start, scope.window.start if scope.is_tag else scope.window.end


def _locate(html: str, spans: Sequence[Span], tags: Sequence[bool]) -> list[NodeRange] | None:
    """Parse a string, and return the nodes of pieces of it; None if a piece doesn't consist of whole nodes.

    `tags`: for each of the first pieces, whether it is the position of a start tag.
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
    ranges = [
        NodeRange(start.getparent(), first, last - first, _following(end) if is_tag else None)
        for ((start, first), (end, last)), is_tag in zip(ends, flags, strict=True)
    ]
    meant = [nodes.tag for is_tag, nodes in zip(flags, ranges, strict=True) if is_tag]
    return ranges if all(tag is not None and isinstance(tag.tag, str) for tag in meant) else None


def _following(bound: Any) -> Any:
    """Return the node after a bound, and after other bounds at the same position."""
    node = bound
    while (node := node.getnext()) is not None and node.text == _MARK:
        pass
    return node


def _splits(bound: Any) -> bool:
    """Return whether a bound is in the middle of a text."""
    last = bound
    while not last.tail and (following := last.getnext()) is not None and following.text == _MARK:
        last = following
    while (previous := bound.getprevious()) is not None and previous.text == _MARK and not previous.tail:
        bound = previous
    before = bound.getparent().text if previous is None else previous.tail
    return bool(last.tail and before)


def _is_safe(scope: Scope, nodes: NodeRange, new: str) -> bool:
    """Return whether browsers parse the new nodes in their place like by themselves."""
    names = [element.tag for element in nodes.passed[1:]]
    if scope.is_tag:
        return names[-1] not in _BY_ATTRIBUTES
    if names and (names[-1] in VOID or names[-1] == "keygen"):
        return False  # the parser has put nodes into an element that can't have any
    return is_parsed_alike(new[scope.window.first : scope.window.last], names)


_BY_ATTRIBUTES: Final = frozenset({"annotation-xml", "font", "input", "template"})
"""Elements whose attributes affect how they are parsed."""


def _changed(scope: Scope, nodes: NodeRange, units: Units, new_units: Units) -> list[Any]:
    """Return the edit that replaces nodes."""
    start, end, first, last = scope.window
    of_old, of_new = (units(0, start), units(start, end)), (new_units(0, first), new_units(first, last))
    return [nodes.path, nodes.first, nodes.count, *of_old, *of_new]


def _attributes(old: str, new: str, tag: Window) -> list[Any]:
    """Return the attributes that differ between two start tags: name, value, name, value …"""
    before, after = _values(old[tag.start : tag.end]), _values(new[tag.first : tag.last])
    names = {**before, **after}
    differing = [(name, after.get(name)) for name in names if before.get(name) != after.get(name)]
    return [part for pair in differing for part in pair]


def _values(tag: str) -> dict[str, str]:
    found = next(scan([tag]))
    assert isinstance(found, StartTag)
    named = [(str(one.name).lower(), "".join(map(str, one.value or ()))) for one in found.attributes]
    return {name: decode_attribute(value) for name, value in reversed(named)}


def _digest(ranges: Iterable[NodeRange]) -> int:
    """Return a digest of the elements above some nodes: of their names and how many child nodes they have."""
    passed = [
        f"{element.tag if n else ''} {int(_WITHIN(element))};"
        for nodes in ranges
        for n, element in enumerate(nodes.passed)
    ]
    return adler32("".join(passed).encode())
