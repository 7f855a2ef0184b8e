"""What became of an op: what the client is told, over the socket and by HTTP.

Exceptions as outcomes: what a person is told, and what only the log.

What forms are told of a call: that of the action itself, and the one that its button stands in.
"""

from __future__ import annotations

import logging
import secrets
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from ..actions.action import ActionRef
from ..actions.form_input import Draft, Input, flat
from ..actions.form_state import SUCCEEDED, UNUSED, FormState, kept
from ..actions.messages import message, text
from ..actions.request import PageRequest
from ..actions.responses import Redirect, Status, find_response, redirect
from ..encoding import well_formed
from ..exceptions import ActionError, ActionTimeout, FieldErrors, ForgedReference, UnknownAction, path_name
from ..pages.lookup import lookup
from ..pages.page import Page
from ..protocol.constants import ELSEWHERE, ERROR, KEPT, OK
from ..templates.diagnostics import place_of

if TYPE_CHECKING:
    from ..actions.action import Action
    from ..pages.handle import LiveContext


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer to an op. `payload` is JSON-able; None on success without a result.

    ==========  =====================================================  ===========================
    `status`    `payload`                                              `http_status`
    ==========  =====================================================  ===========================
    OK          the action's result                                    303 to the page (200 by GET)
    KEPT        the same; the form isn't reset                         the same
    ERROR       ``{"error", "errors", "status", "id"?, …}``            422, 404, 403, 500, ...
    ELSEWHERE   ``{"url", "replace"?, "external"?}``                   303 to `location`
    ==========  =====================================================  ===========================
    """

    status: int = OK
    payload: Any = None
    http_status: int = 303
    error: BaseException | None = None
    """The exception behind an ERROR, unless it was control flow."""
    response: Any = None
    """A Starlette response that the action returned: direct by HTTP, a one-time address over the socket."""
    abandoned: bool = False
    """A sync action timed out and still runs in its thread: the page object isn't to be used again."""
    headers: tuple[tuple[str, str], ...] = ()
    """Of an HTTPException."""
    is_handled: bool = False
    """The application has a handler for `error`: HTTP's ways raise it."""

    def raise_handled(self) -> None:
        """Raise the exception that the application has a handler for, if it is one."""
        if self.is_handled and self.error is not None:
            raise self.error

    @property
    def ok(self) -> bool:
        return self.status in (OK, KEPT)

    @property
    def location(self) -> str | None:
        """Where it leads, when it leaves the page."""
        return str(self.payload["url"]) if self.status == ELSEWHERE else None


DONE = Outcome()
"""Success without a result."""


def success(action: Action[..., Any], result: Any) -> Outcome:
    """What an action's result is. `TypeError` when it can't be told."""
    if result is None and action.resets:
        return DONE
    if isinstance(result, Response):
        return Outcome(http_status=result.status_code, response=result)
    payload = None if result is None else action.results.dump(result)
    return Outcome(OK if action.resets else KEPT, payload)


def failure(
    text: str,
    status: int,
    *,
    errors: dict[str, str] | None = None,
    error: BaseException | None = None,
    id: str = "",
    details: str = "",
    template: dict[str, Any] | None = None,
    headers: tuple[tuple[str, str], ...] = (),
) -> Outcome:
    """An ERROR with a text for the person, one for each field, and an HTTP status.

    `id` is that of a line in the log. In debug, `details` is the traceback, and `template` the place in one.
    """
    shown = {name: well_formed(one) for name, one in (errors or {}).items()}
    payload: dict[str, Any] = {"error": well_formed(text), "errors": shown, "status": status}
    if id:
        payload["id"] = id
    if details:
        payload["details"] = details
    if template:
        payload["template"] = template
    return Outcome(ERROR, payload, status, error, headers=headers)


def elsewhere(url: str, replace: bool = False, external: bool = False) -> Outcome:
    """Leave the page for another address."""
    payload: dict[str, Any] = {"url": url}
    if replace:
        payload["replace"] = True
    if external:
        payload["external"] = True
    return Outcome(ELSEWHERE, payload)


log: Final = logging.getLogger("liveactions")
FATAL: Final = (KeyboardInterrupt, SystemExit, GeneratorExit)


def controlled(error: BaseException, live: LiveContext) -> Outcome | None:
    """The outcome of control flow, which counts as success; None when it is none."""
    error = find_response(error)
    if isinstance(error, Redirect):
        url = error.resolve(live.address, live.root_path)
        return elsewhere(url, error.replace, external=not url.startswith("/"))
    if isinstance(error, Status):
        return failure(error.message or _phrase(error.status), error.status)
    if isinstance(error, HTTPException):
        return _from_http(error, live)
    return None


def _from_http(error: HTTPException, live: LiveContext) -> Outcome:
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    location = headers.get("location")
    if location and 300 <= error.status_code < 400:
        return controlled(redirect(location, external=True), live) or failure("", 500)
    return failure(
        str(error.detail or _phrase(error.status_code)), error.status_code, headers=tuple(headers.items())
    )


