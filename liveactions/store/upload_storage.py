"""Storages for uploaded files: a folder, the store, or a bucket (`liveactions.store.bucket`).

A storage keeps files under random names, and knows nothing about pages. `liveactions.store.uploads` decides
which files are stored, for whom, and for how long.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
import secrets
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
from starlette.datastructures import UploadFile

from ..exceptions import SealError, StoreError
from ..security.signing import Sealer
from ..types import DirectUpload
from .base import Store, backoff

T = TypeVar("T")
FILE_TTL: Final = 3600.0
"""Seconds for which a file is kept for its operation."""
COPY_BYTES: Final = 2**16
"""Bytes to copy at a time."""
NAME: Final = re.compile(r"[0-9a-f]{32}/[0-9a-f]{32}")
"""The owner of a file, and a random number. Other files in the folder or bucket are left alone."""
LIST: Final = "uploads"
"""The key of the list of files."""
MIN_COUNTED_BYTES: Final = 2**16
"""The minimum size that counts for each file, so that the list can't become long."""
CHANGE_TIMEOUT: Final = 15.0
"""Seconds for which to retry a change of the list."""


class StoredFile(NamedTuple):
    """A file in a storage."""

    name: str
    size: int
    """In bytes."""
    written: float
    """In seconds since 1970."""


class UploadStorage(ABC):
    """Files under random names, which match `NAME`. The browser's name of a file is never part of a path.

    No method blocks the event loop. Each raises `StoreError` if the storage fails.
    """

    largest: int | None = None
    """Maximum size of a file in bytes; None for no limit."""
    capacity: int | None = None
    """Maximum size of all files together in bytes; None for no limit."""
    sweep_interval: float = 60.0
    """Seconds between two sweeps for expired files."""

    @abstractmethod
    async def write(self, name: str, file: BinaryIO, size: int) -> None:
        """Store the content of a file, replacing one of this name. If that fails, nothing is stored."""

    @abstractmethod
    async def open(self, name: str) -> BinaryIO | None:
        """Return a file's content, which the caller closes; None if there is no such file."""

    @abstractmethod
    async def delete(self, names: Iterable[str]) -> None:
        """Remove those of these files that exist."""

    @abstractmethod
    async def files(self, owner: str = "") -> list[StoredFile]:
        """Return all files, or those of an owner, with which their names begin."""


class ObjectStorage(UploadStorage):
    """Files in a bucket, to which browsers can send them.

    Objects that an action has accepted have keys that don't match `NAME`, so they are never swept.
    """

    @abstractmethod
    async def signed_put(self, name: str, size: int, type: str) -> str:
        """Return an address to which a browser may send a file of this size and media type; "" if the bucket
        isn't S3.
        """

    @abstractmethod
    async def is_there(self, name: str, size: int, type: str) -> bool:
        """Return whether there is a file of this name, size and media type."""

    @abstractmethod
    async def place(self, upload: UploadFile, name: str, key: str) -> DirectUpload:
        """Store a file under a key: a copy of the file `name`, or the upload's content if that is empty."""

    @abstractmethod
    async def remove(self, key: str) -> None:
        """Remove the object with a key."""


class FolderStorage(UploadStorage):
    """Files in a folder, which is created when it is needed. Machines may share it, for example over NFS.

    The default is a temporary folder of this process.
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
        """Run `work` in a thread. Convert `OSError` to `StoreError`."""
        try:
            return await asyncio.to_thread(work)
        except OSError as error:
            raise StoreError(f"the folder of uploaded files: {error}") from error

    def _path(self, name: str) -> Path:
        return self.folder / name.replace("/", "-")

    def _write(self, path: Path, file: BinaryIO) -> None:
        # Until it is complete, it has another name, which is swept like others if this process is killed.
        unfinished = path.with_name(f"{path.name.partition('-')[0]}-{secrets.token_hex(16)}")
        try:
            with open(unfinished, "xb", opener=_private) as target:
                shutil.copyfileobj(file, target, COPY_BYTES)
            unfinished.replace(path)
        except BaseException:  # a full disk, say
            with suppress(OSError):
                unfinished.unlink()
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
    """Small files in the store, sealed, for machines that share nothing else.

    A store can't list its keys, so the list of files is a value of its own. To change the list, a process
    claims it first, and tries again if another process has claimed it meanwhile.
    """

    largest = 2**20
    capacity = 256 * 2**20
    sweep_interval = FILE_TTL
    """The store removes expired files itself."""

    def __init__(self, store: Store, sealer: Sealer) -> None:
        self._store = store
        self._sealer = sealer
        self._locks: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()

    async def write(self, name: str, file: BinaryIO, size: int) -> None:
        # This doesn't block: files of this size are still in memory after the request's form was read.
        sealed = self._sealer.seal_bytes(file.read(), _row(name))
        listed = StoredFile(name, max(size, MIN_COUNTED_BYTES), time.time())
        try:
            await self._change(lambda files: [*(one for one in files if one.name != name), listed])
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
        async with lock:  # changes by this process needn't compete with each other
            for pause in backoff(CHANGE_TIMEOUT):
                epoch = await self._store.claim(LIST)
                after = to_json(change(await self.files()))
                if await self._store.save(LIST, epoch, after, FILE_TTL):
                    return
                await asyncio.sleep(random.uniform(0, pause))
        raise StoreError(
            "the list of files in the store couldn't be changed: other processes kept changing it"
        )


def _row(name: str) -> str:
    return f"upload {name}"
