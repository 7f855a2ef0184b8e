"""Responses that actions return over a socket: kept for one fetch at an address of their own."""

from __future__ import annotations

import secrets
from collections.abc import MutableMapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NamedTuple

from pydantic_core import from_json, to_json
from starlette.responses import Response

from .seal import Sealer
from .store import Store
from .uploads import Uploads, remove

LIFE: Final = 60.0
"""Seconds for which a response waits to be fetched."""
CONTEXT: Final = "delivery"


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
        sealed = self._sealer.seal(to_json([start["status"], headers, path.name]), CONTEXT)
        self._store.put(_key(key), sealed.encode(), LIFE)
        return key

    def take(self, key: str) -> Delivery | None:
        """The response of a key; None when it has been taken, is too old, or never was."""
        sealed = self._store.get(_key(key))
        if sealed is None or not self._store.once(_key(key), LIFE):
            return None
        self._store.delete(_key(key))
        status, headers, name = from_json(self._sealer.open(sealed.decode(), CONTEXT, LIFE))
        return Delivery(status, [(one, value) for one, value in headers], self._uploads.folder / name)


def _key(key: str) -> str:
    return "delivery " + sha256(key.encode(errors="replace")).hexdigest()[:32]
