"""Identifies the items of a list from one render to the next.

Each item has a key (`keys`): the ``data-key`` or ``id`` of its element, or the ``id``, ``key`` or ``pk`` of
the object, or the object itself if it is immutable, or its position. Clients receive *ordinals* instead of
keys: an item gets the next free number when it is first rendered, and keeps it as long as the list contains
an item with its key. If the keys ``a b c`` have the ordinals 0, 1 and 2, those of ``c a d`` are 2, 0 and 3.
Ordinals are comparable within one *lineage*. A list that has no item in common with the previous one begins a
new lineage.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final
from uuid import UUID

from ..immutability import SCALARS, is_frozen
from .fragments import Fragment, Items

_NAMES: Final = ("id", "key", "pk")
_TYPES: Final = (str, int, UUID)


def keys(items: Items) -> Sequence[Any]:
    """Return the keys of a list's items, all different.

    The key is the ``data-key`` or ``id`` of the item's root element; otherwise the item's own ``id``, ``key``
    or ``pk``; otherwise the item itself if it is immutable; otherwise its position. Equal keys are
    distinguished by occurrence.
    """
    if items.keys is None:
        items.keys = _keys(items)
    return items.keys


def number(old: Items, new: Items) -> None:
    """Give the items of `new` the ordinals of the old items with the same keys, unless they are numbered.

    New items get ordinals that the lineage hasn't used. A list that has nothing in common with the old one
    begins a new lineage.
    """
    if new.ordinals is not None:
        return
    before = zip(keys(old), old.fragments, old.numbers(), strict=True)
    ordinals, following = continued(before, zip(keys(new), new.fragments, strict=True), old.following)
    if following - old.following == len(ordinals):
        new.begin()
    else:
        new.ordinals, new.following, new.lineage = ordinals, following, old.lineage


def continued(
    old: Iterable[tuple[Any, Fragment, int]], new: Iterable[tuple[Any, Fragment]], following: int
) -> tuple[list[int], int]:
    """Return ordinals for new items, reusing those of old ones, and the next free ordinal."""
    known = {(key, fragment.shape.digest): ordinal for key, fragment, ordinal in old}
    ordinals: list[int] = []
    for key, fragment in new:
        ordinal = known.get((key, fragment.shape.digest), following)
        following += ordinal == following
        ordinals.append(ordinal)
    return ordinals, following


def window_keys(sources: Sequence[Any], fragments: Sequence[Fragment]) -> list[Any]:
    """Return keys for a part of a list."""
    return _distinct([_key(f, s, n) for n, (f, s) in enumerate(zip(fragments, sources, strict=True))])


def lacks_keys(items: Items) -> bool:
    """Return whether some items are distinguished only by their position."""
    return any(key[0] == "position" for key in _undistinguished(items))


def are_recreated(items: Items, before: Items) -> bool:
    """Return whether items that are distinguished by identity are replaced by equal ones."""
    old = {source: source for source in _sources(before) if type(source) is tuple}
    pairs = zip(_undistinguished(items), _sources(items), strict=True)
    return any(key[0] == "same" and old.get(source, source) is not source for key, source in pairs if old)


def repeats_keys(items: Items) -> bool:
    """Return whether two items have the same key."""
    found = _undistinguished(items)
    return len(set(found)) < len(found)


def _undistinguished(items: Items) -> list[Any]:
    pairs = zip(items.fragments, _sources(items), strict=True)
    return [_key(fragment, source, position) for position, (fragment, source) in enumerate(pairs)]


def _sources(items: Items) -> Sequence[Any]:
    return items.sources if items.sources is not None else [None] * len(items.fragments)


def _keys(items: Items) -> list[Any]:
    return window_keys(_sources(items), items.fragments)


def _key(fragment: Fragment, source: Any, position: int) -> Any:
    if fragment.shape.key is not None:
        return "element", str(fragment.values[fragment.shape.key])
    return source_key(source, position)


def source_key(source: Any, position: int) -> Any:
    kind = type(source)
    if kind in SCALARS and source is not None:
        return kind, source
    for name in _NAMES:
        value = source.get(name) if kind is dict else getattr(source, name, None)
        if isinstance(value, _TYPES):
            return name, value
    return ("same", id(source)) if source is not None and is_frozen(source) else ("position", position)


def _distinct(found: list[Any]) -> list[Any]:
    if len(set(found)) == len(found):
        return found
    seen: Counter[Any] = Counter()
    distinct = []
    for key in found:
        distinct.append((key, seen[key]) if seen[key] else key)
        seen[key] += 1
    return distinct
