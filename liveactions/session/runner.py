"""A session's queue: ops run one at a time, in the order in which they came.

One open page: its ops one at a time, what was rendered, and the socket that shows it.

A session outlives its sockets: a lost connection cancels no op. Ops run in the task that received
them (handing each to a task of its own would cost a tenth of the whole op); while one is running,
what comes from elsewhere (another socket of the same page, a timer) waits in a queue that the running
task empties.

What a page has been told is in the store before it is told: a state that is found there is never older
than what the page shows, whatever is killed. States that are too large for that are stored within a
second.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from itertools import islice, takewhile
from logging import getLogger
from typing import Any, Final

from ..exceptions import LiveError, ProtocolError
from ..execution.app_context import Address, AppContext
from ..execution.dependencies import around
from ..execution.effects import begin_due
from ..execution.loading import forsake
from ..execution.results import failure, unexpected
from ..execution.run import PageRun
from ..pages.component import change_context, describe, walk
from ..pages.page import Page
from ..pages.page_html import document
from ..pages.urls import path_and_query
from ..protocol.constants import CLOSE_LIMIT, CLOSE_OVER, CLOSE_PROTOCOL
from ..protocol.messages import Acknowledgement, Bye, Change, Hello, Op, answer
from ..protocol.op_log import MAX_KEPT_ANSWERS, OpLog, Rebuilt
from ..store.snapshots import session_key
from ..tasks import Supervisor
from ..templates import Fragment
from ..types import DONE, Failed, Ok, Outcome, RedirectTo
from .concurrency import ConcurrentOps, dropped
from .connection import INTERNAL_ERROR, REPLACED, Connection
from .dispatch import UNKNOWN, dispatch_op, record_outcome, run_of
from .navigation import problem_of, resolve_outcome
from .request_probe import keep_cookies
from .server_ops import Background, Developer, ServerOp, Timers
from .state import PageBinding, RenderHistory, SnapshotWriter
from .subscriptions import SubscriptionIndex, Subscriptions

MAX_COALESCED: Final = 100
"""Pushes after which the page is told at the latest, and others have their turn."""


class OpQueue:
    """Ops run in the task that brings one, which then empties the queue; see `session`."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.queue: deque[Op | ServerOp] = deque()
        self.is_running = False
        self.is_apart = False
        """Whether ops run in a task of their own, so that others are heard of meanwhile."""
        self.goes_on = 0
        """How many pushes come at once, before the page is told what they have changed."""
        self.tasks = Supervisor(lambda: f"{session.place.address.name}: a page's session", self._fail)
        """What goes on by itself."""
        self._settled: asyncio.Future[None] | None = None

    @property
    def is_full(self) -> bool:
        """Whether as many ops of the browser wait as may; those of others are no fault of it."""
        return sum(not isinstance(job, ServerOp) for job in self.queue) >= MAX_KEPT_ANSWERS

    async def add(self, job: Op | ServerOp) -> None:
        """Run an op, now or after what is running."""
        self.queue.append(job)
        await self.run()

    async def perform(self, push: ServerOp) -> Outcome:
        """Run something on the page when nothing else is running; what became of it.

        In a task of the page's own: whoever doesn't wait any more ends nothing of others.
        """
        push.ended = asyncio.get_running_loop().create_future()
        self.begin(push)
        return await push.ended

    def begin(self, push: ServerOp) -> None:
        """Run something on the page soon."""
        self.queue.append(push)
        if not self.is_running:
            self.is_running = True
            self._begin()

    def expects(self, is_meant: Callable[[Op], bool]) -> bool:
        """Whether such an op waits."""
        return any(not isinstance(job, ServerOp) and is_meant(job) for job in self.queue)

    def drop(self, is_meant: Callable[[Op], bool]) -> None:
        """Ops that wait, and are meant, do nothing."""
        for index, job in enumerate(self.queue):
            if not isinstance(job, ServerOp) and is_meant(job):
                self.queue[index] = dropped(job)

    def abandon(self) -> None:
        """The page is over: what waits is never run."""
        waiting = [job for job in self.queue if isinstance(job, ServerOp) and job.ended is not None]
        for job in waiting:
            assert job.ended is not None
            if not job.ended.done():
                job.ended.set_result(failure("", 409, error=LiveError("this page isn't open any more")))

    async def run(self) -> None:
        """Work off the queue, unless that is being done."""
        if self.is_running:
            return
        self.is_running = True
        if self.is_apart:
            self._begin()
        else:
            await self._work()

    def _begin(self) -> None:
        self.tasks.start(self._work())

    def _fail(self) -> None:
        if self.session.connection is not None:
            self.session.connection.close(INTERNAL_ERROR)

    async def _work(self) -> None:
        goes_apart = False
        try:
            goes_apart = await self._work_off()
        finally:
            if goes_apart:
                self._begin()
            else:
                self.is_running = False
                if self._settled is not None:
                    self._settled.set_result(None)
                    self._settled = None
        if not self.is_running:
            self.session.rest()

    async def _work_off(self) -> bool:
        """Whether the rest is to be done in a task of its own."""
        session, queue = self.session, self.queue
        self.goes_on = 0
        while queue and not session.over:
            job = queue.popleft()
            if isinstance(job, ServerOp) and job.ended is not None and job.ended.cancelled():
                continue  # nobody waits for it any more
            self.goes_on = self.goes_on - 1 if self.goes_on else self._merging(job)
            if not await session.perform(job):
                queue.appendleft(job)
                return True
        if session.over:
            self.abandon()
        await session.flush()
        return False

    def _merging(self, job: Op | ServerOp) -> int:
        """How many of those that wait now are shown together with a job."""
        if not isinstance(job, ServerOp) or not job.merges:
            return 0
        following = islice(self.queue, MAX_COALESCED)
        return sum(1 for _ in takewhile(lambda one: isinstance(one, ServerOp) and one.merges, following))

    async def settled(self) -> None:
        """Return when no op is running or waiting."""
        while self.is_running:
            self._settled = self._settled or asyncio.get_running_loop().create_future()
            await asyncio.shield(self._settled)


