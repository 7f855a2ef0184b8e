"""A broker that uses a table in PostgreSQL.

NOTIFY only wakes the other workers up: what it carries would be lost while one isn't listening. A worker
remembers the last message that it has read, and reads from that one on. If it is no longer there, other
messages may have been lost, too. Messages are added under a lock, so that others see them in the order of
their numbers.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from hashlib import sha256
from typing import Any, Final, TypeVar

from ..exceptions import StoreError
from ..store.base import backoff
from ..store.postgres import TABLES, TRANSIENT, check_url
from .base import GAP, Messages

try:
    import psycopg
    from psycopg import errors
except ImportError as error:  # pragma: no cover
    raise ImportError("a PostgreSQL broker needs psycopg: pip install 'liveactions[postgres]'") from error

T = TypeVar("T")
Work = Callable[["psycopg.Connection[Any]"], T]
CALL_TIMEOUT = 5.0
"""Seconds that a call waits for a server that hangs or is unreachable."""
MESSAGE_TTL: Final = 60.0
"""Seconds for which a message is kept. Workers that read less often find a gap."""
NO_POSITION: Final = -1
LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 4986347831))"
PUBLISH: Final = """
INSERT INTO liveactions_message (prefix, batch, value)
SELECT %(prefix)s, %(batch)s, value FROM unnest(%(values)s::bytea[]) WITH ORDINALITY AS given (value, place)
WHERE NOT EXISTS (SELECT 1 FROM liveactions_message WHERE prefix = %(prefix)s AND batch = %(batch)s)
ORDER BY place
"""
TRIM: Final = """
DELETE FROM liveactions_message WHERE prefix = %s AND at < clock_timestamp() - make_interval(secs => %s)
AND id < (SELECT max(id) FROM liveactions_message WHERE prefix = %s)
"""
"""The newest message is kept, however old it is."""
BEGIN: Final = """
INSERT INTO liveactions_message (prefix, batch)
SELECT %s, %s WHERE NOT EXISTS (SELECT 1 FROM liveactions_message WHERE prefix = %s)
"""
READ: Final = "SELECT id, batch, value FROM liveactions_message WHERE prefix = %s AND id >= %s ORDER BY id"


class PostgresBroker:
    """A broker for all processes that use the same `prefix` in the same database.

    Raise `ValueError` for a URL that psycopg doesn't take.
    """

    def __init__(self, server: str, prefix: str = "liveactions") -> None:
        check_url(server)
        self._server = server
        self._prefix = prefix
        self._channel = f"liveactions_{sha256(prefix.encode()).hexdigest()[:16]}"
        self._position, self._last = NO_POSITION, b""
        """The id of the last message that was read, and the batch that it came with."""
        self._connections: dict[str, psycopg.Connection[Any]] = {}
        self._lock = threading.Lock()
        self._in_use = {purpose: threading.Lock() for purpose in ("publish", "poll", "wait")}
        self._listening: psycopg.Connection[Any] | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PostgresBroker) and other._address == self._address

    def __hash__(self) -> int:
        return hash(self._address)

    @property
    def _address(self) -> tuple[str, str]:
        return self._server, self._prefix

    def publish(self, messages: Sequence[bytes]) -> None:
        values = {"prefix": self._prefix, "batch": secrets.token_bytes(12), "values": list(messages)}

        def add(connection: psycopg.Connection[Any]) -> None:
            with connection.transaction():
                connection.execute(LOCK, [self._prefix])
                connection.execute(TRIM, [self._prefix, MESSAGE_TTL, self._prefix])
                connection.execute(PUBLISH, values)
                connection.execute("SELECT pg_notify(%s, '')", [self._channel])

        self._run("publish", add)

    def poll(self) -> Messages:
        before, last = self._position, self._last
        found = self._run("poll", self._read)
        self._position, self._last, _ = found[-1]
        if before == NO_POSITION:
            return [GAP]
        if found[0][:2] == (before, last):
            return [value for _, _, value in found[1:] if value is not None]
        return [GAP, *(value for _, _, value in found if value is not None)]

    def _read(self, connection: psycopg.Connection[Any]) -> list[tuple[int, bytes, bytes | None]]:
        """Return the messages from the last one on that was read, or all if that is gone."""
        found = connection.execute(READ, [self._prefix, self._position]).fetchall()
        if not found or found[0][:2] != (self._position, self._last):
            with connection.transaction():
                connection.execute(LOCK, [self._prefix])
                connection.execute(BEGIN, [self._prefix, secrets.token_bytes(12), self._prefix])
                found = connection.execute(READ, [self._prefix, 0]).fetchall()
        return found

    def wait(self, seconds: float) -> None:
        """Return when there are messages that arrived after the first call of this method."""

        def listen(connection: psycopg.Connection[Any]) -> None:
            if connection is self._listening:
                if not list(connection.notifies(timeout=min(seconds, CALL_TIMEOUT / 2), stop_after=1)):
                    connection.execute("SELECT 1")  # fails if the server hangs
            else:  # messages may have arrived before
                connection.execute(f"LISTEN {self._channel}")
                self._listening = connection

        self._run("wait", listen)

    def close(self) -> None:
        with self._lock:
            connections, self._connections = self._connections, {}
        for connection in connections.values():
            connection.close()

    def _run(self, purpose: str, work: Work[T]) -> T:
        """Run a function with the connection. Retry if the connection is lost, for `CALL_TIMEOUT` seconds."""
        with self._in_use[purpose]:
            return self._attempts(purpose, work)

    def _attempts(self, purpose: str, work: Work[T]) -> T:
        waits, until = backoff(CALL_TIMEOUT), time.monotonic() + CALL_TIMEOUT
        while True:
            try:
                return _within(until - time.monotonic(), lambda: self._attempt(purpose, work))
            except TimeoutError as error:
                self._drop(purpose, is_hanging=True)
                raise StoreError(f"PostgreSQL has not answered for {CALL_TIMEOUT:.0f} s") from error
            except TRANSIENT as error:
                self._drop(purpose)
                pause = next(waits, None)
                if pause is None:
                    raise StoreError(f"PostgreSQL: {error}") from error
            except psycopg.Error as error:
                self._drop(purpose)
                raise StoreError(f"PostgreSQL: {error}") from error
            time.sleep(pause)

    def _attempt(self, purpose: str, work: Work[T]) -> T:
        connection = self._connections.get(purpose)
        if connection is None:
            connection = psycopg.connect(self._server, autocommit=True, prepare_threshold=None)
            with self._lock:
                self._connections[purpose] = connection
        try:
            return work(connection)
        except errors.UndefinedTable:
            connection.execute(TABLES)
            return work(connection)

    def _drop(self, purpose: str, is_hanging: bool = False) -> None:
        with self._lock:
            connection = self._connections.pop(purpose, None)
        if connection is not None and not is_hanging:  # else its thread still uses it
            connection.close()


def _within(seconds: float, call: Callable[[], T]) -> T:
    """Return the result of a function. Raise `TimeoutError` after `seconds`: its thread is abandoned."""
    answer: Future[T] = Future()

    def run() -> None:
        try:
            answer.set_result(call())
        except BaseException as error:
            answer.set_exception(error)

    threading.Thread(target=run, name="liveactions-postgres", daemon=True).start()
    return answer.result(max(0.0, seconds))
