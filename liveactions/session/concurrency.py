"""Operations that run beside a session's queue: generators, and actions that newer calls may end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from ..actions.action import ActionRef
from ..actions.form_input import Input
from ..actions.parameters import Event
from ..exceptions import ForgedReference, UnknownAction
from ..execution.run import FieldPairs, PageRun
from ..protocol.messages import Bye, Cancel, Navigate, Op
from ..tasks import Supervisor
from ..types import DONE, Failed, Outcome, Streaming
from .op_queue import ServerOp, dropped
from .state import SessionState

STREAMING: Final = Streaming()
"""The operation goes on outside of the queue."""


class StreamingCall:
    """A running generator. Each of its steps is an operation in the queue."""

    def __init__(self, ops: ConcurrentOps, n: int, ref: ActionRef[..., Any], event: Event | None) -> None:
        self.n = n
        self.ref = ref
        self.page_run = PageRun(ops.state.page, event)
        self.page_run.effects.op = ops.state.key, n
        self.page_run.on_yield = self._step
        self.task: asyncio.Task[None]
        self._ops = ops
        self.is_over = False
        self._is_cancelled = False

    def begin(self, fields: FieldPairs | Input) -> None:
        self.task = self._ops.tasks.start(self._work(fields))

    def cancel(self) -> None:
        """End the generator at its next ``yield``."""
        self._is_cancelled = True

    async def _work(self, fields: FieldPairs | Input) -> None:
        try:
            outcome = await self.page_run.call(self.ref, fields)
        except asyncio.CancelledError:  # a newer call, or the session's end
            outcome = DONE
        self.is_over = True

        async def end(page_run: PageRun) -> Outcome:
            return outcome

        self._ops.submit(ServerOp(end, self.page_run, self.n))

    async def _step(self) -> bool:
        state = self._ops.state
        if self._is_cancelled or state.over or state.page is not self.page_run.page:
            return False
        self.page_run.settle()
        shown = await self._ops.run(ServerOp(self._show))
        if isinstance(shown, Failed) and shown.error is not None:
            raise shown.error  # what was done since the last step has been undone
        self.page_run.pause()
        return shown.ok and not self._is_cancelled

    async def _show(self, page_run: PageRun) -> Outcome | None:
        page_run.answer_for(self.page_run)
        return await page_run.guard()


class ConcurrentOps:
    """The concurrent calls of one session. True if an operation could end one.

    `submit` asks for an op, `run` waits for its outcome as well.
    """

    def __init__(
        self,
        state: SessionState,
        tasks: Supervisor,
        submit: Callable[[ServerOp], None],
        run: Callable[[ServerOp], Awaitable[Outcome]],
    ) -> None:
        self.state = state
        self.tasks = tasks
        self.submit = submit
        self.run = run
        self.streaming: list[StreamingCall] = []
        """Generators that are running."""
        self.called: ActionRef[..., Any] | None = None
        """The action that is running in the queue, if newer operations may end it."""
        self._task: asyncio.Task[Any] | None = None
        self._is_ended = False

    def __bool__(self) -> bool:
        return bool(self.streaming) or self.called is not None

    # What comes in

    def admit(self, op: Op) -> Op:
        """Admit an operation that arrives while others run: it may end those, or be dropped itself."""
        if type(op) is Cancel:
            self._cancel(op)
            return op
        if self._leaves(op):
            self._leave()
        ref = self.state.known_reference(op)
        if ref is None:
            return op
        if ref.action.concurrency == "drop" and _is_same(ref, self.called):
            return dropped(op)
        if ref.action.concurrency == "latest":
            if _is_same(ref, self.called):
                self._end()
            self.state.queue.drop(lambda waiting: _is_same(ref, self.state.known_reference(waiting)))
        return op

    def _leaves(self, op: Op) -> bool:
        """Return whether this operation leaves the page."""
        path = op.url.partition("#")[0].partition("?")[0] if type(op) is Navigate else ""
        return type(op) is Bye or (type(op) is Navigate and path != self.state.page.live.path)

    def _leave(self) -> None:
        """End what was only of use to this visitor, who is leaving the page."""
        if self.called is not None and self.called.action.ends_on_leave:
            self._end()
        for run in self.streaming:
            if run.ref.action.ends_on_leave:
                run.task.cancel()

    def _cancel(self, op: Cancel) -> None:
        called = op.called
        try:
            meant = called if isinstance(called, int) else self.state.shown(op.rev, called)
        except (UnknownAction, ForgedReference):
            return
        for run in self.streaming:
            if meant == run.n or _includes(meant, run.ref):
                run.cancel()
        if self.called is not None and _includes(meant, self.called):
            self._end()

    def _end(self) -> None:
        if self._task is not None and not self._is_ended:
            self._is_ended = True
            self._task.cancel()

    # What runs

    async def call(
        self, page_run: PageRun, op: Op, ref: ActionRef[..., Any], fields: FieldPairs | Input
    ) -> Outcome:
        """Run an action during which other operations are received."""
        if ref.action.streams:
            return self._start(page_run, op.n, ref, fields)
        self.called, self._task, self._is_ended = ref, asyncio.current_task(), False
        if self.state.queue.expects(self._leaves):
            self._leave()
        try:
            outcome = await page_run.call(ref, fields)
        except asyncio.CancelledError:
            if not self._is_ended:
                raise
            outcome = DONE
            page_run.is_abandoned = not ref.action.is_async
        finally:
            self.called = None
        if self._is_ended and self._task is not None:
            self._task.uncancel()
        return outcome

    def _start(
        self, page_run: PageRun, n: int, ref: ActionRef[..., Any], fields: FieldPairs | Input
    ) -> Outcome:
        same = [run for run in self.streaming if _is_same(ref, run.ref)]
        if same and ref.action.concurrency == "drop":
            return DONE
        for run in same if ref.action.concurrency == "latest" else ():
            run.task.cancel()
        run = StreamingCall(self, n, ref, page_run.event)
        self.streaming.append(run)
        run.begin(fields)
        run.task.add_done_callback(lambda _: self.streaming.remove(run))
        return STREAMING

    def when_over(self, n: int, then: Callable[[], object]) -> None:
        """Call `then` when the generator of operation `n` has ended; at once if none is running."""
        for run in self.streaming:
            if run.n == n:
                run.task.add_done_callback(lambda _: then())
                return
        then()

    def leave_alone(self, page_run: PageRun) -> None:
        """Exclude the changes of `page_run` from what the running generators would roll back."""
        for run in self.streaming:
            if run.page_run is not page_run:
                run.page_run.leave_alone(page_run)

    async def finished(self) -> None:
        """Return when no generator is running."""
        while self.streaming:
            await asyncio.wait([run.task for run in self.streaming])

    def close(self) -> None:
        """Cancel all generators: the page has ended."""
        for run in self.streaming:
            run.task.cancel()


def _is_same(one: ActionRef[..., Any], other: ActionRef[..., Any] | None) -> bool:
    """Return whether both call the same action of the same component."""
    return other is not None and one.path == other.path


def _includes(meant: int | ActionRef[..., Any], ref: ActionRef[..., Any]) -> bool:
    """Return whether `meant` names `ref`, or its action with any arguments."""
    return isinstance(meant, ActionRef) and meant.path == ref.path and meant.args in ((), ref.args)
