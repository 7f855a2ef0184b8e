"""The names of elements in a page, and finding elements by them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from ..protocol.constants import MARK, MARK_EVENT
from ..templates.live_attributes import NOT_EVENTS
from .controls import BUTTONS, CHECKABLE, CONTROLS, kind, top
from .document import Window
from .dom import Element, is_disabled, shown_text
from .failures import Refusal, there_are

Rank = Callable[[Element], int | None]
"""How well an element fits: 0 is best, None means not at all."""


class Names:
    """The names of a document's elements, as the document is now."""

    def __init__(self, root: Element) -> None:
        self._labels: list[Element] = []
        self._by_id: dict[str, list[Element]] = {}
        for element in root.elements():
            if element.name == "label":
                self._labels.append(element)
            if id := element.get("id"):
                self._by_id.setdefault(id, []).append(element)

    def of(self, element: Element) -> list[str]:
        """Return an element's visible and accessible names, the label first."""
        found = [*self._labels_of(element), *map(element.get, ("aria-label", "title", "alt"))]
        if element.name == "input" and kind(element) in BUTTONS:
            found.append(element.get("value"))
        if element.name in CONTROLS:
            found += [element.get("placeholder"), element.get("name")]
        else:
            found += [shown_text(element), *(image.get("alt") for image in element.elements())]
        return [_squeezed(name) for name in found if name and not name.isspace()]

    def _labels_of(self, element: Element) -> Iterator[str]:
        for other in (element.get("aria-labelledby") or "").split():
            yield from map(shown_text, self._by_id.get(other, ()))
        if element.name in CONTROLS | {"button"}:
            id, around = element.get("id"), set(element.ancestors())
            for label in self._labels:
                if label in around or (id and label.get("for") == id):
                    yield shown_text(label, without=CONTROLS | {"button"})


def find(window: Window, within: Element, name: str, rank: Rank, what: str) -> Element:
    """Return the element with a name that a user can use. Raise a `Refusal` that lists the alternatives."""
    ranked = [(rank(element), element) for element in within.elements()]
    candidates = [(number, element) for number, element in ranked if number is not None]
    names = Names(top(within))
    shown = [(number, element, names.of(element)) for number, element in candidates if window.shows(element)]
    wanted = _squeezed(name)
    named = [(number, element) for number, element, own in shown if wanted in own]
    named = named or [(number, element) for number, element, own in shown if _begins(own, wanted)]
    if not named:
        hidden = any(wanted in [*names.of(element), _squeezed(element.text)] for _, element in candidates)
        there = there_are(next(iter(own), "") for number, _, own in shown if number < 3)
        where = "on this page" if within is window.root else f"in {within!r}"
        raise Refusal(f"the {what} {name!r} is hidden" if hidden else f"no {what} {name!r} {where}; {there}")
    best = min(number for number, _ in named)
    return usable([element for number, element in named if number == best], f"{what} {name!r}")


def _squeezed(text: str) -> str:
    return " ".join(text.split())


def _begins(names: Sequence[str], wanted: str) -> bool:
    """Return whether one of the names begins with these words: ``Favorite`` matches ``Favorite (3)``."""
    return any(re.match(rf"{re.escape(wanted)}(?!\w)", name) for name in names)


def usable(found: Sequence[Element], what: str) -> Element:
    """Return the only element of these. Raise `Refusal` if there are several, or it is disabled."""
    if len(found) > 1:
        there = ", ".join(map(repr, found))
        raise Refusal(f"{len(found)} elements match the {what}; choose one with within(…): {there}")
    if is_disabled(found[0]):
        raise Refusal(f"the {what} is disabled")
    return found[0]


def clickable(element: Element) -> int | None:
    """Rank buttons and links first, then elements with an action, then controls."""
    if element.name in ("button", "summary") or (element.name == "a" and element.get("href") is not None):
        return 0
    if kind(element) in BUTTONS:
        return 0
    if any(call.type == "click" for call in calls_of(element)):
        return 1
    if kind(element) in CHECKABLE:
        return 2
    return 3 if element.name in CONTROLS else None


def calling(type: str) -> Rank:
    """Return a rank for elements that call an action at this event."""
    return lambda element: 0 if any(call.type == type for call in calls_of(element)) else None


def fillable(element: Element) -> int | None:
    is_input = element.name == "input" and kind(element) not in {*BUTTONS, *CHECKABLE, "hidden", "file"}
    return 0 if is_input or element.name == "textarea" else None


def attachable(element: Element) -> int | None:
    return 0 if kind(element) == "file" else None


def checkable(element: Element) -> int | None:
    return 0 if kind(element) in CHECKABLE else None


def selectable(element: Element) -> int | None:
    return 0 if element.name == "select" else None


def control(element: Element) -> int | None:
    return 0 if element.name in CONTROLS else None


def sort_of(element: Element) -> Call | None:
    """Return the call that a list makes when an item is put into it."""
    return _call_of(element, "sort")


def window_of(element: Element) -> Call | None:
    """Return the call that a list makes when rows are in view that it doesn't have."""
    return _call_of(element, "window")


def _call_of(element: Element, type: str) -> Call | None:
    return next((call for call in calls_of(element) if call.type == type), None)


def items_of(element: Element) -> list[Element]:
    """Return the items of a list with ``live-sort``."""
    return [child for child in element.elements() if child.parent is element and child.get("data-key")]


def movable(root: Element, target: Call) -> list[Element]:
    """Return the items that can be put into a list: its own, and those of its group."""
    lists = [call for element in root.elements() if (call := sort_of(element))]
    return [
        item
        for one in lists
        if one.element is target.element or (one.modifiers and one.modifiers == target.modifiers)
        for item in items_of(one.element)
        if item not in target.element.ancestors()
    ]


FLAT: Final = frozenset("blur focus mouseenter mouseleave load error scroll visible hidden".split())
"""Events that don't bubble."""


@dataclass(frozen=True, slots=True)
class Call:
    """An event attribute of an element: ``@click``, ``live-keydown.escape``."""

    element: Element
    descriptor: str
    type: str
    modifiers: tuple[str, ...]
    cancels: bool = False
    """Whether it cancels running calls of the action: ``live-cancel``."""


def calls_of(element: Element) -> list[Call]:
    marks = [mark for mark in (element.get(MARK) or "").split() if mark.startswith(MARK_EVENT)]
    raw = [name for name in element.attributes if name.startswith("live-")]
    found = []
    for descriptor in marks + raw:
        type, *modifiers = descriptor.removeprefix(MARK_EVENT).removeprefix("live-").split(".")
        if type == "cancel":
            if element.get(descriptor) != "":  # without a value it is for uploads, which end immediately here
                found.append(Call(element, descriptor, "click", tuple(modifiers), True))
        elif type not in NOT_EVENTS:
            found.append(Call(element, descriptor, type, tuple(modifiers)))
    return found
