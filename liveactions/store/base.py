"""The interface of stores, and functions that several of them need."""

from __future__ import annotations

import struct
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

Clock = Callable[[], float]
"""Seconds since 1970."""
Row = tuple[str, bytes, float]
"""A key, its value, and the value's time to live in seconds."""
ClaimedRow = tuple[str, int, bytes, float]
"""A key, the epoch of its claim, its value, and the value's time to live in seconds."""


class SplitValue:
    """A value in two parts: a `base`, which several values share as the same object, and the `rest`.

    A journal only writes the base once. The bytes of the value are `MARK`, the length of the base, and both
    parts.
    """

    __slots__ = ("base", "rest")
    MARK: Final = b"\0"
    HEAD: Final = struct.Struct(">cI")

    def __init__(self, base: bytes, rest: bytes) -> None:
        self.base = base
        self.rest = rest

    def __bytes__(self) -> bytes:
        return b"".join((self.HEAD.pack(self.MARK, len(self.base)), self.base, self.rest))

    @classmethod
    def read(cls, value: bytes) -> SplitValue | None:
        """Return the parts of a value; None if it isn't in two parts."""
        if len(value) < cls.HEAD.size or not value.startswith(cls.MARK):
            return None
        start, (_, size) = cls.HEAD.size, cls.HEAD.unpack_from(value)
        return cls(value[start : start + size], value[start + size :])


JournalRow = tuple[str, int, bytes | SplitValue, float]
"""A `ClaimedRow` that a journal can append: its value may be in two parts."""
CLAIM_SECONDS: Final = 24 * 3600.0
"""Seconds for which a claim is kept: at least as long as the values of claimed keys."""
SWEEP_SECONDS: Final = 30.0
"""Seconds between two automatic sweeps. After a sweep that has reached its limit, the next write sweeps,
too.
"""
SLACK: Final = 0.001
"""Seconds by which a token of a bucket may be early, because sums of floats aren't exact."""
SWEEP_ROWS: Final = 200
"""Maximum number of rows that a sweep removes from each table, which takes about a millisecond."""
FIRST_PAUSE: Final = 0.02
LONGEST_PAUSE: Final = 0.5
"""Seconds between two attempts; see `backoff`."""


class Store(ABC):
    """Values with a time to live, shared by the workers of an application.

    Values may be lost (a wiped directory, a power failure), but are never wrong. Callers seal values that
    must not be altered. An expired value counts as missing, whether or not it has been removed.

    Methods are coroutines. Those of a store in this process don't suspend; those of a store on the network
    never block the event loop. Each raises `StoreError` if the store fails, or doesn't respond within its
    time limit. After a timeout, it may have done the work nevertheless.
    """

    @property
    def folder(self) -> Path | None:
        """The folder for files next to the store; None if it has none."""
        return None

    @property
    def server(self) -> tuple[str, str] | None:
        """The URL of the store's server, and the prefix of its keys; None for a store without a URL."""
        return None

    @abstractmethod
    async def get(self, key: str) -> bytes | None:
        """Return the value of `key`, or None."""

    async def put(self, key: str, value: bytes, ttl: float) -> None:
        """Store `value` for `ttl` seconds. Replace a previous value."""
        await self.put_many([(key, value, ttl)])

    @abstractmethod
    async def put_many(self, rows: Iterable[Row]) -> None:
        """Store several values in one round trip: all of them, or none if it raises."""

    @abstractmethod
    async def once(self, key: str, ttl: float) -> bool:
        """Return whether this is the first call for `key` within `ttl` seconds, in any process.

        These keys are separate from those of values.
        """

    async def withdraw(self, key: str) -> None:  # noqa: B027 - most stores run a call at once, or never
        """Undo the calls of `once` for `key` by this process that have raised: the server may have run them
        later.
        """

    @abstractmethod
    async def take(self, key: str, interval: float, burst: int) -> float:
        """Take a token from the token bucket of `key`, and return 0. If it is empty, return the seconds until
        there is a token.

        A bucket starts with `burst` tokens, its maximum, and regains one every `interval` seconds. These keys
        are separate from the others. A call that is repeated after a lost connection may take two tokens.
        """

    @abstractmethod
    async def delete(self, key: str) -> None:
        """Remove the value of `key`, if any. Claims stay."""

    @abstractmethod
    async def claim(self, key: str) -> int:
        """Claim a key, and return the positive epoch of the claim. Only the newest claim may `save`.

        To take over a value, claim it first, and then get it. A new key that no other process can know needs
        no claim: save it with epoch 0.
        """

    async def save(self, key: str, epoch: int, value: bytes, ttl: float) -> bool:
        """Store `value` if `epoch` is that of the newest claim of `key`. Otherwise, return False."""
        return (await self.save_many([(key, epoch, value, ttl)]))[0]

    @abstractmethod
    async def save_many(self, rows: Sequence[ClaimedRow]) -> list[bool]:
        """Save several values in one round trip. Return for each whether it was stored."""

    def save_now(self, rows: Sequence[JournalRow]) -> list[bool] | None:
        """Like `save_many`, but without suspending. Return None if that isn't possible now.

        Don't call this while `save_many` is running.
        """
        return None

    def maintain(self) -> None:  # noqa: B027 - most stores have nothing to do
        """Start maintenance that is due, without blocking. The event loop calls this about once a second."""

    @abstractmethod
    async def close(self) -> None:
        """Release connections and files. If the store is used again, it opens them again."""


