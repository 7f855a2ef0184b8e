"""Snapshots: states of pages outside of any process, sealed, dated, and bound to the page and the visitor.

There are three kinds:

- in the HTML of a page, for its posts and its first hello. If it is long, it is in the store, and the HTML
  contains a *handle* for it;
- in the store, under the handle in the address to which a post redirects, with the answer for its copies;
- in the store, under a digest of the session's token. The session writes it after each operation, so that any
  worker can continue.

A store with a journal saves the latter at once. In other stores, all snapshots of one turn of the event loop
are saved together (`SnapshotQueue`), because a round trip for each would cost more than most operations do.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import deque
from collections.abc import Callable
from hashlib import sha256
from math import inf
from operator import itemgetter
from typing import Any, Final, NamedTuple

from pydantic_core import from_json

from ..config import Limits
from ..encoding import base64url, from_base64url, write_json
from ..exceptions import SealError
from ..security.signing import Sealer
from ..tasks import Supervisor, Waiting, contained
from .base import ClaimedRow, JournalRow, Row, SplitValue, Store
from .fallback import FallbackStore
from .long_states import StateSealer, open_long_state

SNAPSHOT_TTL: Final = 24 * 3600.0
"""Seconds for which a snapshot can be opened."""
HANDLE_TTL: Final = 3600.0
"""Seconds for which the address to which a post redirects shows the state after it."""
MAX_INLINE_BYTES: Final = 4096
"""Maximum size of a sealed snapshot in a page's HTML, in bytes; a longer one is replaced by a handle."""
LONG_STATE: Final = 24
"""Minimum number of parts of a state that is sealed as edits of an earlier one: about 500 items of a list."""
BASE_SECONDS: Final = 1.0
"""Seconds for which a state is kept as a base for edits of it. After that, there is a new journal, to which
the base would be written again.
"""
HANDLE_PREFIX: Final = "~"
"""The first character of a handle, with which no sealed text begins."""
HANDLE_BYTES: Final = 12
"""Bytes of a handle, which nobody must be able to guess."""
Digests = tuple[bytes, tuple[bytes, ...]]
"""A digest of everything that a page shows (8 bytes), and a checksum of each root slot (4 bytes)."""
_WHOLE, _SLOT = 8, 4


class Snapshot(NamedTuple):
    """A page's state, and what is known about the browser that shows it."""

    url: str
    """Path and query."""
    state: Any
    """The state as data, or its JSON in parts (`encode_state`)."""
    rev: int = 0
    """The revision that showed this state."""
    done: int = 0
    """The number of the newest operation that this state includes."""
    answers: tuple[Any, ...] = ()
    """The answers to the newest operations: n, status, payload, n ..."""
    shape: bytes = b""
    """The digest of the shape of the page's root."""
    digest: bytes = b""
    """A digest of everything that revision `rev` shows."""
    digests: Digests | None = None
    """The digests of what revision `rev` shows; None if they weren't computed."""
    at_rest: bool = False
    """Whether the session was idle: no operation after `done` has run anywhere."""
    extras: tuple[Any, ...] = ()
    """Extras that the browser hasn't acknowledged: pairs of a revision and its extras."""
    missed: tuple[Any, ...] = ()
    """Patches to `rev` from revisions that the browser may still show: pairs of a revision and a patch."""
    shape_since: int = 0
    """The first revision whose root has this shape. Browsers that show an older one need the whole page."""
    post: tuple[Any, ...] = ()
    """The answer to the post that led to this state, if one did."""


def pack(snapshot: Snapshot) -> bytes:
    """Return a snapshot as JSON."""
    return b"".join(_parts(snapshot))


def _parts(snapshot: Snapshot) -> list[bytes]:
    """Return the JSON of `pack` in parts, because joining a long state takes time."""
    s = snapshot
    known, at_rest = base64url(s.shape + s.digest), int(s.at_rest)
    digests = "" if s.digests is None else base64url(s.digests[0] + b"".join(s.digests[1]))
    state = s.state if isinstance(s.state, tuple) else (write_json(s.state, "constants"),)
    browser = [s.rev, s.done, s.answers, known, digests, at_rest, s.extras, s.missed, s.shape_since]
    more = write_json([*browser, s.post] if s.post else browser, "constants")
    return [b"[", write_json(s.url), b",", *state, b",", more.removeprefix(b"[")]


