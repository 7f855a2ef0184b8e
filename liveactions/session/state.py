"""What a session knows, without sockets, tasks or clocks.

A session is one open page. `SessionState` holds the page, which address and person it is bound to
(`PageBinding`), what the two sides know of each other's ops and revisions (`OpLog`, which has the
protocol's theory of operation), what the browser shows (`RenderHistory`), the ops that wait
(`OpQueue`), and the state for the store (`SnapshotWriter`). The runner brings what comes in, runs the
ops and sends what is to be sent; everything else of `session` is given this state and functions to ask
for ops.

A session is attached while a connection shows its page. It goes on without one until it is over, and
what is over never begins again::

    DETACHED  ⇄  ATTACHED
        ↘        ↙
          OVER

*Revisions and pages.* Slots and references are named as a revision showed them. When another page
or another person takes the place of the one before, revisions before `PageBinding.since` show nothing
that may be called; until the browser has acknowledged a newer one it may still take the session for
what it was.

*Renderings.* `RenderHistory` keeps what was rendered since the revision of the last op or
acknowledgement. A session at rest keeps digests only, by which the next rendering is compared.

*The store.* What a page has been told is in the store before it is told: a state that is found there is
never older than what the page shows. A state above `MAX_IMMEDIATE_BYTES` is written within a second instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum
from typing import Any, Final

from ..actions.action import ActionRef
from ..diff import ClientState, full, keeps_places, patch
from ..exceptions import UnknownAction
from ..execution.app_context import Address, AppContext
from ..pages.page import Page
from ..pages.urls import path_and_query
from ..protocol.messages import Change
from ..protocol.op_log import OpLog
from ..store import Claimed
from ..store.snapshots import SNAPSHOT_TTL, Digests, Snapshot, session_key
from ..templates import Fragment
from ..templates.fragments import digest_of
from .op_queue import OpQueue


class PageBinding:
    """A page's class with its path, and the person; and what the browser may still take them for."""

    def __init__(self, site: AppContext, address: Address, identity: str, op_log: OpLog) -> None:
        self._site = site
        self._op_log = op_log
        self._former: set[tuple[Address, str]] = set()
        self.address = address
        self.identity = identity
        self.context = site.context(address, identity)
        """In which snapshots are sealed."""
        self.since = op_log.rev
        """The revision that shows this page first."""

    def become(self, address: Address, identity: str) -> None:
        """It is another page from now on, or another person; nothing that the browser shows is of that."""
        if self._op_log.shown >= self.since:
            self._former.clear()
        self._former.add((self.address, self.identity))
        self.since = self._op_log.rev + 1
        self.address, self.identity = address, identity
        self.context = self._site.context(address, identity)

    def identify(self, identity: str) -> None:
        """The person is this one from now on."""
        if identity != self.identity:
            self.become(self.address, identity)

    def is_of(self, address: Address, identity: str, rev: int) -> bool:
        """Whether a browser that shows this revision may take it for that page and person."""
        now = address is self.address and identity == self.identity
        return now or (rev < self.since and (address, identity) in self._former)


MAX_IMMEDIATE_BYTES: Final = 1536
"""Longest sealed state that is stored before each answer, in bytes."""


class SnapshotWriter:
    """A session's state in the store, for whichever worker continues."""

    def __init__(self, session: SessionState, state: bytes) -> None:
        self._session = session
        self.state = state
        """The page's, as JSON, after the newest op. It is written once, however often it is stored."""
        self.is_due = False
        """Whether the state is another than what is stored."""
        self.is_large = False
        """Whether it is too large to be stored before each answer."""
        self.epoch = 0
        """Of the claim that makes this the one session of its token; 0 for a token that nobody else has."""
        self._address = self._url = ""

    async def save(self, at_rest: bool = False) -> bool:
        """Store the state; false when the page has another session meanwhile."""
        return await self._session.site.saving.add(self.pending_row(at_rest))

    def pending_row(self, at_rest: bool = False) -> Claimed:
        """What is to be stored."""
        session = self._session
        self.is_due = False
        at_rest = at_rest and session.op_log.is_certain
        sealed = session.site.snapshots.seal_bytes(self.snapshot(at_rest), session.binding.context)
        self.is_large = len(sealed) > MAX_IMMEDIATE_BYTES
        return session.key, self.epoch, sealed, SNAPSHOT_TTL

    def snapshot(self, at_rest: bool = False) -> Snapshot:
        """The state as it is now."""
        session = self._session
        op_log, history, page = session.op_log, session.history, session.page
        digests = history.digests() if at_rest else None
        address = page.live.address
        if address is not self._address:
            self._address, self._url = address, path_and_query(page.live.address)
        return Snapshot(
            self._url,
            self.state,
            op_log.rev,
            op_log.done,
            tuple(op_log.answers),
            history.shape,
            history.mark,
            digests,
            at_rest,
            tuple(op_log.extras),
            tuple(history.pending_patches(op_log.shown)) if at_rest else (),
        )


MAX_REVISIONS: Final = 64
"""Revisions that are kept at most, when a page acknowledges none."""


