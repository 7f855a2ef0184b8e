"""Where the files lie that wait for their op, or to be fetched: in a folder, in the store, or in a bucket."""

from __future__ import annotations

import asyncio
import os
import random
import re
import shutil
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import BinaryIO, Final, NamedTuple, TypeVar
from weakref import WeakKeyDictionary

from pydantic_core import from_json, to_json

from ..exceptions import SealError, StoreError
from ..security.signing import Sealer
from .base import Store, pauses

T = TypeVar("T")
FILE_TTL: Final = 3600.0
"""Seconds for which a file waits for its op."""
CHUNK_BYTES: Final = 2**16
"""Bytes that are copied at a time."""
NAME: Final = re.compile(r"[0-9a-f]{32}/[0-9a-f]{32}")
"""Who a file is of, and a random number. Whatever else is in a folder or a bucket is left alone."""


class StoredFile(NamedTuple):
    """A file that waits."""

    name: str
    size: int
    """In bytes."""
    written: float
    """In seconds since 1970."""


class UploadStorage(ABC):
    """Files under names of ours: what the browser calls a file never becomes one.

    A name has the form of `NAME`, and is used once. Methods don't keep the event loop waiting. Each raises
    `StoreError` when the storage fails.
    """

    largest: int | None = None
    """Size of the largest file that it takes, in bytes; None: any."""
    capacity: int | None = None
    """Size of all files that it takes together, in bytes; None: as much as there is room for."""
    sweep_interval: float = 60.0
    """Seconds between two looks for files that wait in vain."""

    @abstractmethod
    async def write(self, name: str, file: BinaryIO, size: int) -> None:
        """Store the content of a file. Nothing of it stays if that fails."""

    @abstractmethod
    async def open(self, name: str) -> BinaryIO | None:
        """Return a file's content, which the caller closes; None when there is no such file."""

    @abstractmethod
    async def delete(self, names: Iterable[str]) -> None:
        """Remove files, as far as they are there."""

    @abstractmethod
    async def files(self, owner: str = "") -> list[StoredFile]:
        """Return the files that wait: all of them, or those whose names begin with an owner."""


class FolderStorage(UploadStorage):
    """Files in a folder, which is made when it is needed. All machines may share it: on NFS, say.

    By default it is a temporary one, of this process alone.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._own: tempfile.TemporaryDirectory[str] | None = None
        self._lock = Lock()

    @property
    def folder(self) -> Path:
        with self._lock:
            if self._folder is None:
                self._own = tempfile.TemporaryDirectory(prefix="liveactions-")
                self._folder = Path(self._own.name)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self._folder

    async def write(self, name: str, file: BinaryIO, size: int) -> None:
        await self._run(lambda: self._write(self._path(name), file))

    async def open(self, name: str) -> BinaryIO | None:
        return await self._run(lambda: _opened(self._path(name)))

    async def delete(self, names: Iterable[str]) -> None:
        await self._run(lambda: _remove(map(self._path, names)))

    async def files(self, owner: str = "") -> list[StoredFile]:
        return await self._run(lambda: list(self._files(owner)))

    async def _run(self, work: Callable[[], T]) -> T:
        """Run it in a thread."""
        try:
            return await asyncio.to_thread(work)
        except OSError as error:
            raise StoreError(f"the folder for uploaded files: {error}") from error

    def _path(self, name: str) -> Path:
        return self.folder / name.replace("/", "-")

    def _write(self, path: Path, file: BinaryIO) -> None:
        try:
            with open(path, "xb", opener=_private) as target:
                shutil.copyfileobj(file, target, CHUNK_BYTES)
        except BaseException:  # a full disk, say
            with suppress(OSError):
                path.unlink()
            raise

    def _files(self, owner: str) -> Iterator[StoredFile]:
        if self._folder is None or not self._folder.exists():
            return
        for entry in os.scandir(self._folder):
            name = entry.name.replace("-", "/", 1)
            if name.startswith(owner) and NAME.fullmatch(name):
                with suppress(FileNotFoundError):  # it has been taken meanwhile
                    found = entry.stat()
                    yield StoredFile(name, found.st_size, found.st_mtime)


def _opened(path: Path) -> BinaryIO | None:
    try:
        return open(path, "rb")
    except FileNotFoundError:
        return None


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


class StoreStorage(UploadStorage):
    """Small files in the store, sealed: for machines that have nothing else in common.

    A store can't list its keys, so another value lists the files. Changes of the list claim it first, and are
    retried if another process has claimed it meanwhile.
    """

    largest = 2**20
    capacity = 256 * 2**20
    sweep_interval = FILE_TTL
    """The store forgets by itself what is over."""

    def __init__(self, store: Store, sealer: Sealer) -> None:
        self._store = store
        self._sealer = sealer
        self._locks: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()

    async def write(self, name: str, file: BinaryIO, size: int) -> None:
        # What has been read from a request's form is in memory if it is this small.
        sealed = self._sealer.seal_bytes(file.read(), _row(name))
        listed = StoredFile(name, max(size, LEAST_BYTES), time.time())
        try:
            await self._change(lambda files: [*files, listed])
            await self._store.put(_row(name), sealed, FILE_TTL)
        except BaseException:
            with suppress(StoreError):
                await self.delete([name])
            raise

    async def open(self, name: str) -> BinaryIO | None:
        sealed = await self._store.get(_row(name))
        if sealed is None:
            return None
        try:
            return BytesIO(self._sealer.open_bytes(sealed, _row(name), FILE_TTL))
        except SealError as error:
            raise StoreError(f"a file in the store can't be opened: {error}") from error

    async def delete(self, names: Iterable[str]) -> None:
        gone = frozenset(names)
        for name in gone:
            await self._store.delete(_row(name))
        await self._change(lambda files: [one for one in files if one.name not in gone])

    async def files(self, owner: str = "") -> list[StoredFile]:
        listed = from_json(await self._store.get(LIST) or b"[]")
        oldest = time.time() - FILE_TTL
        known = [StoredFile(*one) for one in listed]
        return [one for one in known if one.name.startswith(owner) and one.written > oldest]

    async def _change(self, change: Callable[[list[StoredFile]], list[StoredFile]]) -> None:
        lock = self._locks.setdefault(asyncio.get_running_loop(), asyncio.Lock())
        async with lock:  # claims of this process needn't get in each other's way
            for pause in pauses(PATIENCE):
                epoch = await self._store.claim(LIST)
                after = to_json(change(await self.files()))
                if await self._store.save(LIST, epoch, after, FILE_TTL):
                    return
                await asyncio.sleep(random.uniform(0, pause))
        raise StoreError("the list of files in the store can't be changed: others do all the time")


LIST: Final = "uploads"
"""The key of the list of files."""
LEAST_BYTES: Final = 2**16
"""What a file counts for at least: it keeps the list short."""
PATIENCE: Final = 15.0
"""Seconds for which a change of the list is tried."""


def _row(name: str) -> str:
    return f"upload {name}"
