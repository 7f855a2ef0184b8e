"""Which whole nodes the splices of a string are about.

A scope is a piece of the old string and what it is in the new one: complete elements, texts and comments,
whatever stands around them. Tags are looked for in the strings, near the splices only; that no bracket was
taken for a tag that is none is for a parser to confirm.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from ..html.balance import is_balanced
from ..html.nesting import VOID
from .windows import Window

STEPS: Final = 400
"""Tags that are looked at to find where an element begins or ends."""
ROUNDS: Final = 8
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
    for _ in range(ROUNDS):
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
    for _ in range(STEPS):
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
    for _ in range(STEPS):
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
