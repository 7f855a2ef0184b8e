"""What workers tell each other."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Message:
    """Something that open pages may want to hear of. All of it is JSON-able."""

    kind: Literal["tag", "path", "topic", "user"]
    name: str
    """The tag, the path or its pattern, the topic, or who has been signed out."""
    data: Mapping[str, Any] = field(default_factory=dict)
    origin: str = ""
    """The session whose op said it, which shows it already; empty when it doesn't."""


Receiver = Callable[[Message | None], None]
"""Hears of a message, or of a gap: everything may have been revalidated."""


def pack(message: Message | None) -> bytes:
    """What `unpack` takes: ASCII, so that any text can be in it."""
    parts = message and [message.kind, message.name, message.data, message.origin]
    return json.dumps(parts, separators=(",", ":")).encode()


def unpack(data: bytes) -> Message | None:
    parts = json.loads(data)
    if parts is None:
        return None
    kind, name, more, origin, *_ = parts  # a newer version may say more
    return Message(kind, name, more, origin)
