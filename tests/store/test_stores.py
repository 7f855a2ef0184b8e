"""What every store does, and that all do the same."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from liveactions.store import MemoryStore, SqliteStore, Store
from liveactions.store.base import CLAIM_SECONDS, SWEEP_ROWS, SWEEP_SECONDS
from tests.store.engines import ENGINES, LOCAL, REMOTE, Clock, Engine, Local, engine_of, parameters
from tests.support.cases import one_in


@pytest.fixture(params=parameters(ENGINES))
async def engine(request: pytest.FixtureRequest) -> AsyncIterator[Engine]:
    async with engine_of(request.param, request) as made:
        yield made


@pytest.fixture(params=LOCAL)
async def swept(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Local]:
    """An engine whose stores remove what is over themselves."""
    made = LOCAL[request.param](tmp_path)
    yield made
    await made.close()


@pytest.fixture
def store(engine: Engine) -> Store:
    return engine.store()


async def test_a_value_lives_for_its_time(store: Store, engine: Engine) -> None:
    assert await store.get("k") is None
    await store.put("k", b"value", 1000)
    await engine.passes(900)
    assert await store.get("k") == b"value"
    await engine.passes(100)
    assert await store.get("k") is None


async def test_the_last_value_and_its_time_count(store: Store, engine: Engine) -> None:
    await store.put("k", b"long", 1000)
    await store.put("k", b"short", 100)
    assert await store.get("k") == b"short"
    await engine.passes(100)
    assert await store.get("k") is None


@pytest.mark.parametrize("value", [b"", b"\0", bytes(range(256)), b"x" * 3_000_000, bytearray(b"ab")])
async def test_any_bytes(store: Store, value: bytes) -> None:
    await store.put("k", value, 10)
    found = await store.get("k")
    assert found == value and type(found) is bytes


@pytest.mark.parametrize("key", ["", "é", "a\0b", "\ud800", "'; DROP TABLE value; --", "k" * 10_000])
async def test_any_key(store: Store, key: str) -> None:
    assert await store.get(key) is None
    await store.put(key, b"v", 10)
    await store.put("other", b"w", 10)
    assert await store.get(key) == b"v"
    assert await store.once(key, 10) and not await store.once(key, 10)
    assert await store.save(key, await store.claim(key), b"saved", 10)
    await store.delete(key)
    assert (await store.get(key), await store.get("other")) == (None, b"w")


async def test_many_at_once(store: Store) -> None:
    await store.put_many([(str(n), str(n).encode(), 10) for n in range(100)])
    assert [await store.get(str(n)) for n in (0, 50, 99)] == [b"0", b"50", b"99"]
    await store.put_many([])


async def test_many_or_none(store: Store) -> None:
    await store.put("a", b"before", 10)
    with pytest.raises(Exception):  # noqa: B017
        await store.put_many([("a", b"after", 10), ("b", b"new", 10), ("c", "text", 10)])  # type: ignore[list-item]
    assert (await store.get("a"), await store.get("b")) == (b"before", None)
    await store.put_many([("a", b"after", 10), ("b", b"new", 10)])
    assert (await store.get("a"), await store.get("b")) == (b"after", b"new")


async def test_once(store: Store, engine: Engine) -> None:
    await store.put("k", b"a value's keys are others", 10)
    assert await store.once("k", 10)
    assert not await store.once("k", 1000)
    assert await store.once("other", 10)
    await engine.passes(10)
    assert await store.once("k", 10)
    assert not await store.once("k", 10)


async def test_a_bucket_is_emptied_at_once_and_refilled_one_by_one(store: Store, engine: Engine) -> None:
    await store.put("k", b"a value's keys are others", 10)
    assert await store.once("k", 10)
    assert [await store.take("k", 100, 3) for _ in range(3)] == [0, 0, 0]
    assert await store.take("other", 100, 3) == 0
    for _ in range(2):  # what is refused takes nothing
        assert 90 < await store.take("k", 100, 3) <= 100
    await engine.passes(60)
    assert 30 < await store.take("k", 100, 3) <= 40
    await engine.passes(40)
    assert await store.take("k", 100, 3) == 0
    assert 90 < await store.take("k", 100, 3) <= 100
    await engine.passes(1000)  # it never holds more than at first
    assert [await store.take("k", 100, 3) == 0 for _ in range(4)] == [True, True, True, False]


@pytest.mark.slow
async def test_who_waits_as_long_as_a_bucket_says_gets_a_token(store: Store, engine: Engine) -> None:
    for n in range(7):
        assert await store.take("k", 60 / 7, 7) == 0, n
    for _ in range(20):
        wait = await store.take("k", 60 / 7, 7)
        await engine.passes(wait)
        assert 0 < wait <= 60 / 7 and await store.take("k", 60 / 7, 7) == 0


async def test_a_bucket_of_all_workers_is_one(engine: Engine) -> None:
    stores = [engine.store() for _ in range(3)]
    waits = await asyncio.gather(*(store.take("k", 1000, 12) for store in stores for _ in range(10)))
    assert sorted(wait > 0 for wait in waits) == [False] * 12 + [True] * 18


@pytest.mark.parametrize("make", LOCAL.values(), ids=LOCAL)
async def test_nobody_waits_for_a_clock_that_was_set_back(
    make: Callable[[Path], Local], tmp_path: Path
) -> None:
    engine = make(tmp_path)
    store = engine.store()
    assert await store.take("k", 10, 2) == 0
    await engine.passes(-3600)
    assert [await store.take("k", 10, 2) for _ in range(2)] == [0, 0]
    assert 0 < await store.take("k", 10, 2) <= 10
    await engine.close()


async def test_delete(store: Store) -> None:
    await store.delete("k")
    await store.put("k", b"v", 10)
    await store.delete("k")
    assert await store.get("k") is None


async def test_only_the_last_claimant_saves(store: Store) -> None:
    first = await store.claim("k")
    assert await store.save("k", first, b"1", 10)
    second = await store.claim("k")
    assert second > first
    assert not await store.save("k", first, b"late", 10)
    assert await store.get("k") == b"1"
    assert await store.save("k", second, b"2", 10)
    assert await store.get("k") == b"2"
    assert await store.save("other", 1, b"claimed by nobody", 10)


async def test_a_later_save_may_shorten_a_life(store: Store, engine: Engine) -> None:
    assert await store.save("k", 0, b"long", 20)
    assert await store.save("k", 0, b"short", 0.5)
    await engine.passes(1)
    assert await store.get("k") is None


async def test_a_claim_outlives_the_value(store: Store, engine: Engine) -> None:
    first = await store.claim("k")
    await store.save("k", first, b"1", 10)
    second = await store.claim("k")
    await store.delete("k")
    await engine.passes(60)
    assert await store.get("k") is None
    assert not await store.save("k", first, b"late", 10)
    assert await store.save("k", second, b"2", 10)


async def test_a_claim_never_revives_a_value(store: Store, engine: Engine) -> None:
    await store.put("k", b"old", 10)
    await engine.passes(10)
    await store.claim("k")
    assert await store.get("k") is None


async def test_epochs_are_never_used_again(store: Store, engine: Engine) -> None:
    first = await store.claim("k")
    await engine.passes(CLAIM_SECONDS)
    second = await store.claim("k")
    assert second > first
    assert not await store.save("k", first, b"late", 10)
    await engine.passes(-1000)
    assert await store.claim("k") > second


async def test_a_claim_that_is_over_hinders_nobody(store: Store, engine: Engine) -> None:
    first = await store.claim("k")
    await store.claim("k")
    await engine.passes(CLAIM_SECONDS)
    assert await store.save("k", first, b"v", 10)


@pytest.mark.parametrize("engine", parameters(REMOTE), indirect=True)
@pytest.mark.parametrize("is_older_quicker", [True, False])
async def test_a_claim_that_was_lost_is_never_that_of_an_older_one(
    store: Store, engine: Engine, is_older_quicker: bool
) -> None:
    """A server may lose all that it has while workers live on that don't know of the newer claim."""
    older, newer = await store.claim("k"), await store.claim("k")
    await engine.passes(CLAIM_SECONDS)
    if is_older_quicker:
        assert await store.save("k", older, b"older", 10)
    for _ in range(2):
        assert await store.save("k", newer, b"newer", 10)
        assert not await store.save("k", older, b"older", 10)
        assert not await store.save("k", 0, b"oldest", 10)
    assert await store.get("k") == b"newer"
    assert await store.claim("k") > newer


