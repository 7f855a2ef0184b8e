"""Files that are uploaded before the operation that uses them, and responses that wait to be fetched.

They wait in a storage: in a folder, in the store, or in a bucket (`liveactions.store.bucket`). A file is
removed when its operation or its page's session has ended, and after an hour in any case (`Uploads`). Any
machine can run the operation, also if the one that received the file has failed.
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
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO, Final, NamedTuple, TypeVar
from weakref import WeakKeyDictionary

from pydantic_core import from_json, to_json
from starlette.datastructures import Headers, UploadFile

from ..config import Limits
from ..exceptions import SealError, StoreError
from ..logs import get_logger
from ..security.signing import Sealer
from ..tasks import Supervisor
from ..types import RefusedFile
from .base import Store, pauses
from .snapshots import session_key

log = get_logger(__name__)
T = TypeVar("T")
FILE_TTL: Final = 3600.0
"""Seconds for which a file waits for its op."""
CHUNK_BYTES: Final = 2**16
"""Bytes that are copied at a time."""
NAME: Final = re.compile(r"[0-9a-f]{32}/[0-9a-f]{32}")
"""Who a file is of, and a random number. Whatever else is in a folder or a bucket is left alone."""
PLACES: Final = (
    "Set LIVEACTIONS_UPLOADS or Live(uploads=) to a folder that all machines share, or to s3://bucket/prefix."
)
NOBODY: Final = "0" * 32
"""The owner of files that are of no page's session."""
LIST: Final = "uploads"
"""The key of the list of files."""
LEAST_BYTES: Final = 2**16
"""What a file counts for at least: it keeps the list short."""
PATIENCE: Final = 15.0
"""Seconds for which a change of the list is tried."""


class StoredFile(NamedTuple):
    """A file that waits."""

    name: str
    size: int
    """In bytes."""
    written: float
    """In seconds since 1970."""


class UploadStorage(ABC):
    """Files under random names. The name that the browser gives a file is never part of a path.

    Names have the form of `NAME`, and are used once. Methods don't keep the event loop waiting. Each raises
    `StoreError` when the storage fails.
    """

    largest: int | None = None
    """Size of the largest file that it takes, in bytes; None: any."""
    capacity: int | None = None
    """Size of all files that it takes together, in bytes; None: as much as there is room for."""
    sweep_interval: float = 60.0
    """Seconds between two sweeps for expired files."""

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


def _row(name: str) -> str:
    return f"upload {name}"


class TooManyUploads(Exception):
    """The files that wait have as many bytes as they may have."""


class FileTooLarge(Exception):
    """A file is larger than those that the storage takes."""


