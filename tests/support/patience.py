"""Timeouts of tests."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE = 60.0
"""Seconds after which a test gives up waiting, long enough for a very busy machine.

A test that passes never waits that long, and no test asserts that something is faster.
"""
PATIENCE_MS = 1000 * PATIENCE
"""The same in milliseconds, for Playwright."""


def wait_until(condition: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    """Poll a condition, and return whether it becomes true within a time.

    Use this for files and processes that can only be polled. Otherwise, wait for an event.
    """
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True
