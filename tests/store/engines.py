"""The engines that every store's test runs against."""

from __future__ import annotations

import secrets
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from psycopg import AsyncConnection
from redis.asyncio import Redis

from liveactions.pubsub import Broker, RemoteBroker, SqliteBroker
from liveactions.pubsub.postgres import PostgresBroker
from liveactions.pubsub.redis import RedisBroker
from liveactions.store import MemoryStore, SqliteStore, Store
from liveactions.store.base import SweptStore
from liveactions.store.postgres import PostgresStore
from liveactions.store.redis import RedisStore


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
    def broker(self) -> Broker:
        """Return another worker's broker."""

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

    def broker(self) -> Broker:
        store = self.store()
        assert isinstance(store, SqliteStore)
        return SqliteBroker(store)

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


class Remote(Engine):
    """An engine that counts time itself: what is stored is made older."""

    def __init__(self) -> None:
        self.prefix = secrets.token_hex(4)
        """Tests have a server in common."""
        self._stores: list[Store] = []
        self._brokers: list[RemoteBroker] = []

    async def close(self) -> None:
        for store in self._stores:
            await store.close()
        for broker in self._brokers:
            broker.close()


class RedisEngine(Remote):
    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url

    def store(self) -> RedisStore:
        store = RedisStore(self.url, self.prefix)
        self._stores.append(store)
        return store

    def broker(self) -> RedisBroker:
        broker = RedisBroker(self.url, self.prefix)
        self._brokers.append(broker)
        return broker

    async def passes(self, seconds: float) -> None:
        async with Redis.from_url(self.url) as client:
            async for key in client.scan_iter(match=f"{{{self.prefix}}}*"):
                if key.startswith(b"{%b}:b:" % self.prefix.encode()):  # a bucket's value is a time
                    await client.set(
                        key, int(await client.get(key) or 0) - round(1e6 * seconds), keepttl=True
                    )
                left = await client.pttl(key) - round(1000 * seconds)
                await client.pexpire(key, left)  # below 0: it is removed


class PostgresEngine(Remote):
    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url

    def store(self) -> PostgresStore:
        store = PostgresStore(self.url, self.prefix)
        self._stores.append(store)
        return store

    def broker(self) -> PostgresBroker:
        broker = PostgresBroker(self.url, self.prefix)
        self._brokers.append(broker)
        return broker

    async def passes(self, seconds: float) -> None:
        async with await AsyncConnection.connect(self.url) as connection:
            for table, column in AGES:
                await connection.execute(
                    f"UPDATE {table} SET {column} = {column} - make_interval(secs => %s) WHERE prefix = %s",
                    [seconds, self.prefix],
                )


AGES: Final = [
    ("liveactions_value", "until"),
    ("liveactions_value", "claimed_until"),
    ("liveactions_once", "until"),
    ("liveactions_bucket", "until"),
    ("liveactions_message", "at"),
]
"""Where PostgreSQL keeps times."""
LOCAL: Final = {"memory": memory, "sqlite": sqlite}
REMOTE: Final[dict[str, Callable[[str], Remote]]] = {"redis": RedisEngine, "postgres": PostgresEngine}
ENGINES: Final = (*LOCAL, *REMOTE)


def parameters(names: Iterable[str]) -> list[Any]:
    """Return engines and storages as parameters of tests.

    PostgreSQL and object storage take long to start: tests that use them are slow.
    """
    marks = {name: [pytest.mark.slow] if "postgres" in name or name == "s3" else [] for name in names}
    return [pytest.param(name, marks=found) for name, found in marks.items()]


@asynccontextmanager
async def engine_of(name: str, request: pytest.FixtureRequest) -> AsyncIterator[Engine]:
    """A fresh engine."""
    engine: Engine
    if name in REMOTE:
        engine = REMOTE[name](request.getfixturevalue(f"{name}_server").url)
    else:
        engine = LOCAL[name](request.getfixturevalue("tmp_path"))
    try:
        yield engine
    finally:
        await engine.close()
