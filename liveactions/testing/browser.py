"""A person's browser: cookies, and any number of tabs."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any, ParamSpec
from urllib.parse import urljoin

from ..actions.ref import ActionRef
from ..wire import HEADER_OPS
from .asgi import ORIGIN, Header, Reply, Socket, http, request, websocket
from .calling import call
from .clock import Clock
from .cookies import Cookies
from .fetching import Fetching
from .lifespan import Lifespan
from .page import Page
from .refusal import Failed
from .tab import Tab
from .upload import Pair, encoded

P = ParamSpec("P")
MOST_REDIRECTS = 20
_people = count(1)


class Browser:
    """Opens pages of an ASGI application in this process, with JavaScript or without.

    ``async with Browser(app) as browser`` closes all tabs at the end, and runs the application's lifespan.
    `patience` is how many seconds an answer or a push may take. Where no `socket` opens (some proxies see
    to that), scripts use `fetch`, and nothing comes by itself.
    """

    def __init__(self, app: Any, js: bool = True, patience: float = 5.0, *, socket: bool = True) -> None:
        self.app = app
        self.js = js
        self.has_socket = socket
        self.patience = patience
        self.cookies = Cookies()
        number = next(_people)
        self.client = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        """The person's address."""
        self.lifespan = Lifespan(app)
        self._tabs: list[Tab] = []
        self._people = [self]
        """Everybody who was made from this one, itself first."""
        self.clock = Clock(app, self._catch_up)
        """``await browser.clock.advance(1.0)`` runs what is due with ``@every``, for everybody."""

    async def __aenter__(self) -> Browser:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()

    async def open(self, path: str) -> Page:
        """A new tab at an address: path and query. `Failed` for a server error.

        Before the first one the application is started.
        """
        await self.lifespan.start()
        tab = Tab(self)
        self._tabs.append(tab)
        await tab.go(path)
        return Page(tab)

    def other(self) -> Browser:
        """Another person, who has no cookies yet."""
        other = Browser(self.app, self.js, self.patience, socket=self.has_socket)
        other.lifespan, other.clock, other._people = self.lifespan, self.clock, self._people
        self._people.append(other)
        return other

    async def close(self) -> None:
        """Close all tabs, those of other people too, and end the application."""
        for person in self._people:
            for tab in person._tabs:
                await tab.close()
        await self.lifespan.stop()

    def _catch_up(self) -> None:
        for person in self._people:
            for tab in person._tabs:
                tab.catch_up()

    def headers(self, accept: str = "text/html") -> list[Header]:
        """What goes along with every request."""
        return [("accept", accept), ("origin", ORIGIN), *self.cookies.headers()]

    async def call(self, action: Callable[P, Any], /, *args: P.args, **kwargs: P.kwargs) -> Any:
        """Call a page's action the full way, with middleware, guards and validation: the result, as data.

        ``page = Counter(count=5)``, ``await browser.call(page.add, 2)``: afterwards the page has the state
        that the action left. A redirect is returned. `Failed` for an error, with its `errors` by field.
        """
        if not isinstance(action, ActionRef):
            raise TypeError(f"a page's action is called, not {action!r}")
        await self.lifespan.start()
        return await call(self, action, args, kwargs)

    async def line(self, path: str, tab: Tab) -> Socket | Fetching:
        """A tab's way to its session: the WebSocket at this path, if one opens. `Failed` if it is refused."""
        if not self.has_socket:
            return Fetching(tab)
        socket = self.socket(path)
        if not await socket.accepted():
            raise Failed(f"the socket {path} is refused", 403)
        return socket

    def socket(self, path: str) -> Socket:
        """A WebSocket that is being opened."""
        return Socket(self.app, websocket(path, self.headers(), self.client, self.lifespan.state))

    async def fetch(self, url: str, parcel: Any) -> Reply:
        """The answer to ops that go by `fetch`."""
        return await self.post(
            url, json.dumps(parcel).encode(), [("content-type", "application/json"), (HEADER_OPS, "1")]
        )

    async def post(self, url: str, body: bytes, headers: Sequence[Header]) -> Reply:
        """The answer to a request of a script's own."""
        headers = [*self.headers("application/json"), *headers]
        scope = http(url, headers, self.client, self.lifespan.state)
        reply = await request(self.app, {**scope, "method": "POST"}, body)
        self.cookies.take(reply.headers)
        return reply

    async def request(self, method: str, url: str, pairs: list[Pair]) -> tuple[str, Reply]:
        """The answer to a request after all redirects, and where it comes from."""
        for _ in range(MOST_REDIRECTS):
            if not url.startswith(ORIGIN):
                return url, Reply(200, [], f"{url} is elsewhere".encode())
            path = url.removeprefix(ORIGIN).partition("#")[0]
            kind, body = encoded(pairs) if method == "POST" else ("", b"")
            headers = [*self.headers(), *([("content-type", kind)] if kind else [])]
            scope = http(path, headers, self.client, self.lifespan.state)
            reply = await request(self.app, {**scope, "method": method}, body)
            self.cookies.take(reply.headers)
            if reply.status not in (301, 302, 303, 307, 308):
                return url, reply
            url = urljoin(url, reply.header("location"))
            if reply.status < 307:
                method, pairs = "GET", []
        raise AssertionError(f"{url}: more than {MOST_REDIRECTS} redirects")
