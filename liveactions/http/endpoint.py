"""The endpoint of a page: dispatches each request to the handler of its kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ..actions.messages import text
from ..actions.request import PageRequest
from ..exceptions import StoreError
from ..execution.app_context import AppContext, PageRoute
from ..execution.effects import start_after_calls
from ..execution.loading import discard_deferred
from ..execution.results import has_handler
from ..execution.watchdog import watch_event_loop
from ..logs import bind, get_logger
from ..observation import Kind
from ..protocol.constants import HEADER_ACTION, HEADER_OPS, HEADER_UPLOAD
from ..security.origin import Origins
from ..session.registry import SessionRegistry
from ..session.request_probe import PROBE_KEY
from ..tasks import Supervisor
from .calls import CallHandler
from .error_pages import ErrorPages
from .ops_fetch import answer_ops
from .page import PageRequestHandler
from .posts import PostHandler
from .responses import error_response, observe_response, refusal
from .uploads import UploadHandler

log = get_logger(__name__)
METHODS: Final = "GET, HEAD, POST"


class PageEndpoint:
    """The ASGI application at one page's address."""

    def __init__(
        self,
        site: AppContext,
        sessions: SessionRegistry,
        origins: Origins,
        route: PageRoute,
        errors: ErrorPages,
    ) -> None:
        self.site = site
        self.sessions = sessions
        self.origins = origins
        self.route = route
        self.errors = errors
        self._tasks = Supervisor(lambda: f"{route.name}: calls of after()")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        site = self.site
        if site.services.debug:
            watch_event_loop()
        request = PageRequest(scope, receive, send)
        bind(page=self.route.name, path=scope["path"])
        try:
            if PROBE_KEY in scope:
                scope[PROBE_KEY]((request, self.route))
                response = Response(status_code=204)
            else:
                kind = _kind(request)
                responding = self._respond(request, kind)
                response = await observe_response(site.observers, kind, self.route.name, request, responding)
            await response(scope, receive, send)
        finally:
            if request.due:
                start_after_calls(self._tasks, request)

    async def _respond(self, request: PageRequest, kind: Kind) -> Response:
        """Return the response, with its cookies. Raise exceptions that the application has a handler for."""
        request.may_raise = True
        try:
            response = await self._handle(request, kind)
        except HTTPException as error:
            if has_handler(error, request):
                raise
            scripted = HEADER_ACTION in request.headers or HEADER_UPLOAD in request.headers
            response = error_response(error) if scripted else await self.errors.respond(request, error)
        request.send_changes(response)
        return response

    async def _handle(self, request: PageRequest, kind: Kind) -> Response:
        if request.method not in ("GET", "HEAD"):
            self._check_post(request)
        if kind == "fetch":
            return await answer_ops(self.sessions, request)
        identity = await self.site.identity(request)
        handler = _HANDLERS[kind](self.site, self.route, request, identity)
        try:
            return await handler.respond()
        except StoreError as error:  # nothing has run, and nothing is lost
            log.info("%s: a request was refused: %s", self.route.name, error)
            unavailable = text("store_failed", self.site.services.messages)
            raise HTTPException(503, unavailable, {"Retry-After": "1"}) from error
        finally:
            if handler.page.live.deferred:
                discard_deferred(handler.page.live)

    def _check_post(self, request: PageRequest) -> None:
        """Raise `HTTPException` for methods other than POST, and for cross-origin posts."""
        if request.method != "POST":
            raise HTTPException(405, headers={"Allow": METHODS})
        refused = refusal(self.origins, request, "post", by_script=False)
        if refused is not None:
            debug = self.site.services.debug
            raise HTTPException(403, refused if debug else "Cross-origin posts are not allowed")


_HANDLERS: Final[Mapping[Kind, type[PageRequestHandler]]] = {
    "get": PageRequestHandler,
    "post": PostHandler,
    "call": CallHandler,
    "upload": UploadHandler,
}


def _kind(request: PageRequest) -> Kind:
    """Return the kind of a request, by its method and headers."""
    if request.method != "POST":
        return "get"
    headers = request.headers
    if HEADER_OPS in headers:
        return "fetch"
    if HEADER_UPLOAD in headers:
        return "upload"
    return "call" if HEADER_ACTION in headers else "post"
