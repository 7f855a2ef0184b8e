"""Where a page fetches the cookies of what it did over its socket."""

from __future__ import annotations

from logging import getLogger
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ..actions.cookies import Changes
from ..sessions.renewal import CHANGES
from ..site import Site
from ..wire import HEADER_OPS
from .body import bounded
from .origin import Origins

log = getLogger(__name__)

MOST: Final = 16
"""Tickets of one request."""
BODY: Final = 1024
"""Bytes of one."""


class CookiesEndpoint:
    """Answers a POST, whose body are tickets, with the cookies that they stand for."""

    def __init__(self, site: Site, origins: Origins) -> None:
        self.site = site
        self.origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._respond(Request(scope, receive, send))
        response.headers["Cache-Control"] = "no-store"
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        own: Changes | None = request.scope.get(CHANGES)
        if own is not None:
            return _apply([own], request)
        if request.method != "POST":
            return Response(status_code=405, headers={"Allow": "POST"})
        refusal = self.origins.refusal(request)
        if refusal is not None or HEADER_OPS not in request.headers:
            log.warning("a ticket from elsewhere is refused: %s", refusal)
            return Response("A ticket must come from the page itself", 403, media_type="text/plain")
        tickets = (await bounded(request, BODY).body()).decode("ascii", "replace").split()
        return _apply([self.site.tickets.redeem(ticket) for ticket in tickets[:MOST]], request)


def _apply(found: list[Changes | None], request: Request) -> Response:
    response = Response(status_code=204)
    for changes in found:
        if changes is not None:
            changes.apply(response, request.scope.get("session"))
    return response
