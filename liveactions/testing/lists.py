"""List slots: items known by ordinals that the server hands out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..wire import ITEM_END
from .dom import Comment, Element, Node, Text
from .misfit import Address, misfit
from .slots import Create, Fragment, Place, Slot, adopt, closing, is_opening

Space = tuple[int, int]
"""How many characters of white space an item has before and after its element."""


class Item:
    """The siblings from `first` to `last`, and the fragment that they are."""

    def __init__(self, nodes: list[Node], create: Create, at: Address) -> None:
        self.first = nodes[0]
        self.last = nodes[-1]
        inside = nodes[:-1] if is_end(nodes[-1]) else nodes
        self.fragment = adopt(inside, create, at)

    def nodes(self) -> list[Node]:
        siblings = self.first.parent.children if self.first.parent else []
        return siblings[self.first.index : self.last.index + 1]


class ListSlot(Slot):
    def __init__(self, place: Place, space: Space | None, create: Create, at: Address) -> None:
        self.place = place
        self.space = space
        self.create = create
        self.items: dict[int, Item] = {}
        self.renumber(at)

    def renumber(self, at: Address) -> None:
        """Know the items by their positions, as after reading HTML."""
        self.place.check(at)
        found = self._elements(at) if self.space else self._ranges(at)
        self.items = {n: Item(nodes, self.create, (*at, n)) for n, nodes in enumerate(list(found))}

    def set(self, value: Any, at: Address) -> None:
        if not isinstance(value, list):
            misfit(f"{value!r} is no list", at)
        self.place.check(at)
        self.place.fill([])
        self.items = {}
        for ordinal, item in enumerate(value):
            self._insert(ordinal, item, None, (*at, ordinal))

    def patch(self, change: Any, at: Address) -> None:
        self.place.check(at)
        match change:
            case {"l": list(items), **rest} if not rest:
                self.set(items, at)
            case [list(edits), *patches]:
                for edit in edits:
                    self._edit(edit, at)
                self._patch_items(patches, at)
            case list():
                self._patch_items(change, at)
            case _:
                misfit(f"{change!r} for a list", at)

    def fragments(self) -> Iterator[tuple[Address, Fragment]]:
        for ordinal, item in self.items.items():
            yield (ordinal,), item.fragment

    def _patch_items(self, patches: list[Any], at: Address) -> None:
        if len(patches) % 2:
            misfit("an ordinal without a patch", at)
        for ordinal, patch in zip(patches[::2], patches[1::2], strict=True):
            self._item(ordinal, at).fragment.patch(patch, (*at, ordinal))

    def _edit(self, edit: Any, at: Address) -> None:
        match edit:
            case int(ordinal) if type(ordinal) is int:
                for node in self._item(ordinal, at).nodes():
                    node.remove()
                del self.items[ordinal]
            case [int(ordinal), int(before)]:
                self._move(ordinal, before, at)
            case [int(ordinal), int(before), *value]:
                self._insert(ordinal, value, self._anchor(before, at), (*at, ordinal))
            case _:
                misfit(f"{edit!r} is no edit", at)

    def _move(self, ordinal: int, before: int, at: Address) -> None:
        if ordinal == before:
            misfit(f"item {ordinal} moves before itself", at)
        nodes, anchor = self._item(ordinal, at).nodes(), self._anchor(before, at)
        for node in nodes:
            self.place.parent.insert(node, anchor)

    def _insert(self, ordinal: int, value: Any, anchor: Node | None, at: Address) -> None:
        if ordinal in self.items or ordinal < 0:
            misfit("an item of this ordinal is there", at)
        if not isinstance(value, list):
            misfit(f"{value!r} is no item", at)
        nodes = list(self.create(value, at).children)
        if self.space:
            self._check_form(nodes, at)
        elif not nodes or not is_end(nodes[-1]):
            nodes.append(Comment(ITEM_END))
        for node in nodes:
            self.place.parent.insert(node, anchor or self.place.end)
        self.items[ordinal] = Item(nodes, self.create, at)

    def _item(self, ordinal: Any, at: Address) -> Item:
        if type(ordinal) is not int or ordinal not in self.items:
            misfit(f"no item {ordinal!r} among {sorted(self.items)}", at)
        return self.items[ordinal]

    def _anchor(self, before: int, at: Address) -> Node | None:
        return self.place.end if before == -1 else self._item(before, at).first

    def _check_form(self, nodes: list[Node], at: Address) -> None:
        """The one form of these items: white space, an element, white space."""
        before, after = self.space or (0, 0)
        lengths = [len(node.data) if isinstance(node, Text) else node for node in nodes]
        elements = [node for node in nodes if isinstance(node, Element)]
        expected = [n for n in (before, *elements[:1], after) if n != 0]
        if lengths != expected or not _is_space(nodes):
            misfit(f"an item isn't one element between {before} and {after} characters of space", at)

    def _elements(self, at: Address) -> Iterator[list[Node]]:
        """The items of the form ``[a,b``. Parsers merge neighbours' space: it is cut where items meet."""
        before, after = self.space or (0, 0)
        nodes = self.place.nodes()
        elements = [node for node in nodes if isinstance(node, Element)]
        for n, element in enumerate(elements):
            own: list[Node] = [element]
            if before:
                own.insert(0, _cut(element, -1, before, at))
            if after:
                own.append(_cut(element, 1, after, (*at, n)))
            yield own
        if len(self.place.nodes()) != len(elements) * (1 + bool(before) + bool(after)):
            misfit("something stands between items that are one element each", at)
        if not _is_space(nodes):
            misfit("text stands between items that are one element each", at)

    def _ranges(self, at: Address) -> Iterator[list[Node]]:
        """The items of the form ``[``: each ends with its comment."""
        item: list[Node] = []
        remaining = iter(self.place.nodes())
        for node in remaining:
            item.append(node)
            if isinstance(node, Comment) and is_opening(node):
                item.append(closing(node, remaining, at))
            elif is_end(node):
                # Whole siblings, with what is in the ranges among them.
                yield self.place.parent.children[item[0].index : node.index + 1]
                item = []
        if item:
            misfit("something follows the last item", at)


def is_end(node: Node) -> bool:
    return isinstance(node, Comment) and node.data == ITEM_END


def _is_space(nodes: list[Node]) -> bool:
    return all(node.data.isspace() for node in nodes if isinstance(node, Text))


def _cut(element: Element, side: int, length: int, at: Address) -> Text:
    """The text of this length that stands before (-1) or after (1) an element, as a node of its own."""
    assert element.parent is not None
    index = element.index + side
    text = element.parent.children[index] if 0 <= index < len(element.parent.children) else None
    if not isinstance(text, Text) or len(text.data) < length:
        misfit(f"an item has less than {length} characters of space on a side", at)
    if len(text.data) == length:
        return text
    if side > 0:
        text.split(length)
        return text
    return text.split(len(text.data) - length)
