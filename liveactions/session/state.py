"""A session as a machine without I/O: no sockets, no tasks, no clock, no store.

A session is one page that is open in a browser. `SessionState` makes its decisions. Its methods say what has
happened: a message has arrived, an operation has ended, the page has been rendered. In return they say which
operation runs next, what to send, what to store before that, and what is due. The time is an argument.
`session.runner` does the rest.

Theory of operation
-------------------
*Connections.* `State` says whether a connection shows the page. A method that has no entry in this table for
the current state raises `IllegalTransition`::

    state     joining   attached  detached  end    the session
    --------  --------  --------  --------  -----  ------------------------------------------------------
    DETACHED  JOINING             DETACHED  OVER   has no connection, and goes on without
    JOINING   JOINING   ATTACHED  DETACHED  OVER   has received a hello, and not yet sent the welcome
    ATTACHED  JOINING             DETACHED  OVER   sends frames
    OVER                          OVER      OVER   has ended, or belongs to another worker

A connection that joins replaces the previous one. Messages are only accepted while ATTACHED: whatever a lost
connection delivers late is sent again by the page.

*The queue* is either at rest or being drained: `begin`, then `next_op` until it returns None, then `rest`.
Only one task drains it, so that operations run one at a time, in the order of their arrival. An operation
that arrives at rest is run by the task that reads its connection. Nothing else is read meanwhile, which
limits how fast a browser can send. An operation that newer ones may end (`must_detach`) needs a task of its
own; this task also runs whatever arrives until the queue is empty.

*Frames.* `rendered` and `completed` note what an operation has changed; the next `frame` sends it, as soon as
the page can take it. Several operations may share a frame. If a frame is lost with its connection, the next
`welcome` makes up for it: it leads from the revision that the hello names to the newest one. The numbers are
explained in `protocol.op_log`.

*The store.* A frame comes with the snapshot that must be stored before it is sent, so that a stored state is
never older than the page. A snapshot *at rest* promises that no later operation has run anywhere. Another one
is therefore stored when a connection joins, before an operation can break this promise.

*Revisions and pages.* Slots and references have the meaning that they had at the revision that showed them.
When another page or another visitor takes over the session, nothing can be called that was shown before
`PageBinding.since`. Until the browser has acknowledged a newer revision, it may still name the former page.

*Renders.* `RenderHistory` keeps the renders since the revision of the last operation or acknowledgement. A
session that has been idle for a while only keeps digests, with which the next render is compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum
from typing import Any, Final, NamedTuple, Protocol, TypeAlias

from ..actions.action import ActionRef
from ..config import Limits
from ..diff import ClientState, full, keeps_places, patch
from ..exceptions import ForgedReference, ProtocolError, UnknownAction
from ..execution.app_context import Address, AppContext
from ..pages.component import components_of
from ..pages.lookup import function, lookup
from ..pages.page import Page
from ..pages.urls import path_and_query
from ..protocol.constants import CLOSE_LIMIT
from ..protocol.messages import (
    Acknowledgement,
    CallFunction,
    CallReference,
    CallSlot,
    Change,
    Hello,
    Op,
    Validate,
    answer,
)
from ..protocol.op_log import MAX_KEPT_ANSWERS, OpLog, Resumption
from ..security.references import Reference
from ..store.snapshots import Digests, Snapshot, session_key
from ..templates import Fragment
from ..templates.fragments import digest_of
from ..types import DONE, Outcome, Streaming
from .op_queue import Job, OpQueue, ServerOp

MAX_REVISIONS: Final = 64
"""How many renders are kept at most, if a page acknowledges none."""
REPLACED: Final = 1012
OLD_COOKIES: Final = "the page's cookies are checked again"
"""Close code for a connection that another one has replaced. Only the page itself can have made that, by its
token: if it still listens here, it is to connect again."""
INTERNAL_ERROR: Final = 1011
"""Close code for an error of the server, from the WebSocket protocol."""

Act: TypeAlias = CallSlot | CallReference | CallFunction | Validate
"""An operation that names an action."""


class State(Enum):
    """Whether a connection shows the page."""

    DETACHED = "detached"
    JOINING = "joining"
    ATTACHED = "attached"
    OVER = "over"


_TRANSITIONS: Final = {
    State.DETACHED: frozenset((State.DETACHED, State.JOINING, State.OVER)),
    State.JOINING: frozenset((State.DETACHED, State.JOINING, State.ATTACHED, State.OVER)),
    State.ATTACHED: frozenset((State.DETACHED, State.JOINING, State.OVER)),
    State.OVER: frozenset((State.OVER,)),
}


class IllegalTransition(RuntimeError):
    """A method of `SessionState` was called in a state that doesn't allow it."""


