"""Finds out whether several processes serve an application: then they need a shared key."""

from __future__ import annotations

import atexit
import os
import sys
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from .store import default_path

_locks: dict[str, int] = {}
"""Files that this process has locked, by name."""


def is_only_worker(name: str) -> bool:
    """Return whether this is the first living process of its server that calls this for the application
    `name`.

    Processes with the same parent, arguments and directory are considered workers of one server. Return True
    on systems without file locks.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        return True
    server = f"{os.getppid()}\0{sys.argv}\0{os.getcwd()}\0{name}"
    digest = sha256(server.encode(errors="replace")).hexdigest()[:24]
    path = default_path(name).with_name(f"worker-{digest}.lock")
    if path.name in _locks:
        return True
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(file)
        return False
    _locks[path.name] = file  # until the process ends
    atexit.register(_remove, path, os.getpid())
    return True


def _remove(path: Path, pid: int) -> None:
    if os.getpid() == pid:
        with suppress(OSError):
            path.unlink()


def worker_count() -> int:
    """Return how many processes serve the application, by the command line or ``WEB_CONCURRENCY``."""
    arguments = sys.argv
    for index, argument in enumerate(arguments):
        name, _, value = argument.partition("=")
        if name in ("--workers", "-w"):
            value = value or (arguments[index + 1] if index + 1 < len(arguments) else "")
            return int(value) if value.isdigit() else 1
        if argument.startswith("-w") and argument[2:].isdigit():
            return int(argument[2:])
    value = os.environ.get("WEB_CONCURRENCY", "")
    return int(value) if value.isdigit() else 1
