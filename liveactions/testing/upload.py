"""Files that a person has chosen, and forms that carry them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

if TYPE_CHECKING:
    from .controls import Seen

URL_ENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
_BOUNDARY = "----liveactions-7d0bb3d0c1"
_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class File:
    """A file in a form, as its person's machine knows it."""

    name: str
    content: bytes
    type: str = "application/octet-stream"


Pair = tuple[str, str | File]


@dataclass(frozen=True, slots=True)
class Sending:
    """A form whose files go to the server ahead of its op. `seen` and `resets` are the op's."""

    reference: str
    pairs: Sequence[Pair]
    seen: Seen
    resets: bool

    @property
    def files(self) -> list[Pair]:
        return [pair for pair in self.pairs if isinstance(pair[1], File)]

    def fields(self, handles: Iterable[str]) -> list[Any]:
        """The op's, flat, with a handle in the place of each file; without handles they were refused."""
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
    """As a form that carries no files sends it: their names alone."""
    return [(name, value.name if isinstance(value, File) else value) for name, value in pairs]


def encoded(pairs: Sequence[Pair]) -> tuple[str, bytes]:
    """The type and the body of a post. Line ends are those of the network."""
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
