"""A store that tolerates failures of another one: meanwhile, the application uses the memory of this process.

Values that are written meanwhile are handed over to the store when it works again. Values that only the store
has can't be read until then.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

from ..exceptions import StoreError
from ..logs import get_logger
from ..observation import storing
from ..tasks import Supervisor, contained
from .base import ClaimedRow, Clock, JournalRow, Row, Store
from .memory import MemoryStore

R = TypeVar("R", bound=tuple[Any, ...])
log = get_logger(__name__)
RETRY_SECONDS: Final = 1.0
"""Seconds between two attempts to reach a store that has failed."""
MAX_KEPT_BYTES: Final = 64 * 2**20
"""Maximum size of all values that are kept for a store that has failed; the oldest are dropped first."""
BATCH_ROWS: Final = 200
"""Rows that are handed over at a time."""
MAX_CLAIM_SECONDS: Final = 2 * RETRY_SECONDS
"""Seconds after which a once-key isn't claimed in memory: the request may have been repeated at another
worker.
"""
WEIGHT: Final = 0.1
"""Weight of the newest save in the moving average of the latency."""
PROBE: Final = ("probe", b"", 1.0)
"""A row that is written to test whether a store works again."""


class PendingValue(NamedTuple):
    """A value that the store doesn't have yet."""

    epoch: int | None
    """The epoch of its claim; None for a value that isn't claimed."""
    value: bytes
    until: float


