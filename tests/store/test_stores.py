"""What every store does, and that all do the same."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from liveactions.store import MemoryStore, SqliteStore, Store
from liveactions.store.base import CLAIM_SECONDS, SWEEP_ROWS, SWEEP_SECONDS


class Clock:
    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[Store]:
    made: Store = MemoryStore(clock) if request.param == "memory" else SqliteStore(tmp_path / "store", clock)
    yield made
    made.close()


def test_a_value_lives_for_its_time(store: Store, clock: Clock) -> None:
    assert store.get("k") is None
    store.put("k", b"value", 10)
    clock.now += 9.5
    assert store.get("k") == b"value"
    clock.now += 0.5
    assert store.get("k") is None


def test_the_last_value_and_its_time_count(store: Store, clock: Clock) -> None:
    store.put("k", b"long", 100)
    store.put("k", b"short", 1)
    assert store.get("k") == b"short"
    clock.now += 1
    assert store.get("k") is None


@pytest.mark.parametrize("value", [b"", b"\0", bytes(range(256)), b"x" * 3_000_000, bytearray(b"ab")])
def test_any_bytes(store: Store, value: bytes) -> None:
    store.put("k", value, 10)
    found = store.get("k")
    assert found == value and type(found) is bytes


@pytest.mark.parametrize("key", ["", "é", "a\0b", "\ud800", "'; DROP TABLE value; --", "k" * 10_000])
def test_any_key(store: Store, key: str) -> None:
    assert store.get(key) is None
    store.put(key, b"v", 10)
    store.put("other", b"w", 10)
    assert store.get(key) == b"v"
    assert store.once(key, 10) and not store.once(key, 10)
    assert store.save(key, store.claim(key), b"saved", 10)
    store.delete(key)
    assert (store.get(key), store.get("other")) == (None, b"w")


def test_many_at_once(store: Store) -> None:
    store.put_many([(str(n), str(n).encode(), 10) for n in range(100)])
    assert [store.get(str(n)) for n in (0, 50, 99)] == [b"0", b"50", b"99"]
    store.put_many([])


def test_many_or_none(store: Store) -> None:
    store.put("a", b"before", 10)
    with pytest.raises(Exception):  # noqa: B017
        store.put_many([("a", b"after", 10), ("b", b"new", 10), ("c", "text", 10)])  # type: ignore[list-item]
    assert (store.get("a"), store.get("b")) == (b"before", None)
    store.put_many([("a", b"after", 10), ("b", b"new", 10)])
    assert (store.get("a"), store.get("b")) == (b"after", b"new")


def test_once(store: Store, clock: Clock) -> None:
    store.put("k", b"a value's keys are others", 10)
    assert store.once("k", 10)
    assert not store.once("k", 1000)
    assert store.once("other", 10)
    clock.now += 10
    assert store.once("k", 10)
    assert not store.once("k", 10)


def test_delete(store: Store) -> None:
    store.delete("k")
    store.put("k", b"v", 10)
    store.delete("k")
    assert store.get("k") is None


def test_only_the_last_claimant_saves(store: Store) -> None:
    first = store.claim("k")
    assert store.save("k", first, b"1", 10)
    second = store.claim("k")
    assert second > first
    assert not store.save("k", first, b"late", 10)
    assert store.get("k") == b"1"
    assert store.save("k", second, b"2", 10)
    assert store.get("k") == b"2"
    assert store.save("other", 1, b"claimed by nobody", 10)


def test_a_later_save_may_shorten_a_life(store: Store, clock: Clock) -> None:
    assert store.save("k", 0, b"long", 20)
    assert store.save("k", 0, b"short", 0.5)
    clock.now += 1
    assert store.get("k") is None


def test_a_claim_outlives_the_value(store: Store, clock: Clock) -> None:
    first = store.claim("k")
    store.save("k", first, b"1", 10)
    second = store.claim("k")
    store.delete("k")
    clock.now += 60
    assert store.get("k") is None
    assert not store.save("k", first, b"late", 10)
    assert store.save("k", second, b"2", 10)


def test_a_claim_never_revives_a_value(store: Store, clock: Clock) -> None:
    store.put("k", b"old", 10)
    clock.now += 10
    store.claim("k")
    assert store.get("k") is None


def test_epochs_are_never_used_again(store: Store, clock: Clock) -> None:
    first = store.claim("k")
    clock.now += CLAIM_SECONDS
    store.sweep()
    second = store.claim("k")
    assert second > first
    assert not store.save("k", first, b"late", 10)
    clock.now -= 1000
    assert store.claim("k") > second


def test_a_claim_that_is_over_hinders_nobody(store: Store, clock: Clock) -> None:
    first = store.claim("k")
    store.claim("k")
    clock.now += CLAIM_SECONDS
    assert store.save("k", first, b"v", 10)


def test_sweep_removes_what_is_over(store: Store, clock: Clock) -> None:
    store.put_many([("a", b"", 10), ("b", b"", 20)])
    store.once("a", 10)
    clock.now += 10
    assert store.sweep() == 2
    assert store.sweep() == 0
    assert store.get("b") == b""


def test_writing_sweeps_all_in_time(store: Store, clock: Clock) -> None:
    store.put_many([(str(n), b"", 1) for n in range(SWEEP_ROWS * 3)])
    clock.now += SWEEP_SECONDS
    for _ in range(4):
        store.put("k", b"", 1000)
    assert store.sweep() == 0


def test_a_closed_store_opens_again(store: Store) -> None:
    store.put("k", b"v", 10)
    store.close()
    store.close()
    store.put("k", b"w", 10)
    assert store.get("k") == b"w"


KEYS = st.sampled_from("abc")
TTL = st.sampled_from([0.5, 1, 20, 100])


class SameAnswers(RuleBasedStateMachine):
    """Two stores on one clock: one in memory, one in a file that two connections use by turns."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = tempfile.mkdtemp()
        self.clock = Clock()
        self.memory = MemoryStore(self.clock)
        path = Path(self.directory, "store")
        self.files = [SqliteStore(path, self.clock), SqliteStore(path, self.clock)]
        self.epochs = [0]

    @property
    def file(self) -> SqliteStore:
        self.files.reverse()
        return self.files[0]

    def teardown(self) -> None:
        for file in self.files:
            file.close()
        shutil.rmtree(self.directory)

    @rule(rows=st.lists(st.tuples(KEYS, st.binary(max_size=5), TTL), max_size=4))
    def put(self, rows: list[tuple[str, bytes, float]]) -> None:
        self.memory.put_many(rows)
        self.file.put_many(rows)

    @rule(key=KEYS)
    def get(self, key: str) -> None:
        assert self.memory.get(key) == self.file.get(key)

    @rule(key=KEYS, ttl=TTL)
    def once(self, key: str, ttl: float) -> None:
        assert self.memory.once(key, ttl) == self.file.once(key, ttl)

    @rule(key=KEYS)
    def delete(self, key: str) -> None:
        self.memory.delete(key)
        self.file.delete(key)

    @rule(key=KEYS)
    def claim(self, key: str) -> None:
        epoch = self.memory.claim(key)
        assert epoch == self.file.claim(key)
        self.epochs.append(epoch)

    @rule(key=KEYS, value=st.binary(max_size=5), ttl=TTL, data=st.data())
    def save(self, key: str, value: bytes, ttl: float, data: st.DataObject) -> None:
        epoch = data.draw(st.sampled_from(self.epochs))
        assert self.memory.save(key, epoch, value, ttl) == self.file.save(key, epoch, value, ttl)

    @rule(seconds=st.sampled_from([0.25, 1, 10, SWEEP_SECONDS, CLAIM_SECONDS, -5]))
    def wait(self, seconds: float) -> None:
        self.clock.now += seconds

    @rule()
    def sweep(self) -> None:
        self.memory.sweep()
        self.file.sweep()

    @precondition(lambda self: self.files)
    @rule()
    def reopen(self) -> None:
        self.file.close()


TestSameAnswers = SameAnswers.TestCase
TestSameAnswers.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
