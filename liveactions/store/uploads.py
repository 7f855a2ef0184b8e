"""Files that are uploaded before the operation that uses them, and responses that wait to be fetched.

They wait in a storage: in a folder, in the store, or in a bucket (`liveactions.store.bucket`). A file is
removed when its operation or its page's session has ended, and after an hour in any case (`Uploads`). Any
machine can run the operation, also if the one that received the file has failed. A large file arrives in
chunks, each of which is a file of the storage, so that any machine can receive the next one.
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
from dataclasses import dataclass, field
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from tempfile import SpooledTemporaryFile
from threading import Lock
from typing import Any, BinaryIO, Final, NamedTuple, TypeVar, cast
from weakref import WeakKeyDictionary

from pydantic_core import from_json, to_json
from starlette.datastructures import Headers, UploadFile

from ..config import Limits
from ..exceptions import ActionTimeout, SealError, StoreError
from ..logs import get_logger
from ..security.signing import Sealer
from ..tasks import Supervisor
from ..types import DirectUpload, RefusedFile
from .base import Store, pauses
from .snapshots import session_key

log = get_logger(__name__)
T = TypeVar("T")
FILE_TTL: Final = 3600.0
"""Seconds for which a file waits for its op."""
COPY_BYTES: Final = 2**16
"""Bytes that are copied at a time."""
CHUNK_BYTES: Final = 2**20
"""Size of the chunks in which larger files are uploaded."""
NAME: Final = re.compile(r"[0-9a-f]{32}/[0-9a-f]{32}")
"""Who a file is of, and a random number. Whatever else is in a folder or a bucket is left alone."""
DIRECT: Final = "files"
"""The folder of objects that actions have accepted, below the prefix of a bucket."""
SUFFIX: Final = re.compile(r"\.[a-z0-9]{1,10}$")
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

    Names have the form of `NAME`. Methods don't keep the event loop waiting. Each raises `StoreError` when
    the storage fails.
    """

    largest: int | None = None
    """Size of the largest file that it takes, in bytes; None: any."""
    capacity: int | None = None
    """Size of all files that it takes together, in bytes; None: as much as there is room for."""
    sweep_interval: float = 60.0
    """Seconds between two sweeps for expired files."""

    @abstractmethod
    async def write(self, name: str, file: BinaryIO, size: int) -> None:
        """Store the content of a file, as a whole: nothing of it stays if that fails. A file of this name is
        replaced.
        """

    @abstractmethod
    async def open(self, name: str) -> BinaryIO | None:
        """Return a file's content, which the caller closes; None when there is no such file."""

    @abstractmethod
    async def delete(self, names: Iterable[str]) -> None:
        """Remove files, as far as they are there."""

    @abstractmethod
    async def files(self, owner: str = "") -> list[StoredFile]:
        """Return the files that wait: all of them, or those whose names begin with an owner."""


class ObjectStorage(UploadStorage):
    """Files in a bucket, to which browsers can send them. Objects that an action has accepted have keys
    that aren't names: they stay.
    """

    @abstractmethod
    async def signed_put(self, name: str, size: int, type: str) -> str:
        """Return an address to which a browser may send a file of this size and media type; "" if there is
        none because the bucket isn't S3.
        """

    @abstractmethod
    async def is_there(self, name: str, size: int, type: str) -> bool:
        """Return whether there is a file of this name, size and media type."""

    @abstractmethod
    async def place(self, upload: UploadFile, name: str, key: str) -> DirectUpload:
        """Store a file under a key: the one with this name, or the content of the upload if that is empty."""

    @abstractmethod
    async def remove(self, key: str) -> None:
        """Remove what has been stored under a key."""


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
        # Until it is whole it has another name, which is swept like all others if this process is killed.
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


