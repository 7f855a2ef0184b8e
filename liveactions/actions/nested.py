"""Form names as paths: ``address.city``, ``items[0].name``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

MOST_ITEMS = 1000
"""Different indices that one list may have."""
DEEPEST = 32

_NAME = re.compile(r"[^\W\d][\w-]*(?:\.[^\W\d][\w-]*|\[\d{1,9}\])*\Z")
_STEP = re.compile(r"\[(\d+)\]|\.?([^.\[\]]+)")

Step = str | int
Node = dict[Step, Any]
"""What a name leads to: `LEAF` holds its values, the other keys are further steps."""
LEAF = ""


class TooMany(ValueError):
    """A list has more items than allowed."""


def steps(name: str) -> tuple[Step, ...] | None:
    """The steps of a form name, or None when it is no path (or one into ``__internals__``)."""
    if not _NAME.match(name):
        return None
    path = tuple(int(index) if index else key for index, key in _STEP.findall(name))
    hidden = any(isinstance(step, str) and step.startswith("__") for step in path)
    return None if hidden or len(path) > DEEPEST else path


def tree(fields: dict[str, list[Any]]) -> Node:
    """All fields as one tree. Names that are no paths are left out. `TooMany` above `MOST_ITEMS`."""
    root: Node = {}
    for name, values in fields.items():
        path = steps(name)
        if path is None:
            continue
        node = root
        for step in path:
            if step not in node:
                if len(node) >= MOST_ITEMS:
                    raise TooMany(name)
                node[step] = {}
            node = node[step]
        node[LEAF] = values
    return root


def indices(names: Iterable[str], name: str) -> list[int]:
    """The numbers of a list's items among names, in order: 0 and 2 of ``items[2].a``, ``items[0].b``."""
    start = f"{name}["
    found = (one[len(start) :].partition("]")[0] for one in names if one.startswith(start))
    return sorted({int(number) for number in found if number.isascii() and number.isdigit()})
