"""Time limits of generators, by a clock that moves when a step says so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from liveactions.exceptions import ActionTimeout
from liveactions.execution.timeouts import last


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
    assert await last(1000.0, steps, goes_on) == 3


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
        await last(0.01, steps, goes_on)
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
    assert await last(None, steps, stops) == 1
    assert ended == [True]