class Due(Enum):
    """What is due at some time."""

    SAVE = "save"
    """Store a `snapshot`."""
    EVICT = "evict"
    """Call `SessionState.evict`."""
    DISCONNECT = "disconnect"
    """Close the connection: the browser doesn't acknowledge what it is sent."""
    EXPIRE = "expire"
    """Drop the session from memory, after storing a `snapshot` at rest: no page has reconnected to it."""


class Frame(NamedTuple):
    """What to send, and what to store before that."""

    text: str | None
    """The message; None if there is nothing to send."""
    snapshot: Snapshot | None
    """What must be stored before the message is sent."""


class SessionView(Protocol):
    """A session as seen by subscriptions, timers and background work, which only enqueue operations."""

    @property
    def page(self) -> Page:
        """The current page; navigation replaces it."""

    @property
    def name(self) -> str:
        """What the page is called in the log."""

    @property
    def key(self) -> str:
        """The session's key in the store, and the origin of its messages."""

    @property
    def identity(self) -> str:
        """Who the visitor is."""

    @property
    def is_attached(self) -> bool:
        """Whether there is a connection."""

    @property
    def over(self) -> bool:
        """Whether nothing is to happen any more."""


class PageBinding:
    """The page's class, path and identity, and the former ones that the browser may still name."""

    def __init__(self, site: AppContext, address: Address, identity: str, op_log: OpLog) -> None:
        self._site = site
        self._op_log = op_log
        self._former: set[tuple[Address, str]] = set()
        self.address = address
        self.identity = identity
        self.context = site.context(address, identity)
        """The context in which snapshots are sealed."""
        self.since = op_log.rev
        """The revision that shows this page first."""

    def become(self, address: Address, identity: str) -> None:
        """Bind the session to another page or identity, of which the browser shows nothing yet."""
        if self._op_log.shown >= self.since:
            self._former.clear()
        self._former.add((self.address, self.identity))
        self.since = self._op_log.rev + 1
        self.address, self.identity = address, identity
        self.context = self._site.context(address, identity)

    def is_of(self, address: Address, identity: str, rev: int) -> bool:
        """Return whether a browser that shows revision `rev` may show this page to this identity."""
        now = address is self.address and identity == self.identity
        return now or (rev < self.since and (address, identity) in self._former)


