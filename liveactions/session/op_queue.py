"""The ops of a page that wait, and those among them that the server itself has asked for.

Nothing here runs anything: the runner takes one op after the other (see `session.runner`).
"""

from __future__ import annotations

from collections import deque
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
"""Server ops that share one render at most, so that other ops have their turn."""


class Waiter(Protocol):
    """Who waits for an outcome: an `asyncio.Future`."""

    def done(self) -> bool: ...
    def cancelled(self) -> bool: ...
    def set_result(self, result: Outcome, /) -> None: ...


class ServerOp:
    """An op without a number: something to run on the page that no browser has asked for.

    With `page_run` and `n` it is the end of op `n`, which was streaming. `ended` receives the outcome.
    Several in a row with `merges` share one render.
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
"""What a queue holds."""


class OpQueue(deque[Job]):
    """Ops in the order in which they run."""

    coalescing = 0
    """Number of ops to come that are rendered together with the one that was taken last."""

    @property
    def is_full(self) -> bool:
        """Whether as many ops of the browser wait as may; it has no say in those of the server."""
        return sum(not isinstance(job, ServerOp) for job in self) >= MAX_KEPT_ANSWERS

    def take(self) -> Job | None:
        """Remove and return the next op; None when there is none."""
        while self:
            job = self.popleft()
            if not isinstance(job, ServerOp):
                self.coalescing = 0
                return job
            if job.ended is None or not job.ended.cancelled():  # else its caller has stopped waiting
                self.coalescing = self.coalescing - 1 if self.coalescing else self._following(job)
                return job
        self.coalescing = 0
        return None

    def _following(self, job: ServerOp) -> int:
        """Return how many of the next ops share a render with `job`."""
        if not job.merges:
            return 0
        following = islice(self, MAX_COALESCED)
        return sum(1 for _ in takewhile(lambda one: isinstance(one, ServerOp) and one.merges, following))

    def expects(self, is_meant: Callable[[Op], bool]) -> bool:
        """Return whether such an op of the browser waits."""
        return any(not isinstance(job, ServerOp) and is_meant(job) for job in self)

    def drop(self, is_meant: Callable[[Op], bool]) -> None:
        """Replace ops of the browser that wait, and are meant, with ops that do nothing."""
        for index, job in enumerate(self):
            if not isinstance(job, ServerOp) and is_meant(job):
                self[index] = dropped(job)

    def abandon(self) -> None:
        """Tell the callers of ops that wait that the page is over: they are never run."""
        while self:
            job = self.popleft()
            if isinstance(job, ServerOp) and job.ended is not None and not job.ended.done():
                job.ended.set_result(failure("", 409, error=LiveError("this page is no longer open")))


def dropped(op: Op) -> Cancel:
    """Return an op of the same number that does nothing."""
    return Cancel(op.n, op.rev, op.n)
