"""The interface of brokers, and the messages that workers send each other."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol, TypeAlias, runtime_checkable

GAP: Final = None
"""Marks where any number of messages were lost."""
Messages: TypeAlias = Sequence[bytes | None]
"""Messages in order, and gaps."""


@runtime_checkable
class Broker(Protocol):
    """Carries messages between the workers of an application, including the sender.

    All processes receive all messages once, in the same order, or a gap where some were lost: then all open
    pages and cached values are loaded again. To a broker, messages are bytes, because they are sealed.

    Both methods are called often, and from any thread. They must return quickly, unless the broker is a
    `RemoteBroker`. Any exception is logged and treated as a gap. Brokers that compare equal carry the same
    messages.
    """

    def publish(self, messages: Sequence[bytes]) -> None:
        """Publish messages: all of them, or none if this raises."""

    def poll(self) -> Messages:
        """Return the messages since the previous call, including those that this process has published.

        The first call doesn't return older messages: at most a gap.
        """


@runtime_checkable
class RemoteBroker(Broker, Protocol):
    """A broker whose methods wait for a network. The event loop only calls them in threads.

    `publish`, `poll` and `wait` may be called concurrently, each by one thread at a time.
    """

    def wait(self, seconds: float) -> None:
        """Return when there may be new messages, after `seconds` at the latest. Raise if the broker can't be
        reached.
        """

    def close(self) -> None:
        """Close connections. If the broker is used again, it opens them again."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message to open pages and caches. All of its attributes can be written as JSON."""

    kind: Literal["tag", "path", "topic", "user", "presence", "worker"]
    name: str
    """The tag, path or pattern, topic, identity that has signed out, replica of presence, or worker."""
    data: Mapping[str, Any] = field(default_factory=dict)
    origin: str = ""
    """The session that has published the message, if it shows the change already; otherwise empty."""


Receiver = Callable[[Message | None], None]
"""Receives a message, or None for a gap: any tag may have been revalidated."""


def pack(message: Message | None) -> bytes:
    """Return a message as ASCII text, for `unpack`."""
    parts = message and [message.kind, message.name, message.data, message.origin]
    return json.dumps(parts, separators=(",", ":")).encode()


def unpack(data: bytes) -> Message | None:
    parts = json.loads(data)
    if parts is None:
        return None
    kind, name, more, origin, *_ = parts  # newer versions may add parts
    return Message(kind, name, more, origin)