class RenderHistory:
    """The newest render of a page, and older ones whose slots operations may still name."""

    def __init__(self) -> None:
        self.known = ClientState()
        self._fragments: dict[int, Fragment] = {}
        self.newest: Fragment | None = None
        """The newest render; None if it was dropped."""
        self._shape: bytes = b""
        self._mark: bytes = b""
        self._digests: Digests | None = None
        self._missed: Change = []
        self._supposed: Fragment | None = None
        """What the page is assumed to show if nothing better is known."""
        self._doubts = 0

    def begin(self, in_doubt: bool = False, as_loaded: bool = False) -> None:
        """Begin with a client that knows no shapes. It is `in_doubt` of what its page shows: `as_loaded`, or
        later.
        """
        self.known = ClientState(self.known.is_exact and not in_doubt)
        self._doubts += in_doubt + (in_doubt and as_loaded)

    @property
    def is_raw(self) -> bool:
        """Whether the page is rendered without slots: the browser's parser, or something on the way, doesn't
        leave the markers in their places.
        """
        return self._doubts > 1

    def reset_to(
        self, shape: bytes, mark: bytes, digests: Digests | None, missed: Sequence[Any] = ()
    ) -> None:
        """Reset: what the page shows is known by its digests only, once it has the patch that it missed."""
        self.newest, self._shape, self._mark, self._digests = None, shape, mark, digests
        self._missed = list(missed)
        self._fragments.clear()

    def marks(self) -> tuple[bytes, bytes]:
        """Return the digest of the root's shape, and one of everything that is shown."""
        newest = self.newest
        return (newest.shape.digest, digest_of(newest)) if newest is not None else (self._shape, self._mark)

    def digests(self) -> Digests | None:
        """Return the digests of the newest render, if they are known."""
        return self.newest.digests() if self.newest else self._digests

    def change(self, new: Fragment, base: int | None = None) -> Change:
        """Return the patch from the newest render, or that of an older revision, to `new`.

        It is ``{"page": ""}`` if the page's whole HTML must be sent; `new` must then be rendered from
        scratch.
        """
        old = self.newest if base is None else self._fragments.get(base)
        if old is not None:
            change = patch(old, new, self.known)
        elif new.shape.digest != self._shape or base is not None:
            change = {"page": ""}
        elif digest_of(new) == self._mark:
            change = self._missed
        else:
            own = new.digests()[1]
            change = full(new, self._digests[1] if self._digests else [b""] * len(own), self.known)
        if type(change) is dict:
            self.known.forget_strings()
        return change

    def record(self, rev: int, fragment: Fragment) -> None:
        """Record that revision `rev` shows this fragment."""
        self.newest = self._fragments[rev] = fragment
        self._supposed = None
        if len(self._fragments) > MAX_REVISIONS:
            del self._fragments[next(iter(self._fragments))]

    def pending_patches(self, since: int) -> Iterator[tuple[int, Change]]:
        """Return the patches to the newest render from each older one that the page may show, by revision.

        Only those that change text and attributes in the same places: a process that has none of these
        renders can send them.
        """
        newest = self.newest
        if newest is None or not newest.is_pristine():
            return
        for rev, old in self._fragments.items():
            if rev >= since and old is not newest and old.is_pristine():
                change = patch(old, newest, ClientState(is_exact=False))
                if keeps_places(change):
                    yield rev, change

    def forget(self, before: int) -> None:
        """Drop renders of revisions before this one: none of their slots can be named any more."""
        fragments = self._fragments
        while len(fragments) > 1 and (oldest := next(iter(fragments))) < before:
            del fragments[oldest]

    def reference(self, rev: int, address: Sequence[int]) -> ActionRef[..., object]:
        """Return the action that a slot showed at a revision. Raise `UnknownAction` if it showed none."""
        fragment = self._fragments.get(rev)
        try:
            found = fragment.at(address) if fragment is not None else None
        except LookupError:
            found = None
        if not isinstance(found, ActionRef):
            raise UnknownAction("no action at this address")
        return found

    def shows(self, rev: int, ref: ActionRef[..., object], mac: str) -> bool:
        """Return whether a revision shows a reference, whose signature as text is `mac`. If that revision's
        render was dropped, the newest one counts.
        """
        fragment = self._fragments.get(rev) or self.newest or self._supposed
        return fragment is not None and fragment.shows(ref, mac)

    def evict(self) -> None:
        """Drop what can be rendered again: all, if list items would get the numbers that they have."""
        newest = self.newest
        if newest is not None and len(self._fragments) == 1 and newest.is_pristine():
            self.reset_to(newest.shape.digest, digest_of(newest), newest.digests())

    def rerender(self, page: Page, rev: int) -> None:
        """Render again what was dropped. If the page has changed, its slots are unknown, but the references
        that it shows now are accepted.
        """
        fragment = page.__fragment__(None)
        if digest_of(fragment) == self._mark:
            self.record(rev, fragment)
        else:
            self._supposed = fragment


