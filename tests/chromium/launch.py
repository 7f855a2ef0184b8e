"""Finds and starts a Chromium."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import Any

from playwright.sync_api import Browser, Playwright


def system_chromium() -> str | None:
    """Return the first browser of the system that runs, or None: then Playwright's own is used.

    The shell is the same engine without the browser around it. It starts pages several times as fast.
    """
    for name in ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"):
        path = shutil.which(name)
        if path and subprocess.run([path, "--version"], capture_output=True).returncode == 0:
            return path
    return None


def arguments() -> dict[str, Any]:
    """Return the arguments of Playwright's `launch`."""
    # Chromium's sandbox doesn't work for root, who is the user of most containers.
    args = ["--no-sandbox"] if os.geteuid() == 0 else []
    return {"executable_path": system_chromium(), "args": args}


def launch(playwright: Playwright) -> Browser:
    """A running browser without a window."""
    return playwright.chromium.launch(**arguments())
