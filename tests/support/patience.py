"""How long tests wait for what should happen."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE = 60.0
"""Seconds after which what a test waits for isn't going to happen, even on a very busy machine.

A test that passes never waits that long, and none asserts that something takes less.
"""
PATIENCE_MS = 1000 * PATIENCE
"""The same, as Playwright counts."""


def wait_until(condition: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    """Return whether a condition comes true within so many seconds.

    It is for what nobody reports: files of another thread, processes of others. Wait for an event elsewhere.
    """
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True
