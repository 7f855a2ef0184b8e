"""The cached values of this process, and those that are being computed.

If a tag is revalidated while a value with this tag is being computed, waiting callers get the value, and are
notified of the revalidation as well. The value isn't kept.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Final

from ..actions.responses import ActionResponse
from ..pubsub.base import Message
from ..pubsub.channel import channels
from .tags import matches

MAX_ENTRIES: Final = 10_000
"""How many values are kept; the least recently read one is dropped first."""
MAX_PATHS: Final = 256
"""How many paths are kept for a value; a value read at more counts as read at all paths."""


@dataclass(slots=True, eq=False)
class Entry:
    """A cached value. `give` returns it to a reader."""

    give: Callable[[], Any]
    tags: frozenset[str]
    made: float
    paths: set[str] = field(default_factory=set)

    def read_at(self, path: str) -> None:
        """Note that the page at a path has read the value."""
        if len(self.paths) <= MAX_PATHS:
            self.paths.add(path)

    def is_of(self, message: Message) -> bool:
        """Return whether a message revalidates the value."""
        if message.kind == "tag":
            return message.name in self.tags
        if message.kind != "path":
            return False
        return len(self.paths) > MAX_PATHS or any(matches(message, path) for path in self.paths)


@dataclass(slots=True, eq=False)
class Flight:
    """A value that is being computed."""

    key: Hashable
    tags: frozenset[str]
    done: Future[Entry] = field(default_factory=Future)
    revalidated: set[str] = field(default_factory=set)
    is_outdated: bool = False
    """Whether the value can't be kept, whatever its tags turn out to be."""


class Abandoned(Exception):
    """The computation of a value was cancelled; waiting callers compute it themselves."""


class Memory:
    """All cached values. The methods are thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._lock = threading.Lock()
        self._entries: dict[Hashable, Entry] = {}
        self._keys: dict[str, set[Hashable]] = {}
        self._flights: dict[Hashable, Flight] = {}

    def kept(self, key: Hashable, ttl: float | None) -> Entry | None:
        """Return the value if there is a fresh one."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None or (ttl is not None and self.clock() - entry.made >= ttl):
                return None
            return entry

    def look(
        self, key: Hashable, tags: frozenset[str], ttl: float | None, stale: float
    ) -> tuple[Entry | None, Flight, bool]:
        """Return the value to serve; if there is none, who computes it, and whether that is the caller."""
        with self._lock:
            entry, flight = self._entries.get(key), self._flights.get(key)
            if entry is not None:
                age = self.clock() - entry.made
                fresh = ttl is None or age < ttl
                if fresh or (flight is not None and ttl is not None and age < ttl + stale):
                    self._entries[key] = self._entries.pop(key)  # least recently read first
                    return entry, flight or _NOBODY, False
            if flight is not None:
                return None, flight, False
            flight = self._flights[key] = Flight(key, tags)
            return None, flight, True

    def finish(self, flight: Flight, give: Callable[[], Any], tags: frozenset[str]) -> Entry:
        """Store a value that has been computed, and return it to waiting callers."""
        entry = Entry(give, tags, self.clock())
        with self._lock:
            self._land(flight)
            if not flight.is_outdated and not tags & flight.revalidated:
                self._put(flight.key, entry)
        flight.done.set_result(entry)
        return entry

    def fail(self, flight: Flight, error: BaseException) -> None:
        """Pass an error on to waiting callers. After a cancellation, they compute the value themselves."""
        with self._lock:
            self._land(flight)
        is_outcome = isinstance(error, (Exception, ActionResponse))
        flight.done.set_exception(error if is_outcome else Abandoned())

    def forget(self, message: Message | None) -> None:
        """Drop the values that a message revalidates; after a gap in the messages (None), all values."""
        with self._lock:
            if message is None:
                self._entries.clear()
                self._keys.clear()
            elif message.kind == "tag":
                for key in list(self._keys.get(message.name, ())):
                    self._drop(key)
            elif message.kind == "path":
                for key in [key for key, entry in self._entries.items() if entry.is_of(message)]:
                    self._drop(key)
            for flight in list(self._flights.values()):
                self._outdate(flight, message)

    def clear(self) -> None:
        """Drop all values."""
        self.forget(None)

    def __len__(self) -> int:
        return len(self._entries)

    def _outdate(self, flight: Flight, message: Message | None) -> None:
        """Note a revalidation. Later callers don't wait for a value that it concerns."""
        if message is not None and message.kind == "tag":
            flight.revalidated.add(message.name)
        elif message is None or message.kind == "path":
            flight.is_outdated = True
        if flight.is_outdated or flight.tags & flight.revalidated:
            self._land(flight)

    def _land(self, flight: Flight) -> None:
        if self._flights.get(flight.key) is flight:
            del self._flights[flight.key]

    def _put(self, key: Hashable, entry: Entry) -> None:
        self._drop(key)
        self._entries[key] = entry
        for tag in entry.tags:
            self._keys.setdefault(tag, set()).add(key)
        if len(self._entries) > MAX_ENTRIES:
            self._drop(next(iter(self._entries)))

    def _drop(self, key: Hashable) -> None:
        entry = self._entries.pop(key, None)
        for tag in entry.tags if entry is not None else ():
            keys = self._keys[tag]
            keys.discard(key)
            if not keys:
                del self._keys[tag]


_NOBODY: Final = Flight(None, frozenset())
memory: Final = Memory()
channels.listen(memory.forget)


def outdated(entry: Entry, tags: Iterable[str], paths: Iterable[tuple[str, bool]]) -> bool:
    """Return whether a run is about to revalidate a value."""
    asked = (Message("path", path, {"below": below}) for path, below in paths)
    return not entry.tags.isdisjoint(tags) or any(entry.is_of(message) for message in asked)
