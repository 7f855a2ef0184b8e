"""What a user has entered into a page's controls, and how it is protected from what the server writes.

The rules are the client's. Each control counts its edits. An operation records the edits that it reports;
when it succeeds, they are answered. A new default value is only shown if the latest edit is answered;
otherwise it is withheld until then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from .dom import Element

CONTROLS: Final = frozenset({"input", "textarea", "select"})
CHECKABLE: Final = frozenset({"checkbox", "radio"})


@dataclass(frozen=True, slots=True)
class File:
    """A file that the user chooses in a form."""

    name: str
    content: bytes
    type: str = "application/octet-stream"


State = str | bool | File | tuple[Element, ...]
"""Text, whether the control is checked, the chosen file, or the chosen options."""
Seen = dict[Element, int]
"""The number of edits of each control that an operation reports."""


@dataclass
class Typing:
    """A control that was edited. `state` is None if it shows its default again."""

    state: State | None = None
    edits: int = 0
    answered: int = 0
    withheld: bool = False

    @property
    def is_free(self) -> bool:
        return self.edits == self.answered

    def follow(self) -> None:
        self.state = None
        self.withheld = False


class Controls:
    """The state of all controls in a document."""

    def __init__(self, root: Element) -> None:
        self.root = root
        self._typings: dict[Element, Typing] = {}

    def state(self, control: Element) -> State:
        typing = self._typings.get(control)
        if typing is None or typing.state is None:
            return default(control)
        if isinstance(typing.state, tuple):
            there = set(options(control))
            return tuple(option for option in typing.state if option in there)
        return typing.state

    def value(self, control: Element) -> str:
        """Return the value that any control would submit."""
        state = self.state(control)
        if isinstance(state, tuple):
            return option_value(state[0]) if state else ""
        if isinstance(state, File):
            return state.name
        return state if isinstance(state, str) else control.attributes.get("value", "on")

    def is_edited(self, control: Element) -> bool:
        return control in self._typings

    def edit(self, control: Element, state: State) -> None:
        """Change a control as a user does. The other radio buttons of its group follow."""
        for member in self.group(control):
            typing = self._typings.setdefault(member, Typing())
            typing.state = state if member is control else False
            typing.edits += 1

    def group(self, control: Element) -> list[Element]:
        """Return the radio buttons of a group, which are edited together; for other controls only itself."""
        name = control.get("name")
        if kind(control) != "radio" or not name:
            return [control]
        form = owner(control)
        radios = (other for other in top(control).elements() if kind(other) == "radio")
        return [other for other in radios if other.get("name") == name and owner(other) is form]

    # Operations

    def see(self, controls: Iterable[Element]) -> Seen:
        return {control: self._edits(control) for control in controls if control.name in CONTROLS}

    def _edits(self, control: Element) -> int:
        typing = self._typings.get(control)
        return typing.edits if typing else 0

    def answer(self, seen: Seen) -> None:
        """Note that an operation that reported these edits has succeeded."""
        for control, edits in seen.items():
            if control in self._typings:
                self._typings[control].answered = edits

    @contextmanager
    def written(self) -> Iterator[None]:
        """Apply a patch in this context: controls show new defaults unless they were edited since."""
        before = {control: default(control) for control in self._typings}
        yield
        for control, typing in self._typings.items():
            if default(control) != before[control]:
                if typing.is_free:
                    typing.follow()
                else:
                    typing.withheld = True

    def release(self, seen: Seen, all: bool) -> None:
        """Show withheld defaults if there are no newer edits; with `all`, reset the controls."""
        for control in seen:
            typing = self._typings.get(control)
            if typing and typing.is_free and (all or typing.withheld):
                typing.follow()

    def inherit(self, old: Controls) -> None:
        """Take over what was entered into the page that this one replaces, matched by ids and names."""
        for control, typing in old._typings.items():
            heir = next((new for new in self.root.elements() if _stand_for(new) == _stand_for(control)), None)
            if heir is not None and typing.state is not None and not isinstance(typing.state, tuple):
                self._typings[heir] = Typing(typing.state, typing.edits, typing.answered)


def _stand_for(control: Element) -> tuple[str | None, ...]:
    value = control.get("value") if kind(control) in CHECKABLE else None
    return control.name, kind(control), control.get("id") or control.get("name"), value


def kind(control: Element) -> str:
    """Return the type of an input or button in lower case; "" for other elements."""
    if control.name == "input":
        return (control.get("type") or "text").lower()
    return (control.get("type") or "submit").lower() if control.name == "button" else ""


def default(control: Element) -> State:
    """Return the state of a control that wasn't edited."""
    if control.name == "select":
        chosen = [option for option in options(control) if option.get("selected") is not None]
        if control.get("multiple") is not None:
            return tuple(chosen)
        usable = [option for option in options(control) if option.get("disabled") is None]
        return tuple(chosen[-1:] or usable[:1])
    if kind(control) in CHECKABLE:
        return control.get("checked") is not None
    if kind(control) == "file":
        return ""
    return control.text if control.name == "textarea" else control.get("value") or ""


def options(select: Element) -> list[Element]:
    return [element for element in select.elements() if element.name == "option"]


def option_value(option: Element) -> str:
    value = option.get("value")
    return " ".join(option.text.split()) if value is None else value


def top(element: Element) -> Element:
    """Return the document that contains an element."""
    while element.parent:
        element = element.parent
    return element


def owner(control: Element) -> Element | None:
    """Return the form that a control belongs to."""
    id = control.get("form")
    if id is not None:
        found = (element for element in top(control).elements() if element.get("id") == id)
        return next((element for element in found if element.name == "form"), None)
    return next((element for element in control.ancestors() if element.name == "form"), None)
