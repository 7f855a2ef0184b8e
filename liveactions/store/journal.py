"""Journals: files to which processes append values that are moved to the store later.

Appending is one system call for data of any size. Written data is held by the kernel: it survives a process
that is killed, but not a crash of the machine.

Theory of operation
-------------------
*Files.* Each process has its own file, which it only appends to. About once a second it starts a new file,
moves the newest value of each key in the old one to the store, and removes the old file. A process locks its
files for its lifetime. If another process can lock a file, its owner is dead, and that process moves the
values instead. A process that is killed may leave an incomplete record at the end; it was never reported as
saved.

*Order.* Each value has a stamp: the time, or one more than the newest stamp that its process has seen. The
newest stamp wins, among files and in the store. It therefore does no harm if a value is moved late, twice,
or by several processes, or if the clock is set back.

*Reading.* All files of the folder are read first, including what was appended since the last time, and then
the store. In this order, values that are being moved aren't missed.

*Claims.* The store decides which process may save a key. A process only appends keys that it *holds*: those
that it has claimed, or saved in the store itself, while it had a file. A process that claims a key appends a
note to the files of all others. The kernel serializes appends, so the owner's values and this note have one
order. The new holder reads the values before the note; values after it don't count. After each write, the
owner checks whether anything else was appended, and so finds out that its value came too late.
"""

from __future__ import annotations

import errno
import os
import secrets
import struct
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from io import FileIO
from pathlib import Path
from threading import RLock
from typing import Final, NamedTuple
from weakref import WeakSet
from zlib import crc32

from ..logs import get_logger
from .base import SplitValue

if sys.platform != "win32":
    import fcntl

SUFFIX: Final = ".journal"
CHUNK_BYTES: Final = 2**18
"""Bytes that are read at a time."""
MAX_FILE_BYTES: Final = 16 * 2**20
"""Size of a file at which the next one is started at once."""
MAX_BYTES: Final = 64 * 2**20
"""Size of all files of a process that weren't moved to the store yet, above which nothing is appended."""
MAX_HELD: Final = 100_000
"""Maximum number of held keys."""
ROWS_AT_ONCE: Final = 500
"""Maximum number of values in one system call, which accepts 1,024 buffers."""
BATCH_ROWS: Final = 100
BATCH_BYTES: Final = 2**20
"""Rows, and bytes of their values, to move to the store in one transaction, which takes a few
milliseconds.
"""
RETRY_SECONDS: Final = 1.0
"""Seconds between two attempts to create a file, where that fails."""
LONG_VALUE: Final = 4096
"""Size in bytes above which the checksum of a value only covers every `STRIDE`-th byte."""
STRIDE: Final = 64
"""Less than a disk sector: a disk loses at least 512 bytes. Values are sealed, so lost bytes differ from any
others, including zeros.
"""
_CHECKSUM: Final = struct.Struct("<I")
_HEAD: Final = struct.Struct("<IIHBqqd")
"""Checksum of the value, its size, size of the key, kind, epoch, stamp, and when the value expires."""
_SAVED, _CLAIMED, _SPLIT = 0, 1, 2
_BASE: Final = struct.Struct("<qII")
"""The beginning of a split record's value: position of its base in the file, size and checksum of it."""
_KEY_BYTES: Final = 2**16 - 1
log = get_logger(__name__)


class Entry(NamedTuple):
    """The position of a value in a file."""

    stamp: int
    until: float
    """When the value expires, in seconds since 1970."""
    start: int
    size: int
    checksum: int
    is_split: bool = False
    """Whether the first part of the value is in an earlier record."""


class Value(NamedTuple):
    """A value that was saved."""

    key: bytes
    stamp: int
    until: float
    value: bytes | None
    """None, in a store: the value was deleted."""


Row = tuple[bytes, int, bytes | SplitValue, float]
"""A key, the epoch of its claim, its value, and when the value expires."""


