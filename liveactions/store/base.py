"""The store's contract, and what several engines need."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

Clock = Callable[[], float]
"""Seconds since 1970."""
Row = tuple[str, bytes, float]
"""A key, its value, and the value's time to live in seconds."""
Claimed = tuple[str, int, bytes, float]
"""A key, the epoch of its claim, its value, and the value's time to live in seconds."""
CLAIM_SECONDS: Final = 24 * 3600.0
"""How long a claim is remembered: longer than anything lives that another has taken over."""
SWEEP_SECONDS: Final = 30.0
"""The time between two automatic sweeps, unless the last one left something to do."""
SLACK: Final = 0.001
"""Seconds by which a token of a bucket may be early: sums of floats aren't exact."""
SWEEP_ROWS: Final = 200
"""How many rows one sweep removes at most from each table: a millisecond's work."""
FIRST_PAUSE: Final = 0.02
LONGEST_PAUSE: Final = 0.5


class Store(ABC):
    """Values with a time to live, shared by the workers of an application.

    What is stored may be lost (a wiped directory, a machine switched off) but is never wrong:
    callers seal what must not be altered. A value whose time is over is not there, whether it has
    been removed or not.

    Methods are coroutines: an engine in this process answers without suspending, one on the network
    never keeps the event loop waiting. Each raises `StoreError` when the store fails, and when it has
    not answered after a time that the engine chooses; it may have done what it was asked to then.
    """

    @property
    def folder(self) -> Path | None:
        """The folder for files of what is stored; None for a store that has no place for files."""
        return None

    @property
    def server(self) -> tuple[str, str] | None:
        """URL of the server that it is on, and its prefix there; None for a store that no URL names."""
        return None

    @abstractmethod
    async def get(self, key: str) -> bytes | None:
        """Return the value of `key`, or None."""

    async def put(self, key: str, value: bytes, ttl: float) -> None:
        """Store `value` for `ttl` seconds, in place of what was there."""
        await self.put_many([(key, value, ttl)])

    @abstractmethod
    async def put_many(self, rows: Iterable[Row]) -> None:
        """Store several values in one round trip: all of them or, when it raises, none."""

    @abstractmethod
    async def once(self, key: str, ttl: float) -> bool:
        """Return True to the first of all callers within `ttl` seconds.

        These keys are apart from those of values.
        """

    @abstractmethod
    async def take(self, key: str, interval: float, burst: int) -> float:
        """Take a token from the bucket of `key` and return 0; or, from an empty one, take nothing and return
        the seconds until there is a token.

        A bucket holds `burst` tokens at first and at most, and gets one back every `interval` seconds. These
        keys are apart from the others. A call that is repeated because its connection was lost may take two.
        """

    @abstractmethod
    async def delete(self, key: str) -> None:
        """Remove the value of `key`, if any. Claims stay."""

    @abstractmethod
    async def claim(self, key: str) -> int:
        """Become the one who may `save` this key, and return the claim's epoch, which is above 0.

        The previous holder of the claim no longer may. To take over a value: claim first, then get. The
        first holder of a key that nobody else knows needs no claim: it saves with the epoch 0.
        """

    async def save(self, key: str, epoch: int, value: bytes, ttl: float) -> bool:
        """Store `value` unless someone else has claimed `key` since `epoch` was handed out.

        Return False, and store nothing, if so.
        """
        return (await self.save_many([(key, epoch, value, ttl)]))[0]

    @abstractmethod
    async def save_many(self, rows: Sequence[Claimed]) -> list[bool]:
        """`save` several keys in one round trip; return for each whether it was stored."""

    def save_now(self, rows: Sequence[Claimed]) -> list[bool] | None:
        """Do what `save_many` does without waiting for anything. Return None where that isn't possible now.

        It is for calls that come one after the other, and not while `save_many` is under way.
        """
        return None

    def tend(self) -> None:  # noqa: B027 - most stores have nothing to do
        """Do what is due, beside the event loop. It is called there about once a second."""

    @abstractmethod
    async def close(self) -> None:
        """Release what is open. A store that is used again opens again."""


class SweptStore(Store):
    """A store that removes what is over itself, some rows at each write."""

    def __init__(self, clock: Clock = time.time) -> None:
        self.clock = clock
        self._swept = clock()

    @abstractmethod
    async def sweep(self) -> int:
        """Remove what is over, a limited number at a time; return how many. Writing calls it now and then."""

    async def _sweep_if_due(self, now: float) -> None:
        if not 0 <= now - self._swept < SWEEP_SECONDS:  # below 0: the clock was set back
            self._swept = now
            if await self.sweep() >= SWEEP_ROWS:
                self._swept = now - SWEEP_SECONDS


def taken(until: float, now: float, interval: float, burst: int) -> tuple[float, float]:
    """Take a token from a bucket. Return when it is full again, which is all that a store keeps of a bucket,
    and the seconds until there is a token: 0 if one was taken.

    `until` is when it would have been full without.
    """
    if until - now > burst * interval + SLACK:  # the clock was set back
        until = now
    later = max(until, now) + interval
    wait = later - now - burst * interval
    return (until, wait) if wait > SLACK else (later, 0.0)


def batches(rows: Sequence[Claimed], most: int, most_bytes: int) -> Iterator[list[Claimed]]:
    """Split rows so that no part has more than so many, or more bytes of values unless it is a single row."""
    batch: list[Claimed] = []
    size = 0
    for row in rows:
        if batch and (len(batch) == most or size + len(row[2]) > most_bytes):
            yield batch
            batch, size = [], 0
        batch.append(row)
        size += len(row[2])
    if batch:
        yield batch


def next_epoch(now: float, last: int = 0) -> int:
    """Return an epoch after `last`, and unlike all that a store has handed out which has lost them."""
    return max(last + 1, int(now * 1_000_000))


def pauses(patience: float) -> Iterator[float]:
    """Return the seconds to wait before each further attempt to reach a server.

    They end when `patience` seconds have passed.

    Each pause is twice as long as the one before, up to half a second.
    """
    return _pauses(time.monotonic() + patience)


def _pauses(until: float) -> Iterator[float]:
    pause = FIRST_PAUSE
    while time.monotonic() + pause <= until:
        yield pause
        pause = min(2 * pause, LONGEST_PAUSE)
