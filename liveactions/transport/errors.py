"""Errors as pages: the application's own, or a plain one."""

from __future__ import annotations

from html import escape
from http import HTTPStatus
from logging import getLogger
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from ..actions.request import PageRequest
from ..document import standing
from ..ops.deferred import forsake
from ..ops.outcome import DONE, failure
from ..ops.scope import Scope
from ..site import Site

log = getLogger(__name__)

HEADERS: Final = {"Cache-Control": "no-store"}
_PLAIN: Final = """<!doctype html>
<html>
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title></head>
<body><h1>{title}</h1><p>{message}</p></body>
</html>
"""
_OTHERS: Final = ("starlette.", "fastapi.")


class PageError(HTTPException):
    """An error that is answered with a page. `id` is that of a line in the log."""

    def __init__(
        self, status: int, message: str = "", headers: dict[str, str] | None = None, id: str = ""
    ) -> None:
        super().__init__(status, message or phrase(status), headers)
        self.id = id


class ErrorPages:
    """Answers errors with the pages that `Live.error_page` has named."""

    def __init__(self, site: Site) -> None:
        self.site = site

    async def respond(self, request: Request, error: HTTPException) -> Response:
        """The page for an error. It is raised again where the application handles it otherwise."""
        if request.scope["type"] != "http":  # a socket shows no pages
            raise error
        html = await self._own(request, error)
        if html is None and error.status_code == 500 and _has_last_handler(request):
            raise error.__cause__ or error
        if html is None and _is_handled(request, error):
            raise error
        if html is None:
            title = escape(f"{error.status_code} {phrase(error.status_code)}")
            html = _PLAIN.format(title=title, message=escape(str(error.detail)))
        return HTMLResponse(html, error.status_code, {**HEADERS, **(error.headers or {})})

    async def _own(self, request: Request, error: HTTPException) -> str | None:
        status, id = error.status_code, getattr(error, "id", "")
        page = await self.site.error_page(_as_get(request), status, str(error.detail), id)
        if page is None:
            return None
        scope = Scope(page)
        problem = await scope.load()
        try:
            html = scope.render(lambda: standing(page.__fragment__(None))) if problem is None else None
        except Exception as wrong:
            log.exception("the page for errors can't be rendered")
            problem, html = failure("", 500, error=wrong), None
        closed = await scope.close(problem or DONE)
        forsake(page.live)
        return html if closed.ok else None


def _has_last_handler(request: Request) -> bool:
    """Whether the application has a handler for what nobody else handles."""
    return not {500, Exception}.isdisjoint(getattr(request.scope.get("app"), "exception_handlers", ()))


def phrase(status: int) -> str:
    """What the status means."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"


def _as_get(request: Request) -> PageRequest:
    return request if isinstance(request, PageRequest) else PageRequest(request.scope)


def _is_handled(request: Request, error: HTTPException) -> bool:
    """Whether the application has a handler that isn't its framework's default."""
    handlers: dict[Any, Any] = getattr(request.scope.get("app"), "exception_handlers", {})
    found = handlers.get(error.status_code) or handlers.get(HTTPException)
    return found is not None and not f"{found.__module__}.".startswith((*_OTHERS, "liveactions."))
