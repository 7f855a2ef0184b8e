"""Runs one operation: resolves its action, passes the arguments, and reports the outcome."""

from __future__ import annotations

from contextlib import AsyncExitStack
from logging import ERROR, WARNING
from typing import Any, Final

from ..actions.action import ActionRef
from ..actions.form_input import Arguments
from ..actions.messages import text
from ..actions.parameters import Event
from ..exceptions import ForgedReference, SealError, StoreError, UnknownAction
from ..execution.results import failure
from ..execution.run import FieldPairs, PageRun
from ..logs import get_logger
from ..pages.lookup import log_refused
from ..protocol.messages import (
    CallFunction,
    CallReference,
    CallSlot,
    Fields,
    Navigate,
    Validate,
)
from ..types import DONE, Failed, Outcome, Uncertain
from .concurrency import STREAMING, ConcurrentOps
from .navigation import navigate
from .op_queue import Job, ServerOp
from .server_ops import Developer
from .state import Act, SessionState

log = get_logger(__name__)
UNKNOWN: Final = Uncertain()
"""It is unknown whether the operation ran."""
FILE_EXPIRED: Final = "The file is no longer available. Please choose it again."


def run_of(state: SessionState, job: Job) -> PageRun:
    """Return the run that an operation belongs to."""
    if isinstance(job, ServerOp):
        if job.page_run is not None:
            return job.page_run
        run, n = PageRun(state.page), 0
    else:
        event = event_of(job.event) if isinstance(job, (CallSlot, CallReference)) and job.event else None
        run, n = PageRun(state.page, event), job.n
    run.effects.op = state.key, n
    return run


async def dispatch_op(
    ops: ConcurrentOps, run: PageRun, job: Job, ref: ActionRef[..., Any] | None = None
) -> Outcome:
    """Run an operation and return its outcome. `ref` is the reference that it names, if that is known."""
    state = ops.state
    if isinstance(job, ServerOp):
        return await job.run(run) or DONE
    if isinstance(job, Navigate):
        return await navigate(run, state.binding.address, job.url)
    if not isinstance(job, Act):  # a `Cancel`: that was done when it came
        return await run.guard() or DONE
    try:
        ref = ref or state.reference(job)
    except (UnknownAction, ForgedReference) as error:
        log_refused(state.page, named_by(job), error)
        return UNKNOWN if job.n <= state.op_log.uncertain else failure(str(error), status=409)
    is_call = not isinstance(job, Validate)
    if job.n <= state.op_log.uncertain and is_call and not ref.action.idempotent:
        return UNKNOWN
    if not run.has_passed and (refused := await run.guard()) is not None:
        return refused
    if isinstance(job, CallFunction):
        given: FieldPairs | Arguments = Arguments(job.arguments)
    elif is_call and job.fields and dict in map(type, job.fields):
        return await _call_with_files(ops, run, job, ref, job.fields)
    else:
        given = zip(job.fields[::2], job.fields[1::2], strict=True) if job.fields else ()
        if isinstance(job, Validate):
            return await run.validate(ref, given, job.touched)
    if ref.action.runs_apart:
        return await ops.call(run, job, ref, given)
    return await run.call(ref, given)


async def _call_with_files(
    ops: ConcurrentOps, run: PageRun, job: Act, ref: ActionRef[..., Any], given: Fields
) -> Outcome:
    state = ops.state
    async with AsyncExitStack() as files:
        try:
            opening = state.site.uploads.opened(given, state.binding.identity)
            fields = await files.enter_async_context(opening)
        except SealError:
            return failure(FILE_EXPIRED, status=409)
        except StoreError as error:
            log.error("%s: an uploaded file can't be read: %s", state.name, error)
            return failure(text("storage_failed", state.site.services.messages), status=503)
        outcome = await (ops.call(run, job, ref, fields) if ref.action.runs_apart else run.call(ref, fields))
        if outcome is STREAMING:
            rest = files.pop_all()
            ops.when_over(job.n, lambda: state.site.uploads.start(rest.aclose()))
        return outcome


def report(state: SessionState, job: ServerOp, outcome: Outcome, developer: Developer | None) -> None:
    """Pass the outcome of a server operation to its caller; log a failure that no caller waits for."""
    if job.ended is not None and not job.ended.done():
        job.ended.set_result(outcome)
    if job.n or outcome.ok:
        return
    if not isinstance(outcome, Failed) or not outcome.id:  # else it has been logged
        is_refused = isinstance(outcome, Failed) and outcome.status < 500  # by a guard, for example
        error = outcome.error if isinstance(outcome, Failed) else None
        level = WARNING if is_refused else ERROR
        log.log(level, "%s: a push failed: %s", state.name, outcome, exc_info=error)
    if developer is not None and isinstance(outcome, Failed):
        developer.tell_failure(outcome)


def named_by(op: Act) -> str:
    """Return a name for what an operation calls, for the log."""
    if isinstance(op, CallSlot):
        return f"slot {op.address}"
    return op.name if isinstance(op, CallFunction) else op.reference


def event_of(details: dict[str, Any]) -> Event:
    """Return the details of the DOM event that an operation brings, without those of the wrong type."""
    texts = {name: details[name] for name in ("type", "key") if isinstance(details.get(name), str)}
    places = {name: float(details[name]) for name in ("x", "y") if isinstance(details.get(name), int | float)}
    more: dict[str, Any] = {**texts, **places}
    return Event(**more, detail=details.get("detail"))
