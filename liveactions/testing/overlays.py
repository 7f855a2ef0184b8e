"""Dialogs and popovers that buttons open and close: ``commandfor`` and ``popovertarget``."""

from __future__ import annotations

from typing import Final

from .controls import owner
from .dom import Element

Command = tuple[str, Element]
"""The name of a command, and its target."""
_BY_ACTION: Final = {"show": "show-popover", "hide": "hide-popover"}
_COMMANDS: Final = frozenset(
    "show-modal close request-close show-popover hide-popover toggle-popover".split()
)


def command_of(button: Element, root: Element) -> Command | None:
    """Return the command that a click on a button runs, and its target; None if it runs none."""
    if button.name != "button":
        return None
    id, command = button.get("commandfor"), (button.get("command") or "").lower()
    is_button = button.get("type") in ("button", "reset")
    if id is None:
        id = button.get("popovertarget")
        command = _BY_ACTION.get(button.get("popovertargetaction") or "", "toggle-popover")
    else:
        is_button = is_button or button.get("type") is None  # isn't a submit button then
    target = next((one for one in root.elements() if id and one.get("id") == id), None)
    if target is None or command not in _COMMANDS or not (is_button or owner(button) is None):
        return None
    return command, target


def run_command(command: str, target: Element) -> bool:
    """Open or close a dialog or a popover. Return whether it has closed a dialog."""
    if command.endswith("-popover"):
        if target.get("popover") is not None:
            shown = not target.is_popped if command.startswith("toggle") else command.startswith("show")
            target.is_popped = shown
        return False
    was_open = target.get("open") is not None
    if target.name == "dialog":
        target.set("open", "" if command == "show-modal" else None)
    return target.name == "dialog" and was_open and command != "show-modal"


def dismiss(clicked: Element, root: Element, command: Command | None) -> None:
    """Close the popovers that a click outside of them closes, except for the target of its command."""
    kept = [*clicked.ancestors(), *([command[1]] if command else [])]
    for element in root.elements():
        if element.is_popped and element.get("popover") != "manual" and element not in kept:
            element.is_popped = False
