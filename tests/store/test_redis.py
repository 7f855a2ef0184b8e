"""The Redis store where the server is paused, stopped, emptied, or cuts connections."""

from __future__ import annotations

import asyncio
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from liveactions.exceptions import StoreError
from liveactions.store import redis as module
from liveactions.store.redis import RedisStore
from tests.support.servers import RedisServer, own

pytestmark = pytest.mark.slow


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


async def test_a_claim_is_unlike_those_that_were_lost(store: RedisStore, server: RedisServer) -> None:
    """Also within the same millisecond: else two workers could save a page by turns."""
    async with Redis.from_url(server.url) as client:
        for _ in range(20):
            before = await store.claim("k")
            await client.flushall()
            assert await store.claim("k") > before


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


async def test_every_state_is_newer_than_the_one_before_whatever_the_locale_of_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In that of the United States, some bytes count as nothing where texts are compared."""
    if shutil.which("localedef") is None or not Path("/usr/share/i18n/locales/en_US").exists():
        pytest.skip("there is no other locale. `apt-get install locales` installs them on Debian")
    subprocess.run(["localedef", "-i", "en_US", "-f", "ISO-8859-1", tmp_path / "en_US"], check=True)
    monkeypatch.setenv("LOCPATH", str(tmp_path))
    monkeypatch.setenv("LC_ALL", "en_US")
    with own(RedisServer) as server:
        store = RedisStore(server.url)
        for number in range(300):
            assert await store.save("k", 0, str(number).encode(), 100)
            assert await store.get("k") == str(number).encode()
        await store.close()


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


@pytest.mark.parametrize("user", ["", "somebody:hunter2@"])
async def test_a_user_whom_the_server_refuses_is_an_error_at_once(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch, user: str
) -> None:
    """To try again doesn't help."""
    async with Redis.from_url(server.url) as client:
        await client.config_set("requirepass", "secret")
    monkeypatch.setattr(module, "CALL_TIMEOUT", 1e6)
    store = RedisStore(server.url.replace("://", f"://{user}"))
    with pytest.raises(StoreError, match="(?i)authenticat|invalid username-password") as caught:
        await store.get("k")
    assert "hunter2" not in str(caught.value)
    await store.close()


async def test_calls_at_once_share_a_few_connections(store: RedisStore, server: RedisServer) -> None:
    """As when all pages of a machine that is lost come to another one."""
    await store.put("k", b"v", 100)
    assert await asyncio.gather(*(store.get("k") for _ in range(1000))) == [b"v"] * 1000
    async with Redis.from_url(server.url) as client:
        assert (await client.info("clients"))["connected_clients"] <= module.CONNECTIONS + 1


async def test_after_a_failover_the_server_is_found_by_its_name(server: RedisServer, tmp_path: Path) -> None:
    """The former master still answers, and takes nothing."""
    name = tmp_path / "name"
    name.symlink_to(server.socket)
    store = RedisStore(f"unix://{name}")
    await asyncio.gather(*(store.put(str(n), b"v", 100) for n in range(3)))
    with own(RedisServer) as other:
        async with Redis.from_url(server.url) as client:
            await client.replicaof("127.0.0.1", 1)
        name.unlink()
        name.symlink_to(other.socket)
        assert await store.save("k", 0, b"v", 100)
        assert await RedisStore(other.url).get("k") == b"v"
        await store.close()


async def test_writes_wait_while_clients_are_paused(store: RedisStore, server: RedisServer) -> None:
    await store.put("k", b"v", 100)
    async with Redis.from_url(server.url) as client:
        await client.client_pause(60_000, all=False)
        saving = asyncio.ensure_future(store.save("k", 0, b"w", 100))
        assert await store.get("k") == b"v" and not saving.done()
        await client.client_unpause()
    assert await saving and await store.get("k") == b"w"


async def test_a_call_that_is_cancelled_gives_its_answer_to_nobody(
    store: RedisStore, server: RedisServer
) -> None:
    await store.put_many([("one", b"1", 100), ("two", b"2", 100)])
    server.signal(signal.SIGSTOP)
    calls = [asyncio.ensure_future(store.get("one")) for _ in range(5)]
    await asyncio.wait(calls, timeout=0.05)
    for call in calls:
        call.cancel()
    server.signal(signal.SIGCONT)
    assert await asyncio.gather(*calls, return_exceptions=True) and all(call.cancelled() for call in calls)
    assert [await store.get("two") for _ in range(6)] == [b"2"] * 6
