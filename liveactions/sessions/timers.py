"""The clock of an open page: methods with `@every`, while a socket is there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from ..pages.component import describe
from ..pages.every import Timer
from ..pages.node import walk
from ..pages.page import Page
from ..tasks import Supervisor


class Timers:
    """Runs each timer of a page through `push`; one that hasn't run yet isn't asked for again."""

    def __init__(self, push: Callable[..., Coroutine[Any, Any, None]], tasks: Supervisor) -> None:
        self._push = push
        self._supervisor = tasks
        self._handles: dict[tuple[str, str], asyncio.TimerHandle] = {}
        self._tasks: dict[tuple[str, str], asyncio.Task[None]] = {}

    def start(self, page: Page) -> None:
        self.stop()
        for path, component in walk(page):
            for timer in describe(component).timers:
                self._schedule((path, timer.name), component, timer)

    def stop(self) -> None:
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