class Uploads:
    """The files that wait, in their storage: up to `limit` bytes."""

    def __init__(self, sealer: Sealer, storage: UploadStorage, limit: int = Limits.uploads) -> None:
        self.storage = storage
        self._sealer = sealer
        self._limit = limit if storage.capacity is None else min(limit, storage.capacity)
        self._sweep_at = 0.0
        self._has_refused = False
        self._is_failing = False
        self._tasks = Supervisor(lambda: "removing expired files")

    async def put(self, file: BinaryIO, size: int) -> str:
        """Store a file that is of no page, read from its current position, and return its name.

        Raise `FileTooLarge`, `TooManyUploads` if the files that wait have too many bytes, and `StoreError`.
        """
        await self._require_room([size])
        return await self._write(file, size, NOBODY)

    async def _require_room(self, sizes: Sequence[int]) -> None:
        self.tend()
        for size in sizes:
            self.check_size(size)
        if sum(sizes) + sum(one.size for one in await self.storage.files()) > self._limit:
            raise TooManyUploads

    async def _write(self, file: BinaryIO, size: int, owner: str) -> str:
        name = f"{owner}/{secrets.token_hex(16)}"
        await self.storage.write(name, file, size)
        return name

    def check_size(self, size: int) -> None:
        """Raise `FileTooLarge` for a file of this size. The first time, the log says what to do."""
        largest = self.storage.largest
        if largest is None or size <= largest:
            return
        if not self._has_refused:
            self._has_refused = True
            log.error("a file of more than %d bytes was refused: the store takes none. %s", largest, PLACES)
        raise FileTooLarge

    async def keep(self, uploads: Sequence[UploadFile], identity: str, token: str = "") -> list[str]:
        """Store files until their op, or the end of the page's session (its `token`). Return a handle for
        each, good for this person only. None of them stays if one can't be stored.

        Raise the exceptions of `put`.
        """
        await self._require_room([upload.size or 0 for upload in uploads])
        names: list[str] = []
        handles = []
        try:
            for upload in uploads:
                size = upload.size or 0
                names.append(await self._write(upload.file, size, _owner(token)))
                told = [names[-1], upload.filename or "", size, upload.content_type or ""]
                handles.append(self._sealer.seal(to_json(told), _context(identity)))
        except BaseException:
            await self.delete(names)
            raise
        return handles

    @asynccontextmanager
    async def opened(self, fields: Sequence[Any], identity: str) -> AsyncIterator[list[tuple[str, Any]]]:
        """Return names and values of an op, with files in place of their handles. They are removed on exit.

        Raise `SealError` for a handle that isn't this person's, or whose file is gone, and `StoreError` if it
        can't be read.
        """
        pairs: list[tuple[str, Any]] = []
        names: list[str] = []
        try:
            for field, value in zip(fields[::2], fields[1::2], strict=True):
                if type(value) is dict and "refused" in value:
                    value = RefusedFile(*value["refused"])
                elif type(value) is dict:
                    name, value = await self._open(value["file"], identity)
                    names.append(name)
                pairs.append((field, value))
            yield pairs
        finally:
            for _, value in pairs:
                if isinstance(value, UploadFile):
                    value.file.close()
            await self.delete(names)

    async def open(self, name: str, size: int) -> BinaryIO | None:
        """Return the content of a file of this size, which the caller closes; None if there is no such file.

        Raise `StoreError` when it can't be read, or isn't there as a whole.
        """
        file = await self.storage.open(name)
        if file is None:
            return None
        found = file.seek(0, os.SEEK_END)
        if found != size:
            file.close()
            raise StoreError(f"of a stored file there are {found} bytes, and not {size}")
        file.seek(0)
        return file

    async def _open(self, handle: str, identity: str) -> tuple[str, UploadFile]:
        name, filename, size, kind = from_json(self._sealer.open(handle, _context(identity), FILE_TTL))
        file = await self.open(name, size)
        if file is None:
            raise SealError("the file is no longer available")
        return name, UploadFile(file, size=size, filename=filename, headers=Headers({"content-type": kind}))

    async def delete(self, names: Sequence[str]) -> None:
        """Remove files, as far as they are there. What can't be removed now is when its time is over."""
        with self._removing():
            await self._delete(names)

    async def _delete(self, names: Iterable[str]) -> None:
        if listed := list(names):
            await self.storage.delete(listed)

    def forget(self, token: str) -> None:
        """Remove the files of a page whose session is over, soon: nobody will take them."""
        self.start(self._delete_those_of(_owner(token)))

    def start(self, removing: Coroutine[Any, Any, None]) -> None:
        """Remove files in the background; `close` waits for it."""
        self._tasks.start(removing)

    async def _delete_those_of(self, owner: str) -> None:
        with self._removing():
            await self._delete(one.name for one in await self.storage.files(owner))

    def tend(self) -> None:
        """Begin a sweep if it is time for one."""
        now = time.monotonic()
        if now >= self._sweep_at:
            self._sweep_at = now + self.storage.sweep_interval
            self.start(self.sweep(time.time()))

    async def sweep(self, now: float) -> None:
        """Remove what nobody will take any more at a time, in seconds since 1970."""
        with self._removing():
            files = await self.storage.files()
            await self._delete(one.name for one in files if one.written < now - FILE_TTL)

    @contextmanager
    def _removing(self) -> Iterator[None]:
        """Log that the storage fails. Of consecutive failures, only the first is logged."""
        try:
            yield
            self._is_failing = False
        except StoreError as error:
            if not self._is_failing:
                log.error("could not remove uploaded files: %s", error)
            self._is_failing = True

    async def close(self) -> None:
        """Return when what is to be removed has been."""
        await self._tasks.finished()


def _owner(token: str) -> str:
    """A session in the name of a file, which doesn't tell its token."""
    return session_key(token).rpartition(" ")[2] if token else NOBODY


def _context(identity: str) -> str:
    return f"upload\n{identity}"
