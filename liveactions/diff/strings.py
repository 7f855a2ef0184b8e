"""Finds the differences of two strings, fast for long strings with few changes.

Raw HTML is compared as text. `windows` returns the parts that differ, in order; everything between them is
equal. Comparing characters in Python would be too slow, so the work is done by comparing slices and by
``str.find``, which run at C speed:

1. Skip equal text at both ends, a block at a time. Most changes are in one place, and then this is all.
2. If much is left, probe: take a piece from the middle of the new string, then from its quarters and eighths.
   If it occurs exactly once in the old string, the two positions match: extend the piece in both directions,
   and continue with the parts before and after it. A piece that occurs more than once, such as the markup of
   a table's rows, counts if it is unique near its expected position.
3. If there is no such piece, compare tags and words with Myers' algorithm, like diff tools compare lines.
4. Merge windows that are close together. Shift insertions and removals so that they are whole elements, if
   possible: in ``<li>a</li><li>b</li>``, the insertion is ``<li>b</li>`` rather than ``</li><li>b``, which is
   the same change.

For example, from ``<b>1</b><i>x</i>`` to ``<b>2</b><i>xyz</i>``, the windows are (3, 4, 3, 4) and
(12, 12, 12, 14).

`units_of` converts positions to UTF-16 code units, as in JavaScript. `grown` is for plain text, to which text
is often added at the end.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter
from typing import Any, Final, NamedTuple

from ..html.balance import is_balanced


def units_of(text: str) -> Callable[[int, int], int]:
    """Return a function that counts the UTF-16 units of a text between two positions."""
    if text.isascii() or len(_encoded(text)) == 2 * len(text):
        return _plain
    return lambda start, end: len(_encoded(text[start:end])) >> 1


def _encoded(text: str) -> bytes:
    return text.encode("utf-16-le", "surrogatepass")


def _plain(start: int, end: int) -> int:
    return end - start


BLOCK_LENGTH: Final = 16384
"""Number of characters to compare at once."""
PROBE_LENGTH: Final = 32
"""Length of the pieces to search for."""
LONG_PROBE_LENGTH: Final = 256
"""Length of the pieces to search for in large regions, where shorter ones may occur several times."""
MAX_PROBES: Final = 7
"""Maximum number of pieces to try in a region."""
NEAR: Final = 256
"""Maximum distance from its expected position at which a piece that isn't unique counts."""
MIN_GAP: Final = 5
"""Windows with at most this many characters between them are merged."""
MAX_TOKEN_EDITS: Final = 96
"""Maximum number of inserted and removed tokens in a region that is compared by tokens."""
MAX_ALIGNMENTS: Final = 8
"""Maximum number of tags to try as the beginning of an insertion or removal."""
_TOKEN: Final = re.compile(r"<[^\s<>]*|>|\s*[^<>\s]+|\s+")


class Window(NamedTuple):
    """A difference: `start` to `end` of the old string is replaced by `first` to `last` of the new one."""

    start: int
    end: int
    first: int
    last: int


def windows(old: str, new: str) -> list[Window]:
    """Return the differences of two strings, in order."""
    found: list[Window] = []
    regions = [Window(0, len(old), 0, len(new))]
    while regions:
        region = _trimmed(old, new, regions.pop())
        start, end, first, last = region
        if start == end or first == last:
            if region.end - start or last - first:
                found.append(region)
            continue
        anchor = _anchor(old, new, region) if min(end - start, last - first) >= 2 * PROBE_LENGTH else None
        if anchor is None:
            found += _by_tokens(old, new, _of_whole_tags(old, region, found[-1].end if found else 0))
        else:
            before, after, length = anchor
            regions.append(Window(before + length, end, after + length, last))
            regions.append(Window(start, before, first, after))
    return _aligned(old, new, _merged(found))


MIN_GROWN: Final = 16
"""Minimum length of a text for which additions are sent instead of the whole."""
MAX_AFTER: Final = 64
"""Maximum distance of an addition from the end of the text."""