class SweptStore(Store):
    """A store that removes expired rows itself, some of them with each write."""

    def __init__(self, clock: Clock = time.time) -> None:
        self.clock = clock
        self._swept = clock()

    @abstractmethod
    async def sweep(self) -> int:
        """Remove expired rows, up to `SWEEP_ROWS` per table, and return how many. Writes call it."""

    async def _sweep_if_due(self, now: float) -> None:
        if not 0 <= now - self._swept < SWEEP_SECONDS:  # below 0: the clock was set back
            self._swept = now
            if await self.sweep() >= SWEEP_ROWS:
                self._swept = now - SWEEP_SECONDS


def taken(until: float, now: float, interval: float, burst: int) -> tuple[float, float]:
    """Take a token from a bucket that will be full at `until`. Return when it will be full after that, and
    the seconds until there is a token: 0 if one was taken.

    A store only has to keep the time at which a bucket will be full.
    """
    if until - now > burst * interval + SLACK:  # the clock was set back
        until = now
    later = max(until, now) + interval
    wait = later - now - burst * interval
    return (until, wait) if wait > SLACK else (later, 0.0)


def batches(rows: Sequence[ClaimedRow], most: int, most_bytes: int) -> Iterator[list[ClaimedRow]]:
    """Split rows into batches of at most `most` rows and `most_bytes` bytes. A larger row is its own
    batch.
    """
    batch: list[ClaimedRow] = []
    size = 0
    for row in rows:
        if batch and (len(batch) == most or size + len(row[2]) > most_bytes):
            yield batch
            batch, size = [], 0
        batch.append(row)
        size += len(row[2])
    if batch:
        yield batch


def key_bytes(key: str) -> bytes:
    """Return a key as bytes. Keys may come from outside, and contain characters that can't be encoded."""
    return key.encode(errors="surrogatepass")


def next_epoch(now: float, last: int = 0) -> int:
    """Return an epoch that is greater than `last`, and than those that the store returned before losing
    data.
    """
    return max(last + 1, int(now * 1_000_000))


def backoff(seconds: float) -> Iterator[float]:
    """Yield the seconds to wait before each further attempt, until `seconds` have passed.

    Each pause is twice as long as the previous one, up to `LONGEST_PAUSE`.
    """
    return _backoff(time.monotonic() + seconds)


def _backoff(until: float) -> Iterator[float]:
    pause = FIRST_PAUSE
    while time.monotonic() + pause <= until:
        yield pause
        pause = min(2 * pause, LONGEST_PAUSE)
