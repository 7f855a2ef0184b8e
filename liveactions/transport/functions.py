"""Actions that scripts call as functions: their module, its types, and calls by fetch."""

from __future__ import annotations

from hashlib import sha256
from logging import getLogger
from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Receive, Send
from starlette.types import Scope as Connection

from ..actions.input import Arguments
from ..actions.request import PageRequest
from ..errors import UnknownAction
from ..functions.exported import function
from ..functions.module import script
from ..functions.types import declarations
from ..ops.failure import has_handler
from ..ops.outcome import Outcome, failure
from ..ops.scope import Scope
from ..pages.page import Page
from ..site import Address, Site
from ..wire import HEADER_OPS
from .answers import delivered, error_answer, outcome_answer
from .body import read_json
from .origin import Origins

log = getLogger(__name__)

NOWHERE: Final = Address(Page, "")
"""Functions of modules need no page. They get one that is nowhere."""


class ModuleEndpoint:
    """``/_live/actions/shop.js`` and ``shop.d.ts``: what scripts import."""

    def __init__(self, site: Site) -> None:
        self.site = site

    async def __call__(self, scope: Connection, receive: Receive, send: Send) -> None:
        request = PageRequest(scope, receive, send)
        response = self._module(request) if request.method in ("GET", "HEAD") else _not_allowed("GET, HEAD")
        await response(scope, receive, send)

    def _module(self, request: PageRequest) -> Response:
        name = request.path_params["name"]
        if name.endswith(".d.ts"):
            text, kind = declarations(name.removesuffix(".d.ts")), "text/plain"
        elif name.endswith(".js"):
            text = script(name.removesuffix(".js"), f"../{self.site.assets.name('call')}")
            kind = "text/javascript"
        else:
            text, kind = None, ""
        if text is None:
            return Response("No actions of that module are for scripts", 404, media_type="text/plain")
        tag = f'"{sha256(text.encode()).hexdigest()[:16]}"'
        headers = {"Cache-Control": "no-cache", "ETag": tag, "X-Content-Type-Options": "nosniff"}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(text, headers=headers, media_type=kind)


class FunctionEndpoint:
    """``/_live/actions/shop/add``: a call by fetch, from a page that isn't live."""

    def __init__(self, site: Site, origins: Origins) -> None:
        self.site = site
        self.origins = origins

    async def __call__(self, scope: Connection, receive: Receive, send: Send) -> None:
        request = PageRequest(scope, receive, send)
        request.may_raise = True
        try:
            response = await self._respond(request)
        except HTTPException as error:
            if has_handler(error, request):
                raise
            response = error_answer(error)
        changes = request.take_changes()
        if changes is not None:
            changes.apply(response, scope.get("session"))
        await response(scope, receive, send)

    async def _respond(self, request: PageRequest) -> Response:
        if request.method != "POST":
            return _not_allowed("POST")
        refusal = self.origins.refusal(request)
        if refusal is not None or HEADER_OPS not in request.headers:
            log.warning("a call from elsewhere is refused: %s", refusal or f"no {HEADER_OPS}")
            raise HTTPException(403, "Cross-origin calls are not allowed")
        arguments = await read_json(request, self.site.limits)
        if not isinstance(arguments, dict):
            raise HTTPException(400, "Arguments must be a JSON object")
        scope = Scope(self.site.new_page(NOWHERE, request, ""))
        outcome = await scope.guard() or await self._call(scope, request, Arguments(arguments))
        outcome = await scope.close(outcome)
        return outcome_answer(await delivered(self.site, outcome, request))

    async def _call(self, scope: Scope, request: PageRequest, arguments: Arguments) -> Outcome:
        try:
            ref = function(scope.page, "{module}:{name}".format_map(request.path_params))
        except UnknownAction as error:
            return failure(str(error), 404)
        return await scope.call(ref, arguments)


def _not_allowed(methods: str) -> Response:
    return Response(status_code=405, headers={"Allow": methods})
