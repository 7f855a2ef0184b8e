"""The slots of a fragment, found by their markers, and how patches change them.

Written from the description of the markers, independently of the client: tests compare the two. Whatever
violates the protocol raises `ProtocolMismatch` with the address where it was found.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ..protocol.constants import (
    CHILD_CLOSE,
    CHILD_OPEN,
    CHILD_REST,
    ITEM_END,
    LIST_CLOSE,
    LIST_OPEN,
    MARK,
    MARK_CHILD,
    MARK_EVENT,
    MARK_TAG,
)
from .dom import TEXT_ONLY, Comment, Element, Node, Text, parse_fragment
from .failures import Address, mismatch
from .raw_html import checked, confirm, follow, serialised, spliced, utf16_length

Create = Callable[[Any, Address], "Element"]
"""Creates the nodes of a value: a fragment, or raw HTML."""
_LIST = re.compile(r"\[(?:(\d+),(\d+))?")


class SlotRange:
    """The nodes between two comments, or all nodes in an element."""

    def __init__(self, parent: Element, begin: Comment | None = None, end: Comment | None = None) -> None:
        self._parent = parent
        self.begin = begin
        self.end = end

    @property
    def parent(self) -> Element:
        """The parent element. It changes when a range from a copied shape is inserted into the page."""
        return self.end.parent if self.end and self.end.parent else self._parent

    def check(self, at: Address) -> None:
        if self.begin and self.end and self.begin.parent is not self.end.parent:
            mismatch("its range begins and ends in different parents", at)

    def nodes(self) -> list[Node]:
        children = self.parent.children
        first = self.begin.index + 1 if self.begin else 0
        return children[first : self.end.index if self.end else len(children)]

    def fill(self, nodes: Iterable[Node]) -> None:
        for node in self.nodes():
            node.remove()
        for node in list(nodes):
            self.parent.insert(node, self.end)


class Slot(ABC):
    """A slot. `set` takes a value, as in a new fragment; `patch` takes a change."""

    @abstractmethod
    def set(self, value: Any, at: Address) -> None: ...

    @abstractmethod
    def patch(self, change: Any, at: Address) -> None: ...

    def fragments(self) -> Iterator[tuple[Address, Fragment]]:
        """Yield the fragments in the slot, with the path to each of them."""
        return iter(())


class AttributeSlot(Slot):
    """The whole value of an attribute."""

    def __init__(self, element: Element, name: str) -> None:
        self.element = element
        self.name = name

    def set(self, value: Any, at: Address) -> None:
        if not isinstance(value, str | None):
            mismatch(f"{value!r} for the attribute {self.name!r}", at)
        self.element.set(self.name, value)

    def patch(self, change: Any, at: Address) -> None:
        self.set(change, at)


class TagSlot(Slot):
    """The dynamic attribute names in a start tag."""

    def __init__(self, element: Element) -> None:
        self.element = element

    def set(self, value: Any, at: Address) -> None:
        if not isinstance(value, list) or len(value) % 2:
            mismatch(f"{value!r} for the attributes of {self.element!r}", at)
        for name, content in zip(value[::2], value[1::2], strict=True):
            AttributeSlot(self.element, name).set(content, at)

    def patch(self, change: Any, at: Address) -> None:
        self.set(change, at)


class ActionSlot(Slot):
    """What an event on an element calls. It has a number, but no value."""

    def __init__(self, element: Element, descriptor: str) -> None:
        self.element = element
        self.descriptor = descriptor

    def set(self, value: Any, at: Address) -> None:
        mismatch("an action has no value", at)

    def patch(self, change: Any, at: Address) -> None:
        self.set(change, at)


class Fragment:
    """An instance of a shape, or the whole document: its slots in document order."""

    def __init__(self, slots: list[Slot]) -> None:
        self.slots = slots

    def patch(self, changes: Any, at: Address) -> None:
        if not isinstance(changes, list) or len(changes) % 2:
            mismatch(f"{changes!r} isn't a patch", at)
        for number, change in zip(changes[::2], changes[1::2], strict=True):
            self.slot(number, at).patch(change, (*at, number))

    def slot(self, number: Any, at: Address) -> Slot:
        if type(number) is not int or not 0 <= number < len(self.slots):
            mismatch(f"no slot {number!r} among {len(self.slots)}", at)
        return self.slots[number]

    def fill(self, values: list[Any], at: Address) -> None:
        slots = [(n, slot) for n, slot in enumerate(self.slots) if not isinstance(slot, ActionSlot)]
        if len(slots) != len(values):
            mismatch(f"{len(values)} values for {len(slots)} slots", at)
        for (number, slot), value in zip(slots, values, strict=True):
            slot.set(value, (*at, number))


class ChildSlot(Slot):
    """Text, raw HTML or a fragment."""

    def __init__(self, place: SlotRange, create: Create, at: Address) -> None:
        self.place = place
        self.create = create
        self.fragment = adopt(place.nodes(), create, at)
        self._first = None if self.fragment.slots else [node.copy() for node in place.nodes()]
        self._string: str | None = None
        """The raw HTML that was last sent for it."""

    def set(self, value: Any, at: Address) -> None:
        self.place.check(at)
        raw_text = self.place.parent.name in TEXT_ONLY
        if isinstance(value, str):
            self.place.fill([Text(value)] if value else [])
        elif raw_text:
            mismatch(f"{value!r} where only text is allowed", at)
        else:
            self.place.fill(self.create(value, at).children)
        self.fragment = adopt([] if raw_text else self.place.nodes(), self.create, at)
        self._string = value["h"] if isinstance(value, dict) else None
        self._first = []

    def patch(self, change: Any, at: Address) -> None:
        match change:
            case list():
                self.place.check(at)
                self.fragment.patch(change, at)
            case {"f": list(value), **rest} if not rest:
                self.set(value, at)
            case str():
                self.set(change, at)
            case {"a": str(added), **rest} if added and rest.keys() <= {"b"}:
                self._add(added, rest.get("b", 0), at)
            case {"h": str(html), **rest} if not rest:
                self._follow(html, at)
            case {"s": parts, **rest} if rest.keys() <= {"c", "e", "d"}:
                old = self._string
                if old is None:
                    old = checked(serialised(self._first or []), rest.get("c"), at)
                html = spliced(old, parts, at)
                if "e" in rest:
                    confirm(old, html, rest["e"], rest.get("d"), at)
                self._follow(html, at)
            case _:
                mismatch(f"{change!r} for a child", at)

    def _add(self, added: str, after: Any, at: Address) -> None:
        """Add text at the end, or before this many units of UTF-16 at the end."""
        match self.place.nodes():
            case [Text() as text] if type(after) is int and 0 <= after <= utf16_length(text.data):
                text.data = spliced(text.data, [utf16_length(text.data) - after, added], at)
            case nodes:
                mismatch(f"{added!r} before {after!r} units at the end of {nodes!r}", at)

    def _follow(self, html: str, at: Address) -> None:
        """Change the raw HTML to this."""
        self.place.check(at)
        new = self.create({"h": html}, at).children
        known = parse_fragment(self._string).children if self._string is not None else self._first
        self.place.fill(new if known is None else follow(self.place.nodes(), known, new))
        self.fragment, self._string = Fragment([]), html

    def fragments(self) -> Iterator[tuple[Address, Fragment]]:
        yield (), self.fragment


def adopt(nodes: list[Node], create: Create, at: Address = ()) -> Fragment:
    """Return the fragment that these siblings form, found by its markers."""
    slots: list[Slot] = []
    _walk(nodes, slots, create, at)
    return Fragment(slots)


def _walk(nodes: list[Node], slots: list[Slot], create: Create, at: Address) -> None:
    remaining = iter(list(nodes))  # finding a list may split white space
    for node in remaining:
        if isinstance(node, Comment) and node.data == CHILD_REST:
            slots.append(ChildSlot(SlotRange(node.parent or Element(""), node), create, (*at, len(slots))))
            return
        if isinstance(node, Comment) and is_opening(node):
            end = closing(node, remaining, (*at, len(slots)))
            content = SlotRange(end.parent or Element(""), node, end)
            slots.append(_content(node.data, content, create, (*at, len(slots))))
        elif isinstance(node, Comment) and node.data in (CHILD_CLOSE, LIST_CLOSE, ITEM_END):
            mismatch(f"<!--{node.data}--> closes nothing", (*at, len(slots)))
        elif isinstance(node, Element) and not _walk_tag(node, slots, create, at):
            _walk(node.children, slots, create, at)


def _walk_tag(element: Element, slots: list[Slot], create: Create, at: Address) -> bool:
    """Add the slots that an element owns. Return whether its whole content is one of them."""
    marks = (element.get(MARK) or "").split(" ") if element.get(MARK) is not None else []
    for position, mark in enumerate(marks):
        if not mark:
            mismatch(f"{element!r} lists an empty descriptor", at)
        if mark == MARK_CHILD or _LIST.fullmatch(mark):
            if position != len(marks) - 1:
                mismatch(f"{element!r} lists a slot after its content", at)
            slots.append(_content(mark, SlotRange(element), create, (*at, len(slots))))
            return True
        slots.append(_attribute(element, mark))
    return False


def _attribute(element: Element, mark: str) -> Slot:
    if mark == MARK_TAG:
        return TagSlot(element)
    return ActionSlot(element, mark) if mark[0] == MARK_EVENT else AttributeSlot(element, mark)


def _content(mark: str, place: SlotRange, create: Create, at: Address) -> Slot:
    if found := _LIST.fullmatch(mark):
        space = (int(found[1]), int(found[2])) if found[1] else None
        return ListSlot(place, space, create, at)
    return ChildSlot(place, create, at)


def is_opening(node: Node) -> bool:
    return isinstance(node, Comment) and (node.data == CHILD_OPEN or _LIST.fullmatch(node.data) is not None)


def closing(begin: Comment, following: Iterator[Node], at: Address) -> Comment:
    """Return the comment that closes the range of `begin`, consuming the nodes before it."""
    wanted = LIST_CLOSE if begin.data.startswith(LIST_OPEN) else CHILD_CLOSE
    for node in following:
        if not isinstance(node, Comment):
            continue
        if is_opening(node):
            closing(node, following, at)
        elif node.data == wanted:
            return node
        elif node.data in (CHILD_CLOSE, LIST_CLOSE):
            mismatch(f"<!--{begin.data}--> is closed by <!--{node.data}-->", at)
    mismatch(f"<!--{begin.data}--> isn't closed in its parent", at)


Space = tuple[int, int]
"""The lengths of an item's white space before and after its element."""


