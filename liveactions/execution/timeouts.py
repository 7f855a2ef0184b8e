"""Runs functions and generators of the application with a time limit.

The limit costs nothing for coroutines that don't suspend. Sync functions and generators run in threads.
Functions that block the event loop can't be stopped: `execution.watchdog` reports them.
"""

from __future__ import annotations

import asyncio
import inspect
import types
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator
from contextlib import suppress
from functools import partial
from typing import Any, Final, TypeVar, cast

from anyio import to_thread

from ..actions.responses import ActionResponse
from ..exceptions import ActionTimeout

T = TypeVar("T")


GRACE: Final = 1.0
"""Seconds that a coroutine has for cleaning up after the time limit."""


async def within(seconds: float | None, coroutine: Coroutine[Any, Any, T]) -> T:
    """Return the result of a coroutine. After `seconds`, cancel it and raise `ActionTimeout`.

    A coroutine that swallows the cancellation and waits for something else is closed after `GRACE`. The timer
    is only created when the coroutine suspends for the first time.
    """
    if seconds is None:
        return await coroutine
    try:
        waited = coroutine.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            return await _rest(coroutine, waited, limit)
    except TimeoutError as error:
        if limit.expired():
            raise ActionTimeout(f"not done after {seconds:g} s") from error
        raise


@types.coroutine
def _rest(coroutine: Coroutine[Any, Any, T], waited: Any, limit: asyncio.Timeout) -> Generator[Any, Any, T]:
    """Continue a coroutine that has suspended to wait for `waited`."""
    step: Callable[[Any], Any]
    deadline: _Deadline | None = None
    try:
        while True:
            try:
                value = yield waited
                step = coroutine.send
            except BaseException as error:  # most likely a cancellation, which the coroutine handles
                if deadline is not None and deadline.has_passed:
                    deadline.uncancel()
                    _abandon(coroutine)
                    raise
                if deadline is None and limit.expired():
                    deadline = _Deadline(GRACE)
                value, step = error, coroutine.throw
            try:
                waited = step(value)
            except StopIteration as stop:
                result: T = stop.value
                return result
    finally:
        if deadline is not None:
            deadline.cancel()


class _Deadline:
    """Cancels the current task after some seconds."""

    def __init__(self, seconds: float) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        self.has_passed = False
        self._handle = asyncio.get_running_loop().call_later(seconds, self._pass)

    def _pass(self) -> None:
        self.has_passed = True
        self._task.cancel()

    def uncancel(self) -> None:
        """Revoke the cancellation."""
        self._task.uncancel()

    def cancel(self) -> None:
        """Cancel the deadline."""
        self._handle.cancel()


def _abandon(coroutine: Coroutine[Any, Any, Any]) -> None:
    """Close a coroutine that doesn't end when it is cancelled. It isn't resumed any more."""
    with suppress(Exception, asyncio.CancelledError):
        coroutine.close()


async def in_thread(seconds: float | None, function: Callable[[], T]) -> T:
    """Return the result of a sync function, which runs in a thread.

    After the time limit, raise `ActionTimeout` with `abandoned` set: the thread can't be stopped.
    """
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            return await to_thread.run_sync(function, abandon_on_cancel=True)
    except TimeoutError as error:
        if limit.expired():
            raise ActionTimeout(f"not done after {seconds:g} s", abandoned=True) from error
        raise


async def invoke(
    seconds: float | None, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """Return the result of an async or sync function within a time limit; see `within` and `in_thread`."""
    if inspect.iscoroutinefunction(function):
        return await within(seconds, function(*args, **kwargs))
    result = await in_thread(seconds, partial(function, *args, **kwargs))
    return await result if inspect.isawaitable(result) else result


_END: Final = object()


async def last_value(
    seconds: float | None,
    steps: AsyncGenerator[T] | Generator[T],
    step: Callable[[T], Awaitable[bool]],
) -> T | None:
    """Return the last value of a generator. `step` receives each value, and returns whether to continue.

    The time limit applies to each value, without the time that `step` takes.
    """
    value: T | None = None
    must_continue = True
    generator = steps if isinstance(steps, AsyncGenerator) else _in_threads(seconds, steps)
    limit = seconds if generator is steps else None
    try:
        while must_continue and (found := await within(limit, _next(generator))) is not _END:
            value = cast("T", found)
            must_continue = await step(value)
    finally:
        await generator.aclose()
    return value


async def _next(steps: AsyncGenerator[Any]) -> Any:
    return await anext(steps, _END)


def _step(steps: Generator[T]) -> T | object:
    """Return the next value of a sync generator, `_END` after its end. Raise control flow that it returns."""
    try:
        return next(steps)
    except StopIteration as stop:
        if isinstance(stop.value, ActionResponse):
            raise stop.value from None
        if stop.value is not None:
            raise TypeError(
                "a generator's result is what it yields last: it can't return a value, except for redirect()"
                " and the like"
            ) from None
        return _END


async def _in_threads(seconds: float | None, steps: Generator[T]) -> AsyncGenerator[T]:
    """Yield the values of a sync generator, each step of which runs in a thread."""
    is_abandoned = False
    try:
        while (value := await in_thread(seconds, partial(_step, steps))) is not _END:
            yield cast("T", value)
    except (ActionTimeout, asyncio.CancelledError):
        is_abandoned = True  # its thread is still running: the generator can't be closed
        raise
    finally:
        if not is_abandoned:
            await to_thread.run_sync(steps.close)


def is_cancellation(error: BaseException) -> bool:
    """Return whether the current task is being cancelled, rather than one that user code waits for."""
    task = asyncio.current_task()
    return isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling() > 0
