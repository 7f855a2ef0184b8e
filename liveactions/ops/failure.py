"""Exceptions as outcomes: what a person is told, and what only the log."""

from __future__ import annotations

import logging
import secrets
import traceback
from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request

from ..actions.control import Redirect, Status, find_control, redirect
from ..actions.messages import message, text
from ..actions.request import PageRequest
from ..errors import (
    ActionError,
    ActionTimeout,
    FieldErrors,
    ForgedReference,
    UnknownAction,
    path_name,
)
from ..template.place import place_of
from .outcome import Outcome, elsewhere, failure

if TYPE_CHECKING:
    from ..actions.handle import Handle

log: Final = logging.getLogger("liveactions")

FATAL: Final = (KeyboardInterrupt, SystemExit, GeneratorExit)


def controlled(error: BaseException, live: Handle) -> Outcome | None:
    """The outcome of control flow, which counts as success; None when it is none."""
    error = find_control(error)
    if isinstance(error, Redirect):
        url = error.resolve(live.address, live.root_path)
        return elsewhere(url, error.replace, external=not url.startswith("/"))
    if isinstance(error, Status):
        return failure(error.message or _phrase(error.status), error.status)
    if isinstance(error, HTTPException):
        return _from_http(error, live)
    return None


def _from_http(error: HTTPException, live: Handle) -> Outcome:
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


def for_handler(error: BaseException, live: Handle) -> Outcome:
    """The outcome of an exception that the application has a handler for."""
    outcome = failure(text("action_failed", live.services.messages, id=""), 500, error=error)
    return replace(outcome, is_handled=True)


def unexpected(error: BaseException, live: Handle, what: str) -> Outcome:
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


def _excerpt(error: BaseException, live: Handle) -> dict[str, Any] | None:
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