def grown(old: str, new: str) -> dict[str, Any] | None:
    """Return the text that was added at the end, or close to it; None if the text has changed in other ways.

    This is for a text that is shown while it is being written. The change only refers to the end of the old
    text, so it still applies if the browser has translated that.
    """
    length = len(old)
    if length < MIN_GROWN or len(new) <= length:
        return None
    if new.startswith(old):
        return {"a": new[length:]}
    same = common_start(old, new, 0, 0, length)
    after = length - same
    end = old[same:]
    if after > MAX_AFTER or not new.endswith(end):
        return None
    return {"a": new[same : len(new) - after], "b": units_of(end)(0, after)}


def common_start(old: str, new: str, start: int, first: int, most: int) -> int:
    """Return how many characters are the same from two positions on, at most `most`."""
    same = 0
    while same < most:
        size = min(BLOCK_LENGTH, most - same)
        at, there = start + same, first + same
        if new.startswith(old[at : at + size], there):  # this copies only one of the two slices
            same += size
            continue
        while size > 1:  # they differ in this block: in which half?
            half = size >> 1
            if old[at : at + half] == new[there : there + half]:
                at, there, same = at + half, there + half, same + half
                size -= half
            else:
                size = half
        return same
    return same


def common_end(old: str, new: str, end: int, last: int, most: int) -> int:
    """Return how many characters are the same up to two positions, at most `most`."""
    same = 0
    while same < most:
        size = min(BLOCK_LENGTH, most - same)
        at, there = end - same, last - same
        if new.startswith(old[at - size : at], there - size):
            same += size
            continue
        while size > 1:
            half = size >> 1
            if old[at - half : at] == new[there - half : there]:
                at, there, same = at - half, there - half, same + half
                size -= half
            else:
                size = half
        return same
    return same


def _trimmed(old: str, new: str, region: Window) -> Window:
    start, end, first, last = region
    same = common_start(old, new, start, first, min(end - start, last - first))
    start, first = start + same, first + same
    same = common_end(old, new, end, last, min(end - start, last - first))
    return Window(start, end - same, first, last - same)


def _anchor(old: str, new: str, region: Window) -> tuple[int, int, int] | None:
    """Return a piece that both strings have: its position in each, and its length; None if there is none.

    The piece occurs once in the region of the old string; or, if there is no such piece, once near its
    expected position: the longest of those.
    """
    start, end, first, last = region
    for size in (
        (LONG_PROBE_LENGTH, PROBE_LENGTH) if last - first >= 8 * LONG_PROBE_LENGTH else (PROBE_LENGTH,)
    ):
        for position in _positions(last - first - size):
            at = first + position
            there = _only(old, new[at : at + size], start, end)
            if there is not None:
                return _extended(old, new, region, there, at)
    return _near(old, new, region)


def _near(old: str, new: str, region: Window) -> tuple[int, int, int] | None:
    start, end, first, last = region
    more = end - start - (last - first)
    found: list[tuple[int, int, int]] = []
    for position in _positions(last - first - PROBE_LENGTH):
        at, low = first + position, start + position + min(more, 0) - NEAR
        high = low + abs(more) + 2 * NEAR + PROBE_LENGTH
        there = _only(old, new[at : at + PROBE_LENGTH], max(start, low), min(end, high))
        if there is not None:
            found.append(_extended(old, new, region, there, at))
    return max(found, key=itemgetter(2)) if found else None


def _extended(old: str, new: str, region: Window, there: int, at: int) -> tuple[int, int, int]:
    """Extend a piece that is the same in both strings as far as possible in both directions."""
    start, end, first, last = region
    back = common_end(old, new, there, at, min(there - start, at - first))
    there, at = there - back, at - back
    return there, at, common_start(old, new, there, at, min(end - there, last - at))


def _only(text: str, piece: str, start: int, end: int) -> int | None:
    """Return the position of a piece between two bounds if it occurs there exactly once."""
    there = text.find(piece, start, end)
    return None if there < 0 or text.find(piece, there + 1, end) >= 0 else there


def _positions(room: int) -> Iterator[int]:
    """Yield the middle, the quarters, the eighths …"""
    parts = 2
    while parts <= MAX_PROBES + 1:
        for part in range(1, parts, 2):
            yield room * part // parts
        parts *= 2


