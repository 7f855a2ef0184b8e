"""Files that are uploaded before the operation that uses them, and bodies of responses until they are
fetched.

They are kept in a storage (`liveactions.store.upload_storage`). A file is removed when its operation or its
page's session has ended, and after an hour in any case. Any machine can run the operation, even if the one
that received the file has failed. A large file arrives in chunks. Each is a file of the storage, so that any
machine can receive the next one.
"""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import shutil
import time
from collections.abc import AsyncIterator, Coroutine, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from io import BytesIO
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, Final, NamedTuple, TypeVar, cast

from pydantic_core import from_json, to_json
from starlette.datastructures import Headers, UploadFile

from ..config import Limits
from ..exceptions import ActionTimeout, SealError, StoreError
from ..logs import get_logger
from ..security.signing import Sealer
from ..tasks import Supervisor
from ..types import DirectUpload, RefusedFile
from .snapshots import session_key
from .upload_storage import COPY_BYTES, FILE_TTL, ObjectStorage, UploadStorage

log = get_logger(__name__)
T = TypeVar("T")
CHUNK_BYTES: Final = 2**20
"""Size of the chunks in which larger files are uploaded."""
DIRECT: Final = "files"
"""The folder of objects that actions have accepted, below the prefix of a bucket."""
SUFFIX: Final = re.compile(r"\.[a-z0-9]{1,10}$")
ADVICE: Final = (
    "Set LIVEACTIONS_UPLOADS or Live(uploads=) to a folder that all machines share, or to s3://bucket/prefix."
)
NO_OWNER: Final = "0" * 32
"""The owner of files that belong to no page's session."""


class UploadHandle(NamedTuple):
    """The description of a file that is stored, or expected. The browser has it as a sealed text."""

    name: str
    """The name of the file in its storage."""
    filename: str
    size: int
    """In bytes."""
    type: str
    chunk: int = 0
    """Size of the chunks in which it arrives, in bytes; 0 if it arrives as a whole."""
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
        """The names of all its parts in the storage."""
        return self.chunks if self.chunk else [self.name]

    def size_of(self, index: int) -> int:
        """Return the size of a chunk in bytes; 0 if there is no such chunk."""
        return max(0, min(self.chunk, self.size - index * self.chunk)) if index >= 0 else 0


class TooManyUploads(Exception):
    """The limit for the size of all stored files is reached."""


class FileTooLarge(Exception):
    """A file is larger than the storage accepts."""


