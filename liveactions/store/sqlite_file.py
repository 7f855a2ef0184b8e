"""One SQLite file, shared by the processes of a machine.

The file survives a killed process, because written data is held by the kernel. It isn't synced to disk, so
a power failure may damage it. A damaged file, or one of another version, is renamed and replaced by an empty
one. The process that replaces it builds the new file first and moves it into place under a lock; the others
notice that the inode at the path has changed.
"""

from __future__ import annotations

import os
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from threading import RLock
from typing import Final, TypeVar

from ..exceptions import StoreError
from ..logs import get_logger

VERSION: Final = 4
"""Version of the tables. Files of other versions are replaced."""
APPLICATION: Final = 0x4C697665
"""SQLite's "application id" of stores. Files with another one are never replaced."""
TABLES: Final = f"""
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS value (
    key BLOB PRIMARY KEY, until REAL NOT NULL, stamp INTEGER NOT NULL, value BLOB
);
CREATE TABLE IF NOT EXISTS once (key BLOB PRIMARY KEY, until REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS claim (
    key BLOB PRIMARY KEY, until REAL NOT NULL, epoch INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS bucket (key BLOB PRIMARY KEY, until REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS message (id INTEGER PRIMARY KEY, until REAL NOT NULL, value BLOB NOT NULL);
INSERT INTO message VALUES (abs(random() / 4), 0, x'');
CREATE INDEX IF NOT EXISTS message_until ON message (until);
CREATE INDEX IF NOT EXISTS value_until ON value (until);
CREATE INDEX IF NOT EXISTS once_until ON once (until);
CREATE INDEX IF NOT EXISTS claim_until ON claim (until);
CREATE INDEX IF NOT EXISTS bucket_until ON bucket (until);
PRAGMA application_id = {APPLICATION};
PRAGMA user_version = {VERSION};
COMMIT;
"""
if sys.platform != "win32":
    import fcntl
T = TypeVar("T")
log = get_logger(__name__)
LOCK_INTERVAL: Final = 0.002
"""Seconds between two attempts to lock a file."""
_inherited: list[sqlite3.Connection] = []
"""Connections inherited by a fork. Closing them here would break the parent's."""


class StoreBusy(StoreError):
    """Another process holds the file."""


class SqliteFile:
    """A database in the file at `path`, which is created when it is first used, for this user only.

    Its directory is created again if it was removed. It may be used from any thread, and after a fork.
    """

    def __init__(self, path: Path, patience: float) -> None:
        self.path = path
        self.patience = patience
        """Seconds that a call waits for other processes."""
        self._had_directory = path.parent.is_dir()
        self._open: sqlite3.Connection | None = None
        self._inode = 0
        self._pid = 0
        self._lock = RLock()

    def run(self, work: Callable[[sqlite3.Connection], T], until: float | None = None) -> T:
        """Return the result of `work`. If the file is damaged, run it once more on a new file.

        Wait for other processes until `until` (`time.monotonic`), by default for `patience` seconds. Raise
        `StoreBusy` if they take longer, and `StoreError` if the store fails otherwise.
        """
        with self._lock:
            if until is not None:
                self._wait_until(until)
            try:
                try:
                    return work(self._connection())
                except sqlite3.DatabaseError as error:
                    if not _damaged(error):
                        raise
                    self._replace(str(error))
                    return work(self._connection())
            except BlockingIOError as error:
                raise StoreBusy(f"{self.path}: another process holds it") from error
            except (sqlite3.Error, OSError) as error:
                kind = StoreBusy if _code(error) == sqlite3.SQLITE_BUSY else StoreError
                raise kind(f"{self.path}: {error}") from error

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            if self._open and self._pid == os.getpid():
                with suppress(OSError), _locked(self.path, self.patience):
                    self._open.close()
            self._open = None

    def _wait_until(self, until: float) -> None:
        self.patience = max(0.0, until - time.monotonic())
        if self._open:
            self._open.execute(f"PRAGMA busy_timeout = {int(1000 * self.patience)}")

    def _connection(self) -> sqlite3.Connection:
        if self._open:
            if self._pid != os.getpid():
                _inherited.append(self._open)
            elif _inode(self.path) == self._inode:
                return self._open
            else:
                self._open.close()
        self._open = None
        if self._had_directory:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _locked(self.path, self.patience):
            reason = _unusable(self.path, self.patience)
            if reason is not None:
                _create(self.path, reason, self.patience)
            self._open = _connect(self.path, self.patience)
            self._inode, self._pid, self._had_directory = _inode(self.path), os.getpid(), True
        return self._open

    def _replace(self, reason: str) -> None:
        """Replace the file, unless another process has done so."""
        with _locked(self.path, self.patience):
            same = _inode(self.path) == self._inode
            if self._open:
                self._open.close()
                self._open = None
            if same:
                _create(self.path, reason, self.patience)


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """Commit what the block has written, or roll back if it raises."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def _connect(path: Path, patience: float) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=patience, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute(f"PRAGMA journal_size_limit = {16 * 2**20}")
    except BaseException:
        connection.close()
        raise
    return connection


def _unusable(path: Path, patience: float) -> str | None:
    """Return why the file must be created or replaced, "" if there is none; None if it can be used.

    Raise `StoreError` if it is the database of another application.
    """
    if not _inode(path):
        return ""
    try:
        with closing(_connect(path, patience)) as connection:
            application, version, tables = connection.execute(
                "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema)"
                " FROM pragma_application_id, pragma_user_version"
            ).fetchone()
    except sqlite3.DatabaseError as error:
        if not _damaged(error):
            raise
        return str(error)
    if tables and application != APPLICATION:
        raise StoreError(f"{path} is another application's database")
    return None if version == VERSION else f"it has version {version}, not {VERSION}"


def _code(error: Exception) -> int:
    """Return SQLite's primary result code of an error."""
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF


def _damaged(error: sqlite3.Error) -> bool:
    """Return whether the file itself is damaged, as opposed to the disk, permissions or a lock."""
    missing = isinstance(error, sqlite3.OperationalError) and "no such table" in str(error)
    return missing or _code(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _create(path: Path, reason: str, patience: float) -> None:
    """Put a new, empty store at `path`. The caller holds the lock."""
    if reason:
        log.warning("could not open store %s (%s); creating an empty one", path, reason)
    fresh = path.with_name(path.name + ".new")
    _move(fresh, None)
    os.close(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    with closing(_connect(fresh, patience)) as connection:
        connection.executescript(TABLES)
    # Also its "-wal" and "-shm", which would otherwise be applied to the new file.
    _move(path, path.with_name(path.name + ".damaged") if reason else None)
    os.replace(fresh, path)


def _move(path: Path, target: Path | None) -> None:
    """Move a database with its "-wal" and "-shm" files, or remove it."""
    for suffix in ("-shm", "-wal", ""):
        with suppress(FileNotFoundError):
            if target:
                os.replace(f"{path}{suffix}", f"{target}{suffix}")
            else:
                os.unlink(f"{path}{suffix}")


def _inode(path: Path) -> int:
    try:
        return os.stat(path).st_ino
    except FileNotFoundError:
        return 0


@contextmanager
def _locked(path: Path, patience: float) -> Iterator[None]:
    """Hold the lock for opening or creating the file. Raise `BlockingIOError` if another process keeps it."""
    lock = os.open(f"{path}.lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        if sys.platform != "win32":
            _lock(lock, time.monotonic() + patience)
        yield
    finally:
        os.close(lock)


def _lock(file: int, until: float) -> None:
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > until:
                raise
            time.sleep(LOCK_INTERVAL)
