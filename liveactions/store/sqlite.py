"""The tables of the SQLite store, and the statements on them.

Where an application's store is kept when nobody says.

A store in one SQLite file, for all workers of a machine.

The file survives a killed process, since what has been written is the kernel's. It is not synced:
after a power failure it may be damaged, and then it is made anew and the old one
set aside, as it is when it comes from another version. Whoever makes it anew moves it into place
as a whole, under a lock, and the others notice by its inode that theirs is no longer the one at
the path.
"""

from __future__ import annotations

import os
import re
import sqlite3
import stat
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from hashlib import sha256
from logging import getLogger
from pathlib import Path
from threading import RLock
from typing import Any, Final, TypeVar

from ..exceptions import StoreError
from ..store import sqlite as schema
from .base import CLAIM_SECONDS, SWEEP_ROWS, Claimed, Clock, Row, Store, next_epoch

VERSION: Final = 2
"""Changes with the tables; a file of another version is made anew."""
APPLICATION: Final = 0x4C697665
"""Says that a file is a store (SQLite's "application id"); no other file is ever replaced."""
TABLES: Final = f"""
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS value (key BLOB PRIMARY KEY, until REAL NOT NULL, value BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS once (key BLOB PRIMARY KEY, until REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS claim (
    key BLOB PRIMARY KEY, until REAL NOT NULL, epoch INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS message (id INTEGER PRIMARY KEY, until REAL NOT NULL, value BLOB NOT NULL);
INSERT INTO message VALUES (abs(random() / 4), 0, x'');
CREATE INDEX IF NOT EXISTS message_until ON message (until);
CREATE INDEX IF NOT EXISTS value_until ON value (until);
CREATE INDEX IF NOT EXISTS once_until ON once (until);
CREATE INDEX IF NOT EXISTS claim_until ON claim (until);
PRAGMA application_id = {APPLICATION};
PRAGMA user_version = {VERSION};
COMMIT;
"""
GET: Final = "SELECT value FROM value WHERE key = ? AND until > ?"
PUT: Final = """
INSERT INTO value (key, value, until) VALUES (?, ?, ?)
ON CONFLICT (key) DO UPDATE SET value = excluded.value, until = excluded.until
"""
ONCE: Final = """
INSERT INTO once (key, until) VALUES (:key, :until)
ON CONFLICT (key) DO UPDATE SET until = excluded.until WHERE until <= :now
"""
DELETE: Final = "DELETE FROM value WHERE key = ?"
CLAIM: Final = """
INSERT INTO claim (key, epoch, until) VALUES (?, ?, ?)
ON CONFLICT (key) DO UPDATE SET epoch = max(epoch + 1, excluded.epoch), until = excluded.until
RETURNING epoch
"""
RENEW: Final = """
UPDATE value SET value = :value WHERE key = :key AND until BETWEEN :enough AND :until
AND NOT EXISTS (SELECT 1 FROM claim WHERE key = :key AND epoch <> :epoch AND until > :now)
"""
"""`SAVE` where the value lives long enough as it is: leaving its time alone is half the work."""
SAVE: Final = """
INSERT INTO value (key, value, until)
SELECT :key, :value, :until
WHERE NOT EXISTS (SELECT 1 FROM claim WHERE key = :key AND epoch <> :epoch AND until > :now)
ON CONFLICT (key) DO UPDATE SET value = excluded.value, until = excluded.until
"""
APPEND: Final = "INSERT INTO message (until, value) VALUES (?, ?)"
MESSAGES: Final = "SELECT id, iif(id > ?1, value, x'') FROM message WHERE id >= ?1 ORDER BY id"
"""What is at a position needn't be read again: it only has to be there."""
SWEEP: Final = tuple(
    f"DELETE FROM {table} WHERE key IN (SELECT key FROM {table} WHERE until <= ? LIMIT {SWEEP_ROWS})"
    for table in ("value", "once", "claim")
) + (
    f"""DELETE FROM message WHERE id IN (
        SELECT id FROM message WHERE until <= ? AND id < (SELECT max(id) FROM message) LIMIT {SWEEP_ROWS}
    )""",
)


def default_path(name: str, environment: Mapping[str, str] = os.environ) -> Path:
    """The file of the application `name`, in a directory that is this user's alone.

    The same for all its workers and after a restart. It is in the run time directory of the
    user's session or in the directory for temporary files: what it holds may be lost at a reboot.
    `StoreError` when the directory belongs to someone else or others can look into it.
    """
    runtime = environment.get("XDG_RUNTIME_DIR", "")
    parent = Path(runtime if os.path.isdir(runtime) else tempfile.gettempdir())
    directory = _private(parent / f"liveactions-{_user()}")
    readable = re.sub(r"[^\w.-]+", "-", name)[-40:].strip("-.")
    digest = sha256(name.encode()).hexdigest()[:12]
    # The version is in the name: during a deploy the old and the new one don't fight for one file.
    return directory / f"{readable}-{digest}-v{VERSION}.sqlite"


