"""A store in PostgreSQL, for workers on several machines that have one anyway.

Values are in an unlogged table, which is cheap to write, and empty after the server has crashed. A claim is
in the row of its value, so that the row's lock keeps saves and claims apart. Values expire by PostgreSQL's
clock.

The server may run a statement even though its connection was lost or its caller has given up. So a once-key
is held by a token, and a state is never replaced by one that the same worker has sent before.
"""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import socket
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import count
from typing import Any, Final
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from ..exceptions import StoreError
from .base import (
    CLAIM_SECONDS,
    SLACK,
    SWEEP_ROWS,
    ClaimedRow,
    Row,
    SweptStore,
    backoff,
    batches,
    key_bytes,
)

try:
    import psycopg
    from psycopg import errors
    from psycopg.conninfo import conninfo_to_dict
except ImportError as error:  # pragma: no cover
    raise ImportError("a PostgreSQL store needs psycopg: pip install 'liveactions[postgres]'") from error

CALL_TIMEOUT = 15.0
"""Seconds that a call waits for a server that doesn't answer, before the store counts as failed."""
CONNECTIONS: Final = 4
"""Maximum number of connections of an event loop."""
MAX_ROWS: Final = 500
MAX_BYTES: Final = 8 * 2**20
"""Rows, and bytes of their values, that one statement writes at most."""
TRANSIENT: Final = (
    psycopg.OperationalError,  # a lost connection, a server that starts or shuts down, a deadlock
    errors.ReadOnlySqlTransaction,  # a primary that has become a standby
    OSError,
)
"""Errors after which a statement is tried again."""
TABLES: Final = """
SELECT pg_advisory_xact_lock(4986347831);
CREATE UNLOGGED TABLE IF NOT EXISTS liveactions_value (
    prefix text, key bytea, value bytea, until timestamptz, epoch bigint, claimed_until timestamptz,
    sender bytea, number bigint, PRIMARY KEY (prefix, key)
) WITH (fillfactor = 70);
CREATE INDEX IF NOT EXISTS liveactions_value_until ON liveactions_value (greatest(until, claimed_until));
CREATE UNLOGGED TABLE IF NOT EXISTS liveactions_once (
    prefix text, key bytea, token bytea NOT NULL, until timestamptz NOT NULL, PRIMARY KEY (prefix, key)
);
CREATE INDEX IF NOT EXISTS liveactions_once_until ON liveactions_once (until);
CREATE UNLOGGED TABLE IF NOT EXISTS liveactions_bucket (
    prefix text, key bytea, until timestamptz NOT NULL, PRIMARY KEY (prefix, key)
);
CREATE INDEX IF NOT EXISTS liveactions_bucket_until ON liveactions_bucket (until);
CREATE TABLE IF NOT EXISTS liveactions_message (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY, prefix text NOT NULL, batch bytea NOT NULL,
    value bytea, at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX IF NOT EXISTS liveactions_message_prefix ON liveactions_message (prefix, id);
"""
GET: Final = """
SELECT value FROM liveactions_value WHERE prefix = %s AND key = %s AND until > clock_timestamp()
"""
PUT: Final = """
INSERT INTO liveactions_value (prefix, key, value, until)
SELECT %s, key, value, clock_timestamp() + make_interval(secs => ttl)
FROM unnest(%s::bytea[], %s::bytea[], %s::float8[]) AS given (key, value, ttl) ORDER BY key
ON CONFLICT (prefix, key) DO UPDATE SET value = excluded.value, until = excluded.until
"""
ONCE: Final = """
INSERT INTO liveactions_once AS known (prefix, key, token, until)
VALUES (%s, %s, %s, clock_timestamp() + make_interval(secs => %s))
ON CONFLICT (prefix, key) DO UPDATE SET token = excluded.token, until = excluded.until
WHERE known.until <= clock_timestamp() OR known.token = excluded.token
RETURNING true
"""
WITHDRAW: Final = """
DELETE FROM liveactions_once WHERE prefix = %s AND key = %s AND token = ANY(%s::bytea[])
"""
TAKE: Final = """
INSERT INTO liveactions_bucket AS known (prefix, key, until)
VALUES (%s, %s, statement_timestamp() + make_interval(secs => %s))
ON CONFLICT (prefix, key) DO UPDATE
SET until = excluded.until + greatest(known.until - statement_timestamp(), interval '0')
WHERE excluded.until + greatest(known.until - statement_timestamp(), interval '0')
    <= statement_timestamp() + make_interval(secs => %s)
RETURNING until
"""
"""It returns no row if the bucket is empty."""
BUCKET: Final = """
SELECT extract(epoch FROM until - statement_timestamp())::float8 FROM liveactions_bucket
WHERE prefix = %s AND key = %s
"""
DELETE: Final = """
UPDATE liveactions_value SET value = NULL, until = clock_timestamp(), sender = NULL
WHERE prefix = %s AND key = %s
"""
"""Its claim stays, if there is one. If not, the row is swept."""
CLAIM: Final = """
INSERT INTO liveactions_value AS known (prefix, key, epoch, claimed_until)
VALUES (
    %s, %s, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
    clock_timestamp() + make_interval(secs => %s)
)
ON CONFLICT (prefix, key) DO UPDATE
SET epoch = greatest(known.epoch + 1, excluded.epoch), claimed_until = excluded.claimed_until
RETURNING epoch
"""
SAVE: Final = """
INSERT INTO liveactions_value AS known (prefix, key, value, until, epoch, claimed_until, sender, number)
SELECT %s, key, value, clock_timestamp() + make_interval(secs => ttl), epoch,
    CASE WHEN epoch > 0 THEN clock_timestamp() + make_interval(secs => %s) END, %s, number
FROM unnest(%s::bytea[], %s::bigint[], %s::bytea[], %s::float8[], %s::bigint[])
    AS given (key, epoch, value, ttl, number) ORDER BY key
ON CONFLICT (prefix, key) DO UPDATE SET
    value = CASE WHEN known.sender = excluded.sender AND known.number > excluded.number
        THEN known.value ELSE excluded.value END,
    number = CASE WHEN known.sender = excluded.sender
        THEN greatest(known.number, excluded.number) ELSE excluded.number END,
    sender = excluded.sender,
    epoch = excluded.epoch,
    claimed_until = CASE WHEN known.epoch = excluded.epoch AND known.claimed_until > clock_timestamp()
        THEN known.claimed_until ELSE excluded.claimed_until END,
    until = CASE WHEN known.until BETWEEN
            excluded.until - (excluded.until - clock_timestamp()) / 100 AND excluded.until
        THEN known.until ELSE excluded.until END
WHERE known.claimed_until IS NULL OR known.claimed_until <= clock_timestamp()
    OR known.epoch <= excluded.epoch
RETURNING key
"""
"""A time to live that is long enough isn't changed, which saves an update of its index. If the server has
lost a claim, the next save under it restores it; a later claim replaces it."""
SWEEP: Final = f"""
DELETE FROM liveactions_value WHERE (prefix, key) IN (
    SELECT prefix, key FROM liveactions_value
    WHERE greatest(until, claimed_until) <= clock_timestamp() LIMIT {SWEEP_ROWS} FOR UPDATE SKIP LOCKED
)
"""
"""Locked rows are skipped: they are being renewed, and would be deleted all the same."""
SWEEP_ONCE, SWEEP_BUCKETS = (
    f"""
DELETE FROM {table} WHERE (prefix, key) IN (
    SELECT prefix, key FROM {table}
    WHERE until <= clock_timestamp() LIMIT {SWEEP_ROWS} FOR UPDATE SKIP LOCKED
)
"""
    for table in ("liveactions_once", "liveactions_bucket")
)


