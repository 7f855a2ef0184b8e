"""A store that fails: this process goes on by itself, and hands over what it has kept."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence
from functools import partial

import pytest

from liveactions.exceptions import StoreError
from liveactions.store import ClaimedRow, MemoryStore, Row
from liveactions.store import fallback as module
from liveactions.store.fallback import MAX_CLAIM_SECONDS, PROBE, RETRY_SECONDS, FallbackStore
from tests.store.engines import Clock


class Brittle(MemoryStore):
    """A store that works when it wants to."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.works = True
        self.poison = b"poison"

    def _check(self, *values: bytes) -> None:
        if not self.works:
            raise OSError("disk full")
        if self.poison in values:
            raise ValueError("too large")

    async def get(self, key: str) -> bytes | None:
        self._check()
        return await super().get(key)

    async def put_many(self, rows: Iterable[Row]) -> None:
        rows = list(rows)
        self._check(*(value for _, value, _ in rows))
        await super().put_many(rows)

    async def once(self, key: str, ttl: float) -> bool:
        self._check()
        return await super().once(key, ttl)

    async def delete(self, key: str) -> None:
        self._check()
        await super().delete(key)

    async def claim(self, key: str) -> int:
        self._check()
        return await super().claim(key)

    async def save_many(self, rows: Sequence[ClaimedRow]) -> list[bool]:
        self._check(*(value for _, _, value, _ in rows))
        return await super().save_many(rows)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def brittle(clock: Clock) -> Brittle:
    return Brittle(clock)


@pytest.fixture
def store(brittle: Brittle, clock: Clock) -> FallbackStore:
    return FallbackStore(brittle, clock)


async def again(store: FallbackStore, clock: Clock) -> None:
    """Try the store again."""
    clock.now += RETRY_SECONDS
    store.maintain()
    assert store._recovering is not None
    await store._recovering


async def test_a_store_that_works_is_asked(store: FallbackStore, brittle: Brittle) -> None:
    await store.put("k", b"v", 10)
    assert await store.get("k") == await brittle.get("k") == b"v"
    epoch = await store.claim("k")
    assert await store.save("k", epoch, b"w", 10)
    assert not await store.save("k", 0, b"late", 10)
    assert await store.once("k", 10) and not await brittle.once("k", 10)
    await store.delete("k")
    assert await brittle.get("k") is None


async def test_what_is_written_while_it_fails_is_kept(store: FallbackStore, brittle: Brittle) -> None:
    brittle.works = False
    await store.put("handle", b"v", 10)
    assert await store.save_many([("state", 0, b"s", 10.0)]) == [True]
    assert await store.get("handle") == b"v" and await store.get("state") == b"s"
    assert await store.once("k", 10) and not await store.once("k", 10)
    await store.delete("handle")
    with pytest.raises(StoreError):
        await store.get("handle")


async def test_what_only_the_store_knows_is_an_error_at_once(store: FallbackStore, brittle: Brittle) -> None:
    await store.put("k", b"v", 10)
    brittle.works = False
    for call in (store.get("k"), store.claim("k"), store.get("k"), store.claim("k")):
        with pytest.raises(StoreError, match="the store has failed: disk full"):
            await call


