"""One-time data: cookies and responses of actions that ran over a socket, and answers to posts.

A socket can neither set cookies nor send files. Instead, the page gets a key with which it fetches them over
HTTP.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import MutableMapping
from hashlib import sha256
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, Final, NamedTuple, cast

from pydantic_core import from_json, to_json
from starlette.datastructures import UploadFile
from starlette.responses import Response

from ..security.signing import Sealer
from .base import Row, Store
from .uploads import Uploads


class OneTimeStore:
    """Data of one kind, each under a key that can be used once within `ttl` seconds.

    Data is sealed, and stored under a digest of its key, so that the store reveals neither.
    """

    def __init__(self, kind: str, ttl: float, sealer: Sealer, store: Store) -> None:
        self._kind = kind
        self._ttl = ttl
        self._sealer = sealer
        self._store = store

    async def put(self, data: Any, key: str = "") -> str:
        """Store data that can be written as JSON. Return its key, a random one by default."""
        key = key or secrets.token_urlsafe(16)
        await self._store.put(*self.row(key, data))
        return key

    def row(self, key: str, data: Any) -> Row:
        """Return the row that `put` stores."""
        return self._row(key), self._sealer.seal(to_json(data), self._kind).encode(), self._ttl

    async def claim(self, key: str) -> bool:
        """Return whether the key is used for the first time."""
        return await self._store.once(self._row(key), self._ttl)

    async def read(self, key: str) -> Any:
        """Return the data of a key without removing it; None if there is none."""
        sealed = await self._store.get(self._row(key))
        if sealed is None:
            return None
        return from_json(self._sealer.open(sealed.decode(), self._kind, self._ttl))

    async def take(self, key: str) -> Any:
        """Return and remove the data of a key; None if it was taken, has expired, or never existed."""
        data = await self.read(key)
        if data is None or not await self.claim(key):
            return None
        await self._store.delete(self._row(key))
        return data

    def _row(self, key: str) -> str:
        return f"{self._kind} {sha256(key.encode(errors='replace')).hexdigest()[:32]}"


TICKET_TTL: Final = 60.0
"""Seconds within which a page must fetch the cookies of an operation."""
DELIVERY_TTL: Final = 60.0
"""Seconds for which a response can be fetched."""
ANSWER_TTL: Final = 600.0
"""Seconds for which an answer is kept for copies of its request."""
MEMORY_BYTES: Final = 2**20
"""Bytes of a response that are held in memory while it is produced; the rest goes to a temporary file."""


class Delivery(NamedTuple):
    """A stored response. The caller closes its body."""

    status: int
    headers: list[tuple[str, str]]
    body: BinaryIO
    size: int
    name: str
    """The name of the body's file in the storage."""
    is_lasting: bool
    """Whether it can be fetched again."""


class Deliveries:
    """Stores responses until the page fetches them. Their bodies are stored like uploaded files."""

    def __init__(self, sealer: Sealer, store: Store, uploads: Uploads) -> None:
        self._kept = OneTimeStore("delivery", DELIVERY_TTL, sealer, store)
        self._lasting = OneTimeStore("lasting delivery", ANSWER_TTL, sealer, store)
        self._uploads = uploads

    async def keep(
        self, response: Response, scope: MutableMapping[str, Any], *, is_lasting: bool = False
    ) -> str:
        """Store a response. Return the key with which it can be fetched: once, or several times if
        `is_lasting`.

        Raise the exceptions of `Uploads.put`, and those of the response.
        """
        start: dict[str, Any] = {}
        body = UploadFile(cast("BinaryIO", SpooledTemporaryFile(MEMORY_BYTES)), size=0)  # noqa: SIM115

        async def receive() -> Any:  # the client never disconnects
            return await asyncio.get_running_loop().create_future()

        async def send(message: MutableMapping[str, Any]) -> None:
            start.update(message if message["type"] == "http.response.start" else ())
            await body.write(message.get("body", b""))
            self._uploads.check_size(body.size or 0)

        try:
            as_get = {**scope, "type": "http", "method": "GET", "headers": [], "extensions": {}}
            await response(as_get, receive, send)
            await body.seek(0)
            name = await self._uploads.put(body.file, body.size or 0)
        finally:
            await body.close()
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in start["headers"]]
        kept = self._lasting if is_lasting else self._kept
        return await kept.put([start["status"], headers, name, body.size])

    async def take(self, key: str) -> Delivery | None:
        """Return the response of a key; None if it was taken, has expired, or never existed.

        Raise `StoreError` if it can't be read now; then it can still be taken later.
        """
        kept = await self._kept.read(key)
        is_lasting = kept is None
        if is_lasting:
            kept = await self._lasting.read(key)
        body = await self._uploads.open(kept[2], kept[3]) if kept is not None else None
        if body is None:
            return None
        if not is_lasting and await self._kept.take(key) is None:
            body.close()
            return None
        status, headers, name, size = kept
        return Delivery(status, [(one, value) for one, value in headers], body, size, name, is_lasting)

    async def close(self, delivery: Delivery) -> None:
        """Remove a response that has been sent, unless it is lasting: then it expires later."""
        delivery.body.close()
        if not delivery.is_lasting:
            await self._uploads.delete([delivery.name])
