"""The reference applier: what a patch makes of a page, exactly as the protocol says."""

from __future__ import annotations

from typing import Any

from .canonical import canonical
from .dom import Element, parse, parse_fragment
from .misfit import Address, Misfit, misfit
from .slots import ActionSlot, Fragment, adopt


class Document:
    """A page as the client keeps it: its nodes, and the shapes that this connection's server has sent.

    Strict where the client is lenient: everything that doesn't fit raises `Misfit`.
    """

    def __init__(self, html: str) -> None:
        self.shapes: dict[int, Element] = {}
        self._sources: dict[int, Any] = {}
        self.load(html)

    def load(self, html: str) -> None:
        """Begin anew with a whole page."""
        self.root = parse(html)
        self.renumber()

    def renumber(self) -> None:
        """Number slots and items by their order in the document, as after reading it."""
        self.fragment: Fragment = adopt(self.root.children, self._create)

    def welcome(self, message: dict[str, Any]) -> None:
        """Apply the first message of a connection."""
        if message.get("fresh"):
            self.shapes, self._sources = {}, {}
            self.renumber()
        self.apply(message.get("patch", []), message.get("shapes", []))

    def frame(self, message: list[Any]) -> None:
        """Apply a frame: revision, acknowledged op, patch, answers, shapes, extras."""
        if not 1 <= len(message) <= 6:
            misfit(f"{message!r} is no frame", ())
        self.apply(message[2] if len(message) > 2 else [], message[4] if len(message) > 4 else [])

    def apply(self, patch: Any, shapes: Any = ()) -> None:
        """Apply a patch of the root, after the definitions of shapes that came along."""
        self.define(shapes)
        match patch:
            case {"page": str(html), **rest} if not rest:
                self.load(html)
            case _:
                self.fragment.patch(patch, ())

    def define(self, definitions: Any) -> None:
        if not isinstance(definitions, list | tuple) or len(definitions) % 2:
            misfit(f"{definitions!r} are no shapes", ())
        for number, source in zip(definitions[::2], definitions[1::2], strict=True):
            if type(number) is not int or self._sources.setdefault(number, source) != source:
                misfit(f"the shape {number!r} is defined anew", ())
            match source:
                case str() | [str(), str()]:
                    self.shapes[number] = parse_fragment(source if isinstance(source, str) else source[1])
                case _:
                    misfit(f"{source!r} is no shape", ())

    def actions(self) -> list[tuple[Address, ActionSlot]]:
        """All action slots of the page with their addresses, in document order."""
        return list(_actions(self.fragment, ()))

    def __str__(self) -> str:
        return canonical(self.root)

    def _create(self, value: Any, at: Address) -> Element:
        """The nodes of a new fragment, or of raw HTML."""
        match value:
            case {"h": str(html), **rest} if not rest:
                return _without_markers(parse_fragment(html), at)
            case [int(number), *values] if number in self.shapes:
                nodes = self.shapes[number].copy()
                adopt(nodes.children, self._create, at).fill(values, at)
                return nodes
            case [number, *_]:
                misfit(f"the shape {number!r} isn't known", at)
            case _:
                misfit(f"{value!r} is no value", at)


def _actions(fragment: Fragment, at: Address) -> list[tuple[Address, ActionSlot]]:
    found: list[tuple[Address, ActionSlot]] = []
    for number, slot in enumerate(fragment.slots):
        if isinstance(slot, ActionSlot):
            found.append(((*at, number), slot))
        for way, inside in slot.fragments():
            found += _actions(inside, (*at, number, *way))
    return found


def _without_markers(nodes: Element, at: Address) -> Element:
    """Raw HTML; what looks like a marker in it must have been neutralised."""

    def create(value: Any, at: Address) -> Element:
        raise Misfit("a marker in raw HTML", at)

    if adopt(nodes.children, create, at).slots:
        misfit("a marker in raw HTML", at)
    return nodes
