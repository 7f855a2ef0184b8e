"""Where the SQLite store of an application is, unless it is configured."""

from __future__ import annotations

import os
import re
import stat
import tempfile
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Final

from ..exceptions import StoreError
from .sqlite_file import VERSION


def default_path(name: str, environment: Mapping[str, str] = os.environ) -> Path:
    """Return the path of an application's file, in a directory that only this user can access.

    It is the same for all workers, and after a restart. The directory is in the runtime directory of the
    user's session, or in that for temporary files, so a reboot may delete it. Raise `StoreError` if there is
    no such directory, or others own it or can read it.
    """
    runtime = environment.get("XDG_RUNTIME_DIR", "")
    directory = _private(Path(runtime if _is_own(runtime) else _temporary()) / f"liveactions-{_user()}")
    readable = re.sub(r"[^\w.-]+", "-", name)[-40:].strip("-.")
    digest = sha256(name.encode()).hexdigest()[:12]
    # The version is in the name, so that an old and a new version can run side by side during a deployment.
    return directory / f"{readable}-{digest}-v{VERSION}.sqlite"


def _user() -> str:
    return str(os.getuid()) if hasattr(os, "getuid") else re.sub(r"\W+", "-", os.environ.get("USERNAME", ""))


def _is_own(directory: str) -> bool:
    """Return whether this user owns a directory: after ``su``, the variable names that of another user."""
    try:
        found = os.stat(directory)
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and (not hasattr(os, "getuid") or found.st_uid == os.getuid())


def _temporary() -> str:
    try:
        return tempfile.gettempdir()
    except FileNotFoundError as error:
        raise StoreError(f"can't create the store: {error}; {_ELSEWHERE}") from error


_ELSEWHERE: Final = (
    "pass Live(store=SqliteStore(path)) with a path that can be written, or set LIVEACTIONS_STORE to"
    " sqlite:///path"
)


def _private(directory: Path) -> Path:
    try:
        directory.mkdir(mode=0o700, exist_ok=True)
        found = directory.lstat()
    except OSError as error:
        raise StoreError(f"can't create the store: {error}; {_ELSEWHERE}") from error
    if not stat.S_ISDIR(found.st_mode):
        raise StoreError(f"can't create the store: {directory} is not a directory")
    if hasattr(os, "getuid") and (found.st_uid != os.getuid() or found.st_mode & 0o077):
        raise StoreError(f"{directory} must belong to this user and not be accessible to others (chmod 700)")
    return directory