async def test_a_key_is_not_claimed_in_memory_after_a_long_wait(
    store: FallbackStore, brittle: Brittle, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Meanwhile, the request may have been repeated at another worker that reaches the store."""

    async def once(key: str, ttl: float) -> bool:
        clock.now += MAX_CLAIM_SECONDS + 0.1
        raise StoreError("no answer")

    monkeypatch.setattr(brittle, "once", once)
    with pytest.raises(StoreError, match="no answer"):
        await store.once("k", 10)
    brittle.works = False
    assert await store.once("k", 10)


async def test_other_machines_may_claim_a_key_that_is_not_claimed_in_memory(
    store: FallbackStore, brittle: Brittle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But nobody else has a value that is only in this process."""
    monkeypatch.setattr(FallbackStore, "is_local", False)
    brittle.works = False
    await store.put("ticket", b"v", 10)
    for n in range(3):
        with pytest.raises(StoreError, match="disk full"):
            await store.once(f"post {n}", 10)
    assert not store._once  # the store hasn't received them, so there is nothing to withdraw
    assert await store.once("ticket", 10) and not await store.once("ticket", 10)


async def test_a_key_that_was_given_up_is_withdrawn_before_it_is_claimed_again(
    store: FallbackStore, brittle: Brittle, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that hung runs late what its caller has given up. Nobody has run the request."""

    async def once(key: str, ttl: float) -> bool:
        await MemoryStore.once(brittle, key, ttl)
        clock.now += MAX_CLAIM_SECONDS + 0.1
        raise StoreError("no answer")

    async def withdraw(key: str) -> None:
        brittle._once.pop(key, None)

    monkeypatch.setattr(brittle, "withdraw", withdraw)
    monkeypatch.setattr(brittle, "once", once)
    with pytest.raises(StoreError, match="no answer"):
        await store.once("k", 10)
    monkeypatch.setattr(brittle, "once", partial(MemoryStore.once, brittle))
    assert await store.once("k", 10) and not await store.once("k", 10)


async def test_a_key_that_is_claimed_in_memory_while_others_are_withdrawn_is_handed_over(
    store: FallbackStore, brittle: Brittle, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    brittle.works = False
    assert await store.once("k", 10)
    clock.now += 11
    is_first = True

    async def withdraw(key: str) -> None:
        nonlocal is_first
        if is_first:
            is_first = False
            store._once[key] = clock.now + 10  # as `once` does meanwhile

    monkeypatch.setattr(brittle, "withdraw", withdraw)
    brittle.works = True
    await again(store, clock)
    assert not await brittle.once("k", 10)


async def test_a_store_that_works_again_is_asked_before_a_key_is_claimed_in_memory(
    store: FallbackStore, brittle: Brittle
) -> None:
    brittle.works = False
    await store.put("handle", b"v", 10)
    brittle.works = True
    assert await MemoryStore.once(brittle, "k", 10)
    assert not await store.once("k", 10)
    assert await brittle.get("handle") == b"v"


async def test_a_claim_waits_a_second_for_a_store_that_hangs(
    store: FallbackStore, brittle: Brittle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.01)
    brittle.works = False
    await store.put("handle", b"v", 10)
    answer = asyncio.Event()

    async def put_many(rows: Iterable[Row]) -> None:
        await answer.wait()

    monkeypatch.setattr(brittle, "put_many", put_many)
    assert await store.once("k", 10) and not await store.once("k", 10)
    answer.set()
    brittle.works = True
    assert not await store.once("k", 10)  # handed over
    assert not await brittle.once("k", 10)


async def test_what_is_kept_lives_for_its_time(store: FallbackStore, brittle: Brittle, clock: Clock) -> None:
    brittle.works = False
    await store.put("k", b"v", 0.5)
    await store.once("k", 0.5)
    clock.now += 0.5
    with pytest.raises(StoreError):
        await store.get("k")
    assert await store.once("k", 0.5)


async def test_it_is_handed_over_when_the_store_works_again(
    store: FallbackStore, brittle: Brittle, clock: Clock
) -> None:
    lost = await store.claim("lost")
    await brittle.claim("lost")
    brittle.works = False
    await store.save_many([("state", 0, b"older", 10.0), ("state", 0, b"newer", 10.0)])
    await store.save_many([("lost", lost, b"late", 10.0)])
    await store.put("handle", b"v", 10)
    await store.once("k", 10)
    brittle.works = True
    await again(store, clock)
    assert [await brittle.get(key) for key in ("state", "handle", "lost")] == [b"newer", b"v", None]
    assert not await brittle.once("k", 5)
    clock.now += 10 - RETRY_SECONDS  # nothing lives longer for it
    assert await brittle.get("state") is None
    assert await store.get("state") is None


async def test_it_is_tried_once_a_second(store: FallbackStore, brittle: Brittle, clock: Clock) -> None:
    brittle.works = False
    await store.put("k", b"v", 10)
    brittle.works = True
    assert await store.get("k") == b"v"
    assert store._recovering is None and await brittle.get("k") is None
    brittle.works = False
    await again(store, clock)
    brittle.works = True
    await store.put("k", b"w", 10)  # the last attempt was just now
    assert await brittle.get("k") is None
    clock.now += RETRY_SECONDS
    assert await store.get("k") == b"w"  # any call tries it
    assert store._recovering is not None
    await store._recovering
    assert await brittle.get("k") == b"w"


async def test_what_is_written_while_it_is_handed_over_is_not_lost(
    store: FallbackStore, brittle: Brittle, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    brittle.works = False
    await store.save("k", 0, b"older", 10)
    brittle.works = True
    save_many = brittle.save_many

    async def slowly(rows: Sequence[ClaimedRow]) -> list[bool]:
        if any(value == b"older" for _, _, value, _ in rows):
            await store.save("k", 0, b"newer", 10)
        return await save_many(rows)

    monkeypatch.setattr(brittle, "save_many", slowly)
    await again(store, clock)
    assert await brittle.get("k") == b"newer"


async def test_a_value_that_the_store_cannot_take_stops_no_other(
    store: FallbackStore, brittle: Brittle, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [("a", 0, b"a", 10.0), ("bad", 0, b"poison", 10.0), ("b", 0, b"b", 10.0)]
    assert await store.save_many(rows) == [True, True, True]
    await again(store, clock)
    assert [await store.get(key) for key in ("a", "bad", "b")] == [b"a", None, b"b"]
    assert "storing a value failed" in caplog.text


async def test_the_log_says_it_once_and_when_it_is_over(
    store: FallbackStore, brittle: Brittle, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    brittle.works = False
    for number in range(5):
        await store.put(str(number), b"v", 10)
        await again(store, clock)
    brittle.works = True
    await again(store, clock)
    failed, over = (record.getMessage() for record in caplog.records)
    assert failed.startswith("the store failed: disk full")
    assert over == "the store works again after 6 s; 5 values were handed over to it"


async def test_what_is_kept_has_a_limit(
    store: FallbackStore, brittle: Brittle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_KEPT_BYTES", 10)
    brittle.works = False
    for key in "abc":
        await store.put(key, b"12345", 10)
    with pytest.raises(StoreError):
        await store.get("a")
    assert await store.get("b") == await store.get("c") == b"12345"


async def test_a_process_that_ends_hands_over_what_it_kept(store: FallbackStore, brittle: Brittle) -> None:
    brittle.works = False
    await store.put("k", b"v", 10)
    brittle.works = True
    await store.close()
    assert await brittle.get("k") == b"v"


def test_another_loop_tries_it_as_well(store: FallbackStore, brittle: Brittle, clock: Clock) -> None:
    """A loop that was closed while the store was being tried keeps no other from trying."""

    async def hang(rows: Iterable[Row]) -> None:
        await asyncio.get_running_loop().create_future()

    async def fail() -> None:
        brittle.works = False
        await store.put("k", b"v", 10)
        clock.now += RETRY_SECONDS
        brittle.put_many = hang  # type: ignore[method-assign]
        store.maintain()
        await asyncio.sleep(0)

    asyncio.run(fail())
    del brittle.put_many
    brittle.works = True
    asyncio.run(again(store, clock))
    assert asyncio.run(brittle.get("k")) == b"v"
    assert asyncio.run(brittle.get(PROBE[0])) is not None
