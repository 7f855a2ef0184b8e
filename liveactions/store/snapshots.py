"""A page's state outside of any process: sealed, dated, and bound to who may continue from it.

A snapshot travels in three ways. In the page's HTML, where posts and the first hello find it; when it is
long, a *handle* stands there instead and the snapshot is in the store. Under a handle in the address that a
post is answered with. And in the store under a digest of the session's token, written by the session for
whichever worker continues.

States of sessions are saved at once where that is a matter of appending them to a journal. Else those that
come together go to the store together (`SnapshotQueue`): a round trip of its own would cost a small page more
than its op does.
"""

from __future__ import annotations

import asyncio
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import deque
from hashlib import sha256
from typing import Any, Final, NamedTuple

from pydantic_core import from_json

from ..config import Limits
from ..encoding import write_json
from ..exceptions import SealError
from ..security.signing import Sealer
from ..tasks import Supervisor, contained
from .base import Claimed, Row, Store
from .fallback import FallbackStore

SNAPSHOT_TTL: Final = 24 * 3600.0
"""Seconds for which a snapshot can be opened."""
HANDLE_TTL: Final = 3600.0
"""Seconds for which the address that a post was answered with shows that post's state."""
MAX_INLINE_BYTES: Final = 4096
"""Longest sealed text in a page's HTML, in bytes."""
HANDLE_PREFIX: Final = "~"
"""Begins a handle: no sealed text does."""
Digests = tuple[bytes, tuple[bytes, ...]]
"""Of what a page showed: 8 bytes of the whole, 4 of each root slot."""
_WHOLE, _SLOT = 8, 4


class Snapshot(NamedTuple):
    """A page's state, and what is known of the browser that shows it. One is made after each op."""

    url: str
    """Path and query."""
    state: Any
    """Data, or bytes that are its JSON, as `encode_state` gives it."""
    rev: int = 0
    """The revision that showed this state."""
    done: int = 0
    """Number of the last op that is in this state."""
    answers: tuple[Any, ...] = ()
    """Of the newest ops: n, status, payload, n ..."""
    shape: bytes = b""
    """The digest of the shape of the page's root."""
    mark: bytes = b""
    """A digest of all that revision `rev` showed."""
    digests: Digests | None = None
    """Of what revision `rev` showed; None where it wasn't worth the time."""
    at_rest: bool = False
    """Whether the session had ended: no op after `done` can have run anywhere."""
    extras: tuple[Any, ...] = ()
    """What the browser was told besides, and hasn't acknowledged: pairs of a revision and its extras."""
    missed: tuple[Any, ...] = ()
    """Patches to `rev` from revisions that the browser may still show: pairs of a revision and a patch."""


def pack(snapshot: Snapshot) -> bytes:
    return b"".join(_parts(snapshot))


def _parts(snapshot: Snapshot) -> list[bytes]:
    """Return the parts of what `pack` returns: the state may be long."""
    s = snapshot
    known, at_rest = _encode(s.shape + s.mark), int(s.at_rest)
    digests = "" if s.digests is None else _encode(s.digests[0] + b"".join(s.digests[1]))
    state = s.state if isinstance(s.state, bytes) else write_json(s.state, "constants")
    more = write_json([s.rev, s.done, s.answers, known, digests, at_rest, s.extras, s.missed], "constants")
    return [b"[", write_json(s.url), b",", state, b",", more.removeprefix(b"[")]


def unpack(data: bytes) -> Snapshot:
    """`ValueError` for what is no snapshot."""
    url, state, rev, done, answers, known, digests, at_rest, told, missed = from_json(
        data, allow_inf_nan=True
    )
    marks = urlsafe_b64decode(known)
    shape, mark = marks[:_WHOLE], marks[_WHOLE:]
    slots = _digests(urlsafe_b64decode(digests)) if digests else None
    extras = tuple((rev, besides) for rev, besides in told)
    patches = tuple((rev, patch) for rev, patch in missed)
    return Snapshot(url, state, rev, done, tuple(answers), shape, mark, slots, bool(at_rest), extras, patches)


def _unpacked(data: bytes) -> Snapshot:
    try:
        return unpack(data)
    except ValueError:  # of another version of this module
        raise SealError("not a snapshot") from None


