"""A session as a state machine without I/O: no sockets, no tasks, no clock, no store.

A session is one page that is open in a browser. Call a method of `SessionState` to report an event: a message
has arrived, an operation has ended, the page has been rendered. The methods decide which operation runs next,
what to send, what to store before that, and what is due. Times are arguments. `session.runner` does the I/O.

Theory of operation
-------------------
*Connections.* `State` says whether a connection shows the page. A method that has no entry in this table for
the current state raises `IllegalTransition`::

    state     joining   attached  detached  end    the session
    --------  --------  --------  --------  -----  ------------------------------------------------------
    DETACHED  JOINING             DETACHED  OVER   has no connection; operations still run
    JOINING   JOINING   ATTACHED  DETACHED  OVER   has received a hello, but not yet sent the welcome
    ATTACHED  JOINING             DETACHED  OVER   sends frames
    OVER                          OVER      OVER   has ended, or belongs to another worker

A connection that joins replaces the previous one. Messages are only accepted while ATTACHED: the page sends
again what a lost connection delivers late.

*The queue* is either at rest or being drained: `begin`, then `next_op` until it returns None, then `rest`.
Only one task drains it, so operations run one at a time, in the order of their arrival. An operation that
arrives at rest is run by the task that reads its connection, which reads nothing else meanwhile: this limits
how fast a browser can send. An operation that newer ones may cancel (`must_detach`) needs a task of its own,
which then drains the queue.

*Frames.* `rendered` and `completed` record what an operation has changed; the next `frame` sends it as soon
as the page can take it. Several operations may share a frame. If a frame is lost with its connection, the
next `welcome` makes up for it: its patch leads from the revision in the hello to the newest one. The numbers
are explained in `protocol.op_log`.

*The store.* A frame comes with the snapshot that must be stored before it is sent, so that a stored state is
never older than the page. A snapshot *at rest* promises that no later operation has run anywhere. When a
connection joins, a snapshot that isn't at rest is stored, before an operation can break this promise.

*Revisions and pages.* Slots and references mean what they meant at the revision that showed them. When
another page or another visitor takes over the session, nothing that was shown before `PageBinding.since` can
be called. Until the browser acknowledges a newer revision, it may still name the former page.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, Final, NamedTuple
from zlib import compress, decompress

from ..actions.action import ActionRef
from ..config import Limits
from ..exceptions import REPLACED, ForgedReference, ProtocolError, UnknownAction
from ..execution.app_context import AppContext, PageRoute
from ..pages.component import change_context, components_of, streams_of
from ..pages.lookup import lookup, lookup_function
from ..pages.page import Page
from ..pages.urls import path_and_query
from ..protocol.constants import CLOSE_LIMIT
from ..protocol.messages import (
    Acknowledgement,
    Act,
    Call,
    CallFunction,
    CallReference,
    CallSlot,
    Change,
    Hello,
    Op,
    answer,
)
from ..protocol.op_log import MAX_KEPT_ANSWERS, OpLog, Resumption
from ..security.references import Reference
from ..store.long_states import StateJSON
from ..store.snapshots import Snapshot, session_key
from ..templates import Fragment
from ..types import DONE, Outcome, Streaming
from .op_queue import Job, OpQueue, ServerOp
from .renders import RenderHistory

MIN_COMPRESSED: Final = 1024
"""Bytes of a state that is worth compressing while the page is idle."""
ITEMS_GONE: Final = "the page's streams begin again"
OLD_COOKIES: Final = "the page's cookies are checked again"


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
    """A task of maintenance that is due."""

    SAVE = "save"  # a `snapshot`
    EVICT = "evict"  # see `SessionState.evict`
    DISCONNECT = "disconnect"  # the browser doesn't read or acknowledge what it is sent
    EXPIRE = "expire"  # no page has reconnected: drop the session, after storing a `snapshot` at rest


class Frame(NamedTuple):
    """A message to send, and the snapshot to store before that."""

    text: str | None
    """The message; None if there is nothing to send."""
    snapshot: Snapshot | None
    """The snapshot to store before the message is sent; None if nothing has changed."""


class PageBinding:
    """The page's route and identity, and the former ones that the browser may still name."""

    def __init__(self, site: AppContext, route: PageRoute, identity: str, op_log: OpLog) -> None:
        self._site = site
        self._op_log = op_log
        self._former: frozenset[tuple[PageRoute, str]] = frozenset()
        self.route = route
        self.identity = identity
        self.context = site.context(route, identity)
        """The context in which snapshots are sealed."""
        self.since = op_log.rev
        """The first revision that shows this page."""

    def become(self, route: PageRoute, identity: str) -> None:
        """Bind the session to another page or identity, which the browser doesn't show yet."""
        former = self._former if self._op_log.shown < self.since else frozenset()
        self._former = former | {(self.route, self.identity)}
        self.since = self._op_log.rev + 1
        self.route, self.identity = route, identity
        self.context = self._site.context(route, identity)

    def is_of(self, route: PageRoute, identity: str, rev: int) -> bool:
        """Return whether a browser at revision `rev` may show this page to this identity."""
        now = route is self.route and identity == self.identity
        return now or (rev < self.since and (route, identity) in self._former)


