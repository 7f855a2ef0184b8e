"""The Redis store where the server is paused, stopped, emptied, or cuts connections."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from redis.asyncio import Redis

from liveactions.exceptions import StoreError
from liveactions.store import redis as module
from liveactions.store.redis import RedisStore
from tests.support.servers import RedisServer, own


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with own(RedisServer) as server:
        yield server


@pytest.fixture
async def store(server: RedisServer) -> AsyncIterator[RedisStore]:
    store = RedisStore(server.url)
    yield store
    await store.close()


async def test_what_is_lost_is_not_there_and_can_be_saved_again(
    store: RedisStore, server: RedisServer
) -> None:
    epoch = await store.claim("k")
    await store.save("k", epoch, b"v", 100)
    async with Redis.from_url(server.url) as client:
        await client.flushall()
    assert await store.get("k") is None
    assert await store.save("k", epoch, b"again", 100)
    assert await store.get("k") == b"again"
    assert await store.claim("k") > epoch


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_connection_that_is_cut_in_a_command(
    store: RedisStore, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    client = store._client().redis
    execute = client.execute_command
    cuts = 0

    async def cut(*command: object) -> object:
        nonlocal cuts
        answer = await execute(*command) if moment == "after" else None
        if cuts:
            cuts -= 1
            raise ConnectionResetError("cut")
        return answer if moment == "after" else await execute(*command)

    monkeypatch.setattr(client, "execute_command", cut)
    await store.put("warm", b"", 1)
    await store.claim("warm")
    await store.once("warm", 1)
    cuts = 1
    assert await store.once("k", 10)  # its own attempt before doesn't count
    assert not cuts and not await store.once("k", 10)
    cuts = 1
    epoch = await store.claim("k")
    cuts = 1
    assert await store.save("k", epoch, b"v", 10)
    assert await store.get("k") == b"v"


async def test_a_state_that_comes_late_replaces_no_newer_one(
    store: RedisStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a server that was paused runs what a worker had given up, after what it has sent since."""
    client = store._client().redis
    execute, held = client.execute_command, []

    async def hold(*command: object) -> object:
        held.append(command)
        return [1]

    monkeypatch.setattr(client, "execute_command", hold)
    await store.save("k", 0, b"older", 10)
    monkeypatch.undo()
    await store.save("k", 0, b"newer", 10)
    await execute("EVAL", module.SAVE.text, *held[0][2:])
    assert await store.get("k") == b"newer"


async def test_another_worker_goes_on_from_its_own_numbers(server: RedisServer) -> None:
    one, two = RedisStore(server.url), RedisStore(server.url)
    for number in range(5):
        await one.save("k", 0, str(number).encode(), 10)
    epoch = await two.claim("k")
    assert await two.save("k", epoch, b"two", 10)
    assert await two.get("k") == b"two"
    for store in (one, two):
        await store.close()


async def test_a_server_that_is_full_is_an_error(store: RedisStore, server: RedisServer) -> None:
    async with Redis.from_url(server.url) as client:
        await client.config_set("maxmemory", "1")
    with pytest.raises(StoreError, match="maxmemory"):
        await store.put("k", b"v", 10)


def test_each_loop_has_its_own_connections(server: RedisServer) -> None:
    store = RedisStore(server.url)

    async def use(value: bytes) -> bytes | None:
        found = await store.get("k")
        await store.put("k", value, 10)
        await store.close()
        return found

    assert [asyncio.run(use(value)) for value in (b"1", b"2", b"3")] == [None, b"1", b"2"]


async def test_applications_of_other_prefixes_are_apart(server: RedisServer) -> None:
    one, two = RedisStore(server.url, "one"), RedisStore(server.url, "two")
    await one.put("k", b"v", 10)
    assert await two.get("k") is None
    assert await one.once("k", 10) and await two.once("k", 10)
    for store in (one, two):
        await store.close()


async def test_a_client_may_be_made_by_the_application(server: RedisServer) -> None:
    """As for Sentinel and clusters."""
    store = RedisStore(lambda: Redis.from_url(server.url))
    await store.put("k", b"v", 10)
    assert await store.get("k") == b"v"
    await store.close()
