"""The PostgreSQL broker where messages are removed, connections cut, and the server is stopped or paused."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from secrets import token_hex
from typing import Any

import psycopg
import pytest

from liveactions.exceptions import StoreError
from liveactions.pubsub import GAP
from liveactions.pubsub import postgres as module
from liveactions.pubsub.postgres import MESSAGE_TTL, PostgresBroker
from tests.support.patience import PATIENCE
from tests.support.servers import PostgresServer, own

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def started() -> Iterator[PostgresServer]:
    with own(PostgresServer) as server:
        yield server


@pytest.fixture
def server(started: PostgresServer) -> PostgresServer:
    """A server that a test may stop."""
    if not started.is_alive():
        started.start()
    return started


@pytest.fixture
def two(server: PostgresServer) -> Iterator[tuple[PostgresBroker, PostgresBroker]]:
    """Two workers, which listen."""
    prefix = token_hex(4)
    brokers = PostgresBroker(server.url, prefix), PostgresBroker(server.url, prefix)
    for broker in brokers:
        assert list(broker.poll()) == [GAP]
    yield brokers
    for broker in brokers:
        broker.close()


Two = tuple[PostgresBroker, PostgresBroker]


def run(server: PostgresServer, statement: str, *values: object) -> None:
    with psycopg.connect(server.url, autocommit=True) as admin:
        admin.execute(statement, values)


def test_who_has_not_listened_for_too_long_hears_of_a_gap(two: Two, server: PostgresServer) -> None:
    one, other = two
    one.publish([b"a"])
    run(server, "UPDATE liveactions_message SET at = at - make_interval(secs => %s)", MESSAGE_TTL + 1)
    one.publish([b"b"])
    one.publish([b"c"])
    assert list(other.poll()) == [GAP, b"b", b"c"]
    assert list(other.poll()) == []


def test_where_nothing_was_said_there_is_no_gap(two: Two, server: PostgresServer) -> None:
    one, other = two
    one.publish([b"a"])
    assert list(other.poll()) == [b"a"]
    run(server, "UPDATE liveactions_message SET at = at - make_interval(secs => %s)", 10 * MESSAGE_TTL)
    assert list(other.poll()) == []
    one.publish([b"b"])
    assert list(other.poll()) == [b"b"]


@pytest.mark.parametrize("afterwards", [[], [b"a"]])
@pytest.mark.parametrize(
    "loss", ["TRUNCATE liveactions_message RESTART IDENTITY", "DROP TABLE liveactions_message"]
)
def test_lost_messages_are_a_gap(
    two: Two, server: PostgresServer, loss: str, afterwards: list[bytes]
) -> None:
    one, other = two
    one.publish([b"lost"])
    run(server, loss)
    one.publish(afterwards)
    assert list(other.poll()) == list(one.poll()) == [GAP, *afterwards]
    one.publish([b"b"])
    assert list(one.poll()) == list(other.poll()) == [b"b"]


def test_a_message_of_the_same_number_in_another_table_is_a_gap(two: Two, server: PostgresServer) -> None:
    """As after a failover to a standby that hadn't got the last message."""
    one, other = two
    one.publish([b"a"])
    assert list(other.poll()) == [b"a"]
    run(server, "UPDATE liveactions_message SET batch = 'another', value = 'b' WHERE value = 'a'")
    assert list(other.poll()) == [GAP, b"b"]


def test_a_server_that_is_started_again_keeps_messages(two: Two, server: PostgresServer) -> None:
    one, other = two
    one.publish([b"a"])
    server.stop()
    caller = threading.Thread(target=one.publish, args=([b"b"],))
    caller.start()
    server.start()
    caller.join(PATIENCE)
    assert list(other.poll()) == [b"a", b"b"]


def test_a_server_that_is_away_for_too_long_is_an_error(
    two: Two, server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.stop()
    monkeypatch.setattr(module, "CALL_TIMEOUT", 0.1)
    for call in (lambda: two[0].publish([b"a"]), two[0].poll, lambda: two[0].wait(1.0)):
        with pytest.raises(StoreError):
            call()


def test_a_paused_server_delays_messages(two: Two, server: PostgresServer) -> None:
    one, other = two
    server.signal(signal.SIGSTOP)
    caller = threading.Thread(target=one.publish, args=([b"a"],))
    caller.start()
    caller.join(0.05)
    assert caller.is_alive()
    server.signal(signal.SIGCONT)
    caller.join(PATIENCE)
    assert list(other.poll()) == [b"a"]


def test_a_server_that_hangs_for_too_long_is_an_error(
    two: Two, server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    two[0].wait(0.0)  # begins to listen
    monkeypatch.setattr(module, "CALL_TIMEOUT", 0.05)
    server.signal(signal.SIGSTOP)
    for call in (two[0].poll, lambda: two[0].wait(0.001)):
        with pytest.raises(StoreError, match="has not answered"):
            call()
    server.signal(signal.SIGCONT)
    monkeypatch.undo()
    two[0].publish([b"a"])
    assert list(two[1].poll()) == [b"a"]


def test_messages_of_a_connection_that_is_cut_are_added_once(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = two
    attempt, cuts = one._attempt, [1]

    def cut(purpose: str, work: Any) -> object:
        answer: object = attempt(purpose, work)
        if cuts:
            cuts.pop()
            raise psycopg.OperationalError("cut")
        return answer

    monkeypatch.setattr(one, "_attempt", cut)
    one.publish([b"a"])
    assert not cuts
    assert list(other.poll()) == [b"a"]


def test_who_waits_is_woken_by_a_message(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CALL_TIMEOUT", 10 * PATIENCE)
    two[1].wait(0.0)  # begins to listen
    waiting = threading.Thread(target=two[1].wait, args=(5 * PATIENCE,))
    waiting.start()
    two[0].publish([b"a"])
    waiting.join(PATIENCE)
    assert not waiting.is_alive()


def test_nobody_waits_for_ever(two: Two) -> None:
    for _ in range(2):
        two[1].wait(0.001)
    assert list(two[1].poll()) == []
