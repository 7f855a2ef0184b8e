"""A message of the server, taken apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Heard:
    """A welcome or a frame."""

    rev: int
    ack: int = 0
    patch: Any = ()
    answers: Sequence[Any] = ()
    shapes: Sequence[Any] = ()
    extras: dict[str, Any] = field(default_factory=dict)
    is_fresh: bool = False
    token: str = ""
    """The session's name, in a welcome."""

    @classmethod
    def of(cls, message: Any) -> Heard:
        """`TypeError` for what is neither."""
        if not isinstance(message, dict):
            return cls(*message)
        names = ("rev", "ack", "patch", "answers", "shapes", "extras", "token")
        parts = {name: message[name] for name in names if name in message}
        return cls(**parts, is_fresh=bool(message.get("fresh")))

    @property
    def is_page(self) -> bool:
        """Whether it brings a whole page."""
        return isinstance(self.patch, dict)

    def ends(self) -> Iterator[tuple[int, tuple[int, Any]]]:
        """Numbers of ops, with status and payload of how they have ended."""
        for n, status, payload in zip(*[iter(self.answers)] * 3, strict=True):
            yield n, (status, payload)