class SessionState:
    """The state of one open page. The module's docstring explains states and the order of calls."""

    def __init__(
        self,
        site: AppContext,
        page: Page,
        route: PageRoute,
        *,
        identity: str,
        token: str,
        op_log: OpLog,
        history: RenderHistory,
        data: StateJSON,
    ) -> None:
        self.site = site
        self.page = page
        self.token = token
        self.key = session_key(token)
        self.binding = PageBinding(site, route, identity, op_log)
        self.op_log = op_log
        self.history = history
        self.queue = OpQueue()
        self.state = State.DETACHED
        self._joining: tuple[Hello, Resumption, bool]
        """The hello of the newest connection, and how its page continues."""
        self.is_running = False
        """Whether the queue is being drained."""
        self.last_seen = 0.0
        """When the browser last sent something."""
        self.data = data
        self.is_unsaved = False
        """Whether the session has changed since its newest `snapshot`."""
        self.needs_flush = False
        """Whether there may be a frame to send."""
        self.drawn: Fragment | None = None
        """The newest render, until a frame has been made of it."""
        self._is_evicted = False
        """Whether `evict` has dropped everything that it can."""
        self.is_refused = False
        """Whether a guard has rejected the visitor: the page isn't rendered until guards accept again."""
        self.has_failed = False
        """Whether loading or rendering has failed after the latest operation, which has been logged."""
        self._address = page.live.address
        self.url = path_and_query(self._address)
        """Path and query of the page, after the latest operation."""

    @property
    def data(self) -> StateJSON:
        """The page's state as JSON, after the latest operation."""
        return (decompress(self._data),) if isinstance(self._data, bytes) else self._data

    @data.setter
    def data(self, data: StateJSON) -> None:
        self._data: StateJSON | bytes = data

    @property
    def name(self) -> str:
        """The page's name for the log."""
        return self.binding.route.name

    @property
    def log_name(self) -> str:
        """The session's name for the log, which doesn't reveal its token."""
        return self.key.rpartition(" ")[2][:12]

    @property
    def identity(self) -> str:
        """The visitor's identity; "" if there is none."""
        return self.binding.identity

    @property
    def is_over(self) -> bool:
        """Whether the page has ended, or belongs to another worker."""
        return self.state is State.OVER

    @property
    def is_attached(self) -> bool:
        """Whether there is a connection."""
        return self.state is State.ATTACHED or self.state is State.JOINING

    # Connections

    def joining(self, hello: Hello, resumption: Resumption, now: float, outdated: bool = False) -> None:
        """Note that a connection joins. Then call `welcome` and `attached`, or `detached`.

        `outdated`: the page shows an older state than before, or starts again. Raise `ProtocolError` if the
        hello doesn't fit this session's page.
        """
        if self.state is State.OVER:
            raise ProtocolError("the page has ended meanwhile", REPLACED)
        if not resumption:
            self.op_log.resume(hello)
        elif resumption == "rebuilt":  # also if no welcome is sent
            self.op_log.uncertain = hello.op
        self._become(State.JOINING)
        self._joining = hello, resumption, outdated
        self.last_seen = now
        self.history.begin(in_doubt=hello.rev < 0, as_loaded=hello.token is None)
        self.page.live.is_raw = self.history.is_raw

    @property
    def must_send_page(self) -> bool:
        """Whether the welcome needs the whole page: it is outdated, or markers are in the wrong places."""
        hello, _, outdated = self._joining
        return outdated or hello.rev < 0

    @property
    def is_joining_first(self) -> bool:
        """Whether the page that joins has no session yet: it has just been loaded."""
        return self._joining[0].token is None

    @property
    def is_joining_current(self) -> bool:
        """Whether the page that joins already shows the newest revision of its session."""
        hello, resumption, outdated = self._joining
        is_rebuilt = bool(resumption) or outdated or hello.token is None
        return not is_rebuilt and hello.rev == self.op_log.rev

    def welcome(self, drawn: Fragment | None, html: str = "") -> str | None:
        """Return the welcome, with the patch from the hello's revision to `drawn`; without one if that is
        None.

        Return None if the whole page must be sent: render it from scratch, and call this with its `html`.
        Then store a `snapshot`, which the answer has changed, call `attached`, and send the answer.
        """
        if self.state is not State.JOINING:
            raise self._illegal(self.state.value, State.JOINING.value)
        op_log, history = self.op_log, self.history
        hello, resumption, outdated = self._joining
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
        self._record(drawn)
        return text

    def attached(self) -> None:
        """Note that the welcome is being sent: from now on, frames follow.

        Then drain the queue, unless a task is doing so.
        """
        self._become(State.ATTACHED)

    def detached(self, now: float) -> None:
        """Note that the connection is lost. Then drain the queue, unless a task is doing so: `rest` asks for
        a `snapshot` from which any worker can continue.
        """
        if self.state is not State.OVER:
            self._become(State.DETACHED)
        self.last_seen = now
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
        """Take a message of the page. Return it if it must run: append it, or its replacement, to `queue`.

        Then drain the queue, unless a task is doing so: the message may have made a frame due. Raise
        `ProtocolError` if the message violates the protocol. Messages of a lost connection are ignored: the
        page sends them again.
        """
        if self.state is not State.ATTACHED:
            return None
        self.last_seen = now
        op_log, new = self.op_log, None
        if isinstance(op, Acknowledgement):
            op_log.acknowledge(op.rev, now)
        elif len(self.queue) >= MAX_KEPT_ANSWERS and self.queue.is_full:
            raise ProtocolError("too many unanswered ops", CLOSE_LIMIT)
        elif op_log.accept(op, now):
            new = op
        else:
            self.needs_flush = True
        self.history.forget(self.queue.oldest_revision(op_log.seen))
        for stream in streams_of(self.page):
            stream.acknowledged(op_log.seen)
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
        """Note the outcome of an operation. If it has run the page, call `rendered` first. Then call
        `frame`.
        """
        if not isinstance(job, ServerOp):
            if outcome is DONE:
                self.op_log.finish(job.n)
            elif isinstance(outcome, Streaming):
                self.op_log.start_concurrent(job.n)
            else:
                self.op_log.finish(job.n, *answer(outcome))
        elif job.n:
            self.op_log.finish_concurrent(job.n, *answer(outcome))
        address = self.page.live.address
        if address is not self._address:
            self._address, self.url = address, path_and_query(address)
        self.needs_flush = self.is_unsaved = True
        self._is_evicted = False

    def rendered(
        self,
        drawn: Fragment | None,
        data: StateJSON | None,
        *,
        is_refused: bool = False,
        has_failed: bool = False,
    ) -> None:
        """Note the page's render, if there is one, and its state as JSON after a run."""
        self.drawn = drawn
        self.data = data or self.data
        self.is_refused = is_refused
        self.has_failed = has_failed

    def replace(
        self, page: Page, route: PageRoute, identity: str, drawn: Fragment | None, data: StateJSON
    ) -> None:
        """Replace the page with another one."""
        self.page = page
        self.binding.become(route, identity)
        self._update_context()
        self.history.reset()
        self.rendered(drawn, data)

    def replace_by_copy(self, page: Page) -> None:
        """Replace the page with a copy of it, which has to be rendered."""
        self.page = page
        self.history.drop()

    def identify(self, identity: str) -> None:
        """Continue with a visitor of this identity, which may be the same as before."""
        if identity != self.binding.identity:
            self.binding.become(self.binding.route, identity)
        self._update_context()

    def _update_context(self) -> None:
        """Let the page's references be signed for its class and the visitor's identity from now on."""
        page, binding = self.page, self.binding
        if page.live.context != binding.context:
            change_context(page, binding.context)
            if page.live.kept is not None:
                page.live.kept.become(binding.identity)

    def add(self, extras: Mapping[str, Any]) -> None:
        """Send extras with the next frame: cookie tickets, the address, DOM events."""
        self.op_log.add(extras)
        self.needs_flush = True

    # References

    def reference(self, op: Act) -> ActionRef[..., Any]:
        """Return the reference that an operation names.

        Raise `UnknownAction` or `ForgedReference` if the page didn't show it at the operation's revision.
        """
        if isinstance(op, CallFunction):
            return lookup_function(self.page, op.name)
        return self.shown_reference(op.rev, op.address if isinstance(op, CallSlot) else op.reference)

    def shown_reference(self, rev: int, name: str | list[int]) -> ActionRef[..., Any]:
        """Return the reference that a revision shows, by its text or by the address of its slot.

        Raise `UnknownAction` or `ForgedReference` if there is none. References without a signature are those
        of actions with ``js=True``, which needn't be shown.
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
            return self.reference(op) if isinstance(op, Call) else None
        except (UnknownAction, ForgedReference):
            return None

    def must_detach(self, op: Op, ref: ActionRef[..., Any] | None) -> bool:
        """Return whether an operation needs a task of its own, so that newer ones are received while it runs.

        `ref` is the operation's `known_reference`. A slot whose render was dropped may name any action.
        """
        if ref is None:
            return isinstance(op, (CallSlot, CallReference)) and self.history.newest is None
        return ref.action.runs_concurrently and not ref.action.streams

    # Frames

    @property
    def can_send(self) -> bool:
        """Whether there is a frame to send, and the page can take it."""
        return self.needs_flush and self.state is State.ATTACHED and self.op_log.is_open

    @property
    def must_render(self) -> bool:
        """Whether the page must be rendered before `frame` is called: set `drawn`."""
        return self.drawn is None and not self.is_refused

    def frame(self, now: float, html: str = "") -> Frame | None:
        """Return the next frame, if `can_send`: its patch leads to `drawn`, or is empty if that is None.
        Store its snapshot, and then send its text.

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
            self._record(drawn)
        self.needs_flush = False
        if op_log.rev != rev:
            self.is_unsaved = True
        if not self.is_unsaved:
            return Frame(text, None)
        self.is_unsaved = False
        return Frame(text, self.draft())

    def _record(self, drawn: Fragment) -> None:
        """Note that the newest revision shows a render."""
        self.history.record(self.op_log.rev, drawn)
        self._is_evicted = False
        for stream in streams_of(self.page):
            stream.sent(self.op_log.rev)

    # The store

    def snapshot(self) -> Snapshot:
        """Return the current state, to be stored under this session's claim."""
        self.is_unsaved = False
        return self.draft()

    def draft(self) -> Snapshot:
        """Return the current state, for the page's HTML.

        It is at rest if no operation is running, and none can arrive: any worker may continue from there.
        """
        op_log, history = self.op_log, self.history
        at_rest = not (self.is_running or self.is_attached or op_log.is_streaming) and op_log.is_certain
        return Snapshot(
            self.url,
            self.data,
            op_log.rev,
            op_log.done,
            tuple(op_log.answers) if op_log.answered else (),
            *history.root_digests(),
            history.digests() if at_rest else None,
            at_rest,
            tuple(op_log.extras),
            tuple(history.pending_patches(op_log.shown)) if at_rest else (),
            history.shape_since,
        )

    def evict(self) -> None:
        """Drop what can be computed again: renders, and the JSON of values. Compress the state."""
        self.history.evict()
        for component in components_of(self.page):
            component._live_record.written.clear()
        if not isinstance(self._data, bytes) and sum(map(len, self._data)) > MIN_COMPRESSED:
            self._data = compress(b"".join(self._data), 1)
        self._is_evicted = self.history.newest is None

    # Time

    def due(self, now: float, limits: Limits, sending_since: float | None = None) -> Due | None:
        """Return what is due; None if nothing is. Call this again when it is done.

        `sending_since` is when sending the current message began.
        """
        if sending_since is not None and now - sending_since > limits.sending:
            return Due.DISCONNECT
        if self.state is State.ATTACHED and self.op_log.seconds_unacknowledged(now) > limits.silent:
            return Due.DISCONNECT
        if self.state is State.DETACHED and now - self.last_seen > limits.detached:
            return Due.EXPIRE
        if self.is_running or self.state is State.OVER:
            return None
        if self.is_unsaved:
            return Due.SAVE
        return Due.EVICT if not self._is_evicted and now - self.last_seen > limits.idle else None