async def test_an_unclaimed_key_is_saved_until_it_is_claimed(store: Store) -> None:
    assert await store.save("k", 0, b"1", 10)
    assert await store.save("k", 0, b"2", 10)
    await store.claim("k")
    assert not await store.save("k", 0, b"late", 10)
    assert await store.get("k") == b"2"


async def test_many_are_saved_each_by_its_own_claim(store: Store) -> None:
    old = await store.claim("lost")
    await store.claim("lost")
    mine = await store.claim("mine")
    rows = [("mine", mine, b"1", 10.0), ("lost", old, b"late", 10.0), ("free", 0, b"3", 10.0)]
    assert await store.save_many(rows) == [True, False, True]
    assert [await store.get(key) for key in ("mine", "lost", "free")] == [b"1", None, b"3"]
    assert await store.save_many([]) == []


async def test_of_two_states_of_one_key_the_last_is_kept(store: Store) -> None:
    assert await store.save_many([("k", 0, b"older", 10.0), ("k", 0, b"newer", 10.0)]) == [True, True]
    assert await store.get("k") == b"newer"


async def test_all_workers_see_the_same(engine: Engine) -> None:
    one, two = engine.store(), engine.store()
    await one.put("k", b"v", 10)
    assert await two.get("k") == b"v"
    first = await one.claim("k")
    assert await two.claim("k") > first
    assert not await one.save("k", first, b"late", 10)
    assert await one.once("k", 10) and not await two.once("k", 10)