class Item:
    """The siblings from `first` to `last`, and the fragment that they form."""

    def __init__(self, nodes: list[Node], create: Create, at: Address) -> None:
        self.first = nodes[0]
        self.last = nodes[-1]
        inside = nodes[:-1] if is_end(nodes[-1]) else nodes
        self.fragment = adopt(inside, create, at)

    def nodes(self) -> list[Node]:
        siblings = self.first.parent.children if self.first.parent else []
        return siblings[self.first.index : self.last.index + 1]


class ListSlot(Slot):
    def __init__(self, place: SlotRange, space: Space | None, create: Create, at: Address) -> None:
        self.place = place
        self.space = space
        self.create = create
        self.items: dict[int, Item] = {}
        self.renumber(at)

    def renumber(self, at: Address) -> None:
        """Number the items by their positions, as after reading HTML."""
        self.place.check(at)
        found = self._elements(at) if self.space else self._ranges(at)
        self.items = {n: Item(nodes, self.create, (*at, n)) for n, nodes in enumerate(list(found))}

    def set(self, value: Any, at: Address) -> None:
        if not isinstance(value, list):
            mismatch(f"{value!r} isn't a list", at)
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
                mismatch(f"{change!r} for a list", at)

    def fragments(self) -> Iterator[tuple[Address, Fragment]]:
        for ordinal, item in self.items.items():
            yield (ordinal,), item.fragment

    def _patch_items(self, patches: list[Any], at: Address) -> None:
        if len(patches) % 2:
            mismatch("an ordinal without a patch", at)
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
                mismatch(f"{edit!r} isn't an edit", at)

    def _move(self, ordinal: int, before: int, at: Address) -> None:
        if ordinal == before:
            mismatch(f"item {ordinal} moves before itself", at)
        nodes, anchor = self._item(ordinal, at).nodes(), self._anchor(before, at)
        for node in nodes:
            self.place.parent.insert(node, anchor)

    def _insert(self, ordinal: int, value: Any, anchor: Node | None, at: Address) -> None:
        if ordinal in self.items or ordinal < 0:
            mismatch("an item with this ordinal exists already", at)
        if not isinstance(value, list):
            mismatch(f"{value!r} isn't an item", at)
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
            mismatch(f"no item {ordinal!r} among {sorted(self.items)}", at)
        return self.items[ordinal]

    def _anchor(self, before: int, at: Address) -> Node | None:
        return self.place.end if before == -1 else self._item(before, at).first

    def _check_form(self, nodes: list[Node], at: Address) -> None:
        """Check the form of an item: white space, one element, white space."""
        before, after = self.space or (0, 0)
        lengths = [len(node.data) if isinstance(node, Text) else node for node in nodes]
        elements = [node for node in nodes if isinstance(node, Element)]
        expected = [n for n in (before, *elements[:1], after) if n != 0]
        if lengths != expected or not _is_space(nodes):
            mismatch(f"an item isn't one element between {before} and {after} characters of white space", at)

    def _elements(self, at: Address) -> Iterator[list[Node]]:
        """Yield items of the form ``[a,b``.

        Parsers merge adjacent white space, so it is cut where items meet.
        """
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
            mismatch("unexpected nodes between items that are one element each", at)
        if not _is_space(nodes):
            mismatch("unexpected text between items that are one element each", at)

    def _ranges(self, at: Address) -> Iterator[list[Node]]:
        """Yield items of the form ``[``: each ends with its comment."""
        item: list[Node] = []
        remaining = iter(self.place.nodes())
        for node in remaining:
            item.append(node)
            if isinstance(node, Comment) and is_opening(node):
                item.append(closing(node, remaining, at))
            elif is_end(node):
                # All siblings, including the contents of ranges.
                yield self.place.parent.children[item[0].index : node.index + 1]
                item = []
        if item:
            mismatch("something follows the last item", at)


def is_end(node: Node) -> bool:
    return isinstance(node, Comment) and node.data == ITEM_END


def _is_space(nodes: list[Node]) -> bool:
    return all(node.data.isspace() for node in nodes if isinstance(node, Text))


def _cut(element: Element, side: int, length: int, at: Address) -> Text:
    """Return text of this length before (-1) or after (1) an element, as a node of its own."""
    assert element.parent is not None
    index = element.index + side
    text = element.parent.children[index] if 0 <= index < len(element.parent.children) else None
    if not isinstance(text, Text) or len(text.data) < length:
        mismatch(f"an item has fewer than {length} characters of white space on one side", at)
    if len(text.data) == length:
        return text
    if side > 0:
        text.split(length)
        return text
    return text.split(len(text.data) - length)
