"""The Redis broker where the server is trimmed, emptied, stopped, paused or replaced."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from liveactions.exceptions import StoreError
from liveactions.pubsub import GAP
from liveactions.pubsub import redis as module
from liveactions.pubsub.redis import RedisBroker
from tests.support.patience import PATIENCE
from tests.support.servers import RedisServer, own

pytestmark = pytest.mark.slow


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with own(RedisServer) as server:
        yield server


@pytest.fixture
def client(server: RedisServer) -> Iterator[Redis]:
    with Redis.from_url(server.url) as client:
        yield client


@pytest.fixture
def two(server: RedisServer) -> Iterator[tuple[RedisBroker, RedisBroker]]:
    """Two workers, which listen."""
    brokers = RedisBroker(server.url), RedisBroker(server.url)
    for broker in brokers:
        assert list(broker.poll()) == [GAP]
    yield brokers
    for broker in brokers:
        broker.close()


Two = tuple[RedisBroker, RedisBroker]


def test_what_was_trimmed_is_a_gap(two: Two, client: Redis) -> None:
    one, other = two
    one.publish([b"a", b"b", b"c"])
    client.xtrim(one._stream, maxlen=2, approximate=False)
    assert list(other.poll()) == [GAP, b"b", b"c"]
    one.publish([b"d"])
    assert list(other.poll()) == [b"d"]


@pytest.mark.parametrize("has_read", [True, False])
def test_what_was_trimmed_to_nothing_is_a_gap(two: Two, client: Redis, has_read: bool) -> None:
    one, other = two
    one.publish([b"a"])
    if has_read:
        assert list(other.poll()) == [b"a"]
    client.xtrim(one._stream, maxlen=0, approximate=False)
    assert list(other.poll()) == [GAP]
    one.publish([b"b"])
    assert list(other.poll()) == [b"b"]


def test_the_stream_is_trimmed(two: Two, client: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_MESSAGES", 100)
    for _ in range(10):
        two[0].publish([b"m"] * 100)
    assert client.xlen(two[0]._stream) < 500
    assert list(two[1].poll())[0] is GAP


@pytest.mark.parametrize("afterwards", [[], [b"a"]])
def test_an_emptied_server_is_a_gap(two: Two, client: Redis, afterwards: list[bytes]) -> None:
    one, other = two
    one.publish([b"lost"])
    client.flushall()
    one.publish(afterwards)
    assert list(other.poll()) == [GAP, *afterwards]
    assert list(one.poll()) == [GAP, *afterwards]
    one.publish([b"b"])
    assert list(one.poll()) == list(other.poll()) == [b"b"]


def test_a_message_at_the_same_place_in_another_stream_is_a_gap(two: Two, client: Redis) -> None:
    """As after a failover to a replica that hadn't got the last message."""
    one, other = two
    one.publish([b"a"])
    assert list(other.poll()) == [b"a"]
    entries: Any = client.xrevrange(one._stream, count=1)
    [(id, _)] = entries
    client.delete(one._stream)
    client.xadd(one._stream, {"m": "b"}, id=id)
    assert list(other.poll()) == [GAP, b"b"]


def test_a_clock_that_is_set_back_loses_nothing(two: Two, client: Redis) -> None:
    one, other = two
    client.xadd(one._stream, {"m": "of the future"}, id="99999999999999-0")
    one.publish([b"a"])
    assert list(other.poll()) == [b"of the future", b"a"]


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_server_that_begins_again_is_a_gap(two: Two, server: RedisServer, how: signal.Signals) -> None:
    one, other = two
    one.publish([b"lost"])
    server.stop(how)
    server.start()
    one.publish([b"a"])
    assert list(other.poll()) == [GAP, b"a"]


def test_calls_wait_for_a_server_that_is_started_again(two: Two, server: RedisServer) -> None:
    server.stop()
    caller = threading.Thread(target=two[0].publish, args=([b"a"],))
    caller.start()
    server.start()
    caller.join(PATIENCE)
    assert list(two[1].poll()) == [GAP, b"a"]


def test_a_server_that_is_away_for_too_long_is_an_error(
    two: Two, server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CALL_TIMEOUT", 0.0)
    server.stop()
    new = RedisBroker(server.url)
    for call in (
        lambda: two[0].publish([b"a"]),
        two[0].poll,
        lambda: two[0].wait(1.0),
        lambda: new.wait(1.0),
    ):
        with pytest.raises(StoreError):
            call()


def test_a_paused_server_delays_messages(two: Two, server: RedisServer) -> None:
    one, other = two
    server.signal(signal.SIGSTOP)
    caller = threading.Thread(target=one.publish, args=([b"a"],))
    caller.start()
    caller.join(0.05)
    assert caller.is_alive()
    server.signal(signal.SIGCONT)
    caller.join(PATIENCE)
    assert list(other.poll()) == [b"a"]


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_connection_that_is_cut_in_a_command_sends_it_once(
    two: Two, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    one, other = two
    client, cuts = one._redis(), [1]
    execute = client.execute_command

    def cut(*command: object) -> object:
        answer = execute(*command) if moment == "after" else None
        if cuts:
            cuts.pop()
            raise ConnectionResetError("cut")
        return answer if moment == "after" else execute(*command)

    monkeypatch.setattr(client, "execute_command", cut)
    one.publish([b"a"])
    assert not cuts
    assert list(other.poll()) == list(one.poll()) == [b"a"]


def test_who_waits_is_woken_by_a_message(two: Two) -> None:
    waiting = threading.Thread(target=two[1].wait, args=(10 * PATIENCE,))
    waiting.start()
    two[0].publish([b"a"])
    waiting.join(PATIENCE)
    assert not waiting.is_alive()


def test_nobody_waits_for_ever(two: Two) -> None:
    two[1].wait(0.001)
    assert list(two[1].poll()) == []


def test_a_user_whom_the_server_refuses_is_an_error_at_once(
    server: RedisServer, client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.config_set("requirepass", "secret")
    monkeypatch.setattr(module, "CALL_TIMEOUT", 1e6)
    with pytest.raises(StoreError, match="invalid username-password"):
        RedisBroker(server.url.replace("://", "://somebody:hunter2@")).poll()


def test_after_a_failover_the_server_is_found_by_its_name(
    server: RedisServer, client: Redis, tmp_path: Path
) -> None:
    name = tmp_path / "name"
    name.symlink_to(server.socket)
    broker = RedisBroker(f"unix://{name}")
    assert list(broker.poll()) == [GAP]
    with own(RedisServer) as other:
        client.replicaof("127.0.0.1", 1)
        name.unlink()
        name.symlink_to(other.socket)
        broker.publish([b"a"])
        assert list(broker.poll()) == [GAP, b"a"]
        broker.close()
