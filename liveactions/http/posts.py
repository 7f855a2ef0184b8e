"""Handles form posts without JavaScript: runs the action, and redirects to the page or shows it.

A post that arrives twice (because of a double click or a retry, maybe at another worker) runs once. Copies
get the response to the first.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from logging import INFO, WARNING
from typing import Any, Final, NamedTuple

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.responses import Response

from ..actions.form_input import NO_INPUT, Input
from ..actions.form_state import FormState, is_secret_name
from ..actions.messages import text
from ..actions.request import Changes
from ..exceptions import LiveError, SealError, SealExpired, StateError, UnknownAction
from ..execution.effects import flash_restarted
from ..execution.loading import discard_deferred
from ..execution.opening import Source, open_page
from ..execution.results import failure
from ..execution.run import PageRun
from ..logs import get_logger
from ..pages.lookup import declared_action, lookup_key
from ..pages.page import Page
from ..pages.urls import path_and_query
from ..protocol.constants import FIELD_ACTION, FIELD_SNAPSHOT
from ..session.navigation import problem_of
from ..store.long_states import StateJSON
from ..store.one_time import ANSWER_TTL
from ..store.snapshots import HANDLE_BYTES, HANDLE_PREFIX, Snapshot
from ..types import Failed, Ok, Outcome, RedirectTo
from .bodies import Pair, close_files, read_form
from .error_pages import PageError
from .idempotency import STILL_RUNNING, UNCONFIRMED, digest, first_answer
from .page import PageRequestHandler, page_error, see_other, with_snapshot
from .responses import NO_STORE, raise_handled


class Answer(NamedTuple):
    """The answer to a post, as it is stored for copies: a redirect, a page in a state, or an error page."""

    status: int
    location: str = ""
    message: str = ""
    id: str = ""
    changes: Changes | None = None
    """The cookies to set."""

    @classmethod
    def load(cls, data: Any) -> Answer:
        """Return the answer from its JSON data."""
        status, location, message, id, changes = data
        return cls(status, location, message, id, None if changes is None else Changes.load(changes))


log = get_logger(__name__)
SHOWN_ON_PAGE: Final = (409, 422, 429)
"""Errors that the page itself shows, with the submitted values."""
NEVER_SHOWN: Final = (401, 403)
"""Errors after which the page must not be shown."""
NO_ACTION: Final = 'This form has no action. Does its action="{{ … }}" refer to an action of this page?'
ALREADY_SUBMITTED: Final = "This has already been submitted."


class PostHandler(PageRequestHandler):
    """Handles a form post: runs the action, and redirects to the page or shows it."""

    _is_restarted = False
    """Whether the page couldn't be restored, so that its state is lost."""

    async def respond(self) -> Response:
        token = self.query.get(FIELD_ACTION)
        action = None if token is None else declared_action(self.page, token)
        pairs = await read_form(self.request, self.site.limits, action)
        try:
            if token is None:  # a form that posts to the page's address, with the reference in a field
                named_in = (value for name, value in pairs if name == FIELD_ACTION and isinstance(value, str))
                token = next(named_in, None)
            if token is None:
                raise HTTPException(400, NO_ACTION)
            return await self._post(token, pairs)
        finally:
            await close_files(pairs)

    async def _post(self, token: str, pairs: list[Pair]) -> Response:
        if FIELD_SNAPSHOT in self.query:  # a page of many forms
            pairs.insert(0, (FIELD_SNAPSHOT, self.query[FIELD_SNAPSHOT]))
        fields = [pair for pair in pairs if pair[0] not in (FIELD_SNAPSHOT, FIELD_ACTION)]
        sealed = next((value for name, value in pairs if name == FIELD_SNAPSHOT), "")
        source = await self._restore(sealed if isinstance(sealed, str) else "")
        snapshots = self.site.snapshots
        # A copy has the same snapshot, which is the first field.
        key = await digest((self.identity, self.request.scope["path"], token), pairs)
        handle = HANDLE_PREFIX + self.site.services.signer.mac(f"post\0{key}".encode(), HANDLE_BYTES)
        if not await self.site.posts.claim(key):
            find = partial(self._find_answer, handle)
            return await self._answer_copy(handle, await first_answer(find, self.site.copy_timeout))
        answer, state = Answer(409, message=UNCONFIRMED), None
        call = partial(self._call, token=token, fields=fields, source=source)
        try:
            opened = await open_page(self.page, source, call=call, draw=self._draw, op=("post", key))
            if opened.is_abandoned and opened.state is not None:
                self.page = self.site.copy_page(self.page, opened.state)
            outcome = opened.outcome
            answer, state = self._answer(outcome, None if opened.is_refused else opened.state)
        finally:  # copies needn't wait, even if the request is cancelled
            snapshot = Snapshot(path_and_query(self.page.live.address), state, post=answer)
            await snapshots.handles.put([snapshots.row(handle, snapshot, self.context)])
        raise_handled(outcome)
        if isinstance(outcome, Ok) and outcome.response is not None:
            return outcome.response
        if opened.drawn is not None and isinstance(outcome, Failed):
            headers = {**NO_STORE, **dict(outcome.headers)}
            return await self._page_response(opened.drawn, outcome.status, headers, _unshown_error(outcome))
        return await self._respond_with(answer, handle if state is not None else "", outcome)

    async def _find_answer(self, handle: str) -> Snapshot | None:
        """Return the snapshot with the answer to the first post; None if it isn't stored yet.

        An older one is from before the post was claimed again: states are kept longer than claims.
        """
        with suppress(SealExpired):
            return await self.site.snapshots.find(handle, self.context, ANSWER_TTL)
        return None

    async def _restore(self, sealed: str) -> Source:
        """Restore the state in which the form was shown. If that isn't possible, the page starts again."""
        try:
            await self.restore(sealed)
        except (SealError, StateError) as error:
            self._is_restarted = bool(sealed)  # otherwise there was no state to lose
            level = WARNING if sealed else INFO
            log.log(level, "could not restore %s for a post, starting it again: %s", self.route.name, error)
            self.page = self.site.new_page(self.route.page, self.request, self.context, self.identity)
            return Source.ADDRESS
        return Source.STATE

    async def _call(self, run: PageRun, token: str, fields: list[Pair], source: Source) -> Outcome:
        """Call the action. If it fails, the page shows the error."""
        outcome = await self._outcome(run, token, fields, source)
        if isinstance(outcome, Failed):
            self.page.live.error = problem_of(outcome)
        return outcome

    async def _outcome(self, run: PageRun, token: str, fields: list[Pair], source: Source) -> Outcome:
        """Call the action. On a page that had to start again, only call actions that don't belong to a page,
        because what the form has shown is unknown.
        """
        ref = None
        with suppress(LiveError):
            ref = self.find(token)
        if ref is None or (source is Source.ADDRESS and ref.is_of_page):
            _note_outdated(self.page, token, fields)
            return failure(text("page_outdated", self.site.services.messages), 409)
        outcome = await run.call(ref, Input(fields) if fields else NO_INPUT)
        if self._is_restarted:
            flash_restarted(self.page.live)
        return outcome

    def _draw(self, run: PageRun) -> bytes | None:
        """Return the HTML that shows an error; None after a success. The page is rendered then, too, so that
        the post fails if the GET after it would.
        """
        if not isinstance(run.outcome, Failed):
            run.page.__fragment__(None)
            return None
        return self._html(run) if _may_be_shown(run.outcome) else None

    def _answer(self, outcome: Outcome, state: StateJSON | None) -> tuple[Answer, StateJSON | None]:
        """Return the answer to this post and its copies, and the `state` if they show it."""
        changes = self.request.copy_changes()
        if isinstance(outcome, Ok) and outcome.response is not None:
            return Answer(409, message=ALREADY_SUBMITTED), None
        if isinstance(outcome, RedirectTo):
            return Answer(303, outcome.url, changes=changes), None
        if not isinstance(outcome, Failed):
            return Answer(303, changes=changes), state
        answer = Answer(outcome.status, message=outcome.message, id=outcome.id, changes=changes)
        return answer, None if outcome.status in NEVER_SHOWN else state

    async def _answer_copy(self, handle: str, kept: Snapshot | None) -> Response:
        """Return the response to a copy of a post. `kept` has the answer to the first one."""
        if kept is None:
            raise PageError(409, STILL_RUNNING)
        answer = Answer.load(kept.post)
        if answer.changes is not None:
            self.request.put_back(answer.changes)
        if kept.state is None:
            return await self._respond_with(answer, "", None)
        await self.restore(handle, anywhere=answer.status == 303)
        return await self._respond_with(answer, handle, None)

    async def _respond_with(self, answer: Answer, handle: str, outcome: Outcome | None) -> Response:
        """Return the response. `handle` is that of the state to show; `outcome` is None for a copy."""
        if answer.location:
            return see_other(answer.location)
        if answer.status == 303:
            self._release()
            return see_other(with_snapshot(path_and_query(self.page.live.address), handle))
        failed = outcome
        if not isinstance(failed, Failed):
            failed = Failed(answer.status, answer.message, id=answer.id)
        if not handle or not _may_be_shown(failed):
            return self.error_or_redirect(failed)
        self.page.live.error = problem_of(failed)
        discard_deferred(self.page.live)  # the page is loaded again
        return await self.show(status=answer.status, error=_unshown_error(failed))


def _may_be_shown(failed: Failed) -> bool:
    """Return whether the page itself may show an error, rather than an error page."""
    if failed.status in NEVER_SHOWN or failed.is_handled:
        return False
    return failed.status in SHOWN_ON_PAGE or failed.debug is None


def _unshown_error(failed: Failed) -> PageError | None:
    """Return the error to raise if the page doesn't show `live.error`; None if its forms show the failure."""
    return None if failed.status in SHOWN_ON_PAGE else page_error(failed)


def _note_outdated(page: Page, token: str, fields: list[Pair]) -> None:
    """Let the form show that the page was outdated, so the action didn't run, and the submitted values."""
    try:
        key = lookup_key(page, token)
    except UnknownAction:  # no form shows it
        return
    values: dict[str, list[str]] = {}
    for name, value in fields:
        if not isinstance(value, UploadFile) and not is_secret_name(name):
            values.setdefault(name, []).append(value)
    outdated = text("page_outdated", page.live.services.messages)
    page.live.forms.put(key, FormState(error=outdated, values=values))
