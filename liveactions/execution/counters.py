"""What a worker counts. Numbers are added up where things happen; `Live.stats` reads them."""

from __future__ import annotations

import time
from collections import Counter

from ..types import Outcome


class Counters:
    """Everything since the application was created."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        self.ops: Counter[type[Outcome]] = Counter()
        """How operations of browsers have ended."""
        self.pushes = 0
        """Operations that the server itself has started."""
        self.patches = 0
        self.sent_bytes = 0
        self.resumes = 0
        self.restarts = 0
        self.closes: Counter[int] = Counter()
        """Connections that were closed, by close code; 1000: the browser has gone."""

    def sent(self, text: str) -> None:
        """Count a message to a page."""
        self.patches += 1
        self.sent_bytes += len(text) if text.isascii() else len(text.encode())
