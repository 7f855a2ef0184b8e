"""The state of a page's controls: keeps user input when patches change the controls.

The rules are the client's. Each control counts its edits. An operation records the edits that it reports;
when it succeeds, they are answered. A new default value is only shown if the latest edit is answered;
otherwise it is withheld until then.

What forms and controls submit are names and values in document order (`form_fields`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from ..protocol.constants import FIELD_ACTION, FIELD_SNAPSHOT
from .dom import Element, is_disabled

CONTROLS: Final = frozenset({"input", "textarea", "select"})
CHECKABLE: Final = frozenset({"checkbox", "radio"})
BUTTONS: Final = frozenset({"submit", "button", "reset", "image"})


@dataclass(frozen=True, slots=True)
class File:
    """A file that the user chooses: its name, its bytes, the media type that a browser claims."""

    name: str
    content: bytes
    type: str = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Files:
    """The files that are chosen in a control."""

    files: tuple[File, ...]


State = str | bool | Files | tuple[Element, ...]
"""Text, whether the control is checked, the chosen files, or the chosen options."""
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
        if isinstance(state, Files):
            return state.files[0].name if state.files else ""
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
            replacement = next(
                (new for new in self.root.elements() if _identity(new) == _identity(control)), None
            )
            if replacement is not None and typing.state is not None and not isinstance(typing.state, tuple):
                self._typings[replacement] = Typing(typing.state, typing.edits, typing.answered)


def _identity(control: Element) -> tuple[str | None, ...]:
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


def elements_of(form: Element) -> list[Element]:
    """Return the controls and buttons of a form, wherever they are in the document."""
    found = (element for element in top(form).elements() if element.name in CONTROLS | {"button"})
    return [element for element in found if owner(element) is form]


def form_fields(form: Element, controls: Controls, submitter: Element | None = None) -> list[Pair]:
    """Return everything that a form would submit."""
    pairs: list[Pair] = []
    for element in elements_of(form):
        is_button = kind(element) in BUTTONS
        if is_disabled(element) or (is_button and element is not submitter):
            continue
        pairs += control_fields(element, controls)
    return pairs


def own_pairs(pairs: list[Pair]) -> list[Pair]:
    """Return the pairs without the library's own fields."""
    return [pair for pair in pairs if pair[0] not in (FIELD_ACTION, FIELD_SNAPSHOT)]


def own_fields(pairs: list[Pair]) -> list[str]:
    """Return the same as a flat list, for an operation."""
    return [text for pair in texts(own_pairs(pairs)) for text in pair]


def control_fields(control: Element, controls: Controls) -> list[Pair]:
    """Return what a control submits: nothing if it has no name or is unchecked."""
    name = control.get("name")
    if not name:
        return []
    state = controls.state(control) if control.name in CONTROLS else control.get("value") or ""
    if isinstance(state, tuple):
        return [(name, option_value(option)) for option in state]
    if isinstance(state, Files):
        return [(name, file) for file in state.files]
    if (kind(control) in CHECKABLE or kind(control) == "file") and not state:
        return []
    return [(name, controls.value(control) if control.name in CONTROLS else str(state))]


def chosen_files(control: Element, controls: Controls) -> tuple[File, ...]:
    """Return the files that are chosen in a control."""
    state = controls.state(control)
    return state.files if isinstance(state, Files) else ()


def submitters(form: Element) -> list[Element]:
    """Return the buttons that submit a form."""
    return [element for element in elements_of(form) if kind(element) in ("submit", "image")]


URL_ENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
_BOUNDARY = "----liveactions-7d0bb3d0c1"
_LINE_END = re.compile(r"\r\n|\r|\n")
Pair = tuple[str, str | File]


@dataclass(frozen=True, slots=True)
class Sending:
    """A form whose files are uploaded before its operation. `seen` and `resets` are the operation's."""

    reference: str
    pairs: Sequence[Pair]
    seen: Seen
    resets: bool

    @property
    def files(self) -> list[tuple[str, File]]:
        return [(name, value) for name, value in self.pairs if isinstance(value, File)]

    def fields(self, value_of: Callable[[File], dict[str, Any]]) -> list[Any]:
        """Return the operation's fields, with what `value_of` returns in the places of files."""
        pairs = [(name, value if isinstance(value, str) else value_of(value)) for name, value in self.pairs]
        return [part for pair in pairs for part in pair]


def has_files(pairs: Sequence[Pair]) -> bool:
    return any(isinstance(value, File) for _, value in pairs)


def texts(pairs: Sequence[Pair]) -> list[tuple[str, str]]:
    """Return what a form that can't carry files sends: only their names."""
    return [(name, value.name if isinstance(value, File) else value) for name, value in pairs]


def encoded(pairs: Sequence[Pair]) -> tuple[str, bytes]:
    """Return the content type and the body of a post. Line breaks become CRLF."""
    pairs = [
        (name, _LINE_END.sub("\r\n", value) if isinstance(value, str) else value) for name, value in pairs
    ]
    if not has_files(pairs):
        return URL_ENCODED, urlencode(texts(pairs)).encode()
    body = b"".join(_part(name, value) for name, value in pairs) + f"--{_BOUNDARY}--\r\n".encode()
    return f"{MULTIPART}; boundary={_BOUNDARY}", body


def _part(name: str, value: str | File) -> bytes:
    head = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{_quoted(name)}"'
    if isinstance(value, str):
        return f"{head}\r\n\r\n{value}\r\n".encode()
    head += f'; filename="{_quoted(value.name)}"\r\nContent-Type: {value.type}\r\n\r\n'
    return head.encode() + value.content + b"\r\n"


def _quoted(text: str) -> str:
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
