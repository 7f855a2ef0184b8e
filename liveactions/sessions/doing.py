"""What an op does: which action it means, what that is given, and what became of it."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from logging import getLogger
from typing import TYPE_CHECKING, Any, Final

from ..actions.action import Action
from ..actions.input import Arguments
from ..actions.ref import ActionRef
from ..errors import ForgedReference, SealError, UnknownAction
from ..ops.outcome import DONE, Outcome, failure
from ..ops.scope import FieldPairs, Scope
from ..pages.lookup import log_refused
from ..protocol import CallFunction, CallReference, CallSlot, Cancel, Fields, Navigate, Op, Validate
from ..wire import ERROR, RUNNING, UNCERTAIN
from .aside import STARTED
from .naming import Act, named_by, reference
from .navigation import go
from .push import Push, event_of

if TYPE_CHECKING:
    from .session import Session

log = getLogger(__name__)

UNKNOWN: Final = Outcome(UNCERTAIN)
"""Whether it ran is unknown."""
FILE_GONE: Final = "The file is no longer available. Please choose it again."


def scope_of(session: Session, job: Op | Push) -> Scope:
    """The scope that an op runs in."""
    if isinstance(job, Push):
        if job.scope is not None:
            return job.scope
        scope, n = Scope(session.page), 0
    else:
        event = event_of(job.event) if isinstance(job, CallSlot | CallReference) else None
        scope, n = Scope(session.page, event), job.n
    scope.effects.op = session.key, n
    return scope


async def do(session: Session, scope: Scope, job: Op | Push) -> Outcome | None:
    """What becomes of an op; None for one that has to be done apart."""
    if type(job) is Push:
        return await job.run(scope) or DONE
    if type(job) is Navigate:
        return await scope.navigate(partial(go, session.page, session.place.address, job.url))
    if type(job) is Cancel:  # that was done when it came
        return await scope.guard() or DONE
    assert isinstance(job, Act)
    meant = _reference(session, job)
    if isinstance(meant, ActionRef) and type(job) is not Validate and _goes_apart(session, meant.action):
        return None
    refused = await scope.guard()
    if refused is not None:
        return refused
    return meant if isinstance(meant, Outcome) else await _act(session, scope, job, meant)


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


async def _act(session: Session, scope: Scope, job: Act, ref: ActionRef[..., Any]) -> Outcome:
    if isinstance(job, CallFunction):
        return await _call(session, scope, job, ref, Arguments(job.arguments))
    if dict in map(type, job.fields) and type(job) is not Validate:
        return await _call_with_files(session, scope, job, ref, job.fields)
    fields = zip(job.fields[::2], job.fields[1::2], strict=True) if job.fields else ()
    if type(job) is Validate:
        return await scope.validate(ref, fields, job.touched)
    return await _call(session, scope, job, ref, fields)


async def _call(
    session: Session, scope: Scope, job: Act, ref: ActionRef[..., Any], fields: FieldPairs | Arguments
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
    session: Session, scope: Scope, job: Act, ref: ActionRef[..., Any], given: Fields
) -> Outcome:
    with ExitStack() as files:
        try:
            fields = files.enter_context(session.site.uploads.opened(given, session.place.identity))
        except SealError:
            return failure(FILE_GONE, status=409)
        outcome = await _call(session, scope, job, ref, fields)
        if outcome is STARTED:
            session.aside.when_over(job.n, files.pop_all().close)
        return outcome


def conclude(session: Session, job: Op | Push, outcome: Outcome) -> None:
    """Note what became of an op, for the page or whoever waits for it."""
    exchange = session.exchange
    if not isinstance(job, Push):
        if outcome.status == RUNNING:
            exchange.go_on(job.n)
        else:
            exchange.finish(job.n, outcome.status, outcome.payload)
        return
    if job.ended is not None and not job.ended.done():
        job.ended.set_result(outcome)
    if job.n:
        exchange.finish_late(job.n, outcome.status, outcome.payload)
    elif not outcome.ok:
        if outcome.status != ERROR or "id" not in outcome.payload:  # else it has been logged
            name = session.place.address.name
            log.error("%s: a push failed: %s", name, outcome.payload, exc_info=outcome.error)
        if session.developer is not None:
            session.developer.tell_failure(outcome)
