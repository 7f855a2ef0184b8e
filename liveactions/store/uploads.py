"""Files that are sent ahead of the op that takes them, and what actions give to be fetched afterwards.

They lie in a private directory beside the store, under names of our own: what the browser calls a file is
only told. Each is gone when its op has ended, when its page's session is over, after an hour, and when the
process that took it is no more.
"""

from __future__ import annotations

import os
import secrets
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from logging import getLogger
from pathlib import Path
from typing import Any, Final

from pydantic_core import from_json, to_json
from starlette.datastructures import Headers, UploadFile

from ..config import Limits
from ..exceptions import SealError
from ..security.signing import Sealer
from ..types import RefusedFile
from .snapshots import session_key

log = getLogger(__name__)
UPLOAD_TTL: Final = 3600.0
"""Seconds for which a file waits for its op."""
SWEEP_INTERVAL: Final = 60.0
"""Seconds between two looks for files that wait in vain."""
CHUNK_BYTES: Final = 2**16
"""Bytes that are copied at a time."""
_BIRTH: Final = secrets.token_hex(4)
"""Tells this process from an earlier one of the same number, as in a container."""


class TooManyUploads(Exception):
    """The files that wait have as many bytes as they may have."""


class Uploads:
    """The files that wait. `folder` is made when it is needed; None: somewhere in this process's own."""

    def __init__(self, sealer: Sealer, folder: Path | None = None, limit: int = Limits.uploads) -> None:
        self._sealer = sealer
        self._limit = limit
        self._folder = folder
        self._own: tempfile.TemporaryDirectory[str] | None = None
        self._swept = 0.0

    @property
    def folder(self) -> Path:
        if self._folder is None:
            self._own = tempfile.TemporaryDirectory(prefix="liveactions-")
            self._folder = Path(self._own.name)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self._folder

    def place(self, token: str = "") -> Path:
        """A new file's path; `token`: that of the session that it is for."""
        self.tend()
        return self.folder / f"{os.getpid()}-{_BIRTH}-{secrets.token_hex(16)}-{_owner(token)}"

    async def keep(self, upload: UploadFile, identity: str, token: str = "") -> str:
        """Store a file until its op, or the end of the page's session (its `token`, if it has one); the
        handle that stands for it, good for this person only.

        Raise `TooManyUploads` if the files that wait have too many bytes.
        """
        path = self.place(token)
        if self._waiting_bytes() + (upload.size or 0) > self._limit:
            raise TooManyUploads
        try:
            with open(path, "xb", opener=_private) as file:
                while part := await upload.read(CHUNK_BYTES):
                    file.write(part)
        except BaseException:  # a full disk, say
            remove(path)
            raise
        told = [path.name, upload.filename or "", upload.size or 0, upload.content_type or ""]
        return self._sealer.seal(to_json(told), _context(identity))

    def _waiting_bytes(self) -> int:
        found = 0
        for path in self.folder.iterdir():
            with suppress(OSError):  # it has been taken meanwhile
                found += path.stat().st_size
        return found

    @contextmanager
    def opened(self, fields: Sequence[Any], identity: str) -> Iterator[list[tuple[str, Any]]]:
        """Names and values of an op, with the files that its handles stand for; removed afterwards.

        `SealError` for a handle that isn't this person's, or whose file is gone.
        """
        pairs: list[tuple[str, Any]] = []
        paths: list[Path] = []
        try:
            for name, value in zip(fields[::2], fields[1::2], strict=True):
                if type(value) is dict and "refused" in value:
                    value = RefusedFile(*value["refused"])
                elif type(value) is dict:
                    path, value = self._open(value["file"], identity)
                    paths.append(path)
                pairs.append((name, value))
            yield pairs
        finally:
            for _, value in pairs:
                if isinstance(value, UploadFile):
                    value.file.close()
            for path in paths:
                remove(path)

    def _open(self, handle: str, identity: str) -> tuple[Path, UploadFile]:
        name, filename, size, kind = from_json(self._sealer.open(handle, _context(identity), UPLOAD_TTL))
        path = self.folder / name
        try:
            file = open(path, "rb")  # noqa: SIM115 - the op closes it
        except OSError:
            raise SealError("the file is no longer available") from None
        return path, UploadFile(file, size=size, filename=filename, headers=Headers({"content-type": kind}))

    def forget(self, token: str) -> None:
        """A page's session is over: nobody will take its files, whichever worker has them."""
        if self._folder is not None and self._folder.exists():
            for path in self._folder.glob(f"*-{_owner(token)}"):
                remove(path)

    def tend(self) -> None:
        """Sweep now and then."""
        if time.time() - self._swept > SWEEP_INTERVAL:
            self.sweep()

    def sweep(self) -> None:
        """Remove what nobody will take any more."""
        if self._folder is None or not self._folder.exists():
            return
        self._swept = time.time()
        oldest = self._swept - UPLOAD_TTL
        for path in self._folder.iterdir():
            with suppress(OSError):
                if path.stat().st_mtime < oldest or not _is_alive(*path.name.split("-")[:2]):
                    path.unlink()


def remove(path: Path) -> None:
    """Remove a file, if it is still there."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        log.error("could not remove an uploaded file: %s", error)


def _owner(token: str) -> str:
    """A session in the name of a file, which doesn't tell its token."""
    return session_key(token).rpartition(" ")[2] if token else ""


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _context(identity: str) -> str:
    return f"upload\n{identity}"


def _is_alive(pid: str, birth: str = "") -> bool:
    """Whether the process that wrote a file is there."""
    if not pid.isdigit() or int(pid) == os.getpid():
        return birth == _BIRTH
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's, or a system without such signals
        return True
    return True
