"""The queue of a page's operations, from which `session.runner` takes and runs one at a time; and the limit
of their rate.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from itertools import islice, takewhile
from typing import Final, Protocol, TypeAlias

from ..exceptions import LiveError
from ..execution.results import failure
from ..execution.run import PageRun
from ..protocol.messages import Cancel, Op
from ..protocol.op_log import MAX_KEPT_ANSWERS
from ..types import Outcome

MAX_COALESCED: Final = 100
"""Maximum number of server operations that share one render, so that other operations get their turn."""


class Waiter(Protocol):
    """The caller that waits for an outcome: an `asyncio.Future`."""

    def done(self) -> bool: ...
    def cancelled(self) -> bool: ...
    def set_result(self, result: Outcome, /) -> None: ...


class ServerOp:
    """An operation that the server starts, without a number: `run` runs it on the page.

    With `page_run` and `n`, it is the end of operation `n`, which was streaming. `ended` receives the
    outcome. Consecutive operations with `merges` share one render.
    """

    __slots__ = ("run", "page_run", "n", "ended", "merges")

    def __init__(
        self,
        run: Callable[[PageRun], Awaitable[Outcome | None]],
        page_run: PageRun | None = None,
        n: int = 0,
        ended: Waiter | None = None,
        merges: bool = False,
    ) -> None:
        self.run = run
        self.page_run = page_run
        self.n = n
        self.ended = ended
        self.merges = merges


Job: TypeAlias = Op | ServerOp
"""An entry of the queue."""


class OpQueue(list[Job]):
    """Operations in the order in which they run. Usually there are few, and a deque takes 0.7 KiB."""

    coalescing = 0
    """How many of the next operations share a render with the one that was taken last."""

    @property
    def is_full(self) -> bool:
        """Whether the limit for operations of the browser is reached. Server operations don't count."""
        return sum(not isinstance(job, ServerOp) for job in self) >= MAX_KEPT_ANSWERS

    def take(self) -> Job | None:
        """Remove and return the next operation; None if there is none."""
        while self:
            job = self.pop(0)
            if not isinstance(job, ServerOp):
                self.coalescing = 0
                return job
            if job.ended is None or not job.ended.cancelled():  # else its caller has stopped waiting
                self.coalescing = self.coalescing - 1 if self.coalescing else self._count_merging(job)
                return job
        self.coalescing = 0
        return None

    def _count_merging(self, job: ServerOp) -> int:
        """Return how many of the next operations share a render with `job`."""
        if not job.merges:
            return 0
        following = islice(self, MAX_COALESCED)
        return sum(1 for _ in takewhile(lambda one: isinstance(one, ServerOp) and one.merges, following))

    def oldest_revision(self, newest: int) -> int:
        """Return the lowest of a revision and those that the browser's operations in the queue refer to."""
        return min([newest, *(job.rev for job in self if not isinstance(job, ServerOp))]) if self else newest

    def contains(self, predicate: Callable[[Op], bool]) -> bool:
        """Return whether an operation of the browser that satisfies the predicate is in the queue."""
        return any(not isinstance(job, ServerOp) and predicate(job) for job in self)

    def drop(self, predicate: Callable[[Op], bool]) -> None:
        """Replace queued operations of the browser that satisfy the predicate with ones that do nothing."""
        for index, job in enumerate(self):
            if not isinstance(job, ServerOp) and predicate(job):
                self[index] = dropped(job)

    def abandon(self) -> None:
        """Drop all queued operations. Their callers get an error: the page has ended."""
        while self:
            job = self.pop(0)
            if isinstance(job, ServerOp) and job.ended is not None and not job.ended.done():
                job.ended.set_result(failure("", 409, error=LiveError("this page is no longer open")))


def dropped(op: Op) -> Cancel:
    """Return an operation of the same number that does nothing."""
    return Cancel(op.n, op.rev, op.n)


class RateLimit:
    """The rate limit of a page: `rate` operations per second, and bursts of `burst`."""

    def __init__(self, rate: float, burst: int) -> None:
        self._step = 1 / rate
        self._slack = burst * self._step
        self._due = 0.0

    def take(self, now: float) -> float:
        """Count one operation. Return how many seconds to wait before it may run; 0 or less: none."""
        due = max(self._due, now - self._slack) + self._step
        self._due = due
        return due - now
