"""Pages over WebSockets. Plain ASGI, since any wrapper would cost something for every message.

`OpenConnection` is what sockets have in common with event streams (`liveactions.http.ops_fetch`).
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from starlette.requests import HTTPConnection
from starlette.types import Message, Receive, Scope, Send

from ..actions.request import Changes
from ..exceptions import INTERNAL_ERROR, REPLACED, ProtocolError
from ..execution.timeouts import watch
from ..logs import bind, get_logger
from ..protocol.constants import CLOSE_NO_HELLO
from ..protocol.messages import Acknowledgement, Bye, Op, read, read_hello, read_op
from ..security.origin import Origins
from ..session.registry import SessionRegistry
from ..session.runner import Session
from ..session.state import OLD_COOKIES
from ..tasks import contained

log = get_logger(__name__)


class OpenConnection:
    """A lasting connection of a session. `close` may be called from any task, and interrupts sending.

    `limit`: seconds that closing may take, since it waits for earlier messages. `closes` counts close codes.
    """

    is_lasting = True
    counts_as_present = True

    def __init__(self, limit: float, closes: Counter[int]) -> None:
        self.opened = time.monotonic()
        """When it was opened, with the visitor's cookies at that time."""
        self.sending_since: float | None = None
        """When sending the current message began (`time.monotonic`)."""
        self._limit = limit
        self._closes = closes
        self._sender: asyncio.Task[Any] | None = None
        """The task that is sending."""
        self._is_cut_off = False
        self._closed = False
        self._doom: tuple[int, str] | None = None

    async def send(self, text: str) -> None:
        """Send a message, unless the connection is lost."""
        if self._closed:
            return
        self.sending_since = time.monotonic()
        self._sender = asyncio.current_task()
        try:
            await self._write(text)
        except OSError:  # raised by servers if the connection is lost
            self._closed = True
        except asyncio.CancelledError:
            self._closed = True  # no message can follow an incomplete one
            if not self._is_cut_off or self._sender is None or self._sender.uncancel():
                raise
        finally:
            self.sending_since = self._sender = None

    async def _write(self, text: str) -> None:
        raise NotImplementedError

    def take_changes(self, changes: Changes) -> bool:
        """Return False: the headers were sent, so no cookies can be set."""
        return False

    def close(self, code: int, reason: str = "") -> None:
        """Close the connection soon, and interrupt sending, in whichever task."""
        if self._doom is not None:
            return
        self._doom = (code, reason)
        if self._sender is not None:
            self._is_cut_off = True
            self._sender.cancel()
        self._doomed()

    def _doomed(self) -> None:
        """Wake the connection's own task, which then calls `finish`."""
        raise NotImplementedError

    async def finish(self, code: int = 1000, reason: str = "") -> None:
        """Close the connection now, with the code of `close` if that was called."""
        code, reason = self._doom or (code, reason)
        self._closes[code] += 1
        if not self._closed and self.sending_since is None:  # otherwise it would wait forever
            self._closed = True
            try:
                async with asyncio.timeout(self._limit):
                    await self._write_end(code, reason)
            except (OSError, RuntimeError):  # RuntimeError: closed by the browser
                return

    async def _write_end(self, code: int, reason: str) -> None:
        raise NotImplementedError


class Socket(OpenConnection):
    """A WebSocket as a session's connection."""

    one_way = False

    def __init__(self, receive: Receive, send: Send, limit: float, closes: Counter[int]) -> None:
        super().__init__(limit, closes)
        self.receive = receive
        self._send = send
        self._task = asyncio.current_task()
        self._is_waiting = False

    async def accept(self) -> bool:
        """Accept the connection. Return whether it is still there."""
        if (await self.receive())["type"] != "websocket.connect":
            return False
        await self._send({"type": "websocket.accept"})
        return True

    async def next(self) -> Message | None:
        """Return the next message; None when the connection is closed."""
        if self._doom:
            return None
        self._is_waiting = True
        message = await self.receive()
        self._is_waiting = False
        return message if message["type"] == "websocket.receive" else None

    async def _write(self, text: str) -> None:
        await self._send({"type": "websocket.send", "text": text})

    def _doomed(self) -> None:
        if self._task and self._is_waiting:  # otherwise it notices when the running operation has ended
            self._task.cancel()

    def was_cancelled(self) -> bool:
        """Return whether the task was cancelled by `close`; it then continues."""
        if self._doom is None or self._task is None:
            return False
        self._task.uncancel()
        return True

    async def _write_end(self, code: int, reason: str) -> None:
        await self._send({"type": "websocket.close", "code": code, "reason": reason})


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
        if refusal is not None or self.sessions.is_draining:  # another worker takes it
            await receive()
            await send({"type": "websocket.close", "code": 1008 if refusal else REPLACED, "reason": ""})
            return
        site = self.sessions.site
        if site.services.debug:
            watch()
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
            if not socket.was_cancelled():
                raise
            await socket.finish()
        except Exception:
            log.exception("a page's session failed")
            await socket.finish(INTERNAL_ERROR)
        finally:
            if session is not None:
                with contained("%s: leaving its socket", session.state.name):
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
            if now - opened > limits.cookies and _acts(op) and not session.is_running:
                raise ProtocolError(OLD_COOKIES, REPLACED)
            wait = session.allowance.take(now)
            if wait > 0:
                await asyncio.sleep(wait)
            await session.receive(op)


def _acts(op: Op | Acknowledgement) -> bool:
    """Return whether an operation acts for the visitor, and is sent again over a new connection."""
    return not isinstance(op, Acknowledgement | Bye)
