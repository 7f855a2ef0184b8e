"""Where a page fetches a response that its action has returned over the socket."""

from __future__ import annotations

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.types import Receive, Scope, Send

from ..site import Site
from ..uploads import remove


class DeliveryEndpoint:
    """Answers the first GET of a key with the response that is kept for it."""

    def __init__(self, site: Site) -> None:
        self.site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._respond(Request(scope, receive, send))(scope, receive, send)

    def _respond(self, request: Request) -> Response:
        if request.method != "GET":  # a HEAD mustn't use it up
            return Response(status_code=405, headers={"Allow": "GET"})
        found = self.site.deliveries.take(request.path_params["key"])
        if found is None or not found.path.exists():
            return Response("This has been fetched already.", 410, media_type="text/plain")
        response = FileResponse(found.path, found.status, background=BackgroundTask(remove, found.path))
        response.raw_headers = [
            (name.encode("latin-1"), value.encode("latin-1")) for name, value in found.headers
        ]
        response.headers["Content-Length"] = str(found.path.stat().st_size)
        response.headers["Cache-Control"] = "no-store"
        return response
