"""One open page: its ops one at a time, what was rendered, and the socket that shows it.

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
from logging import getLogger
from typing import Any, Final

from starlette.responses import Response

from ..document import document
from ..errors import ProtocolError
from ..exchange import KEPT, Exchange, Rebuilt
from ..ops.around import around
from ..ops.asking import begin_due
from ..ops.failure import unexpected
from ..ops.outcome import DONE, Outcome, elsewhere
from ..ops.scope import Scope
from ..pages.component import describe
from ..pages.node import walk
from ..pages.page import Page
from ..pages.state import dump_state
from ..protocol import (
    Acknowledgement,
    Bye,
    Change,
    Hello,
    Navigate,
    Op,
)
from ..saving import save_all
from ..site import Address, Site, path_and_query
from ..snapshot import LIFE, Snapshot, session_key
from ..store import Claimed
from ..template import Fragment
from ..wire import CLOSE_LIMIT, CLOSE_OVER, CLOSE_PROTOCOL, ELSEWHERE, ERROR, RUNNING
from .aside import Aside, dropped
from .audience import Audience
from .background import Background
from .connection import INTERNAL_ERROR, REPLACED, Connection
from .cookies import keep_cookies
from .doing import do, scope_of
from .hearing import Hearing
from .push import Push
from .screen import Screen
from .swap import follow, problem_of, refuse
from .timers import Timers

log = getLogger(__name__)

IN_PLACE: Final = (401, 403, 404)
"""Errors of which the application's own page tells."""
SAVED_AT_ONCE: Final = 2048
"""Longest sealed state that is stored before each answer, in bytes."""