async def test_sweep_removes_what_is_over(swept: Local) -> None:
    store = swept.store()
    await store.put_many([("a", b"", 10), ("b", b"", 20)])
    await store.once("a", 10)
    await swept.passes(10)
    assert await store.sweep() == 2
    assert await store.sweep() == 0
    assert await store.get("b") == b""


async def test_writing_sweeps_all_in_time(swept: Local) -> None:
    store = swept.store()
    await store.put_many([(str(n), b"", 1) for n in range(SWEEP_ROWS * 3)])
    await swept.passes(SWEEP_SECONDS)
    for _ in range(4):
        await store.put("k", b"", 1000)
    assert await store.sweep() == 0


async def test_a_closed_store_opens_again(store: Store) -> None:
    await store.put("k", b"v", 10)
    await store.close()
    await store.close()
    await store.put("k", b"w", 10)
    assert await store.get("k") == b"w"


KEYS = st.sampled_from("abc")
TTL = st.sampled_from([0.5, 1, 20, 100])
T = TypeVar("T")


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

    def both(self, call: Callable[[Store], Coroutine[Any, Any, T]]) -> T:
        """The answer of both stores, which is the same."""
        self.files.reverse()
        answer = asyncio.run(call(self.memory))
        assert asyncio.run(call(self.files[0])) == answer
        return answer

    def teardown(self) -> None:
        for file in self.files:
            asyncio.run(file.close())
        shutil.rmtree(self.directory)

    @rule(rows=st.lists(st.tuples(KEYS, st.binary(max_size=5), TTL), max_size=4))
    def put(self, rows: list[tuple[str, bytes, float]]) -> None:
        self.both(lambda store: store.put_many(rows))

    @rule(key=KEYS)
    def get(self, key: str) -> None:
        self.both(lambda store: store.get(key))

    @rule(key=KEYS, ttl=TTL)
    def once(self, key: str, ttl: float) -> None:
        self.both(lambda store: store.once(key, ttl))

    @rule(key=KEYS, interval=TTL, burst=st.integers(1, 3))
    def take(self, key: str, interval: float, burst: int) -> None:
        self.both(lambda store: store.take(key, interval, burst))

    @rule(key=KEYS)
    def delete(self, key: str) -> None:
        self.both(lambda store: store.delete(key))

    @rule(key=KEYS)
    def claim(self, key: str) -> None:
        self.epochs.append(self.both(lambda store: store.claim(key)))

    @rule(rows=st.lists(st.tuples(KEYS, st.binary(max_size=5), TTL), max_size=3), data=st.data())
    def save(self, rows: list[tuple[str, bytes, float]], data: st.DataObject) -> None:
        epochs = st.sampled_from(self.epochs)
        claimed = [(key, data.draw(epochs), value, ttl) for key, value, ttl in rows]
        self.both(lambda store: store.save_many(claimed))

    @rule(seconds=st.sampled_from([0.25, 1, 10, SWEEP_SECONDS, CLAIM_SECONDS, -5]))
    def wait(self, seconds: float) -> None:
        self.clock.now += seconds

    @rule()
    def sweep(self) -> None:
        for store in (self.memory, self.files[0]):
            asyncio.run(store.sweep())

    @rule()
    def reopen(self) -> None:
        self.files.reverse()
        asyncio.run(self.files[0].close())

    @rule()
    def move(self) -> None:
        """What is in journals comes to the file."""
        self.files.reverse()
        self.files[0]._move("")

    @rule()
    def die(self) -> None:
        """Another process takes the place of one that is killed."""
        self.files.reverse()
        self.files[0]._journals.close()


def test_same_answers() -> None:
    run_state_machine_as_test(SameAnswers, settings=settings(one_in(4), stateful_step_count=40))
