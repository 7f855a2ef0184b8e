"""Runs the ops of an open page, and tells the browser what came of them.

A session outlives its connections: losing one cancels no op. Ops run one at a time, in the order in which
they came, and in the task that received them (handing each to a task of its own would cost a tenth of the
whole op). While one is running, what comes from elsewhere (another connection, a timer) waits in the
queue, which the running task empties.

An action that newer calls may end runs in a task of its own, and so does what comes until the queue is
empty: the connection's reader goes on meanwhile. At all other times the reader waits for the op it has
read, and so limits how fast a browser can send.

What is known and decided without I/O is in `session.state`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

from ..actions.request import PageRequest
from ..exceptions import ProtocolError
from ..execution.app_context import Address, AppContext
from ..execution.dependencies import around
from ..execution.effects import begin_due
from ..execution.loading import forsake
from ..execution.results import unexpected
from ..execution.run import PageRun
from ..pages.component import change_context, describe, walk
from ..pages.page import Page
from ..pages.page_html import document
from ..pages.urls import path_and_query
from ..protocol.constants import CLOSE_LIMIT, CLOSE_OVER, CLOSE_PROTOCOL
from ..protocol.messages import Acknowledgement, Bye, Change, Hello, Op, answer
from ..protocol.op_log import MAX_KEPT_ANSWERS, Allowance, OpLog, Rebuilt
from ..store.snapshots import HtmlSnapshot
from ..tasks import Supervisor
from ..templates import Fragment
from ..types import DONE, Failed, Ok, Outcome, RedirectTo
from .concurrency import ConcurrentOps
from .connection import INTERNAL_ERROR, REPLACED, Connection
from .dispatch import UNKNOWN, dispatch_op, record_outcome, run_of
from .navigation import LoadedPage, problem_of, resolve_outcome
from .op_queue import Job, ServerOp
from .request_probe import after
from .server_ops import Background, Developer, Timers
from .state import Phase, RenderHistory, SessionState
from .subscriptions import SubscriptionIndex, Subscriptions

CONNECTION_HOOKS: Final = ("connected", "disconnected")


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
        op_log: OpLog,
        history: RenderHistory,
        subscription_index: SubscriptionIndex,
    ) -> None:
        self.state = SessionState(
            site,
            page,
            address,
            identity=identity,
            token=token,
            op_log=op_log,
            history=history,
            state=state,
        )
        self.site = site
        self.token = token
        self.host = host
        """Client IP, for the limit of sessions per address."""
        self.binding = self.state.binding
        self.op_log = op_log
        self.history = history
        self.writer = self.state.writer
        self.queue = self.state.queue
        self.subscription_index = subscription_index
        self.allowance = Allowance(site.limits.ops_per_second, site.limits.ops_burst)
        """How fast ops may come, over whichever connections."""
        self.connection: Connection | None = None
        self.used = time.monotonic()
        """When the browser was last heard."""
        self.tasks = Supervisor(lambda: f"{self.state.name}: a page's session", self._fail)
        """What goes on by itself."""
        self.is_draining = False
        """Whether an op of the queue is running."""
        self._settled: asyncio.Future[None] | None = None
        self._due = False
        """Whether the page may differ from what was last drawn, or an answer has to be given again."""
        self._saving: asyncio.Future[bool] | None = None
        self._in_html: HtmlSnapshot | None = None
        """What the HTML that is to be sent needs in the store."""
        self._drawn: Fragment | None = None
        self._is_refused = False
        """Whether a guard has refused the page: it isn't drawn until they let pass again."""
        self._has_failed = False
        """Whether the newest op failed after its work: that has been logged."""
        self._unshown: PageRun | None = None
        """The first of several ops that are rendered together."""
        self._timers = Timers(self.push, self.tasks)
        self.subscriptions = Subscriptions(
            self.state, subscription_index, self.tasks, self.submit, self.close, self._sign_out
        )
        self.concurrent = ConcurrentOps(self.state, self.tasks, self.submit, self.call)
        debug = site.services.debug
        self.developer = Developer(self.state, self.submit, self.redraw) if debug else None
        self.background = page.live.background = Background(self.state, self.submit, self.call)

    @property
    def page(self) -> Page:
        """The page as it is now; another one after a navigation."""
        return self.state.page

    @property
    def page_url(self) -> str:
        """Path and query of the page as it is now."""
        return path_and_query(self.page.live.address)

    @property
    def over(self) -> bool:
        """Whether nothing is to happen any more."""
        return self.state.over

    # What comes in

    async def receive(self, op: Op | Acknowledgement) -> None:
        """Do what the page wants, now or after what is running. `ProtocolError` when it breaks the rules."""
        now = self.used = time.monotonic()
        op_log, queue = self.op_log, self.queue
        if type(op) is Acknowledgement:
            op_log.acknowledge(op.rev, now)
        elif len(queue) >= MAX_KEPT_ANSWERS and queue.is_full:
            raise ProtocolError("too many unanswered ops", CLOSE_LIMIT)
        elif not op_log.accept(op, now):  # type: ignore[arg-type]
            self._due = True
        else:
            queue.append(self.concurrent.admit(op) if self.concurrent else op)  # type: ignore[arg-type]
        self.history.forget(op_log.seen)
        if not self.is_draining:
            await self.drain()

    async def push(self, function: Callable[..., Any], component: Any = None) -> None:
        """Run a function on the page, as an op of its own."""
        await self.enqueue(ServerOp(lambda run: run.run_timer(function, component)))

    async def connected(self) -> None:
        """Run ``connected`` of the components that have it, as an op: a new connection shows the page."""
        if self._has_hooks():
            if self.state.is_connected or self.is_draining:  # the connection before may not be gone yet
                self.queue.append(ServerOp(self._disconnect))
            await self.enqueue(ServerOp(self._connect))

    async def disconnected(self) -> None:
        """Run ``disconnected`` of the components that have it, as an op, if ``connected`` has run."""
        if self._has_hooks():
            await self.enqueue(ServerOp(self._disconnect))

    def _has_hooks(self) -> bool:
        components = [component for _, component in walk(self.state.page)]
        return any(not describe(one).hooks.keys().isdisjoint(CONNECTION_HOOKS) for one in components)

    async def _connect(self, run: PageRun) -> Outcome | None:
        refused = await run.guard()
        if refused is not None or not self.state.is_attached:
            return refused
        self.state.is_connected = True
        return await run.run_hook("connected")

    async def _disconnect(self, run: PageRun) -> Outcome | None:
        if not self.state.is_connected:
            return None
        self.state.is_connected = False
        return await run.run_hook("disconnected")

    async def enqueue(self, job: Job) -> None:
        """Run an op, now or after what is running."""
        self.queue.append(job)
        if not self.is_draining:
            await self.drain()

    async def call(self, op: ServerOp) -> Outcome:
        """Run an op when nothing else is running, and return its outcome.

        It runs in a task of the session's own: cancelling the caller cancels nothing of the page.
        """
        op.ended = asyncio.get_running_loop().create_future()
        self.submit(op)
        return await op.ended

    def submit(self, op: ServerOp) -> None:
        """Run an op soon."""
        self.queue.append(op)
        if not self.is_draining:
            self.is_draining = True
            self.tasks.start(self.drain())

    # The queue

    async def drain(self) -> None:
        """Run what waits, and flush. Nothing else may be draining the queue."""
        self.is_draining = True
        is_finished = True
        try:
            is_finished = await self._run_waiting()
        finally:
            if is_finished:
                self.is_draining = self.concurrent.is_detached = False
                if self._settled is not None:
                    self._settled.set_result(None)
                    self._settled = None
            else:
                self.tasks.start(self.drain())
        if is_finished:
            await self._rest()

    async def _run_waiting(self) -> bool:
        """Run what waits. Return False if the rest must be run in a task of its own."""
        state, queue = self.state, self.queue
        while state.phase is not Phase.OVER and (job := queue.take()) is not None:
            if not await self._run(job):
                queue.appendleft(job)
                return False
        if state.phase is Phase.OVER:
            queue.abandon()
        elif self._due:
            await self.flush()
        return True

    async def settled(self) -> None:
        """Return when no op is running or waiting."""
        while self.is_draining:
            self._settled = self._settled or asyncio.get_running_loop().create_future()
            await asyncio.shield(self._settled)

    def close(self, code: int, reason: str = "") -> None:
        """Close the connection, if there is one."""
        if self.connection is not None:
            self.connection.close(code, reason)

    def _fail(self) -> None:
        self.close(INTERNAL_ERROR)

    async def _sign_out(self, identity: str) -> None:
        """End the page when its ops have ended, if it is that person's."""
        await self.settled()
        if not self.over and self.binding.identity == identity:
            await self.end()

    # Ops

    async def _run(self, job: Job) -> bool:
        """Run one op and flush. Return False if it must be run again in a task of its own."""
        position = self.subscription_index.position
        live, request = self.state.page.live, self.state.page.live.request
        try:
            if not await self._perform(job):
                return False
        except Exception as error:  # around the op: where its answer leads, who the person is ...
            self._record(job, unexpected(error, self.state.page.live, "an op"))
        except asyncio.CancelledError:
            self._record(job, UNKNOWN)
            raise
        if not self.queue.coalescing:
            await self.flush()
        if self.state.page.live.deferred:
            self.background.begin_deferred()
        begin_due(request, self.tasks)
        if live.request is not request:  # it has set cookies, or the page has joined meanwhile
            begin_due(live.request, self.tasks)
        if (
            self.subscriptions.keys
            or self.state.page.live.reads
            or position != self.subscription_index.position
        ):
            self.subscriptions.listen(position)
        if self.writer.is_due and self.queue and not self.writer.is_large and not await self.writer.save():
            self._lose()  # while the next op runs, a new connection is told of this one
        return True

    def _record(self, job: Job, outcome: Outcome) -> None:
        record_outcome(self.state, job, outcome, self.developer)
        self._due = True

    async def _rest(self) -> None:
        """Nothing is running or waiting: without a connection, any worker may continue with the state."""
        waits = self.writer.is_due and self.state.phase is Phase.DETACHED
        if waits and not await self.writer.save(at_rest=not self.concurrent):
            self._lose()

    async def _perform(self, job: Job) -> bool:
        if type(job) is Bye:
            self.op_log.finish(job.n)
            await self.end()
            return True
        if self.history.newest is None:
            async with around(self.state.page):
                self.history.rerender(self.state.page, self.op_log.rev)
        run = run_of(self.state, job)
        outcome = await dispatch_op(self.concurrent, run, job)
        if outcome is None:
            return False
        if isinstance(outcome, Failed) or (job.n and self.state.page.live.is_in_error):  # a push clears none
            self.state.page.live.error = problem_of(outcome)
        closed = await self._conclude(run, outcome)
        if run.url_change is not None:
            self.op_log.add({"url": [path_and_query(self.state.page.live.address), int(run.url_change)]})
        if run.effects.events and closed.ok:
            self.op_log.add({"events": [*run.effects.events]})
        if self.state.page.live.has_changes:
            before = self.binding.identity
            await self._keep_cookies()
            is_shown = self.state.page is run.page and not isinstance(closed, RedirectTo)
            if self.binding.identity != before and is_shown:
                await self._reload(closed)  # what is drawn has references that are signed for someone else
        if not isinstance(closed, Ok) or closed.response is not None:
            closed, loaded = await resolve_outcome(self.state, job, closed, self.says_error)
            if loaded is not None:
                await self.show(loaded)
        self._record(job, closed)
        self.writer.is_due = True
        if self.concurrent.is_going:
            self.concurrent.leave_alone(run)
        if self.state.page is run.page and (run.is_abandoned or run.state is None):
            await self._replace_page(closed)
        return True

    async def _keep_cookies(self) -> None:
        """Send the cookies that were set on their way to the browser; from now on the page's request and
        person are those that the browser will be taken for.
        """
        live = self.state.page.live
        request = live.request
        changes = request.take_changes() if isinstance(request, PageRequest) else None
        if changes is None or not isinstance(request, PageRequest):
            return
        if self.connection is None or not self.connection.take_changes(changes):
            self.op_log.add({"cookies": await self.site.tickets.put(changes)})
        live.request = await after(request, changes)
        self.identify(await self.site.identity(live.request))

    async def _conclude(self, run: PageRun, outcome: Outcome) -> Outcome:
        """Load, write and render the page, and commit; what became of the op."""
        if run.page is not self.state.page:  # the page is no longer open while the op went on
            return await run.close(outcome)
        if run.is_abandoned:  # a thread still works on the page
            run.dump()
            self.writer.state = run.state or self.writer.state
            return await run.close(outcome)
        self._drawn = None
        is_shown = not self.queue.coalescing
        concluded = await run.conclude(outcome, self._draw if is_shown else None)
        self._is_refused = run.is_refused
        if concluded is not outcome and run.is_undone and self._unshown is not None:
            self._unshown.undo()  # which of them it was can't be known
            run.dump()
        self._unshown = None if is_shown else self._unshown or run
        closed = await run.close(concluded)
        self.writer.state = run.state or self.writer.state
        self._has_failed = closed is not outcome and isinstance(closed, Failed)
        if closed is not concluded:  # its dependencies failed to commit, and the fields went back
            self._drawn = None
            await self._reload(closed)
        elif self._has_failed:
            self.state.page.live.error = problem_of(closed)
        return closed

    async def show(self, loaded: LoadedPage) -> None:
        """Go on with another page in this one's place."""
        page = loaded.page
        await self._close_page()
        self._timers.stop()
        self.background.close()
        self.state.page = page
        self._is_refused = self._has_failed = False
        self._unshown = None
        self.writer.state = loaded.state
        self.background = page.live.background = Background(self.state, self.submit, self.call)
        self.binding.become(loaded.address, await self.site.identity(page.request))
        self._sign()
        self.history.reset_to(b"", b"", None)
        self._drawn = loaded.drawn
        self._timers.start(page)
        if page.live.has_changes:
            await self._keep_cookies()
        await self.connected()

    def identify(self, identity: str) -> None:
        """The person is this one from now on."""
        self.binding.identify(identity)
        self._sign()

    def _sign(self) -> None:
        """See that the page's references are signed for its class and the person."""
        if self.state.page.live.context != self.binding.context:
            change_context(self.state.page, self.binding.context)

    def redraw(self) -> None:
        """Draw the whole page anew. Raises whatever its template does: then it stays as it is."""
        drawn = self.history.draw(self.state.page, afresh=True)
        self.history.reset_to(b"", b"", None)
        self._drawn = drawn

    def says_error(self) -> bool:
        """Whether the page as it is drawn now shows `live.error`. Not where a guard refuses the page."""
        if self._is_refused:
            return False
        try:
            self._drawn = self._drawn or self.history.draw(self.state.page)
        except Exception as error:
            unexpected(error, self.state.page.live, "a render")
            return True
        return self.state.page.live.error_is_shown

    def _draw(self) -> None:
        self._drawn = self.history.draw(self.state.page)

    async def _reload(self, outcome: Outcome) -> None:
        """Load and draw the page after an op that has come to an error, whose own run has closed."""
        self.state.page.live.error = problem_of(outcome)
        run = PageRun(self.state.page)
        shown = await run.conclude(DONE, self._draw)
        self._is_refused = run.is_refused
        if await run.close(shown) is not shown:
            self._drawn = None
        self.writer.state = run.state or self.writer.state

    async def _replace_page(self, outcome: Outcome) -> None:
        """Go on with a copy in the last state that was written: a thread that can't be stopped still works on
        this page, or what an op did inside of its values couldn't be undone.
        """
        self._timers.stop()
        self._drawn = None
        forsake(self.state.page.live)
        self.state.page = self.site.copy_page(self.state.page, self.writer.state)
        self.state.page.live.background = self.background
        history = self.history
        history.reset_to(history.shape, history.mark, history.digests())
        await self._reload(outcome)
        self._timers.start(self.state.page)

    # What goes out

    async def flush(self) -> None:
        """Tell the page what it doesn't know, if it can take it; before that the store."""
        while self._due and not self.over:
            connection = self.connection
            if connection is None or connection.sending_since is not None or not self.op_log.is_open:
                return
            self._due = False
            if self.site.services.around:
                async with around(self.state.page):
                    text = self._compose()
            else:
                text = self._compose()
            if self.writer.is_due and not self.writer.is_large:
                self._saving = self.site.saving.add(self.writer.pending_row())
                if not await self._saving:
                    self._lose()
                    return
            await self._keep_in_html()
            if text is not None and self.connection is connection:
                await connection.send(text)

    def _compose(self) -> str | None:
        """The next frame, or None when there is nothing to tell."""
        op_log, history = self.op_log, self.history
        drawn, self._drawn = self._drawn, None
        if self._is_refused:
            return self._answers()
        try:
            new = drawn or history.draw(self.state.page)
            change = history.change(new)
            if type(change) is dict:
                new = history.draw(self.state.page, afresh=True) if history.newest is not None else new
                change = {"page": self._html(new)}
        except Exception as error:
            if not self._has_failed:
                failed = unexpected(error, self.state.page.live, "a render")
                if not op_log.replace_last_answer(*answer(failed)) and self.developer is not None:
                    self.developer.tell_failure(failed)
            return self._answers()
        if self.developer is not None:
            self.developer.advise(new)
        text = op_log.frame(change, history.known.take() if change else [], time.monotonic())
        history.record(op_log.rev, new)
        return text

    def _answers(self) -> str | None:
        """The next frame where the page stays as it is shown."""
        text = self.op_log.frame([], [], self.used)
        if self.history.newest is not None:  # what it is to do besides is on a revision of its own
            self.history.record(self.op_log.rev, self.history.newest)
        return text

    def _html(self, fragment: Fragment) -> str:
        self._in_html = self.site.snapshots.for_html(self.writer.snapshot(), self.binding.context)
        return document(fragment, self._in_html.text, self.site.around(self.state.page), self._in_html.brief)

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
        op_log, history = self.op_log, self.history
        if self.over:
            raise ProtocolError("the page has ended meanwhile", REPLACED)
        if not rebuilt:
            op_log.resume(hello)
        self.close(REPLACED, "the page has another connection")
        self.connection = connection
        self.state.become(Phase.ATTACHED)
        self.used = time.monotonic()
        history.begin(in_doubt=hello.rev < 0)
        if hello.rev < 0:
            await self.settled()
        if self._saving is not None:
            await asyncio.shield(self._saving)  # nothing is told before it is stored
        try:
            async with around(self.state.page):
                text = self._welcome(hello, rebuilt, stale, drawn)
        except Exception as error:
            unexpected(error, self.state.page.live, "a render")
            if rebuilt or stale or hello.token is None or hello.rev != op_log.rev:
                # Its GET shows why. If that can draw it, the page stays as it is: loading is no help.
                code = CLOSE_PROTOCOL if hello.token is None else CLOSE_OVER
                raise ProtocolError("the page can't be rendered", code) from error
            text = op_log.welcome(hello, self.token, [], [])  # it shows what could be drawn last
        await self._keep_in_html()
        if not await self.confirm():
            self._lose()
            return
        await connection.send(text)
        self._timers.start(self.state.page)
        self.background.begin_deferred()
        self.subscriptions.catch_up()
        if self._due and not self.is_draining:
            await self.drain()

    def _welcome(self, hello: Hello, rebuilt: Rebuilt, stale: bool, drawn: Fragment | None) -> str:
        op_log, history = self.op_log, self.history
        change: Change = {"page": ""}
        if not stale and hello.rev >= 0:
            # Nothing is drawn while an op runs: what it has done so far may contradict itself.
            new = drawn or (self.is_draining and history.newest) or history.draw(self.state.page)
            base = None if rebuilt or hello.rev == op_log.rev else hello.rev
            change = history.change(new, base)
        if type(change) is dict:
            new = drawn or history.draw(self.state.page, afresh=True)
            rebuilt = rebuilt or "moved"
            change = {"page": self._html(new)}
        text = op_log.welcome(hello, self.token, change, history.known.take(), rebuilt, stale)
        history.record(op_log.rev, new)
        if self.developer is not None and self.developer.advise(new):
            self._due = True
        return text

    async def detach(self, connection: Connection) -> None:
        """A connection is gone; the session goes on without."""
        if self.connection is not connection:
            return
        self.connection = None
        if not self.over:
            self.state.become(Phase.DETACHED)
        self.used = time.monotonic()
        self._timers.stop()
        self.writer.is_due = True
        if self.over:  # another worker has the page: what this one has acquired is released
            await self.settled()
            await self._run_hook(self._disconnect)
            return
        await self.disconnected()
        if not self.is_draining:
            await self.drain()

    async def end(self, code: int = CLOSE_OVER) -> None:
        """The page is over."""
        self._stop()
        self.site.uploads.forget(self.token)
        await self._close_page()
        self.close(code)
        await self.site.snapshots.store.delete(self.state.key)  # nobody will continue

    def _stop(self) -> None:
        self.state.become(Phase.OVER)
        self._timers.stop()
        self.queue.abandon()

    async def _close_page(self) -> None:
        await self._run_hook(self._disconnect)
        await self._run_hook(lambda run: run.run_hook("closed"))

    async def _run_hook(self, hook: Callable[[PageRun], Awaitable[Outcome | None]]) -> None:
        """Run a hook of a page that is shown no longer; none keeps the next one from running."""
        run = PageRun(self.state.page)
        await run.close(await hook(run) or DONE)

    def _lose(self) -> None:
        """Another worker has the page: what was done here since isn't told."""
        self._stop()
        self.close(REPLACED, "another worker has the page")

    # The store

    async def confirm(self) -> bool:
        """Whether this is still the page's session, which from now on isn't at rest."""
        return self.is_draining or await self.writer.save()

    async def _keep_in_html(self) -> None:
        """Store what handles in the HTML stand for that is about to be sent."""
        if self._in_html is not None:
            in_html, self._in_html = self._in_html, None
            await in_html.keep()

    @property
    def is_save_due(self) -> bool:
        """Whether the state is to be stored now, since nothing else does."""
        return self.writer.is_due and not self.is_draining and not self.over

    async def save_due(self) -> None:
        """Store a state that was too large for storing it before an answer, or that has come to rest."""
        if not await self.writer.save(at_rest=self.connection is None and not self.concurrent):
            self._lose()

    def run_maintenance(self, now: float) -> None:
        """Drop what can be rendered again."""
        if not self.is_draining and not self.over and now - self.used > self.site.limits.idle:
            self.history.evict()

    @property
    def is_running(self) -> bool:
        """Whether an op is being run."""
        return self.is_draining or bool(self.concurrent)

    async def finished(self) -> None:
        """Return when nothing is running or waiting, beside the queue either."""
        await self.settled()
        await self.concurrent.finished()
        await self.settled()