class Journal:
    """One file. `entries` has the newest value of each key, as far as the file has been read."""

    def __init__(self, path: Path, flags: int = 0) -> None:
        self.path = path
        flags |= os.O_RDWR | os.O_APPEND | os.O_CLOEXEC
        self._file = FileIO(path, "a+", opener=lambda name, _: os.open(name, flags, 0o600))
        self._number = self._file.fileno()
        self.end = 0
        """How far it has been read or written, in bytes."""
        self.entries: dict[bytes, Entry] = {}
        self.claims: dict[bytes, int] = {}
        """Epochs of the claims that other processes have noted here, by key."""
        self._bases: dict[bytes, tuple[bytes, bytes]] = {}
        """The base of a key's newest value, if that is in two parts, and the reference to it in a record."""
        self.notes = 0
        """How many claims have been noted."""

    @classmethod
    def create(cls, folder: Path) -> Journal:
        """Create a file of this process. Its folder is created, for this user only."""
        folder.mkdir(mode=0o700, exist_ok=True)
        while True:
            journal = cls(folder / f"{secrets.token_hex(8)}{SUFFIX}", os.O_CREAT | os.O_EXCL)
            try:
                if journal.lock() and journal.exists:
                    return journal
            except OSError:
                journal.remove()
                raise
            journal.close()  # before it was locked, another process mistook it for an abandoned one

    def lock(self) -> bool:
        """Lock the file until it is closed. Return False if a living process has locked it."""
        if sys.platform != "win32":
            try:
                fcntl.flock(self._number, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
        return True

    def is_abandoned(self) -> bool:
        """Return whether the owner is dead. An empty file doesn't count: its owner may be about to lock
        it.
        """
        if not self.lock():
            return False
        is_empty = not os.fstat(self._number).st_size
        if sys.platform != "win32":
            fcntl.flock(self._number, fcntl.LOCK_UN)
        return not is_empty

    @property
    def exists(self) -> bool:
        """Whether the file is still at its path."""
        try:
            return os.stat(self.path).st_ino == os.fstat(self._number).st_ino
        except FileNotFoundError:
            return False

    def append(self, rows: Sequence[tuple[bytes, int, bytes | SplitValue, float, int]]) -> list[bool]:
        """Append values: rows with a stamp. Return for each whether it counts: no claim was noted before it.

        After an `OSError`, start another file: this one may end in the middle of a record.
        """
        parts: list[bytes] = []
        entries: list[tuple[bytes, Entry]] = []
        at = self.end
        bases: list[tuple[bytes, tuple[bytes, bytes]]] = []
        for key, epoch, given, until, stamp in rows:
            kind, value = self._split(key, given) if type(given) is SplitValue else (_SAVED, bytes(given))
            checksum, size = _checksum(value), len(value)
            head = _record(checksum, size, key, kind, epoch, stamp, until)
            parts += head, value
            start = at + len(head)
            at = start + size
            entries.append((key, Entry(stamp, until, start, size, checksum, kind == _SPLIT)))
            if type(given) is SplitValue and kind == _SAVED:
                place = _BASE.pack(start + given.HEAD.size, len(given.base), _checksum(given.base))
                bases.append((key, (given.base, place)))
        if os.writev(self._number, parts) != at - self.end:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
        written = os.lseek(self._number, 0, os.SEEK_CUR)
        if written == at:  # no other worker had appended anything
            self.entries.update(entries)
            self._bases.update(bases)
            self.end = at
            return [True] * len(rows)
        self.scan()
        if self.end < written:
            raise OSError(errno.EIO, "claims that other workers have noted can't be read", str(self.path))
        return [self.allows(key, epoch) for key, epoch, *_ in rows]

    def _split(self, key: bytes, value: SplitValue) -> tuple[int, bytes]:
        """Return the kind and the bytes to write for a value in two parts: without its base, if the file
        has it.
        """
        base, place = self._bases.get(key, (b"", b""))
        return (_SPLIT, place + value.rest) if base is value.base else (_SAVED, bytes(value))

    def note_claim(self, key: bytes, epoch: int) -> None:
        """Append a note for the owner that a key has been claimed."""
        record = _record(0, 0, key, _CLAIMED, epoch, 0, 0.0)
        if os.write(self._number, record) != len(record):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))

    def allows(self, key: bytes, epoch: int) -> bool:
        """Return whether a value that is appended for a key counts: no newer claim was noted."""
        return self.claims.get(key, epoch) <= epoch

    def scan(self, verify: bool = False) -> None:
        """Read what was appended since the previous call, up to the first incomplete record.

        With `verify`, also check values by their checksums, and ignore damaged ones: a machine that crashed
        may have written the end of a file, but not its middle.
        """
        size = os.fstat(self._number).st_size
        while self.end < size:
            data = os.pread(self._number, CHUNK_BYTES, self.end)
            used = 0
            while (length := self._apply(data, used, size, verify)) > 0:
                used += length
            if not used:
                return
            self.end += used

    def _apply(self, data: bytes, at: int, size: int, verify: bool) -> int:
        """Apply the record at `data[at:]`. Return its length; 0 if it is incomplete."""
        body = at + _CHECKSUM.size
        if len(data) < body + _HEAD.size:
            return 0
        checksum, value_size, key_size, kind, epoch, stamp, until = _HEAD.unpack_from(data, body)
        start = body + _HEAD.size + key_size
        length: int = start + value_size - at
        if start > len(data) or self.end + at + length > size:
            return 0
        if _CHECKSUM.unpack_from(data, at)[0] != crc32(data[body:start]):
            return 0
        key = data[start - key_size : start]
        entry = Entry(stamp, until, self.end + start, value_size, checksum, kind == _SPLIT)
        if kind == _CLAIMED:
            self.notes += 1
            self.claims[key] = max(epoch, self.claims.get(key, epoch))
        elif self.allows(key, epoch) and not (verify and self.value(entry) is None):
            self.entries[key] = entry
        return length

    def value(self, entry: Entry) -> bytes | None:
        """Return a value; None if it is damaged."""
        value = self._read_at(entry.start, entry.size, entry.checksum)
        if value is None or not entry.is_split:
            return value
        base = self._read_at(*_BASE.unpack_from(value))
        return None if base is None else bytes(SplitValue(base, value[_BASE.size :]))

    def _read_at(self, start: int, size: int, checksum: int) -> bytes | None:
        data = os.pread(self._number, size, start)
        is_whole = checksum == _checksum(data) or checksum == crc32(data)  # the checksum of earlier versions
        return data if is_whole else None

    def newest(self, key: bytes) -> Value | None:
        """Return the newest value of a key; if that is damaged, the one before it."""
        entry = self.entries.get(key)
        if entry is None:
            return None
        value = self.value(entry)
        if value is not None:
            return Value(key, entry.stamp, entry.until, value)
        self.entries.clear()
        self.end = 0
        self.scan(verify=True)
        return self.newest(key)

    def batches(self) -> Iterator[list[Value]]:
        """Yield the newest value of each key, in batches."""
        batch: list[Value] = []
        size = 0
        for key, entry in self.entries.items():
            value = self.value(entry)
            if value is not None:
                batch.append(Value(key, entry.stamp, entry.until, value))
                size += len(value)
            if len(batch) >= BATCH_ROWS or size >= BATCH_BYTES:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch

    def remove(self) -> None:
        """Remove the file, and release its lock."""
        with suppress(FileNotFoundError):
            os.unlink(self.path)
        self.close()

    def close(self) -> None:
        self._file.close()