def unpack(data: bytes) -> Snapshot:
    """Return the snapshot that `pack` has written. Raise `ValueError` for anything else."""
    url, state, rev, done, answers, known, digests, at_rest, extras, missed, shape_since, *post = from_json(
        data, allow_inf_nan=True
    )
    both = from_base64url(known)
    shape, digest = both[:_WHOLE], both[_WHOLE:]
    slots = _digests(from_base64url(digests)) if digests else None
    pairs = tuple((rev, one) for rev, one in extras)
    patches = tuple((rev, patch) for rev, patch in missed)
    return Snapshot(
        url, state, rev, done, tuple(answers), shape, digest, slots, bool(at_rest), pairs, patches,
        shape_since, tuple(post[0]) if post else (),
    )  # fmt: skip


def _unpacked(data: bytes) -> Snapshot:
    try:
        return unpack(data)
    except ValueError:  # of another version of this module
        raise SealError("not a snapshot") from None


class Snapshots:
    """Seals, stores and opens the snapshots of an application.

    A *context* names the page's class and the visitor. A snapshot can only be opened in the context in which
    it was sealed.
    """

    def __init__(
        self, application: str, sealer: Sealer, store: FallbackStore, limit: int = Limits.handles
    ) -> None:
        self.application = application
        self.sealer = sealer
        self.store = store
        self.handles = Handles(store, limit)

    def context(self, page: str, identity: str = "") -> str:
        """Return the context of a page's class, by its name, and of a visitor."""
        return f"snapshot\n{self.application}\n{page}\n{identity}"

    def seal(self, snapshot: Snapshot, context: str) -> str:
        return self.sealer.seal(pack(snapshot), context)

    def seal_for_store(
        self, snapshot: Snapshot, context: str, long: StateSealer | None = None
    ) -> bytes | SplitValue:
        """Return the sealed snapshot for the store. It is compressed if the session is idle.

        `long` seals the session's state if it is long.
        """
        parts = _parts(snapshot)
        if snapshot.at_rest:
            return self.sealer.seal_bytes(b"".join(parts), context)
        if long is not None and len(parts) > LONG_STATE:
            return long.seal(snapshot.state, pack(snapshot._replace(state=None)), context)
        return self.sealer.seal_parts(parts, context)

    def for_html(self, snapshot: Snapshot, context: str) -> HtmlSnapshot:
        """Return the snapshot as it is embedded in a page's HTML."""
        return HtmlSnapshot(self.handles, self.seal(snapshot, context))

    def row(self, handle: str, snapshot: Snapshot, context: str) -> Row:
        """Return what to store under a handle."""
        return _handle_key(handle), self.seal(snapshot, context).encode(), HANDLE_TTL

    async def find(self, handle: str, context: str, max_age: float) -> Snapshot | None:
        """Return the snapshot of a handle; None if there is none.

        Raise `SealError` if it can't be opened, and `SealExpired` if it is older than `max_age` seconds.
        """
        kept = await self.store.get(_handle_key(handle))
        return None if kept is None else self._open(kept.decode(), context, max_age)

    async def open(self, text: str, context: str) -> Snapshot:
        """Open a snapshot, given by itself or by its handle. Raise `SealError` if that isn't possible."""
        if not text.startswith(HANDLE_PREFIX):
            return self._open(text, context, SNAPSHOT_TTL)
        found = await self.find(text, context, SNAPSHOT_TTL)
        if found is None:
            raise SealError("unknown or expired snapshot")
        return found

    def _open(self, sealed: str, context: str, max_age: float) -> Snapshot:
        return _unpacked(self.sealer.open(sealed, context, max_age))

    async def load(self, key: str, context: str) -> Snapshot | None:
        """Return the snapshot that a session has saved; None if there is none.

        Raise `SealError` if it can't be opened in this context.
        """
        kept = await self.store.get(key)
        if kept is None:
            return None
        parts = SplitValue.read(kept)
        if parts is None:
            return _unpacked(self.sealer.open_bytes(kept, context, SNAPSHOT_TTL))
        state, rest = open_long_state(self.sealer, parts, context, SNAPSHOT_TTL)
        return _unpacked(rest)._replace(state=from_json(state, allow_inf_nan=True))


class StoredHandle(NamedTuple):
    """A handle under which a snapshot of `size` bytes is stored."""

    written: float
    key: str
    size: int


