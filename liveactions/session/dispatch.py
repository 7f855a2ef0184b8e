"""What an op does: which action it means, what that is given, and what became of it."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from logging import getLogger
from typing import Any, Final

from ..actions.action import Action, ActionRef
from ..actions.form_input import Arguments
from ..actions.parameters import Event
from ..exceptions import ForgedReference, SealError, UnknownAction
from ..execution.results import failure
from ..execution.run import FieldPairs, PageRun
from ..pages.lookup import log_refused
from ..protocol.messages import (
    CallFunction,
    CallReference,
    CallSlot,
    Cancel,
    Fields,
    Navigate,
    Validate,
    answer,
)
from ..types import DONE, Failed, Outcome, Streaming, Uncertain
from .concurrency import STREAMING, ConcurrentOps
from .navigation import patch_url
from .op_queue import Job, ServerOp
from .references import Act, named_by, reference
from .server_ops import Developer
from .state import SessionState

log = getLogger(__name__)
UNKNOWN: Final = Uncertain()
"""Whether it ran is unknown."""
FILE_EXPIRED: Final = "The file is no longer available. Please choose it again."


def run_of(state: SessionState, job: Job) -> PageRun:
    """Return the run that an op is part of."""
    if isinstance(job, ServerOp):
        if job.page_run is not None:
            return job.page_run
        run, n = PageRun(state.page), 0
    else:
        event = event_of(job.event) if isinstance(job, CallSlot | CallReference) else None
        run, n = PageRun(state.page, event), job.n
    run.effects.op = state.key, n
    return run


async def dispatch_op(ops: ConcurrentOps, run: PageRun, job: Job) -> Outcome | None:
    """Run an op and return its outcome; None if it must be run again in a task of its own."""
    state = ops.state
    if type(job) is ServerOp:
        return await job.run(run) or DONE
    if type(job) is Navigate:
        return await run.navigate(partial(patch_url, state.page, state.binding.address, job.url))
    if type(job) is Cancel:  # that was done when it came
        return await run.guard() or DONE
    assert isinstance(job, Act)
    meant = _reference(state, job)
    if isinstance(meant, ActionRef) and type(job) is not Validate and _must_detach(ops, meant.action):
        return None
    refused = await run.guard()
    if refused is not None:
        return refused
    return await _act(ops, run, job, meant) if isinstance(meant, ActionRef) else meant


def _reference(state: SessionState, job: Act) -> ActionRef[..., Any] | Outcome:
    """The action that an op means; else what becomes of the op."""
    try:
        ref = reference(state, job)
    except (UnknownAction, ForgedReference) as error:
        log_refused(state.page, named_by(job), error)
        return UNKNOWN if job.n <= state.op_log.uncertain else failure(str(error), status=409)
    if job.n <= state.op_log.uncertain and not ref.action.idempotent and type(job) is not Validate:
        return UNKNOWN
    return ref


async def _act(ops: ConcurrentOps, run: PageRun, job: Act, ref: ActionRef[..., Any]) -> Outcome:
    if isinstance(job, CallFunction):
        return await _call(ops, run, job, ref, Arguments(job.arguments))
    if dict in map(type, job.fields) and type(job) is not Validate:
        return await _call_with_files(ops, run, job, ref, job.fields)
    fields = zip(job.fields[::2], job.fields[1::2], strict=True) if job.fields else ()
    if type(job) is Validate:
        return await run.validate(ref, fields, job.touched)
    return await _call(ops, run, job, ref, fields)


async def _call(
    ops: ConcurrentOps, run: PageRun, job: Act, ref: ActionRef[..., Any], fields: FieldPairs | Arguments
) -> Outcome:
    if not ref.action.runs_apart:
        return await run.call(ref, fields)
    return await ops.call(run, job, ref, fields)


def _must_detach(ops: ConcurrentOps, action: Action[..., Any]) -> bool:
    """Return whether an action is to be called in a task that doesn't receive what else comes."""
    if not action.runs_apart or action.streams or ops.is_detached:
        return False
    ops.is_detached = True
    return True


async def _call_with_files(
    ops: ConcurrentOps, run: PageRun, job: Act, ref: ActionRef[..., Any], given: Fields
) -> Outcome:
    with ExitStack() as files:
        try:
            fields = files.enter_context(ops.state.site.uploads.opened(given, ops.state.binding.identity))
        except SealError:
            return failure(FILE_EXPIRED, status=409)
        outcome = await _call(ops, run, job, ref, fields)
        if outcome is STREAMING:
            ops.when_over(job.n, files.pop_all().close)
        return outcome


def record_outcome(
    state: SessionState, job: Job, outcome: Outcome, developer: Developer | None = None
) -> None:
    """Note the outcome of an op, for the page or its caller."""
    op_log = state.op_log
    if not isinstance(job, ServerOp):
        if isinstance(outcome, Streaming):
            op_log.go_on(job.n)
        else:
            op_log.finish(job.n, *answer(outcome))
        return
    if job.ended is not None and not job.ended.done():
        job.ended.set_result(outcome)
    if job.n:
        op_log.finish_late(job.n, *answer(outcome))
    elif not outcome.ok:
        if not isinstance(outcome, Failed) or not outcome.id:  # else it has been logged
            error = outcome.error if isinstance(outcome, Failed) else None
            log.error("%s: a push failed: %s", state.name, outcome, exc_info=error)
        if developer is not None and isinstance(outcome, Failed):
            developer.tell_failure(outcome)


def event_of(details: dict[str, Any] | None) -> Event | None:
    """The details of an event that an op brings, as far as they are what they should be."""
    if details is None:
        return None
    texts = {name: details[name] for name in ("type", "key") if isinstance(details.get(name), str)}
    places = {name: float(details[name]) for name in ("x", "y") if isinstance(details.get(name), int | float)}
    more: dict[str, Any] = {**texts, **places}
    return Event(**more, detail=details.get("detail"))
