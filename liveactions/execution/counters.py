"""The counters of a worker, which `Live.stats` reads."""

from __future__ import annotations

import time
from collections import Counter

from ..types import Outcome


class Counters:
    """Counts since the application was created."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        self.ops: Counter[type[Outcome]] = Counter()
        """Operations of browsers, by outcome."""
        self.pushes = 0
        """Operations that the server has started."""
        self.patches = 0
        self.sent_bytes = 0
        self.resumes = 0
        self.restarts = 0
        self.closes: Counter[int] = Counter()
        """Closed connections, by close code; 1000: closed by the browser."""

    def sent(self, text: str) -> None:
        """Count a message to a page."""
        self.patches += 1
        self.sent_bytes += len(text) if text.isascii() else len(text.encode())