class Handles:
    """The snapshots that this process has stored under handles: `limit` bytes at most, because any visitor
    can create them. Expired ones don't count.
    """

    def __init__(self, store: Store, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._limit = limit
        self._clock = clock
        self._kept: dict[float, deque[StoredHandle]] = {}
        """The handles of each time to live, oldest first."""
        self._bytes = 0

    async def put(self, rows: list[Row]) -> None:
        """Store rows, and remove the oldest ones beyond the limit."""
        await self._store.put_many(rows)
        now = self._clock()
        for key, value, ttl in rows:
            self._kept.setdefault(ttl, deque()).append(StoredHandle(now, key, len(value)))
            self._bytes += len(value)
        for ttl, kept in self._kept.items():
            while kept and kept[0].written + ttl <= now:
                self._bytes -= kept.popleft().size
        while self._bytes > self._limit:
            oldest = min(filter(None, self._kept.values()), key=itemgetter(0))
            if oldest[0].written == now:  # stored by this call
                return
            _, key, size = oldest.popleft()
            self._bytes -= size
            await self._store.delete(key)


class HtmlSnapshot:
    """A snapshot in the HTML of a page: its sealed text, or a handle if that is long.

    Rendering can't wait for the store: call `keep` after rendering, before the HTML is sent.
    """

    def __init__(self, handles: Handles, sealed: str) -> None:
        self._handles = handles
        self._rows: list[Row] = []
        self.text = sealed if len(sealed) <= MAX_INLINE_BYTES else self.brief(sealed)

    def brief(self, sealed: str) -> str:
        """Return a handle for the sealed text, for a page that contains it many times."""
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
    """Return the store's key of a session, which doesn't reveal its token."""
    return "session " + sha256(token.encode(errors="replace")).hexdigest()[:32]


def _handle() -> str:
    return HANDLE_PREFIX + secrets.token_urlsafe(HANDLE_BYTES)


def _handle_key(handle: str) -> str:
    return "snapshot " + sha256(handle.encode(errors="replace")).hexdigest()[:32]


def _digests(data: bytes) -> Digests:
    slots = data[_WHOLE:]
    return data[:_WHOLE], tuple(slots[at : at + _SLOT] for at in range(0, len(slots), _SLOT))


class SnapshotQueue:
    """Stores the states of sessions, each one's in order.

    If the store can't save a state at once, it is saved together with others that arrive in the same turn of
    the event loop, or while the store is busy.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._rows: list[ClaimedRow] = []
        self._waiting: list[asyncio.Future[bool]] = []
        self._tasks = Supervisor(lambda: "storing the states of pages")
        self._saving: asyncio.Task[None] | None = None

    async def save(self, row: JournalRow) -> bool:
        """Store a row. Return False if another worker has claimed its key."""
        loop, task = asyncio.get_running_loop(), self._saving
        is_idle = task is None or task.done() or task.get_loop() is not loop
        if is_idle and not self._rows:
            done = self._store.save_now((row,))
            if done is not None:
                return done[0]
        saved: asyncio.Future[bool] = loop.create_future()
        key, epoch, value, ttl = row
        self._rows.append((key, epoch, bytes(value), ttl))
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


class SessionSnapshots:
    """Seals and stores the snapshots of one session under its `key`, if its claim has the newest `epoch`."""

    def __init__(
        self,
        snapshots: Snapshots,
        queue: SnapshotQueue,
        key: str,
        epoch: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._snapshots = snapshots
        self._queue = queue
        self._key = key
        self._epoch = epoch
        self._clock = clock
        self._long_states: StateSealer | None = None
        """Keeps a base while states follow each other within `BASE_SECONDS`."""
        self._saved = -inf
        """When the newest snapshot was sealed."""
        self._running = 0
        """How many snapshots are being stored."""
        self._stored = Waiting()

    async def save(self, snapshot: Snapshot, context: str) -> bool:
        """Store a snapshot. Return False if another worker has claimed the page."""
        self._running += 1
        now, before = self._clock(), self._saved
        self._saved = now
        if now - before > BASE_SECONDS:
            self._long_states = None
        elif self._long_states is None:
            self._long_states = StateSealer(self._snapshots.sealer)
        try:
            sealed = self._snapshots.seal_for_store(snapshot, context, self._long_states)
            return await self._queue.save((self._key, self._epoch, sealed, SNAPSHOT_TTL))
        finally:
            self._running -= 1
            if not self._running:
                self._stored.wake()

    async def stored(self) -> None:
        """Return when no snapshot is being stored."""
        while self._running:
            await self._stored.wait()

    def evict(self) -> None:
        """Drop what would make sealing the next snapshot of a long state cheaper."""
        self._long_states = None


async def save_all(store: Store, rows: list[ClaimedRow]) -> list[bool]:
    """Store rows. If that fails, log it and return True for all of them: their pages continue in this
    process.
    """
    with contained("storing the states of %d pages", len(rows)):
        return await store.save_many(rows)
    return [True] * len(rows)
