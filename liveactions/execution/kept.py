"""Fields that outlive their page: `InTab` and `InSession`.

They are state like all other fields. In addition, each value is stored in a row of its own: when two tabs
write at the same time, the last one wins for each field. Rows are sealed, and their keys contain the owner:

=============  ==========================================================================================
`InTab`        the tab's name, which only its script knows, and the identity
`InSession`    the identity, or a cookie of a visitor without one
=============  ==========================================================================================

An identity has a *generation*. Signing out replaces it, so that earlier values can't be found any more.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Iterable
from hashlib import sha256
from typing import Any, Final

from ..actions.codec import read_json
from ..actions.request import PageRequest
from ..exceptions import SealError, StoreError
from ..logs import get_logger
from ..pages.component import Component
from ..pages.fields import Field
from ..pages.page import Page, kept_fields
from ..security.signing import Sealer
from ..store.base import Row, Store
from ..tasks import Supervisor, running_loop

TAB_TTL: Final = 24 * 3600.0
"""Seconds for which a tab's values are kept after their last change."""
SESSION_TTL: Final = 14 * 24 * 3600.0
"""Seconds for which a person's values are kept after their last change."""
COOKIE: Final = "live-session"
"""The cookie that identifies a visitor without an identity."""
_NAME: Final = re.compile(r"[\w-]{16,64}")
"""The name of a tab, or the value of the cookie."""
log = get_logger(__name__)


class KeptValues:
    """The kept values of an application, as JSON. `limit` is the maximum size of a value, in bytes."""

    def __init__(self, application: str, sealer: Sealer, store: Store, limit: int) -> None:
        self.limit = limit
        self._application = application
        self._sealer = sealer
        self._store = store
        self._tasks = Supervisor(lambda: "forgetting what was kept for a visitor")
        self._loop: asyncio.AbstractEventLoop | None = None

    def key(self, *name: str) -> str:
        """Return the store's key for a value, which reveals nothing about its name or owner."""
        return "kept " + sha256(self._context(name).encode(errors="replace")).hexdigest()[:32]

    def _context(self, name: tuple[str, ...]) -> str:
        return repr(("kept", self._application, *name))

    async def get(self, *name: str) -> bytes | None:
        """Return a value; None if there is none, or it can't be opened."""
        self._loop = running_loop()
        sealed = await self._store.get(self.key(*name))
        if sealed is None:
            return None
        try:
            return self._sealer.open_bytes(sealed, self._context(name), SESSION_TTL)
        except SealError:
            return None

    def row(self, value: bytes, ttl: float, *name: str) -> Row:
        """Return the row to store for a value."""
        return self.key(*name), self._sealer.seal_bytes(value, self._context(name)), ttl

    async def put(self, rows: Iterable[Row]) -> None:
        await self._store.put_many(rows)

    async def generation(self, identity: str) -> str:
        """Return the current generation of an identity."""
        found = await self.get("generation", identity) if identity else None
        return "" if found is None else found.decode()

    async def forget(self, identity: str) -> None:
        """Forget what was kept for an identity, by replacing its generation."""
        token = secrets.token_urlsafe(12).encode()
        await self.put([self.row(token, SESSION_TTL, "generation", identity)])

    def forget_soon(self, identity: str) -> None:
        """Like `forget`, but may be called from any thread, and doesn't wait."""
        loop = running_loop() or self._loop
        if loop is None or loop.is_closed():
            asyncio.run(self.forget(identity))
        else:
            loop.call_soon_threadsafe(lambda: self._tasks.start(self.forget(identity)))