class Snapshots:
    """Seals, keeps and opens an application's snapshots.

    A *context* names the page's class and the person: what was sealed in one opens in no other.
    """

    def __init__(
        self, application: str, sealer: Sealer, store: FallbackStore, limit: int = Limits.handles
    ) -> None:
        self.application = application
        self.sealer = sealer
        self.store = store
        self.handles = Handles(store, limit)

    def context(self, page: str, identity: str = "") -> str:
        return f"snapshot\n{self.application}\n{page}\n{identity}"

    def seal(self, snapshot: Snapshot, context: str) -> str:
        return self.sealer.seal(pack(snapshot), context)

    def seal_bytes(self, snapshot: Snapshot, context: str) -> bytes:
        """What `load` opens, for the store. It is compressed if it is likely to stay there."""
        parts = _parts(snapshot)
        if snapshot.at_rest:
            return self.sealer.seal_bytes(b"".join(parts), context)
        return self.sealer.seal_parts(parts, context)

    def for_html(self, snapshot: Snapshot, context: str) -> HtmlSnapshot:
        """Return the snapshot as it is embedded in a page's HTML."""
        return HtmlSnapshot(self.handles, self.seal(snapshot, context))

    def handle(self, snapshot: Snapshot, context: str) -> tuple[str, Row]:
        """Return a name for the snapshot, short enough for an address, and what `handles` is to store."""
        handle = _handle()
        return handle, (_handle_key(handle), self.seal(snapshot, context).encode(), HANDLE_TTL)

    async def open(self, text: str, context: str) -> Snapshot:
        """Return the snapshot that `text` is or names. `SealError` when it can't be had."""
        if text.startswith(HANDLE_PREFIX):
            kept = await self.store.get(_handle_key(text))
            if kept is None:
                raise SealError("unknown or expired snapshot")
            text = kept.decode()
        return _unpacked(self.sealer.open(text, context, SNAPSHOT_TTL))

    async def load(self, key: str, context: str) -> Snapshot | None:
        """Return what a session has saved. `SealError` when it isn't for this context."""
        kept = await self.store.get(key)
        return _unpacked(self.sealer.open_bytes(kept, context, SNAPSHOT_TTL)) if kept is not None else None


class Handles:
    """What this process has stored under handles, which any visitor can cause: up to `limit` bytes."""

    def __init__(self, store: Store, limit: int) -> None:
        self._store = store
        self._limit = limit
        self._kept: deque[tuple[str, int]] = deque()
        """Keys and sizes, oldest first."""
        self._bytes = 0

    async def put(self, rows: list[Row], *others: Row) -> None:
        """Store rows, and remove the oldest ones if there are too many bytes. `others` aren't counted."""
        await self._store.put_many([*rows, *others])
        for key, value, _ in rows:
            self._kept.append((key, len(value)))
            self._bytes += len(value)
        while self._bytes > self._limit and len(self._kept) > len(rows):
            key, size = self._kept.popleft()
            self._bytes -= size
            await self._store.delete(key)


class HtmlSnapshot:
    """A snapshot in the HTML of a page: its sealed text or, if that is long, a handle.

    Rendering can't wait for the store: call `keep` when the HTML is made, before it is sent.
    """

    def __init__(self, handles: Handles, sealed: str) -> None:
        self._handles = handles
        self._rows: list[Row] = []
        self.text = sealed if len(sealed) <= MAX_INLINE_BYTES else self.brief(sealed)

    def brief(self, sealed: str) -> str:
        """Return a handle for the sealed text, for a page that has it in many places."""
        if sealed.startswith(HANDLE_PREFIX):
            return sealed
        handle = _handle()
        self._rows.append((_handle_key(handle), sealed.encode(), SNAPSHOT_TTL))
        return handle

    async def keep(self) -> None:
        """Store the snapshots that the HTML has handles for."""
        if self._rows:
            rows, self._rows = self._rows, []
            await self._handles.put(rows)


def session_key(token: str) -> str:
    """The store's key of a session: the store doesn't know its token."""
    return "session " + sha256(token.encode(errors="replace")).hexdigest()[:32]


def _handle() -> str:
    return HANDLE_PREFIX + secrets.token_urlsafe(12)


def _handle_key(handle: str) -> str:
    return "snapshot " + sha256(handle.encode(errors="replace")).hexdigest()[:32]


def _encode(data: bytes) -> str:
    return urlsafe_b64encode(data).decode()


def _digests(data: bytes) -> Digests:
    slots = data[_WHOLE:]
    return data[:_WHOLE], tuple(slots[at : at + _SLOT] for at in range(0, len(slots), _SLOT))


class SnapshotQueue:
    """Stores the states of sessions. An older state never comes after a newer one.

    Where the store can't save a state at once, it saves it together with those that come in the same turn of
    the event loop, or while it is writing.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._rows: list[Claimed] = []
        self._waiting: list[asyncio.Future[bool]] = []
        self._tasks = Supervisor(lambda: "storing the states of pages")
        self._saving: asyncio.Task[None] | None = None

    async def save(self, row: Claimed) -> bool:
        """Store a row. Return False when its key has been claimed by someone else."""
        loop, task = asyncio.get_running_loop(), self._saving
        is_idle = task is None or task.done() or task.get_loop() is not loop
        if is_idle and not self._rows:
            done = self._store.save_now((row,))
            if done is not None:
                return done[0]
        saved: asyncio.Future[bool] = loop.create_future()
        self._rows.append(row)
        self._waiting.append(saved)
        if is_idle:
            self._saving = self._tasks.start(self._save_waiting())
        return await saved

    async def _save_waiting(self) -> None:
        while self._rows:
            rows, self._rows = self._rows, []
            waiting, self._waiting = self._waiting, []
            for saved, done in zip(waiting, await save_all(self._store, rows), strict=True):
                if not saved.done():
                    saved.set_result(done)


async def save_all(store: Store, rows: list[Claimed]) -> list[bool]:
    """Store rows. What can't be stored takes no page along: its pages live on in this process."""
    with contained("storing the states of %d pages", len(rows)):
        return await store.save_many(rows)
    return [True] * len(rows)
