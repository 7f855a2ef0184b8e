"""Runs one operation: in the queue, or concurrently.

`dispatch_op` resolves the action, calls it with the arguments, and returns the outcome. `ConcurrentOps` runs
generators, and actions that newer calls may cancel, while other operations are received.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from logging import ERROR, WARNING
from typing import Any, Final

from ..actions.action import ActionRef
from ..actions.form_input import NO_INPUT, Arguments, Input
from ..actions.markers import Event
from ..actions.messages import text
from ..exceptions import ForgedReference, SealError, StoreError, UnknownAction
from ..execution.results import failure
from ..execution.run import PageRun
from ..logs import get_logger
from ..pages.lookup import log_refused
from ..protocol.constants import FIELD_BOUND
from ..protocol.messages import (
    Act,
    Bye,
    CallFunction,
    CallReference,
    CallSlot,
    Cancel,
    Fields,
    Navigate,
    Op,
    Validate,
)
from ..tasks import Supervisor
from ..types import DONE, Failed, Outcome, Streaming, Uncertain
from .navigation import navigate
from .op_queue import Job, ServerOp, dropped
from .state import SessionState

log = get_logger(__name__)
UNKNOWN: Final = Uncertain()
"""It is unknown whether the operation ran."""
FILE_EXPIRED: Final = "The file is no longer available. Please choose it again."
STREAMING: Final = Streaming()
"""The operation continues concurrently, outside of the queue."""


def run_of(state: SessionState, job: Job) -> PageRun:
    """Return the run for an operation: a new one, unless the operation ends a generator."""
    if isinstance(job, ServerOp):
        return job.page_run or PageRun(state.page, op=(state.key, 0))
    event = event_of(job.event) if isinstance(job, (CallSlot, CallReference)) and job.event else None
    return PageRun(state.page, event, (state.key, job.n))


async def dispatch_op(
    ops: ConcurrentOps, run: PageRun, job: Job, ref: ActionRef[..., Any] | None = None
) -> Outcome:
    """Run an operation and return its outcome. `ref` is the reference that it names, if already known."""
    state = ops.state
    if isinstance(job, ServerOp):
        return await job.run(run) or DONE
    if isinstance(job, Navigate):
        return await navigate(run, state.binding.route, job.url)
    if not isinstance(job, Act):  # a `Cancel`, which took effect when it arrived
        return await run.guard() or DONE
    try:
        ref = ref or state.reference(job)
        if not isinstance(job, CallFunction) and job.fields and FIELD_BOUND in job.fields:
            for token in _bound_references(job.fields):
                state.shown_reference(job.rev, token)
    except (UnknownAction, ForgedReference) as error:
        log_refused(state.page, called_name(job), error)
        return UNKNOWN if job.n <= state.op_log.uncertain else failure(str(error), status=409)
    is_call = not isinstance(job, Validate)
    if job.n <= state.op_log.uncertain and is_call and not ref.action.idempotent:
        return UNKNOWN
    if isinstance(job, CallFunction):
        given: Input = Arguments(job.arguments)
    elif is_call and job.fields and dict in map(type, job.fields):
        return await _call_with_files(ops, run, job, ref, job.fields)
    else:
        given = Input(zip(job.fields[::2], job.fields[1::2], strict=True)) if job.fields else NO_INPUT
        if isinstance(job, Validate):
            return await run.validate(ref, given, job.touched)
    if ref.action.runs_concurrently:
        return await ops.run(run, job, ref, given)
    return await run.call(ref, given)


def _bound_references(fields: Fields) -> list[str]:
    """Return the references of fields to which the controls of a form are bound."""
    pairs = zip(fields[::2], fields[1::2], strict=True)
    return [value for name, value in pairs if name == FIELD_BOUND and isinstance(value, str)]


async def _call_with_files(
    ops: ConcurrentOps, run: PageRun, job: Act, ref: ActionRef[..., Any], fields: Fields
) -> Outcome:
    state = ops.state
    if (refused := await run.guard()) is not None:
        return refused
    async with AsyncExitStack() as files:
        try:
            opening = state.site.uploads.opened(fields, state.binding.context)
            opened = await files.enter_async_context(opening)
        except SealError:
            return failure(FILE_EXPIRED, status=409)
        except StoreError as error:
            log.error("%s: an uploaded file can't be read: %s", state.name, error)
            return failure(text("storage_failed", state.site.services.messages), status=503)
        given = Input(opened.pairs)
        outcome = await (
            ops.run(run, job, ref, given) if ref.action.runs_concurrently else run.call(ref, given)
        )
        if outcome is STREAMING:
            rest = files.pop_all()
            ops.when_ended(job.n, lambda: state.site.uploads.start(rest.aclose()))
        opened.are_kept = isinstance(outcome, Failed) and outcome.status == 422  # the form will be sent again
        return outcome


def report(
    state: SessionState, job: ServerOp, outcome: Outcome, tell_failure: Callable[[Failed], None]
) -> None:
    """Pass the outcome of a server operation to its caller; log a failure that no caller waits for.

    An operation that is cut off, because the page is closed or continues on another worker, hasn't failed.
    """
    if job.ended is not None and not job.ended.done():
        job.ended.set_result(outcome)
    if job.n or outcome.ok or isinstance(outcome, Uncertain):
        return
    if not isinstance(outcome, Failed) or not outcome.id:  # else it has been logged
        is_refused = isinstance(outcome, Failed) and outcome.status < 500  # by a guard, for example
        error = outcome.error if isinstance(outcome, Failed) else None
        level = WARNING if is_refused else ERROR
        log.log(level, "%s: a push failed: %s", state.name, outcome, exc_info=error)
    if isinstance(outcome, Failed):
        tell_failure(outcome)


def called_name(op: Act) -> str:
    """Return the name of what an operation calls, for the log."""
    if isinstance(op, CallSlot):
        return f"slot {op.address}"
    return op.name if isinstance(op, CallFunction) else op.reference


def event_of(details: dict[str, Any]) -> Event:
    """Return the DOM event that an operation reports, without details of the wrong type."""
    texts = {name: details[name] for name in ("type", "key") if isinstance(details.get(name), str)}
    places = {name: float(details[name]) for name in ("x", "y") if isinstance(details.get(name), int | float)}
    more: dict[str, Any] = {**texts, **places}
    return Event(**more, detail=details.get("detail"))


class StreamingCall:
    """A running generator. Each of its steps is an operation in the queue."""

    def __init__(self, ops: ConcurrentOps, n: int, ref: ActionRef[..., Any], event: Event | None) -> None:
        self.n = n
        self.ref = ref
        self.page_run = PageRun(ops.state.page, event, (ops.state.key, n))
        self.page_run.on_yield = self._step
        self.task: asyncio.Task[None]
        self._ops = ops
        self._is_cancelled = False

    def begin(self, given: Input) -> None:
        self.task = self._ops.tasks.start(self._work(given))

    def cancel(self) -> None:
        """End the generator at its next ``yield``."""
        self._is_cancelled = True

    async def _work(self, given: Input) -> None:
        try:
            outcome = await self.page_run.call(self.ref, given)
        except asyncio.CancelledError:  # a newer call, or the session's end
            outcome = DONE

        async def end(page_run: PageRun) -> Outcome:
            return outcome

        self._ops.submit(ServerOp(end, self.page_run, self.n))

    async def _step(self) -> bool:
        state = self._ops.state
        if self._is_cancelled or state.is_over or state.page is not self.page_run.page:
            return False
        self.page_run.note_changes()
        shown = await self._ops.call(ServerOp(self._show))
        if isinstance(shown, Failed) and shown.error is not None:
            raise shown.error  # the changes since the last step have been undone
        self.page_run.pause()
        return shown.ok and not self._is_cancelled

    async def _show(self, page_run: PageRun) -> Outcome | None:
        page_run.undo_with(self.page_run)
        return await page_run.guard()


class ConcurrentOps:
    """The concurrent calls of one session; falsy if none is running.

    `submit` enqueues an operation; `call` also waits for its outcome.
    """

    def __init__(
        self,
        state: SessionState,
        tasks: Supervisor,
        submit: Callable[[ServerOp], None],
        call: Callable[[ServerOp], Awaitable[Outcome]],
    ) -> None:
        self.state = state
        self.tasks = tasks
        self.submit = submit
        self.call = call
        self.streaming: list[StreamingCall] = []
        """Generators that are running."""
        self.called: ActionRef[..., Any] | None = None
        """The action that is running in the queue, if newer operations may cancel it."""
        self._task: asyncio.Task[Any] | None = None
        """The task in which it is running."""
        self._is_cancelled = False

    def __bool__(self) -> bool:
        return bool(self.streaming) or self.called is not None

    # Operations that arrive

    def admit(self, op: Op) -> Op:
        """Cancel or drop the calls that an arriving operation replaces.

        Return the operation to enqueue: this one, or one that does nothing if it is dropped itself.
        """
        if type(op) is Cancel:
            self._cancel(op)
            return op
        if self._leaves_page(op):
            self._cancel_on_leave()
        ref = self.state.known_reference(op)
        if ref is None:
            return op
        if ref.action.concurrency == "drop" and _is_same(ref, self.called):
            return dropped(op)
        if ref.action.concurrency == "latest":
            if _is_same(ref, self.called):
                self._cancel_called()
            self.state.queue.drop(lambda waiting: _is_same(ref, self.state.known_reference(waiting)))
        return op

    def _leaves_page(self, op: Op) -> bool:
        """Return whether the visitor leaves the page with this operation."""
        path = op.url.partition("#")[0].partition("?")[0] if type(op) is Navigate else ""
        return type(op) is Bye or (type(op) is Navigate and path != self.state.page.live.path)

    def _cancel_on_leave(self) -> None:
        """Cancel calls with ``on_leave="cancel"``: the visitor is leaving the page."""
        if self.called is not None and self.called.action.ends_on_leave:
            self._cancel_called()
        for call in self.streaming:
            if call.ref.action.ends_on_leave:
                call.task.cancel()

    def _cancel(self, op: Cancel) -> None:
        called = op.called
        try:
            meant = called if isinstance(called, int) else self.state.shown_reference(op.rev, called)
        except (UnknownAction, ForgedReference):
            return
        for call in self.streaming:
            if meant == call.n or _covers(meant, call.ref):
                call.cancel()
        if self.called is not None and _covers(meant, self.called):
            self._cancel_called()

    def _cancel_called(self) -> None:
        if self._task is not None and not self._is_cancelled:
            self._is_cancelled = True
            self._task.cancel()

    # Calls that run

    async def run(self, page_run: PageRun, op: Op, ref: ActionRef[..., Any], given: Input) -> Outcome:
        """Run an action during which other operations are received."""
        if ref.action.streams:
            return await page_run.guard() or self._start(page_run, op.n, ref, given)
        self.called, self._task, self._is_cancelled = ref, asyncio.current_task(), False
        if self.state.queue.contains(self._leaves_page):
            self._cancel_on_leave()
        try:
            outcome = await page_run.call(ref, given)
        except asyncio.CancelledError:
            if not self._is_cancelled:
                raise
            outcome = DONE
            page_run.is_abandoned = not ref.action.is_async
        finally:
            self.called = None
        if self._is_cancelled and self._task is not None:
            self._task.uncancel()
        return outcome

    def _start(self, page_run: PageRun, n: int, ref: ActionRef[..., Any], given: Input) -> Outcome:
        same = [call for call in self.streaming if _is_same(ref, call.ref)]
        if same and ref.action.concurrency == "drop":
            return DONE
        for earlier in same if ref.action.concurrency == "latest" else ():
            earlier.task.cancel()
        call = StreamingCall(self, n, ref, page_run.event)
        self.streaming.append(call)
        call.begin(given)
        call.task.add_done_callback(lambda _: self.streaming.remove(call))
        return STREAMING

    def when_ended(self, n: int, then: Callable[[], object]) -> None:
        """Call `then` when the generator of operation `n` has ended; at once if none is running."""
        for call in self.streaming:
            if call.n == n:
                call.task.add_done_callback(lambda _: then())
                return
        then()

    def exclude(self, page_run: PageRun) -> None:
        """Keep the changes of `page_run`, even if a running generator is rolled back."""
        for call in self.streaming:
            if call.page_run is not page_run:
                call.page_run.exclude(page_run)

    async def finished(self) -> None:
        """Return when no generator is running."""
        while self.streaming:
            await asyncio.wait([call.task for call in self.streaming])

    def close(self) -> None:
        """Cancel all generators: the page has ended."""
        for call in self.streaming:
            call.task.cancel()


def _is_same(one: ActionRef[..., Any], other: ActionRef[..., Any] | None) -> bool:
    """Return whether both call the same action of the same component."""
    return other is not None and one.path == other.path


def _covers(meant: int | ActionRef[..., Any], ref: ActionRef[..., Any]) -> bool:
    """Return whether `meant` names `ref`, or its action with any arguments."""
    return isinstance(meant, ActionRef) and meant.path == ref.path and meant.args in ((), ref.args)