class Handle(NamedTuple):
    """What a sealed handle says of a file."""

    name: str
    """That of the file in its storage."""
    filename: str
    size: int
    """In bytes."""
    type: str
    chunk: int = 0
    """Size of the chunks in which it arrives, in bytes; 0: it is there as a whole."""
    is_direct: bool = False
    """Whether the browser sends it to object storage."""

    @property
    def chunks(self) -> list[str]:
        """The names of its chunks in the storage."""
        owner, _, number = self.name.partition("/")
        names = (f"{number} {index}".encode() for index in range(-(-self.size // self.chunk)))
        return [f"{owner}/{sha256(name).hexdigest()[:32]}" for name in names]

    @property
    def names(self) -> list[str]:
        """The names in the storage of all that there is of it."""
        return self.chunks if self.chunk else [self.name]

    def size_of(self, index: int) -> int:
        """Return the size of a chunk in bytes; 0 if there is no such chunk."""
        return max(0, min(self.chunk, self.size - index * self.chunk)) if index >= 0 else 0


class TooManyUploads(Exception):
    """The files that wait have as many bytes as they may have."""


class FileTooLarge(Exception):
    """A file is larger than those that the storage takes."""


@dataclass
class OpenedFiles:
    """Names and values of an op, with files in place of their handles."""

    pairs: list[tuple[str, Any]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    """Those of the files in the storage."""
    are_kept: bool = False
    """Whether they stay for another try."""


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
        await self.require_room([size])
        return await self._write(file, size, NOBODY)

    async def require_room(self, sizes: Sequence[int]) -> None:
        """Raise the exceptions of `put` if there is no room for files of these sizes."""
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

    async def keep(self, uploads: Sequence[UploadFile], context: str, token: str = "") -> list[str]:
        """Store files until their op, or the end of the page's session (its `token`). Return a handle for
        each, which is good in this context only: that of a page and a person. None of them stays if one
        can't be stored.

        Raise the exceptions of `put`.
        """
        await self.require_room([upload.size or 0 for upload in uploads])
        names: list[str] = []
        handles = []
        try:
            for upload in uploads:
                size = upload.size or 0
                names.append(await self._write(upload.file, size, _owner(token)))
                handle = Handle(names[-1], upload.filename or "", size, upload.content_type or "")
                handles.append(self._seal(handle, context))
        except BaseException:
            await self.delete(names)
            raise
        return handles

    def expect(self, filename: str, size: int, type: str, context: str, token: str = "") -> str:
        """Return the handle of a file that will arrive in chunks. Nothing is stored yet."""
        name = f"{_owner(token)}/{secrets.token_hex(16)}"
        return self._seal(Handle(name, filename, size, type, CHUNK_BYTES), context)

    async def expect_direct(
        self, filename: str, size: int, type: str, context: str, token: str = ""
    ) -> tuple[str, str]:
        """Return the handle of a file that the browser sends to object storage, and the signed address for
        it, which is "" if the bucket can't sign any.
        """
        if not isinstance(self.storage, ObjectStorage):
            return "", ""
        name = f"{_owner(token)}/{secrets.token_hex(16)}"
        url = await self.storage.signed_put(name, size, type)
        return self._seal(Handle(name, filename, size, type, is_direct=True), context), url

    def expected(self, sealed: str, context: str) -> Handle:
        """Return what a handle says of a file. Raise `SealError` if it isn't of this context."""
        return Handle(*from_json(self._sealer.open(sealed, _context(context), FILE_TTL)))

    async def keep_chunk(self, handle: Handle, index: int, content: bytes) -> None:
        """Store a chunk, which replaces the same one if that has come before. Raise `ValueError` if there is
        no such chunk or it has another size, and the exceptions of `put`.
        """
        if not content or len(content) != handle.size_of(index):
            raise ValueError(f"chunk {index} has {len(content)} bytes, and not {handle.size_of(index)}")
        await self.require_room([len(content)])
        await self.storage.write(handle.chunks[index], BytesIO(content), len(content))

    async def arrived(self, handle: Handle) -> int:
        """Return how many chunks are there, up to the first one that is missing."""
        there = {one.name for one in await self.storage.files(handle.name.partition("/")[0])}
        return next((n for n, name in enumerate(handle.chunks) if name not in there), len(handle.chunks))

    def _seal(self, handle: Handle, context: str) -> str:
        return self._sealer.seal(to_json(handle), _context(context))

    @asynccontextmanager
    async def opened(self, fields: Sequence[Any], context: str) -> AsyncIterator[OpenedFiles]:
        """Open the files whose handles are in an op's fields. They are removed on exit, unless they are kept.

        Raise `SealError` for a handle that isn't of this context, or whose file is gone, and `StoreError` if
        it can't be read.
        """
        opened = OpenedFiles()
        try:
            for field, value in zip(fields[::2], fields[1::2], strict=True):
                if type(value) is dict and "refused" in value:
                    value = RefusedFile(*value["refused"])
                elif type(value) is dict:
                    handle = self.expected(value["file"], context)
                    value = await self._open(handle)
                    opened.names += handle.names
                opened.pairs.append((field, value))
            yield opened
        finally:
            for _, value in opened.pairs:
                if isinstance(value, UploadFile):
                    value.file.close()
            if not opened.are_kept:
                await self.delete(opened.names)

    async def open(self, name: str, size: int) -> BinaryIO | None:
        """Return the content of a file of this size, which the caller closes; None if there is no such file.

        Raise `StoreError` when it can't be read, or isn't there as a whole.
        """
        file = await self.storage.open(name)
        return None if file is None else _checked(file, size)

    async def _open(self, handle: Handle) -> UploadFile:
        name, filename, size, type, _, is_direct = handle
        if is_direct:
            if isinstance(self.storage, ObjectStorage) and await self.storage.is_there(name, size, type):
                return DirectUpload(filename, type, size, name)
            raise SealError("the file is not in object storage as it was announced")
        file = await (self._open_chunks(handle) if handle.chunk else self.open(handle.name, handle.size))
        if file is None:
            raise SealError("the file is no longer available")
        headers = Headers({"content-type": handle.type.encode("latin-1", "replace").decode("latin-1")})
        return UploadFile(file, size=handle.size, filename=handle.filename, headers=headers)

    async def _open_chunks(self, handle: Handle) -> BinaryIO | None:
        whole = cast("BinaryIO", SpooledTemporaryFile(CHUNK_BYTES))  # noqa: SIM115 - the caller closes it
        try:
            for name in handle.chunks:
                chunk = await self.storage.open(name)
                if chunk is None:
                    whole.close()
                    return None
                with chunk:
                    await asyncio.to_thread(shutil.copyfileobj, chunk, whole, COPY_BYTES)
            return _checked(whole, handle.size)
        except BaseException:
            whole.close()
            raise

    @asynccontextmanager
    async def placing(self, upload: UploadFile) -> AsyncIterator[DirectUpload]:
        """Give a file a key in object storage, where it stays unless the context ends with an exception. It
        also stays after a timeout or a cancellation: a thread that goes on may have stored the key.

        The browser's signature is for another name, so that nothing can be changed under the key.
        """
        if not isinstance(self.storage, ObjectStorage):
            raise StoreError(f"direct uploads need object storage. {PLACES}")
        suffix = SUFFIX.search((upload.filename or "").lower())
        path = f"{DIRECT}/{secrets.token_hex(16)}{suffix[0] if suffix else ''}"
        name = upload.key if isinstance(upload, DirectUpload) else ""
        is_placed = False
        try:
            placed = await self.storage.place(upload, name, path)
            is_placed = True
            yield placed
        except BaseException as error:
            if not is_placed or (isinstance(error, Exception) and not isinstance(error, ActionTimeout)):
                with self._removing():
                    await self.storage.remove(path)
            raise

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


def _checked(file: BinaryIO, size: int) -> BinaryIO:
    """Return a file at its beginning. Close it and raise `StoreError` if it doesn't have this size."""
    found = file.seek(0, os.SEEK_END)
    if found != size:
        file.close()
        raise StoreError(f"of a stored file there are {found} bytes, and not {size}")
    file.seek(0)
    return file


def _context(context: str) -> str:
    return f"upload\n{context}"
