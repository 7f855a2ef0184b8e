"""The counters of a worker, and what `Live.stats` returns of them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ..exceptions import INTERNAL_ERROR, REPLACED
from ..protocol.constants import CLOSE_LIMIT, CLOSE_NO_HELLO, CLOSE_OVER, CLOSE_PROTOCOL, CLOSE_VERSION
from ..types import Failed, Ok, Outcome, RedirectTo, Uncertain

OUTCOMES: Final[Mapping[type[Outcome], str]] = {
    Ok: "ok",
    Failed: "failed",
    RedirectTo: "redirected",
    Uncertain: "uncertain",
}
REASONS: Final[Mapping[int, str]] = {
    1000: "left",
    INTERNAL_ERROR: "error",
    REPLACED: "reconnect",
    CLOSE_PROTOCOL: "protocol",
    CLOSE_VERSION: "version",
    CLOSE_LIMIT: "limit",
    CLOSE_NO_HELLO: "silent",
    CLOSE_OVER: "over",
}
"""Reasons for closing connections, by close code."""


@dataclass(frozen=True, slots=True)
class Stats:
    """A worker's counters. Those that only grow count since the application was created."""

    uptime: float
    """Seconds since then."""
    sessions: int
    """Open pages in memory, including those without a connection."""
    connected: int
    """Open pages with a connection."""
    queue: int
    """Operations in the queues of their pages."""
    ops: Mapping[str, int]
    """Operations of browsers that have ended: ``ok``, ``failed``, ``redirected``, ``uncertain``."""
    pushes: int
    """Operations that the server has started: timers, messages, callbacks, reloads."""
    patches: int
    """Messages sent to open pages, with patches and answers."""
    sent_bytes: int
    """Their size, before compression."""
    resumes: int
    """Pages that have reconnected with their state, from this worker's memory or from the store."""
    restarts: int
    """Pages that had to start again, or to continue from an older state, because the newest one was lost."""
    gaps: int
    """How often messages of other workers were lost, so that all pages loaded again."""
    store_latency: float
    """Seconds that the store takes to save states: a moving average over about ten writes."""
    closes: Mapping[str, int]
    """Closed connections: ``left`` (by the browser), ``reconnect`` (to another worker, or with newer
    cookies), ``over`` (signed out, or no longer there), ``limit``, ``error``, ``protocol``, ``version``,
    ``silent``.
    """


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
