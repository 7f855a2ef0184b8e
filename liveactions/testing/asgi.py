"""Calls an ASGI application in the test's own event loop: requests and WebSockets without a network."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote, urlsplit

HOST: Final = "testserver"
ORIGIN: Final = f"http://{HOST}"
Header = tuple[str, str]


class Closed(Exception):
    """The server has closed a socket, or a stream of events, with this code and reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"the server has closed the connection: {code} {reason}".rstrip())
        self.code = code
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Reply:
    """The response to a request. Header names are in lower case."""

    status: int
    headers: Sequence[Header]
    body: bytes

    def header(self, name: str) -> str:
        return next((value for found, value in self.headers if found == name), "")

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")


def http(url: str, headers: Sequence[Header], client: str, state: Mapping[str, Any]) -> dict[str, Any]:
    """Return the ASGI scope of a request, without its method."""
    parts = urlsplit(url)
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "scheme": "http",
        "path": unquote(parts.path),
        "raw_path": parts.path.encode(),
        "root_path": "",
        "query_string": parts.query.encode(),
        "headers": [(name.lower().encode(), value.encode()) for name, value in (("host", HOST), *headers)],
        "client": (client, 50000),
        "server": (HOST, 80),
        "state": dict(state),
        "extensions": {},
    }


def websocket(url: str, headers: Sequence[Header], client: str, state: Mapping[str, Any]) -> dict[str, Any]:
    """Return the ASGI scope of a WebSocket."""
    return {**http(url, headers, client, state), "type": "websocket", "scheme": "ws", "subprotocols": []}


async def request(app: Any, scope: dict[str, Any], body: bytes) -> Reply:
    """Send a request and return the response. Exceptions of the application are raised here."""
    answered = asyncio.Event()
    incoming = [{"type": "http.request", "body": body, "more_body": False}]
    start: dict[str, Any] = {}
    content = bytearray()

    async def receive() -> dict[str, Any]:
        if not incoming:
            await answered.wait()
            return {"type": "http.disconnect"}
        return incoming.pop()

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
        elif message["type"] == "http.response.body":
            content.extend(message.get("body", b""))
            if not message.get("more_body"):
                answered.set()

    await app(scope, receive, send)
    found = [(name.decode().lower(), value.decode("latin-1")) for name, value in start["headers"]]
    return Reply(start["status"], found, bytes(content))


class EventStream:
    """The response to a POST: server-sent events, received as they come, or a reply like any other."""

    def __init__(self, app: Any, scope: dict[str, Any], body: bytes) -> None:
        self._up: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._down: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._up.put_nowait({"type": "http.request", "body": body, "more_body": False})
        self._task = asyncio.ensure_future(app({**scope, "method": "POST"}, self._up.get, self._down.put))
        self._text = ""
        self._messages: deque[Any] = deque()

    async def reply(self) -> Reply:
        """Return the response; if it is a stream, as soon as it has begun, and without a body."""
        start = await _next_message(self._down, self._task)
        found = [(name.decode().lower(), value.decode("latin-1")) for name, value in start["headers"]]
        reply = Reply(start["status"], found, b"")
        if reply.header("content-type").startswith("text/event-stream"):
            return reply
        await self._task
        parts = [self._down.get_nowait().get("body", b"") for _ in range(self._down.qsize())]
        return Reply(reply.status, found, b"".join(parts))

    def waiting(self) -> list[Any]:
        """Return the messages that have been received so far. Raise `Closed` if the next is the end."""
        for _ in range(self._down.qsize()):
            self._take(self._down.get_nowait())
        taken: list[Any] = []
        while self._messages and not (taken and isinstance(self._messages[0], Closed)):
            taken.append(self._pop())
        return taken

    async def receive(self) -> Any:
        """Wait for the next message. Raise `Closed` if the stream is closed instead."""
        while not self._messages:
            self._take(await _next_message(self._down, self._task))
        return self._pop()

    async def leave(self, timeout: float) -> None:
        """Disconnect, and wait for the application to finish. It is cancelled after `timeout` seconds."""
        self._up.put_nowait({"type": "http.disconnect"})
        done, _ = await asyncio.wait({self._task}, timeout=timeout)
        if not done:
            self._task.cancel()

    def _pop(self) -> Any:
        message = self._messages.popleft()
        if isinstance(message, Closed):
            raise message
        return message

    def _take(self, message: dict[str, Any]) -> None:
        *events, self._text = (self._text + message.get("body", b"").decode()).split("\n\n")
        for event in events:
            lines = dict(line.split(": ", 1) for line in event.split("\n") if not line.startswith(":"))
            if lines:
                data = json.loads(lines["data"])
                self._messages.append(Closed(data, "") if lines.get("event") == "close" else data)


class Socket:
    """A WebSocket. Received messages wait until they are taken."""

    joins_late = False

    def __init__(self, app: Any, scope: dict[str, Any]) -> None:
        self._up: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._down: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._up.put_nowait({"type": "websocket.connect"})
        self.task = asyncio.ensure_future(app(scope, self._up.get, self._down.put))

    async def accepted(self) -> bool:
        return bool((await self._next())["type"] == "websocket.accept")

    def send(self, message: Any) -> None:
        self._up.put_nowait({"type": "websocket.receive", "text": json.dumps(message)})

    def waiting(self) -> list[Any]:
        """Return the messages that have been received so far."""
        return [_content(self._down.get_nowait()) for _ in range(self._down.qsize())]

    async def receive(self) -> Any:
        """Wait for the next message. Raise `Closed` if the socket is closed instead."""
        return _content(await self._next())

    async def flush(self) -> None:
        """Let the application take what was sent: without acknowledgements it would stop sending."""
        while not self._up.empty() and not self.task.done():
            await asyncio.sleep(0)

    async def leave(self, timeout: float) -> None:
        """Disconnect, and wait for the application to finish. It is cancelled after `timeout` seconds."""
        self._up.put_nowait({"type": "websocket.disconnect", "code": 1001})
        done, _ = await asyncio.wait({self.task}, timeout=timeout)
        if not done:
            self.task.cancel()

    async def _next(self) -> dict[str, Any]:
        return await _next_message(self._down, self.task)


async def _next_message(
    messages: asyncio.Queue[dict[str, Any]], application: asyncio.Future[Any]
) -> dict[str, Any]:
    """Return the next message of an application; raise its exception, or `Closed`, if it ends instead."""
    getting = asyncio.ensure_future(messages.get())
    try:
        await asyncio.wait({getting, application}, return_when=asyncio.FIRST_COMPLETED)
        if getting.done():
            return getting.result()
    finally:
        getting.cancel()
    application.result()
    raise Closed(1006, "the application has ended")


def _content(message: dict[str, Any]) -> Any:
    if message["type"] == "websocket.close":
        raise Closed(message.get("code", 1000), message.get("reason") or "")
    return json.loads(message["text"])
