"""A store in one SQLite file, for all workers of a machine. It is the default.

Writes aren't synced to disk: the kernel has them. Calls run in the event loop, which takes microseconds. If
another process holds the file for longer than `MOMENT`, they wait for it in a thread, in their order.

States of pages are appended to a journal (`store.journal`), which takes a tenth of the time of an SQLite
statement. A thread moves them to the file about once a second. Values in the journal and in the file have
stamps, which tell the newer one.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from ..exceptions import StoreError
from ..logs import get_logger
from ..tasks import is_loop_running
from .base import (
    CLAIM_SECONDS,
    SWEEP_ROWS,
    SWEEP_SECONDS,
    ClaimedRow,
    Clock,
    JournalRow,
    Row,
    SweptStore,
    key_bytes,
    next_epoch,
    taken,
)
from .journal import Journals
from .journal_file import Value
from .sqlite_file import SqliteFile, StoreBusy, transaction

log = get_logger(__name__)
T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]
MOMENT: Final = 0.01
"""Seconds that a call in the event loop waits while another process writes."""
BUSY_SECONDS = 2.0
"""Seconds that a call in a thread waits while another process writes, before the store counts as failed."""
MAX_EARLY: Final = 0.01
"""A saved value may expire too early, by this part of its time to live: see `RENEW`."""
GET: Final = "SELECT key, stamp, until, value FROM value WHERE key = ?"
PUT: Final = """
INSERT INTO value (key, value, until, stamp) VALUES (?, ?, ?, ?)
ON CONFLICT (key) DO UPDATE SET value = excluded.value, until = excluded.until, stamp = excluded.stamp
"""
ONCE: Final = """
INSERT INTO once (key, until) VALUES (:key, :until)
ON CONFLICT (key) DO UPDATE SET until = excluded.until WHERE until <= :now
"""
BUCKET: Final = "SELECT until FROM bucket WHERE key = ?"
TAKE: Final = "INSERT OR REPLACE INTO bucket (key, until) VALUES (?, ?)"
DELETE: Final = "DELETE FROM value WHERE key = ?"
CLAIM: Final = """
INSERT INTO claim (key, epoch, until) VALUES (?, ?, ?)
ON CONFLICT (key) DO UPDATE SET epoch = max(epoch + 1, excluded.epoch), until = excluded.until
RETURNING epoch
"""
RENEW: Final = """
UPDATE value SET value = :value, stamp = :stamp
WHERE key = :key AND until BETWEEN :enough AND :until AND stamp < :stamp
AND NOT EXISTS (SELECT 1 FROM claim WHERE key = :key AND epoch <> :epoch AND until > :now)
"""
"""`SAVE` for a value whose time to live is long enough already: not changing it takes half the time."""
SAVE: Final = """
INSERT INTO value (key, value, until, stamp)
SELECT :key, :value, :until, :stamp
WHERE NOT EXISTS (SELECT 1 FROM claim WHERE key = :key AND epoch <> :epoch AND until > :now)
ON CONFLICT (key) DO UPDATE SET value = excluded.value, until = excluded.until, stamp = excluded.stamp
WHERE :epoch IS NOT NULL OR stamp < excluded.stamp
"""
"""Without an epoch, it is a value from a journal: claims don't matter, but a newer value stays."""
APPEND: Final = "INSERT INTO message (until, value) VALUES (?, ?)"
MESSAGES: Final = "SELECT id, iif(id > :position, value, x'') FROM message WHERE id >= :position ORDER BY id"
"""The message at the position itself was read before: it is only checked whether it still exists."""
SWEEP: Final = tuple(
    f"DELETE FROM {table} WHERE key IN (SELECT key FROM {table} WHERE until <= ? LIMIT {SWEEP_ROWS})"
    for table in ("value", "once", "claim", "bucket")
)
SWEEP_MESSAGES: Final = f"""
DELETE FROM message WHERE id IN (
    SELECT id FROM message WHERE until <= ? AND id < (SELECT max(id) FROM message) LIMIT {SWEEP_ROWS}
)
"""