log = getLogger(__name__)


class Session:
    """A page that is open in a browser."""

    def __init__(
        self,
        site: AppContext,
        address: Address,
        page: Page,
        *,
        state: bytes,
        identity: str,
        token: str,
        host: str,
        exchange: OpLog,
        screen: RenderHistory,
        audience: SubscriptionIndex,
    ) -> None:
        self.site = site
        self.page = page
        self.place = PageBinding(site, address, identity, exchange)
        self.token = token
        self.host = host
        """The address that it counts for."""
        self.exchange = exchange
        self.screen = screen
        self.audience = audience
        self.connection: Connection | None = None
        self.over = False
        self.used = time.monotonic()
        """When the browser was last heard."""
        self.key = session_key(token)
        self.kept = SnapshotWriter(self, state)
        self.work = OpQueue(self)
        self._due = False
        """Whether the page may differ from what was last drawn, or an answer has to be given again."""
        self._saving: asyncio.Future[bool] | None = None
        self._drawn: Fragment | None = None
        self._is_refused = False
        """Whether a guard has refused the page: it isn't drawn until they let pass again."""
        self._has_failed = False
        """Whether the newest op failed after its work: that has been logged."""
        self._unshown: PageRun | None = None
        """The first of several ops that are rendered together."""
        self._timers = Timers(self.push, self.work.tasks)
        self.hearing = Subscriptions(self, audience)
        self.aside = ConcurrentOps(self)
        self.developer = Developer(self) if site.services.debug else None
        self.background = page.live.background = Background(self)

    # What comes in

    async def receive(self, op: Op | Acknowledgement) -> None:
        """Do what the page wants, now or after what is running. `ProtocolError` when it breaks the rules."""
        now = self.used = time.monotonic()
        exchange = self.exchange
        if type(op) is Acknowledgement:
            exchange.acknowledge(op.rev, now)
        elif len(self.work.queue) >= MAX_KEPT_ANSWERS and self.work.is_full:
            raise ProtocolError("more ops than may wait for an answer", CLOSE_LIMIT)
        elif not exchange.take(op, now):  # type: ignore[arg-type]
            self._due = True
        else:
            self.work.queue.append(self.aside.meet(op) if self.aside else op)  # type: ignore[arg-type]
        self.screen.forget(exchange.seen)
        await self.work.run()

    async def push(self, function: Callable[..., Any], component: Any = None) -> None:
        """Run a function on the page, as an op of its own."""
        await self.work.add(ServerOp(lambda scope: scope.run(function, component)))

    async def hook(self, name: str) -> None:
        """Run ``connected`` or ``disconnected`` of the components that have it, as an op."""
        if any(name in describe(component).hooks for _, component in walk(self.page)):
            await self.work.add(ServerOp(lambda scope: scope.hook(name)))

    # Ops

    async def perform(self, job: Op | ServerOp) -> bool:
        """Run an op and tell the page; whether that was done, else it is to be done apart."""
        position = self.audience.position
        live, request = self.page.live, self.page.live.request
        try:
            if not await self._perform(job):
                return False
        except Exception as error:  # around the op: where its answer leads, who the person is ...
            record_outcome(self, job, unexpected(error, self.page.live, "an op"))
            self._due = True
        except asyncio.CancelledError:
            record_outcome(self, job, UNKNOWN)
            self._due = True
            raise
        if not self.work.goes_on:
            await self.flush()
        if self.page.live.deferred:
            self.background.begin_deferred()
        begin_due(request, self.work.tasks)
        if live.request is not request:  # it has set cookies, or the page has joined meanwhile
            begin_due(live.request, self.work.tasks)
        if self.hearing.keys or self.page.live.reads or position != self.audience.position:
            self.hearing.listen(position)
        if self.kept.is_due and self.work.queue and not self.kept.is_large and not self.kept.save():
            self._lose()  # while the next op runs, a new connection is told of this one
        return True

    def rest(self) -> None:
        """Nothing is running or waiting: without a socket, whichever worker continues may have the state."""
        waits = self.connection is None and self.kept.is_due and not self.over
        if waits and not self.kept.save(at_rest=not self.aside):
            self._lose()

    async def _perform(self, job: Op | ServerOp) -> bool:
        if type(job) is Bye:
            self.exchange.finish(job.n)
            await self.end()
            return True
        if self.screen.newest is None:
            async with around(self.page):
                self.screen.revive(self.page, self.exchange.rev)
        scope = run_of(self, job)
        outcome = await dispatch_op(self, scope, job)
        if outcome is None:
            return False
        if isinstance(outcome, Failed) or self.page.live.is_in_error:
            self.page.live.error = problem_of(outcome)
        closed = await self._conclude(scope, outcome)
        if scope.moved is not None:
            self.exchange.add({"url": [path_and_query(self.page.live.address), int(scope.moved)]})
        if scope.effects.events and closed.ok:
            self.background.tell(scope)
        if self.page.live.has_changes:
            before = self.place.identity
            await keep_cookies(self)
            is_shown = self.page is scope.page and not isinstance(closed, RedirectTo)
            if self.place.identity != before and is_shown:
                await self._reload(closed)  # what is drawn has references that are signed for someone else
        if not isinstance(closed, Ok) or closed.response is not None:
            closed = await resolve_outcome(self, job, closed)
            if self.page is not scope.page and self.page.live.has_changes:
                await keep_cookies(self)  # of the page that was opened
        record_outcome(self, job, closed)
        self._due = self.kept.is_due = True
        if self.aside.is_going:
            self.aside.leave_alone(scope)
        if self.page is scope.page and (scope.is_abandoned or scope.state is None):
            await self._replace_page(closed)
        return True

    async def _conclude(self, scope: PageRun, outcome: Outcome) -> Outcome:
        """Load, write and render the page, and commit; what became of the op."""
        if scope.page is not self.page:  # the page was left while the op went on
            return await scope.close(outcome)
        if scope.is_abandoned:  # a thread still works on the page
            scope.dump()
            self.kept.state = scope.state or self.kept.state
            return await scope.close(outcome)
        self._drawn = None
        is_shown = not self.work.goes_on
        concluded = await scope.conclude(outcome, self._draw if is_shown else None)
        self._is_refused = scope.is_refused
        if concluded is not outcome and scope.is_undone and self._unshown is not None:
            self._unshown.undo()  # which of them it was can't be known
            scope.dump()
        self._unshown = None if is_shown else self._unshown or scope
        closed = await scope.close(concluded)
        self.kept.state = scope.state or self.kept.state
        self._has_failed = closed is not outcome and isinstance(closed, Failed)
        if closed is not concluded:  # its dependencies failed to commit, and the fields went back
            self._drawn = None
            await self._reload(closed)
        elif self._has_failed:
            self.page.live.error = problem_of(closed)
        return closed

    async def show(self, page: Page, address: Address, drawn: Fragment, state: bytes) -> None:
        """Go on with another page in this one's place."""
        await self._close_page()
        self._timers.stop()
        self.background.close()
        self.page = page
        self._is_refused = self._has_failed = False
        self._unshown = None
        self.kept.state = state
        self.background = page.live.background = Background(self)
        self.place.become(address, await self.site.identity(page.request))
        self._sign()
        self.screen.recall(b"", b"", None)
        self._drawn = drawn
        self._timers.start(page)
        await self.hook("connected")

    def identify(self, identity: str) -> None:
        """The person is this one from now on."""
        self.place.identify(identity)
        self._sign()

    def _sign(self) -> None:
        """See that the page's references are signed for its class and the person."""
        if self.page.live.context != self.place.context:
            change_context(self.page, self.place.context)

    def redraw(self) -> None:
        """Draw the whole page anew. Raises whatever its template does: then it stays as it is."""
        drawn = self.screen.draw(self.page, afresh=True)
        self.screen.recall(b"", b"", None)
        self._drawn = drawn

    def says_error(self) -> bool:
        """Whether the page as it is drawn now shows `live.error`. Not where a guard refuses the page."""
        if self._is_refused:
            return False
        try:
            self._drawn = self._drawn or self.screen.draw(self.page)
        except Exception as error:
            unexpected(error, self.page.live, "a render")
            return True
        return self.page.live.error_is_shown

    def _draw(self) -> None:
        self._drawn = self.screen.draw(self.page)

    async def _reload(self, outcome: Outcome) -> None:
        """Load and draw the page after an op that has come to an error, whose own scope has closed."""
        self.page.live.error = problem_of(outcome)
        scope = PageRun(self.page)
        shown = await scope.conclude(DONE, self._draw)
        self._is_refused = scope.is_refused
        if await scope.close(shown) is not shown:
            self._drawn = None
        self.kept.state = scope.state or self.kept.state

    async def _replace_page(self, outcome: Outcome) -> None:
        """Go on with a copy in the last state that was written: a thread that can't be stopped still works on
        this page, or what an op did inside of its values couldn't be undone.
        """
        self._timers.stop()
        self._drawn = None
        forsake(self.page.live)
        self.page = self.site.copy_page(self.page, self.kept.state)
        self.page.live.background = self.background
        screen = self.screen
        screen.recall(screen.shape, screen.mark, screen.digests())
        await self._reload(outcome)
        self._timers.start(self.page)

    # What goes out

    async def flush(self) -> None:
        """Tell the page what it doesn't know, if it can take it; before that the store."""
        while self._due and not self.over:
            connection = self.connection
            if connection is None or connection.sending_since is not None or not self.exchange.is_open:
                return
            self._due = False
            if self.site.services.around:
                async with around(self.page):
                    text = self._compose()
            else:
                text = self._compose()
            if self.kept.is_due and not self.kept.is_large:
                self._saving = self.site.saving.add(self.kept.row())
                if not await self._saving:
                    self._lose()
                    return
            if text is not None and self.connection is connection:
                await connection.send(text)

    def _compose(self) -> str | None:
        """The next frame, or None when there is nothing to tell."""
        exchange, screen = self.exchange, self.screen
        drawn, self._drawn = self._drawn, None
        if self._is_refused:
            return self._answers()
        try:
            new = drawn or screen.draw(self.page)
            change = screen.change(new)
            if type(change) is dict:
                new = screen.draw(self.page, afresh=True) if screen.newest is not None else new
                change = {"page": self._html(new)}
        except Exception as error:
            if not self._has_failed:
                failed = unexpected(error, self.page.live, "a render")
                if not exchange.amend(*answer(failed)) and self.developer is not None:
                    self.developer.tell_failure(failed)
            return self._answers()
        if self.developer is not None:
            self.developer.advise(new)
        text = exchange.frame(change, screen.known.take() if change else [], time.monotonic())
        screen.keep(exchange.rev, new)
        return text

    def _answers(self) -> str | None:
        """The next frame where the page stays as it is shown."""
        text = self.exchange.frame([], [], self.used)
        if self.screen.newest is not None:  # what it is to do besides is on a revision of its own
            self.screen.keep(self.exchange.rev, self.screen.newest)
        return text

    def _html(self, fragment: Fragment) -> str:
        snapshot = self.site.snapshots.for_html(self.kept.snapshot(), self.place.context)
        return document(fragment, snapshot, self.site.around(self.page), self.site.snapshots.brief)

    # Connections

    async def attach(
        self,
        connection: Connection,
        hello: Hello,
        rebuilt: Rebuilt = "",
        stale: bool = False,
        drawn: Fragment | None = None,
    ) -> None:
        """Go on over a new connection. `rebuilt` and `stale` are those of the welcome; `drawn` is the page
        of a new session, where it has been drawn already.

        `ProtocolError` when the hello isn't that of this session's page.
        """
        exchange, screen = self.exchange, self.screen
        if not rebuilt:
            exchange.meet(hello)
        old, self.connection = self.connection, connection
        if old is not None:
            old.close(REPLACED, "the page has another connection")
        self.used = time.monotonic()
        screen.begin(in_doubt=hello.rev < 0)
        if hello.rev < 0:
            await self.work.settled()
        if self._saving is not None:
            await asyncio.shield(self._saving)  # nothing is told before it is stored
        try:
            async with around(self.page):
                text = self._welcome(hello, rebuilt, stale, drawn)
        except Exception as error:
            unexpected(error, self.page.live, "a render")
            if rebuilt or stale or hello.token is None or hello.rev != exchange.rev:
                # Its GET shows why. If that can draw it, the page stays as it is: loading is no help.
                code = CLOSE_PROTOCOL if hello.token is None else CLOSE_OVER
                raise ProtocolError("the page can't be drawn", code) from error
            text = exchange.welcome(hello, self.token, [], [])  # it shows what could be drawn last
        if not self.confirm():
            self._lose()
            return
        await connection.send(text)
        self._timers.start(self.page)
        self.background.begin_deferred()
        self.hearing.catch_up()
        if self._due:
            await self.work.run()

    def _welcome(self, hello: Hello, rebuilt: Rebuilt, stale: bool, drawn: Fragment | None) -> str:
        exchange, screen = self.exchange, self.screen
        change: Change = {"page": ""}
        if not stale and hello.rev >= 0:
            # Nothing is drawn while an op runs: what it has done so far may contradict itself.
            new = drawn or (self.work.is_running and screen.newest) or screen.draw(self.page)
            base = None if rebuilt or hello.rev == exchange.rev else hello.rev
            change = screen.change(new, base)
        if type(change) is dict:
            new = drawn or screen.draw(self.page, afresh=True)
            rebuilt = rebuilt or "moved"
            change = {"page": self._html(new)}
        text = exchange.welcome(hello, self.token, change, screen.known.take(), rebuilt, stale)
        screen.keep(exchange.rev, new)
        if self.developer is not None and self.developer.advise(new):
            self._due = True
        return text

    async def detach(self, connection: Connection) -> None:
        """A connection is gone; the session goes on without."""
        if self.connection is not connection:
            return
        self.connection = None
        self.used = time.monotonic()
        self._timers.stop()
        self.kept.is_due = True
        await self.hook("disconnected")
        await self.work.run()

    async def end(self, code: int = CLOSE_OVER) -> None:
        """The page is over."""
        self.over = True
        self._timers.stop()
        self.work.abandon()
        self.site.uploads.forget(self.token)
        await self._close_page()
        if self.connection is not None:
            self.connection.close(code)

    async def _close_page(self) -> None:
        scope = PageRun(self.page)
        await scope.close(await scope.hook("closed") or DONE)

    def _lose(self) -> None:
        """Another worker has the page: what was done here since isn't told."""
        self.over = True
        self._timers.stop()
        self.work.abandon()
        if self.connection is not None:
            self.connection.close(REPLACED, "another worker has the page")

    # The store

    def confirm(self) -> bool:
        """Whether this is still the page's session, which from now on isn't at rest."""
        return self.work.is_running or self.kept.save()

    def tend(self, now: float) -> None:
        """What is due now and then: save large states, drop what can be rendered again."""
        if self.work.is_running or self.over:
            return
        if self.kept.is_due and not self.kept.save(at_rest=self.connection is None and not self.aside):
            self._lose()
        elif now - self.used > self.site.limits.idle:
            self.screen.rest()

    @property
    def is_running(self) -> bool:
        """Whether an op is being run."""
        return self.work.is_running or bool(self.aside)

    async def finished(self) -> None:
        """Return when nothing is running or waiting, beside the queue either."""
        await self.work.settled()
        await self.aside.finished()
        await self.work.settled()
