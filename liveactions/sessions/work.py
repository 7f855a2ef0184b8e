"""A session's queue: ops run one at a time, in the order in which they came."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from itertools import islice, takewhile
from typing import TYPE_CHECKING, Final

from ..errors import LiveError
from ..exchange import KEPT
from ..ops.outcome import Outcome, failure
from ..protocol import Op
from ..tasks import Supervisor
from .aside import dropped
from .connection import INTERNAL_ERROR
from .push import Push

if TYPE_CHECKING:
    from .session import Session

MERGED: Final = 100
"""Pushes after which the page is told at the latest, and others have their turn."""


class Work:
    """Ops run in the task that brings one, which then empties the queue; see `session`."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.queue: deque[Op | Push] = deque()
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
        return sum(not isinstance(job, Push) for job in self.queue) >= KEPT

    async def add(self, job: Op | Push) -> None:
        """Run an op, now or after what is running."""
        self.queue.append(job)
        await self.run()

    async def perform(self, push: Push) -> Outcome:
        """Run something on the page when nothing else is running; what became of it.

        In a task of the page's own: whoever doesn't wait any more ends nothing of others.
        """
        push.ended = asyncio.get_running_loop().create_future()
        self.begin(push)
        return await push.ended

    def begin(self, push: Push) -> None:
        """Run something on the page soon."""
        self.queue.append(push)
        if not self.is_running:
            self.is_running = True
            self._begin()

    def expects(self, is_meant: Callable[[Op], bool]) -> bool:
        """Whether such an op waits."""
        return any(not isinstance(job, Push) and is_meant(job) for job in self.queue)

    def drop(self, is_meant: Callable[[Op], bool]) -> None:
        """Ops that wait, and are meant, do nothing."""
        for index, job in enumerate(self.queue):
            if not isinstance(job, Push) and is_meant(job):
                self.queue[index] = dropped(job)

    def abandon(self) -> None:
        """The page is over: what waits is never run."""
        waiting = [job for job in self.queue if isinstance(job, Push) and job.ended is not None]
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
            if isinstance(job, Push) and job.ended is not None and job.ended.cancelled():
                continue  # nobody waits for it any more
            self.goes_on = self.goes_on - 1 if self.goes_on else self._merging(job)
            if not await session.perform(job):
                queue.appendleft(job)
                return True
        if session.over:
            self.abandon()
        await session.flush()
        return False

    def _merging(self, job: Op | Push) -> int:
        """How many of those that wait now are shown together with a job."""
        if not isinstance(job, Push) or not job.merges:
            return 0
        following = islice(self.queue, MERGED)
        return sum(1 for _ in takewhile(lambda one: isinstance(one, Push) and one.merges, following))

    async def settled(self) -> None:
        """Return when no op is running or waiting."""
        while self.is_running:
            self._settled = self._settled or asyncio.get_running_loop().create_future()
            await asyncio.shield(self._settled)
