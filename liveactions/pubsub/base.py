"""The contract of brokers, and the messages that workers send each other."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol, TypeAlias, runtime_checkable

GAP: Final = None
"""Stands for messages that were lost, however many."""
News: TypeAlias = Sequence[bytes | None]
"""Messages in their order, and gaps."""


@runtime_checkable
class Broker(Protocol):
    """Carries messages between the workers of an application: to everybody, the sender too.

    All processes hear of all messages in one order, each once, or of a gap where some were lost: then
    everything that is open or cached is read again. Messages are sealed; a broker needn't understand them.

    Both methods are called from any thread and often. They mustn't take long, unless the broker is a
    `RemoteBroker`. Whatever they raise is logged and taken for a gap. Brokers that are equal carry the same
    messages.
    """

    def publish(self, messages: Sequence[bytes]) -> None:
        """Hand over messages: all of them or, when it raises, none."""

    def news(self) -> News:
        """What has come since it was called last, what this process has published included.

        The first time, whatever came before is a gap or nothing.
        """


@runtime_checkable
class RemoteBroker(Broker, Protocol):
    """A broker whose methods wait for a network: the event loop only calls them in threads.

    `publish`, `news` and `wait` are called at once, each by one thread at a time.
    """

    def wait(self, seconds: float) -> None:
        """Return when there may be news, after so many seconds at the latest."""

    def close(self) -> None:
        """Release what is open. A broker that is used again opens again."""


@dataclass(frozen=True, slots=True)
class Message:
    """Something that open pages may want to hear of. All of it is JSON-able."""

    kind: Literal["tag", "path", "topic", "user", "presence"]
    name: str
    """The tag, the path or its pattern, the topic, who has been signed out, or who knows of presence."""
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
