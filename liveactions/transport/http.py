"""Pages over HTTP: which request is answered how."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from logging import getLogger
from typing import Final, TypeVar

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Receive, Send
from starlette.types import Scope as Connection

from ..actions.request import PageRequest
from ..ops.asking import begin_due
from ..ops.deferred import forsake
from ..ops.failure import has_handler
from ..sessions.registry import Sessions
from ..sessions.renewal import PROBE
from ..site import Address, Site
from ..tasks import Supervisor
from ..wire import HEADER_ACTION, HEADER_OPS, HEADER_UPLOAD
from .answers import error_answer
from .call import Call
from .errors import ErrorPages
from .fetch import perform
from .origin import Origins
from .post import Post
from .upload import Upload
from .visit import Visit

log = getLogger(__name__)

METHODS: Final = "GET, HEAD, POST"
V = TypeVar("V", bound=Visit)


class PageEndpoint:
    """The ASGI application at one page's address."""

    def __init__(
        self, site: Site, sessions: Sessions, origins: Origins, address: Address, errors: ErrorPages
    ) -> None:
        self.site = site
        self.sessions = sessions
        self.origins = origins
        self.address = address
        self.errors = errors
        self._tasks = Supervisor(lambda: f"{address.name}: what waited for an answer")

    async def __call__(self, scope: Connection, receive: Receive, send: Send) -> None:
        request = PageRequest(scope, receive, send)
        try:
            await self._serve(request, scope, receive, send)
        finally:
            begin_due(request, self._tasks)

    async def _serve(self, request: PageRequest, scope: Connection, receive: Receive, send: Send) -> None:
        if PROBE in scope:
            scope[PROBE]((request, self.address))
            response = Response(status_code=204)
        else:
            response = await self._answer(request)
        await response(scope, receive, send)

    async def _answer(self, request: PageRequest) -> Response:
        """The answer, with its cookies. Exceptions that the application has a handler for are raised."""
        request.may_raise = True
        try:
            response = await self._respond(request)
        except HTTPException as error:
            if has_handler(error, request):
                raise
            scripted = HEADER_ACTION in request.headers or HEADER_UPLOAD in request.headers
            response = error_answer(error) if scripted else await self.errors.respond(request, error)
        changes = request.take_changes()
        if changes is not None:
            changes.apply(response, request.scope.get("session"))
        return response

    async def _respond(self, request: PageRequest) -> Response:
        if request.method in ("GET", "HEAD"):
            return await self._visit(Visit, request, Visit.get)
        if request.method != "POST":
            raise HTTPException(405, headers={"Allow": METHODS})
        refusal = self.origins.refusal(request)
        if refusal is not None:
            log.warning("a post from elsewhere is refused: %s", refusal)
            debug = self.site.services.debug
            raise HTTPException(403, refusal if debug else "Cross-origin posts are not allowed")
        if HEADER_OPS in request.headers:
            return await perform(self.sessions, request)
        if HEADER_UPLOAD in request.headers:
            return await self._visit(Upload, request, Upload.respond)
        if HEADER_ACTION in request.headers:
            return await self._visit(Call, request, Call.respond)
        return await self._visit(Post, request, Post.respond)

    async def _visit(
        self, kind: type[V], request: PageRequest, respond: Callable[[V], Awaitable[Response]]
    ) -> Response:
        visit = kind(self.site, self.address, request, await self.site.identity(request))
        try:
            return await respond(visit)
        finally:
            forsake(visit.page.live)
