"""The broker's contract."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol, TypeAlias

GAP: Final = None
"""Stands for messages that were lost, however many."""

News: TypeAlias = Sequence[bytes | None]
"""Messages in their order, and gaps."""


class Broker(Protocol):
    """Carries messages between the workers of an application: to everybody, the sender too.

    All processes hear of all messages in one order, each once, or of a gap where some were lost: then
    everything that is open or cached is read again. Messages are sealed; a broker needn't understand them.

    Both methods are called from any thread, though not at once, and often: they mustn't take long. Whatever
    they raise is logged and taken for a gap. Brokers that are equal carry the same messages.
    """

    def publish(self, messages: Sequence[bytes]) -> None:
        """Hand over messages: all of them or, when it raises, none."""

    def news(self) -> News:
        """What has come since it was called last, what this process has published included.

        The first time, whatever came before is a gap or nothing.
        """
