"""A session that reports every operation and its timings to the application's observers."""

from __future__ import annotations

import time
from typing import Any

from ..actions.action import ActionRef
from ..exceptions import ForgedReference, UnknownAction
from ..execution.run import PageRun
from ..observation import Operation, current_operation, observed, storing
from ..protocol.messages import Act, Bye
from ..store.snapshots import Snapshot
from ..types import Outcome
from .op_queue import Job, OpQueue, ServerOp
from .runner import Connection, Session
from .state import SessionState


class TimedQueue(OpQueue):
    """A queue that notes when operations arrive."""

    def __init__(self) -> None:
        super().__init__()
        self.arrivals: dict[int, float] = {}
        """By the key of `_key`."""

    def append(self, job: Job) -> None:
        self.arrivals[_key(job)] = time.perf_counter()
        super().append(job)


class ObservedSession(Session):
    """Measures what `Session` does."""

    _operation: Operation | None = None
    """The operation that is running."""

    def __init__(self, state: SessionState, *args: Any) -> None:
        super().__init__(state, *args)
        self._observers = state.site.observers
        self._queue = state.queue = TimedQueue()

    def submit(self, job: Job) -> None:
        current = current_operation.get()
        token = current_operation.set(None if isinstance(job, ServerOp) else current)  # which awaits no push
        try:
            super().submit(job)
        finally:
            current_operation.reset(token)

    async def _run(self, job: Job, ref: ActionRef[..., Any] | None) -> None:
        begun = time.perf_counter()
        arrived = self._queue.arrivals.pop(_key(job), begun)
        if isinstance(job, Bye):
            await super()._run(job, ref)
            return
        request = self.state.page.live.request
        operation = Operation(
            "push" if isinstance(job, ServerOp) else "op",
            self.state.name,
            request.headers if request is not None else {},
            self._action(job, ref),
        )
        operation.waited = begun - arrived
        self._operation = operation
        with observed(self._observers, operation):
            try:
                await super()._run(job, ref)
            finally:
                self._operation = None

    def _action(self, job: Job, ref: ActionRef[..., Any] | None) -> str:
        if ref is None and isinstance(job, Act):
            try:
                ref = self.state.reference(job)
            except (UnknownAction, ForgedReference):
                return ""
        return ref.action.__qualname__ if ref is not None else ""

    async def _conclude(self, job: Job, run: PageRun, outcome: Outcome) -> None:
        if self._operation is not None:
            self._operation.lap("ran")
        await super()._conclude(job, run, outcome)

    def _complete(self, job: Job, outcome: Outcome) -> None:
        if self._operation is not None:
            self._operation.end(outcome)
        super()._complete(job, outcome)

    async def _store(self, snapshot: Snapshot | None) -> bool:
        with storing():
            return await super()._store(snapshot)

    async def _send(self, connection: Connection, text: str) -> None:
        if self._operation is not None:
            self._operation.bytes += len(text.encode())
        await super()._send(connection, text)


def _key(job: Job) -> int:
    """Return a key for an operation: its number, or a negative key if it has none."""
    return -id(job) if isinstance(job, ServerOp) else job.n
