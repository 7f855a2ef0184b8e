"""Data for one use: cookies and responses of actions that ran over a socket, answers of posts.

A socket can't set cookies or send a file. The page gets a key instead and fetches them by HTTP.
"""

from __future__ import annotations

import secrets
from collections.abc import MutableMapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NamedTuple

from pydantic_core import from_json, to_json
from starlette.responses import Response

from ..security.signing import Sealer
from .base import Store
from .uploads import Uploads, remove


class OneTimeStore:
    """Data of one kind, each under a key that can be used once within `ttl` seconds.

    Data is sealed and filed under a digest of its key: reading the store reveals neither.
    """

    def __init__(self, kind: str, ttl: float, sealer: Sealer, store: Store) -> None:
        self._kind = kind
        self._ttl = ttl
        self._sealer = sealer
        self._store = store

    async def put(self, data: Any, key: str = "") -> str:
        """Keep data that can be written in JSON. Return its key: a random one unless it is given."""
        key = key or secrets.token_urlsafe(16)
        sealed = self._sealer.seal(to_json(data), self._kind).encode()
        await self._store.put(self._row(key), sealed, self._ttl)
        return key

    async def claim(self, key: str) -> bool:
        """Return whether the key is used for the first time."""
        return await self._store.once(self._row(key), self._ttl)

    async def read(self, key: str) -> Any:
        """Return the data of a key and leave it there; None when there is none, or none any more."""
        sealed = await self._store.get(self._row(key))
        if sealed is None:
            return None
        return from_json(self._sealer.open(sealed.decode(), self._kind, self._ttl))

    async def take(self, key: str) -> Any:
        """Return the data of a key, once; None when it has been taken, is too old, or never was."""
        data = await self.read(key)
        if data is None or not await self.claim(key):
            return None
        await self._store.delete(self._row(key))
        return data

    def _row(self, key: str) -> str:
        return f"{self._kind} {sha256(key.encode(errors='replace')).hexdigest()[:32]}"


TICKET_TTL: Final = 60.0
"""Seconds within which a page fetches the cookies of an op."""
DELIVERY_TTL: Final = 60.0
"""Seconds for which a response waits to be fetched."""


class Delivery(NamedTuple):
    """A response: its body is in a file."""

    status: int
    headers: list[tuple[str, str]]
    path: Path


class Deliveries:
    """Keeps an application's responses, for all its workers on this machine."""

    def __init__(self, sealer: Sealer, store: Store, uploads: Uploads) -> None:
        self._kept = OneTimeStore("delivery", DELIVERY_TTL, sealer, store)
        self._uploads = uploads

    async def keep(self, response: Response, scope: MutableMapping[str, Any]) -> str:
        """Return a key for a response, for one use."""
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
        return await self._kept.put([start["status"], headers, path.name])

    async def take(self, key: str) -> Delivery | None:
        """Return the response of a key; None when it has been taken, is too old, or never was."""
        kept = await self._kept.take(key)
        if kept is None:
            return None
        status, headers, name = kept
        return Delivery(status, [(one, value) for one, value in headers], self._uploads.folder / name)
