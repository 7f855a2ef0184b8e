"""The library's own routes below `MOUNT`, where open pages fetch cookies and responses of actions over HTTP.

The routes of actions are in `liveactions.http.js_modules`, those of a worker's health in
`liveactions.http.health`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from starlette.datastructures import URLPath
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Match, Route, Router
from starlette.types import Receive, Scope, Send

from ..actions.request import Changes
from ..exceptions import StoreError
from ..execution.app_context import MOUNT, AppContext
from ..logs import get_logger
from ..security.origin import Origins
from ..session.request_probe import COOKIE_CHANGES_KEY
from ..store.one_time import Delivery
from ..store.upload_storage import COPY_BYTES
from .bodies import Incoming
from .responses import NO_STORE, not_allowed, refusal

log = get_logger(__name__)
MAX_TICKETS: Final = 16
"""Maximum number of tickets in a request."""
MAX_TICKET_BYTES: Final = 1024
"""Maximum size of a ticket in bytes."""
FETCHED: Final = "This has been fetched already."
UNREADABLE: Final = "This can't be fetched now. Please try again."
MATCHED_KEY: Final = "liveactions.route"
"""In an ASGI scope: the route that the request has matched."""


class LibraryRoutes(BaseRoute):
    """The routes below `MOUNT` as one route, so that requests for pages only have to be matched once."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self.routes = routes
        self._router = Router(routes)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["type"] == "http" and f"{MOUNT}/" in scope["path"]:  # most requests are for pages
            for route in self.routes:
                match, found = route.matches(scope)
                if match is not Match.NONE:
                    return match, {**found, MATCHED_KEY: route}
        return Match.NONE, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await scope[MATCHED_KEY].handle(scope, receive, send)

    def url_path_for(self, name: str, /, **path_params: Any) -> URLPath:
        return self._router.url_path_for(name, **path_params)


class CookiesEndpoint:
    """Answers a POST of tickets by setting the cookies that are stored under them."""

    def __init__(self, site: AppContext, origins: Origins) -> None:
        self.site = site
        self.origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._respond(Request(scope, receive, send))
        response.headers.update(NO_STORE)
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        own: Changes | None = request.scope.get(COOKIE_CHANGES_KEY)
        if own is not None:
            return _apply([own], request)
        if request.method != "POST":
            return not_allowed("POST")
        if refusal(self.origins, request, "cookie ticket") is not None:
            return Response("A ticket must come from the page itself", 403, media_type="text/plain")
        tickets = (await Incoming(request, MAX_TICKET_BYTES).read()).decode("ascii", "replace").split()
        found: list[Any] = []
        status = 204
        for ticket in tickets[:MAX_TICKETS]:
            try:
                found.append(await self.site.tickets.take(ticket))
            except StoreError as error:  # the page tries again
                log.info("a cookie ticket can't be read: %s", error)
                status = 503
        return _apply([Changes.load(data) for data in found if data is not None], request, status)


def _apply(found: list[Changes], request: Request, status: int = 204) -> Response:
    response = Response(status_code=status)
    for changes in found:
        changes.apply(response, request.scope.get("session"))
    return response


class DeliveryEndpoint:
    """Answers a GET with the response that is stored under the key in its path, if it can still be
    fetched.
    """

    def __init__(self, site: AppContext) -> None:
        self.site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        if request.method != "GET":  # HEAD must not use the response up
            await not_allowed("GET")(scope, receive, send)
            return
        try:
            found = await self.site.deliveries.take(request.path_params["key"])
        except StoreError as error:
            log.error("a response can't be read: %s", error)
            await PlainTextResponse(UNREADABLE, 503, NO_STORE)(scope, receive, send)
            return
        if found is None:
            await PlainTextResponse(FETCHED, 410, NO_STORE)(scope, receive, send)
            return
        try:
            await _response_of(found)(scope, receive, send)
        finally:
            await self.site.deliveries.close(found)


def _response_of(found: Delivery) -> Response:
    response = StreamingResponse(iter(lambda: found.body.read(COPY_BYTES), b""), found.status)
    response.raw_headers = [
        (name.encode("latin-1"), value.encode("latin-1")) for name, value in found.headers
    ]
    response.headers["Content-Length"] = str(found.size)
    response.headers.update(NO_STORE)
    del response.headers["Accept-Ranges"]  # it can only be fetched once, as a whole
    return response
