"""Creates responses other than pages: error pages, results of calls as JSON, tracebacks in debug mode."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from html import escape
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from ..actions.request import PageRequest
from ..encoding import write_json
from ..execution.app_context import AppContext
from ..execution.loading import discard_deferred
from ..execution.opening import Source, open_page
from ..logs import get_logger
from ..observation import Kind, Observer, Operation, observed
from ..pages.page import error_html, status_phrase
from ..pages.page_html import standalone_html
from ..protocol.constants import HEADER_OPS
from ..protocol.messages import error_payload, redirect_payload
from ..security.origin import Origins
from ..templates.columns import caret
from ..types import DebugDetails, Failed, Ok, Outcome, RedirectTo, SourceExcerpt

log = get_logger(__name__)
NO_STORE: Final = {"Cache-Control": "no-store"}
_OTHERS: Final = ("starlette.", "fastapi.")


async def observe_response(
    observers: Sequence[Observer], kind: Kind, name: str, request: Request, responding: Awaitable[Response]
) -> Response:
    """Await a response, report it to the observers, if there are any, and return it."""
    if not observers:
        return await responding
    with observed(observers, Operation(kind, name, request.headers)) as operation:
        operation.status = 500
        try:
            response = await responding
        except HTTPException as error:  # the application has a handler for it
            operation.status = error.status_code
            raise
        operation.status = response.status_code
        operation.bytes = len(getattr(response, "body", b""))
        return response


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


def not_allowed(methods: str) -> Response:
    """Return the response to a request with a method that isn't allowed. `methods` are those that are."""
    return Response(status_code=405, headers={"Allow": methods})


def json_response(data: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return a JSON response that isn't cached."""
    body = write_json(data)
    return Response(body, status, {**NO_STORE, **(headers or {})}, "application/json")


def refusal(origins: Origins, request: Request, what: str, *, by_script: bool = True) -> str | None:
    """Return why a POST is refused, and log it; None if it comes from the page itself.

    `by_script`: the POST must have a header that scripts of other sites can't set.
    """
    why = origins.refusal(request)
    if why is None and by_script and HEADER_OPS not in request.headers:
        why = f"no {HEADER_OPS}"
    if why is not None:
        log.warning("rejected cross-origin %s: %s", what, why)
    return why


async def deliver_response(site: AppContext, outcome: Outcome, request: Request, key: str) -> Outcome:
    """Replace a response that the action has returned with a redirect to it; return other outcomes unchanged.

    With a `key`, the response can be fetched several times, because copies of the call redirect to it, too.
    """
    if not isinstance(outcome, Ok) or outcome.response is None:
        return outcome
    return await site.deliver(outcome.response, request, is_lasting=bool(key))


def raise_handled(outcome: Outcome) -> None:
    """Raise the exception that the application has a handler for, if there is one."""
    if isinstance(outcome, Failed) and outcome.is_handled and outcome.error is not None:
        raise outcome.error


def outcome_response(outcome: Outcome, **more: Any) -> Response:
    """Return an outcome as JSON: ``{"result"}``, ``{"error", "errors", "status", "id"?}`` or ``{"url"}``.

    Raise exceptions that the application has a handler for.
    """
    raise_handled(outcome)
    if isinstance(outcome, Failed):
        return json_response(error_payload(outcome), outcome.status, dict(outcome.headers))
    if isinstance(outcome, RedirectTo):
        return json_response(redirect_payload(outcome))
    return json_response({"result": outcome.result if isinstance(outcome, Ok) else None, **more})


def error_response(error: HTTPException) -> Response:
    """Return the JSON for a request that was rejected before any action ran; see `outcome_response`."""
    payload = error_payload(Failed(error.status_code, str(error.detail)))
    return json_response(payload, error.status_code, dict(error.headers or {}))


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