class SqliteStore(SweptStore):
    """A store in the file at `path`, which is created when it is first used, and readable for this user only.

    Its directory must exist. It may be used in any event loop, in any thread, and after a fork.
    """

    def __init__(self, path: str | os.PathLike[str], clock: Clock = time.time) -> None:
        super().__init__(clock)
        self.path = Path(path)
        self._quick = SqliteFile(self.path, MOMENT)
        self._patient = SqliteFile(self.path, BUSY_SECONDS)
        self._background = SqliteFile(self.path, BUSY_SECONDS)
        self._journals = Journals(self.path.with_suffix(".journals"))
        self._moving: Future[None] | None = None
        self._messages_swept = clock()
        self._waiting = 0
        """The number of calls that wait in the thread."""
        self._threads: tuple[int, ThreadPoolExecutor] | None = None

    @property
    def folder(self) -> Path:
        return self.path.with_suffix(".files")

    async def get(self, key: str) -> bytes | None:
        blob = key_bytes(key)
        saved = self._in_journals(blob)
        row = await self._run(lambda db: db.execute(GET, (blob,)).fetchone())
        found = Value(*row) if row else None
        if found is not None:
            self._journals.note_stamp(found.stamp)
        if saved is not None and (found is None or found.stamp < saved.stamp):
            found = saved
        return found.value if found is not None and found.until > self.clock() else None

    async def put_many(self, rows: Iterable[Row]) -> None:
        now, stamp = self.clock(), self._journals.stamp
        values = [(key_bytes(key), bytes(value), now + ttl, stamp()) for key, value, ttl in rows]
        await self._run(lambda db: _many(db, PUT, values))
        await self._sweep_if_due(now)

    async def once(self, key: str, ttl: float) -> bool:
        now = self.clock()
        await self._sweep_if_due(now)
        return await self._changes(ONCE, {"key": key_bytes(key), "until": now + ttl, "now": now}) == 1

    async def take(self, key: str, interval: float, burst: int) -> float:
        now, blob = self.clock(), key_bytes(key)
        await self._sweep_if_due(now)

        def work(db: sqlite3.Connection) -> float:
            with transaction(db):
                (until,) = db.execute(BUCKET, (blob,)).fetchone() or (now,)
                until, wait = taken(until, now, interval, burst)
                if not wait:
                    db.execute(TAKE, (blob, until))
                return wait

        return await self._run(work)

    async def delete(self, key: str) -> None:
        blob = key_bytes(key)
        saved = self._in_journals(blob)
        if saved is None:
            await self._changes(DELETE, (blob,))
        else:  # a newer row, so that moving the journal doesn't restore the value
            await self._changes(PUT, (blob, None, saved.until, self._journals.stamp()))

    async def claim(self, key: str) -> int:
        now, blob = self.clock(), key_bytes(key)
        since = self._journals.open()
        values = (blob, next_epoch(now), now + CLAIM_SECONDS)
        found = await self._run(lambda db: db.execute(CLAIM, values).fetchall())
        epoch: int = found[0][0]
        try:
            self._journals.note_claim(blob, epoch)
        except OSError as error:
            raise StoreError(f"{self.path}: {error}") from error
        self._journals.hold(blob, epoch, since)
        return epoch

    async def save_many(self, rows: Sequence[ClaimedRow]) -> list[bool]:
        saved = self.save_now(rows)
        if saved is not None:
            return saved
        now = self.clock()
        await self._sweep_if_due(now)
        since = self._journals.open()
        stamp = self._journals.stamp
        values = [_claimed(now, stamp(), key_bytes(key), epoch, v, now + ttl) for key, epoch, v, ttl in rows]
        saved = await self._run(lambda db: _save_all(db, values))
        for row, is_saved in zip(values, saved, strict=True):
            if is_saved:
                self._journals.hold(row["key"], row["epoch"], since)
        return saved

    def save_now(self, rows: Sequence[JournalRow]) -> list[bool] | None:
        now, journals = self.clock(), self._journals
        saved = journals.save([(key_bytes(key), epoch, value, now + ttl) for key, epoch, value, ttl in rows])
        if journals.is_full:
            self.maintain()
        return saved

    async def sweep(self) -> int:
        now = self.clock()
        return sum([await self._changes(statement, (now,)) for statement in (*SWEEP, SWEEP_MESSAGES)])

    def maintain(self) -> None:
        if self._moving is None or self._moving.done():
            self._moving = self._thread().submit(self._move, "a journal could not be moved to the store yet")

    async def close(self) -> None:
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._thread(), self._move, "a journal is left for the next process")
        self._journals.close()
        for file in (self._quick, self._patient, self._background):
            file.close()
        if self._threads is not None:
            self._threads[1].shutdown(wait=False)
            self._threads = None

    def _in_journals(self, key: bytes) -> Value | None:
        try:
            return self._journals.newest(key)
        except OSError as error:
            raise StoreError(f"{self._journals.folder}: {error}") from error

    def _move(self, otherwise: str) -> None:
        """Move journals of this process and of dead ones to the file. If that fails, log `otherwise`."""
        try:
            for journal in self._journals.due():
                for batch in journal.batches():
                    now = self.clock()
                    values = [_claimed(now, v.stamp, v.key, None, v.value or b"", v.until) for v in batch]
                    self._background.run(partial(_save_all, rows=values))
                self._journals.moved(journal)
        except (OSError, StoreError) as error:
            log.info("%s: %s", otherwise, error)

    async def _changes(self, statement: str, values: Any) -> int:
        return await self._run(lambda db: db.execute(statement, values).rowcount)

    async def _run(self, work: Work[T]) -> T:
        if not self._waiting:
            try:
                return self._quick.run(work)
            except StoreBusy:
                pass
        self._waiting += 1
        try:
            until = time.monotonic() + BUSY_SECONDS
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._thread(), self._patient.run, work, until)
        finally:
            self._waiting -= 1

    def _thread(self) -> ThreadPoolExecutor:
        if self._threads is None or self._threads[0] != os.getpid():  # a fork has no threads
            self._threads = os.getpid(), ThreadPoolExecutor(1, "liveactions-store")
        return self._threads[1]

    # The log of messages

    def append(self, messages: Sequence[bytes], ttl: float) -> None:
        """Append messages to the log of this file: all of them, or none if it raises.

        Each is kept for `ttl` seconds, the newest one until there is a newer one.
        """
        now = self.clock()
        if not 0 <= now - self._messages_swept < SWEEP_SECONDS:
            self._messages_swept = now
            self._run_here(lambda db: db.execute(SWEEP_MESSAGES, (now,)))
        values = [(now + ttl, bytes(message)) for message in messages]
        self._run_here(lambda db: _many(db, APPEND, values))

    def messages(self, position: int) -> list[tuple[int, bytes]]:
        """Return the positions and messages of the log from a position on, oldest first.

        The first entry is the one at the position itself, with an empty message, unless it has been removed.
        A new file begins with an empty message at a random position, which no other file has.
        """
        return self._run_here(lambda db: db.execute(MESSAGES, {"position": position}).fetchall())

    def _run_here(self, work: Work[T]) -> T:
        """Run it in this thread, which may wait for `BUSY_SECONDS` unless it runs an event loop."""
        if is_loop_running():
            return self._quick.run(work)
        return self._patient.run(work, time.monotonic() + BUSY_SECONDS)


def _many(db: sqlite3.Connection, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    if len(rows) == 1:
        db.execute(statement, rows[0])
        return
    with transaction(db):
        db.executemany(statement, rows)


def _save_all(db: sqlite3.Connection, rows: list[dict[str, Any]]) -> list[bool]:
    if len(rows) == 1:
        return [_save(db, rows[0])]
    with transaction(db):
        return [_save(db, values) for values in rows]


def _claimed(
    now: float, stamp: int, key: bytes, epoch: int | None, value: bytes, until: float
) -> dict[str, Any]:
    names = {"key": key, "value": bytes(value), "epoch": epoch, "stamp": stamp}
    return {**names, "now": now, "until": until, "enough": until - (until - now) * MAX_EARLY}


def _save(db: sqlite3.Connection, values: dict[str, Any]) -> bool:
    return db.execute(RENEW, values).rowcount == 1 or db.execute(SAVE, values).rowcount == 1