class KeptFields:
    """The fields of an open page that outlive it.

    `read` sets those that other tabs have changed. After each run, `dump` finds those that the page has
    changed, and `store` stores them.
    """

    def __init__(self, values: KeptValues, identity: str, tab: str = "") -> None:
        self.is_stale = True
        """Whether `read` is due."""
        self.tab = tab if _NAME.fullmatch(tab) else ""
        """The name of the tab; "" if it is unknown: without JavaScript, or before the page has joined."""
        self._values = values
        self._identity = identity
        self._has_left = False
        """Whether the fields still have values of a visitor who has signed out."""
        self._tab: tuple[str, ...] | None = None
        self._person: tuple[str, ...] | None = None
        """The owners of the values, as of the latest `read`."""
        self._known: dict[str, bytes] = {}
        """The JSON of stored values, or of defaults, by the field's key."""
        self._before = self._known, self._has_left
        """`_known` and `_has_left` at the end of the latest run."""
        self._changed: dict[str, tuple[str, bytes]] = {}

    def copy(self) -> KeptFields:
        """Return the kept fields for a copy of the page; they have yet to be read."""
        return KeptFields(self._values, self._identity, self.tab)

    def become(self, identity: str) -> None:
        """Note that the page belongs to another identity from now on."""
        if identity != self._identity:
            self._has_left = self._has_left or bool(self._identity)
            self._identity, self.is_stale = identity, True

    def undo(self) -> None:
        """Note that the page's fields have been restored to what they were when the run began."""
        self._known, self._has_left = self._before
        self.is_stale = True

    async def read(self, page: Page) -> bool:
        """Set the fields to their stored values, or to their defaults. Return whether one has changed.

        A field that the page has changed but not stored yet keeps its value, unless the visitor has signed
        out. If the store can't be read, nothing is stored until it can: the page would overwrite values that
        it doesn't know.
        """
        self.is_stale = False
        fields = list(kept_fields(page))
        if not fields:
            return False
        try:
            await self._find_owners(page)
            found = await asyncio.gather(*[self._get(field, key) for key, _, field in fields])
        except StoreError as error:
            log.info("fields of %s that outlive it can't be read: %s", type(page).__qualname__, error)
            self.is_stale = True
            if not self._has_left:
                return False
            self._tab = self._person = None
            found = [None] * len(fields)
        self._subscribe(page)
        self._known = dict(self._known)
        changed = [
            self._set(key, component, field, stored)
            for (key, component, field), stored in zip(fields, found, strict=True)
        ]
        self._has_left = False
        return any(changed)

    async def _find_owners(self, page: Page) -> None:
        generation = await self._values.generation(self._identity)
        cookie = page.live.request.cookies.get(COOKIE, "") if page.live.request is not None else ""
        self._tab = ("tab", self._identity, generation, self.tab) if self.tab else None
        if self._identity:
            self._person = "person", self._identity, generation
        else:
            self._person = ("visitor", cookie) if _NAME.fullmatch(cookie) else None

    def _owner(self, by: str) -> tuple[str, ...] | None:
        return self._tab if by == "tab" else self._person

    async def _get(self, field: Field, key: str) -> bytes | None:
        owner = self._owner(_by(field))
        return None if owner is None else await self._values.get(*owner, key)

    def _set(self, key: str, component: Component, field: Field, stored: bytes | None) -> bool:
        """Set a field to its stored value. Return whether that has changed it."""
        now = field.codec.encode(component.__dict__[field.name])
        if self._known.get(key, now) != now and not self._has_left:
            return False
        value, text = _loaded(field, stored)
        if value is _NOTHING:
            if _by(field) == "tab" and not self._has_left:  # the value in the page's state counts
                self._known.setdefault(key, now)
                return False
            value = field.fresh()
            text = field.codec.encode(value)
        self._known[key] = text
        if text != now:
            component.__dict__[field.name] = value
        return text != now

    def _subscribe(self, page: Page) -> None:
        """Subscribe the page to its shared values, so that it reads them again when other tabs change
        them.
        """
        person = self._person
        shared = [key for key, _, field in kept_fields(page) if _by(field) == "person"] if person else []
        page.live.has_read(self, frozenset(self._values.key(*person or (), key) for key in shared))

    def dump(self, page: Page) -> None:
        """Find what the page has changed. Raise `ValueError` for a value that is too large to keep."""
        self._changed = {}
        for key, component, field in kept_fields(page):
            text = field.codec.encode(component.__dict__[field.name])
            if text == self._known.get(key) or (_by(field) == "tab" and self._tab is None):
                continue
            if len(text) > self._values.limit:
                raise ValueError(
                    f"{type(component).__qualname__}.{field.name} ({field.kept!r}) has {len(text):,} bytes:"
                    f" more than Limits(kept={self._values.limit}). Keep a key, and load the data in load()."
                )
            self._changed[key] = _by(field), text

    async def store(self, page: Page) -> frozenset[str]:
        """Store what `dump` has found. Return the tags of changed values that other tabs may show.

        If the run has signed the visitor out, forget their values instead, and mark the fields as stale.
        """
        changed, self._changed = self._changed, {}
        self._before = self._known, self._has_left
        request = page.live.request
        if isinstance(request, PageRequest) and request.is_changed:
            identity = await page.live.services.identity(request)
            if identity != self._identity:
                await self._sign_out(identity)
                return frozenset()
        if not changed or self.is_stale:
            return frozenset()
        if self._person is None and isinstance(request, PageRequest) and _has_person(changed):
            token = secrets.token_urlsafe(16)
            request.set_cookie(COOKIE, token, path="/")
            self._person = "visitor", token
            self._subscribe(page)
        rows = [self._row(by, key, text) for key, (by, text) in changed.items() if self._owner(by)]
        try:
            await self._values.put(rows)
        except StoreError as error:  # the fields keep their values; stored after the next run
            log.warning("fields of %s that outlive it can't be stored: %s", type(page).__qualname__, error)
            return frozenset()
        self._known = self._known | {key: text for key, (_, text) in changed.items()}
        self._before = self._known, self._has_left
        person = self._person or ()
        return frozenset(self._values.key(*person, key) for key, (by, _) in changed.items() if by == "person")

    async def _sign_out(self, identity: str) -> None:
        if self._identity:
            await self._values.forget(self._identity)
        self.become(identity)
        self._before = self._known, self._has_left

    def _row(self, by: str, key: str, text: bytes) -> Row:
        return self._values.row(text, TAB_TTL if by == "tab" else SESSION_TTL, *self._owner(by) or (), key)


_NOTHING: Final = object()


def _by(field: Field) -> str:
    assert field.kept is not None
    return field.kept.by


def _has_person(changed: dict[str, tuple[str, bytes]]) -> bool:
    return any(by == "person" for by, _ in changed.values())


def _loaded(field: Field, stored: bytes | None) -> tuple[Any, bytes]:
    """Return a value and its JSON; `_NOTHING` if nothing is stored that fits the field."""
    if stored is None:
        return _NOTHING, b""
    try:
        value = field.codec.load(read_json(stored))
    except Exception:  # the class has changed; validators may raise anything
        return _NOTHING, b""
    return value, field.codec.encode(value)
