"""The simulated browser of one user: cookies, any number of tabs, and the application's lifespan.

Besides opening pages, it can call actions from Python through the application's middleware, guards and
validation.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookies import Morsel, SimpleCookie
from itertools import count
from typing import Any, Final, ParamSpec
from urllib.parse import quote, urljoin

from pydantic_core import to_json

from ..actions import bound_arguments as binding
from ..actions.action import ActionRef
from ..actions.responses import redirect
from ..cache.cached import value_cache
from ..execution.app_context import AppContext
from ..pages.component import attach, describe
from ..pages.page import Page as LivePage
from ..pages.state import encode_state, restore_state
from ..pages.urls import path_and_query
from ..protocol.constants import FIELD_SNAPSHOT, HEADER_ACTION, HEADER_OPS
from ..session.request_probe import PROBE_KEY
from ..store.snapshots import Snapshot
from .asgi import ORIGIN, EventStream, Header, Reply, Socket, http, request, websocket
from .clock import Clock, endpoints
from .controls import Pair, encoded
from .failures import Failed
from .page import Page
from .tab import Tab

OPS_HEADERS: Final = (("content-type", "application/json"), (HEADER_OPS, "1"))
"""Headers of operations by `fetch`."""


class Cookies:
    """Cookie values by name. Paths and domains are ignored, because there is only one application."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}

    def take(self, headers: Iterable[Header]) -> None:
        """Store the cookies that a response sets, and drop those that it deletes."""
        for name, value in headers:
            if name == "set-cookie":
                for cookie in SimpleCookie(value).values():
                    if _is_over(cookie):
                        self.values.pop(cookie.key, None)
                    else:
                        self.values[cookie.key] = cookie.coded_value

    def headers(self) -> list[Header]:
        pairs = "; ".join(f"{name}={value}" for name, value in self.values.items())
        return [("cookie", pairs)] if pairs else []


def _is_over(cookie: Morsel[str]) -> bool:
    if cookie["max-age"]:
        return int(cookie["max-age"]) <= 0
    return bool(cookie["expires"]) and parsedate_to_datetime(cookie["expires"]) <= datetime.now(UTC)


class Lifespan:
    """Runs an application's startup and shutdown.

    Applications without lifespan support are called all the same. If startup fails, `start` raises.
    """

    def __init__(self, app: Any) -> None:
        self.app = app
        self.state: dict[str, Any] = {}
        """The state that is passed on to each connection."""
        self._task: asyncio.Future[None] | None = None
        self._up: asyncio.Queue[dict[str, str]] = asyncio.Queue()
        self._down: asyncio.Queue[dict[str, str]] = asyncio.Queue()

    async def start(self) -> None:
        """Start the application unless it is running. Like a new process, it begins with an empty cache."""
        if self._task is None:
            value_cache.clear()
            scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": self.state}
            self._task = asyncio.ensure_future(self.app(scope, self._up.get, self._down.put))
            await self._tell("lifespan.startup")

    async def stop(self) -> None:
        if self._task is not None and not self._task.done():
            await self._tell("lifespan.shutdown")
            await self._task

    async def _tell(self, type: str) -> None:
        assert self._task is not None
        self._up.put_nowait({"type": type})
        answer = asyncio.ensure_future(self._down.get())
        either: set[asyncio.Future[Any]] = {answer, self._task}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            answer.cancel()  # servers interpret this as missing lifespan support
            self._task.exception()
        elif answer.result()["type"].endswith(".failed"):
            await self._task
            raise Failed(answer.result().get("message", type), 500)