SWEEPS: Final = (SWEEP, SWEEP_ONCE, SWEEP_BUCKETS)


class Pool:
    """The connections of one event loop."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._idle: list[psycopg.AsyncConnection[Any]] = []
        self._used: dict[asyncio.Task[Any] | None, psycopg.AsyncConnection[Any]] = {}
        self._free = asyncio.Semaphore(CONNECTIONS)
        self.sender = secrets.token_bytes(8)
        """Identifies this process in the stamps of states."""
        self.numbers = count(1)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
        """Return a connection for one statement. If it is lost, close it and all idle ones."""
        async with self._free:
            connection = self._idle.pop() if self._idle else await self._connect()
            task = asyncio.current_task()
            self._used[task] = connection
            try:
                yield connection
            except BaseException as error:
                idle = self._idle if isinstance(error, TRANSIENT) else []
                for one in (connection, *idle):
                    await one.close()
                idle.clear()
                raise
            finally:
                del self._used[task]
            self._idle.append(connection)

    def abandon(self, task: asyncio.Task[Any]) -> None:
        """Make the task that waits for the server fail, and release its connection."""
        connection = self._used.get(task)
        if connection is None or connection.closed:
            task.cancel()
            return
        # Cancelling it would ask the server first.
        with socket.socket(fileno=os.dup(connection.fileno())) as line, suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)

    async def close(self) -> None:
        while self._idle:
            await self._idle.pop().close()

    async def _connect(self) -> psycopg.AsyncConnection[Any]:
        # Prepared statements don't get along with proxies that share connections.
        return await psycopg.AsyncConnection.connect(self._server, autocommit=True, prepare_threshold=None)


class PostgresStore(SweptStore):
    """A store at a URL or connection string of PostgreSQL 14 or newer. It creates its tables.

    `prefix` separates applications that use the same database. It may be used in any event loop; each has
    connections of its own. Raise `ValueError` for an invalid URL.
    """

    def __init__(self, server: str, prefix: str = "liveactions") -> None:
        super().__init__(time.monotonic)
        check_url(server)
        self._server = server
        self._prefix = prefix
        self._pools: WeakKeyDictionary[asyncio.AbstractEventLoop, Pool] = WeakKeyDictionary()
        self._unconfirmed: dict[str, list[bytes]] = {}
        """The tokens of calls of `once` that have raised, by key."""

    @property
    def server(self) -> tuple[str, str]:
        return self._server, self._prefix

    async def get(self, key: str) -> bytes | None:
        found = await self._run(GET, self._prefix, key_bytes(key))
        return bytes(found[0][0]) if found else None

    async def put_many(self, rows: Iterable[Row]) -> None:
        given = {key_bytes(key): (bytes(value), ttl) for key, value, ttl in rows}
        if given:
            values, times = zip(*given.values(), strict=True)
            await self._run(PUT, self._prefix, list(given), list(values), list(times))
            await self._sweep_if_due(self.clock())

    async def once(self, key: str, ttl: float) -> bool:
        token = secrets.token_bytes(8)
        try:
            return bool(await self._run(ONCE, self._prefix, key_bytes(key), token, ttl))
        except StoreError:
            self._unconfirmed.setdefault(key, []).append(token)
            raise

    async def withdraw(self, key: str) -> None:
        if tokens := self._unconfirmed.get(key):
            await self._run(WITHDRAW, self._prefix, key_bytes(key), tokens)
            del self._unconfirmed[key]

    async def take(self, key: str, interval: float, burst: int) -> float:
        where, most = (self._prefix, key_bytes(key)), burst * interval
        if await self._run(TAKE, *where, interval, most + SLACK):
            await self._sweep_if_due(self.clock())
            return 0.0
        found = await self._run(BUCKET, *where)
        return max(SLACK, found[0][0] + interval - most) if found else SLACK

    async def delete(self, key: str) -> None:
        await self._run(DELETE, self._prefix, key_bytes(key))

    async def claim(self, key: str) -> int:
        epoch: int = (await self._run(CLAIM, self._prefix, key_bytes(key), CLAIM_SECONDS))[0][0]
        return epoch

    async def save_many(self, rows: Sequence[ClaimedRow]) -> list[bool]:
        pool, saved = self._pool(), []
        parts = batches(rows, MAX_ROWS, MAX_BYTES)
        for batch in (batch for part in parts for batch in _without_repetition(part)):
            numbers = [next(pool.numbers) for _ in batch]
            columns = (list(column) for column in zip(*batch, strict=True))
            keys, epochs, values, times = columns
            blobs = [key_bytes(key) for key in keys]
            given = blobs, epochs, [bytes(value) for value in values], times, numbers
            found = await self._run(SAVE, self._prefix, CLAIM_SECONDS, pool.sender, *given)
            done = {bytes(key) for (key,) in found}
            saved += [blob in done for blob in blobs]
        await self._sweep_if_due(self.clock())
        return saved

    async def sweep(self) -> int:
        return sum([len(await self._run(f"{sweep} RETURNING 1")) for sweep in SWEEPS])

    async def close(self) -> None:
        pool = self._pools.pop(asyncio.get_running_loop(), None)
        if pool is not None:
            await pool.close()

    def _pool(self) -> Pool:
        loop = asyncio.get_running_loop()
        pool = self._pools.get(loop)
        if pool is None:
            pool = self._pools[loop] = Pool(self._server)
        return pool

    async def _run(self, statement: str, *values: Any) -> list[Any]:
        """Run a statement. If a connection is lost, try again for up to `CALL_TIMEOUT` seconds."""
        task = asyncio.ensure_future(self._attempts(statement, values))
        task.add_done_callback(lambda task: task.cancelled() or task.exception())
        try:
            await asyncio.wait([task], timeout=CALL_TIMEOUT)
        finally:
            if not task.done():
                self._pool().abandon(task)
        if not task.done():
            raise StoreError(f"PostgreSQL has not answered for {CALL_TIMEOUT:.0f} s")
        return task.result()

    async def _attempts(self, statement: str, values: Sequence[Any]) -> list[Any]:
        waits = backoff(CALL_TIMEOUT)
        while True:
            try:
                return await self._execute(statement, values)
            except TRANSIENT as error:
                pause = next(waits, None)
                if pause is None:
                    raise StoreError(f"PostgreSQL: {error}") from error
            except psycopg.Error as error:
                raise StoreError(f"PostgreSQL: {error}") from error
            await asyncio.sleep(pause)

    async def _execute(self, statement: str, values: Sequence[Any]) -> list[Any]:
        async with self._pool().connection() as connection:
            try:
                cursor = await connection.execute(statement, values)
            except errors.UndefinedTable:
                await connection.execute(TABLES)
                cursor = await connection.execute(statement, values)
            return list(await cursor.fetchall()) if cursor.description else []


def _without_repetition(rows: Sequence[ClaimedRow]) -> Iterator[list[ClaimedRow]]:
    """Split rows so that no part contains a key twice: a statement can write a row only once."""
    batch: dict[str, ClaimedRow] = {}
    for row in rows:
        if row[0] in batch:
            yield list(batch.values())
            batch = {}
        batch[row[0]] = row
    if batch:
        yield list(batch.values())


def check_url(server: str) -> None:
    """Raise `ValueError` if psycopg rejects a URL. The message doesn't reveal its password."""
    try:
        conninfo_to_dict(server)
    except psycopg.Error as error:
        text = str(error).strip()
        if urlsplit(server).password:  # what can't be read may be a part of it
            text = re.sub('"[^"]*"', '"…"', text)
        raise ValueError(f"the URL of the PostgreSQL server can't be used: {text}") from None
