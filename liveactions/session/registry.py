"""The sessions of a worker.

When a page connects, it is attached to its session if this worker has it. Otherwise, a session is created
from the page's newest snapshot, in the store or in its HTML. Idle sessions are saved and dropped in rounds.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from typing import Final, NamedTuple

from starlette.requests import HTTPConnection, Request

from ..actions.request import PageRequest
from ..exceptions import (
    INTERNAL_ERROR,
    REPLACED,
    LiveError,
    ProtocolError,
    StoreError,
)
from ..execution.app_context import AppContext, RouteMatch
from ..execution.effects import flash_restarted
from ..execution.opening import OpenedPage, Source, open_page
from ..execution.run import PageRun
from ..logs import get_logger
from ..observation import OUTCOMES, Operation, Stats, observed
from ..pages.page import Page
from ..pages.presence import read_entries
from ..pages.state import restore_state
from ..protocol.constants import CLOSE_LIMIT, CLOSE_NO_HELLO, CLOSE_OVER, CLOSE_PROTOCOL, CLOSE_VERSION
from ..protocol.messages import Hello
from ..pubsub.base import Message
from ..pubsub.channel import BrokerChannel
from ..pubsub.presence import Presence
from ..store.snapshots import Snapshot
from ..tasks import Recurring, Supervisor, contained
from ..templates import Fragment
from ..types import DONE, Failed, Outcome
from .frames import Connection
from .observed import DebuggedSession, ObservedSession
from .op_queue import ServerOp
from .request_probe import as_request, through_middleware
from .resuming import FROM_MEMORY, OTHERS_PAGE, ResumeSource, find_source, restore_logs
from .runner import Session
from .state import Due, SessionState
from .subscriptions import SubscriptionIndex

log = get_logger(__name__)
MAINTENANCE_INTERVAL: Final = 1.0
"""Seconds between two rounds of maintenance."""
IDLE_INTERVAL: Final = 60.0
"""Seconds between two rounds of a worker without pages."""
POLLS_PER_ROUND: Final = 20
"""How often messages of other workers are received in each of these intervals."""
ADDRESS: Final = ("path", "query_string")
"""The parts of an ASGI scope that are an address."""

REASONS: Final[dict[int, str]] = {
    1000: "left",
    INTERNAL_ERROR: "error",
    REPLACED: "reconnect",
    CLOSE_PROTOCOL: "protocol",
    CLOSE_VERSION: "version",
    CLOSE_LIMIT: "limit",
    CLOSE_NO_HELLO: "silent",
    CLOSE_OVER: "over",
}
"""Reasons for closing connections, by close code."""


class Arrival(NamedTuple):
    """A page that joins: its hello, and its GET as it would be now, after the application's middleware."""

    hello: Hello
    opened: HTTPConnection
    """The connection over which the hello has arrived."""
    found: RouteMatch
    request: PageRequest
    identity: str


