"""Finds the places in templates whose output a patch changes, for the developer's panel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from ..templates.fragments import Fragment, Items, Kind, Shape
from ..templates.line_numbers import decode_line

_NAMES: Final = {
    Kind.CHILD: "content",
    Kind.LIST: "list",
    Kind.ELEMENTS: "list",
    Kind.ATTR: "attribute",
    Kind.TAG: "attributes",
    Kind.FORM: "action",
    Kind.TEXT: "text",
    Kind.RAW: "text",
}


class ChangedPlace(NamedTuple):
    """Slots on one line of a template that a patch changes."""

    template: str
    line: int
    """0 if it is unknown."""
    what: str
    """The kind of the slots: ``content``, ``attribute``, ``list: 2 added, 1 moved`` …"""
    slots: int
    """The number of slots; those of all items of a list are counted together."""


def changed_places(change: Any, shown: Fragment) -> list[ChangedPlace]:
    """Return the places that a patch changes, in its order. `shown` is the render that it leads to."""
    if isinstance(change, dict):
        return [ChangedPlace(*_at(shown.shape, None), "the whole page", 1)]
    found = Counter(_places(change, shown))
    return [ChangedPlace(*place, count) for place, count in found.items()]


def _places(change: list[Any], shown: Fragment) -> Iterator[tuple[str, int, str]]:
    shape = shown.shape
    for slot, value in zip(change[::2], change[1::2], strict=True):
        now = shown.value(slot)
        if isinstance(now, Fragment) and isinstance(value, list):
            yield from _places(value, now)
        elif isinstance(now, Items) and isinstance(value, list):
            yield from _in_list(value, now, *_at(shape, slot))
        else:
            yield *_at(shape, slot), _NAMES.get(shape.kinds[slot], "content")


def _in_list(change: list[Any], items: Items, name: str, line: int) -> Iterator[tuple[str, int, str]]:
    if change and isinstance(change[0], list):
        edits, *change = change
        yield name, line, f"list: {_in_words(edits)}"
    for ordinal, patch in zip(change[::2], change[1::2], strict=True):
        yield from _places(patch, items.item(ordinal))


def _in_words(edits: list[Any]) -> str:
    kinds = Counter(
        "removed" if isinstance(edit, int) else "added" if len(edit) > 2 else "moved" for edit in edits
    )
    return ", ".join(f"{count} {kind}" for kind, count in kinds.items())


def _at(shape: Shape, slot: int | None) -> tuple[str, int]:
    line = shape.lines[slot] if slot is not None and shape.lines else shape.where[1]
    name, line = decode_line(shape.where[0], line)
    return name or "<template>", line