class FallbackStore(Store):
    """Uses `store`, and the memory of this process while `store` fails.

    Writing never fails; other processes see the values once the store works again. Claims of states, and
    reading values that this process doesn't have, raise `StoreError` at once. Before a once-key is claimed in
    memory, the store is tried again. A key is only claimed in memory if its value is there, or if no other
    machine uses the store; otherwise, `StoreError` is raised. Failures and recoveries are logged.
    """

    def __init__(self, store: Store, clock: Clock = time.monotonic) -> None:
        self.store = store
        self._clock = clock
        self._failed_at: float | None = None
        """When the store failed; None while it works."""
        self._retry_at = 0.0
        self._reason = ""
        self._kept: dict[str, PendingValue] = {}
        self._kept_bytes = 0
        self.latency = 0.0
        """Seconds that saving takes: a moving average."""
        self._buckets = MemoryStore(clock)
        """The token buckets while the store fails, for this process alone."""
        self._once: dict[str, float] = {}
        """The once-keys that the store may not have, or must not have, and until when they are claimed."""
        self._tasks = Supervisor(lambda: "handing over to the store")
        self._recovering: asyncio.Task[None] | None = None

    @property
    def folder(self) -> Path | None:
        return self.store.folder

    @property
    def is_local(self) -> bool:
        """Whether only this machine uses the store."""
        return self.folder is not None or isinstance(self.store, MemoryStore)

    async def get(self, key: str) -> bytes | None:
        if self._works:
            try:
                return await self.store.get(key)
            except Exception as error:  # stores may raise anything
                self._fail(error)
        kept = self._kept.get(key)
        if kept is None or kept.until <= self._clock():
            raise self._error
        return kept.value

    async def put_many(self, rows: Iterable[Row]) -> None:
        rows = list(rows)
        if self._works:
            try:
                with storing():
                    return await self.store.put_many(rows)
            except Exception as error:
                self._fail(error)
        for key, value, ttl in rows:
            self._keep(key, None, value, ttl)

    async def once(self, key: str, ttl: float) -> bool:
        begun = self._clock()
        if self._works or await self._works_again():
            try:
                with storing():
                    return await self.store.once(key, ttl)
            except Exception as error:
                self._fail(error)
                self._once.setdefault(key, begun)  # withdrawn when the store works again
        now = self._clock()
        if key not in self._kept and not (self.is_local and now - begun <= MAX_CLAIM_SECONDS):
            raise self._error
        if self._once.get(key, now) > now:
            return False
        self._once[key] = now + ttl
        return True

    async def take(self, key: str, interval: float, burst: int) -> float:
        if self._works:
            try:
                return await self.store.take(key, interval, burst)
            except Exception as error:
                self._fail(error)
        return await self._buckets.take(key, interval, burst)

    async def delete(self, key: str) -> None:
        if self._works:
            try:
                return await self.store.delete(key)
            except Exception as error:
                self._fail(error)
        self._forget(key)

    async def claim(self, key: str) -> int:
        if self._works:
            try:
                return await self.store.claim(key)
            except Exception as error:
                self._fail(error)
        raise self._error

    async def save_many(self, rows: Sequence[ClaimedRow]) -> list[bool]:
        if self._works:
            try:
                begun = time.perf_counter()
                saved = await self.store.save_many(rows)
                self.latency += (time.perf_counter() - begun - self.latency) * WEIGHT
                return saved
            except Exception as error:
                self._fail(error)
        for key, epoch, value, ttl in rows:
            self._keep(key, epoch, value, ttl)
        return [True] * len(rows)

    def save_now(self, rows: Sequence[JournalRow]) -> list[bool] | None:
        if self._failed_at is None:
            try:
                return self.store.save_now(rows)
            except Exception as error:
                self._fail(error)
        return None

    async def close(self) -> None:
        if self._failed_at is not None:
            await self._recover()
        await self.store.close()

    def maintain(self) -> None:
        """Do the store's maintenance. If it has failed, try it again when that is due."""
        if self._failed_at is None:
            self.store.maintain()
            return
        if self._clock() < self._retry_at:
            return
        loop = asyncio.get_running_loop()
        task = self._recovering
        if task is None or task.done() or task.get_loop() is not loop:
            self._recovering = self._tasks.start(self._recover())

    @property
    def _works(self) -> bool:
        if self._failed_at is None:
            return True
        self.maintain()
        return False

    async def _works_again(self) -> bool:
        """Try the store that has failed, for up to `RETRY_SECONDS`. Return whether it works again."""
        self._retry_at = self._clock()
        self.maintain()
        assert self._recovering is not None
        await asyncio.wait((self._recovering,), timeout=RETRY_SECONDS)
        return self._failed_at is None

    @property
    def _error(self) -> StoreError:
        return StoreError(f"the store has failed: {self._reason}")

    def _fail(self, error: Exception) -> None:
        if self._failed_at is not None:  # calls that began before the first failure
            return
        self._failed_at, self._reason = self._clock(), str(error)
        self._retry_at = self._failed_at + RETRY_SECONDS
        log.error("the store failed: %s. Pages are kept in this process's memory until it works again", error)

    async def _recover(self) -> None:
        """Hand over the kept values. The store counts as working once it has accepted all of them."""
        try:
            await self.store.put_many([PROBE])
            count = 0
            while self._kept or self._once:
                count += await self._hand_over()
        except Exception as error:
            self._reason = str(error)
            self._retry_at = self._clock() + RETRY_SECONDS
            return
        assert self._failed_at is not None
        log.warning(
            "the store works again after %.0f s; %d values were handed over to it",
            self._clock() - self._failed_at,
            count,
        )
        self._failed_at = None

    async def _hand_over(self) -> int:
        now = self._clock()
        rows = dict(islice(self._kept.items(), BATCH_ROWS))
        claimed = [(k, r.epoch, r.value, r.until - now) for k, r in rows.items() if r.epoch is not None]
        plain = [(k, r.value, r.until - now) for k, r in rows.items() if r.epoch is None]
        await self._write(self.store.save_many, claimed)
        await self._write(self.store.put_many, plain)
        for key, row in rows.items():
            if self._kept.get(key) is row:  # else there is a newer one by now
                self._forget(key)
        for key, until in list(self._once.items()):
            await self.store.withdraw(key)  # what the store has run after it was given up
            if until > now:
                await self.store.once(key, until - now)
            if self._once[key] == until:  # else it was claimed meanwhile
                del self._once[key]
        return len(rows)

    async def _write(self, write: Callable[[list[R]], Awaitable[object]], rows: list[R]) -> None:
        """Write rows. Drop rows that the store rejects although it works."""
        try:
            if rows:
                await write(rows)
        except Exception:
            for row in rows:
                await self.store.put_many([PROBE])
                with contained("storing a value"):
                    await write([row])

    def _keep(self, key: str, epoch: int | None, value: bytes, ttl: float) -> None:
        self._forget(key)
        self._kept[key] = PendingValue(epoch, bytes(value), self._clock() + ttl)
        self._kept_bytes += len(value)
        while self._kept_bytes > MAX_KEPT_BYTES:
            self._forget(next(iter(self._kept)))

    def _forget(self, key: str) -> None:
        row = self._kept.pop(key, None)
        if row is not None:
            self._kept_bytes -= len(row.value)
