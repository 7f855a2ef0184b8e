"""The endpoint of the developer's panel, which only exists in debug mode.

A page posts the token of its session, which only that page knows. The response has the latest operations and
messages of the session, and its state. With an ``edit``, a field is set first, as an operation of the page. A
visitor whom the page's guards reject gets none of it.
"""

from __future__ import annotations

import os
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ..execution.app_context import MOUNT
from ..execution.run import PageRun
from ..pages.editing import described_state, edit
from ..protocol.messages import parse
from ..security.origin import Origins
from ..session.observed import DebuggedSession
from ..session.op_queue import ServerOp
from ..session.registry import SessionRegistry
from ..types import DONE, Failed, Outcome
from .bodies import Incoming
from .responses import json_response, not_allowed, refusal

PANEL: Final = f"{MOUNT}/panel"
MAX_BYTES: Final = 2**20
"""Maximum size of a request."""


class PanelEndpoint:
    """Answers the developer's panel in an open page."""

    def __init__(self, sessions: SessionRegistry, origins: Origins) -> None:
        self._sessions = sessions
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._respond(Request(scope, receive, send))
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        if request.method != "POST":
            return not_allowed("POST")
        if refusal(self._origins, request, "request of the panel") is not None:
            return _error(403, "The panel only answers the page itself")
        try:
            asked = parse((await Incoming(request, MAX_BYTES).read()).decode())
            token, change = asked["token"], asked.get("edit")
            edited = None if change is None else (change["path"], change["name"], change["value"])
            is_valid = all(isinstance(text, str) for text in (token, *(edited or ())))
        except (ValueError, TypeError, KeyError, AttributeError):
            is_valid = False
        if not is_valid:
            return _error(400, "Expected a session's token, and what to edit")
        session = self._sessions.by_token(token)
        identity = await self._sessions.site.identity(request)
        if not isinstance(session, DebuggedSession) or session.state.identity != identity:
            return _error(404, f"This worker (process {os.getpid()}) doesn't have the page")
        if await _is_refused(session):
            return _error(403, "The guards of the page reject you: its state isn't shown")
        if edited is not None and (problem := await _edit(session, *edited)):
            return _error(200, problem)  # else browsers would log it
        return json_response(_described(session))


async def _is_refused(session: DebuggedSession) -> bool:
    """Return whether the page's guards reject the visitor. While an operation runs, the last one has decided:
    a page has one run at a time, and the running one has begun with the guards.
    """
    state = session.state
    if state.is_running:
        return state.is_refused
    run = PageRun(state.page)
    return not (await run.close(await run.guard() or DONE)).ok


async def _edit(session: DebuggedSession, path: str, name: str, text: str) -> str:
    """Set a field as an operation of the page. Return an error message; "" on success."""
    try:
        assign = edit(session.state.page, path, name, text)
    except ValueError as error:
        return str(error)

    async def run(page_run: PageRun) -> Outcome:
        async def call() -> None:
            await assign(page_run.page)

        call.__qualname__ = assign.__qualname__
        return await page_run.run_callback(call)

    outcome = await session.call(ServerOp(run))
    if isinstance(outcome, Failed):
        return f"The page was restored: {outcome.message or outcome.error!r}"
    return ""


def _described(session: DebuggedSession) -> dict[str, Any]:
    return {
        "page": session.state.name,
        "worker": os.getpid(),
        "operations": [*session.operations],
        "messages": [*session.messages],
        "state": described_state(session.state.page),
    }


def _error(status: int, text: str) -> Response:
    return json_response({"error": text}, status)
