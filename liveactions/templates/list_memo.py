"""Render only the items of a list that have changed.

A loop qualifies if its body depends only on its item and on the names that it reads
(`liveactions.templates.purity`), and if those values are immutable (`liveactions.immutability`). Then,
compared with the last render:

- an item that is the same object keeps its fragment; only the items between the unchanged start and end of
  the list are examined (`_render_window`);
- if only such a name has changed (``selected`` in ``{{ 'on' if selected == row.id }}``), the slots that read
  it are computed for all items, and all other slots keep their values (`_render_columns`);
- otherwise, all items are rendered.

Objects are compared by identity, with functions of the standard library that loop in C. Items that aren't
immutable are always rendered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress, count
from operator import is_, is_not
from typing import Any

from ..immutability import is_frozen, same
from ..sequences import common_ends
from ..types import Reference
from .fragments import Fragment, Items
from .list_keys import continued, window_keys
from .purity import is_pure
from .runtime import Values, fragment, items

Column = Callable[[Sequence[Any]], list[Any]]


@dataclass(frozen=True, slots=True)
class Loop:
    """A loop to render. `render` returns the fragment of an item.

    `outer` are the values of the names that the body reads. For each of them, `readers` has the slots that
    read it, or None if it is read elsewhere, too. `columns` compute such a slot for many items.
    """

    render: Callable[[Any], Any]
    outer: tuple[Any, ...]
    readers: tuple[tuple[int, ...] | None, ...]
    columns: Mapping[int, Column]
    elements: bool


def remember(loop: Loop, iterable: Iterable[Any], prior: Values, slot: int) -> Any:
    """Return the value of a list slot, reusing the last one as far as possible."""
    sources = iterable if type(iterable) is tuple else tuple(iterable)
    old = prior[slot] if prior is not None else None
    if type(old) is not Items or old.outer is None or not is_remembered(old):
        return _render_all(loop, sources)
    changed = _changed_names(old.outer, loop.outer)
    if changed:
        readers = [loop.readers[n] for n in changed]
        if None in readers or not _identical(old.sources, sources):
            return _render_all(loop, sources)
        return _render_columns(loop, old, {number for reader in readers for number in reader or ()})
    if sources is old.sources:
        return old
    return _render_window(loop, old, sources)


def reference_version(value: Any) -> int:
    """Return a number that changes when the attributes of a reference may have changed."""
    return value.version if isinstance(value, Reference) else 0


def is_remembered(old: Items) -> bool:
    """Return whether everything that a list was rendered from is immutable."""
    if old.frozen is None:
        old.frozen = all(map(is_frozen, old.sources or ()))
    return old.frozen and all(map(_is_stable, old.outer or ()))


def _is_stable(value: Any) -> bool:
    """Return whether the value of an outer name can't change, as far as the body uses it."""
    return is_frozen(value) or isinstance(value, Reference) or is_pure(value)


def _changed_names(old: tuple[Any, ...], new: tuple[Any, ...]) -> list[int]:
    if all(map(is_, old, new)):
        return []
    return [n for n, (a, b) in enumerate(zip(old, new, strict=True)) if a is not b and not same(a, b)]


def _identical(old: Sequence[Any] | None, new: Sequence[Any]) -> bool:
    return old is new or old is not None and len(old) == len(new) and all(map(is_, old, new))


def _render_all(loop: Loop, sources: Sequence[Any]) -> Any:
    made = items([loop.render(source) for source in sources], sources, loop.elements)
    if type(made) is Items:
        made.outer = loop.outer
    return made


def _render_columns(loop: Loop, old: Items, slots: Iterable[int]) -> Any:
    """Return the same items with some slots computed again."""
    assert old.sources is not None
    fragments = list(old.fragments)
    columns = dict(old.columns)
    changed: set[int] = set()
    for slot in slots:
        before = columns.get(slot) or [item.values[slot] for item in old.fragments]
        after = columns[slot] = loop.columns[slot](old.sources)
        for n in compress(count(), map(is_not, before, after)):
            if type(before[n]) is type(after[n]) and before[n] == after[n]:
                continue
            shape, values = fragments[n].shape, fragments[n].values
            fragments[n] = fragment(shape, (*values[:slot], after[n], *values[slot + 1 :]))
            changed.add(n)
    if any(type(fragments[n]) is not Fragment for n in changed):
        return _render_all(loop, old.sources)
    return _next(loop, old, old.sources, fragments, sorted(changed), columns)


def _render_window(loop: Loop, old: Items, sources: tuple[Any, ...]) -> Any:
    """Render the items that were inserted between the unchanged start and end; keep those that moved."""
    assert old.sources is not None
    numbers = old.numbers()
    start, end = common_ends(old.sources, sources)
    old_end, new_end = len(old.sources) - end, len(sources) - end
    left = {id(old.sources[n]): n for n in range(start, old_end)}
    fragments = old.fragments[:start]
    window: dict[int, int] = {}  # ordinals, by position
    fresh: list[int] = []
    for n in range(start, new_end):
        at = left.pop(id(sources[n]), None)
        if at is None:
            fresh.append(n)
        fragments.append(loop.render(sources[n]) if at is None else old.fragments[at])
        window[n] = -1 if at is None else numbers[at]
    if any(type(fragments[n]) is not Fragment for n in fresh):
        return _render_all(loop, sources)
    fragments += old.fragments[old_end:]
    following = _number(old, list(left.values()), sources, fragments, window, fresh)
    new = _next(loop, old, sources, fragments, fresh, {})
    new.following = following
    new.frozen = all(map(is_frozen, [sources[n] for n in fresh]))
    ordinals = list(window.values())
    if len(fresh) == len(sources) == following - old.following:
        new.begin()  # nothing of the old list is left
    elif old_end != new_end or ordinals != list(numbers[start:old_end]):
        new.ordinals, new.base = [*numbers[:start], *ordinals, *numbers[old_end:]], None
    return new


def _number(
    old: Items,
    left: list[int],
    sources: Sequence[Any],
    fragments: list[Fragment],
    ordinals: dict[int, int],
    fresh: list[int],
) -> int:
    """Fill in the ordinals of fresh items, those of old items with the same keys first.

    Return the next free one.
    """
    assert old.sources is not None
    numbers, gone = old.numbers(), [old.fragments[n] for n in left]
    before = zip(
        window_keys([old.sources[n] for n in left], gone), gone, [numbers[n] for n in left], strict=True
    )
    made = [fragments[n] for n in fresh]
    after = zip(window_keys([sources[n] for n in fresh], made), made, strict=True)
    found, following = continued(before, after, old.following)
    for n, ordinal in zip(fresh, found, strict=True):
        ordinals[n] = ordinal
    return following


def _next(
    loop: Loop,
    old: Items,
    sources: Sequence[Any],
    fragments: list[Fragment],
    changed: Sequence[int],
    columns: dict[int, list[Any]],
) -> Items:
    """Return the list after `old`, which has the same items in the same order, except those at `changed`."""
    new = Items(fragments, sources)
    new.outer = loop.outer
    new.frozen = True
    new.columns = columns
    new.ordinals, new.following, new.lineage = old.numbers(), old.following, old.lineage
    new.base, new.changed = old, changed
    old.base = None  # don't keep a chain of all earlier lists
    return new
