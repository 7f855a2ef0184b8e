"""The counters of a worker, for `Live.stats`."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ..protocol.constants import CLOSE_LIMIT, CLOSE_NO_HELLO, CLOSE_OVER, CLOSE_PROTOCOL, CLOSE_VERSION
from ..types import Failed, Ok, Outcome, RedirectTo, Uncertain
from .registry import SessionRegistry
from .state import INTERNAL_ERROR, REPLACED

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


def stats_of(sessions: SessionRegistry) -> Stats:
    """Return the current numbers of a worker."""
    counters, pages = sessions.site.counters, list(sessions)
    return Stats(
        uptime=time.monotonic() - counters.started,
        sessions=len(pages),
        connected=sum(one.state.is_attached for one in pages),
        queue=sum(len(one.state.queue) for one in pages),
        ops={name: counters.ops[kind] for kind, name in OUTCOMES.items()},
        pushes=counters.pushes,
        patches=counters.patches,
        sent_bytes=counters.sent_bytes,
        resumes=counters.resumes,
        restarts=counters.restarts,
        gaps=sessions.gaps,
        store_latency=sessions.site.snapshots.store.latency,
        closes={name: counters.closes[code] for code, name in REASONS.items()},
    )
