"""Who is here, on all workers: replicates the table of `presence_table` over a channel.

Messages may be received, and lists read, in any thread; everything else runs in the event loop. The lock is
never held while messages are sent or delivered.
"""

from __future__ import annotations

import asyncio
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, TypeAlias

from ..tasks import Supervisor
from .base import Message
from .channel import BrokerChannel
from .presence_table import Entry, PresenceTable

MIN_PAUSE: Final = 0.05
MAX_PAUSE: Final = 0.7
"""Minimum seconds between two updates of the pages that show a topic. The more people are present, the longer
the pause, since each of these pages lists all of them.
"""
CROWD: Final = 1000
"""Number of people in a topic from which on the pause is longest."""

Reader: TypeAlias = Callable[[Sequence[Entry]], Callable[[], tuple[Any, ...]]]
"""Converts entries to a function that returns their values, as copies where they can be changed."""


class Presence:
    """Who is here, as known to one worker.

    `read` converts entries to values. `started` is called at the first use: from then on, call `tick` every
    second, and read the channel, until `is_running` is false.
    """

    def __init__(
        self,
        channel: BrokerChannel,
        read: Reader,
        started: Callable[[], object] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._channel = channel
        self._read = read
        self._started = started
        self._clock = clock
        self._ahead = 0.0
        """Seconds by which a test has advanced the clock."""
        self._lock = threading.Lock()
        self._table = _new_table()
        self._shown: dict[str, Callable[[], tuple[Any, ...]]] = {}
        """Functions that return the list of a topic, until it changes."""
        self._changed: set[str] = set()
        """Topics whose pages must be notified."""
        self._pausing: set[str] = set()
        """Topics whose pages were just notified."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks = Supervisor(lambda: "publishing who is here to other workers")
        self._sending: asyncio.Task[None] | None = None
        self._departure: asyncio.TimerHandle | None = None
        channel.listen(self._on_message)

    @property
    def is_running(self) -> bool:
        """Whether it is in use in the running event loop."""
        return self._loop is asyncio.get_running_loop()

    def start(self) -> None:
        """Start replicating, unless this worker already does."""
        loop = asyncio.get_running_loop()
        if self._loop is loop:
            return
        self.stop()
        self._loop = loop
        with self._lock:
            self._table.ask()
        self._sending = self._tasks.start(self._open())
        self._started()

    def stop(self) -> None:
        """Forget all entries without publishing that: the process ends, and its pages continue in others."""
        if self._departure is not None:
            self._departure.cancel()
        self._tasks.cancel()
        self._loop = self._departure = self._sending = None
        with self._lock:
            self._table = _new_table()
            self._shown.clear()
            self._changed.clear()
        self._pausing.clear()

    # Entries

    def enter(self, id: str, topic: str, key: str, kind: str, data: Any, turn: int = 0) -> None:
        """Add or change an entry, and cancel its departure; see `PresenceTable.enter`."""
        self.start()
        with self._lock:
            self._table.enter(id, topic, key, kind, data, turn=turn, wall=time.time_ns() // 1_000_000)
            self._note_changes()
        self._settle()

    def leave(self, ids: Iterable[str], seconds: float = 0.0) -> None:
        """Remove entries after `seconds`, unless they are entered again."""
        if not self.is_running:
            return
        at = self._now() + seconds
        with self._lock:
            for id in ids:
                self._table.leave(id, at)
            self._table.depart(self._now())
            self._note_changes()
        self._settle()

    def expect(self, topic: str, key: str) -> None:
        """Keep the entries of a visitor who has requested a page; see `PresenceTable.expect`."""
        if not self.is_running:
            return
        with self._lock:
            self._table.expect(topic, key, self._now())
        self._settle()

    # Lists

    def present(self, topic: str) -> tuple[Any, ...]:
        """Return who is in a topic, in order of arrival. May be called from any thread."""
        with self._lock:
            give = self._shown.get(topic)
            if give is None:
                entries = self._table.present(topic)
                if not entries:
                    return ()
                give = self._shown[topic] = self._read(entries)
        return give()

    # Time

    def tick(self) -> None:
        """Drop entries whose lease has ended, and send a heartbeat."""
        with self._lock:
            self._table.tick(self._now(), self._channel.is_receiving)
            self._note_changes()
        self._settle()

    def advance(self, seconds: float) -> None:
        """Let time pass, in tests."""
        self._ahead += seconds
        self.tick()

    def _now(self) -> float:
        return self._clock() + self._ahead

    # Messages of other workers

    def _on_message(self, message: Message | None) -> None:
        if message is not None and message.kind != "presence":
            return
        with self._lock:
            if message is None:
                self._table.ask()
            else:
                self._table.receive(message.name, message.data, self._now())
            self._note_changes()
        loop = self._loop
        try:
            if loop is not None:
                loop.call_soon_threadsafe(self._settle)
        except RuntimeError:  # that loop has ended
            self._loop = None

    # Notifications

    def _note_changes(self) -> None:
        changed = self._table.take_changes()
        self._changed |= changed
        for topic in changed:
            self._shown.pop(topic, None)

    def _settle(self) -> None:
        """Publish changes to other workers, and notify the pages of this one."""
        loop = self._loop
        if loop is None:
            return
        with self._lock:
            due = self._changed - self._pausing
            self._changed -= due
            crowds = [(topic, self._table.count(topic)) for topic in sorted(due)]
            departure, speaks = self._table.next_departure, self._table.has_message
        for topic, count in crowds:
            self._pausing.add(topic)
            pause = max(MIN_PAUSE, MAX_PAUSE * min(1.0, count / CROWD))
            loop.call_later(pause, self._end_pause, loop, topic)
        self._channel.deliver(Message("tag", tag_of(topic)) for topic in sorted(due))
        if self._departure is not None:
            self._departure.cancel()
        if departure is not None:
            self._departure = loop.call_later(max(0.0, departure - self._now()), self.leave, ())
        if speaks and (self._sending is None or self._sending.done()):
            self._sending = self._tasks.start(self._send())

    def _end_pause(self, loop: asyncio.AbstractEventLoop, topic: str) -> None:
        self._pausing.discard(topic)
        if self._loop is loop:
            self._settle()

    async def _open(self) -> None:
        await self._channel.caught_up()
        await self._send()

    async def _send(self) -> None:
        """Send pending messages to the other workers, in order."""
        while True:
            with self._lock:
                replica, message = self._table.replica, self._table.take_message()
            if message is None:
                return
            if self._channel.route is not None:
                await self._channel.announce(Message("presence", replica, message))


def tag_of(topic: str) -> str:
    """Return the tag on which readers of a topic's list depend."""
    return f"presence:{topic}"


def _new_table() -> PresenceTable:
    return PresenceTable(secrets.token_hex(8))
