"""One file of a journal: records of values that a process has saved, and of claims that others have noted.

`store.journal` explains what journals are for, and in which order they are written and read.
"""

from __future__ import annotations

import errno
import os
import secrets
import struct
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from io import FileIO
from pathlib import Path
from typing import Final, NamedTuple
from zlib import crc32

from .base import SplitValue

if sys.platform != "win32":
    import fcntl

SUFFIX: Final = ".journal"
MAX_KEY_BYTES: Final = 2**16 - 1
CHUNK_BYTES: Final = 2**18
"""Bytes that are read at a time."""
BATCH_ROWS: Final = 100
BATCH_BYTES: Final = 2**20
"""Rows, and bytes of their values, to move to the store in one transaction, which takes a few
milliseconds.
"""
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


def _checksum(value: bytes) -> int:
    """Return the checksum of a value; of a long one, only a part, since all of it would take longer than
    writing it.
    """
    return crc32(value if len(value) <= LONG_VALUE else value[::STRIDE])


def _record(checksum: int, size: int, key: bytes, kind: int, epoch: int, stamp: int, until: float) -> bytes:
    """Return a record without its value."""
    head = _HEAD.pack(checksum, size, len(key), kind, epoch, stamp, until) + key
    return _CHECKSUM.pack(crc32(head)) + head
