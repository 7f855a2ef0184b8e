"""Messages between pages, and later between workers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol


@dataclass(frozen=True, slots=True)
class Message:
    """Something that open pages may want to hear of. All of it is JSON-able."""

    kind: Literal["tag", "path", "topic"]
    name: str
    """The tag, the path or its pattern, or the topic."""
    data: Mapping[str, Any] = field(default_factory=dict)
    origin: str = ""
    """The session whose op said it, which shows it already; empty when it doesn't."""


GAP: Final = None
"""Stands for messages that were lost: everything may have been revalidated."""

Receiver = Callable[[Message | None], None]


class Broker(Protocol):
    """Carries messages to everybody, the sender too. Contract: every message in order, or a gap."""

    def publish(self, message: Message) -> None:
        """From any thread."""

    def subscribe(self, receive: Receiver) -> None:
        """`receive` is called for each message, in any thread, one at a time."""


class LocalBroker:
    """Within this process: nothing is ever lost."""

    def __init__(self) -> None:
        self._receivers: list[Receiver] = []
        self._lock = threading.RLock()

    def publish(self, message: Message) -> None:
        with self._lock:
            for receive in list(self._receivers):
                receive(message)

    def subscribe(self, receive: Receiver) -> None:
        self._receivers.append(receive)


class Bus:
    """This process's broker, and those in it who listen."""

    def __init__(self, broker: Broker) -> None:
        self._listeners: list[Receiver] = []
        self.use(broker)

    def use(self, broker: Broker) -> None:
        """Messages go by this broker from now on."""
        self._broker = broker
        broker.subscribe(lambda message: self._receive(broker, message))

    def publish(self, message: Message) -> None:
        self._broker.publish(message)

    def listen(self, receive: Receiver) -> Callable[[], None]:
        """Hear all messages, in any thread; the result ends it."""
        self._listeners.append(receive)
        return lambda: self._listeners.remove(receive) if receive in self._listeners else None

    def _receive(self, broker: Broker, message: Message | None) -> None:
        if broker is self._broker:
            for receive in list(self._listeners):
                receive(message)


bus: Final = Bus(LocalBroker())
