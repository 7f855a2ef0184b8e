"""Tracing and metrics: counts what a worker does, and reports it to observers.

Operations are only measured in an application with an observer. `liveactions.otel` is one.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final, Literal, Protocol, TypeAlias, runtime_checkable

from .tasks import contained
from .types import Failed, Ok, Outcome, RedirectTo, Streaming, Uncertain

Kind: TypeAlias = Literal["get", "post", "call", "upload", "fetch", "join", "op", "push"]
"""A page by GET; a form without JavaScript; an action called by a script; files uploaded ahead of their
operation; operations sent by fetch; a connection; an operation of an open page; an operation that the server
has started."""
Step: TypeAlias = Literal["ran", "loaded", "rendered"]
"""A step of an operation whose seconds are counted."""


@dataclass(slots=True)
class Operation:
    """A request, a connection or an operation of a page. All attributes except the first three are set when
    it has ended.
    """

    kind: Kind
    page: str
    """The page's class, with its module; empty if there is no such page."""
    headers: Mapping[str, str]
    """The headers of the page's newest request; for an open page, those with which it has joined."""
    action: str = ""
    """The qualified name of the action, if one was called."""
    status: int = 200
    """An HTTP status: 303 for a redirect, 202 for an operation that continues concurrently, 0 if the outcome
    is unknown; for a join that is refused, the close code."""
    waited: float = 0.0
    """Seconds in the queue of its page."""
    ran: float = 0.0
    """Seconds for guards, parameters and the action."""
    loaded: float = 0.0
    """Seconds for `load`, the page's state, and the commit of dependencies."""
    rendered: float = 0.0
    """Seconds for rendering."""
    stored: float = 0.0
    """Seconds of waiting for the store; those of a fetch include those of its operations."""
    seconds: float = 0.0
    """Seconds from beginning to end, without the time in the queue."""
    bytes: int = 0
    """Size of the body of the response, or of frames."""
    error: BaseException | None = None
    """The exception that caused it to fail, unless that was meant for the visitor."""

    since: float = 0.0
    """When the running step began."""

    def lap(self, step: Step) -> None:
        """Count the time since the last lap for a step that ends now."""
        now = time.perf_counter()
        setattr(self, step, getattr(self, step) + now - self.since)
        self.since = now

    def end(self, outcome: Outcome) -> None:
        """Note the outcome."""
        self.status = status_of(outcome)
        if isinstance(outcome, Failed) and outcome.status >= 500:
            self.error = outcome.error


@runtime_checkable
class Observer(Protocol):
    """Observes every operation: ``Live(observer=…)`` or `Live.observe`."""

    def observe(self, operation: Operation) -> AbstractContextManager[object]:
        """Return a context manager that is entered around the operation, in its task.

        Read what is known afterwards when it is left. It gets no exception: that is `Operation.error`.
        """


current_operation: Final[ContextVar[Operation | None]] = ContextVar("liveactions_operation", default=None)
"""The running operation, in an application with an observer."""


@contextmanager
def observed(observers: Sequence[Observer], operation: Operation) -> Iterator[Operation]:
    """Report an operation to observers. Their exceptions are logged, and have no effect on the page."""
    entered: list[AbstractContextManager[object]] = []
    for observer in observers:
        with contained("an observer"):
            manager = observer.observe(operation)
            manager.__enter__()
            entered.append(manager)
    outer = current_operation.get()
    token, begun = current_operation.set(operation), time.perf_counter()
    operation.since = begun
    try:
        yield operation
    except BaseException as error:
        operation.error = error
        raise
    finally:
        operation.seconds = time.perf_counter() - begun
        current_operation.reset(token)
        if outer is not None:  # a request whose answer waits for this
            outer.stored += operation.stored
        for manager in reversed(entered):
            with contained("an observer"):
                manager.__exit__(None, None, None)


def note_action(name: str) -> None:
    """Note which action is called."""
    operation = current_operation.get()
    if operation is not None:
        operation.action = name


def storing() -> AbstractContextManager[None]:
    """Count the time of a block as time for the store. Blocks may be nested."""
    operation = current_operation.get()
    return _UNCOUNTED if operation is None else _storing(operation)


_UNCOUNTED: Final = nullcontext()


@contextmanager
def _storing(operation: Operation) -> Iterator[None]:
    before, begun = operation.stored, time.perf_counter()
    try:
        yield
    finally:
        operation.stored = before + time.perf_counter() - begun


def status_of(outcome: Outcome) -> int:
    """Return an outcome as an HTTP status; 0 for one that is unknown."""
    if isinstance(outcome, Failed):
        return outcome.status
    if isinstance(outcome, Ok):
        return 200
    if isinstance(outcome, RedirectTo):
        return 303
    return 202 if isinstance(outcome, Streaming) else 0


# Counted, with or without an observer

OUTCOMES: Final[Mapping[type[Outcome], str]] = {
    Ok: "ok",
    Failed: "failed",
    RedirectTo: "redirected",
    Uncertain: "uncertain",
}


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