class Session:
    """A page that is open in a browser."""

    def __init__(
        self,
        site: Site,
        address: Address,
        page: Page,
        *,
        identity: str,
        token: str,
        host: str,
        exchange: Exchange,
        screen: Screen,
        audience: Audience,
    ) -> None:
        self.site = site
        self.address = address
        self.page = page
        self.identity = identity
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
        self._context = site.context(address, identity)
        self._address = self._url = ""
        self.key = session_key(token)
        self._epoch = 0
        self._queue: deque[Op | Push] = deque()
        self._running = False
        self._due = False
        """Whether the page may differ from what was last drawn, or an answer has to be given again."""
        self._settled: asyncio.Future[None] | None = None
        self._saving: asyncio.Future[bool] | None = None
        self._drawn: Fragment | None = None
        self._is_large = False
        self._is_unsaved = False
        self._timers = Timers(self.push)
        self.since = exchange.rev
        """The revision that shows the page first."""
        self._former: set[tuple[Address, str]] = set()
        """Pages and persons that it was of before, as far as the browser may not know."""
        self.hearing = Hearing(self, audience)
        self.aside = Aside(self)
        self.background = page.live.background = Background(self)
        self.is_apart = False
        """Whether ops run in a task of their own, so that others are heard of meanwhile."""
        self._tasks: set[asyncio.Task[None]] = set()

    # What comes in

    async def receive(self, op: Op | Acknowledgement) -> None:
        """Do what the page wants, now or after what is running. `ProtocolError` when it breaks the rules."""
        now = self.used = time.monotonic()
        exchange = self.exchange
        if type(op) is Acknowledgement:
            exchange.acknowledge(op.rev, now)
        elif not exchange.take(op, now):  # type: ignore[arg-type]
            self._due = True
        elif len(self._queue) >= KEPT:
            raise ProtocolError("more ops than may wait for an answer", CLOSE_LIMIT)
        else:
            self._queue.append(self.aside.meet(op) if self.aside else op)  # type: ignore[arg-type]
        self.screen.forget(exchange.seen)
        await self._run()

    async def push(self, function: Callable[..., Any], component: Any = None) -> None:
        """Run a function on the page, as an op of its own."""
        self._queue.append(Push(lambda scope: scope.run(function, component)))
        await self._run()

    async def hook(self, name: str) -> None:
        """Run ``connected`` or ``disconnected`` of the components that have it, as an op."""
        if any(name in describe(component).hooks for _, component in walk(self.page)):
            self._queue.append(Push(lambda scope: scope.hook(name)))
            await self._run()

    async def perform(self, push: Push) -> Outcome:
        """Run something on the page when nothing else is running; what became of it."""
        push.ended = asyncio.get_running_loop().create_future()
        self._queue.append(push)
        await self._run()
        return await push.ended

    def begin(self, push: Push) -> None:
        """Run something on the page soon."""
        self._queue.append(push)
        if not self._running:
            self._running = True
            self._begin_work()

    def expects(self, is_meant: Callable[[Op], bool]) -> bool:
        """Whether such an op waits."""
        return any(not isinstance(job, Push) and is_meant(job) for job in self._queue)

    def drop(self, is_meant: Callable[[Op], bool]) -> None:
        """Ops that wait, and are meant, do nothing."""
        for index, job in enumerate(self._queue):
            if not isinstance(job, Push) and is_meant(job):
                self._queue[index] = dropped(job)

    async def _run(self) -> None:
        """Work off the queue, unless that is being done."""
        if self._running:
            return
        self._running = True
        if self.is_apart:
            self._begin_work()
        else:
            await self._work()

    def _begin_work(self) -> None:
        task = asyncio.ensure_future(self._work())
        self._tasks.add(task)
        task.add_done_callback(self._worked)

    def _worked(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("%s: a page's session failed", self.address.name, exc_info=task.exception())
            if self.connection is not None:
                self.connection.close(INTERNAL_ERROR)

    async def _work(self) -> None:
        goes_apart = False
        try:
            goes_apart = await self._work_off()
        finally:
            if goes_apart:
                self._begin_work()
            else:
                self._running = False
                if self._settled is not None:
                    self._settled.set_result(None)
                    self._settled = None
        if self.connection is None and self._is_unsaved and not self._running and not self.over:
            self._save_at_rest()

    async def _work_off(self) -> bool:
        """Whether the rest is to be done in a task of its own, so that others are heard of meanwhile."""
        while self._queue and not self.over:
            position = self.audience.position
            live, request = self.page.live, self.page.live.request
            job = self._queue.popleft()
            if not await self._perform(job):
                self._queue.appendleft(job)
                return True
            await self._flush()
            begin_due(request, self._tasks)
            if live.request is not request:  # it has set cookies, or the page has joined meanwhile
                begin_due(live.request, self._tasks)
            if self.hearing.keys or self.page.live.reads or position != self.audience.position:
                self.hearing.listen(position)
            if self._is_unsaved and self._queue and not self._is_large and not self.save():
                self._lose()  # while the next op runs, a new connection is told of this one
        await self._flush()
        return False

    # Ops

    async def _perform(self, job: Op | Push) -> bool:
        """Whether it was done; else it is to be done apart."""
        if type(job) is Bye:
            self.exchange.finish(job.n)
            await self.end()
            return True
        if self.screen.newest is None:
            self.screen.revive(self.page, self.exchange.rev)
        scope = scope_of(self, job)
        outcome = await do(self, scope, job)
        if outcome is None:
            return False
        if outcome.status == ERROR or self.page.live.is_in_error:
            self.page.live.error = problem_of(outcome)
        problem = await scope.load()
        if scope.moved is not None:
            self.exchange.add({"url": [path_and_query(self.page), int(scope.moved)]})
        outcome = self._draw(scope, problem or outcome)
        closed = await scope.close(outcome)
        if scope.effects.events and closed.ok:
            self.background.tell(scope)
        if closed is not outcome:  # its dependencies failed to commit, and the fields went back
            self._drawn = None
            await scope.load()
        if self.page.live.has_changes:
            await keep_cookies(self)
        if closed.status or closed.response is not None:
            closed = await self._leave_page(job, closed)
            if self.page is not scope.page and self.page.live.has_changes:
                await keep_cookies(self)  # of the page that was opened
        self._conclude(job, closed)
        self._due = self._is_unsaved = True
        if self.aside.is_going:
            self.aside.leave_alone(scope)
        if closed.abandoned:
            await self._replace_page()
        return True

    async def _leave_page(self, job: Op | Push, outcome: Outcome) -> Outcome:
        """Show what an outcome leads to instead of the page, if anything; what is told of it."""
        if isinstance(outcome.response, Response):
            return elsewhere(await self.site.deliver(outcome.response, self.page.request))
        login = self.site.login_for(self.page) if outcome.http_status == 401 else None
        if login:
            outcome = elsewhere(login)
        if outcome.status == ELSEWHERE:
            outcome = await follow(self, outcome, job.url if type(job) is Navigate else None)
            if isinstance(job, Push) and not job.n and self.since > self.exchange.rev:
                self.exchange.add({"url": [outcome.location, 1]})
                return DONE
        elif outcome.http_status in IN_PLACE and outcome.error is None:
            await refuse(self, outcome)
        return outcome

    async def show(self, page: Page, address: Address, drawn: Fragment) -> None:
        """Go on with another page in this one's place."""
        await self._close_page()
        self._timers.stop()
        self._remember()
        self.page, self.address = page, address
        page.live.background = self.background
        self.identify(await self.site.identity(page.request))
        self.screen.recall(b"", b"", None)
        self._drawn = drawn
        self._timers.start(page)
        await self.hook("connected")

    def says_error(self) -> bool:
        """Whether the page as it is drawn now shows `live.error`."""
        try:
            self._drawn = self._drawn or self.screen.draw(self.page)
        except Exception as error:
            self._render_failed(error)
            return True
        return self.page.live.error_is_shown

    def _draw(self, scope: Scope, outcome: Outcome) -> Outcome:
        """Render while the dependencies are open, if there are any; what becomes of the op if that fails."""
        if not scope.must_render:
            return outcome
        try:
            self._drawn = self.screen.draw(self.page)
        except Exception as error:
            return self._render_failed(error)
        return outcome

    def _render_failed(self, error: Exception) -> Outcome:
        return unexpected(error, self.page.live, "a render")

    def _conclude(self, job: Op | Push, outcome: Outcome) -> None:
        if not isinstance(job, Push):
            if outcome.status == RUNNING:
                self.exchange.go_on(job.n)
            else:
                self.exchange.finish(job.n, outcome.status, outcome.payload)
            return
        if job.ended is not None:
            job.ended.set_result(outcome)
        if job.n:
            self.exchange.finish_late(job.n, outcome.status, outcome.payload)
        elif not outcome.ok:
            log.error("%s: a push failed: %s", self.address.name, outcome.payload, exc_info=outcome.error)

    async def _replace_page(self) -> None:
        """Go on with a copy: a thread that can't be stopped still works on this page."""
        self._timers.stop()
        self.page = self.site.copy_page(self.page)
        self.page.live.background = self.background
        screen = self.screen
        screen.recall(screen.shape, screen.mark, screen.digests())
        await Scope(self.page).load()
        self._timers.start(self.page)

    # What goes out

    async def _flush(self) -> None:
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
            if self._is_unsaved and not self._is_large:
                self._saving = self.site.saving.add(self._row())
                if not await self._saving:
                    self._lose()
                    return
            if text is not None and self.connection is connection:
                await connection.send(text)

    def _compose(self) -> str | None:
        """The next frame, or None when there is nothing to tell."""
        exchange, screen = self.exchange, self.screen
        drawn, self._drawn = self._drawn, None
        try:
            new = drawn or screen.draw(self.page)
            change = screen.change(new)
            if type(change) is dict:
                new = screen.draw(self.page, afresh=True) if screen.newest is not None else new
                change = {"page": self._html(new)}
        except Exception as error:
            failed = self._render_failed(error)
            exchange.amend(failed.status, failed.payload)
            return exchange.frame([], [], self.used)
        text = exchange.frame(change, screen.shapes.take() if change else [], time.monotonic())
        screen.keep(exchange.rev, new)
        return text

    def _html(self, fragment: Fragment) -> str:
        snapshot = self.site.snapshots.for_html(self._snapshot(), self._context)
        return document(fragment, snapshot, self.site.around(self.page), self.site.snapshots.brief)

    # Connections

    async def attach(
        self, connection: Connection, hello: Hello, rebuilt: Rebuilt = "", stale: bool = False
    ) -> None:
        """Go on over a new connection. `rebuilt` and `stale` are those of the welcome.

        `ProtocolError` when the hello isn't that of this session's page.
        """
        exchange, screen = self.exchange, self.screen
        if not rebuilt:
            exchange.meet(hello)
        old, self.connection = self.connection, connection
        if old is not None:
            old.close(REPLACED, "the page has another connection")
        self.used = time.monotonic()
        screen.begin()
        if hello.rev < 0:
            await self.settled()
        if self._saving is not None:
            await asyncio.shield(self._saving)  # nothing is told before it is stored
        try:
            async with around(self.page):
                text = self._welcome(hello, rebuilt, stale)
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
        self.hearing.catch_up()
        if self._due:
            await self._run()

    def _welcome(self, hello: Hello, rebuilt: Rebuilt, stale: bool) -> str:
        exchange, screen = self.exchange, self.screen
        change: Change = {"page": ""}
        if not stale and hello.rev >= 0:
            # Nothing is drawn while an op runs: what it has done so far may contradict itself.
            new = (self._running and screen.newest) or screen.draw(self.page)
            base = None if rebuilt or hello.rev == exchange.rev else hello.rev
            change = screen.change(new, base)
        if type(change) is dict:
            new = screen.draw(self.page, afresh=True)
            rebuilt = rebuilt or "moved"
            change = {"page": self._html(new)}
        text = exchange.welcome(hello, self.token, change, screen.shapes.take(), rebuilt, stale)
        screen.keep(exchange.rev, new)
        return text

    async def detach(self, connection: Connection) -> None:
        """A connection is gone; the session goes on without."""
        if self.connection is not connection:
            return
        self.connection = None
        self.used = time.monotonic()
        self._timers.stop()
        self._is_unsaved = True
        await self.hook("disconnected")
        await self._run()

    async def end(self, code: int = CLOSE_OVER) -> None:
        """The page is over."""
        self.over = True
        self._timers.stop()
        await self._close_page()
        if self.connection is not None:
            self.connection.close(code)

    async def _close_page(self) -> None:
        scope = Scope(self.page)
        await scope.close(await scope.hook("closed") or DONE)

    def _lose(self) -> None:
        """Another worker has the page: what was done here since isn't told."""
        self.over = True
        self._timers.stop()
        if self.connection is not None:
            self.connection.close(REPLACED, "another worker has the page")

    # The store

    def identify(self, identity: str) -> None:
        """The person is this one from now on."""
        if identity != self.identity:
            self._remember()
        self.identity = identity
        self._context = self.site.context(self.address, identity)

    def is_of(self, address: Address, identity: str, rev: int) -> bool:
        """Whether it is the session of this page and person, as a browser that shows this revision knows."""
        now = address is self.address and identity == self.identity
        return now or (rev < self.since and (address, identity) in self._former)

    def _remember(self) -> None:
        """The browser doesn't know yet that it isn't this page any more, or this person."""
        if self.exchange.shown >= self.since:
            self._former.clear()
        self._former.add((self.address, self.identity))
        self.since = self.exchange.rev + 1

    def claim(self, epoch: int = 0) -> None:
        """Become the one session of its token, by the claim that has this epoch or by a new one."""
        self._epoch = epoch or self.site.snapshots.store.claim(self.key)

    def confirm(self) -> bool:
        """Whether this is still the page's session, which from now on isn't at rest."""
        return self._running or self.save()

    def save(self, at_rest: bool = False) -> bool:
        """Store the state; false when the page has another session meanwhile."""
        return save_all(self.site.snapshots.store, [self._row(at_rest)])[0]

    def _save_at_rest(self) -> None:
        """Store the state that nothing changes any more, unless something still goes on."""
        if not self.save(at_rest=not self.aside):
            self._lose()

    def _row(self, at_rest: bool = False) -> Claimed:
        self._is_unsaved = False
        sealed = self.site.snapshots.seal(self._snapshot(at_rest), self._context).encode()
        self._is_large = len(sealed) > SAVED_AT_ONCE
        return self.key, self._epoch, sealed, LIFE

    def _snapshot(self, at_rest: bool = False) -> Snapshot:
        exchange, screen = self.exchange, self.screen
        digests = screen.digests() if at_rest else None
        address = self.page.live.address
        if address is not self._address:
            self._address, self._url = address, path_and_query(self.page)
        return Snapshot(
            self._url,
            dump_state(self.page),
            exchange.rev,
            exchange.done,
            tuple(exchange.answers),
            screen.shape,
            screen.mark,
            digests,
            at_rest,
            tuple(exchange.unheard),
        )

    def tend(self, now: float) -> None:
        """What is due now and then: save large states, drop what can be rendered again."""
        if self._running or self.over:
            return
        if self._is_unsaved and not self.save(at_rest=self.connection is None and not self.aside):
            self._lose()
        elif now - self.used > self.site.limits.idle:
            self.screen.rest()

    def check(self, now: float) -> None:
        """Close the connection of a browser that doesn't take what it is sent."""
        connection, limits = self.connection, self.site.limits
        if connection is None:
            return
        since = connection.sending_since
        if self.exchange.silence(now) > limits.silent or (since is not None and now - since > limits.sending):
            connection.close(CLOSE_LIMIT, "nothing is acknowledged")

    async def settled(self) -> None:
        """Return when no op is running or waiting."""
        while self._running:
            self._settled = self._settled or asyncio.get_running_loop().create_future()
            await asyncio.shield(self._settled)

    @property
    def is_running(self) -> bool:
        """Whether an op is being run."""
        return self._running or bool(self.aside)

    async def finished(self) -> None:
        """Return when nothing is running or waiting, beside the queue either."""
        await self.settled()
        await self.aside.finished()
        await self.settled()