class SessionState:
    """The state of a page that is open in a browser. See the module for states and the order of calls."""

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
        data: bytes,
    ) -> None:
        self.site = site
        self.page = page
        self.token = token
        self.key = session_key(token)
        self.binding = PageBinding(site, address, identity, op_log)
        self.op_log = op_log
        self.history = history
        self.queue = OpQueue()
        self.state = State.DETACHED
        self.is_running = False
        """Whether the queue is being drained."""
        self.used = 0.0
        """When the browser has last sent something."""
        self.data = data
        """The page's state as JSON, after the latest operation."""
        self.is_unsaved = False
        """Whether the session has changed since its newest `snapshot`."""
        self.is_due = False
        """Whether there may be something to send."""
        self.drawn: Fragment | None = None
        """The newest render, until a frame has been made of it."""
        self.is_refused = False
        """Whether a guard has rejected the visitor: the page isn't rendered until guards accept again."""
        self._address = page.live.address
        self.url = path_and_query(self._address)
        """Path and query of the page, after the latest operation."""

    @property
    def name(self) -> str:
        """What the page is called in the log."""
        return self.binding.address.name

    @property
    def log_name(self) -> str:
        """A name of the session for the log, which doesn't reveal its token."""
        return self.key.rpartition(" ")[2][:12]

    @property
    def identity(self) -> str:
        """Who the visitor is."""
        return self.binding.identity

    @property
    def over(self) -> bool:
        """Whether nothing is to happen any more."""
        return self.state is State.OVER

    @property
    def is_attached(self) -> bool:
        """Whether there is a connection."""
        return self.state is State.ATTACHED or self.state is State.JOINING

    # Connections

    def joining(self, hello: Hello, resumption: Resumption, now: float) -> None:
        """Begin to continue over a new connection. Then call `welcome` and `attached`, or `detached`.

        Raise `ProtocolError` if the hello isn't of this session's page.
        """
        if self.state is State.OVER:
            raise ProtocolError("the page has ended meanwhile", REPLACED)
        if not resumption:
            self.op_log.resume(hello)
        elif resumption == "rebuilt":  # also if no welcome is sent
            self.op_log.uncertain = hello.op
        self._become(State.JOINING)
        self.used = now
        self.history.begin(in_doubt=hello.rev < 0, as_loaded=hello.token is None)
        self.page.live.is_raw = self.history.is_raw

    def welcome(
        self,
        hello: Hello,
        drawn: Fragment | None,
        resumption: Resumption = "",
        outdated: bool = False,
        html: str = "",
    ) -> str | None:
        """Return the welcome, with the patch from the hello's revision to `drawn`; without one if that is
        None.

        Return None if the whole page must be sent: render it from scratch, and call this with its `html`. Do
        so at once if the page is `outdated`, or in doubt of its own revision. Then store a `snapshot`,
        which the answer has changed, call `attached`, and send the answer.
        """
        if self.state is not State.JOINING:
            raise self._illegal(self.state.value, State.JOINING.value)
        op_log, history = self.op_log, self.history
        if drawn is None:
            return op_log.welcome(hello, self.token, [], [])
        if html:
            change: Change = {"page": html}
            resumption = resumption or "migrated"
        else:
            change = history.change(drawn, None if resumption or hello.rev == op_log.rev else hello.rev)
            if type(change) is dict:
                return None
        text = op_log.welcome(hello, self.token, change, history.known.take(), resumption, outdated)
        history.record(op_log.rev, drawn)
        return text

    def attached(self) -> None:
        """Note that the welcome is being sent: from now on, there are frames.

        Drain the queue, unless a task is doing so.
        """
        self._become(State.ATTACHED)

    def detached(self, now: float) -> None:
        """Note that the connection is lost. Drain the queue, unless a task is doing so: at its end, a
        `snapshot` is stored with which any worker can continue.
        """
        if self.state is not State.OVER:
            self._become(State.DETACHED)
        self.used = now
        self.is_unsaved = True

    def end(self) -> None:
        """Note that the page has ended, or belongs to another worker. Only `rest` may be called from now on.
        `OpQueue.abandon` drops what was queued.
        """
        self._become(State.OVER)

    def _become(self, state: State) -> None:
        if state not in _TRANSITIONS[self.state]:
            raise self._illegal(self.state.value, state.value)
        self.state = state

    def _illegal(self, before: str, after: str) -> IllegalTransition:
        return IllegalTransition(f"{self.name}: a session can't go from {before} to {after}")

    # Ops

    def receive(self, op: Op | Acknowledgement, now: float) -> Op | None:
        """Take a message of the page. Return it if it must run: add it, or what replaces it, to `queue`.

        Then drain the queue, unless a task is doing so: the message may have made a frame due. Raise
        `ProtocolError` if the message violates the protocol. Messages of a lost connection are ignored: the
        page sends them again.
        """
        if self.state is not State.ATTACHED:
            return None
        self.used = now
        op_log, new = self.op_log, None
        if isinstance(op, Acknowledgement):
            op_log.acknowledge(op.rev, now)
        elif len(self.queue) >= MAX_KEPT_ANSWERS and self.queue.is_full:
            raise ProtocolError("too many unanswered ops", CLOSE_LIMIT)
        elif op_log.accept(op, now):
            new = op
        else:
            self.is_due = True
        self.history.forget(op_log.seen)
        return new

    def begin(self) -> None:
        """Begin to drain the queue. Call `next_op` until there is none, and then `rest`."""
        if self.is_running:
            raise self._illegal("running", "running")
        self.is_running = True

    def next_op(self) -> Job | None:
        """Return the operation to run now; None if there is none. Call `completed` when it has ended."""
        if not self.is_running:
            raise self._illegal("resting", "running")
        return self.queue.take() if self.queue and self.state is not State.OVER else None

    def rest(self) -> bool:
        """End draining the queue. Return whether a `snapshot` at rest must be stored."""
        if not self.is_running:
            raise self._illegal("resting", "resting")
        self.is_running = False
        return self.is_unsaved and self.state is State.DETACHED

    def completed(self, job: Job, outcome: Outcome) -> None:
        """Note the outcome of an operation. Call `rendered` before, if it has run the page, and `frame`
        after.
        """
        if not isinstance(job, ServerOp):
            if outcome is DONE:
                self.op_log.finish(job.n)
            elif isinstance(outcome, Streaming):
                self.op_log.go_on(job.n)
            else:
                self.op_log.finish(job.n, *answer(outcome))
        elif job.n:
            self.op_log.finish_late(job.n, *answer(outcome))
        address = self.page.live.address
        if address is not self._address:
            self._address, self.url = address, path_and_query(address)
        self.is_due = self.is_unsaved = True

    def rendered(self, drawn: Fragment | None, data: bytes | None, *, is_refused: bool) -> None:
        """Note the page's render, if there is one, and its state after a run."""
        self.drawn = drawn
        self.data = data or self.data
        self.is_refused = is_refused

    def replace(
        self, page: Page, address: Address, identity: str, drawn: Fragment | None, data: bytes
    ) -> None:
        """Replace the page with another one."""
        self.page = page
        self.binding.become(address, identity)
        self.history.reset_to(b"", b"", None)
        self.rendered(drawn, data, is_refused=False)

    # What an op names

    def reference(self, op: Act) -> ActionRef[..., Any]:
        """Return the reference that an operation names.

        Raise `UnknownAction` or `ForgedReference` if the page didn't show it at the operation's revision.
        """
        if isinstance(op, CallFunction):
            return function(self.page, op.name)
        return self.shown(op.rev, op.address if isinstance(op, CallSlot) else op.reference)

    def shown(self, rev: int, name: str | list[int]) -> ActionRef[..., Any]:
        """Return the reference that a revision shows, by its text or by the address of its slot.

        References without a signature are those of actions with ``js=True``, which needn't be shown.
        """
        if rev < self.binding.since:
            raise UnknownAction("the page is no longer open")
        if not isinstance(name, str):
            return self.history.reference(rev, name)
        ref, mac = lookup(self.page, name), Reference.signature(name)
        if mac and not self.history.shows(rev, ref, mac):
            raise UnknownAction("the page no longer shows this reference")
        return ref

    def known_reference(self, op: Op) -> ActionRef[..., Any] | None:
        """Return the reference that a call names; None if it names none, or one that isn't shown."""
        try:
            if isinstance(op, CallSlot):
                return self.shown(op.rev, op.address)
            if isinstance(op, CallReference):
                return self.shown(op.rev, op.reference)
            return function(self.page, op.name) if isinstance(op, CallFunction) else None
        except (UnknownAction, ForgedReference):
            return None

    def must_detach(self, op: Op, ref: ActionRef[..., Any] | None) -> bool:
        """Return whether an operation needs a task of its own: newer ones must be received while it is
        running.

        `ref` is the operation's `known_reference`. A slot whose render was dropped may name any action.
        """
        if ref is None:
            return isinstance(op, (CallSlot, CallReference)) and self.history.newest is None
        return ref.action.runs_apart and not ref.action.streams

    # What goes out

    @property
    def can_send(self) -> bool:
        """Whether there is a frame to send, and the page can take it."""
        return self.is_due and self.state is State.ATTACHED and self.op_log.is_open

    @property
    def must_render(self) -> bool:
        """Whether the page must be rendered before `frame` is called: set `drawn`."""
        return self.drawn is None and not self.is_refused

    def frame(self, now: float, html: str = "") -> Frame | None:
        """Return the next frame, if `can_send`: it leads to `drawn`, or has no patch if that is None. Store
        its snapshot, and then send its text.

        Return None if the whole page must be sent: render it from scratch, and call this with its `html`.
        """
        op_log, history, drawn = self.op_log, self.history, self.drawn
        rev = op_log.rev
        if drawn is None:
            text = op_log.frame([], [], now)
            drawn = history.newest  # extras are on a revision of their own, which shows the same
        else:
            change: Change = {"page": html} if html else history.change(drawn)
            if type(change) is dict and not html:
                return None
            text = op_log.frame(change, history.known.take() if change else [], now)
            self.drawn = None
        if drawn is not None:
            history.record(op_log.rev, drawn)
        self.is_due = False
        if op_log.rev != rev:
            self.is_unsaved = True
        if not self.is_unsaved:
            return Frame(text, None)
        self.is_unsaved = False
        return Frame(text, self.draft())

    # The store

    def snapshot(self) -> Snapshot:
        """Return the current state, to be stored under this session's claim."""
        self.is_unsaved = False
        return self.draft()

    def draft(self) -> Snapshot:
        """Return the current state, for the HTML of the page.

        It is at rest if no operation runs, and none can arrive: any worker may continue from there.
        """
        op_log, history = self.op_log, self.history
        at_rest = not (self.is_running or self.is_attached or op_log.is_streaming) and op_log.is_certain
        return Snapshot(
            self.url,
            self.data,
            op_log.rev,
            op_log.done,
            tuple(op_log.answers) if op_log.answered else (),
            *history.marks(),
            history.digests() if at_rest else None,
            at_rest,
            tuple(op_log.extras),
            tuple(history.pending_patches(op_log.shown)) if at_rest else (),
        )

    def evict(self) -> None:
        """Drop what can be made again: renders, and the JSON of values."""
        self.history.evict()
        for component in components_of(self.page):
            component._live_record.written.clear()

    # Time

    def due(self, now: float, limits: Limits, sending_since: float | None = None) -> Due | None:
        """Return what is due; call this again when it is done.

        `sending_since` is the time at which sending the current message began.
        """
        if sending_since is not None and now - sending_since > limits.sending:
            return Due.DISCONNECT
        if self.state is State.ATTACHED and self.op_log.silence(now) > limits.silent:
            return Due.DISCONNECT
        if self.state is State.DETACHED and now - self.used > limits.detached:
            return Due.EXPIRE
        if self.is_running or self.state is State.OVER:
            return None
        if self.is_unsaved:
            return Due.SAVE
        return Due.EVICT if now - self.used > limits.idle else None


