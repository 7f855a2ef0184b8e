"""The items of a tree in the order in which they are shown, each with its level."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Node(Generic[T]):
    """An item of a tree. `level` is 1 for the topmost, `key` consists of the keys that lead to it."""

    key: str
    level: int
    item: T
    is_branch: bool


def tree(
    items: Iterable[T],
    children: Callable[[T], Iterable[T]] = attrgetter("children"),
    key: Callable[[T], Any] = attrgetter("id"),
) -> tuple[Node[T], ...]:
    """Return the nodes of a tree for `<ui.Tree>`, branches before their children.

    `children` returns the children of an item, by default its attribute of that name. `key` returns a unique
    key among its siblings, by default its `id`.
    """
    return tuple(_nodes(items, children, key, "", 1))


def _nodes(
    items: Iterable[T], children: Callable[[T], Iterable[T]], key: Callable[[T], Any], path: str, level: int
) -> Iterator[Node[T]]:
    for item in items:
        own = f"{path}/{key(item)}"
        inner = tuple(children(item))
        yield Node(own, level, item, bool(inner))
        yield from _nodes(inner, children, key, own, level + 1)