class SessionRegistry:
    """All sessions of this process."""

    def __init__(self, site: AppContext, channel: BrokerChannel) -> None:
        self.site = site
        self.is_draining = False
        """Whether this worker is handing its pages over to others."""
        self._channel = channel
        self._sessions: dict[str, Session] = {}
        self._hosts: Counter[str] = Counter()
        self.presence = Presence(channel, read_entries, self._start_maintenance)
        """The presence table, shared with other workers."""
        site.services.presence = self.presence
        self._index = SubscriptionIndex(channel, lambda: (one.subscriptions for one in self))
        self._maintenance = Supervisor(lambda: "the maintenance of open pages")
        self._rounds = Supervisor(lambda: "a round of maintenance")
        self._idle = Supervisor(lambda: "the maintenance of an idle worker")
        self._receiving = Recurring("receiving messages of other workers", channel.catch_up)
        self._each_round = [
            Recurring("removing expired uploads", site.uploads.sweep_if_due),
            Recurring("applying saved templates", self._show_saved_templates),
            Recurring("maintenance of the store", site.snapshots.store.maintain),
        ]
        self._presence_tick = Recurring("checking presence", self.presence.tick)
        self.answering: Recurring | None = None
        """Answers other workers that ask for a report, if there is a dashboard."""

    def __len__(self) -> int:
        return len(self._sessions)

    def __iter__(self) -> Iterator[Session]:
        return iter(list(self._sessions.values()))

    async def join(self, hello: Hello, opened: HTTPConnection, connection: Connection) -> Session:
        """Return the session of the page that has sent a hello, attached to its connection.

        Raise `ProtocolError` if the page can't be joined.
        """
        if not self.site.observers:
            return await self._join(hello, opened, connection)
        with observed(self.site.observers, Operation("join", "", opened.headers)) as operation:
            try:
                session = await self._join(hello, opened, connection)
            except ProtocolError as error:
                operation.status = error.code
                raise
            operation.page = session.state.name
            return session

    async def _join(self, hello: Hello, opened: HTTPConnection, connection: Connection) -> Session:
        if self.is_draining:
            raise ProtocolError("the worker is being stopped", REPLACED)
        arrival = await self._arrive(hello, opened)
        session = await self._find_here(arrival)
        if session is not None:
            await self._attach(session, connection, hello)
        else:
            session = await self._create(arrival, connection)
        self.site.counters.resumes += hello.token is not None
        return session

    def by_token(self, token: str) -> Session | None:
        """Return the session with a token, if this worker has it."""
        return self._sessions.get(token)

    async def with_stream(self, hello: Hello, opened: HTTPConnection) -> Session | None:
        """Return the session of the page that has sent a hello, guarded for this request, if it sends its
        frames over a one-way connection of this process.

        Return None otherwise, or if the page asks for its whole HTML. Raise `ProtocolError` as `join`.
        """
        session = self._sessions.get(hello.token or "")
        connection = session.connection if session is not None else None
        if connection is None or not connection.one_way or hello.rev < 0:
            return None
        session = await self._find_here(await self._arrive(hello, opened))
        return session if session is not None and session.connection is connection else None

    async def owns(self, hello: Hello) -> bool:
        """Return whether this process has the page's session, and no other worker has claimed it."""
        session = self._sessions.get(hello.token or "")
        if session is None or session.state.is_over:
            return False
        return session.state.is_running or await session.save()

    async def _arrive(self, hello: Hello, opened: HTTPConnection) -> Arrival:
        found = self.site.find(opened, hello.url)
        if found is None:
            raise ProtocolError("no page has this address", CLOSE_OVER)
        request = await _page_request(opened, hello.url, found)
        return Arrival(hello, opened, found, request, await self.site.identity(request))

    async def _renew(self, session: Session, arrival: Arrival) -> None:
        """Continue a session with a newer request. Raise `ProtocolError` if the guards reject it."""
        page = session.state.page
        if _replace_request(page, (await self._with_address(session.state.url, arrival)).request):
            session.subscriptions.mark_all_stale()
        run = PageRun(page)
        closed = await run.close(await run.guard() or DONE)
        if not closed.ok:
            raise _refusal(closed)

    async def _with_address(self, url: str, arrival: Arrival) -> Arrival:
        """Return the arrival with a request for `url`, the address of the page's state. The hello may have
        named another one, but guards decide by the request: they must see the address whose state they
        accept.

        Return the arrival unchanged if an error page has replaced the page, because that has no route.
        """
        here = self.site.find(arrival.opened, url)
        if url == arrival.hello.url.partition("#")[0] or here is None:
            return arrival
        return arrival._replace(found=here, request=await _page_request(arrival.opened, url, here))

    async def _attach(
        self,
        session: Session,
        connection: Connection,
        hello: Hello,
        resume: ResumeSource = FROM_MEMORY,
        drawn: Fragment | None = None,
    ) -> None:
        self._start_maintenance()
        try:
            await session.attach(connection, hello, resume.resumption, resume.outdated, drawn)
        except BaseException:
            await session.detach(connection)  # the endpoint can't: it doesn't know the session yet
            raise

    async def _find_here(self, arrival: Arrival) -> Session | None:
        """Return this process's session of the page, guarded for the new request. Return None if there is
        none, or another worker has taken the page over.
        """
        hello = arrival.hello
        session = self._sessions.get(hello.token or "")
        if session is None:
            return None
        state = session.state
        # `save` finds that out, too, but not while an operation is running or the store fails.
        was_elsewhere = hello.rev > state.op_log.rev
        if state.is_over or was_elsewhere or not (state.is_running or await session.save()):
            self._drop(session)
            return None
        if not state.binding.is_of(arrival.found.route, arrival.identity, hello.rev):
            if state.identity or not arrival.identity:
                raise ProtocolError(OTHERS_PAGE, CLOSE_OVER)
            return None  # the visitor has signed in: the page starts again
        await self._renew(session, arrival)
        return session

    # Sessions created from snapshots

    async def _create(self, arrival: Arrival, connection: Connection) -> Session:
        hello = arrival.hello
        host = await self._admit(arrival.request)
        await self._index.open()
        position = self._index.position
        try:
            resume = await find_source(self.site, hello, arrival.found.route, arrival.identity)
        except StoreError as error:  # there is a state, but it can't be read now
            raise ProtocolError("the page's state can't be read; try again later", INTERNAL_ERROR) from error
        if resume.snapshot is not None:
            arrival = await self._with_address(resume.snapshot.url, arrival)
        page, resume, opened = await self._open_page(resume, arrival)
        snapshot = resume.snapshot or Snapshot("", None)
        op_log, history = restore_logs(snapshot, hello, resume.outdated)
        token = (resume.epoch and hello.token) or secrets.token_urlsafe(16)
        state = SessionState(
            self.site,
            page,
            arrival.found.route,
            identity=arrival.identity,
            token=token,
            op_log=op_log,
            history=history,
            data=opened.state or (),
        )
        session = self._session_class(state, self._index, host, resume.epoch)
        if token in self._sessions:  # another connection of this page has joined meanwhile
            self._drop(self._sessions[token])
        self._sessions[token] = session
        self._hosts[host] += 1
        await self._attach(session, connection, hello, resume, opened.drawn)
        session.subscriptions.listen(position)
        return session

    @property
    def _session_class(self) -> type[Session]:
        if self.site.services.debug:
            return DebuggedSession
        return ObservedSession if self.site.observers else Session

    async def _open_page(
        self, resume: ResumeSource, arrival: Arrival
    ) -> tuple[Page, ResumeSource, OpenedPage[Fragment]]:
        """Open the page in the state of its snapshot; without one, or if it can't be restored, at its
        address. Return it, how it continues, and its first render and state.

        Raise `ProtocolError` if it can't be opened.
        """
        route = arrival.found.route
        context = self.site.context(route, arrival.identity)
        page = self.site.new_page(route.page, arrival.request, context, arrival.identity, arrival.hello.tab)
        if resume.snapshot is not None:
            try:
                restore_state(page, resume.snapshot.state)
            except LiveError as error:  # another version of the page's class
                log.warning("could not restore a page, starting it again: %s", error)
                return await self._open_page(ResumeSource(None, "rebuilt", outdated=True), arrival)
        if resume.outdated:
            self.site.counters.restarts += 1
            flash_restarted(page.live, resume.message)
        source = Source.ADDRESS if resume.snapshot is None else Source.STATE
        opened = await open_page(page, source, draw=lambda _: _draw(page))
        if not opened.outcome.ok:
            raise _refusal(opened.outcome)
        return page, resume, opened

    async def _admit(self, request: Request) -> str:
        """Make room for a session within the limits. Return the client IP, for the limit per address.

        Raise `ProtocolError` if all sessions are in use.
        """
        host = request.client.host if request.client else ""
        limits = self.site.limits
        if self._hosts[host] >= limits.sessions_per_address:
            await self._make_room([session for session in self if session.host == host])
        if len(self._sessions) >= limits.sessions:
            await self._make_room(list(self))
        return host

    async def _make_room(self, sessions: list[Session]) -> None:
        """Drop the session that has had no connection for the longest time; it can be resumed from the store.

        Raise `ProtocolError` if all of them are in use.
        """
        detached = [one for one in sessions if one.connection is None and not one.is_busy]
        if not detached:
            raise ProtocolError("too many open pages", CLOSE_LIMIT)
        session = min(detached, key=lambda one: one.state.last_seen)
        self._drop(session)
        await self._suspend(session)

    def _drop(self, session: Session) -> None:
        if self._sessions.get(session.state.token) is session:
            del self._sessions[session.state.token]
            session.release()
            self._hosts[session.host] -= 1
            if not self._hosts[session.host]:
                del self._hosts[session.host]

    # Maintenance

    def start(self) -> None:
        """Start the maintenance of a worker without pages: other workers may leave journals and uploads."""
        self._idle.start(self._idle_loop())

    async def _idle_loop(self) -> None:
        while True:
            await asyncio.sleep(IDLE_INTERVAL)
            if not self._maintenance:
                await self.run_maintenance(time.monotonic())

    def _start_maintenance(self) -> None:
        if not self._maintenance:
            self._maintenance.start(self._maintenance_loop())

    async def _maintenance_loop(self) -> None:
        while self._sessions or self.presence.is_running:
            for _ in range(POLLS_PER_ROUND):
                await asyncio.sleep(MAINTENANCE_INTERVAL / POLLS_PER_ROUND)
                self._receiving.run()
                if self.answering is not None:
                    self.answering.run()
            if self.presence.is_running:
                self._presence_tick.run()
            if not self._rounds:  # in a task, so that a slow store doesn't delay messages
                self._rounds.start(self.run_maintenance(time.monotonic()))

    async def run_maintenance(self, now: float) -> None:
        """Save, drop and close sessions that are due."""
        for recurring in self._each_round:
            recurring.run()
        busy = [(session, due) for session in self if (due := session.due(now)) is not None]
        await asyncio.gather(*(self._maintain(session, due) for session, due in busy))
        for session in self:
            if session.state.is_over:
                self._drop(session)

    async def _maintain(self, session: Session, due: Due) -> None:
        with contained("%s: %s", session.state.name, due.value):
            if due is not Due.EXPIRE:
                await session.run_maintenance(due)
                return
            self._drop(session)
            if not session.is_busy and await session.save():
                session.forget_files()  # unless another worker has the page

    def _show_saved_templates(self) -> None:
        """Render all open pages again when templates were saved (debug mode only)."""
        services = self.site.services
        if services.debug and services.templates is not None and services.templates.saved():
            for session in self:
                if session.state.is_attached:
                    session.submit(ServerOp(session.frames.show_templates))

    def stats(self) -> Stats:
        """Return the current numbers of this worker."""
        counters, sessions = self.site.counters, list(self)
        return Stats(
            uptime=time.monotonic() - counters.started,
            sessions=len(sessions),
            connected=sum(one.state.is_attached for one in sessions),
            queue=sum(len(one.state.queue) for one in sessions),
            ops={name: counters.ops[kind] for kind, name in OUTCOMES.items()},
            pushes=counters.pushes,
            patches=counters.patches,
            sent_bytes=counters.sent_bytes,
            resumes=counters.resumes,
            restarts=counters.restarts,
            gaps=self._index.gaps,
            store_latency=self.site.snapshots.store.latency,
            closes={name: counters.closes[code] for code, name in REASONS.items()},
        )

    def sign_out(self, identity: str) -> None:
        """End all pages of an identity, in all processes, as soon as their running operations have ended."""
        self._channel.publish(Message("user", identity))

    async def close(self) -> None:
        """Accept no more pages, and store the state of all: the process ends."""
        self.is_draining = True
        self._idle.cancel()
        self._index.close()
        self.presence.stop()
        await self.save_all()

    async def save_all(self) -> None:
        """Store the state of all pages, so that other workers can continue them."""
        await asyncio.gather(*(self._suspend(session) for session in self))

    async def _suspend(self, session: Session) -> None:
        with contained("%s: storing its state", session.state.name):
            await session.suspend()