def _by_tokens(old: str, new: str, region: Window) -> list[Window]:
    start, end, first, last = region
    before, after = _TOKEN.findall(old, start, end), _TOKEN.findall(new, first, last)
    found: list[Window] = []
    i = j = 0
    for there, here, length in [*runs(before, after), (len(before), len(after), 0)]:
        gone, come = sum(map(len, before[i:there])), sum(map(len, after[j:here]))
        if gone or come:
            found.append(_trimmed(old, new, Window(start, start + gone, first, first + come)))
        same = sum(map(len, before[there : there + length]))
        start, first = start + gone + same, first + come + same
        i, j = there + length, here + length
    return found


def _of_whole_tags(old: str, region: Window, floor: int) -> Window:
    """Extend a region that begins or ends inside a tag to whole tags, but not below `floor`."""
    start, end, first, last = region
    tag = old.rfind("<", floor, start)
    back = start - tag if tag >= 0 and old.find(">", tag, start) < 0 else 0
    close = old.find(">", end, end + PROBE_LENGTH)
    on = close + 1 - end if close >= 0 and old.find("<", end, close) < 0 else 0
    return Window(start - back, end + on, first - back, last + on)


def runs(before: Sequence[str], after: Sequence[str]) -> list[tuple[int, int, int]]:
    """Return a longest common subsequence as runs: the position in each sequence, and the length.

    This is Myers' greedy algorithm. Return nothing if there are more than `MAX_TOKEN_EDITS` insertions and
    removals.
    """
    alike = (Counter(before) & Counter(after)).total()
    if len(before) + len(after) - 2 * alike > MAX_TOKEN_EDITS:
        return []
    reached = {1: 0}
    steps: list[dict[int, int]] = []
    for edits in range(MAX_TOKEN_EDITS + 1):
        steps.append(reached.copy())
        for diagonal in range(-edits, edits + 1, 2):
            down = diagonal == -edits or (diagonal != edits and reached[diagonal - 1] < reached[diagonal + 1])
            i = reached[diagonal + 1] if down else reached[diagonal - 1] + 1
            j = i - diagonal
            while i < len(before) and j < len(after) and before[i] == after[j]:
                i, j = i + 1, j + 1
            reached[diagonal] = i
            if i >= len(before) and j >= len(after):
                return _way_back(steps, i, j)
    return []


def _way_back(steps: list[dict[int, int]], i: int, j: int) -> list[tuple[int, int, int]]:
    found: list[tuple[int, int, int]] = []
    for edits in range(len(steps) - 1, -1, -1):
        reached, diagonal = steps[edits], i - j
        down = diagonal == -edits or (diagonal != edits and reached[diagonal - 1] < reached[diagonal + 1])
        before = reached[diagonal + 1] if down else reached[diagonal - 1]
        after = before - (diagonal + 1 if down else diagonal - 1)
        length = i - (before if down else before + 1)
        if edits == 0:
            length = i
        if length:
            found.append((i - length, j - length, length))
        i, j = before, after
    return found[::-1]


def _merged(found: Sequence[Window]) -> list[Window]:
    """Merge windows with so little between them that one window is shorter."""
    merged: list[Window] = []
    for window in found:
        if window.start == window.end and window.first == window.last:
            continue
        if merged and window.start - merged[-1].end <= MIN_GAP:
            merged[-1] = Window(merged[-1].start, window.end, merged[-1].first, window.last)
        else:
            merged.append(window)
    return merged


def _aligned(old: str, new: str, found: list[Window]) -> list[Window]:
    """Shift insertions and removals so that they are whole elements, where that is possible.

    Where equal parts follow each other, the same insertion can be described at several positions.
    """
    ends = [Window(0, 0, 0, 0), *found, Window(len(old), len(old), len(new), len(new))]
    for n, (start, end, first, last) in enumerate(found):
        if start != end and first != last:
            continue
        text, at, size = (old, start, end - start) if start != end else (new, first, last - first)
        before = common_end(text, text, at, at + size, min(start - ends[n].end, size))
        after = common_start(text, text, at, at + size, min(ends[n + 2].start - end, size))
        begin = at + after + 1
        for _ in range(MAX_ALIGNMENTS):
            begin = text.rfind("<", at - before, begin)
            if begin < 0:
                break
            if text[begin + 1 : begin + 2] != "/" and is_balanced(text[begin : begin + size]):
                moved = begin - at
                found[n] = ends[n + 1] = Window(start + moved, end + moved, first + moved, last + moved)
                break
    return found
