"""Posts that come twice (a double click, a retry, two workers) run once, and both get one answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from hashlib import sha256
from typing import Final

from pydantic_core import from_json, to_json
from starlette.datastructures import UploadFile

from ..actions.cookies import Changes
from ..snapshot import Snapshots
from .body import Pair

LIFE: Final = 600.0
"""Seconds for which a post is remembered."""
LOOK: Final = 0.02
"""Seconds between two looks for the answer of the first."""
CONTEXT: Final = "answer"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a post came to: elsewhere, or a page in a state, or an error of its own."""

    status: int
    location: str = ""
    handle: str = ""
    message: str = ""
    id: str = ""
    changes: Changes | None = None
    """Cookies that come with it."""


async def post_key(identity: str, path: str, reference: str, fields: Sequence[Pair]) -> str:
    """The same for the same post from the same page: its first field is the page's own snapshot."""
    digest = sha256()
    parts: list[str | bytes] = [identity, path, reference]
    for name, value in fields:
        parts += [name, await _content(value) if isinstance(value, UploadFile) else value]
    for part in parts:
        data = part.encode(errors="replace") if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big") + data)
    return "post " + digest.hexdigest()


async def _content(file: UploadFile) -> bytes:
    digest = sha256(f"{file.filename}\0{file.content_type}\0".encode(errors="replace"))
    while chunk := await file.read(2**16):
        digest.update(chunk)
    await file.seek(0)
    return digest.digest()


class Answers:
    """The answers of posts, sealed, for all workers."""

    def __init__(self, snapshots: Snapshots) -> None:
        self._sealer = snapshots.sealer
        self._store = snapshots.store

    def keep(self, key: str, answer: Answer) -> None:
        self._store.put(key, self._sealer.seal(to_json(astuple(answer)), CONTEXT).encode(), LIFE)

    async def first(self, key: str, patience: float) -> Answer | None:
        """What the first post of this key came to; None when that isn't known after so many seconds."""
        until = time.monotonic() + patience
        while time.monotonic() < until:
            kept = self._store.get(key)
            if kept is not None:
                return _read(self._sealer.open(kept.decode(), CONTEXT, LIFE))
            await asyncio.sleep(LOOK)
        return None


def _read(data: bytes) -> Answer:
    status, location, handle, message, id, changes = from_json(data)
    if changes is not None:
        changes = Changes(tuple(changes[0]), changes[1], tuple(changes[2]))
    return Answer(status, location, handle, message, id, changes)
