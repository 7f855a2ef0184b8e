"""The WebSocket endpoint, to which open pages connect. It is plain ASGI: a wrapper would slow down every
message.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from starlette.requests import HTTPConnection
from starlette.types import Receive, Scope, Send

from ..exceptions import INTERNAL_ERROR, REPLACED, ProtocolError
from ..execution.watchdog import watch_event_loop
from ..logs import bind, get_logger
from ..protocol.constants import CLOSE_NO_HELLO
from ..protocol.messages import Acknowledgement, Bye, Op, read, read_hello, read_op
from ..security.origin import Origins
from ..session.registry import SessionRegistry
from ..session.runner import Session
from ..session.state import OLD_COOKIES
from ..tasks import contained
from .connections import Socket

log = get_logger(__name__)


class SocketEndpoint:
    """The ASGI application at the socket's address."""

    def __init__(
        self, sessions: SessionRegistry, origins: Origins, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.sessions = sessions
        self.origins = origins
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection = HTTPConnection(scope)
        refusal = self.origins.refusal(connection)
        if refusal is not None:
            log.warning("rejected cross-origin WebSocket: %s", refusal)
        if refusal is not None or self.sessions.is_draining:  # while draining, another worker will accept it
            await receive()
            await send({"type": "websocket.close", "code": 1008 if refusal else REPLACED, "reason": ""})
            return
        site = self.sessions.site
        if site.services.debug:
            watch_event_loop()
        socket = Socket(receive, send, site.limits.sending, site.counters.closes)
        if await socket.accept():
            await self._serve(socket, connection)

    async def _serve(self, socket: Socket, connection: HTTPConnection) -> None:
        session: Session | None = None
        try:
            session = await self._join(socket, connection)
            if session is not None:
                bind(page=session.state.name, session=session.state.log_name)
                await self._listen(socket, session)
            await socket.finish()
        except ProtocolError as error:
            log.info("closing a socket: %s", error)
            await socket.finish(error.code, str(error))
        except asyncio.CancelledError:
            if not socket.absorb_cancellation():
                raise
            await socket.finish()
        except Exception:
            log.exception("the session of a page failed")
            await socket.finish(INTERNAL_ERROR)
        finally:
            if session is not None:
                with contained("%s: closing its socket", session.state.name):
                    await session.detach(socket)

    async def _join(self, socket: Socket, connection: HTTPConnection) -> Session | None:
        limits = self.sessions.site.limits
        try:
            async with asyncio.timeout(limits.hello):
                message = await socket.next()
        except TimeoutError:
            raise ProtocolError("no hello", CLOSE_NO_HELLO) from None
        if message is None:
            return None
        hello = read_hello(read(message.get("text"), limits))
        return await self.sessions.join(hello, connection, socket)

    async def _listen(self, socket: Socket, session: Session) -> None:
        limits = self.sessions.site.limits
        opened = self._clock()
        while (message := await socket.next()) is not None:
            op = read_op(read(message.get("text"), limits), limits)
            now = self._clock()
            if now - opened > limits.cookies and _needs_cookies(op) and not session.is_busy:
                raise ProtocolError(OLD_COOKIES, REPLACED)
            wait = session.rate_limit.take(now)
            if wait > 0:
                await asyncio.sleep(wait)
            await session.receive(op)


def _needs_cookies(op: Op | Acknowledgement) -> bool:
    """Return whether an operation acts for the visitor. If so, it is sent again over a new connection."""
    return not isinstance(op, Acknowledgement | Bye)
