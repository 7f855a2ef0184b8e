"""Pages over HTTP: GET, posts of forms without JavaScript, and ops by fetch."""

from __future__ import annotations

from http import HTTPStatus
from logging import getLogger
from typing import Any, Final
from urllib.parse import quote, urlsplit

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import Receive, Send
from starlette.types import Scope as Connection

from ..actions.action import ActionRef
from ..actions.control import Control
from ..actions.forms import FormState, is_secret_name
from ..actions.request import PageRequest
from ..document import document
from ..errors import ForgedReference, LiveError, UnknownAction
from ..ops.outcome import DONE, Outcome, failure
from ..ops.scope import Scope
from ..pages.lookup import lookup
from ..pages.page import Page, fill
from ..pages.state import dump_state, restore_state
from ..sessions.registry import Sessions
from ..sessions.renewal import PROBE
from ..sessions.screen import mark_of
from ..site import Address, Site, own_query, own_url, path_and_query
from ..snapshot import Snapshot
from ..wire import FIELD_ACTION, FIELD_SNAPSHOT, HEADER_OPS
from .body import Pair, read_form
from .fetch import perform
from .once import LIFE, Answer, first_answer, keep_answer, post_key
from .origin import Origins

log = getLogger(__name__)

PAGE_HEADERS: Final = {"Cache-Control": "private, no-cache", "Vary": "Cookie"}
POST_HEADERS: Final = {"Cache-Control": "no-store"}
METHODS: Final = "GET, HEAD, POST"
OWN_PAGE: Final = (409, 422)
"""Errors that the page itself shows, with what was typed."""


