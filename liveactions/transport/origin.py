"""Who may post and open sockets: pages of the same origin."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import SplitResult, urlsplit

from starlette.requests import HTTPConnection

_PORTS = {"http": 80, "https": 443}


class Origins:
    """Which origins may call: the page's own and those of a list.

    The list has exact origins (``https://example.org``), hosts, and ``*.example.org`` for all
    hosts below one. Scheme, host and port of the page's own are those that the server says the
    request has: behind a proxy, uvicorn's ``--forwarded-allow-ips`` names whom it believes.
    """

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        self._allowed = tuple(item.lower().rstrip("/") for item in allowed)

    def refusal(self, connection: HTTPConnection) -> str | None:
        """Why the request may not call; None when it may."""
        origins = connection.headers.getlist("origin")
        if not origins:
            site = connection.headers.get("sec-fetch-site")
            return None if site == "same-origin" else "no Origin header"
        own = _own(connection)
        origin = _triple(origins[0]) if len(origins) == 1 else None
        if origin is not None and (origin == _triple(own) or self._is_allowed(origins[0])):
            return None
        return f"Origin {origins!r} is not {own!r}"

    def _is_allowed(self, origin: str) -> bool:
        origin = origin.lower()
        host = urlsplit(origin).hostname or ""
        return any(
            item in (origin, host) or (item.startswith("*.") and host.endswith(item[1:]))
            for item in self._allowed
        )


def _own(connection: HTTPConnection) -> str:
    scheme = {"ws": "http", "wss": "https"}.get(connection.url.scheme, connection.url.scheme)
    return f"{scheme}://{connection.headers.get('host', '')}"


def _triple(origin: str) -> tuple[str, str, int | None] | None:
    """Scheme, host and port; None for what is no http(s) origin."""
    try:
        parts: SplitResult = urlsplit(origin)
        port = parts.port
    except ValueError:
        return None
    bare = not (parts.path or parts.query or parts.fragment or parts.username is not None)
    if parts.scheme not in _PORTS or not parts.hostname or not bare or parts.netloc.endswith(":"):
        return None
    return parts.scheme, parts.hostname, port or _PORTS[parts.scheme]
