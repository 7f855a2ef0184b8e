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

import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from threading import RLock
from typing import Final
from weakref import WeakSet

from ..logs import get_logger
from .base import SplitValue
from .journal_file import MAX_KEY_BYTES, SUFFIX, Journal, Value

MAX_FILE_BYTES: Final = 16 * 2**20
"""Size of a file at which the next one is started at once."""
MAX_BYTES: Final = 64 * 2**20
"""Size of all files of a process that weren't moved to the store yet, above which nothing is appended."""
MAX_HELD: Final = 100_000
"""Maximum number of held keys."""
ROWS_AT_ONCE: Final = 500
"""Maximum number of values in one system call, which accepts 1,024 buffers."""
RETRY_SECONDS: Final = 1.0
"""Seconds between two attempts to create a file, where that fails."""
log = get_logger(__name__)


HeldRow = tuple[bytes, int, bytes | SplitValue, float]
"""A held key, the epoch of its claim, its value, and when the value expires."""


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
            has_changed = own is None or since != self._changes or not own.allows(key, epoch)
            if has_changed or len(key) > MAX_KEY_BYTES:
                return
            if len(self._held) >= MAX_HELD:
                self._held.clear()
            self._held[key] = epoch

    def save(self, rows: Sequence[HeldRow]) -> list[bool] | None:
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


_all: WeakSet[Journals] = WeakSet()


def _forget_all() -> None:
    """Forget all files after a fork: they belong to the parent process, whose locks the new one would
    keep.
    """
    for journals in list(_all):
        journals.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