class RenderHistory:
    """The newest rendering of a page, and older ones that ops may still name slots of."""

    def __init__(self) -> None:
        self.known = ClientState()
        self._fragments: dict[int, Fragment] = {}
        self._newest: Fragment | None = None
        self._shape: bytes = b""
        self._mark: bytes = b""
        self._digests: Digests | None = None
        self._missed: Change = []
        self._supposed: Fragment | None = None
        """What is taken to be shown where nothing better is known."""

    @property
    def newest(self) -> Fragment | None:
        """The newest rendering; None when it was dropped."""
        return self._newest

    def begin(self, in_doubt: bool = False) -> None:
        """A client that knows no shapes; `in_doubt` of what its page has come to be."""
        self.known = ClientState(self.known.is_exact and not in_doubt)

    def reset_to(
        self, shape: bytes, mark: bytes, digests: Digests | None, missed: Sequence[Any] = ()
    ) -> None:
        """What is shown is known by its digests only, once the page has got the patch that it missed."""
        self._newest, self._shape, self._mark, self._digests = None, shape, mark, digests
        self._missed = list(missed)
        self._fragments.clear()

    @property
    def shape(self) -> bytes:
        """The digest of the root's shape."""
        return self._newest.shape.digest if self._newest else self._shape

    @property
    def mark(self) -> bytes:
        """A digest of all that is shown."""
        return digest_of(self._newest) if self._newest else self._mark

    def digests(self) -> Digests | None:
        return self._newest.digests() if self._newest else self._digests

    def draw(self, page: Page, *, afresh: bool = False) -> Fragment:
        """The page as it is now. Raises whatever its template does."""
        return page.__fragment__(None if afresh else self._newest)

    def change(self, new: Fragment, base: int | None = None) -> Change:
        """What leads from the newest rendering, or that of an older revision, to `new`.

        ``{"page": ""}`` where only the page's whole HTML does; `new` must then have been drawn afresh.
        """
        change = self._change(new, base)
        if type(change) is dict:
            self.known.forget_strings()
        return change

    def _change(self, new: Fragment, base: int | None) -> Change:
        old = self._newest if base is None else self._fragments.get(base)
        if old is not None:
            return patch(old, new, self.known)
        if new.shape.digest != self._shape or base is not None:
            return {"page": ""}
        if digest_of(new) == self._mark:
            return self._missed
        own = new.digests()[1]
        return full(new, self._digests[1] if self._digests else [b""] * len(own), self.known)

    def record(self, rev: int, fragment: Fragment) -> None:
        """The fragment is what revision `rev` shows."""
        self._newest = self._fragments[rev] = fragment
        self._supposed = None
        if len(self._fragments) > MAX_REVISIONS:
            del self._fragments[next(iter(self._fragments))]

    def pending_patches(self, since: int) -> Iterator[tuple[int, Change]]:
        """What leads to the newest rendering from each older one that the page may show, by revision.

        Only where that is other text and other attributes in the same places: a process that has none of
        these renderings can tell it to the page.
        """
        newest = self._newest
        if newest is None or not newest.is_pristine():
            return
        for rev, old in self._fragments.items():
            if rev >= since and old is not newest and old.is_pristine():
                change = patch(old, newest, ClientState(is_exact=False))
                if keeps_places(change):
                    yield rev, change

    def forget(self, before: int) -> None:
        """No slot of an older revision will be named."""
        fragments = self._fragments
        while len(fragments) > 1 and (oldest := next(iter(fragments))) < before:
            del fragments[oldest]

    def reference(self, rev: int, address: Sequence[int]) -> ActionRef[..., object]:
        """The action that a slot showed at a revision. `UnknownAction` when it showed none."""
        fragment = self._fragments.get(rev)
        try:
            found = fragment.at(address) if fragment is not None else None
        except LookupError:
            found = None
        if not isinstance(found, ActionRef):
            raise UnknownAction("no action at this address")
        return found

    def shows(self, rev: int, ref: ActionRef[..., object], mac: str) -> bool:
        """Whether a revision shows a reference, `mac` being its signature as text. Where what that revision
        showed is unknown, the newest one counts.
        """
        fragment = self._fragments.get(rev) or self._newest or self._supposed
        return fragment is not None and fragment.shows(ref, mac)

    def evict(self) -> None:
        """Drop what can be rendered again: all, if list items would get the numbers that they have."""
        newest = self._newest
        if newest is not None and len(self._fragments) == 1 and newest.is_pristine():
            self.reset_to(newest.shape.digest, digest_of(newest), newest.digests())

    def rerender(self, page: Page, rev: int) -> None:
        """Render again what was dropped. When the page isn't what it was, no slot is known, but what it
        shows now tells which references it has.
        """
        fragment = page.__fragment__(None)
        if digest_of(fragment) == self._mark:
            self.record(rev, fragment)
        else:
            self._supposed = fragment


class Phase(Enum):
    """Whether a session has a connection."""

    DETACHED = "detached"
    ATTACHED = "attached"
    OVER = "over"


class SessionState:
    """A page that is open in a browser."""

    def __init__(
        self,
        site: AppContext,
        page: Page,
        address: Address,
        *,
        identity: str,
        token: str,
        op_log: OpLog,
        history: RenderHistory,
        state: bytes,
    ) -> None:
        self.site = site
        self.page = page
        self.token = token
        self.key = session_key(token)
        self.binding = PageBinding(site, address, identity, op_log)
        self.op_log = op_log
        self.history = history
        self.writer = SnapshotWriter(self, state)
        self.queue = OpQueue()
        self.phase = Phase.DETACHED
        self.is_connected = False
        """Whether ``connected`` has run without ``disconnected`` since."""

    @property
    def name(self) -> str:
        """What the page is called in the log."""
        return self.binding.address.name

    @property
    def over(self) -> bool:
        """Whether nothing is to happen any more."""
        return self.phase is Phase.OVER

    @property
    def is_attached(self) -> bool:
        """Whether a connection shows the page."""
        return self.phase is Phase.ATTACHED

    def become(self, phase: Phase) -> None:
        """Go on to another phase. `RuntimeError` when the session is over."""
        if self.phase is Phase.OVER and phase is not Phase.OVER:
            raise RuntimeError(f"{self.name}: a session can't go from {self.phase.value} to {phase.value}")
        self.phase = phase
