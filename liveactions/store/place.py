"""Where an application's store is kept when nobody says."""

from __future__ import annotations

import os
import re
import stat
import tempfile
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from ..errors import StoreError
from .base import Store
from .schema import VERSION


def default_path(name: str, environment: Mapping[str, str] = os.environ) -> Path:
    """The file of the application `name`, in a directory that is this user's alone.

    The same for all its workers and after a restart. It is in the run time directory of the
    user's session or in the directory for temporary files: what it holds may be lost at a reboot.
    `StoreError` when the directory belongs to someone else or others can look into it.
    """
    runtime = environment.get("XDG_RUNTIME_DIR", "")
    parent = Path(runtime if os.path.isdir(runtime) else tempfile.gettempdir())
    directory = _private(parent / f"liveactions-{_user()}")
    readable = re.sub(r"[^\w.-]+", "-", name)[-40:].strip("-.")
    digest = sha256(name.encode()).hexdigest()[:12]
    # The version is in the name: during a deploy the old and the new one don't fight for one file.
    return directory / f"{readable}-{digest}-v{VERSION}.sqlite"


def files_beside(store: Store) -> Path | None:
    """Where files lie that belong to what a store keeps; None for a store that is in no file."""
    path: Path | None = getattr(store, "path", None)
    return path and path.with_suffix(".files")


def _user() -> str:
    return str(os.getuid()) if hasattr(os, "getuid") else re.sub(r"\W+", "-", os.environ.get("USERNAME", ""))


def _private(directory: Path) -> Path:
    try:
        directory.mkdir(mode=0o700, exist_ok=True)
        found = directory.lstat()
    except OSError as error:
        raise StoreError(f"no place for the store: {error}") from error
    if not stat.S_ISDIR(found.st_mode):
        raise StoreError(f"no place for the store: {directory} is not a directory")
    if hasattr(os, "getuid") and (found.st_uid != os.getuid() or found.st_mode & 0o077):
        raise StoreError(f"{directory} must belong to this user and be closed to others (chmod 700)")
    return directory
