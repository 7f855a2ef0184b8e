"""Serves the JavaScript modules with a module's actions, and handles the calls of their functions.

`liveactions.actions.js_functions` writes these modules.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ..actions.form_input import Arguments
from ..actions.js_functions import declarations, script
from ..actions.request import PageRequest
from ..exceptions import UnknownAction
from ..execution.app_context import AppContext, PageRoute
from ..execution.effects import start_after_calls
from ..execution.results import failure, has_handler
from ..execution.run import PageRun
from ..observation import note_action
from ..pages.lookup import lookup_function
from ..pages.page import Page
from ..protocol.constants import HEADER_COOKIES
from ..security.origin import Origins
from ..tasks import Supervisor
from ..types import Outcome
from .bodies import read_arguments
from .idempotency import respond_once, script_key
from .responses import (
    deliver_response,
    error_response,
    not_allowed,
    observe_response,
    outcome_response,
    refusal,
)

NO_ROUTE: Final = PageRoute(Page, "")
"""The route of the page on which functions of modules run, because they don't belong to any."""


class ModuleEndpoint:
    """Serves ``/_live/actions/shop.js`` and ``shop.d.ts``."""

    def __init__(self, site: AppContext) -> None:
        self.site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = PageRequest(scope, receive, send)
        response = self._module(request) if request.method in ("GET", "HEAD") else not_allowed("GET, HEAD")
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
            return Response("This module exports no actions to scripts", 404, media_type="text/plain")
        tag = f'"{sha256(text.encode()).hexdigest()[:16]}"'
        headers = {"Cache-Control": "no-cache", "ETag": tag, "X-Content-Type-Options": "nosniff"}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(text, headers=headers, media_type=kind)


class FunctionEndpoint:
    """Handles ``/_live/actions/shop/add``: a call by fetch, from a page that isn't live."""

    def __init__(self, site: AppContext, origins: Origins) -> None:
        self.site = site
        self.origins = origins
        self._tasks = Supervisor(lambda: "calls of after() in a function")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = PageRequest(scope, receive, send)
        request.may_raise = True
        try:
            responding = self._respond(request)
            response = await observe_response(self.site.observers, "call", "", request, responding)
            await response(scope, receive, send)
        finally:
            start_after_calls(self._tasks, request)

    async def _respond(self, request: PageRequest) -> Response:
        try:
            response = await self._handle(request)
        except HTTPException as error:
            if has_handler(error, request):
                raise
            response = error_response(error)
        if request.send_changes(response):
            response.headers[HEADER_COOKIES] = "1"
        return response

    async def _handle(self, request: PageRequest) -> Response:
        if request.method != "POST":
            return not_allowed("POST")
        if refusal(self.origins, request, "call") is not None:
            raise HTTPException(403, "Cross-origin calls are not allowed")
        arguments = await read_arguments(request, self.site.limits)
        key = script_key(request, await self.site.identity(request), "")
        return await respond_once(self.site, request, key, lambda: self._answer(request, arguments, key))

    async def _answer(self, request: PageRequest, arguments: dict[str, Any], key: str) -> Response:
        page = self.site.new_page(NO_ROUTE.page, request, self.site.context(NO_ROUTE, ""), "")
        async with PageRun(page, op=("call", key) if key else None) as run:
            outcome = await run.guard() or await self._call(run, request, Arguments(arguments))
            outcome = await run.close(outcome)
        return outcome_response(await deliver_response(self.site, outcome, request, key))

    async def _call(self, run: PageRun, request: PageRequest, arguments: Arguments) -> Outcome:
        try:
            ref = lookup_function(run.page, "{module}:{name}".format_map(request.path_params))
            note_action(ref.action.__qualname__)
        except UnknownAction as error:
            return failure(str(error), 404)
        return await run.call(ref, arguments)
