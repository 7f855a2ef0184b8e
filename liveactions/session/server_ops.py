"""Sources of operations that the server starts: timers, connection hooks and background code.

Each reads the session's state, and enqueues a `ServerOp` through a function that it is given.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

from ..actions.run_context import open_effects
from ..exceptions import LiveError
from ..execution.loading import Deferred, discard_deferred
from ..execution.run import PageRun
from ..execution.timeouts import invoke
from ..pages.component import components_of, describe, walk
from ..pages.description import Timer
from ..pages.live_context import LiveContext
from ..pages.page import Page
from ..tasks import Supervisor
from ..types import DONE, Failed, Outcome
from .op_queue import ServerOp
from .state import SessionState

CONNECTION_HOOKS: Final = ("connected", "disconnected")
"""Hooks that run whenever a connection is opened or lost."""


class Timers:
    """Runs the timers of a page through `push`. At most one call of each is pending."""

    def __init__(self, push: Callable[..., Coroutine[Any, Any, None]], tasks: Supervisor) -> None:
        self._push = push
        self._supervisor = tasks
        self._handles: dict[tuple[str, str], asyncio.TimerHandle] = {}
        self._tasks: dict[tuple[str, str], asyncio.Task[None]] = {}

    def start(self, page: Page) -> None:
        """Start the timers of a page and its components; stop those of the previous page."""
        self.stop()
        for path, component in walk(page):
            for timer in describe(component).timers:
                self._schedule((path, timer.name), component, timer)

    def stop(self) -> None:
        """Stop all timers. A call that is running isn't cancelled."""
        for handle in self._handles.values():
            handle.cancel()
        self._handles.clear()

    def _schedule(self, key: tuple[str, str], component: Any, timer: Timer) -> None:
        loop = asyncio.get_running_loop()
        self._handles[key] = loop.call_later(timer.seconds, self._fire, key, component, timer)

    def _fire(self, key: tuple[str, str], component: Any, timer: Timer) -> None:
        self._schedule(key, component, timer)
        if key not in self._tasks:
            task = self._supervisor.start(self._push(timer.function, component))
            self._tasks[key] = task
            task.add_done_callback(lambda _: self._tasks.pop(key, None))


class ConnectionHooks:
    """Runs the hooks ``connected`` and ``disconnected`` alternately, as operations."""

    def __init__(self, state: SessionState, run_or_enqueue: Callable[[ServerOp], Awaitable[None]]) -> None:
        self._state = state
        self._run_or_enqueue = run_or_enqueue
        self._has_connected = False
        """Whether ``connected`` has run without ``disconnected`` since."""

    async def connected(self) -> None:
        """Run the hooks ``connected``: a new connection shows the page."""
        if self._has_hooks():
            if self._has_connected or self._state.is_running:  # the connection before may not be gone yet
                self._state.queue.append(ServerOp(self._disconnect))
            await self._run_or_enqueue(ServerOp(self._connect))

    async def disconnected(self) -> None:
        """Run the hooks ``disconnected``, if ``connected`` has run."""
        if self._has_hooks():
            await self._run_or_enqueue(ServerOp(self._disconnect))

    async def leave(self) -> None:
        """Run the hooks ``disconnected`` at once: the page is no longer shown here."""
        run = PageRun(self._state.page)
        await run.close(await self._disconnect(run) or DONE)

    async def close(self) -> None:
        """Run the hooks ``disconnected`` and ``closed`` at once: the page has ended."""
        await self.leave()
        run = PageRun(self._state.page)
        await run.close(await run.run_hook("closed") or DONE)

    def _has_hooks(self) -> bool:
        components = components_of(self._state.page)
        return any(not describe(one).hooks.keys().isdisjoint(CONNECTION_HOOKS) for one in components)

    async def _connect(self, run: PageRun) -> Outcome | None:
        refused = await run.guard()
        if refused is not None or not self._state.is_attached:
            return refused
        self._has_connected = True
        return await run.run_hook("connected")

    async def _disconnect(self, run: PageRun) -> Outcome | None:
        if not self._has_connected:
            return None
        self._has_connected = False
        return await run.run_hook("disconnected")


class Later:
    """A delayed call of a function on the page."""

    def __init__(self, background: Background, seconds: float, call: Callable[[], Any]) -> None:
        self.seconds = seconds
        self._background = background
        self._call = call
        loop = asyncio.get_running_loop()
        self._handle = loop.call_later(seconds, self.fire)

    def fire(self) -> None:
        """Make the call now."""
        self.cancel()
        self._background.submit(ServerOp(lambda run: run.run_callback(self._call)))

    def cancel(self) -> None:
        self._handle.cancel()
        self._background.waiting.discard(self)


class Background:
    """Background work of one page. It changes the page by operations only: `submit` enqueues one, and `call`
    also waits for its outcome.
    """

    def __init__(
        self,
        state: SessionState,
        submit: Callable[[ServerOp], None],
        call: Callable[[ServerOp], Awaitable[Outcome]],
    ) -> None:
        self._state = state
        self.submit = submit
        self._call = call
        self.waiting: set[Later] = set()
        self._loop = asyncio.get_running_loop()
        self._is_over = False
        self._deferred_tasks = Supervisor(lambda: f"{state.name}: a deferred value")

    async def run(self, call: Callable[[], Any]) -> Any:
        """Run a call on the page as an operation, and return its result."""
        effects = open_effects()
        if effects is not None and effects.live is self._state.page.live:
            raise RuntimeError(
                "run() would deadlock: it was called from an operation of the same page."
                " Modify the page directly"
            )
        if self._is_over or self._state.is_over:
            raise LiveError("this page is no longer open")
        results: list[Any] = []

        async def keep() -> None:
            results.append(await invoke(None, call, (), {}))

        outcome: Outcome = await self._call(ServerOp(lambda run: run.run_callback(keep)))
        if isinstance(outcome, Failed) and outcome.error is not None:
            raise outcome.error
        return results[0] if results else None

    def later(self, seconds: float, call: Callable[[], Any]) -> None:
        """Call a function on the page after some seconds, unless it has ended. May be called from any
        thread.
        """
        self._loop.call_soon_threadsafe(self._schedule, seconds, call)

    def _schedule(self, seconds: float, call: Callable[[], Any]) -> None:
        if not self._is_over:
            self.waiting.add(Later(self, seconds, call))

    def begin_deferred(self) -> None:
        """Start what `load` has deferred; each value is shown when it becomes available."""
        live = self._state.page.live
        deferred, live.deferred = live.deferred, []
        for one in deferred:
            self._deferred_tasks.start(self._show(one, live))

    async def _show(self, deferred: Deferred[Any], live: LiveContext) -> None:
        await deferred.resolve(live)
        if self._state.page.live is live:
            self.submit(ServerOp(lambda run: run.guard()))

    def close(self) -> None:
        """Cancel all background work: the page has ended."""
        self._is_over = True
        for later in list(self.waiting):
            later.cancel()
        self._deferred_tasks.cancel()
        discard_deferred(self._state.page.live)
