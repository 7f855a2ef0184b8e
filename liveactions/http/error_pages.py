"""Answers errors with pages: those of the application, plain ones, and tracebacks in debug mode."""

from __future__ import annotations

from html import escape
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from ..actions.request import PageRequest
from ..execution.app_context import AppContext
from ..execution.loading import discard_deferred
from ..execution.opening import Source, open_page
from ..pages.page import error_html, status_phrase
from ..pages.page_html import standalone_html
from ..templates.columns import caret
from ..types import DebugDetails, SourceExcerpt
from .responses import NO_STORE

_OTHERS: Final = ("starlette.", "fastapi.")


class PageError(HTTPException):
    """An error that is answered with an error page. `id` names its log record."""

    def __init__(
        self, status: int, message: str = "", headers: dict[str, str] | None = None, id: str = ""
    ) -> None:
        super().__init__(status, message or status_phrase(status), headers)
        self.id = id


class ErrorPages:
    """Answers errors with the pages that are registered by `Live.error_page`."""

    def __init__(self, site: AppContext) -> None:
        self.site = site

    async def respond(self, request: Request, error: HTTPException) -> Response:
        """Return the page for an error. Raise the error if the application has another handler for it."""
        if request.scope["type"] != "http":  # there are no error pages for sockets
            raise error
        html = await self._own(request, error)
        if html is None and error.status_code == 500 and _has_last_handler(request):
            raise error.__cause__ or error
        if html is None and _is_handled(request, error):
            raise error
        if html is None:
            html = error_html(error.status_code, str(error.detail))
        return HTMLResponse(html, error.status_code, {**NO_STORE, **(error.headers or {})})

    async def _own(self, request: Request, error: HTTPException) -> str | None:
        status, id = error.status_code, getattr(error, "id", "")
        as_get = request if isinstance(request, PageRequest) else PageRequest(request.scope)
        page = await self.site.error_page(as_get, status, str(error.detail), id)
        if page is None:
            return None
        opened = await open_page(page, Source.FIELDS, draw=lambda _: standalone_html(page.__fragment__(None)))
        discard_deferred(page.live)
        return opened.drawn


def _has_last_handler(request: Request) -> bool:
    """Return whether the application has a handler for otherwise unhandled exceptions."""
    return not {500, Exception}.isdisjoint(getattr(request.scope.get("app"), "exception_handlers", ()))


def _is_handled(request: Request, error: HTTPException) -> bool:
    """Return whether the application has a handler other than its framework's default."""
    handlers: dict[Any, Any] = getattr(request.scope.get("app"), "exception_handlers", {})
    found = handlers.get(error.status_code) or handlers.get(HTTPException)
    return found is not None and not f"{found.__module__}.".startswith((*_OTHERS, "liveactions."))


_PAGE: Final = """<!doctype html>
<html>
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>
<style>
body {{ margin: 2rem auto; padding: 0 1.5rem; max-width: 60rem; font: 1rem/1.4 system-ui }}
h1 {{ padding-top: 1rem; border-top: .4rem solid #c00; font-size: 1.1rem; overflow-wrap: anywhere }}
h2 {{ font-size: 1rem }} mark {{ color: inherit; background: #fdd }}
pre {{ overflow: auto; font: .85rem/1.5 ui-monospace, monospace }}
@media (prefers-color-scheme: dark) {{
  :root {{ color-scheme: dark }} body {{ color: #ddd; background: #1d1f23 }} h1 {{ border-color: #e55 }}
  mark {{ background: #5c2027 }}
}}
</style></head>
<body><h1>{title}</h1>
{template}<pre>{details}</pre>
<p>This page is loaded again when you come back to its window.</p>
<script>addEventListener("focus", () => location.replace(location.pathname + location.search))</script></body>
</html>
"""


def traceback_page(message: str, debug: DebugDetails, status: int) -> Response:
    """Return the page that shows a failure in debug mode: message, template excerpt and traceback."""
    excerpt = "" if debug.excerpt is None else _excerpt(debug.excerpt)
    html = _PAGE.format(title=escape(message), template=excerpt, details=escape(debug.traceback))
    return HTMLResponse(html, status, NO_STORE)


def _excerpt(excerpt: SourceExcerpt) -> str:
    lines = "\n".join(_row(number, text, excerpt) for number, text in excerpt.lines)
    column = f", column {excerpt.column}" if excerpt.column else ""
    return f"<h2>{escape(excerpt.name)}, line {excerpt.line}{column}</h2>\n<pre>{lines}</pre>\n"


def _row(number: int, text: str, excerpt: SourceExcerpt) -> str:
    row = f"{number:>5}  {text}"
    if number != excerpt.line:
        return escape(row)
    below = f"\n{'':>5}  {caret(text, excerpt.column)}" if excerpt.column else ""
    return f"<mark>{escape(row)}{below}</mark>"
