"""Cookies of actions that ran over a socket wait here, each under a key for one use.

A socket's answer can't set cookies. The page is given a ticket instead, and fetches it by HTTP.

Responses that actions return over a socket: kept for one fetch at an address of their own.
"""

from __future__ import annotations

import secrets
from collections.abc import MutableMapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NamedTuple

from pydantic_core import from_json, to_json
from starlette.responses import Response

from ..actions.request import Changes
from ..security.signing import Sealer
from ..store import Store
from .uploads import Uploads, remove

TICKET_TTL: Final = 60.0
"""Seconds for which a ticket can be used."""
TICKET_CONTEXT: Final = "cookies"


class Tickets:
    """Keeps an application's tickets, for all its workers."""

    def __init__(self, sealer: Sealer, store: Store) -> None:
        self._sealer = sealer
        self._store = store

    def keep(self, changes: Changes) -> str:
        """A ticket for these changes."""
        ticket = secrets.token_urlsafe(16)
        sealed = self._sealer.seal(to_json(changes), TICKET_CONTEXT)
        self._store.put(_ticket_key(ticket), sealed.encode(), TICKET_TTL)
        return ticket

    def redeem(self, ticket: str) -> Changes | None:
        """What a ticket stands for; None when it is too old, has been used, or never was."""
        key = _ticket_key(ticket)
        sealed = self._store.get(key)
        if sealed is None or not self._store.once(key, TICKET_TTL):
            return None
        self._store.delete(key)
        headers, session, gone = from_json(self._sealer.open(sealed.decode(), TICKET_CONTEXT, TICKET_TTL))
        return Changes(tuple(headers), session, tuple(gone))


def _ticket_key(ticket: str) -> str:
    return "ticket " + sha256(ticket.encode(errors="replace")).hexdigest()[:32]


DELIVERY_TTL: Final = 60.0
"""Seconds for which a response waits to be fetched."""
DELIVERY_CONTEXT: Final = "delivery"


class Delivery(NamedTuple):
    """A response: its body is in a file."""

    status: int
    headers: list[tuple[str, str]]
    path: Path


class Deliveries:
    """Keeps an application's responses, for all its workers on this machine."""

    def __init__(self, sealer: Sealer, store: Store, uploads: Uploads) -> None:
        self._sealer = sealer
        self._store = store
        self._uploads = uploads

    async def keep(self, response: Response, scope: MutableMapping[str, Any]) -> str:
        """The key of a response, for one use."""
        path = self._uploads.place()
        start: dict[str, Any] = {}

        async def receive() -> dict[str, Any]:
            return {"type": "http.disconnect"}

        try:
            with path.open("xb") as file:

                async def send(message: MutableMapping[str, Any]) -> None:
                    start.update(message if message["type"] == "http.response.start" else ())
                    file.write(message.get("body", b""))

                await response({**scope, "type": "http", "method": "GET", "headers": []}, receive, send)
        except BaseException:
            remove(path)
            raise
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in start["headers"]]
        key = secrets.token_urlsafe(16)
        sealed = self._sealer.seal(to_json([start["status"], headers, path.name]), DELIVERY_CONTEXT)
        self._store.put(_delivery_key(key), sealed.encode(), DELIVERY_TTL)
        return key

    def take(self, key: str) -> Delivery | None:
        """The response of a key; None when it has been taken, is too old, or never was."""
        sealed = self._store.get(_delivery_key(key))
        if sealed is None or not self._store.once(_delivery_key(key), DELIVERY_TTL):
            return None
        self._store.delete(_delivery_key(key))
        status, headers, name = from_json(self._sealer.open(sealed.decode(), DELIVERY_CONTEXT, DELIVERY_TTL))
        return Delivery(status, [(one, value) for one, value in headers], self._uploads.folder / name)


def _delivery_key(key: str) -> str:
    return "delivery " + sha256(key.encode(errors="replace")).hexdigest()[:32]
