"""Which origins may post and open sockets: the page's own, and those that are allowed explicitly."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import SplitResult, urlsplit

from starlette.requests import HTTPConnection

from ..config import checked_texts

_HTTP = {"ws": "http", "wss": "https"}
_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[a-z0-9_.-]+|[0-9a-f:.]*:[0-9a-f:.]*")  # a name, or an IPv6 address
_PORT = re.compile(r":\d+$")
_Origin = tuple[str, str, int]
"""Scheme, host and port."""


class Origins:
    """The origins that may call: the page's own and those in a list.

    The list has origins (``https://example.org``), hosts (``example.org``, ``example.org:8000``) and
    ``*.example.org`` for all hosts below one, on any port. Hosts without a port have their scheme's default
    port. Scheme, host and port of the page's own origin are those that the server reports for the request:
    behind a proxy, configure which proxies uvicorn trusts with ``--forwarded-allow-ips``.
    """

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        """Raise `ValueError` for an entry that no origin can match, `TypeError` for one that isn't a text."""
        self._allowed = tuple(map(_Pattern.of, checked_texts("allowed_origins", allowed)))

    def refusal(self, connection: HTTPConnection) -> str | None:
        """Return why a request may not call; None if it may."""
        origins = connection.headers.getlist("origin")
        if not origins:
            site = connection.headers.get("sec-fetch-site")
            return None if site == "same-origin" else "no Origin header"
        own = _own(connection)
        origin = _triple(origins[0]) if len(origins) == 1 else None
        if origin is not None and (origin == _triple(own) or any(one.fits(origin) for one in self._allowed)):
            return None
        return f"Origin {origins!r} is not {own!r}"


@dataclass(frozen=True, slots=True)
class _Pattern:
    """One entry of the list."""

    scheme: str
    """Empty for both schemes."""
    host: str
    port: int | None
    """None for the scheme's default port or, with `is_below`, any port."""
    is_below: bool

    @classmethod
    def of(cls, entry: str) -> _Pattern:
        scheme, separator, rest = entry.lower().removesuffix("/").rpartition("://")
        parsed = _triple(f"{scheme if separator else 'https'}://{rest.removeprefix('*.')}")
        if parsed is None or _HOST.fullmatch(parsed[1]) is None:
            raise ValueError(
                f"allowed_origins: no origin can match {entry!r};"
                " write 'https://example.org', 'example.org' or '*.example.org'"
            )
        has_port = _PORT.search(rest) is not None
        return cls(scheme, parsed[1], parsed[2] if has_port else None, rest.startswith("*."))

    def fits(self, origin: _Origin) -> bool:
        """Return whether the entry matches an origin."""
        scheme, host, port = origin
        if self.scheme not in ("", scheme):
            return False
        if self.is_below:
            return host.endswith(f".{self.host}") and self.port in (None, port)
        return host == self.host and port == (self.port or _PORTS[scheme])


def _own(connection: HTTPConnection) -> str:
    scheme = connection.scope.get("scheme", "http")
    return f"{_HTTP.get(scheme, scheme)}://{connection.headers.get('host', '')}"


@lru_cache(maxsize=256)
def _triple(origin: str) -> _Origin | None:
    """Return scheme, host and port; None if `origin` isn't an http(s) origin."""
    try:
        parts: SplitResult = urlsplit(origin)
        port = parts.port
    except ValueError:
        return None
    bare = not (parts.path or parts.query or parts.fragment or parts.username is not None)
    if parts.scheme not in _PORTS or not parts.hostname or not bare or parts.netloc.endswith(":"):
        return None
    return parts.scheme, parts.hostname, port or _PORTS[parts.scheme]
