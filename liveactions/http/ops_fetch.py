"""Operations by fetch, for pages that can't open a socket: a request contains a hello and operations.

The response to a page that needs no pushes is JSON, with the welcome and the frames. A page that accepts
``text/event-stream`` gets a stream that begins with the welcome and stays open for pushes. The page posts
further operations in other requests. If the session is in this process and its stream is open, their frames
are sent over the stream, and the response is 204. Otherwise, the response is the page's new stream.

In a stream, the data of each event is a message. The event ``close`` ends the stream, with a close code of
`liveactions.protocol.constants`. Comments keep the connection alive.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ..config import Limits
from ..exceptions import INTERNAL_ERROR, REPLACED, ProtocolError
from ..logs import get_logger
from ..protocol.constants import CLOSE_LIMIT, CLOSE_OVER, HEADER_SKIPPED, HEADER_STREAM
from ..protocol.messages import Acknowledgement, Bye, CallSlot, Cancel, Hello, Op, read_hello, read_op
from ..protocol.op_log import MAX_KEPT_ANSWERS
from ..session.registry import SessionRegistry
from ..session.runner import Session
from ..tasks import contained
from .bodies import read_json
from .connections import BufferedConnection, EventStream
from .responses import NO_STORE

log = get_logger(__name__)
STATUS: Final = {CLOSE_LIMIT: 429, CLOSE_OVER: 409, REPLACED: 503, INTERNAL_ERROR: 503}
"""HTTP statuses by close code; 400 for all others. After 503, the page connects again."""

SKIPPED: Final = {HEADER_SKIPPED: "1"}
"""Headers of the response if none of the operations were run."""
MEDIA_TYPE: Final = "text/event-stream"
STREAM_HEADERS: Final[Mapping[str, str]] = {
    "Cache-Control": "no-store, no-transform",
    "X-Accel-Buffering": "no",  # nginx would collect messages otherwise
}


class EventStreamResponse(Response):
    """A stream: runs its request's operations, and stays connected to the session until either one closes."""

    media_type = MEDIA_TYPE

    def __init__(
        self,
        stream: EventStream,
        session: Session,
        ops: Sequence[Op | Acknowledgement],
        headers: Mapping[str, str],
    ) -> None:
        self.stream = stream
        self.session = session
        self.ops = ops
        self.status_code = 200
        self.background = None
        self.init_headers({**STREAM_HEADERS, **headers})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        stream, session = self.stream, self.session
        try:
            await stream.open(self.status_code, self.raw_headers, send)
            session.tasks.start(self._perform())  # not cancelled with the stream
            await stream.until_closed(receive)
            await stream.finish()
        except OSError:  # raised by servers if the connection is lost
            return
        finally:
            with contained("%s: closing its stream", session.state.name):
                await session.detach(stream)

    async def _perform(self) -> None:
        try:
            await receive_all(self.session, self.ops)
        except ProtocolError as error:
            log.info("closing a stream: %s", error)
            self.stream.close(error.code, str(error))


async def receive_all(session: Session, ops: Iterable[Op | Acknowledgement]) -> None:
    """Pass operations to a session within its rate limit. Raise `ProtocolError` for invalid ones."""
    for op in ops:
        await asyncio.sleep(session.rate_limit.take(time.monotonic()))
        await session.receive(op)


async def answer_ops(sessions: SessionRegistry, request: Request) -> Response:
    """Run the operations of a request. Return the response with the welcome and the frames."""
    limits = sessions.site.limits
    data = await read_json(request, limits)
    connection = BufferedConnection()
    may_run = True
    try:
        hello, ops = _read(data, limits)
        if MEDIA_TYPE in request.headers.get("accept", ""):
            return await _stream(sessions, request, hello, ops)
        connection.counts_as_present = not any(isinstance(op, Bye) for op in ops)
        session = await sessions.join(hello, request, connection)
        may_run = _may_run(hello, connection.messages, ops)
        await _finish(session, connection, ops if may_run else ())
        body, status = connection.body(), 200
    except ProtocolError as error:
        body, status = json.dumps({"error": str(error)}), STATUS.get(error.code, 400)
    headers = {**NO_STORE, **({} if may_run else SKIPPED)}
    if sessions.is_draining:
        headers |= _reconnect(request)
    response = Response(body, status, headers, "application/json")
    for changes in connection.changes:
        changes.apply(response, request.scope.get("session"))
    return response


async def _stream(
    sessions: SessionRegistry, request: Request, hello: Hello, ops: Sequence[Op | Acknowledgement]
) -> Response:
    """Run operations whose frames are sent over a stream: the page's open stream, if it is in this process,
    or the response.

    Another process would have to continue from the stored state, and would lose operations that the page's
    session is running. So a page that has a stream is asked to try again until it reaches the right process.
    """
    session = await sessions.with_stream(hello, request)
    if session is not None:
        await receive_all(session, [Acknowledgement(hello.rev), *ops])
        return Response(status_code=204)
    if HEADER_STREAM in request.headers and not await sessions.owns(hello):
        return Response(status_code=204, headers={**SKIPPED, **_reconnect(request)})
    stream = EventStream(sessions.site.limits.sending, sessions.site.counters.closes)
    session = await sessions.join(hello, request, stream)
    may_run = _may_run(hello, stream.messages, ops)
    return EventStreamResponse(stream, session, ops if may_run else (), {} if may_run else SKIPPED)


def _reconnect(request: Request) -> dict[str, str]:
    """Return headers that make the browser use a new connection for the next request, perhaps to another
    process.
    """
    is_persistent = request.scope.get("http_version") == "1.1"  # HTTP/2 has no such header
    return {"Connection": "close"} if is_persistent else {}


def _read(data: object, limits: Limits) -> tuple[Hello, list[Op | Acknowledgement]]:
    """Return the hello and the operations of a request. Raise `HTTPException` or `ProtocolError` if any is
    invalid: then none is run.
    """
    if not isinstance(data, dict) or data.keys() != {"hello", "ops"} or not isinstance(data["ops"], list):
        raise HTTPException(400, "Expected a hello and a list of operations")
    if len(data["ops"]) > MAX_KEPT_ANSWERS:
        raise ProtocolError("too many unanswered ops", CLOSE_LIMIT)
    ops = [read_op(op, limits) for op in data["ops"]]
    return read_hello(data["hello"]), ops


def _may_run(hello: Hello, messages: Sequence[str], ops: Sequence[Op | Acknowledgement]) -> bool:
    """Return whether operations can be run in the session that was found for their hello.

    If the session was rebuilt, its slots may have other addresses: the page then sends operations with
    addresses, and those of an older revision, again with new ones. All others are run at once, because the
    next request may reach yet another worker.
    """
    welcome = json.loads(messages[0]) if messages and hello.token is not None else {}
    if not {"migrated", "rebuilt"} & welcome.keys():
        return True
    return welcome["rev"] == hello.rev and not any(map(_has_address, ops))


def _has_address(op: Op | Acknowledgement) -> bool:
    return isinstance(op, CallSlot) or (isinstance(op, Cancel) and isinstance(op.called, list))


async def _finish(
    session: Session, connection: BufferedConnection, ops: Sequence[Op | Acknowledgement]
) -> None:
    """Run operations until they have ended. Raise `ProtocolError` if the session closes the connection
    meanwhile, unless the page says goodbye.
    """
    try:
        if connection.messages:
            await receive_all(session, ops)
            await session.finished()
    finally:
        await session.detach(connection)
    if connection.messages and any(isinstance(op, Bye) for op in ops):
        return
    if connection.refusal is not None or not connection.messages:
        raise connection.refusal or ProtocolError("the page has another connection")