class PageEndpoint:
    """The ASGI application at one page's address."""

    def __init__(
        self, site: Site, sessions: Sessions, origins: Origins, address: Address, login: str | None = None
    ) -> None:
        self.site = site
        self.sessions = sessions
        self.origins = origins
        self.address = address
        self.login = login

    async def __call__(self, scope: Connection, receive: Receive, send: Send) -> None:
        request = PageRequest(scope, receive, send)
        if PROBE in scope:
            scope[PROBE](request)
            response = Response(status_code=204)
        else:
            response = await self._respond(request)
            changes = request.take_changes()
            if changes is not None:
                changes.apply(response, scope.get("session"))
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        if request.method in ("GET", "HEAD"):
            return await self._get(request)
        if request.method != "POST":
            raise HTTPException(405, headers={"Allow": METHODS})
        refusal = self.origins.refusal(request)
        if refusal is not None:
            log.warning("a post from elsewhere is refused: %s", refusal)
            debug = self.site.services.debug
            raise HTTPException(403, refusal if debug else "A post must come from the page itself")
        if HEADER_OPS in request.headers:
            return await perform(self.sessions, request)
        return await self._post(request)

    # GET

    async def _get(self, request: Request) -> Response:
        query = request.query_params
        if FIELD_ACTION in query:
            return RedirectResponse(_relative(own_url(request)), 303, POST_HEADERS)
        identity = await self.site.identity(request)
        page = self.site.new_page(self.address, request)
        scope = Scope(page)
        if FIELD_SNAPSHOT in query:
            try:
                self._restore(page, query[FIELD_SNAPSHOT], identity)
            except LiveError:  # too old, or of someone else: the page begins anew
                return RedirectResponse(_relative(own_url(request)), 303, POST_HEADERS)
            problem = await scope.guard()
        else:
            problem = await self._mount(page, scope)
        return await self._show(page, scope, problem, identity, PAGE_HEADERS)

    async def _mount(self, page: Page, scope: Scope) -> Outcome | None:
        try:
            fill(page, page.request.path_params, own_query(page.request.url.query))
        except Control as error:
            return failure(str(error), status=getattr(error, "status", 404))
        return await scope.mount()

    def _restore(self, page: Page, text: str, identity: str) -> Snapshot:
        snapshot = self.site.snapshots.open(text, self.site.context(self.address, identity))
        restore_state(page, snapshot.state)
        page.live.address = _at(page.live.address, snapshot.url)
        return snapshot

    async def _show(
        self, page: Page, scope: Scope, problem: Outcome | None, identity: str, headers: dict[str, str]
    ) -> Response:
        """The page after its load, unless something is in its way."""
        problem = problem or await scope.load()
        html = ""
        if problem is None:
            try:
                html = self._html(page, identity)
            except BaseException as error:
                await scope.close(failure("", status=500, error=error))
                raise
        closed = await scope.close(problem or DONE)
        if not closed.ok:
            return self._elsewhere(page, closed)
        return HTMLResponse(html, 200, headers)

    def _html(self, page: Page, identity: str) -> str:
        fragment = page.__fragment__(None)
        snapshot = Snapshot(
            path_and_query(page),
            dump_state(page),
            shape=fragment.shape.digest,
            mark=mark_of(fragment),
            digests=fragment.digests(),
        )
        sealed = self.site.snapshots.for_html(snapshot, self.site.context(self.address, identity))
        return document(fragment, sealed, self.site.around(page))

    def _elsewhere(self, page: Page, outcome: Outcome) -> Response:
        """What is answered instead of the page. Errors are the application's to show."""
        if outcome.location is not None:
            return RedirectResponse(outcome.location, 303, POST_HEADERS)
        if outcome.http_status == 401 and self.login:
            target = self.login.replace("{path}", quote(path_and_query(page), safe=""))
            return RedirectResponse(target, 303, POST_HEADERS)
        if self.site.services.debug and outcome.http_status == 500 and outcome.error is not None:
            raise outcome.error
        raise _http_error(outcome.http_status, _message(outcome), dict(outcome.headers))

    # POST

    async def _post(self, request: Request) -> Response:
        token = request.query_params.get(FIELD_ACTION)
        if token is None:
            raise HTTPException(400, "A post to a page names an action")
        pairs = await read_form(request, self.site.limits)
        identity = await self.site.identity(request)
        sealed = next((value for name, value in pairs if name == FIELD_SNAPSHOT), "")
        fields = [pair for pair in pairs if pair[0] not in (FIELD_SNAPSHOT, FIELD_ACTION)]
        page = self.site.new_page(self.address, request)
        try:
            self._restore(page, sealed if isinstance(sealed, str) else "", identity)
        except LiveError as error:
            log.info("a post without a usable snapshot: %s", error)
            fresh = await self._afresh(request, token, fields, identity)
            if isinstance(fresh, Response):
                return fresh
            page = fresh
        store = self.site.snapshots.store
        key = await post_key(identity, request.url.path, token, pairs)
        if not store.once(key, LIFE):
            patience = 2 * (self.site.services.timeout or 30.0)
            answer = await first_answer(store, key, patience) or Answer(409, message="Still under way")
            return await self._tell(request, answer, identity)
        outcome, answer = await self._run(page, token, fields, identity)
        if isinstance(outcome.response, Response):
            return outcome.response
        keep_answer(store, key, answer)
        return await self._tell(request, answer, identity, page, outcome)

    async def _run(self, page: Page, token: str, fields: list[Pair], identity: str) -> tuple[Outcome, Answer]:
        """Run the action, and keep the state after it."""
        scope = Scope(page)
        outcome = await scope.prepare() or await self._call(page, scope, token, fields)
        outcome = await scope.load() or outcome
        outcome = await scope.close(outcome)
        if outcome.location is not None:
            return outcome, Answer(303, outcome.location)
        if not outcome.ok and outcome.http_status not in OWN_PAGE:
            return outcome, Answer(outcome.http_status, message=_message(outcome))
        snapshot = Snapshot(path_and_query(page), dump_state(page))
        handle = self.site.snapshots.handle(snapshot, self.site.context(self.address, identity))
        status = 303 if outcome.ok else outcome.http_status
        return outcome, Answer(status, handle=handle, message="" if outcome.ok else _message(outcome))

    async def _call(self, page: Page, scope: Scope, token: str, fields: list[Pair]) -> Outcome:
        try:
            ref = lookup(page, token)
        except (UnknownAction, ForgedReference) as error:
            outcome = failure(str(error), status=409)
            self._note(page, None, outcome, fields)
            return outcome
        return await scope.call(ref, fields)

    async def _tell(
        self,
        request: Request,
        answer: Answer,
        identity: str,
        page: Page | None = None,
        outcome: Outcome | None = None,
    ) -> Response:
        """Answer a post; without the page that ran it, from what was kept."""
        if answer.location:
            return RedirectResponse(answer.location, 303, POST_HEADERS)
        if page is not None and outcome is not None and not answer.handle:
            return self._elsewhere(page, outcome)
        if not answer.handle:
            raise _http_error(answer.status, answer.message)
        page = page or self.site.new_page(self.address, request)
        if outcome is None:
            self._restore(page, answer.handle, identity)
        if answer.status == 303:
            return RedirectResponse(_with_handle(path_and_query(page), answer.handle), 303, POST_HEADERS)
        response = await self._show(page, Scope(page), None, identity, POST_HEADERS)
        response.status_code = answer.status
        return response

    async def _afresh(
        self, request: Request, token: str, fields: list[Pair], identity: str
    ) -> Page | Response:
        """The page anew: what it showed can't be known any more. An action that is of no page may still run
        on it; any other's answer is the page with what was typed.
        """
        page = self.site.new_page(self.address, request)
        scope = Scope(page)
        problem = await self._mount(page, scope) or await scope.prepare()
        if problem is None and _needs_no_page(page, token):
            await scope.close(DONE)
            return page
        if problem is None:
            outcome = failure("This page was out of date. Please check and send again.", status=409)
            try:
                self._note(page, lookup(page, token), outcome, fields)
            except (UnknownAction, ForgedReference):
                log.info("... nor with a valid reference")
        response = await self._show(page, scope, problem, identity, POST_HEADERS)
        if problem is None:
            response.status_code = 409
        return response

    def _note(
        self, page: Page, ref: ActionRef[..., Any] | None, outcome: Outcome, fields: list[Pair]
    ) -> None:
        """Let the form show why nothing was done, and what was typed."""
        if ref is None:
            return
        values: dict[str, list[str]] = {}
        for name, value in fields:
            if not isinstance(value, UploadFile) and not is_secret_name(name):
                values.setdefault(name, []).append(value)
        page.live.forms.put(ref.key, FormState(error=_message(outcome), values=values))


def _needs_no_page(page: Page, token: str) -> bool:
    """Whether a reference is valid, and means an action that doesn't work on a page."""
    try:
        return not lookup(page, token).is_of_page
    except (UnknownAction, ForgedReference):
        return False


def _message(outcome: Outcome) -> str:
    payload = outcome.payload if isinstance(outcome.payload, dict) else {}
    id = payload.get("id")
    return f"{payload.get('error', '')} ({id})" if id else str(payload.get("error", ""))


def _http_error(status: int, message: str, headers: dict[str, str] | None = None) -> HTTPException:
    return HTTPException(status, message or HTTPStatus(status).phrase, {**POST_HEADERS, **(headers or {})})


def _relative(url: str) -> str:
    """An absolute URL of this origin as a path: proxies may have changed the origin."""
    parts = urlsplit(url)
    path = "/" + parts.path.lstrip("/")
    return f"{path}?{parts.query}" if parts.query else path


def _at(address: str, url: str) -> str:
    """The absolute URL of a path and query on the origin of another one."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}{url}"


def _with_handle(url: str, handle: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}{FIELD_SNAPSHOT}={handle}"
