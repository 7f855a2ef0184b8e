"""Start the ASGI servers that are tested and compared, with one worker process each."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.chromium.server import free_port
from tests.support.patience import PATIENCE, wait_until
from tests.support.watchdog import Watchdog

_UVICORN = (
    "uvicorn --ws websockets-sansio --ws-per-message-deflate false --log-level warning --host 127.0.0.1"
)
COMMANDS = {
    "uvicorn with uvloop": f"{_UVICORN} --loop uvloop --port {{port}} {{app}}",
    "uvicorn with asyncio": f"{_UVICORN} --loop asyncio --port {{port}} {{app}}",
    "granian": "granian --interface asgi --log-level warning --host 127.0.0.1 --port {port} {app}",
    "hypercorn": "hypercorn --log-level warning --bind 127.0.0.1:{port} {app}",
    "daphne": "daphne --verbosity 0 --bind 127.0.0.1 --port {port} {app}",
}
"""For each server, its module and command line."""


class AsgiServer:
    """A running server."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process = process
        self.url = f"http://127.0.0.1:{port}"

    def answers(self) -> bool:
        """Return whether the server responds yet. Raise `RuntimeError` if it has exited."""
        if self.process.poll() is not None:
            raise RuntimeError(f"the server ended: {self.process.communicate()[0]}")
        try:
            httpx.get(self.url, timeout=PATIENCE, verify=False)
        except httpx.TransportError:
            return False
        return True

    def cpu_seconds(self) -> float:
        """Return the user and system time of the server's processes, in seconds."""
        return sum(self._ticks().values()) / os.sysconf("SC_CLK_TCK")

    def pids(self) -> list[int]:
        """Return the server's processes."""
        return [*self._ticks()]

    def _ticks(self) -> dict[int, int]:
        """Return the CPU time of each process of the server's group, in clock ticks."""
        ticks = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rpartition(")")[2].split()
            except OSError:
                continue  # the process has exited
            if int(fields[2]) == self.process.pid:  # the process group
                ticks[int(stat.parent.name)] = int(fields[11]) + int(fields[12])
        return ticks


@contextmanager
def asgi_server(name: str, app: str) -> Iterator[AsgiServer]:
    """Serve an application with one of `COMMANDS`."""
    port = free_port()
    command = [sys.executable, "-m", *COMMANDS[name].format(port=port, app=app).split()]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "LIVEACTIONS_KEY": secrets.token_urlsafe(32)},
        start_new_session=True,
    )
    server, watchdog = AsgiServer(process, port), Watchdog(process.pid)
    try:
        assert wait_until(server.answers), f"{name} didn't answer"
        yield server
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            raise
        finally:
            watchdog.stop()
