"""Simulates the GET of a page that is open over a socket.

Much middleware only sees HTTP requests, no sockets. So when a page joins, and after an action has set
cookies, its GET is sent through the application's middleware: the page's endpoint records the request as it
arrives there, and sends no response. A request that middleware rejects doesn't arrive.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any, Final
from urllib.parse import unquote

from starlette.requests import HTTPConnection

from ..actions.request import Changes, PageRequest
from ..execution.app_context import COOKIES, PageRoute

PROBE_KEY: Final = "liveactions.probe"
"""In the ASGI scope of a simulated request: a function to call with the request that has arrived at a page,
and that page's route."""
HOST_KEY: Final = "liveactions.host"
"""In an ASGI scope: the application in which the pages are mounted, whose middleware comes first."""
ORIGINAL_KEY: Final = "liveactions.original"
"""In an ASGI scope: a copy of the scope, before middleware added to it."""
COOKIE_CHANGES_KEY: Final = "liveactions.changes"
"""In the ASGI scope of a simulated request: the cookies to set in the response."""


async def through_middleware(request: PageRequest) -> PageRequest | None:
    """Return a request as the application's middleware passes it on; None if it is rejected."""
    if not has_middleware(request):
        return request
    arrived = await probe_page_request(request)
    return arrived[0] if arrived is not None else None


async def probe_page_request(request: PageRequest) -> tuple[PageRequest, PageRoute] | None:
    """Return a request as it arrives at a page, and that page's route; None if it doesn't arrive at one."""
    found: list[tuple[PageRequest, PageRoute]] = []
    await _send({**request.scope, PROBE_KEY: found.append})
    return found[0] if found else None


def keep_original(scope: MutableMapping[str, Any]) -> None:
    """Keep a copy of a scope in it, unless it has one. Simulated requests begin with this copy, so that they
    don't contain what middleware has added for the previous visitor.
    """
    if ORIGINAL_KEY not in scope:
        scope[ORIGINAL_KEY] = {**scope, "state": {**scope.get("state", {})}}


async def request_with_cookies(request: PageRequest, changes: Changes) -> PageRequest:
    """Return the page's request as the browser would send it once it has these cookies."""
    if not has_middleware(request):
        return _with_newer_cookies(request, changes.headers)
    path = request.scope.get("root_path", "") + COOKIES
    own = {"path": path, "raw_path": path.encode(), "query_string": b"", "path_params": {}}
    set_by = await _send({**request.scope, **own, COOKIE_CHANGES_KEY: changes})
    newer = _with_newer_cookies(request, set_by)
    return await through_middleware(newer) or newer


def _with_newer_cookies(request: PageRequest, set_by: Iterable[str]) -> PageRequest:
    """Return the request with newer cookies, and without what middleware has added to its state."""
    state = _original(request.scope)["state"]
    return PageRequest({**request.scope, "state": state, "headers": _with_cookies(request, set_by)})


def _original(scope: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of the scope as it was before middleware added to it."""
    original = scope.get(ORIGINAL_KEY, {})
    return {**original, "state": {**original.get("state", {})}}


def has_other_state(request: HTTPConnection, newer: HTTPConnection) -> bool:
    """Return whether middleware or a guard has set other values for the visitor of the newer request."""
    return any(request.scope.get(name) != newer.scope.get(name) for name in ("state", "user", "auth"))


def has_middleware(request: PageRequest) -> bool:
    """Return whether there is middleware that may see the request."""
    apps = request.scope.get(HOST_KEY), request.scope.get("app")
    return any(getattr(app, "user_middleware", None) for app in apps)


async def _send(scope: MutableMapping[str, Any]) -> list[str]:
    """Send a request without a body, and return the values of ``Set-Cookie`` in the response."""
    scope = {**_original(scope), **{name: value for name, value in scope.items() if name in _OWN_KEYS}}
    messages = [{"type": "http.request", "body": b"", "more_body": False}]
    headers: list[tuple[bytes, bytes]] = []

    async def receive() -> dict[str, Any]:
        return messages.pop() if messages else {"type": "http.disconnect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        headers.extend(message.get("headers", ()))

    app = scope["app"]
    if HOST_KEY in scope:
        app, root_path = scope[HOST_KEY], scope.get("app_root_path", "")
        scope.update(root_path=root_path, app_root_path=root_path, path_params={})
    await app(scope, receive, send)
    return [value.decode("latin-1") for name, value in headers if name.lower() == b"set-cookie"]


_OWN_KEYS: Final = frozenset(
    ("app", "type", "method", "scheme", "path", "raw_path", "query_string", "headers")
    + ("root_path", "app_root_path", "path_params", ORIGINAL_KEY, HOST_KEY, PROBE_KEY, COOKIE_CHANGES_KEY)
)
"""Keys of a simulated request's scope that aren't taken from the original one."""


def _with_cookies(request: PageRequest, set_by: Iterable[str]) -> list[tuple[bytes, bytes]]:
    """Return the request's headers with newer cookies."""
    pairs = [pair.strip().partition("=") for pair in request.headers.get("cookie", "").split(";")]
    cookies = {name: value for name, _, value in pairs if name}
    for header in set_by:
        try:
            parsed = SimpleCookie(header)
        except CookieError:
            continue
        for name, morsel in parsed.items():
            cookies[name] = morsel.coded_value
            if morsel["max-age"] == "0" or "1970" in morsel["expires"]:
                del cookies[name]
    header = "; ".join(f"{name}={value}" for name, value in cookies.items())
    others = [(name, value) for name, value in request.scope["headers"] if name != b"cookie"]
    return [*others, (b"cookie", header.encode("latin-1"))] if header else others


def as_request(connection: HTTPConnection, url: str, parameters: Mapping[str, Any]) -> PageRequest:
    """Return the GET of a page at `url` (path and query) that corresponds to a socket's handshake."""
    path, _, query = url.partition("?")
    scheme = connection.scope.get("scheme", "http")  # ASGI's default, "ws" for sockets
    scope = {
        **connection.scope,
        "type": "http",
        "method": "GET",
        "scheme": {"ws": "http", "wss": "https"}.get(scheme, scheme),
        "path": unquote(path),
        "raw_path": path.encode("ascii", "ignore"),
        "query_string": query.encode("ascii", "ignore"),
        "headers": _headers(connection),
        "path_params": dict(parameters),
    }
    return PageRequest(scope)


def _headers(connection: HTTPConnection) -> list[tuple[bytes, bytes]]:
    """Return a connection's headers as its page's GET would have them."""
    headers = [header for header in connection.scope["headers"] if not _HANDSHAKE.match(header[0])]
    if connection.scope["type"] == "http":  # a script has sent it, and accepts something else than HTML
        headers = [header for header in headers if header[0] not in (b"accept", *_BODY)]
    return headers if any(name == b"accept" for name, _ in headers) else [*headers, (b"accept", _ACCEPT)]


_ACCEPT = b"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
"""The value of ``Accept`` with which browsers load pages."""
_BODY = (b"content-type", b"content-length", b"transfer-encoding")
_HANDSHAKE = re.compile(rb"upgrade$|connection$|sec-websocket-")
"""Headers that only a WebSocket's handshake has."""
