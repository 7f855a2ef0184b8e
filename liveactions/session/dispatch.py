"""What an op does: which action it means, what that is given, and what became of it."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from logging import getLogger
from typing import TYPE_CHECKING, Any, Final

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
    Op,
    Validate,
    answer,
)
from ..types import DONE, Failed, Outcome, Streaming, Uncertain
from .concurrency import STREAMING
from .navigation import patch_url
from .references import Act, named_by, reference
from .server_ops import ServerOp

if TYPE_CHECKING:
    from .runner import Session


log = getLogger(__name__)
UNKNOWN: Final = Uncertain()
"""Whether it ran is unknown."""
FILE_EXPIRED: Final = "The file is no longer available. Please choose it again."


def run_of(session: Session, job: Op | ServerOp) -> PageRun:
    """The scope that an op runs in."""
    if isinstance(job, ServerOp):
        if job.scope is not None:
            return job.scope
        scope, n = PageRun(session.page), 0
    else:
        event = event_of(job.event) if isinstance(job, CallSlot | CallReference) else None
        scope, n = PageRun(session.page, event), job.n
    scope.effects.op = session.key, n
    return scope


async def dispatch_op(session: Session, scope: PageRun, job: Op | ServerOp) -> Outcome | None:
    """What becomes of an op; None for one that has to be done apart."""
    if type(job) is ServerOp:
        return await job.run(scope) or DONE
    if type(job) is Navigate:
        return await scope.navigate(partial(patch_url, session.page, session.place.address, job.url))
    if type(job) is Cancel:  # that was done when it came
        return await scope.guard() or DONE
    assert isinstance(job, Act)
    meant = _reference(session, job)
    if isinstance(meant, ActionRef) and type(job) is not Validate and _goes_apart(session, meant.action):
        return None
    refused = await scope.guard()
    if refused is not None:
        return refused
    return await _act(session, scope, job, meant) if isinstance(meant, ActionRef) else meant


def _reference(session: Session, job: Act) -> ActionRef[..., Any] | Outcome:
    """The action that an op means; else what becomes of the op."""
    try:
        ref = reference(session, job)
    except (UnknownAction, ForgedReference) as error:
        log_refused(session.page, named_by(job), error)
        return UNKNOWN if job.n <= session.exchange.uncertain else failure(str(error), status=409)
    if job.n <= session.exchange.uncertain and not ref.action.idempotent and type(job) is not Validate:
        return UNKNOWN
    return ref


async def _act(session: Session, scope: PageRun, job: Act, ref: ActionRef[..., Any]) -> Outcome:
    if isinstance(job, CallFunction):
        return await _call(session, scope, job, ref, Arguments(job.arguments))
    if dict in map(type, job.fields) and type(job) is not Validate:
        return await _call_with_files(session, scope, job, ref, job.fields)
    fields = zip(job.fields[::2], job.fields[1::2], strict=True) if job.fields else ()
    if type(job) is Validate:
        return await scope.validate(ref, fields, job.touched)
    return await _call(session, scope, job, ref, fields)


async def _call(
    session: Session, scope: PageRun, job: Act, ref: ActionRef[..., Any], fields: FieldPairs | Arguments
) -> Outcome:
    if not ref.action.runs_apart:
        return await scope.call(ref, fields)
    return await session.aside.call(scope, job, ref, fields)


def _goes_apart(session: Session, action: Action[..., Any]) -> bool:
    """Whether an action is to be called once the queue is worked off apart."""
    if not action.runs_apart or action.streams or session.work.is_apart:
        return False
    session.work.is_apart = True
    return True


async def _call_with_files(
    session: Session, scope: PageRun, job: Act, ref: ActionRef[..., Any], given: Fields
) -> Outcome:
    with ExitStack() as files:
        try:
            fields = files.enter_context(session.site.uploads.opened(given, session.place.identity))
        except SealError:
            return failure(FILE_EXPIRED, status=409)
        outcome = await _call(session, scope, job, ref, fields)
        if outcome is STREAMING:
            session.aside.when_over(job.n, files.pop_all().close)
        return outcome


def record_outcome(session: Session, job: Op | ServerOp, outcome: Outcome) -> None:
    """Note what became of an op, for the page or whoever waits for it."""
    exchange = session.exchange
    if not isinstance(job, ServerOp):
        if isinstance(outcome, Streaming):
            exchange.go_on(job.n)
        else:
            exchange.finish(job.n, *answer(outcome))
        return
    if job.ended is not None and not job.ended.done():
        job.ended.set_result(outcome)
    if job.n:
        exchange.finish_late(job.n, *answer(outcome))
    elif not outcome.ok:
        if not isinstance(outcome, Failed) or not outcome.id:  # else it has been logged
            error = outcome.error if isinstance(outcome, Failed) else None
            log.error("%s: a push failed: %s", session.place.address.name, outcome, exc_info=error)
        if session.developer is not None and isinstance(outcome, Failed):
            session.developer.tell_failure(outcome)


def event_of(details: dict[str, Any] | None) -> Event | None:
    """The details of an event that an op brings, as far as they are what they should be."""
    if details is None:
        return None
    texts = {name: details[name] for name in ("type", "key") if isinstance(details.get(name), str)}
    places = {name: float(details[name]) for name in ("x", "y") if isinstance(details.get(name), int | float)}
    more: dict[str, Any] = {**texts, **places}
    return Event(**more, detail=details.get("detail"))
