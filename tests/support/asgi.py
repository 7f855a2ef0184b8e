"""Test client for the protocol of pages. The application runs in the same event loop."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import unescape
from typing import Any

import httpx

from liveactions.security.references import Reference
from liveactions.testing import asgi
from liveactions.testing.asgi import ORIGIN
from liveactions.testing.clock import endpoints
from tests.support.patience import PATIENCE

SCRIPT = re.compile(r'<script[^>]* data-live="([^"]*)" data-snapshot="([^"]*)"')


def signed(app: Any, path: str, reference: str, identity: str = "") -> str:
    """Return the signed reference that the page at a path contains for an action without arguments."""
    path = path.partition("?")[0]
    below = [path[at.start() :] for at in re.finditer("/", path)]  # the application may be mounted
    found = next(one for part in below for one in endpoints(app) if one.route.match(part) is not None)
    site = found.site
    context = site.context(found.route, identity)
    return Reference(reference).signed(site.services.signer, context)


async def waits(gate: asyncio.Event) -> None:
    """Wait until a task waits for the event `gate`."""
    while not gate._waiters:
        await asyncio.sleep(0)


class Socket(asgi.Socket):
    """One WebSocket. While its `gate` is closed, the application can't send."""

    def __init__(self, app: Any, path: str, headers: dict[str, str]) -> None:
        self.gate = asyncio.Event()
        self.gate.set()
        self.is_accepted = False
        """Whether the handshake was accepted."""

        async def held_back(scope: Any, receive: Any, send: Any) -> None:
            async def send_if_open(message: Any) -> None:
                await self.gate.wait()
                await send(message)

            await app(scope, receive, send_if_open)

        encoded = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        super().__init__(held_back, {**asgi.websocket(path, (), "127.0.0.1", {}), "headers": encoded})

    async def open(self) -> Socket:
        async with asyncio.timeout(PATIENCE):
            self.is_accepted = await self.accepted()
        return self

    def send(self, message: Any) -> None:
        """Send a message: text unchanged, anything else as JSON."""
        if isinstance(message, str):
            self._up.put_nowait({"type": "websocket.receive", "text": message})
        else:
            super().send(message)

    async def receive(self) -> Any:
        async with asyncio.timeout(PATIENCE):
            return await super().receive()

    @property
    def unread(self) -> int:
        """The number of messages that were received and not read yet."""
        return self._down.qsize()

    async def lose(self) -> None:
        """Break the connection."""
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
        """Open a socket, send the hello message, and return the welcome."""
        self.socket = await self.browser.socket(self.address)
        welcome = await self.socket.ask({**self.hello, **changes})
        self.token = welcome.get("token", self.token)
        self.rev = welcome.get("rev", self.rev)
        return dict(welcome)

    async def op(self, *tail: Any) -> list[Any]:
        """Send an op, and return the next frame, padded to six parts."""
        self.n += 1
        frame = await self.socket.ask([self.n, self.rev, *tail])
        return self.take(frame)

    def signed(self, reference: str) -> str:
        return signed(self.browser.app, self.path, reference, self.browser.identity)

    def action(self, reference: str) -> str:
        """Return the URL to which a form of the page posts."""
        return f"{self.path.partition('?')[0]}?_a={self.signed(reference)}"

    async def call(self, reference: str, *fields: str) -> list[Any]:
        """Call an action that the page shows. `reference` may be signed or not."""
        whole = reference if "~" in reference else self.signed(reference)
        return await self.op(1, whole, list(fields))

    def take(self, frame: list[Any]) -> list[Any]:
        self.rev = frame[0]
        empty: list[Any] = [0, 0, [], [], [], {}]
        return frame + empty[len(frame) :]

    async def receive(self) -> list[Any]:
        return self.take(await self.socket.receive())


class Browser:
    """A visitor of an application, with cookies and an HTTP client."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.identity = ""
        """The identity of the visitor, as returned by the application's `identify`."""
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
