"""Converts results and exceptions to outcomes, log records and the state of forms."""

from __future__ import annotations

import secrets
import traceback
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from ..actions.action import Action, ActionRef
from ..actions.form_input import Draft, Input, flat
from ..actions.form_state import SUCCEEDED, UNUSED, FormState, submitted_values
from ..actions.messages import message, text
from ..actions.request import PageRequest
from ..actions.responses import Redirect, Status, find_response, redirect
from ..encoding import well_formed
from ..exceptions import ActionError, ActionTimeout, FieldErrors, ForgedReference, UnknownAction, path_name
from ..logs import get_logger
from ..pages.live_context import LiveContext
from ..pages.lookup import resolve
from ..pages.page import Page, status_phrase
from ..security.references import Reference
from ..templates.columns import column_of, lines_of
from ..templates.diagnostics import location_of
from ..types import DONE, DebugDetails, Failed, Ok, Outcome, RedirectTo, SourceExcerpt

FATAL: Final = (KeyboardInterrupt, SystemExit, GeneratorExit)
"""Exceptions that end the process or the generator; they are never converted to an outcome."""
log = get_logger("liveactions")
_AROUND: Final = 3
"""Lines to show before and after the line of an error."""


def success(action: Action[..., Any], result: Any) -> tuple[Ok, Any]:
    """Return the outcome of a call that has returned `result`, and the result as templates see it.

    Raise `TypeError` if it can't be written as JSON.
    """
    if result is None:
        return DONE if action.resets else Ok(keep_form=True), None
    if isinstance(result, Response):
        return Ok(response=result), None
    written = action.results.dump(result)
    if action.js:
        action.results.require_exact(written)
    return Ok(written, keep_form=not action.resets), action.results.same(result, written)


def failure(
    text: str,
    status: int,
    *,
    errors: Mapping[str, str] | None = None,
    error: BaseException | None = None,
    id: str = "",
    debug: DebugDetails | None = None,
    headers: tuple[tuple[str, str], ...] = (),
) -> Failed:
    """Return a `Failed` with these attributes. Characters that can't be encoded are replaced."""
    shown = {name: well_formed(one) for name, one in (errors or {}).items()}
    return Failed(status, well_formed(text), shown, id, debug, error, headers)


def control_flow_outcome(error: BaseException, live: LiveContext) -> Outcome | None:
    """Return the outcome of a control flow exception, which counts as success; None for other exceptions."""
    error = find_response(error)
    if isinstance(error, Redirect):
        url = error.resolve(live.address, live.root_path)
        return RedirectTo(url, error.replace, external=not url.startswith("/"))
    if isinstance(error, Status):
        return failure(error.message or status_phrase(error.status), error.status)
    if isinstance(error, HTTPException):
        return _from_http(error, live)
    return None


def _from_http(error: HTTPException, live: LiveContext) -> Outcome:
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    location = headers.get("location")
    if location and 300 <= error.status_code < 400:
        return control_flow_outcome(redirect(location, external=True), live) or failure("", 500)
    return failure(
        str(error.detail or status_phrase(error.status_code)),
        error.status_code,
        headers=tuple(headers.items()),
    )


def visitor_error(error: BaseException, texts: Mapping[str, str]) -> ActionError | None:
    """Return the error if it is meant for the visitor, with messages for its fields; otherwise None."""
    if isinstance(error, FieldErrors) and error.invalid is not None:
        found = error.invalid.errors(include_url=False, include_input=False)
        return FieldErrors({path_name(one["loc"]): message(one, texts) for one in reversed(found)})
    return error if isinstance(error, ActionError) else None


