"""The store's contract."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
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
SWEEP_ROWS: Final = 200
"""How many rows one sweep removes at most from each table: a millisecond's work."""


class Store(ABC):
    """Values with a time to live, shared by the workers of an application.

    What is stored may be lost (a wiped directory, a machine switched off) but is never wrong:
    callers seal what must not be altered. Calls are synchronous and take microseconds. A value
    whose time is over is not there, whether it has been swept or not. Every method raises
    `StoreError` when the store fails.
    """

    def __init__(self, clock: Clock = time.time) -> None:
        self.clock = clock
        self._swept = clock()

    @abstractmethod
    def get(self, key: str) -> bytes | None:
        """The value of `key`, or None."""

    def put(self, key: str, value: bytes, ttl: float) -> None:
        """Store `value` for `ttl` seconds, in place of what was there."""
        self.put_many([(key, value, ttl)])

    @abstractmethod
    def put_many(self, rows: Iterable[Row]) -> None:
        """Store several values: all of them or, when it raises, none."""

    @abstractmethod
    def once(self, key: str, ttl: float) -> bool:
        """True for the first of all callers within `ttl` seconds.

        These keys are apart from those of values.
        """

    @abstractmethod
    def delete(self, key: str) -> None:
        """Remove the value of `key`, if any. Claims stay."""

    @abstractmethod
    def claim(self, key: str) -> int:
        """Become the one who may `save` this key, and say by which epoch.

        Whoever claimed it before may no longer. To take over a value: claim first, then get.
        """

    @abstractmethod
    def save(self, key: str, epoch: int, value: bytes, ttl: float) -> bool:
        """Store `value` unless someone else has claimed `key` since `epoch` was handed out.

        False, and nothing is stored, if so.
        """

    def save_many(self, rows: Sequence[Claimed]) -> list[bool]:
        """`save` for several keys; says for each whether it was stored."""
        return [self.save(*row) for row in rows]

    @abstractmethod
    def sweep(self) -> int:
        """Remove what is over, a limited number at a time; says how many. Writing calls it now and then."""

    @abstractmethod
    def close(self) -> None:
        """Release what is open. A store that is used again opens anew."""

    def _sweep_if_due(self, now: float) -> None:
        if not 0 <= now - self._swept < SWEEP_SECONDS:  # below 0: the clock was set back
            more = self.sweep() >= SWEEP_ROWS
            self._swept = now - SWEEP_SECONDS if more else now


def next_epoch(now: float, last: int = 0) -> int:
    """An epoch after `last` that differs from all handed out before, also by a store that lost them."""
    return max(last + 1, int(now * 1000))
