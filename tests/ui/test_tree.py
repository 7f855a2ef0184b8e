"""`ui.tree`: nested items, one after the other."""

from __future__ import annotations

from dataclasses import dataclass

from liveactions import ui


@dataclass(frozen=True)
class Entry:
    id: str
    children: tuple[Entry, ...] = ()


def test_items_with_their_levels() -> None:
    nodes = ui.tree([Entry("a", (Entry("b", (Entry("a"),)), Entry("c"))), Entry("d")])
    assert [(node.key, node.level, node.is_branch) for node in nodes] == [
        ("/a", 1, True),
        ("/a/b", 2, True),
        ("/a/b/a", 3, False),
        ("/a/c", 2, False),
        ("/d", 1, False),
    ]
    assert nodes[2].item == Entry("a")


def test_other_attributes() -> None:
    inner = {1: [2, 3], 2: [], 3: []}
    nodes = ui.tree([1], children=inner.__getitem__, key=str)
    assert [node.key for node in nodes] == ["/1", "/1/2", "/1/3"]
