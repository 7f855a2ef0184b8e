"""Background tasks and loops that survive errors."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

from .logs import get_logger

log = get_logger(__name__)
_PASSED_ON: Final = (asyncio.CancelledError, KeyboardInterrupt, SystemExit, GeneratorExit)


class contained:  # noqa: N801 - written like a function: with contained("storing %s", name)
    """Log an exception and continue after the block. The arguments name the work in the log."""

    def __init__(self, what: str, *args: object) -> None:
        self._what = what
        self._args = args

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> bool:
        if error is None or isinstance(error, _PASSED_ON):
            return False
        log.error(f"{self._what} failed", *self._args, exc_info=error)  # control flow isn't an `Exception`
        return True


class Supervisor:
    """Runs background tasks. Each is referenced until it ends, and its exception is logged.

    `failed` is called after a task has raised.
    """

    def __init__(self, name: Callable[[], str], failed: Callable[[], object] = lambda: None) -> None:
        self._name = name
        self._failed = failed
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run `work` in a task of its own."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def cancel(self) -> None:
        """Cancel all running tasks."""
        for task in self._tasks:
            task.cancel()

    async def finished(self) -> None:
        """Return when no task of this event loop is running."""
        loop = asyncio.get_running_loop()
        while here := [task for task in self._tasks if task.get_loop() is loop]:
            await asyncio.wait(here)

    def __bool__(self) -> bool:
        """Return whether a task is running."""
        return bool(self._tasks)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            log.error("%s failed", self._name(), exc_info=error)
            self._failed()


class Waiting:
    """Wakes tasks that wait for an event. This costs nothing while no task is waiting."""

    def __init__(self) -> None:
        self._happened: asyncio.Future[None] | None = None

    async def wait(self) -> None:
        """Return after the next `wake`."""
        if self._happened is None:
            self._happened = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._happened)

    def wake(self) -> None:
        """Wake all tasks that wait."""
        if self._happened is not None:
            self._happened.set_result(None)
            self._happened = None


class Recurring:
    """Work that is repeated. Of consecutive failures, only the first is logged."""

    def __init__(self, what: str, step: Callable[[], object]) -> None:
        self._what = what
        self._step = step
        self._is_failing = False

    def run(self) -> None:
        """Do the work once."""
        try:
            self._step()
            self._is_failing = False
        except _PASSED_ON:
            raise
        except BaseException as error:
            if not self._is_failing:
                log.error("%s failed; retrying", self._what, exc_info=error)
            self._is_failing = True


def running_loop() -> asyncio.AbstractEventLoop | None:
    """Return the event loop that this thread runs, if any."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def is_loop_running() -> bool:
    """Return whether this thread runs an event loop, which mustn't be blocked."""
    return running_loop() is not None