@dataclass
class OpenedFiles:
    """The fields of an operation, with files in place of their handles."""

    pairs: list[tuple[str, Any]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    """The names of these files in the storage."""
    are_kept: bool = False
    """Whether the files are kept, because the form will be sent again."""


class Uploads:
    """The files in a storage, up to `limit` bytes in total.

    A file takes one of these ways to its operation::

        whole       `store`
        in chunks   `begin_chunks`, `store_chunk` for each (`count_chunks` to resume)
        direct      `begin_direct`, then the browser sends it to object storage

    The operation opens it with `opened`, which removes it at the end. An action that takes a `DirectUpload`
    moves it with `moved_to_key` first. `forget` and `sweep` remove files that no operation has taken.
    """

    def __init__(self, sealer: Sealer, storage: UploadStorage, limit: int = Limits.uploads) -> None:
        self.storage = storage
        self._sealer = sealer
        self._limit = limit if storage.capacity is None else min(limit, storage.capacity)
        self._sweep_at = 0.0
        self._has_refused = False
        self._is_failing = False
        self._tasks = Supervisor(lambda: "removing expired files")

    async def put(self, file: BinaryIO, size: int) -> str:
        """Store a file that doesn't belong to a page, from its current position, and return its name.

        Raise `FileTooLarge`, `TooManyUploads` if there is no room for it, or `StoreError`.
        """
        await self.require_room([size])
        return await self._write(file, size, NO_OWNER)

    async def require_room(self, sizes: Sequence[int]) -> None:
        """Raise the exceptions of `put` if there is no room for files of these sizes."""
        self.sweep_if_due()
        for size in sizes:
            self.check_size(size)
        if sum(sizes) + sum(one.size for one in await self.storage.files()) > self._limit:
            raise TooManyUploads

    async def _write(self, file: BinaryIO, size: int, owner: str) -> str:
        name = f"{owner}/{secrets.token_hex(16)}"
        await self.storage.write(name, file, size)
        return name

    def check_size(self, size: int) -> None:
        """Raise `FileTooLarge` if the storage doesn't accept files of this size. Log the first such file."""
        largest = self.storage.largest
        if largest is None or size <= largest:
            return
        if not self._has_refused:
            self._has_refused = True
            log.error("a file of more than %d bytes was refused: the store takes none. %s", largest, ADVICE)
        raise FileTooLarge

    async def store(self, uploads: Sequence[UploadFile], context: str, token: str = "") -> list[str]:
        """Store files until their operation, or the session with this token, has ended.

        Return a handle for each, which is valid for this page and visitor only (`context`). If one of the
        files can't be stored, none is kept. Raise the exceptions of `put`.
        """
        await self.require_room([upload.size or 0 for upload in uploads])
        names: list[str] = []
        handles = []
        try:
            for upload in uploads:
                size = upload.size or 0
                names.append(await self._write(upload.file, size, _owner(token)))
                handle = UploadHandle(names[-1], upload.filename or "", size, upload.content_type or "")
                handles.append(self._seal(handle, context))
        except BaseException:
            await self.delete(names)
            raise
        return handles

    def begin_chunks(self, filename: str, size: int, type: str, context: str, token: str = "") -> str:
        """Return the handle of a file that will arrive in chunks. Nothing is stored yet."""
        name = f"{_owner(token)}/{secrets.token_hex(16)}"
        return self._seal(UploadHandle(name, filename, size, type, CHUNK_BYTES), context)

    async def begin_direct(
        self, filename: str, size: int, type: str, context: str, token: str = ""
    ) -> tuple[str, str]:
        """Return the handle of a file that the browser sends to object storage, and the signed URL for it;
        the URL is "" if the bucket can't sign any.
        """
        if not isinstance(self.storage, ObjectStorage):
            return "", ""
        name = f"{_owner(token)}/{secrets.token_hex(16)}"
        url = await self.storage.signed_put(name, size, type)
        return self._seal(UploadHandle(name, filename, size, type, is_direct=True), context), url

    def open_handle(self, sealed: str, context: str) -> UploadHandle:
        """Open a handle. Raise `SealError` if it is invalid or belongs to another page or visitor."""
        return UploadHandle(*from_json(self._sealer.open(sealed, _context(context), FILE_TTL)))

    async def store_chunk(self, handle: UploadHandle, index: int, content: bytes) -> None:
        """Store a chunk. If it arrives again, it is replaced.

        Raise `ValueError` if the file has no such chunk or it has another size, and the exceptions of `put`.
        """
        if not content or len(content) != handle.size_of(index):
            raise ValueError(f"chunk {index} has {len(content)} bytes instead of {handle.size_of(index)}")
        await self.require_room([len(content)])
        await self.storage.write(handle.chunks[index], BytesIO(content), len(content))

    async def count_chunks(self, handle: UploadHandle) -> int:
        """Return how many chunks have arrived, up to the first one that is missing."""
        there = {one.name for one in await self.storage.files(handle.name.partition("/")[0])}
        return next((n for n, name in enumerate(handle.chunks) if name not in there), len(handle.chunks))

    def _seal(self, handle: UploadHandle, context: str) -> str:
        return self._sealer.seal(to_json(handle), _context(context))

    @asynccontextmanager
    async def opened(self, fields: Sequence[Any], context: str) -> AsyncIterator[OpenedFiles]:
        """Open the files for the handles in an operation's fields. They are removed on exit, unless they are
        kept.

        Raise `SealError` if a handle is invalid or its file is gone, and `StoreError` if it can't be read.
        """
        opened = OpenedFiles()
        try:
            for field, value in zip(fields[::2], fields[1::2], strict=True):
                if type(value) is dict and "refused" in value:
                    value = RefusedFile(*value["refused"])
                elif type(value) is dict:
                    handle = self.open_handle(value["file"], context)
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

        Raise `StoreError` if it can't be read or has another size.
        """
        file = await self.storage.open(name)
        return None if file is None else _checked(file, size)

    async def _open(self, handle: UploadHandle) -> UploadFile:
        name, filename, size, type, _, is_direct = handle
        if is_direct:
            if isinstance(self.storage, ObjectStorage) and await self.storage.is_there(name, size, type):
                return DirectUpload(filename, type, size, name)
            raise SealError("object storage has no file with the announced size and type")
        file = await (self._open_chunks(handle) if handle.chunk else self.open(handle.name, handle.size))
        if file is None:
            raise SealError("the file is no longer available")
        headers = Headers({"content-type": handle.type.encode("latin-1", "replace").decode("latin-1")})
        return UploadFile(file, size=handle.size, filename=handle.filename, headers=headers)

    async def _open_chunks(self, handle: UploadHandle) -> BinaryIO | None:
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
    async def moved_to_key(self, upload: UploadFile) -> AsyncIterator[DirectUpload]:
        """Store a file under a key in object storage, and remove it if the block raises an exception.

        After a timeout or a cancellation, it is kept, because a thread that continues may store the key. The
        browser's signed URL is for another name, so it can't change this object.
        """
        if not isinstance(self.storage, ObjectStorage):
            raise StoreError(f"direct uploads need object storage. {ADVICE}")
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
        """Remove files, if they exist. If the storage fails, a later sweep removes them."""
        with self._removing():
            await self._delete(names)

    async def _delete(self, names: Iterable[str]) -> None:
        if listed := list(names):
            await self.storage.delete(listed)

    def forget(self, token: str) -> None:
        """Remove the files of a page whose session has ended, in the background."""
        self.start(self._delete_those_of(_owner(token)))

    def start(self, removing: Coroutine[Any, Any, None]) -> None:
        """Run a removal in the background; `close` waits for it."""
        self._tasks.start(removing)

    async def _delete_those_of(self, owner: str) -> None:
        with self._removing():
            await self._delete(one.name for one in await self.storage.files(owner))

    def sweep_if_due(self) -> None:
        """Start a sweep for expired files if one is due."""
        now = time.monotonic()
        if now >= self._sweep_at:
            self._sweep_at = now + self.storage.sweep_interval
            self.start(self.sweep(time.time()))

    async def sweep(self, now: float) -> None:
        """Remove the files that have expired. `now` is in seconds since 1970."""
        with self._removing():
            files = await self.storage.files()
            await self._delete(one.name for one in files if one.written < now - FILE_TTL)

    @contextmanager
    def _removing(self) -> Iterator[None]:
        """Log a failure of the storage. Of consecutive failures, only the first is logged."""
        try:
            yield
            self._is_failing = False
        except StoreError as error:
            if not self._is_failing:
                log.error("could not remove uploaded files: %s", error)
            self._is_failing = True

    async def close(self) -> None:
        """Return when all removals have ended."""
        await self._tasks.finished()


def _owner(token: str) -> str:
    """Return the owner of a session's files, for file names. It doesn't reveal the token."""
    return session_key(token).rpartition(" ")[2] if token else NO_OWNER


def _checked(file: BinaryIO, size: int) -> BinaryIO:
    """Return a file at its beginning. Close it and raise `StoreError` if it doesn't have this size."""
    found = file.seek(0, os.SEEK_END)
    if found != size:
        file.close()
        raise StoreError(f"a stored file has {found} bytes instead of {size}")
    file.seek(0)
    return file


def _context(context: str) -> str:
    return f"upload\n{context}"
