"""Server-sent events, where no socket can be opened: frames come down, operations go up by fetch.

A page posts a hello and its waiting operations, as it does for `http.ops_fetch`, and accepts
``text/event-stream``. The answer is a stream that begins with the welcome and stays open: pushes come over
it, too. The page's next operations are another post. If the session is in this process and its stream is
open, they are answered there, and the post with 204. Otherwise, the post's answer is the page's new stream.

Each message is an event with the message as its data. The event ``close`` ends the stream, with a close code
of `liveactions.protocol.constants`. Comments show proxies and the page that the connection is alive.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ..exceptions import ProtocolError
from ..logs import get_logger
from ..protocol.messages import Acknowledgement, Op
from ..session.runner import Session
from ..tasks import contained
from .connections import OpenConnection

log = get_logger(__name__)
MEDIA_TYPE: Final = "text/event-stream"
HEARTBEAT: Final = 10.0
"""Seconds between two comments."""
HEADERS: Final[Mapping[str, str]] = {
    "Cache-Control": "no-store, no-transform",
    "X-Accel-Buffering": "no",  # nginx passes on what comes at once
}


class EventStream(OpenConnection):
    """An event stream as a session's connection. Messages that are sent before it is open wait."""

    one_way = True

    def __init__(self, limit: float, closes: Counter[int]) -> None:
        super().__init__(limit, closes)
        self._send: Send | None = None
        self.messages: list[str] = []
        """Messages to send when the stream is open."""
        self._writing = asyncio.Lock()
        self._over = asyncio.Event()

    async def open(self, status: int, headers: Sequence[tuple[bytes, bytes]], send: Send) -> None:
        """Start the response, and send waiting messages."""
        await send({"type": "http.response.start", "status": status, "headers": headers})
        self._send = send
        await self._emit("".join(map(_event, self.messages)))

    async def last(self, receive: Receive) -> None:
        """Return when the connection is lost, the reader is stuck, or `close` was called."""
        ends = {asyncio.ensure_future(_disconnected(receive)), asyncio.ensure_future(self._over.wait())}
        try:
            while not (await asyncio.wait(ends, timeout=HEARTBEAT, return_when=asyncio.FIRST_COMPLETED))[0]:
                if self.sending_since is None:  # otherwise that message has a limit of its own
                    async with asyncio.timeout(self._limit):
                        await self._emit(":\n\n")
        except TimeoutError:
            self._closed = True  # nothing can follow an incomplete comment
        finally:
            for end in ends:
                end.cancel()

    async def _write(self, text: str) -> None:
        if self._send is None:
            self.messages.append(text)
        else:
            await self._emit(_event(text))

    async def _emit(self, events: str, more: bool = True) -> None:
        assert self._send is not None
        async with self._writing:  # a comment and a frame may be sent by two tasks
            await self._send({"type": "http.response.body", "body": events.encode(), "more_body": more})

    def _doomed(self) -> None:
        self._over.set()

    async def _write_end(self, code: int, reason: str) -> None:
        await self._emit(f"event: close\ndata: {code}\n\n", more=False)


def _event(text: str) -> str:
    return f"data: {text}\n\n"


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class EventStreamResponse(Response):
    """Runs the first operations of a stream, and keeps the session connected until one of them ends."""

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
        self.init_headers({**HEADERS, **headers})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        stream, session = self.stream, self.session
        try:
            await stream.open(self.status_code, self.raw_headers, send)
            session.tasks.start(self._perform())  # not cancelled with the stream
            await stream.last(receive)
            await stream.finish()
        except OSError:  # raised by servers if the connection is lost
            return
        finally:
            with contained("%s: leaving its stream", session.state.name):
                await session.detach(stream)

    async def _perform(self) -> None:
        try:
            await receive_all(self.session, self.ops)
        except ProtocolError as error:
            log.info("closing a stream: %s", error)
            self.stream.close(error.code, str(error))


async def receive_all(session: Session, ops: Iterable[Op | Acknowledgement]) -> None:
    """Pass operations to a session, as fast as it takes them. Raise `ProtocolError` for invalid ones."""
    for op in ops:
        await asyncio.sleep(session.allowance.take(time.monotonic()))
        await session.receive(op)