def has_handler(error: BaseException, request: Request | None) -> bool:
    """Return whether the application has a handler for an exception's class (``exception_handlers``).

    Handlers of `Exception` and of `HTTPException` don't count, because pages have error pages of their own.
    Over a socket, no handler applies: it couldn't send its response.
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


def failure_for_visitor(error: BaseException, public: ActionError) -> Failed:
    """Return the outcome of an exception whose `visitor_error` is `public`."""
    return failure(public.message, public.status, errors=public.errors, error=error, headers=public.headers)


def failure_for_handler(error: BaseException, live: LiveContext) -> Failed:
    """Return the outcome of an exception that the application has a handler for."""
    failed = failure(text("action_failed", live.services.messages, id=""), 500, error=error)
    return replace(failed, is_handled=True)


def unexpected(error: BaseException, live: LiveContext, what: str) -> Failed:
    """Log an exception under a new id, and return a failure that only reveals this id, except in debug
    mode.
    """
    texts = live.services.messages
    if isinstance(error, (UnknownAction, ForgedReference)):
        return failure(text("page_changed", texts), 409, error=error)
    if isinstance(error, ActionTimeout):
        log.warning("%s: %s", what, error)
        return failure(text("action_timeout", texts), 504, error=error)
    id = secrets.token_hex(4)
    log.error("%s failed (%s) on %s", what, id, type(live.page).__qualname__, exc_info=error)
    if not live.debug:
        return failure(text("action_failed", texts, id=id), 500, error=error, id=id)
    debug = DebugDetails("".join(traceback.format_exception(error)), _excerpt(error, live))
    return failure(f"{type(error).__name__}: {error}", 500, error=error, id=id, debug=debug)


def _excerpt(error: BaseException, live: LiveContext) -> SourceExcerpt | None:
    """Return the place in a template where it was raised."""
    place, templates = location_of(error), live.services.templates
    if place is None or templates is None:
        return None
    lines = list(enumerate(lines_of(place.name, templates.source(place.name)), 1))
    around = lines[max(0, place.line - 1 - _AROUND) : place.line + _AROUND]
    column = column_of(error, dict(around).get(place.line, ""))
    return SourceExcerpt(place.name, place.line, around, column)


class CalledForms:
    """The forms that show the outcome of a call: that of the binding, and that which contains its button."""

    __slots__ = ("_page", "_ref", "_key", "_given", "_form", "_before")

    def __init__(self, page: Page, ref: ActionRef[..., Any], given: Input) -> None:
        self._page = page
        self._ref = ref
        self._given = given
        self._form = _form(page, ref, given) if given.form_token else None
        states, key = page.live.forms.states, ref.key
        self._key = key
        self._before = {key: states.get(key, UNUSED)}
        if self._form is not None:
            self._before[self._form.key] = states.get(self._form.key, UNUSED)

    @property
    def _refs(self) -> tuple[ActionRef[..., Any], ...]:
        return (self._ref,) if self._form is None else (self._ref, self._form)

    def note_success(self, result: Any, arguments: Mapping[str, Any]) -> None:
        """Note a success. `result` is the result as templates see it.

        The form shows a draft as the action left it. After an action with ``reset=False``, it still shows the
        submitted values.
        """
        ref, form, forms = self._ref, self._form, self._page.live.forms
        drafts = [value for value in arguments.values() if isinstance(value, Draft)] if arguments else ()
        shown: dict[str, list[str]] = {}
        if drafts:
            shown = flat(drafts[0])
        elif not ref.action.resets:
            shown = submitted_values(self._given.pairs, ref.action.plan.secrets)
        state = SUCCEEDED if result is None else FormState(True, result)
        if form is None and shown:
            state = replace(state, values=shown)
        forms.put(self._key, state)
        if form is not None and (shown or form.own is not UNUSED):
            forms.put(form.key, FormState(result=form.own.result, values=shown))

    def note_end(self, outcome: Outcome) -> None:
        """Note a call that has ended with a redirect, a status or an error."""
        if isinstance(outcome, RedirectTo):
            for one in self._refs:
                self._page.live.forms.forget(one.key)
        elif isinstance(outcome, Failed) and outcome.error is not None:
            self.note_failure(outcome)

    def note_failure(self, failed: Failed) -> None:
        """Note an error. Submitted values and the previous result are kept."""
        secrets = frozenset[str]().union(*(one.action.plan.secrets for one in self._refs))
        typed = submitted_values(self._given.pairs, secrets)
        for one in self._refs:
            state = FormState(False, one.own.result, failed.message, dict(failed.errors), typed)
            self._page.live.forms.put(one.key, state)

    def restore(self) -> None:
        """Restore the previous outcomes."""
        for key, state in self._before.items():
            self._page.live.forms.restore(key, state)


def _form(page: Page, ref: ActionRef[..., Any], given: Input) -> ActionRef[..., Any] | None:
    """Return the action of the form that contains the button of another action."""
    token = Reference.parse(given.form_token)
    if token.covers(ref.parts):
        return None
    try:
        form = resolve(page, token)
    except (UnknownAction, ForgedReference):
        return None
    return None if form.covers(ref) else form
