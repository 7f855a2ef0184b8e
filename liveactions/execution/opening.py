"""Opens a page: one procedure for every kind of request.

=====================  ===========  ==========  =======  ==========================================
way in                 `source`     `until`     `call`   then
=====================  ===========  ==========  =======  ==========================================
GET                    either       RENDER               the document
link, redirect         ADDRESS      RENDER               the session shows the page
join                   either       RENDER               a session is made of the page
error page             FIELDS       RENDER               the document
prefetch               FIELDS       GUARD                the session shows the page
form post              either       RENDER      yes      303 to the page, or the page with the error
call by fetch          either       LOAD        yes      JSON
upload                 ADDRESS      GUARD, LOAD          the files are kept
=====================  ===========  ==========  =======  ==========================================

`PageRun` has the steps. If one fails, the run ends: dependencies roll back, no further step runs, and what
`load` has deferred is dropped.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import Enum, auto
from typing import Generic, NamedTuple, TypeAlias, TypeVar

from ..actions.responses import ActionResponse
from ..actions.run_context import OpId
from ..observation import current_operation
from ..pages.page import Page, fill_from_address
from ..pages.urls import own_query
from ..store.long_states import StateJSON
from ..types import DONE, Failed, Ok, Outcome
from .loading import discard_deferred
from .results import control_flow_outcome, failure
from .run import PageRun

T = TypeVar("T")
Call: TypeAlias = Callable[[PageRun], Awaitable[Outcome]]
"""Calls an action of the page in a run."""
Draw: TypeAlias = Callable[[PageRun], T | None]
"""Renders the page, after the run has dumped its state. None if the page isn't shown."""


class Source(Enum):
    """Where the fields of a page come from."""

    ADDRESS = auto()
    """The request's address; `mount` runs."""
    STATE = auto()
    """A snapshot, which has been restored."""
    FIELDS = auto()
    """They are already set; nothing is taken from the address."""


class Until(Enum):
    """The last step of opening a page."""

    GUARD = auto()
    """Only the guards run."""
    LOAD = auto()
    """The page is loaded, to call an action on it, but not shown. Flashes are left for another page."""
    RENDER = auto()
    """The page is loaded, dumped and rendered."""


class OpenedPage(NamedTuple, Generic[T]):
    """The result of opening a page, whose run has ended."""

    outcome: Outcome
    drawn: T | None
    """The result of `draw`, if the run was committed."""
    state: StateJSON | None
    """The page's state as JSON, if it was dumped."""
    is_refused: bool
    """Whether a guard has rejected the visitor: nothing of the page may be shown."""
    is_abandoned: bool
    """Whether a thread still works on the page, which must not be used any more."""


async def open_page(
    page: Page,
    source: Source,
    until: Until = Until.RENDER,
    *,
    call: Call | None = None,
    draw: Draw[T] | None = None,
    op: OpId | None = None,
) -> OpenedPage[T]:
    """Open a new page, `call` an action on it, and commit.

    `draw` renders the page after its state was dumped, unless opening it has failed, or the call has returned
    a redirect or a response. `op` identifies the call.
    """
    drawn: list[T | None] = []
    is_open = False
    try:
        async with PageRun(page, op=op) as run:
            concluded = await _steps(run, source, until, call, draw and (lambda: drawn.append(draw(run))))
            outcome = await run.close(concluded)
        shown = drawn[0] if drawn and outcome is concluded else None
        is_open = outcome.ok or shown is not None
    finally:
        if not is_open:
            discard_deferred(page.live)
    operation = current_operation.get()
    if operation is not None and isinstance(outcome, Failed) and outcome.status >= 500:
        operation.error = outcome.error
    return OpenedPage(outcome, shown, run.state, run.refusal is not None, run.is_abandoned)


async def _steps(
    run: PageRun, source: Source, until: Until, call: Call | None, draw: Callable[[], object] | None
) -> Outcome:
    problem = await _begin(run, source, until)
    if problem is None and (call is not None or until is Until.LOAD):
        problem = await (run.prepare() if source is Source.STATE else run.load())
    if problem is not None or (call is None and until is not Until.RENDER):
        return problem or DONE
    operation = current_operation.get()
    if operation is not None:
        operation.lap("loaded")
    outcome = DONE if call is None else await call(run)
    if operation is not None:
        operation.lap("ran")
    if run.is_abandoned:  # its thread may change what `load` and the template would read
        run.dump()
        return outcome
    if until is Until.LOAD and not outcome.ok:
        return outcome
    is_response = isinstance(outcome, Ok) and outcome.response is not None
    return await run.conclude(outcome, None if is_response else draw)


async def _begin(run: PageRun, source: Source, until: Until) -> Outcome | None:
    """Run the guards, and mount a page that is opened at its address. Return None on success."""
    problem = _fill_from_address(run.page) if source is Source.ADDRESS else None
    if problem is None and not run.has_passed:
        problem = await run.guard()
    if problem is None and until is not Until.GUARD and run.page.live.kept is not None:
        problem = await run.read_kept()
    if problem is not None or source is not Source.ADDRESS or until is Until.GUARD:
        return problem
    if until is Until.RENDER:
        run.take_flashes()
    return await run.mount()


def _fill_from_address(page: Page) -> Outcome | None:
    request, description = page.request, page._live_record.description
    try:
        fill_from_address(page, request.path_params, own_query(request) if description.has_address else ())
    except ActionResponse as error:
        return control_flow_outcome(error, page.live) or failure("", 404)
    return None
