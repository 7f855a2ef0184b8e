"""Drives an application in this event loop: requests by httpx, WebSockets by plain ASGI messages."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import unescape
from typing import Any

import httpx

from liveactions.security.references import Reference
from liveactions.testing.clock import endpoints
from tests.support.patience import PATIENCE

ORIGIN = "http://testserver"
SCRIPT = re.compile(r'<script[^>]* data-live="([^"]*)" data-snapshot="([^"]*)"')


def signed(app: Any, path: str, reference: str, identity: str = "") -> str:
    """What the page at a path writes for a reference without arguments."""
    path = path.partition("?")[0]
    below = [path[at.start() :] for at in re.finditer("/", path)]  # it may be mounted
    found = next(one for part in below for one in endpoints(app) if one.address.match(part) is not None)
    site = found.site
    context = site.context(found.address, identity)
    return Reference(reference).sign(site.services.signer, context).format()


async def waits(gate: asyncio.Event) -> None:
    """Return when somebody waits at a gate."""
    while not gate._waiters:
        await asyncio.sleep(0)


class Closed(Exception):
    """The server has closed the socket."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


class Socket:
    """One WebSocket. `accepted` is false when the handshake was refused."""

    def __init__(self, app: Any, path: str, headers: dict[str, str]) -> None:
        self._up: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._down: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.gate = asyncio.Event()
        self.gate.set()
        scope = {
            "type": "websocket",
            "asgi": {"version": "3.0"},
            "scheme": "ws",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": b"",
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
            "client": ("127.0.0.1", 50000),
            "server": ("testserver", 80),
            "subprotocols": [],
            "state": {},
            "extensions": {},
        }
        self._up.put_nowait({"type": "websocket.connect"})
        self.task = asyncio.ensure_future(app(scope, self._up.get, self._take))
        self.accepted = False

    async def _take(self, message: dict[str, Any]) -> None:
        await self.gate.wait()
        self._down.put_nowait(message)

    async def _next(self) -> dict[str, Any]:
        getting = asyncio.ensure_future(self._down.get())
        done, _ = await asyncio.wait(
            {getting, self.task}, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED
        )
        if getting in done:
            return getting.result()
        getting.cancel()
        if not done:
            raise TimeoutError("nothing came")
        self.task.result()
        raise Closed(1006, "the application has ended")

    async def open(self) -> Socket:
        message = await self._next()
        self.accepted = message["type"] == "websocket.accept"
        return self

    def send(self, data: Any) -> None:
        text = data if isinstance(data, str) else json.dumps(data)
        self._up.put_nowait({"type": "websocket.receive", "text": text})

    async def receive(self) -> Any:
        """The next message; `Closed` when that is the end."""
        message = await self._next()
        if message["type"] == "websocket.close":
            raise Closed(message.get("code", 1000), message.get("reason", ""))
        return json.loads(message["text"])

    @property
    def waiting(self) -> int:
        """How many messages have come that nobody has taken."""
        return self._down.qsize()

    async def lose(self) -> None:
        """The connection breaks."""
        self._up.put_nowait({"type": "websocket.disconnect", "code": 1006})
        await asyncio.wait_for(self.task, PATIENCE)

    async def ask(self, data: Any) -> Any:
        self.send(data)
        return await self.receive()


class Tab:
    """A page opened by GET, and its socket."""

    def __init__(self, browser: Browser, path: str, html: str) -> None:
        self.browser = browser
        self.path = path
        self.html = html
        found = SCRIPT.search(html)
        assert found, html
        self.address, self.snapshot = map(unescape, found.groups())
        self.token: str | None = None
        self.rev = 0
        self.n = 0
        self.socket: Socket

    @property
    def hello(self) -> dict[str, Any]:
        return {
            "v": 1,
            "url": self.path,
            "snapshot": self.snapshot,
            "token": self.token,
            "rev": self.rev,
            "op": self.n,
        }

    async def join(self, **changes: Any) -> dict[str, Any]:
        """Open a socket and say hello; the welcome."""
        self.socket = await self.browser.socket(self.address)
        welcome = await self.socket.ask({**self.hello, **changes})
        self.token = welcome.get("token", self.token)
        self.rev = welcome.get("rev", self.rev)
        return dict(welcome)

    async def op(self, *tail: Any) -> list[Any]:
        """Make an op; the next frame, filled up to six parts."""
        self.n += 1
        frame = await self.socket.ask([self.n, self.rev, *tail])
        return self.take(frame)

    def signed(self, reference: str) -> str:
        return signed(self.browser.app, self.path, reference, self.browser.identity)

    def action(self, reference: str) -> str:
        """Where a form of the page posts to."""
        return f"{self.path.partition('?')[0]}?_a={self.signed(reference)}"

    async def call(self, reference: str, *fields: str) -> list[Any]:
        """Call what the page shows; `reference` is without its signature, or whole."""
        whole = reference if "~" in reference else self.signed(reference)
        return await self.op(1, whole, list(fields))

    def take(self, frame: list[Any]) -> list[Any]:
        self.rev = frame[0]
        empty: list[Any] = [0, 0, [], [], [], {}]
        return frame + empty[len(frame) :]

    async def receive(self) -> list[Any]:
        return self.take(await self.socket.receive())


class Browser:
    """One person at an application."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.identity = ""
        """Who the application takes the person for."""
        transport = httpx.ASGITransport(app)
        self.http = httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers={"Origin": ORIGIN})

    async def open(self, path: str) -> Tab:
        response = await self.http.get(path)
        assert response.status_code == 200, response.text
        return Tab(self, path, response.text)

    async def joined(self, path: str) -> Tab:
        tab = await self.open(path)
        await tab.join()
        return tab

    async def socket(self, path: str, headers: dict[str, str] | None = None) -> Socket:
        cookies = "; ".join(f"{name}={value}" for name, value in self.http.cookies.items())
        own = {"Host": "testserver", "Origin": ORIGIN, "Cookie": cookies}
        return await Socket(self.app, path, {**own, **(headers or {})}).open()


@asynccontextmanager
async def browser(app: Any) -> AsyncIterator[Browser]:
    one = Browser(app)
    async with one.http:
        yield one
