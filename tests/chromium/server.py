"""The examples (or another application) under uvicorn, in processes that a test may kill."""

from __future__ import annotations

import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tests.support.patience import PATIENCE
from tests.support.watchdog import Watchdog

STARTED = "Application startup complete."
LISTENING = "Uvicorn running on"
"""Comes after the other with one worker, and before it with several, whose socket is their parent's."""
OPTIONS = "--ws websockets-sansio --ws-per-message-deflate false".split()


def free_port() -> int:
    """A port of the loopback interface that nobody uses just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """uvicorn on one port with one key, so that it is the same server after a restart."""

    def __init__(
        self,
        app: str = "examples.app:live",
        workers: int = 1,
        env: Mapping[str, str] | None = None,
        host: str = "127.0.0.1",
        grace: int = 5,
    ) -> None:
        """`grace` is how many seconds its workers have for ending what they do before they are cut off."""
        self.app = app
        self.workers = workers
        self.host = host
        self.grace = grace
        self.port = free_port()
        self.url = f"http://{host}:{self.port}"
        self.lines: list[str] = []
        self.env = {**os.environ, "LIVEACTIONS_KEY": secrets.token_urlsafe(32), **(env or {})}

    def start(self) -> None:
        """Start, and return when every worker serves."""
        command = [sys.executable, "-m", "uvicorn", self.app, "--host", self.host, *OPTIONS]
        command += ["--port", str(self.port), "--workers", str(self.workers)]
        command += ["--timeout-graceful-shutdown", str(self.grace)]
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=self.env,
            start_new_session=True,
        )
        self._watchdog = Watchdog(self.process.pid)
        self._ready = threading.Semaphore(0)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        for _ in range(self.workers):
            if not self._ready.acquire(timeout=4 * PATIENCE) or self.process.poll() is not None:
                raise RuntimeError("the server didn't start:\n" + "\n".join(self.lines))

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip())
            if (STARTED if self.workers > 1 else LISTENING) in line:
                self._ready.release()
        self._ready.release(self.workers)  # it ended: wake whoever waits for its start

    def worker_pids(self) -> list[int]:
        """The processes that serve, in the order of their start."""
        return [
            int(pid) for line in self.lines for pid in re.findall(r"Started server process \[(\d+)\]", line)
        ]

    def kill(self) -> None:
        """SIGKILL, as a power cut does it: nothing is written, nobody is told."""
        self._signal(signal.SIGKILL)

    def kill_worker(self, pid: int | None = None) -> None:
        """SIGKILL for one worker, the newest unless it is named; returns when its successor serves."""
        os.kill(pid or self.worker_pids()[-1], signal.SIGKILL)
        self.wait_for_successor()

    def wait_for_successor(self) -> None:
        """Return when a worker serves that has taken the place of one that was killed."""
        assert self._ready.acquire(timeout=PATIENCE)

    def stop(self) -> None:
        self._signal(signal.SIGTERM)

    def _signal(self, number: signal.Signals) -> None:
        os.killpg(self.process.pid, number)
        self.process.wait(timeout=PATIENCE)
        self._watchdog.stop()
        self._reader.join(timeout=PATIENCE)

    def faults(self) -> list[str]:
        """Lines of the log that tell of an exception nobody expected."""
        return [line for line in self.lines if re.search(r"Traceback|ERROR|Exception", line)]


@contextmanager
def serving(
    app: str = "examples.app:live", workers: int = 1, env: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """A started server, stopped at the end."""
    server = Server(app, workers, env)
    server.start()
    try:
        yield server
    finally:
        server.stop()