def files_beside(store: Store) -> Path | None:
    """Where files lie that belong to what a store keeps; None for a store that is in no file."""
    path: Path | None = getattr(store, "path", None)
    return path and path.with_suffix(".files")


def _user() -> str:
    return str(os.getuid()) if hasattr(os, "getuid") else re.sub(r"\W+", "-", os.environ.get("USERNAME", ""))


def _private(directory: Path) -> Path:
    try:
        directory.mkdir(mode=0o700, exist_ok=True)
        found = directory.lstat()
    except OSError as error:
        raise StoreError(f"can't create the store: {error}; pass a store= with a path of your own") from error
    if not stat.S_ISDIR(found.st_mode):
        raise StoreError(f"can't create the store: {directory} is not a directory")
    if hasattr(os, "getuid") and (found.st_uid != os.getuid() or found.st_mode & 0o077):
        raise StoreError(f"{directory} must belong to this user and not be accessible to others (chmod 700)")
    return directory


if sys.platform != "win32":
    import fcntl
T = TypeVar("T")
log = getLogger(__name__)
SLACK = 100
"""A saved value may live a hundredth of its time shorter than the last save asked for."""
BUSY_SECONDS = 5.0
"""How long a call waits for another process's write."""
_inherited: list[sqlite3.Connection] = []
"""Connections that came through a fork: closing them here would harm the parent's."""


