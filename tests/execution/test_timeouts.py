"""Time limits of functions and generators."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from liveactions.exceptions import ActionTimeout
from liveactions.execution import timeouts
from liveactions.execution.timeouts import last_value, within


class SlowSteps:
    """Steps that each take some seconds of the event loop's time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.passed = 0.0
        loop = asyncio.get_running_loop()
        now = loop.time
        monkeypatch.setattr(loop, "time", lambda: now() + self.passed, raising=False)

    async def several(self, seconds: float) -> AsyncIterator[int]:
        for number in (1, 2, 3):
            await asyncio.sleep(0)
            self.passed += seconds
            await asyncio.sleep(0)
            yield number


async def goes_on(value: Any) -> bool:
    return True


async def test_the_limit_counts_for_each_step(monkeypatch: pytest.MonkeyPatch) -> None:
    steps: Any = SlowSteps(monkeypatch).several(600.0)
    assert await last_value(1000.0, steps, goes_on) == 3


async def test_a_step_that_takes_too_long_ends_it() -> None:
    ended: list[bool] = []

    async def waits() -> AsyncIterator[int]:
        try:
            yield 1
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    steps: Any = waits()
    with pytest.raises(ActionTimeout):
        await last_value(0.01, steps, goes_on)
    assert ended == [True]


async def test_one_that_is_told_to_stop_is_closed() -> None:
    ended: list[bool] = []

    def counts() -> Iterator[int]:
        try:
            yield 1
            yield 2
        finally:
            ended.append(True)

    async def stops(value: int) -> bool:
        return False

    steps: Any = counts()
    assert await last_value(None, steps, stops) == 1
    assert ended == [True]


async def swallowing(caught: list[BaseException]) -> None:
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError as error:
            caught.append(error)


async def swallowing_all(caught: list[BaseException]) -> None:
    while len(caught) < 3:
        try:
            await asyncio.Event().wait()
        except BaseException as error:
            caught.append(error)


@pytest.mark.parametrize("function", [swallowing, swallowing_all])
async def test_what_swallows_its_cancellation_is_cut_off(
    function: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timeouts, "GRACE", 0.0)
    caught: list[BaseException] = []
    task = asyncio.current_task()
    assert task is not None
    with pytest.raises(ActionTimeout):
        await within(0.001, function(caught))
    assert caught and not task.cancelling()


async def test_what_ends_within_the_grace_period_has_cleaned_up() -> None:
    cleaned_up: list[bool] = []

    async def careful() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            cleaned_up.append(True)

    with pytest.raises(ActionTimeout):
        await within(0.001, careful())
    assert cleaned_up
