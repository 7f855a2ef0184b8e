"""Start Redis, PostgreSQL and S3 servers in temporary folders, once for all processes of a test run.

They listen on Unix sockets, or on a port that the system chooses, so that they never conflict.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

from tests.support.patience import PATIENCE, wait_until

POSTGRES = [str(path) for path in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
USER = "tests"
ADDRESS = re.compile(r"Running on (http://[^\s\x1b]+)")
"""The line in a server's log with its address."""
HELP = "`make test` installs it on Debian, as does: apt-get install"


P = TypeVar("P", bound="Program")


class Program(ABC):
    """A server process with a folder of its own."""

    package: str

    @property
    def _user(self) -> str | None:
        """The user to run the server as; None for the current one."""
        return None

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pid = 0

    @property
    @abstractmethod
    def url(self) -> str:
        """The server's URL."""

    @abstractmethod
    def command(self) -> Sequence[str]:
        """Return the command that starts the server."""

    @abstractmethod
    def is_up(self) -> bool:
        """Return whether the server accepts connections."""

    def start(self) -> None:
        """Start the server, and wait until it accepts connections."""
        with open(self.folder / "log", "ab") as log:
            process = subprocess.Popen(
                self.command(),
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd=self.folder,
                user=self._user,
            )
        self.pid = process.pid
        wait_until(lambda: process.poll() is not None or self.is_up())
        if not self.is_up():
            raise RuntimeError(f"{self.package} doesn't start: {(self.folder / 'log').read_text()}")

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop the server, and wait until its process has exited."""
        self.signal(signal.SIGCONT)
        self.signal(how)
        wait_until(lambda: not self.is_alive())

    def is_alive(self) -> bool:
        """Return whether the server's process is running."""
        return _is_alive(self.pid)

    def signal(self, what: signal.Signals) -> None:
        """Send a signal; SIGSTOP, SIGCONT and SIGKILL also to the server's child processes."""
        others = []
        if what in (signal.SIGSTOP, signal.SIGCONT, signal.SIGKILL):
            children = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True).stdout
            pairs = (map(int, line.split()) for line in children.splitlines())
            others = [pid for pid, parent in pairs if parent == self.pid]
        for pid in (self.pid, *others):
            with suppress(ProcessLookupError):
                os.kill(pid, what)


def _is_alive(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG) == (0, 0)
    except ChildProcessError:  # not a child of this process; it may be a zombie until its parent waits for it
        state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout
        return bool(state.strip()) and not state.startswith("Z")


class RedisServer(Program):
    package = "redis-server"

    @property
    def socket(self) -> Path:
        return self.folder / "socket"

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    def command(self) -> Sequence[str]:
        return [
            found("redis-server"), "--port", "0", "--unixsocket", str(self.socket), "--dir", str(self.folder),
            "--save", "", "--appendonly", "no", "--daemonize", "no",
        ]  # fmt: skip

    def is_up(self) -> bool:
        import redis

        try:
            with redis.Redis(unix_socket_path=str(self.socket)) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False


class PostgresServer(Program):
    package = "postgresql"

    @property
    def url(self) -> str:
        return f"postgresql:///postgres?host={self.folder}&user={USER}"

    def start(self) -> None:
        if not (self.folder / "data").exists():
            if self._user is not None:
                shutil.chown(self.folder, self._user)
            made = [found("initdb", *POSTGRES), "-D", "data", "-U", USER, "-A", "trust", "--no-sync"]
            with open(self.folder / "log", "ab") as log:
                subprocess.run(made, stdout=log, stderr=log, cwd=self.folder, user=self._user, check=True)
        super().start()

    def command(self) -> Sequence[str]:
        return [
            found("postgres", *POSTGRES), "-D", "data", "-k", str(self.folder), "-c", "listen_addresses=",
            "-c", "fsync=off", "-c", "max_connections=200",
        ]  # fmt: skip

    def is_up(self) -> bool:
        import psycopg

        try:
            psycopg.connect(self.url).close()
        except psycopg.OperationalError:
            return False
        return True

    @property
    def _user(self) -> str | None:
        return "postgres" if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root


class S3Server(Program):
    """moto's server: object storage in memory, without accounts."""

    package = "moto"

    @property
    def url(self) -> str:
        return str(ADDRESS.findall((self.folder / "log").read_text())[-1])

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables that clients need to connect."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "tests",
            "AWS_SECRET_ACCESS_KEY": "tests",
        }

    def command(self) -> Sequence[str]:
        return [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]

    def is_up(self) -> bool:
        return ADDRESS.search((self.folder / "log").read_text()) is not None

    def make_bucket(self, name: str) -> None:
        httpx.put(f"{self.url}/{name}", timeout=PATIENCE).raise_for_status()


def found(name: str, *folders: str) -> str:
    """Return the path of a server's program. If it isn't installed, skip the test, or fail on CI."""
    path = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", *folders]))
    if path is None:
        missing = f"{name} isn't installed. {HELP} {name}"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return path


@contextmanager
def own(kind: type[P]) -> Iterator[P]:
    """Start a server for a single test, which may stop it."""
    with tempfile.TemporaryDirectory(prefix="liveactions-") as folder:
        server = kind(Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop(signal.SIGKILL)


@contextmanager
def shared(kind: type[P], base: Path) -> Iterator[P]:
    """Share a server between the processes of a test run; the last one stops it. `base`: pytest's folder."""
    base = base.parent if "PYTEST_XDIST_TESTRUNUID" in os.environ else base
    note = base / f"{kind.package}.json"
    with _locked(note):
        known: Any = json.loads(note.read_text()) if note.exists() else {"users": 0}
        server = kind(Path(known.get("folder") or tempfile.mkdtemp(prefix="liveactions-")))
        if known["users"]:
            server.pid = known["pid"]
        else:
            server.start()
        known = {"users": known["users"] + 1, "pid": server.pid, "folder": str(server.folder)}
        note.write_text(json.dumps(known))
    try:
        yield server
    finally:
        with _locked(note):
            known = json.loads(note.read_text())
            known["users"] -= 1
            if not known["users"]:
                server.stop(signal.SIGKILL)
                shutil.rmtree(server.folder, ignore_errors=True)
                known = {"users": 0}
            note.write_text(json.dumps(known))


@contextmanager
def _locked(note: Path) -> Iterator[None]:
    with open(note.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
