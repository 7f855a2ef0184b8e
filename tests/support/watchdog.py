"""Ends servers when their test process is killed. Otherwise, they would keep running."""

from __future__ import annotations

import subprocess


class Watchdog:
    """Kills a process group when this process ends, even if it is killed. Call `stop` before that.

    It is a shell that waits for the end of its input, a pipe that only this process can write to.
    """

    def __init__(self, group: int) -> None:
        command = ["sh", "-c", f"read _; kill -s KILL -- -{group}"]
        self._shell = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)

    def stop(self) -> None:
        """End the watchdog; the process group lives on."""
        self._shell.kill()
        self._shell.communicate()
