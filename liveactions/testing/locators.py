"""What things in a page are called, and how they are found by that."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ..protocol.constants import MARK, MARK_EVENT
from ..templates.event_attributes import NOT_EVENTS
from .controls import CHECKABLE, CONTROLS, kind, top
from .document import Window
from .dom import Element, is_disabled, shown_text
from .failures import Refusal, there_are

if TYPE_CHECKING:
    pass


Rank = Callable[[Element], int | None]
"""How much an element is what is looked for, 0 most; None: not at all."""
_BUTTONS: Final = frozenset({"submit", "button", "reset", "image"})


def names_of(element: Element) -> list[str]:
    """Visible and accessible names, the label first."""
    found = [*_labels(element), element.get("aria-label"), element.get("title"), element.get("alt")]
    if element.name == "input" and kind(element) in _BUTTONS:
        found.append(element.get("value"))
    if element.name in CONTROLS:
        found += [element.get("placeholder"), element.get("name")]
    else:
        found += [shown_text(element), *(image.get("alt") for image in element.elements())]
    return [_squeezed(name) for name in found if name and not name.isspace()]


def _labels(element: Element) -> Iterator[str]:
    root, id = top(element), element.get("id")
    for other in (element.get("aria-labelledby") or "").split():
        yield from (shown_text(found) for found in root.elements() if found.get("id") == other)
    if element.name in CONTROLS | {"button"}:
        around = {above for above in element.ancestors() if above.name == "label"}
        for label in root.elements():
            if label in around or (label.name == "label" and id and label.get("for") == id):
                yield shown_text(label, without=CONTROLS | {"button"})


def find(window: Window, within: Element, name: str, rank: Rank, what: str) -> Element:
    """The one element of this name that a person can use. `Refusal` says what is there instead."""
    ranked = [(rank(element), element) for element in within.elements()]
    candidates = [(number, element) for number, element in ranked if number is not None]
    shown = [(number, element) for number, element in candidates if window.shows(element)]
    wanted = _squeezed(name)
    named = [(number, element) for number, element in shown if wanted in names_of(element)]
    named = named or [(number, element) for number, element in shown if _begins(element, wanted)]
    if not named:
        hidden = any(wanted in [*names_of(element), _squeezed(element.text)] for _, element in candidates)
        there = there_are(next(iter(names_of(element)), "") for number, element in shown if number < 3)
        where = "on this page" if within is window.root else f"in {within!r}"
        raise Refusal(f"the {what} {name!r} is hidden" if hidden else f"no {what} {name!r} {where}; {there}")
    best = min(number for number, _ in named)
    return usable([element for number, element in named if number == best], f"{what} {name!r}")


def _squeezed(text: str) -> str:
    return " ".join(text.split())


def _begins(element: Element, wanted: str) -> bool:
    """Whether a name of it begins with these words: ``Favorite`` means ``Favorite (3)``, too."""
    return any(re.match(rf"{re.escape(wanted)}(?!\w)", name) for name in names_of(element))


def usable(found: Sequence[Element], what: str) -> Element:
    """The only one of these, if it isn't disabled."""
    if len(found) > 1:
        there = ", ".join(map(repr, found))
        raise Refusal(f"the {what} is here {len(found)} times, say which with within(…): {there}")
    if is_disabled(found[0]):
        raise Refusal(f"the {what} is disabled")
    return found[0]


def clickable(element: Element) -> int | None:
    """Buttons and links, then what calls something, then what can be checked or filled."""
    if element.name in ("button", "summary") or (element.name == "a" and element.get("href") is not None):
        return 0
    if kind(element) in _BUTTONS:
        return 0
    if any(call.type == "click" for call in calls_of(element)):
        return 1
    if kind(element) in CHECKABLE:
        return 2
    return 3 if element.name in CONTROLS else None


def calling(type: str) -> Rank:
    """What calls something at this event."""
    return lambda element: 0 if any(call.type == type for call in calls_of(element)) else None


def fillable(element: Element) -> int | None:
    is_input = element.name == "input" and kind(element) not in {*_BUTTONS, *CHECKABLE, "hidden", "file"}
    return 0 if is_input or element.name == "textarea" else None


def attachable(element: Element) -> int | None:
    return 0 if kind(element) == "file" else None


def checkable(element: Element) -> int | None:
    return 0 if kind(element) in CHECKABLE else None


def selectable(element: Element) -> int | None:
    return 0 if element.name == "select" else None


def control(element: Element) -> int | None:
    return 0 if element.name in CONTROLS else None


_FLAT: Final = frozenset("blur focus mouseenter mouseleave load error scroll".split())
"""Events that don't bubble."""


@dataclass(frozen=True, slots=True)
class Call:
    """What stands on an element: ``@click``, ``live-keydown.escape``."""

    element: Element
    descriptor: str
    type: str
    modifiers: tuple[str, ...]
    cancels: bool = False
    """Whether it ends what is running of the action: ``live-cancel``."""


def calls_of(element: Element) -> list[Call]:
    marks = [mark for mark in (element.get(MARK) or "").split() if mark.startswith(MARK_EVENT)]
    raw = [name for name in element.attributes if name.startswith("live-")]
    found = []
    for descriptor in marks + raw:
        type, *modifiers = descriptor.removeprefix(MARK_EVENT).removeprefix("live-").split(".")
        if type == "cancel":
            if element.get(descriptor) != "":  # else it is for uploads, which end at once here
                found.append(Call(element, descriptor, "click", tuple(modifiers), True))
        elif type not in NOT_EVENTS:
            found.append(Call(element, descriptor, type, tuple(modifiers)))
    return found
