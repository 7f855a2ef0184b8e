"""A store within one process."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from itertools import islice
from threading import Lock
from typing import TypeVar

from .base import CLAIM_SECONDS, SWEEP_ROWS, ClaimedRow, Clock, Row, SweptStore, next_epoch, taken

T = TypeVar("T")
Table = dict[str, tuple[T, float]]
"""Values by key, each with the time at which it expires."""


class MemoryStore(SweptStore):
    """A store that is lost with its process: for tests, and for a single worker."""

    def __init__(self, clock: Clock = time.time) -> None:
        super().__init__(clock)
        self._values: Table[bytes] = {}
        self._once: Table[None] = {}
        self._claims: Table[int] = {}
        self._buckets: Table[None] = {}
        self._lock = Lock()

    async def get(self, key: str) -> bytes | None:
        value, until = self._values.get(key, (None, 0.0))
        return value if until > self.clock() else None

    async def put_many(self, rows: Iterable[Row]) -> None:
        now = self.clock()
        with self._lock:
            self._values.update({key: (bytes(value), now + ttl) for key, value, ttl in rows})
        await self._sweep_if_due(now)

    async def once(self, key: str, ttl: float) -> bool:
        now = self.clock()
        await self._sweep_if_due(now)
        with self._lock:
            _, until = self._once.get(key, (None, now))
            if until > now:
                return False
            self._once[key] = (None, now + ttl)
            return True

    async def take(self, key: str, interval: float, burst: int) -> float:
        now = self.clock()
        await self._sweep_if_due(now)
        with self._lock:
            _, until = self._buckets.get(key, (None, now))
            until, wait = taken(until, now, interval, burst)
            self._buckets[key] = (None, until)
            return wait

    async def delete(self, key: str) -> None:
        with self._lock:
            self._values.pop(key, None)

    async def claim(self, key: str) -> int:
        now = self.clock()
        with self._lock:
            last, _ = self._claims.get(key, (0, now))
            epoch = next_epoch(now, last)
            self._claims[key] = (epoch, now + CLAIM_SECONDS)
            return epoch

    async def save_many(self, rows: Sequence[ClaimedRow]) -> list[bool]:
        now = self.clock()
        await self._sweep_if_due(now)
        with self._lock:
            return [self._save(now, *row) for row in rows]

    def _save(self, now: float, key: str, epoch: int, value: bytes, ttl: float) -> bool:
        holder, until = self._claims.get(key, (epoch, now))
        if holder != epoch and until > now:
            return False
        self._values[key] = (bytes(value), now + ttl)
        return True

    async def sweep(self) -> int:
        now = self.clock()
        with self._lock:
            return sum(
                (
                    _sweep(self._values, now),
                    _sweep(self._once, now),
                    _sweep(self._claims, now),
                    _sweep(self._buckets, now),
                )
            )

    async def close(self) -> None:
        """Do nothing: the values are kept."""


def _sweep(table: Table[T], now: float) -> int:
    over = list(islice((key for key, (_, until) in table.items() if until <= now), SWEEP_ROWS))
    for key in over:
        del table[key]
    return len(over)
