"""Runs the operations of an open page, and sends the browser what has changed.

A session outlives its connections: losing one cancels no operation. `session.state` decides what to run, send
and store, and `Session` does it. To run an operation, each method calls those below it, in this order::

    receive                       takes a message of the page, and enqueues the operation
      drain                       runs the queue until it is empty, unless a task is doing so
        _run                      runs one operation
          dispatch_op             calls the action
          _finish                 ends the operation; sends cookies
            _commit               loads, dumps and renders the page, and commits
            _follow               shows the page that a redirect leads to
            _record_outcome       adds the answer to the next frame
          flush                   stores a snapshot, then sends the frame

The task that reads a connection runs the operations that it receives, because a task for each would cost a
tenth of the whole operation. For other operations, `Session.submit` starts a task. Whichever task is draining
the queue also runs what is added meanwhile.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from ..actions.action import ActionRef
from ..actions.request import PageRequest
from ..exceptions import INTERNAL_ERROR, REPLACED, ProtocolError
from ..execution.dependencies import around
from ..execution.effects import start_after_calls
from ..execution.loading import discard_deferred, mark_stale
from ..execution.results import unexpected
from ..execution.run import PageRun
from ..pages.page import takes_files
from ..pages.urls import path_and_query
from ..protocol.constants import CLOSE_LIMIT, CLOSE_OVER
from ..protocol.messages import Acknowledgement, Bye, Hello, Navigate, Op
from ..protocol.op_log import Resumption
from ..store.snapshots import SessionSnapshots, Snapshot
from ..tasks import Supervisor, Waiting
from ..templates import Fragment
from ..types import DONE, Failed, Ok, Outcome, RedirectTo
from .attendance import Attendance
from .dispatch import UNKNOWN, ConcurrentOps, dispatch_op, report, run_of
from .frames import Connection, FrameWriter
from .navigation import LoadedPage, problem_of, resolve_outcome
from .op_queue import Job, RateLimit, ServerOp
from .prefetch import Prefetch
from .request_probe import has_other_state, request_with_cookies
from .server_ops import Background, ConnectionHooks, Timers
from .state import ITEMS_GONE, OLD_COOKIES, Due, SessionState
from .subscriptions import SubscriptionIndex, Subscriptions


class Session:
    """A page that is open in a browser.

    `epoch` is that of the claim that makes this the only session of its token; 0 if no other worker can know
    the token.
    """

    def __init__(
        self, state: SessionState, subscription_index: SubscriptionIndex, host: str, epoch: int
    ) -> None:
        self.state = state
        self.site = site = state.site
        self.host = host
        """Client IP, for the limit of sessions per address."""
        self.subscription_index = subscription_index
        self.rate_limit = RateLimit(site.limits.ops_per_second, site.limits.ops_burst)
        """The rate limit for the operations of the page, over all its connections."""
        self.connection: Connection | None = None
        self.tasks = Supervisor(
            lambda: f"{state.name}: a page's session", lambda: self.disconnect(INTERNAL_ERROR)
        )
        """The session's own tasks."""
        self._snapshots = SessionSnapshots(site.snapshots, site.saving, state.key, epoch)
        self._rested = Waiting()
        """Waits until the queue is empty."""
        self._takes_files = False
        """Whether an action of a page that was shown before takes files."""
        self._unshown: PageRun | None = None
        """The run of the first of several operations that are rendered together."""
        self._timers = Timers(self.push, self.tasks)
        self._hooks = ConnectionHooks(state, self.run_or_enqueue)
        self.subscriptions = Subscriptions(
            state, subscription_index, self.tasks, self.submit, self.disconnect, self._sign_out
        )
        self._attendance = Attendance(site.services.presence, state.key, epoch)
        self.concurrent = ConcurrentOps(state, self.tasks, self.submit, self.call)
        self.frames = FrameWriter(state)
        self._prefetch = Prefetch(state, self.tasks, subscription_index)
        self._position = 0
        """The position in the log of messages when the running operation began to read."""
        self._start_background()
        state.last_seen = time.monotonic()

    # Incoming operations

    async def receive(self, op: Op | Acknowledgement) -> None:
        """Run an operation of the page, now or after those in the queue; or note an acknowledgement.

        Raise `ProtocolError` if the message violates the protocol.
        """
        state, ref = self.state, None
        if isinstance(op, Acknowledgement) and op.prefetch is not None and not self.is_busy:
            self._prefetch.begin(op.prefetch.partition("#")[0])
        new = state.receive(op, time.monotonic())
        if new is not None:
            if self.concurrent.called is not None or self.concurrent.streaming:
                new = self.concurrent.admit(new)
            if not state.is_running:
                ref = state.known_reference(new)
                if state.must_detach(new, ref):
                    self.submit(new)
                    return
            state.queue.append(new)
        if state.queue or state.needs_flush:
            await self.drain(ref)

    def submit(self, job: Job) -> None:
        """Enqueue an operation. It runs in a task of the session."""
        self.state.queue.append(job)
        self._drain_in_task()

    async def run_or_enqueue(self, op: ServerOp) -> None:
        """Run an operation now, or enqueue it if one is running."""
        self.state.queue.append(op)
        await self.drain()

    async def call(self, op: ServerOp) -> Outcome:
        """Enqueue an operation, and return its outcome.

        It runs in a task of the session: cancelling the caller doesn't cancel it.
        """
        ended: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        op.ended = ended
        self.submit(op)
        return await ended

    async def push(self, function: Callable[..., Any], component: Any = None) -> None:
        """Run a function on the page, as an operation."""
        await self.run_or_enqueue(ServerOp(lambda run: run.run_timer(function, component)))

    async def connected(self) -> None:
        """Publish the page's presence, and run its hooks ``connected``: a new connection shows it."""
        self._publish_presence()
        await self._hooks.connected()

    def _publish_presence(self) -> None:
        """Publish the presence that the page declares, if it is connected."""
        connection, state = self.connection, self.state
        if connection is not None and connection.counts_as_present and state.is_attached:
            self._attendance.publish(state.page.live.attending, state.identity)

    # The queue

    async def drain(self, ref: ActionRef[..., Any] | None = None) -> None:
        """Run the queue until it is empty, and flush, unless a task is doing so.

        `ref` is the reference that the first operation names, if already known.
        """
        if not self.state.is_running:
            self.state.begin()
            try:
                await self._drain(ref)
            finally:
                if self.state.queue:  # the task of a connection was cancelled
                    self._drain_in_task()

    def _drain_in_task(self) -> None:
        """Drain the queue in a task of the session, unless a task is doing so."""
        if not self.state.is_running:
            self.state.begin()
            self.tasks.start(self._drain())

    async def _drain(self, ref: ActionRef[..., Any] | None = None) -> None:
        state = self.state
        try:
            while True:
                while (job := state.next_op()) is not None:
                    await self._run(job, ref)
                    ref = None
                if state.needs_flush:
                    await self.flush()
                if not state.queue or state.is_over:
                    break
        finally:
            must_save = state.rest()
            if state.queue and state.is_over:
                state.queue.abandon()
            if not state.is_running:
                self._rested.wake()
        if must_save:
            await self.save()

    async def settled(self) -> None:
        """Return when no operation is running or queued."""
        while self.state.is_running:
            await self._rested.wait()

    @property
    def is_busy(self) -> bool:
        """Whether an operation is queued or running, in the queue or concurrently."""
        return self.state.is_running or bool(self.concurrent)

    async def finished(self) -> None:
        """Return when no operation is running or queued, nor running concurrently."""
        await self.settled()
        await self.concurrent.finished()
        await self.settled()

    # One operation

    async def _run(self, job: Job, ref: ActionRef[..., Any] | None) -> None:
        """Run one operation and flush, unless it shares a render with the next one."""
        state = self.state
        self._position = self.subscription_index.position
        if type(job) is not Navigate:
            self._prefetch.drop()
        live = state.page.live
        request = live.request
        try:
            if isinstance(job, Bye):
                state.completed(job, DONE)
                await self.end()
            else:
                if state.history.newest is None:
                    async with around(state.page):
                        state.history.rerender(state.page, state.op_log.rev)
                run = run_of(state, job)
                await self._finish(job, run, await dispatch_op(self.concurrent, run, job, ref))
        except Exception as error:  # outside of the action: in a redirect that is followed, in `identify` ...
            self._record_outcome(job, unexpected(error, state.page.live, "the operation"))
        except asyncio.CancelledError:
            self._record_outcome(job, UNKNOWN)
            raise
        if not state.queue.coalescing:
            await self.flush()
        if state.page.live.deferred:
            self.background.begin_deferred()
        start_after_calls(self.tasks, request, state.page.live.request)
        live = state.page.live  # another page may have been opened
        if live.declares_presence or self._attendance.published:
            self._publish_presence()
        listens = live.has_listeners or live.reads or self.subscriptions.keys
        if listens or self._position != self.subscription_index.position:
            self.subscriptions.listen(self._position)
        if state.is_unsaved and state.queue:
            await self.save()  # while the next op runs, another worker can continue from here

    def _record_outcome(self, job: Job, outcome: Outcome) -> None:
        """Answer an operation: the page's with the next frame, the server's at once."""
        self.state.completed(job, outcome)
        if isinstance(job, ServerOp):
            report(self.state, job, outcome, self.frames.tell_failure)
            if not job.n:
                self.site.counters.pushes += 1
                return
        self.site.counters.ops[type(outcome)] += 1

    async def _finish(self, job: Job, run: PageRun, outcome: Outcome) -> None:
        """Commit an operation whose action has ended, follow a redirect, and record the outcome."""
        state = self.state
        page = state.page
        if isinstance(outcome, Failed) or (job.n and page.live.problem is not None):  # a push clears none
            page.live.error = problem_of(outcome)
        closed = await self._commit(run, outcome)
        effects = run.effects
        if run.url_change is not None:
            state.add({"url": [path_and_query(state.page.live.address), int(run.url_change)]})
        if self.site.services.debug and run.injection.advice:
            self.frames.tell_advice(run.injection.advice)
        if effects.events and closed.ok:
            state.add({"events": [*effects.events]})
        if state.page.live.may_have_changes:
            is_other = await self._send_cookies()
            if is_other and state.page is run.page and not isinstance(closed, RedirectTo):
                # The references of the render are signed for the former visitor.
                mark_stale(page, None)
                closed = await self._reload(closed)
        if not isinstance(closed, Ok) or closed.response is not None:
            closed = await self._follow(job, closed)
        self._record_outcome(job, closed)
        if self.concurrent.streaming:
            self.concurrent.exclude(run)
        if state.page is run.page and (run.is_abandoned or run.state is None):
            await self._continue_with_copy(closed)

    async def _follow(self, job: Job, outcome: Outcome) -> Outcome:
        """Show the page of a redirect, or an error page, or store a response to fetch. Return the outcome."""
        prefetched = await self._prefetch.take(job, outcome)
        if prefetched is None:
            resolved, loaded = await resolve_outcome(self.state, job, outcome, self.frames.shows_error)
        else:
            resolved = DONE
            loaded, self._position = prefetched
        if loaded is not None:
            await self._show_page(loaded)
        elif isinstance(outcome, Ok) and isinstance(resolved, Failed):  # the response can't be stored
            await self._reload(resolved)
        return resolved

    async def _commit(self, run: PageRun, outcome: Outcome) -> Outcome:
        """Load, dump and render the page, and commit. Return the operation's outcome."""
        state = self.state
        if run.page is not state.page:  # another page was opened while the operation was running
            return await run.close(outcome)
        if run.is_abandoned:  # a thread still works on the page
            run.dump()
            state.rendered(None, run.state)
            return await run.close(outcome)
        state.drawn = None
        is_shown = not state.queue.coalescing
        concluded = await run.conclude(outcome, self.frames.draw if is_shown else None)
        if concluded is not outcome and run.is_undone and self._unshown is not None:
            self._unshown.undo()  # any of them may have caused the failure
            run.dump()
        self._unshown = None if is_shown else self._unshown or run
        closed = await run.close(concluded)
        has_failed = closed is not outcome and isinstance(closed, Failed)
        state.rendered(state.drawn, run.state, is_refused=run.refusal is not None, has_failed=has_failed)
        if closed is not concluded:  # its dependencies failed to commit, and the fields were restored
            await self._reload(closed)
        elif has_failed:
            state.page.live.error = problem_of(closed)
        return closed

    async def _reload(self, outcome: Outcome) -> Outcome:
        """Load and render the page after an operation whose run is closed.

        Return the operation's `outcome`; or, if it was successful and this fails, the failure.
        """
        state = self.state
        state.page.live.error = problem_of(outcome)
        state.drawn = None
        run = PageRun(state.page)
        shown = await run.conclude(DONE, self.frames.draw)
        closed = await run.close(shown)
        drawn = state.drawn if closed is shown else None
        has_failed = isinstance(closed, Failed) and closed.status >= 500
        state.rendered(drawn, run.state, is_refused=run.refusal is not None, has_failed=has_failed)
        if not has_failed or not outcome.ok:
            return outcome
        state.page.live.error = problem_of(closed)
        return closed

    async def _continue_with_copy(self, outcome: Outcome) -> None:
        """Continue with a copy of the page in its last dumped state, because a thread that can't be stopped
        still works on the page, or its state can't be dumped.
        """
        state = self.state
        self._timers.stop()
        discard_deferred(state.page.live)
        state.replace_by_copy(self.site.copy_page(state.page, state.data))
        state.page.live.background = self.background
        await self._reload(outcome)
        self._timers.start(state.page)

    # Another page or visitor

    async def _show_page(self, loaded: LoadedPage) -> None:
        """Replace the page with another one."""
        state, page = self.state, loaded.page
        self._takes_files |= takes_files(state.page)
        await self._hooks.close()
        self._timers.stop()
        self.background.close()
        self._unshown = None
        identity = await self.site.identity(page.request)
        state.replace(page, loaded.route, identity, loaded.drawn, loaded.state)
        self._start_background()
        self._timers.start(page)
        if page.live.may_have_changes:
            await self._send_cookies()
        await self.connected()

    def _start_background(self) -> None:
        self.background = Background(self.state, self.submit, self.call)
        self.state.page.live.background = self.background

    async def _send_cookies(self) -> bool:
        """Send the browser the cookies that were set. From now on, the page has the request and the identity
        that these cookies lead to. Return whether the visitor has changed.
        """
        state, live = self.state, self.state.page.live
        request = live.request
        changes = request.take_changes() if isinstance(request, PageRequest) else None
        if changes is None or not isinstance(request, PageRequest):
            return False
        if self.connection is None or not self.connection.take_changes(changes):
            state.add({"cookies": await self.site.tickets.put(changes)})
        newer = await request_with_cookies(request, changes)
        live.renew(newer)
        identity = await self.site.identity(newer)
        is_other = identity != state.identity or has_other_state(request, newer)
        state.identify(identity)
        return is_other

    # Frames and snapshots

    async def flush(self) -> None:
        """Store what has changed and send it, if the page can take it.

        If the connection is older than `Limits(cookies=)`, the page must reconnect with its current cookies
        first.
        """
        state = self.state
        while state.needs_flush:
            connection = self.connection
            if connection is None or connection.sending_since is not None or not state.can_send:
                return
            if connection.is_lasting and time.monotonic() - connection.opened > self.site.limits.cookies:
                self.disconnect(REPLACED, OLD_COOKIES)
                return
            if self.site.services.around:
                async with around(state.page):
                    frame = self.frames.frame()
            else:
                frame = self.frames.frame()
            if self.frames.must_load_again:
                self.disconnect(CLOSE_OVER, ITEMS_GONE)
                return
            if not await self._store(frame.snapshot):
                return
            if frame.text is not None and self.connection is connection:
                await self._send(connection, frame.text)

    async def _send(self, connection: Connection, text: str) -> None:
        self.site.counters.sent(text)
        await connection.send(text)

    async def save(self) -> bool:
        """Store the session's state. Return False if another worker has claimed the page: then the session
        ends, and nothing that has happened since may be sent.
        """
        return await self._store(self.state.snapshot())

    async def _store(self, snapshot: Snapshot | None) -> bool:
        """Store a snapshot, and the values of the handles in the HTML that is about to be sent."""
        if self.frames.in_html is not None:
            await self.frames.keep()
        if snapshot is None or await self._snapshots.save(snapshot, self.state.binding.context):
            return True
        self._stop()
        self.disconnect(REPLACED, "another worker has the page")
        return False

    # Connections

    async def attach(
        self,
        connection: Connection,
        hello: Hello,
        resumption: Resumption,
        outdated: bool,
        drawn: Fragment | None,
    ) -> None:
        """Continue over a new connection. `resumption` and `outdated` are those of the welcome; `drawn` is
        the first render of a new session, if there is one already.

        Raise `ProtocolError` if the page can't continue over this connection.
        """
        state = self.state
        state.joining(hello, resumption, time.monotonic(), outdated)
        self.disconnect(REPLACED, "the page has another connection")
        self.connection = connection
        if hello.rev < 0:
            await self.settled()
        await self._snapshots.stored()  # nothing is sent before it is stored
        self._check_joining(connection)
        request = state.page.live.request
        if state.page.live.may_have_changes:  # cookies that were set while the page was opened
            before = state.identity
            await self._send_cookies()
            state.needs_flush = True
            if state.identity != before:
                drawn = None  # its references are signed for another identity
        try:
            async with around(state.page):
                self._check_joining(connection)
                text = self.frames.welcome(drawn)
        except ProtocolError:
            raise
        except Exception as error:
            text = self.frames.welcome_unrendered(error)
        if not await self.save():
            return
        self._check_joining(connection)
        state.attached()
        await self._send(connection, text)
        start_after_calls(self.tasks, request, state.page.live.request)
        self._timers.start(state.page)
        self.background.begin_deferred()
        self.subscriptions.catch_up()
        if state.needs_flush:
            await self.drain()
        await self.connected()

    def _check_joining(self, connection: Connection) -> None:
        if self.connection is not connection or self.state.is_over:
            raise ProtocolError("the page has another connection", REPLACED)

    async def detach(self, connection: Connection) -> None:
        """Continue without a connection."""
        if self.connection is not connection:
            return
        self.connection = None
        self._attendance.lost(connection.is_lasting)
        state = self.state
        state.detached(time.monotonic())
        self._timers.stop()
        if state.is_over:  # another worker has the page: release what this one has acquired
            await self.settled()
            await self._hooks.leave()
            return
        await self._hooks.disconnected()
        await self.drain()

    def disconnect(self, code: int, reason: str = "") -> None:
        """Close the connection, if there is one. The session continues."""
        if self.connection is not None:
            self.connection.close(code, reason)

    def release(self) -> None:
        """Stop everything that refers to the session, before it is dropped from memory."""
        self._attendance.lost()
        self.subscriptions.close()
        self.concurrent.close()
        self.background.close()

    async def end(self, code: int = CLOSE_OVER) -> None:
        """End the page, and close its connection with a code."""
        self._stop()
        self._attendance.left()
        self.forget_files()
        await self._hooks.close()
        self.disconnect(code)
        await self.site.snapshots.store.delete(self.state.key)  # it isn't resumed

    def forget_files(self) -> None:
        """Remove uploads that no action of the page has taken."""
        self._takes_files |= takes_files(self.state.page)
        if self._takes_files:
            self.site.uploads.forget(self.state.token)

    async def _sign_out(self, identity: str) -> None:
        """End the page when its operations have ended, if it belongs to this identity."""
        await self.settled()
        if not self.state.is_over and self.state.identity == identity:
            await self.end()

    def _stop(self) -> None:
        self.state.end()
        self._timers.stop()
        self.state.queue.abandon()

    # Time

    def due(self, now: float) -> Due | None:
        """Return what is due at this time."""
        since = self.connection.sending_since if self.connection is not None else None
        return self.state.due(now, self.site.limits, since)

    async def suspend(self) -> None:
        """Store the state of the page as if it had lost its connection, so that another process can
        continue.
        """
        state = self.state
        if state.is_attached:
            state.detached(time.monotonic())
        await self.save()

    async def run_maintenance(self, due: Due) -> None:
        """Do a task that `due` has returned."""
        if due is Due.DISCONNECT:
            self.disconnect(CLOSE_LIMIT, "nothing is acknowledged")
        elif due is Due.EVICT:
            self.state.evict()
            self._snapshots.evict()
        else:
            await self.save()