def resumed(snapshot: Snapshot, hello: Hello, outdated: bool) -> tuple[OpLog, RenderHistory]:
    """Return the op log and the history of a session that is rebuilt from a snapshot.

    `outdated` is that of the welcome.
    """
    history = RenderHistory()
    missed = dict(snapshot.missed).get(hello.rev)
    if hello.rev == snapshot.rev:
        history.reset_to(snapshot.shape, snapshot.mark, snapshot.digests)
    elif missed:
        history.reset_to(snapshot.shape, snapshot.mark, None, missed)
    else:
        history.reset_to(snapshot.shape, b"", None)
    rev = max(snapshot.rev, hello.rev) if outdated else snapshot.rev
    return OpLog(rev, snapshot.done, snapshot.answers, snapshot.extras), history


def is_behind(snapshot: Snapshot, hello: Hello) -> bool:
    """Return whether the page knows more than a stored snapshot: its worker may be about to store more."""
    return not snapshot.at_rest and (hello.op > snapshot.done or hello.rev > snapshot.rev)


def continues(snapshot: Snapshot, hello: Hello) -> tuple[Resumption, bool]:
    """Return the resumption of a session that goes on from a snapshot, and whether that is outdated."""
    if snapshot.rev < hello.rev:
        return "rebuilt", True
    return ("migrated" if snapshot.at_rest or hello.op <= snapshot.done else "rebuilt"), False
