"""What a page fetches after an op over its socket: its cookies, and a response that its action returned."""

from __future__ import annotations

from logging import getLogger
from typing import Final

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.types import Receive, Scope, Send

from ..actions.request import Changes
from ..execution.app_context import AppContext
from ..protocol.constants import HEADER_OPS
from ..security.origin import Origins
from ..session.request_probe import COOKIE_CHANGES_KEY
from ..store.uploads import remove
from .bodies import bounded

log = getLogger(__name__)
MAX_TICKETS: Final = 16
"""Tickets of one request."""
MAX_TICKET_BYTES: Final = 1024
"""Bytes of one."""


class CookiesEndpoint:
    """Answers a POST, whose body are tickets, with the cookies that they stand for."""

    def __init__(self, site: AppContext, origins: Origins) -> None:
        self.site = site
        self.origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._respond(Request(scope, receive, send))
        response.headers["Cache-Control"] = "no-store"
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        own: Changes | None = request.scope.get(COOKIE_CHANGES_KEY)
        if own is not None:
            return _apply([own], request)
        if request.method != "POST":
            return Response(status_code=405, headers={"Allow": "POST"})
        refusal = self.origins.refusal(request)
        if refusal is not None or HEADER_OPS not in request.headers:
            log.warning("rejected cross-origin cookie ticket: %s", refusal)
            return Response("A ticket must come from the page itself", 403, media_type="text/plain")
        tickets = (await bounded(request, MAX_TICKET_BYTES).body()).decode("ascii", "replace").split()
        found = [await self.site.tickets.take(ticket) for ticket in tickets[:MAX_TICKETS]]
        return _apply([Changes.load(data) for data in found if data is not None], request)


def _apply(found: list[Changes], request: Request) -> Response:
    response = Response(status_code=204)
    for changes in found:
        changes.apply(response, request.scope.get("session"))
    return response


class DeliveryEndpoint:
    """Answers the first GET of a key with the response that is kept for it."""

    def __init__(self, site: AppContext) -> None:
        self.site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._respond(Request(scope, receive, send))
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        if request.method != "GET":  # a HEAD mustn't use it up
            return Response(status_code=405, headers={"Allow": "GET"})
        found = await self.site.deliveries.take(request.path_params["key"])
        if found is None or not found.path.exists():
            return Response("This has been fetched already.", 410, media_type="text/plain")
        response = FileResponse(found.path, found.status, background=BackgroundTask(remove, found.path))
        response.raw_headers = [
            (name.encode("latin-1"), value.encode("latin-1")) for name, value in found.headers
        ]
        response.headers["Content-Length"] = str(found.path.stat().st_size)
        response.headers["Cache-Control"] = "no-store"
        return response
