"""Connections over which a session sends messages to its page: a socket, an event stream, or one response."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from starlette.types import Message, Receive, Send

from ..actions.request import Changes
from ..exceptions import ProtocolError

HEARTBEAT: Final = 10.0
"""Seconds between two comments in an event stream."""


class OpenConnection:
    """A lasting connection of a session. `close` may be called from any task, and interrupts sending.

    `limit`: seconds that closing may take, because it waits for earlier messages. `closes` counts close
    codes.
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
        self._is_interrupted = False
        self._closed = False
        self._closing: tuple[int, str] | None = None

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
            if not self._is_interrupted or self._sender is None or self._sender.uncancel():
                raise
        finally:
            self.sending_since = self._sender = None

    async def _write(self, text: str) -> None:
        raise NotImplementedError

    def take_changes(self, changes: Changes) -> bool:
        """Return False: the headers have been sent already, so no cookies can be set."""
        return False

    def close(self, code: int, reason: str = "") -> None:
        """Close the connection soon, and interrupt the task that is sending."""
        if self._closing is not None:
            return
        self._closing = (code, reason)
        if self._sender is not None:
            self._is_interrupted = True
            self._sender.cancel()
        self._wake()

    def _wake(self) -> None:
        """Wake the task that reads the connection, so that it calls `finish`."""
        raise NotImplementedError

    async def finish(self, code: int = 1000, reason: str = "") -> None:
        """Close the connection now. If `close` was called, its code and reason count."""
        code, reason = self._closing or (code, reason)
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
        """Accept the connection. Return False if it is already closed."""
        if (await self.receive())["type"] != "websocket.connect":
            return False
        await self._send({"type": "websocket.accept"})
        return True

    async def next(self) -> Message | None:
        """Return the next message; None when the connection is closed."""
        if self._closing:
            return None
        self._is_waiting = True
        message = await self.receive()
        self._is_waiting = False
        return message if message["type"] == "websocket.receive" else None

    async def _write(self, text: str) -> None:
        await self._send({"type": "websocket.send", "text": text})

    def _wake(self) -> None:
        if self._task and self._is_waiting:  # otherwise, `next` returns None after the running operation
            self._task.cancel()

    def absorb_cancellation(self) -> bool:
        """Return whether `close` has cancelled the task. If so, revoke the cancellation."""
        if self._closing is None or self._task is None:
            return False
        self._task.uncancel()
        return True

    async def _write_end(self, code: int, reason: str) -> None:
        await self._send({"type": "websocket.close", "code": code, "reason": reason})


class EventStream(OpenConnection):
    """An event stream as a session's connection. Messages are held back until it is open."""

    one_way = True

    def __init__(self, limit: float, closes: Counter[int]) -> None:
        super().__init__(limit, closes)
        self._send: Send | None = None
        self.messages: list[str] = []
        """Messages to send when the stream is open."""
        self._writing = asyncio.Lock()
        self._closed_by_session = asyncio.Event()

    async def open(self, status: int, headers: Sequence[tuple[bytes, bytes]], send: Send) -> None:
        """Start the response, and send waiting messages."""
        await send({"type": "http.response.start", "status": status, "headers": headers})
        self._send = send
        await self._emit("".join(map(_event, self.messages)))

    async def until_closed(self, receive: Receive) -> None:
        """Return when the connection is lost, the browser stops reading, or `close` was called."""
        ends = {
            asyncio.ensure_future(_disconnected(receive)),
            asyncio.ensure_future(self._closed_by_session.wait()),
        }
        try:
            while not (await asyncio.wait(ends, timeout=HEARTBEAT, return_when=asyncio.FIRST_COMPLETED))[0]:
                if self.sending_since is None:  # otherwise, the limit for that message applies
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

    def _wake(self) -> None:
        self._closed_by_session.set()

    async def _write_end(self, code: int, reason: str) -> None:
        await self._emit(f"event: close\ndata: {code}\n\n", more=False)


def _event(text: str) -> str:
    return f"data: {text}\n\n"


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class BufferedConnection:
    """A session's connection for the duration of one request. It collects messages for the response."""

    one_way = False
    is_lasting = False

    def __init__(self) -> None:
        self.opened = time.monotonic()
        self.sending_since: float | None = None
        self.messages: list[str] = []
        self.refusal: ProtocolError | None = None
        self.changes: list[Changes] = []
        self.counts_as_present = True

    async def send(self, text: str) -> None:
        self.messages.append(text)

    def take_changes(self, changes: Changes) -> bool:
        self.changes.append(changes)
        return True

    def close(self, code: int, reason: str = "") -> None:
        self.refusal = self.refusal or ProtocolError(reason, code)

    def body(self) -> str:
        """Return all messages as one JSON object."""
        welcome, *frames = self.messages
        cookies = ',"cookies":true' if self.changes else ""  # the same response sets them
        return f'{{"welcome":{welcome},"frames":[{",".join(frames)}]{cookies}}}'
