"""Ops by fetch, where the socket doesn't open: the same hello, ops and frames in one request."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from ..actions.request import Changes
from ..exceptions import ProtocolError
from ..protocol.constants import CLOSE_LIMIT, CLOSE_OVER
from ..protocol.messages import read_hello, read_op
from ..protocol.op_log import MAX_KEPT_ANSWERS
from ..session.registry import SessionRegistry
from ..session.state import INTERNAL_ERROR, REPLACED
from .bodies import read_json

STATUS: Final = {CLOSE_LIMIT: 429, CLOSE_OVER: 409, REPLACED: 503, INTERNAL_ERROR: 503}
"""HTTP statuses for the codes with which a socket is closed, 503 for those after which it is to come again;
400 for the others."""


class BufferedConnection:
    """A session's connection for the time of one request: keeps what is sent."""

    def __init__(self) -> None:
        self.sending_since: float | None = None
        self.messages: list[str] = []
        self.refusal: ProtocolError | None = None
        self.changes: list[Changes] = []

    async def send(self, text: str) -> None:
        self.messages.append(text)

    def take_changes(self, changes: Changes) -> bool:
        self.changes.append(changes)
        return True

    def close(self, code: int, reason: str = "") -> None:
        self.refusal = self.refusal or ProtocolError(reason, code)


async def perform(sessions: SessionRegistry, request: Request) -> Response:
    """Run the ops of a request and answer with what the page is to be told."""
    data = await read_json(request, sessions.site.limits)
    parcel = BufferedConnection()
    try:
        await _perform(sessions, request, data, parcel)
        if parcel.refusal is not None:
            raise parcel.refusal
        welcome, *frames = parcel.messages
        cookies = ',"cookies":true' if parcel.changes else ""  # they are on this very response
        body, status = f'{{"welcome":{welcome},"frames":[{",".join(frames)}]{cookies}}}', 200
    except ProtocolError as error:
        body, status = json.dumps({"error": str(error)}), STATUS.get(error.code, 400)
    response = Response(body, status, {"Cache-Control": "no-store"}, "application/json")
    for changes in parcel.changes:
        changes.apply(response, request.scope.get("session"))
    return response


async def _perform(
    sessions: SessionRegistry, request: Request, data: object, parcel: BufferedConnection
) -> None:
    limits = sessions.site.limits
    if not isinstance(data, dict) or data.keys() != {"hello", "ops"} or not isinstance(data["ops"], list):
        raise HTTPException(400, "Expected a hello and a list of operations")
    if len(data["ops"]) > MAX_KEPT_ANSWERS:
        raise ProtocolError("too many unanswered ops", CLOSE_LIMIT)
    ops = [read_op(op, limits) for op in data["ops"]]  # all of them are proper, or none is run
    hello = read_hello(data["hello"])
    session = await sessions.join(hello, request, parcel)
    if not parcel.messages:
        raise parcel.refusal or ProtocolError("the page is open elsewhere")
    # Addresses are those of the old session: made anew, it is the page that makes them, and the ops, anew.
    rebuilt = hello.token is not None and {"moved", "fresh"} & json.loads(parcel.messages[0]).keys()
    try:
        for op in ops if not rebuilt else ():
            await asyncio.sleep(session.allowance.take(time.monotonic()))
            await session.receive(op)
        await session.finished()
    finally:
        await session.detach(parcel)
