"""The names, values and files that forms and controls submit, in document order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from ..protocol.constants import FIELD_ACTION, FIELD_SNAPSHOT
from .controls import CHECKABLE, CONTROLS, Controls, File, kind, option_value, owner, top
from .dom import Element, is_disabled

if TYPE_CHECKING:
    from .controls import Seen


_BUTTONS = frozenset({"submit", "button", "reset", "image"})


def elements_of(form: Element) -> list[Element]:
    """Return the controls and buttons of a form, wherever they are in the document."""
    found = (element for element in top(form).elements() if element.name in CONTROLS | {"button"})
    return [element for element in found if owner(element) is form]


def form_fields(form: Element, controls: Controls, submitter: Element | None = None) -> list[Pair]:
    """Return everything that a form would submit."""
    pairs: list[Pair] = []
    for element in elements_of(form):
        is_button = kind(element) in _BUTTONS
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
    if isinstance(state, File):
        return [(name, state)]
    if (kind(control) in CHECKABLE or kind(control) == "file") and not state:
        return []
    return [(name, controls.value(control) if control.name in CONTROLS else str(state))]


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
    def files(self) -> list[Pair]:
        return [pair for pair in self.pairs if isinstance(pair[1], File)]

    def fields(self, handles: Iterable[str]) -> list[Any]:
        """Return the operation's fields with a handle for each file; files without a handle were rejected."""
        left = iter(handles)
        pairs = [
            (name, value if isinstance(value, str) else _told(value, next(left, None)))
            for name, value in self.pairs
        ]
        return [part for pair in pairs for part in pair]


def _told(file: File, handle: str | None) -> dict[str, Any]:
    refused = [file.name, file.type, len(file.content)]
    return {"refused": refused} if handle is None else {"file": handle}


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
