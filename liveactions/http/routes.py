"""Endpoints from which a page fetches cookies and responses of actions that ran over its socket."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Match, Route
from starlette.types import Receive, Scope, Send

from ..actions.request import Changes
from ..exceptions import StoreError
from ..execution.app_context import MOUNT, AppContext
from ..logs import get_logger
from ..protocol.constants import HEADER_OPS
from ..security.origin import Origins
from ..session.request_probe import COOKIE_CHANGES_KEY
from ..store.one_time import Delivery
from ..store.storage import CHUNK_BYTES
from .bodies import Incoming
from .responses import HEADERS

log = get_logger(__name__)
MAX_TICKETS: Final = 16
"""Maximum number of tickets in a request."""
MAX_TICKET_BYTES: Final = 1024
"""Maximum size of a ticket in bytes."""


class LibraryRoute(Route):
    """A route of the library. Requests for pages are matched with all of these, so that must cost little."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Do as the base class does, for paths below `MOUNT`."""
        if scope["type"] != "http" or f"{MOUNT}/" not in scope["path"]:
            return Match.NONE, {}
        return super().matches(scope)


class CookiesEndpoint:
    """Answers a POST of tickets by setting the cookies that are stored under them."""

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
        tickets = (await Incoming(request, MAX_TICKET_BYTES).read()).decode("ascii", "replace").split()
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
        request = Request(scope, receive, send)
        if request.method != "GET":  # HEAD must not use it up
            await Response(status_code=405, headers={"Allow": "GET"})(scope, receive, send)
            return
        try:
            found = await self.site.deliveries.take(request.path_params["key"])
        except StoreError as error:
            log.error("a response can't be read: %s", error)
            await PlainTextResponse(UNREADABLE, 503, HEADERS)(scope, receive, send)
            return
        if found is None:
            await PlainTextResponse(FETCHED, 410, HEADERS)(scope, receive, send)
            return
        try:
            await _delivered(found)(scope, receive, send)
        finally:
            await self.site.deliveries.close(found)


FETCHED: Final = "This has been fetched already."
UNREADABLE: Final = "This can't be fetched now. Please try again."


def _delivered(found: Delivery) -> Response:
    response = StreamingResponse(iter(lambda: found.body.read(CHUNK_BYTES), b""), found.status)
    response.raw_headers = [
        (name.encode("latin-1"), value.encode("latin-1")) for name, value in found.headers
    ]
    response.headers["Content-Length"] = str(found.size)
    response.headers.update(HEADERS)
    del response.headers["Accept-Ranges"]  # it can only be fetched once, as a whole
    return response