class Journals:
    """The files in `folder`: those of this process, and those of others.

    May be used in any thread, and after a fork: the new process has none of its parent's files.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._newest_stamp = 0
        self._retry_at = 0.0
        self._is_failing = False
        self.forget()
        _all.add(self)

    def forget(self) -> None:
        """Forget all files, as after a fork."""
        self._lock = RLock()
        self._own: Journal | None = None
        self._full: list[Journal] = []
        """Files of this process that are being moved to the store."""
        self._others: dict[str, Journal] = {}
        self._held: dict[bytes, int] = {}
        """Epochs of the keys that this process may append."""
        self._changes = 0
        """How often held keys may have been lost."""

    # Writing

    def stamp(self) -> int:
        """Return a stamp that is newer than all that this process has seen."""
        self._newest_stamp = max(time.time_ns(), self._newest_stamp + 1)
        return self._newest_stamp

    def open(self) -> int | None:
        """Ensure that this process has a file. Return a number for `hold`, or None if it can't have one."""
        with self._lock:
            if self._own is not None and not self._own.exists:  # its folder was removed
                self._retire()
            if self._own is None and sys.platform != "win32" and time.monotonic() >= self._retry_at:
                try:
                    self._own = Journal.create(self.folder)
                except OSError as error:
                    self._fail(error)
            return None if self._own is None else self._changes

    def hold(self, key: bytes, epoch: int, since: int | None) -> None:
        """Hold a key that the store has let this process save: append its values from now on.

        `since` is the number that `open` returned before the call of the store.
        """
        with self._lock:
            own = self._own
            self._held.pop(key, None)  # held by an earlier claim
            if own is None or since != self._changes or len(key) > _KEY_BYTES or not own.allows(key, epoch):
                return
            if len(self._held) >= MAX_HELD:
                self._held.clear()
            self._held[key] = epoch

    def save(self, rows: Sequence[Row]) -> list[bool] | None:
        """Append values. Return for each whether it counts.

        Return None if not all of these keys are held, or the file can't be written: then save all of the
        values in the store.
        """
        with self._lock:
            own, held = self._own, self._held
            if own is None or any(held.get(key) != epoch for key, epoch, _, _ in rows):
                return None
            if own.end > MAX_FILE_BYTES and self.size > MAX_BYTES:
                return None
            saved: list[bool] = []
            notes = own.notes
            try:
                for at in range(0, len(rows), ROWS_AT_ONCE):
                    batch = rows[at : at + ROWS_AT_ONCE]
                    saved += own.append([(*row, self.stamp()) for row in batch])
            except OSError as error:
                self._fail(error)
                self._retire()
                return None
            self._is_failing = False
            if own.notes != notes:
                self._release(own)
            return saved

    @property
    def is_full(self) -> bool:
        """Whether `due` should be called now."""
        return self._own is not None and self._own.end > MAX_FILE_BYTES

    @property
    def size(self) -> int:
        """Size in bytes of this process's files, which weren't moved to the store yet."""
        return sum(journal.end for journal in self._mine())

    def _mine(self) -> list[Journal]:
        return [*self._full, self._own] if self._own is not None else self._full

    def _retire(self) -> None:
        """Stop appending to the current file, and release all held keys."""
        self._full = self._mine()
        self._own = None
        self._held.clear()
        self._changes += 1

    def _release(self, journal: Journal) -> None:
        """Release the keys that other processes have claimed."""
        lost = [key for key, epoch in journal.claims.items() if self._held.get(key, epoch) < epoch]
        for key in lost:
            del self._held[key]
        self._changes += 1

    def _fail(self, error: OSError) -> None:
        self._retry_at = time.monotonic() + RETRY_SECONDS
        if not self._is_failing:
            log.warning("can't write a journal in %s: %s; using the store itself", self.folder, error)
        self._is_failing = True

    # Reading

    def newest(self, key: bytes) -> Value | None:
        """Return the newest value of a key in any file."""
        with self._lock:
            found: Value | None = None
            for journal in self._read():
                entry = journal.entries.get(key)
                if entry is not None and (found is None or found.stamp < entry.stamp):
                    found = journal.newest(key) or found
            if found is not None:
                self.note_stamp(found.stamp)
            return found

    def note_stamp(self, stamp: int) -> None:
        """Ensure that later stamps are newer than this one."""
        self._newest_stamp = max(self._newest_stamp, stamp)

    def _read(self) -> list[Journal]:
        """Return all files, after reading what was appended to them."""
        others = self._list()
        for journal in others:
            journal.scan()
        if self._own is not None and not self._own.exists:
            self._retire()
        return [*self._mine(), *others]

    def _list(self) -> list[Journal]:
        """Return the files of other processes."""
        try:
            names = {name for name in os.listdir(self.folder) if name.endswith(SUFFIX)}
        except FileNotFoundError:
            names = set()
        for name in self._others.keys() - names:
            self._others.pop(name).close()
        for name in names - self._others.keys() - {journal.path.name for journal in self._mine()}:
            with suppress(FileNotFoundError):
                self._others[name] = Journal(self.folder / name)
        return list(self._others.values())

    # Claims

    def note_claim(self, key: bytes, epoch: int) -> None:
        """Note in the files of all other processes that this one has claimed a key. Then read the key.

        The folder is listed until the note is in every file. A process that starts a new file reads its old
        one once more afterwards, so it doesn't miss the note.
        """
        noted: set[Path] = set()
        with self._lock:
            while new := [journal for journal in self._list() if journal.path not in noted]:
                for journal in new:
                    noted.add(journal.path)
                    if journal.is_abandoned():  # nothing may follow an incomplete record
                        continue
                    journal.note_claim(key, epoch)

    # Moving to the store

    def due(self) -> Iterator[Journal]:
        """Start a new file, unless the current one is empty. Yield the files to move to the store: this
        process's own, and those whose owners are dead. Call `moved` with each afterwards.
        """
        with self._lock:
            if self._own is not None and self._own.end:
                self._start_another(self._own)
            full = list(self._full)
            others = [journal.path for journal in self._list()]
        yield from full
        for path in others:
            with suppress(FileNotFoundError):
                journal = Journal(path)
                if journal.lock() and journal.exists:
                    journal.scan(verify=True)
                    yield journal
                else:
                    journal.close()

    def _start_another(self, own: Journal) -> None:
        try:
            another = Journal.create(self.folder)
            own.scan()  # for claims that were noted before the new file was visible
        except OSError as error:
            self._fail(error)
            self._retire()
            return
        self._release(own)
        self._full.append(own)
        self._own = another

    def moved(self, journal: Journal) -> None:
        """Remove a file whose values are in the store."""
        with self._lock:
            if journal in self._full:
                self._full.remove(journal)
            journal.remove()

    def close(self) -> None:
        """Release all files. Those of this process that aren't empty are left for others to move."""
        with self._lock:
            for journal in self._mine():
                if journal.end:
                    journal.close()
                else:
                    journal.remove()
            for journal in self._others.values():
                journal.close()
            self.forget()


def _checksum(value: bytes) -> int:
    """Return the checksum of a value; of a long one, only a part, since all of it would take longer than
    writing it.
    """
    return crc32(value if len(value) <= LONG_VALUE else value[::STRIDE])


def _record(checksum: int, size: int, key: bytes, kind: int, epoch: int, stamp: int, until: float) -> bytes:
    """Return a record without its value."""
    head = _HEAD.pack(checksum, size, len(key), kind, epoch, stamp, until) + key
    return _CHECKSUM.pack(crc32(head)) + head


_all: WeakSet[Journals] = WeakSet()


def _forget_all() -> None:
    """Forget all files after a fork: they belong to the parent process, whose locks the new one would
    keep.
    """
    for journals in list(_all):
        journals.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