async def call(
    browser: Browser, ref: ActionRef[..., Any], args: Sequence[Any], named: Mapping[str, Any]
) -> Any:
    """Call an action and return its result as data. Its page then has the state that the action left.

    A redirect is returned. Raise `Failed` for an error, with its messages by field.
    """
    page = ref.component if isinstance(ref.component, LivePage) else ref.component.live.page
    assert isinstance(page, LivePage)
    site, context = await _open(browser, page)
    bound, given = _split(ref, args, named)
    snapshot = Snapshot(path_and_query(page.live.address), encode_state(page))
    sealed = site.snapshots.for_html(snapshot, context)
    await sealed.keep()
    body = to_json({**given, FIELD_SNAPSHOT: sealed.text})
    shown: ActionRef[..., Any] = ActionRef(
        ref.component, ref.action, ref.path, ref.bind(**bound).args, context
    )
    token = quote(shown.token, safe="")
    headers = [("content-type", "application/json"), (HEADER_ACTION, token)]
    reply = await browser.post(path_and_query(page.live.address), body, headers)
    if reply.header("content-type") != "application/json":  # from an exception handler
        raise Failed(reply.text, reply.status)
    answer = json.loads(reply.body)
    if reply.status != 200:
        raise Failed(answer.get("error", reply.text), reply.status, answer.get("errors"))
    if FIELD_SNAPSHOT in answer:
        restore_state(page, (await site.snapshots.open(answer[FIELD_SNAPSHOT], context)).state)
    return redirect(answer["url"]) if "url" in answer else answer.get("result")


async def _open(browser: Browser, page: LivePage) -> tuple[AppContext, str]:
    """Open a page in this browser. Return its site, and the context of its snapshots."""
    arrived: list[Any] = []
    scope = {**http(_url(page), browser.headers(), browser.client, browser.lifespan.state), "method": "GET"}
    await request(browser.app, {**scope, PROBE_KEY: arrived.append}, b"")
    if not arrived:
        raise Failed(f"the application rejected the request for {_url(page)}", 403)
    [(opened, route)] = arrived
    site = next(endpoint.site for endpoint in endpoints(browser.app) if endpoint.route is route)
    identity = await site.identity(opened)
    context = site.context(route, identity)
    if not hasattr(page, "live"):
        live = site.new_page(route.page, opened, context, identity).live
        live.page = page
        attach(page, live)
    return site, context


def _url(page: LivePage) -> str:
    """Return a page's address, or the one it would have with its current state."""
    if hasattr(page, "live"):
        return path_and_query(page.live.address)
    cls = type(page)
    names = cls._live_route.names | {one.name for one in describe(page).in_url}
    return cls.url(**{name: page.__dict__[name] for name in names})


