"""Find the forms in a template, with the names of their controls and the actions that they call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Final

from jinja2 import nodes

from ..actions.action import Action
from ..actions.controls import unknown_field
from ..actions.form_names import field_names, takes_field
from ..html.tokenizer import Attribute, EndTag, NotTrackable, Placeholder, StartTag, scan
from ..templates.ir import Part, flatten
from ..templates.live_attributes import BIND, event_of

_CONTROLS: Final = frozenset({"input", "select", "textarea"})
_BUTTONS: Final = frozenset({"button", "image", "reset", "submit"})
"""Types of inputs whose name and value say which button was pressed."""
_OWN: Final = "_"
"""The beginning of names that aren't parameters: those of the library, and ``_charset_``."""
Actions = Callable[[nodes.Node], Iterable[Action[..., Any]]]
"""Returns the actions that an expression may be; none if that isn't known."""


@dataclass(frozen=True)
class FormControl:
    """A control with a static name."""

    name: str
    line: int
    is_hidden: bool
    """Whether its value may be for something else than the action, such as a middleware."""


@dataclass
class Form:
    """A form which calls actions."""

    has_id: bool
    """Whether controls and buttons outside of it may belong to it."""
    actions: list[Action[..., Any]] = field(default_factory=list)
    """Its own first, then those of its buttons and event attributes."""
    controls: list[FormControl] = field(default_factory=list)
    is_known: bool = True
    """Whether all functions that may read its fields are known."""

    def note_calls(self, value: Iterable[object], actions: Actions) -> None:
        """Note the actions in an attribute's value."""
        found = [one for part in value if isinstance(part, Part) for one in actions(part.node)]
        self.actions += found
        self.is_known &= bool(found)

    def unknown_names(self) -> Iterator[tuple[FormControl, str]]:
        """Yield controls whose name no action takes, each with a message."""
        if not self.actions or not self.is_known:
            return
        known = list(dict.fromkeys(name for action in self.actions for name in field_names(action)))
        for control in self.controls:
            if any(takes_field(action, control.name) for action in self.actions):
                continue
            if not control.is_hidden or get_close_matches(control.name, known, 1):
                yield control, unknown_field(self.actions[0].name, control.name, known)


def forms_in(
    body: Sequence[nodes.Node], actions: Actions, is_opaque: Callable[[nodes.Node], bool]
) -> list[Form]:
    """Return the forms in a template's output, which is a sequence of text and expressions.

    `is_opaque`: whether the output of a node may contain buttons, which may call further actions.
    """
    found: list[Form] = []
    form: Form | None = None
    elsewhere: list[list[object]] = []
    try:
        for token in scan(flatten(body, _constant).pieces):
            if isinstance(token, StartTag):
                given = {one.name: one for one in token.attributes if one.name is not None}
                if token.name == "form":
                    form = _opened(form, given, found)
                elif "form" in given:
                    elsewhere += [_value(one) for name, one in given.items() if name == "formaction"]
                    continue
                if form is not None:
                    _read(token, given, form, actions)
            elif isinstance(token, EndTag) and token.name == "form":
                form = None
            elif isinstance(token, Placeholder) and form is not None and is_opaque(token.value.node):
                form.is_known = False
    except NotTrackable:  # the rest isn't known
        return []
    for one in found:
        for value in elsewhere if one.has_id else ():
            one.note_calls(value, actions)
    return found


def _opened(form: Form | None, given: dict[str, Attribute], found: list[Form]) -> Form:
    if form is not None:  # in another branch
        form.is_known = False
        return form
    found.append(Form("id" in given, is_known="action" in given))
    return found[-1]


def _read(token: StartTag, given: dict[str, Attribute], form: Form, actions: Actions) -> None:
    for name, one in given.items():
        if name in ("action", "formaction") or event_of(name) is not None:
            form.note_calls(_value(one), actions)
    if token.name == "button":
        form.is_known &= all(one.name is not None for one in token.attributes)
    if (
        token.name not in _CONTROLS
        or "name" not in given
        or any(name.split(".")[0] == BIND for name in given)
    ):
        return
    kind = _text(given["type"]) if "type" in given else ""
    text = _text(given["name"])
    if text and not text.startswith(_OWN) and kind is not None and kind.lower() not in _BUTTONS:
        form.controls.append(FormControl(text, given["name"].line, kind.lower() == "hidden"))


def _value(attribute: Attribute) -> list[object]:
    return attribute.value or []


def _text(attribute: Attribute) -> str | None:
    """Return the value of a static attribute; None for others."""
    parts = _value(attribute)
    return "".join(map(str, parts)).strip() if all(isinstance(part, str) for part in parts) else None


def _constant(node: nodes.Expr) -> str | None:
    return node.value if isinstance(node, nodes.Const) and isinstance(node.value, str) else None
