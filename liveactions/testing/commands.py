"""Runs client commands in a simulated page."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from .controls import CONTROLS, owner
from .controls import kind as kind_of
from .document import Window, class_key, read
from .dom import Element, is_disabled, shown_text
from .selectors import select


class InputDevice(Protocol):
    """User input that commands trigger; implemented by `liveactions.testing.user_input.UserInput`."""

    def focus(self, element: Element | None) -> None: ...
    def takes_focus(self, element: Element) -> bool: ...
    def dispatch(self, element: Element, type: str, detail: Any, bubbles: bool = True) -> None: ...


def commands_in(value: str | None) -> list[list[Any]] | None:
    """Return the commands in the value of an event attribute; None if it has none."""
    if value is None or not value.startswith("["):
        return None
    commands: list[list[Any]] = json.loads(value)
    return commands


def submitted_by(element: Element, type: str) -> Element | None:
    """Return the form that an event on an element submits."""
    if type == "submit" and element.name == "form":
        return element
    return owner(element) if type == "click" and kind_of(element) in ("submit", "image") else None


class Runner:
    """Runs the commands of one element, except for calls."""

    def __init__(self, window: Window, input: InputDevice, element: Element) -> None:
        self._window = window
        self._input = input
        self._element = element

    def run(self, name: str, target: Any = 0, *arguments: Any) -> None:
        _COMMANDS[name](self, self._targets(target), *arguments)

    def _targets(self, target: Any) -> list[Element]:
        if target == 0:
            return [self._element]
        to, closest = (target, None) if isinstance(target, str) else target
        root = self._window.root
        if closest is None:
            return select(root, to)
        matching = select(root, closest)
        scope = next((above for above in self._element.ancestors() if above in matching), None)
        if scope is None:
            return []
        return (
            [one for one in select(root, to) if scope in one.ancestors() and one is not scope]
            if to
            else [scope]
        )

    def _set(self, element: Element, key: str, value: str | None) -> None:
        self._window.overrides.set(element, key, value)

    # Visibility

    def show(self, targets: Sequence[Element]) -> None:
        self._hide(targets, lambda target: False)

    def hide(self, targets: Sequence[Element]) -> None:
        self._hide(targets, lambda target: True)

    def toggle(self, targets: Sequence[Element]) -> None:
        self._hide(targets, lambda target: target.get("hidden") is None)

    def _hide(self, targets: Sequence[Element], decide: Callable[[Element], bool]) -> None:
        window, element = self._window, self._element
        for target in targets:
            hides = decide(target)
            self._set(target, "hidden", "" if hides else None)
            if not hides:
                window.openers[target] = element
            elif window.focused is not None and target in window.focused.ancestors():
                back = (window.openers.get(target), element)
                self._input.focus(
                    next((one for one in back if one and self._can_have_focus(one, target)), None)
                )
            window.tell_expanded(target)
            says = element.get("aria-expanded") is not None and element.get("aria-controls") is None
            if says and element is not target:
                self._set(element, "aria-expanded", "false" if hides else "true")

    def _can_have_focus(self, element: Element, outside: Element) -> bool:
        return (
            self._window.has(element) and outside not in element.ancestors() and self._is_focusable(element)
        )

    def _is_focusable(self, element: Element) -> bool:
        usable = self._input.takes_focus(element) and not is_disabled(element)
        return usable and self._window.shows(element)

    # Classes and attributes

    def add_class(self, targets: Sequence[Element], names: str) -> None:
        self._classes(targets, names, lambda target, key: "")

    def remove_class(self, targets: Sequence[Element], names: str) -> None:
        self._classes(targets, names, lambda target, key: None)

    def toggle_class(self, targets: Sequence[Element], names: str) -> None:
        self._classes(targets, names, lambda target, key: "" if read(target, key) is None else None)

    def _classes(
        self, targets: Sequence[Element], names: str, decide: Callable[[Element, str], str | None]
    ) -> None:
        for target in targets:
            for key in map(class_key, names.split()):
                self._set(target, key, decide(target, key))

    def transition(self, targets: Sequence[Element], names: str) -> None:
        """Do nothing: without a style sheet the transition is over at once."""

    def set_attr(self, targets: Sequence[Element], name: str, value: str) -> None:
        for target in targets:
            self._set(target, name, value)

    def remove_attr(self, targets: Sequence[Element], name: str) -> None:
        for target in targets:
            self._set(target, name, None)

    def toggle_attr(
        self, targets: Sequence[Element], name: str, value: str, other: str | None = None
    ) -> None:
        for target in targets:
            self._set(target, name, other if target.get(name) == value else value)

    # Focus and scrolling

    def focus(self, targets: Sequence[Element]) -> None:
        inside = [target for target in targets[:1] for target in (target, *target.elements())]
        found = next(filter(self._is_focusable, inside), None)
        if found is not None:
            self._input.focus(found)

    def blur(self, targets: Sequence[Element]) -> None:
        focused = self._window.focused
        if focused is not None and any(target in focused.ancestors() for target in targets):
            self._input.focus(None)

    def scroll_into_view(self, targets: Sequence[Element], block: str, smooth: bool) -> None:
        """Do nothing: nothing is laid out."""

    # Beyond the page

    def copy(self, targets: Sequence[Element], text: str | None = None) -> None:
        for target in targets[:1]:
            self._window.clipboard = self._text(target) if text is None else text

    def _text(self, element: Element) -> str:
        if element.name in CONTROLS:
            return self._window.controls.value(element)
        is_exact = any(above.name == "pre" for above in element.ancestors())
        return element.text if is_exact else shown_text(element)

    def dispatch(self, targets: Sequence[Element], name: str, detail: Any, bubbles: bool) -> None:
        for target in targets:
            self._window.events.append((name, detail))
            self._input.dispatch(target, name, detail, bubbles)


_COMMANDS: Final[dict[str, Callable[..., None]]] = {
    command.__name__: command
    for command in (
        Runner.show,
        Runner.hide,
        Runner.toggle,
        Runner.add_class,
        Runner.remove_class,
        Runner.toggle_class,
        Runner.transition,
        Runner.set_attr,
        Runner.remove_attr,
        Runner.toggle_attr,
        Runner.focus,
        Runner.blur,
        Runner.scroll_into_view,
        Runner.copy,
        Runner.dispatch,
    )
}