def expected(error: BaseException, texts: Mapping[str, str]) -> ActionError | None:
    """The error for the person that an exception is; None for one that is the programmer's."""
    if isinstance(error, FieldErrors) and error.invalid is not None:
        found = error.invalid.errors(include_url=False, include_input=False)
        return FieldErrors({path_name(one["loc"]): message(one, texts) for one in reversed(found)})
    return error if isinstance(error, ActionError) else None


def has_handler(error: BaseException, request: Request | None) -> bool:
    """Whether the application answers an exception by a handler for its class (``exception_handlers``).

    Handlers of `Exception` and of all HTTP errors aren't meant: pages have their own answers. A socket can't
    give the answer of a handler.
    """
    if not isinstance(request, PageRequest) or not request.may_raise:
        return False
    handlers, _ = request.scope.get("starlette.exception_handlers", ({}, {}))
    for cls in type(error).__mro__:
        if cls in (HTTPException, Exception):
            break
        if cls in handlers:
            return True
    return False


def for_handler(error: BaseException, live: LiveContext) -> Outcome:
    """The outcome of an exception that the application has a handler for."""
    outcome = failure(text("action_failed", live.services.messages, id=""), 500, error=error)
    return replace(outcome, is_handled=True)


def unexpected(error: BaseException, live: LiveContext, what: str) -> Outcome:
    """Logs an exception and gives it an id; the person is told no more than that, outside debug."""
    texts = live.services.messages
    if isinstance(error, (UnknownAction, ForgedReference)):
        return failure(text("page_changed", texts), 409, error=error)
    if isinstance(error, ActionTimeout):
        log.warning("%s: %s", what, error)
        slow = failure(text("action_timeout", texts), 504, error=error)
        return replace(slow, abandoned=error.abandoned)
    id = secrets.token_hex(4)
    log.error("%s failed (%s) on %s", what, id, type(live.page).__qualname__, exc_info=error)
    if not live.debug:
        return failure(text("action_failed", texts, id=id), 500, error=error, id=id)
    details, template = "".join(traceback.format_exception(error)), _excerpt(error, live)
    return failure(
        f"{type(error).__name__}: {error}", 500, error=error, id=id, details=details, template=template
    )


def _excerpt(error: BaseException, live: LiveContext) -> dict[str, Any] | None:
    """Where in a template it was, and the lines around: ``{"name", "line", "excerpt": [[n, text], …]}``."""
    place, templates = place_of(error), live.services.templates
    if place is None or templates is None:
        return None
    lines = list(enumerate(templates.source(place.name).splitlines(), 1))
    around = lines[max(0, place.line - 1 - _AROUND) : place.line + _AROUND]
    return {"name": place.name, "line": place.line, "excerpt": [[number, text] for number, text in around]}


_AROUND: Final = 3
"""Lines before the one of an error, and after it."""


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"


def remember_success(
    page: Page, ref: ActionRef[..., Any], given: Input, result: Any, payload: Any, values: Mapping[str, Any]
) -> None:
    """The result is as it will be when it has been carried in a snapshot. A form shows drafts as the action
    left them; it goes on to show what was typed after an action with ``reset=False``.
    """
    drafts = [value for value in values.values() if isinstance(value, Draft)]
    shown = (
        flat(drafts[0]) if drafts else {} if ref.action.resets else kept(given.pairs, ref.action.plan.secrets)
    )
    form = _form(page, ref, given)
    state = SUCCEEDED if payload is None else FormState(True, ref.action.results.same(result, payload))
    if form is None and shown:
        state = replace(state, values=shown)
    page.live.forms.put(ref.key, state)
    if form is not None and (shown or form.own is not UNUSED):
        page.live.forms.put(form.key, FormState(result=form.own.result, values=shown))


def remembered(page: Page, ref: ActionRef[..., Any], given: Input) -> list[tuple[str, FormState]]:
    """What forms have been told so far of the calls that a call concerns, by `ActionRef.key`."""
    forms, form = page.live.forms, _form(page, ref, given)
    return [(one.key, forms.exact(one.key)) for one in (ref, form) if one is not None]


def remember_failure(page: Page, ref: ActionRef[..., Any], given: Input, outcome: Outcome) -> None:
    """What was typed stays, the previous result, too."""
    form = _form(page, ref, given)
    secrets = ref.action.plan.secrets | (form.action.plan.secrets if form is not None else set())
    typed = kept(given.pairs, secrets)
    for one in (ref, form):
        if one is not None:
            error, errors = outcome.payload["error"], outcome.payload["errors"]
            page.live.forms.put(one.key, FormState(False, one.own.result, error, errors, typed))


def forget(page: Page, ref: ActionRef[..., Any], given: Input) -> None:
    """The page was left."""
    form = _form(page, ref, given)
    for one in (ref, form):
        if one is not None:
            page.live.forms.forget(one.key)


def _form(page: Page, ref: ActionRef[..., Any], given: Input) -> ActionRef[..., Any] | None:
    """The action of the form that a button of another action was pressed in."""
    if not given.form_token:
        return None
    try:
        form = lookup(page, given.form_token)
    except (UnknownAction, ForgedReference):
        return None
    return None if form.covers(ref) else form