def _split(
    ref: ActionRef[..., Any], args: Sequence[Any], named: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the arguments that the server binds, and those that the visitor sends.

    Raise `TypeError` for too many.
    """
    plan = ref.action.plan
    known = binding.named(plan, ref.args)
    left = [one.name for one in plan.named if one.name not in known]
    if len(args) > len(left):
        raise TypeError(f"{ref.action!r} takes {len(left)} arguments, not {len(args)}")
    values = {**dict(zip(left, args, strict=False)), **named}
    bound = {one.name for one in plan.named if one.kind == "bound"}
    return (
        {name: value for name, value in values.items() if name in bound},
        {name: value for name, value in values.items() if name not in bound},
    )


P = ParamSpec("P")
MAX_REDIRECTS = 20
_numbers = count(1)


class Browser:
    """Opens pages of an ASGI application in this process, with or without JavaScript.

    ``async with Browser(app) as browser`` starts the application, closes all tabs at the end, and stops it.
    `timeout` is how many seconds an answer or a push may take. On slow machines, set it for all tests in a
    ``conftest.py``: ``Browser.timeout = 30``. With ``socket=False`` the socket can't connect: operations use
    `fetch`, and pushes a stream of events. With ``stream=False`` as well, as behind a proxy that holds back
    responses, nothing is pushed.
    """

    timeout: float = 5.0

    def __init__(
        self,
        app: Any,
        js: bool = True,
        timeout: float | None = None,
        *,
        socket: bool = True,
        stream: bool = True,
    ) -> None:
        self.app = app
        self.js = js
        self.has_socket = socket
        self.has_stream = stream
        if timeout is not None:
            self.timeout = timeout
        self.cookies = Cookies()
        number = next(_numbers)
        self.client = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        """The user's IP address."""
        self.lifespan = Lifespan(app)
        self._tabs: list[Tab] = []
        self._browsers = [self]
        """This browser and all that were created from it with `other`."""
        self.clock = Clock(app, self._catch_up)
        """``await browser.clock.advance(1.0)`` runs what is due by ``@every``, for all users."""

    async def __aenter__(self) -> Browser:
        await self.lifespan.start()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()

    async def open(self, path: str) -> Page:
        """Open a new tab at a path, which may have a query. Raise `Failed` for a server error.

        This starts the application if it isn't running.
        """
        await self.lifespan.start()
        tab = Tab(self)
        self._tabs.append(tab)
        await tab.go(path)
        return Page(tab)

    def other(self) -> Browser:
        """Return another user's browser, without cookies."""
        other = Browser(self.app, self.js, self.timeout, socket=self.has_socket, stream=self.has_stream)
        other.lifespan, other.clock, other._browsers = self.lifespan, self.clock, self._browsers
        self._browsers.append(other)
        return other

    async def close(self) -> None:
        """Close all tabs, including those of other users, and shut the application down."""
        sessions = self.clock.sessions()
        for browser in self._browsers:
            for tab in browser._tabs:
                await tab.close()
        for session in sessions:
            await session.settled()  # hooks of the pages that were closed have run
        await self.lifespan.stop()

    async def _catch_up(self) -> None:
        for browser in self._browsers:
            for tab in browser._tabs:
                tab.catch_up()
                await tab.flush()

    async def cookies_changed(self, by: Tab) -> None:
        """Make the other tabs reconnect."""
        for tab in self._tabs:
            if tab is not by:
                await tab.rejoin()

    def headers(self, accept: str = "text/html") -> list[Header]:
        """Return the headers that are sent with every request."""
        return [("accept", accept), ("origin", ORIGIN), *self.cookies.headers()]

    async def call(self, action: Callable[P, Any], /, *args: P.args, **kwargs: P.kwargs) -> Any:
        """Call a page's action with middleware, guards and validation, and return its result as data.

        ``page = Counter(count=5)``, ``await browser.call(page.add, 2)``: afterwards the page has the state
        that the action left. A redirect is returned. Raise `Failed` for an error, with its `errors` by field.
        """
        if not isinstance(action, ActionRef):
            raise TypeError(f"expected a page's action, not {action!r}")
        await self.lifespan.start()
        return await call(self, action, args, kwargs)

    def socket(self, path: str) -> Socket:
        """Open a WebSocket."""
        return Socket(self.app, websocket(path, self.headers(), self.client, self.lifespan.state))

    async def fetch(self, url: str, parcel: Any) -> Reply:
        """Send operations with `fetch`, and return the response."""
        return await self.post(url, json.dumps(parcel).encode(), OPS_HEADERS)

    def stream(self, url: str, parcel: Any) -> EventStream:
        """Send operations with `fetch`, and return the stream of events that answers them."""
        headers = [*self.headers("text/event-stream"), *OPS_HEADERS]
        scope = http(url, headers, self.client, self.lifespan.state)
        return EventStream(self.app, scope, json.dumps(parcel).encode())

    async def post(self, url: str, body: bytes, headers: Sequence[Header]) -> Reply:
        """Send a request as scripts do, and return the response."""
        headers = [*self.headers("application/json"), *headers]
        scope = http(url, headers, self.client, self.lifespan.state)
        reply = await request(self.app, {**scope, "method": "POST"}, body)
        self.cookies.take(reply.headers)
        return reply

    async def request(self, method: str, url: str, pairs: list[Pair]) -> tuple[str, str, Reply]:
        """Send a request and follow redirects. Return the final method and URL, and the response."""
        for tab in self._tabs:
            await tab.flush()  # for the cookies
        for _ in range(MAX_REDIRECTS):
            if not url.startswith(ORIGIN):
                return method, url, Reply(200, [], f"{url} is elsewhere".encode())
            path = url.removeprefix(ORIGIN).partition("#")[0]
            kind, body = encoded(pairs) if method == "POST" else ("", b"")
            headers = [*self.headers(), *([("content-type", kind)] if kind else [])]
            scope = http(path, headers, self.client, self.lifespan.state)
            reply = await request(self.app, {**scope, "method": method}, body)
            self.cookies.take(reply.headers)
            if reply.status not in (301, 302, 303, 307, 308):
                return method, url, reply
            url = urljoin(url, reply.header("location"))
            if reply.status < 307:
                method, pairs = "GET", []
        raise AssertionError(f"{url}: more than {MAX_REDIRECTS} redirects")
