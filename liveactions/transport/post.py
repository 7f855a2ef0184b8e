"""Posts of forms without JavaScript."""

from __future__ import annotations

from logging import INFO, WARNING, getLogger
from typing import Final

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.responses import Response

from ..actions.forms import FormState, is_secret_name
from ..actions.handle import Problem
from ..actions.messages import text
from ..errors import ForgedReference, LiveError, UnknownAction
from ..ops.flashes import restarted
from ..ops.loading import outdate
from ..ops.outcome import DONE, Outcome, failure
from ..ops.scope import Scope
from ..pages.lookup import log_refused, lookup, lookup_key, named
from ..pages.page import Page
from ..sessions.opening import mount
from ..site import path_and_query
from ..snapshot import Snapshot
from ..wire import FIELD_ACTION, FIELD_SNAPSHOT
from .body import Pair, read_form
from .errors import PageError
from .once import LIFE, Answer, Answers, post_key
from .visit import Visit, to, told

log = getLogger(__name__)

OWN_PAGE: Final = (409, 422)
"""Errors that the page itself shows, with what was typed."""
NOT_SHOWN: Final = (401, 403)
"""Errors after which the page isn't shown any more."""
UNNAMED: Final = 'This form has no action. Does its action="{{ … }}" refer to an action of this page?'
DONE_BEFORE: Final = "This has already been submitted."
UNKNOWN: Final = "We couldn't confirm whether your change was saved. Please reload the page."


class Post(Visit):
    """A form that was sent: its action runs, and the answer leads back to the page or shows it."""

    _is_restarted = False
    """Whether the page couldn't be restored, and its state is lost."""

    async def respond(self) -> Response:
        token = self.request.query_params.get(FIELD_ACTION)
        if token is None:
            raise HTTPException(400, UNNAMED)
        pairs = await read_form(self.request, self.site.limits, named(self.page, token))
        try:
            return await self._post(token, pairs)
        finally:
            for _, value in pairs:
                if isinstance(value, UploadFile):
                    await value.close()

    async def _post(self, token: str, pairs: list[Pair]) -> Response:
        if FIELD_SNAPSHOT in self.request.query_params:  # a page of many forms
            pairs.insert(0, (FIELD_SNAPSHOT, self.request.query_params[FIELD_SNAPSHOT]))
        fields = [pair for pair in pairs if pair[0] not in (FIELD_SNAPSHOT, FIELD_ACTION)]
        sealed = next((value for name, value in pairs if name == FIELD_SNAPSHOT), "")
        try:
            self.restore(sealed if isinstance(sealed, str) else "")
        except LiveError as error:
            self._is_restarted = bool(sealed)  # else it never had a state
            level = WARNING if sealed else INFO
            log.log(level, "%s can't be restored for a post and starts again: %s", self.address.name, error)
            response = await self._afresh(token, fields)
            if response is not None:
                return response
        answers = Answers(self.site.snapshots)
        key = await post_key(self.identity, self.request.url.path, token, pairs)
        if not self.site.snapshots.store.once(key, LIFE):
            return await self._again(await answers.first(key, 2 * (self.site.services.timeout or 30.0)))
        answer = Answer(409, message=UNKNOWN)
        scope = Scope(self.page)
        scope.effects.op = "post", key
        try:
            outcome = await self._run(scope, token, fields)
            answer = self._answer(outcome, None if scope.is_refused else scope.state)
        finally:  # copies needn't wait, also when the server gives it up
            answers.keep(key, answer)
        outcome.raise_handled()
        if isinstance(outcome.response, Response):
            return outcome.response
        return await self._tell(answer, outcome)

    async def _run(self, scope: Scope, token: str, fields: list[Pair]) -> Outcome:
        outcome = await scope.prepare() or await self._call(scope, token, fields)
        if self._is_restarted:
            restarted(self.page.live)
        shows = outcome.ok and outcome.response is None  # in the GET that follows; errors are shown from here
        draw = self._draw if shows else None
        return await scope.close(await scope.conclude(outcome, draw))

    def _draw(self) -> None:
        self.page.__fragment__(None)

    async def _call(self, scope: Scope, token: str, fields: list[Pair]) -> Outcome:
        try:
            ref = lookup(self.page, token)
        except (UnknownAction, ForgedReference) as error:
            log_refused(self.page, token, error)
            _note(self.page, token, fields)
            return failure(text("page_outdated", self.site.services.messages), 409)
        return await scope.call(ref, fields)

    def _answer(self, outcome: Outcome, state: bytes | None) -> Answer:
        """What this post and its copies are answered with. Keeps the `state` that it shows, if any."""
        request, changes = self.request, self.request.take_changes()
        if changes is not None:
            request.put_back(changes)
        if outcome.response is not None:
            return Answer(409, message=DONE_BEFORE)
        if outcome.location is not None:
            return Answer(303, outcome.location, changes=changes)
        message, id = told(outcome)
        status = 303 if outcome.ok else outcome.http_status
        handle = ""
        if status not in NOT_SHOWN and state is not None:
            snapshot = Snapshot(path_and_query(self.page), state)
            handle = self.site.snapshots.handle(snapshot, self.context)
        return Answer(status, handle=handle, message=message, id=id, changes=changes)

    async def _again(self, answer: Answer | None) -> Response:
        """The answer of the first of several equal posts."""
        if answer is None:
            raise PageError(409, "This is still being processed.")
        if answer.changes is not None:
            self.request.put_back(answer.changes)
        if answer.handle:
            self.restore(answer.handle)
        return await self._tell(answer, None)

    async def _tell(self, answer: Answer, outcome: Outcome | None) -> Response:
        """`outcome`: when it was this very post that ran."""
        if answer.location:
            return to(answer.location)
        if answer.status == 303:
            return to(_with_handle(path_and_query(self.page), answer.handle))
        if not answer.handle:
            return self.elsewhere(outcome or failure(answer.message, answer.status, id=answer.id))
        error = None
        if answer.message or answer.status not in OWN_PAGE:
            self.page.live.error = Problem(answer.status, answer.message, answer.id)
        if answer.status not in OWN_PAGE:
            if outcome is not None and self.exposes(outcome):
                return self.elsewhere(outcome)
            error = PageError(
                answer.status, answer.message, dict(outcome.headers if outcome else ()), answer.id
            )
            error.__cause__ = outcome.error if outcome else None
        outdate(self.page, None)  # what its dependencies gave is closed with them
        return await self.show(Scope(self.page), status=answer.status, error=error)

    async def _afresh(self, token: str, fields: list[Pair]) -> Response | None:
        """Begin the page anew: what it showed can't be known any more. An action that is of no page may
        still run on it, without an answer from here; any other's is the page with what was typed.
        """
        self.begin()
        scope = Scope(self.page)
        problem = await mount(self.page, scope) or await scope.prepare()
        if problem is not None:
            return await self.show(scope, problem)
        if _runs_anywhere(self.page, token):
            await scope.close(DONE)
            return None
        _note(self.page, token, fields)
        self.page.live.error = Problem(409, text("page_outdated", self.site.services.messages))
        return await self.show(scope, status=409)


def _runs_anywhere(page: Page, token: str) -> bool:
    """Whether a reference is valid, and needs no page in its former state."""
    try:
        return not lookup(page, token).is_of_page
    except (UnknownAction, ForgedReference) as error:
        log_refused(page, token, error)
        return False


def _note(page: Page, token: str, fields: list[Pair]) -> None:
    """Let the form show why nothing was done, and what was typed."""
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


def _with_handle(url: str, handle: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}{FIELD_SNAPSHOT}={handle}"
