"""Files that are uploaded before the operation that uses them, and responses that wait to be fetched.

A file is removed when its operation or its page's session has ended, and after an hour in any case. Any
machine can run the operation, also if the one that received the file has failed.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import AsyncIterator, Coroutine, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final
from urllib.parse import unquote, urlsplit

from pydantic_core import from_json, to_json
from starlette.datastructures import Headers, UploadFile

from ..config import Limits
from ..exceptions import SealError, StoreError
from ..logs import get_logger
from ..security.signing import Sealer
from ..tasks import Supervisor
from ..types import RefusedFile
from .fallback import FallbackStore
from .memory import MemoryStore
from .snapshots import session_key
from .storage import FILE_TTL, FolderStorage, StoreStorage, UploadStorage

log = get_logger(__name__)
VARIABLE: Final = "LIVEACTIONS_UPLOADS"
PLACES: Final = (
    f"Set {VARIABLE} or Live(uploads=) to a folder that all machines share, or to s3://bucket/prefix."
)
NOBODY: Final = "0" * 32
"""The owner of files that are of no page's session."""


class TooManyUploads(Exception):
    """The files that wait have as many bytes as they may have."""


class FileTooLarge(Exception):
    """A file is larger than those that the storage takes."""


def open_storage(
    uploads: UploadStorage | str | os.PathLike[str] | None, store: FallbackStore, sealer: Sealer
) -> UploadStorage:
    """Return where an application's files wait: this storage, that of a folder or a URL, by default that of
    ``LIVEACTIONS_UPLOADS``, else the folder beside the store or, where there is none, the store itself.

    Raise `ValueError` for a URL of no known storage, `TypeError` for anything else.
    """
    if uploads is None or uploads == "":
        uploads = os.environ.get(VARIABLE) or None
    if isinstance(uploads, UploadStorage):
        return uploads
    if isinstance(uploads, (str, os.PathLike)):
        return _storage_at(os.fspath(uploads))
    if uploads is not None:
        raise TypeError(f"uploads={uploads!r}: expected a storage, a folder or a URL")
    if store.folder is not None or isinstance(store.store, MemoryStore):
        return FolderStorage(store.folder)
    return StoreStorage(store, sealer)


def _storage_at(place: str) -> UploadStorage:
    scheme, is_url, _ = place.partition("://")
    if not is_url:
        return FolderStorage(Path(place))
    if scheme == "file":
        return FolderStorage(Path(unquote(urlsplit(place).path)))
    if scheme == "s3":
        from .bucket import BucketStorage

        return BucketStorage(place)
    raise ValueError(f"uploads={place!r}: expected a folder, file:///folder or s3://bucket/prefix")


class Uploads:
    """The files that wait, in their storage: up to `limit` bytes."""

    def __init__(self, sealer: Sealer, storage: UploadStorage, limit: int = Limits.uploads) -> None:
        self.storage = storage
        self._sealer = sealer
        self._limit = limit if storage.capacity is None else min(limit, storage.capacity)
        self._sweep_at = 0.0
        self._has_refused = False
        self._is_failing = False
        self._tasks = Supervisor(lambda: "removing files that nobody takes")

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
        """Names and values of an op, with the files that its handles stand for; removed afterwards.

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