def _refusal(outcome: Outcome) -> ProtocolError:
    """Return the error for a page that can't be joined. A page that is refused loads again, which shows
    why.
    """
    if isinstance(outcome, Failed) and outcome.status >= 500:
        return ProtocolError(f"the page failed to open; try again later ({outcome.id})", INTERNAL_ERROR)
    return ProtocolError("the page can't be opened", CLOSE_OVER)


def _draw(page: Page) -> Fragment | None:
    """Return a page's first render; None if it fails: writing the welcome fails, too, and reports it."""
    with suppress(Exception):
        return page.__fragment__(None)
    return None


def _replace_request(page: Page, request: PageRequest) -> bool:
    """Replace the page's request with a newer one, which keeps the cookies that were set in the previous one.

    Return whether the browser's cookies have changed.
    """
    before = page.live.request
    page.live.renew(request)
    changes = before.take_changes() if isinstance(before, PageRequest) else None
    if changes is not None:
        request.put_back(changes)
    return before is not None and before.headers.get("cookie") != request.headers.get("cookie")


async def _page_request(opened: HTTPConnection, url: str, found: RouteMatch) -> PageRequest:
    """Return the page's GET as it would be now. Raise `ProtocolError` if middleware rejects it."""
    request = as_request(opened, url, found.parameters)
    if opened.scope["type"] == "http" and all(request.scope[one] == opened.scope[one] for one in ADDRESS):
        return request  # middleware has already accepted it for this address
    arrived = await through_middleware(request)
    if arrived is None:
        raise ProtocolError("the page can't be opened", CLOSE_OVER)
    return arrived
