"""What makes a list item the same item in the next rendering, and the ordinals that follow from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from .fragment import Items
from .frozen import SCALARS, is_frozen

_NAMES: Final = ("id", "key", "pk")
_TYPES: Final = (str, int, UUID)


def keys(items: Items) -> list[Any]:
    """The keys of a list's items, each different from the others.

    ``data-key`` or ``id`` of the item's root element; else the item's own ``id``, ``key`` or
    ``pk``; else a frozen item itself; else its position. Equal ones are told apart by occurrence.
    """
    if items.keys is None:
        items.keys = _distinct(_keys(items))
    return items.keys


def number(old: Items, new: Items) -> None:
    """Give the items of `new`, unless they have them, the ordinals of the old items with their keys.

    Items that are new get ordinals that the lineage hasn't had; a list that has nothing in common
    with the old one begins a lineage.
    """
    if new.ordinals is not None:
        return
    before = {
        key: (ordinal, fragment.shape)
        for key, ordinal, fragment in zip(keys(old), old.numbers(), old.fragments, strict=True)
    }
    found = [before.get(key) for key in keys(new)]
    ordinals: list[int] = []
    following = old.following
    for known, fragment in zip(found, new.fragments, strict=True):
        if known is not None and known[1].matches(fragment.shape):
            ordinals.append(known[0])
        else:
            ordinals.append(following)
            following += 1
    if following - old.following == len(ordinals):
        new.begin()
    else:
        new.ordinals, new.following, new.lineage = ordinals, following, old.lineage


def _keys(items: Items) -> list[Any]:
    sources: Sequence[Any] = items.sources if items.sources is not None else [None] * len(items.fragments)
    return [
        ("element", str(fragment.values[fragment.shape.key]))
        if fragment.shape.key is not None
        else _source_key(source, position)
        for position, (fragment, source) in enumerate(zip(items.fragments, sources, strict=True))
    ]


def _source_key(source: Any, position: int) -> Any:
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
