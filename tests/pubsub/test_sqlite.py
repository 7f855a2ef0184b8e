"""The SQLite broker: messages that are too old, and files that are lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from liveactions.pubsub import GAP, SqliteBroker
from liveactions.pubsub.sqlite import MESSAGE_TTL
from liveactions.store import SqliteStore
from liveactions.store.base import SWEEP_ROWS, SWEEP_SECONDS
from tests.store.engines import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def worker(tmp_path: Path, clock: Clock) -> Callable[[], SqliteBroker]:
    """Makes the broker of another worker, which listens from now on."""

    def make() -> SqliteBroker:
        broker = SqliteBroker(SqliteStore(tmp_path / "store", clock))
        assert list(broker.poll()) == [GAP]
        return broker

    return make


Worker = Callable[[], SqliteBroker]


def test_who_has_not_listened_for_too_long_hears_of_a_gap(worker: Worker, clock: Clock) -> None:
    one, two = worker(), worker()
    one.publish([b"a"])
    clock.now += MESSAGE_TTL
    one.publish([b"b"])
    clock.now += SWEEP_SECONDS
    one.publish([b"c"])
    assert list(two.poll()) == [GAP, b"b", b"c"]
    assert list(two.poll()) == []


async def test_where_nothing_was_said_there_is_no_gap(worker: Worker, clock: Clock) -> None:
    one, two = worker(), worker()
    one.publish([b"a"])
    two.poll()
    for _ in range(3):
        clock.now += 2 * MESSAGE_TTL
        await one._store.put("k", b"sweeps", 1)
    assert list(two.poll()) == []
    one.publish([b"b"])
    assert list(two.poll()) == [b"b"]


async def test_old_messages_go_some_at_a_time(worker: Worker, clock: Clock) -> None:
    one = worker()
    one.publish([b"old"] * (2 * SWEEP_ROWS))
    clock.now += MESSAGE_TTL
    for left in (SWEEP_ROWS + 1, 1, 1):  # where they were is kept as well
        await one._store.sweep()
        assert len(one._store.messages(0)) == left


@pytest.mark.parametrize("harm", ["removed", "damaged"])
async def test_another_file_is_a_gap(worker: Worker, tmp_path: Path, harm: str) -> None:
    one, two = worker(), worker()
    one.publish([b"lost"])
    path = tmp_path / "store"
    if harm == "removed":
        path.unlink()
    else:
        await one._store.close()
        await two._store.close()
        path.write_bytes(b"no database at all" * 1000)
    one.publish([b"a"])
    assert list(one.poll()) == list(two.poll()) == [GAP, b"a"]
    one.publish([b"b"])
    assert list(one.poll()) == list(two.poll()) == [b"b"]
