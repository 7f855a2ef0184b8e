"""The engines that every store's test runs against."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from liveactions.store import MemoryStore, SqliteStore, Store
from liveactions.store.base import SweptStore


class Clock:
    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


class Engine(ABC):
    """Where stores keep their values, and how time passes there."""

    @abstractmethod
    def store(self) -> Store:
        """Return another worker's store."""

    @abstractmethod
    async def passes(self, seconds: float) -> None:
        """Let time pass for all that is stored."""

    @abstractmethod
    async def close(self) -> None:
        """Release what is open."""


class Local(Engine):
    """An engine that asks a clock of the test's."""

    def __init__(self, make: Callable[[Clock], SweptStore]) -> None:
        self.clock = Clock()
        self._make = make
        self._made: list[SweptStore] = []

    def store(self) -> SweptStore:
        self._made.append(self._make(self.clock))
        return self._made[-1]

    async def passes(self, seconds: float) -> None:
        self.clock.now += seconds

    async def close(self) -> None:
        for store in self._made:
            await store.close()


def memory(folder: Path) -> Local:
    """All workers are one."""
    one: list[MemoryStore] = []

    def make(clock: Clock) -> MemoryStore:
        one[:] = one or [MemoryStore(clock)]
        return one[0]

    return Local(make)


def sqlite(folder: Path) -> Local:
    return Local(lambda clock: SqliteStore(folder / "store", clock))


LOCAL: Final = {"memory": memory, "sqlite": sqlite}


@asynccontextmanager
async def engine_of(name: str, folder: Path) -> AsyncIterator[Engine]:
    """A fresh engine."""
    engine = LOCAL[name](folder)
    try:
        yield engine
    finally:
        await engine.close()