class SqliteStore(Store):
    """A store in the file at `path`, which is created, for this user only, at the first use.

    Its directory must exist. May be used from any thread and after a fork.
    """

    def __init__(self, path: str | os.PathLike[str], clock: Clock = time.time) -> None:
        super().__init__(clock)
        self.path = Path(path)
        self._open: sqlite3.Connection | None = None
        self._inode = 0
        self._pid = 0
        self._lock = RLock()

    def get(self, key: str) -> bytes | None:
        values = (_blob(key), self.clock())
        found = self._run(lambda db: db.execute(schema.GET, values).fetchone())
        return found[0] if found else None

    def put_many(self, rows: Iterable[Row]) -> None:
        now = self.clock()
        values = [(_blob(key), bytes(value), now + ttl) for key, value, ttl in rows]
        self._run(lambda db: _many(db, schema.PUT, values))
        self._sweep_if_due(now)

    def once(self, key: str, ttl: float) -> bool:
        now = self.clock()
        self._sweep_if_due(now)
        return self._changes(schema.ONCE, {"key": _blob(key), "until": now + ttl, "now": now}) == 1

    def delete(self, key: str) -> None:
        self._changes(schema.DELETE, (_blob(key),))

    def claim(self, key: str) -> int:
        now = self.clock()
        values = (_blob(key), next_epoch(now), now + CLAIM_SECONDS)
        epoch: int = self._run(lambda db: db.execute(schema.CLAIM, values).fetchall())[0][0]
        return epoch

    def save(self, key: str, epoch: int, value: bytes, ttl: float) -> bool:
        now = self.clock()
        self._sweep_if_due(now)
        values = _claimed(now, key, epoch, value, ttl)
        return self._run(lambda db: _save(db, values))

    def save_many(self, rows: Sequence[Claimed]) -> list[bool]:
        now = self.clock()
        self._sweep_if_due(now)
        values = [_claimed(now, *row) for row in rows]
        return self._run(lambda db: _save_all(db, values))

    def append(self, messages: Sequence[bytes], ttl: float) -> None:
        """Add messages to the log of this file: all of them or, when it raises, none.

        Each is kept for `ttl` seconds; the newest one until there is a newer one.
        """
        now = self.clock()
        self._sweep_if_due(now)
        values = [(now + ttl, bytes(message)) for message in messages]
        self._run(lambda db: _many(db, schema.APPEND, values))

    def messages(self, position: int) -> list[tuple[int, bytes]]:
        """The log from a position on, oldest first: positions and messages. The first is at the position
        itself, and empty, unless it isn't kept any more. A new file has one that is empty at a position
        which no other file has.
        """
        rows: list[tuple[int, bytes]] = self._run(
            lambda db: db.execute(schema.MESSAGES, (position,)).fetchall()
        )
        return rows

    def sweep(self) -> int:
        now = self.clock()
        return sum(self._changes(statement, (now,)) for statement in schema.SWEEP)

    def close(self) -> None:
        with self._lock:
            if self._open and self._pid == os.getpid():
                with _locked(self.path):
                    self._open.close()
            self._open = None

    def _changes(self, statement: str, values: Any) -> int:
        return self._run(lambda db: db.execute(statement, values).rowcount)

    def _run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What `work` returns; once more, on a new file, when the file is found damaged."""
        with self._lock:
            try:
                try:
                    return work(self._connection())
                except sqlite3.DatabaseError as error:
                    if not _damaged(error):
                        raise
                    self._replace(str(error))
                    return work(self._connection())
            except (sqlite3.Error, OSError) as error:
                raise StoreError(f"{self.path}: {error}") from error

    def _connection(self) -> sqlite3.Connection:
        if self._open:
            if self._pid != os.getpid():
                _inherited.append(self._open)
            elif _inode(self.path) == self._inode:
                return self._open
            else:
                self._open.close()
        self._open = None
        with _locked(self.path):
            reason = _unusable(self.path)
            if reason is not None:
                _create(self.path, reason)
            self._open, self._inode, self._pid = _connect(self.path), _inode(self.path), os.getpid()
        return self._open

    def _replace(self, reason: str) -> None:
        """Make the file anew, unless another process has done so."""
        with _locked(self.path):
            same = _inode(self.path) == self._inode
            if self._open:
                self._open.close()
                self._open = None
            if same:
                _create(self.path, reason)


def _many(db: sqlite3.Connection, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    if len(rows) == 1:
        db.execute(statement, rows[0])
        return
    with _transaction(db):
        db.executemany(statement, rows)


def _save_all(db: sqlite3.Connection, rows: list[dict[str, Any]]) -> list[bool]:
    if len(rows) == 1:
        return [_save(db, rows[0])]
    with _transaction(db):
        return [_save(db, values) for values in rows]


def _claimed(now: float, key: str, epoch: int, value: bytes, ttl: float) -> dict[str, Any]:
    until = now + ttl
    names = {"key": _blob(key), "value": bytes(value), "epoch": epoch}
    return {**names, "now": now, "until": until, "enough": until - ttl / SLACK}


def _save(db: sqlite3.Connection, values: dict[str, Any]) -> bool:
    return db.execute(schema.RENEW, values).rowcount == 1 or db.execute(schema.SAVE, values).rowcount == 1


@contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute(f"PRAGMA journal_size_limit = {16 * 2**20}")
    except BaseException:
        connection.close()
        raise
    return connection


def _unusable(path: Path) -> str | None:
    """Why the file must be made anew, "" when there is none; None when it can be used.

    `StoreError` when it is someone's database, which is certainly not meant.
    """
    if not _inode(path):
        return ""
    try:
        with closing(_connect(path)) as connection:
            application, version, tables = connection.execute(
                "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema)"
                " FROM pragma_application_id, pragma_user_version"
            ).fetchone()
    except sqlite3.DatabaseError as error:
        if not _damaged(error):
            raise
        return str(error)
    if tables and application != schema.APPLICATION:
        raise StoreError(f"{path} is another application's database")
    return None if version == schema.VERSION else f"it has version {version}, not {schema.VERSION}"


def _damaged(error: sqlite3.Error) -> bool:
    """Whether the file itself is at fault, not the disk, the rights or another process."""
    missing = isinstance(error, sqlite3.OperationalError) and "no such table" in str(error)
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return missing or code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _create(path: Path, reason: str) -> None:
    """Put a new, empty store at `path`. The caller holds the lock."""
    if reason:
        log.warning("Could not open store %s (%s); creating an empty one", path, reason)
    fresh = path.with_name(path.name + ".new")
    _move(fresh, None)
    os.close(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    with closing(_connect(fresh)) as connection:
        connection.executescript(schema.TABLES)
    # With its journals, which would otherwise be played into the new file.
    _move(path, path.with_name(path.name + ".damaged") if reason else None)
    os.replace(fresh, path)


def _move(path: Path, target: Path | None) -> None:
    """Move a database with its journals, or remove it."""
    for suffix in ("-shm", "-wal", ""):
        with suppress(FileNotFoundError):
            if target:
                os.replace(f"{path}{suffix}", f"{target}{suffix}")
            else:
                os.unlink(f"{path}{suffix}")


def _blob(key: str) -> bytes:
    return key.encode(errors="surrogatepass")  # keys may come from outside


def _inode(path: Path) -> int:
    try:
        return os.stat(path).st_ino
    except FileNotFoundError:
        return 0


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Held by the one process that opens or makes the file."""
    lock = os.open(f"{path}.lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        if sys.platform != "win32":
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
