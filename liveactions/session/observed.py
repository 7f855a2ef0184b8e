"""Sessions that record what they do: `Session` with measurements.

`ObservedSession` reports each operation and its timings to the application's observers. `DebuggedSession`
also keeps the latest operations and messages, for the developer's panel (debug mode only).
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from ..actions.action import ActionRef
from ..diff.places import changed_places
from ..exceptions import ForgedReference, UnknownAction
from ..execution.run import PageRun
from ..observation import Operation, current_operation, observed, storing
from ..protocol.messages import Act, Bye, parse
from ..store.snapshots import Snapshot
from ..tasks import contained
from ..types import Outcome
from .frames import Connection
from .op_queue import Job, OpQueue, ServerOp
from .runner import Session
from .state import SessionState

MAX_KEPT: Final = 50
"""How many operations, and how many messages, are kept for the panel."""
_STEPS: Final = ("waited", "ran", "loaded", "rendered", "stored")


class TimedQueue(OpQueue):
    """A queue that records when operations arrive."""

    def __init__(self) -> None:
        super().__init__()
        self.arrivals: dict[int, float] = {}
        """Times by the operation's `_key`."""

    def append(self, job: Job) -> None:
        self.arrivals[_key(job)] = time.perf_counter()
        super().append(job)


class ObservedSession(Session):
    """A session that measures its operations, and reports them to observers."""

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
            self._action_name(job, ref),
        )
        operation.waited = begun - arrived
        self._operation = operation
        with observed(self._observers, operation):
            try:
                await super()._run(job, ref)
            finally:
                self._operation = None

    def _action_name(self, job: Job, ref: ActionRef[..., Any] | None) -> str:
        if ref is None and isinstance(job, Act):
            try:
                ref = self.state.reference(job)
            except (UnknownAction, ForgedReference):
                return ""
        return ref.action.__qualname__ if ref is not None else ""

    async def _finish(self, job: Job, run: PageRun, outcome: Outcome) -> None:
        if self._operation is not None:
            self._operation.lap("ran")
        await super()._finish(job, run, outcome)

    def _record_outcome(self, job: Job, outcome: Outcome) -> None:
        if self._operation is not None:
            self._operation.end(outcome)
        super()._record_outcome(job, outcome)

    async def _store(self, snapshot: Snapshot | None) -> bool:
        with storing():
            return await super()._store(snapshot)

    async def _send(self, connection: Connection, text: str) -> None:
        if self._operation is not None:
            self._operation.bytes += len(text.encode())
        await super()._send(connection, text)


class DebuggedSession(ObservedSession):
    """Keeps its latest operations with their timings, and its latest messages with what they change."""

    def __init__(self, state: SessionState, *args: Any) -> None:
        super().__init__(state, *args)
        self._observers = (*self._observers, self)
        self.operations: deque[dict[str, Any]] = deque(maxlen=MAX_KEPT)
        """Times are in milliseconds; `at` is in seconds since 1970."""
        self.messages: deque[dict[str, Any]] = deque(maxlen=MAX_KEPT)

    @contextmanager
    def observe(self, operation: Operation) -> Iterator[None]:
        """Record an operation when it has ended."""
        at = time.time()
        yield
        self.operations.append(
            {
                "at": at,
                "kind": operation.kind,
                "action": operation.action,
                "status": operation.status,
                "bytes": operation.bytes,
                "error": "" if operation.error is None else repr(operation.error),
                **{step: round(1000 * getattr(operation, step), 3) for step in _STEPS},
            }
        )

    async def _send(self, connection: Connection, text: str) -> None:
        with contained("%s: noting a message for the panel", self.state.name):
            self.messages.append(self._described(text))
        await super()._send(connection, text)

    def _described(self, text: str) -> dict[str, Any]:
        message, shown = parse(text), self.state.history.newest
        is_welcome = isinstance(message, dict)
        if not is_welcome:
            message = dict(zip(("rev", "ack", "patch"), message, strict=False))
        places = changed_places(message.get("patch", []), shown) if shown is not None else []
        return {
            "at": time.time(),
            "kind": "welcome" if is_welcome else "frame",
            "rev": message["rev"],
            "ack": message["ack"],
            "bytes": len(text.encode()),
            "places": [place._asdict() for place in places],
        }


def _key(job: Job) -> int:
    """Return a key for an operation: its number, or a negative key if it has none."""
    return -id(job) if isinstance(job, ServerOp) else job.n
