"""Snapshots: what comes back, and who may open them."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Coroutine, Sequence
from typing import Any

import pytest

from liveactions.exceptions import SealError
from liveactions.security.signing import Keys, Sealer
from liveactions.store import Claimed, MemoryStore
from liveactions.store.fallback import FallbackStore
from liveactions.store.snapshots import (
    HANDLE_PREFIX,
    MAX_INLINE_BYTES,
    Snapshot,
    SnapshotQueue,
    Snapshots,
    pack,
    session_key,
    unpack,
)

SNAPSHOT = Snapshot(
    "/x?é=1",
    {"count": 3, "é": [1.5, None]},
    4,
    7,
    (7, 0, "seven"),
    b"shape123",
    b"mark",
    (b"12345678", (b"abcd", b"efgh")),
    True,
    ((4, {"cookies": "ticket"}),),
)


@pytest.fixture
def snapshots() -> Snapshots:
    return Snapshots("app", Sealer(Keys.random()), FallbackStore(MemoryStore()))


@pytest.mark.parametrize("snapshot", [SNAPSHOT, Snapshot("/", None), Snapshot("/", [], 1, 2)])
def test_it_comes_back_as_it_was(snapshot: Snapshot) -> None:
    assert unpack(pack(snapshot)) == snapshot


async def test_short_ones_stand_in_the_page(snapshots: Snapshots) -> None:
    context = snapshots.context("page", "ada")
    text = snapshots.for_html(SNAPSHOT, context).text
    assert not text.startswith(HANDLE_PREFIX)
    assert await snapshots.open(text, context) == SNAPSHOT


async def test_long_ones_are_in_the_store(snapshots: Snapshots) -> None:
    context = snapshots.context("page")
    state = [hash(str(n)) for n in range(2000)]
    made = snapshots.for_html(Snapshot("/", state), context)
    await made.keep()
    text = made.text
    assert text.startswith(HANDLE_PREFIX) and len(text) < 40 < MAX_INLINE_BYTES
    assert (await snapshots.open(text, context)).state == state


async def test_a_handle_is_short_and_can_be_used_again(snapshots: Snapshots) -> None:
    context = snapshots.context("page")
    handle = await snapshots.handle(SNAPSHOT, context)
    assert len(handle) < 40
    for _ in range(2):
        assert await snapshots.open(handle, context) == SNAPSHOT


async def test_only_its_own_context_opens_it(snapshots: Snapshots) -> None:
    for text in (
        snapshots.for_html(SNAPSHOT, snapshots.context("page", "ada")).text,
        await snapshots.handle(SNAPSHOT, snapshots.context("page", "ada")),
    ):
        for other in (snapshots.context("page"), snapshots.context("other", "ada"), ""):
            with pytest.raises(SealError):
                await snapshots.open(text, other)


@pytest.mark.parametrize("text", ["", "~", "~nothing", "x", "é", "A" * 5000, "\ud800", "~\ud800"])
async def test_anything_else_is_refused(snapshots: Snapshots, text: str) -> None:
    with pytest.raises(SealError):
        await snapshots.open(text, snapshots.context("page"))


def test_the_store_does_not_know_tokens() -> None:
    assert "secret" not in session_key("secret")
    assert session_key("secret") == session_key("secret") != session_key("other")


async def test_what_a_session_stores_is_opened_by_its_context_only(snapshots: Snapshots) -> None:
    context = snapshots.context("page", "ada")
    sealed = snapshots.seal_bytes(SNAPSHOT, context)
    await snapshots.store.put("session 1", sealed, 60)
    await snapshots.store.put("session 2", sealed[:-1], 60)
    await snapshots.store.put("session 3", b"", 60)
    assert await snapshots.load("session 1", context) == SNAPSHOT
    assert await snapshots.load("session 4", context) is None
    for key, other in (
        ("session 1", snapshots.context("page")),
        ("session 2", context),
        ("session 3", context),
    ):
        with pytest.raises(SealError):
            await snapshots.load(key, other)


async def test_the_oldest_handles_go_where_there_are_too_many_bytes() -> None:
    store = MemoryStore()
    snapshots = Snapshots("app", Sealer(Keys.random()), FallbackStore(store), limit=20_000)
    context = snapshots.context("page")
    state = secrets.token_hex(6000)  # which can't be compressed
    pages = [snapshots.for_html(Snapshot("/", state), context) for _ in range(2)]
    for page in pages:
        await page.keep()
    handle = await snapshots.handle(Snapshot("/", state), context)
    with pytest.raises(SealError, match="unknown or expired"):
        await snapshots.open(pages[0].text, context)
    for text in (pages[1].text, handle):
        assert (await snapshots.open(text, context)).state == state


class Counting(MemoryStore):
    """Notes which keys are saved together. Saving waits for `gate`, if there is one."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[list[str]] = []
        self.gate: asyncio.Event | None = None

    async def save_many(self, rows: Sequence[Claimed]) -> list[bool]:
        self.batches.append([key for key, *_ in rows])
        if self.gate is not None:
            await self.gate.wait()
        return await super().save_many(rows)


def row(key: str, epoch: int = 0) -> Claimed:
    return key, epoch, key.encode(), 60.0


def without_waiting(coroutine: Coroutine[Any, Any, bool]) -> bool:
    """Return what a coroutine returns that doesn't suspend."""
    with pytest.raises(StopIteration) as ended:
        coroutine.send(None)
    return bool(ended.value.value)


async def test_the_first_state_of_a_turn_is_stored_at_once_and_the_others_together() -> None:
    store = Counting()
    saving = SnapshotQueue(FallbackStore(store))
    assert without_waiting(saving.save(row("a")))
    await asyncio.sleep(0)  # the turn is over
    for turn in "bc":
        assert await asyncio.gather(*(saving.save(row(f"{turn}{n}")) for n in range(3))) == [True] * 3
    assert store.batches == [["a"], ["b0"], ["b1", "b2"], ["c0"], ["c1", "c2"]]


async def test_states_that_come_while_the_store_is_writing_are_stored_together_afterwards() -> None:
    store = Counting()
    store.gate = asyncio.Event()
    saving = SnapshotQueue(FallbackStore(store))
    tasks = [asyncio.ensure_future(saving.save(row("first")))]
    await asyncio.sleep(0)
    tasks += [
        asyncio.ensure_future(saving.save(row("second"))),
        asyncio.ensure_future(saving.save(row("third"))),
    ]
    for _ in range(5):
        await asyncio.sleep(0)
    assert store.batches == [["first"]]
    store.gate.set()
    assert await asyncio.gather(*tasks) == [True] * 3
    assert store.batches == [["first"], ["second", "third"]]


async def test_a_state_whose_page_another_worker_has_claimed_is_refused_alone_and_among_others() -> None:
    store = Counting()
    saving = SnapshotQueue(FallbackStore(store))
    await store.claim("k")
    assert not await saving.save(row("k"))
    assert await asyncio.gather(*(saving.save(row(key)) for key in ("k", "other"))) == [False, True]


async def test_a_store_on_a_server_gets_the_states_of_a_turn_in_one_round_trip() -> None:
    class OnAServer(Counting):
        server = "redis://elsewhere", ""

    store = OnAServer()
    saving = SnapshotQueue(FallbackStore(store))
    assert await asyncio.gather(*(saving.save(row(key)) for key in "abc")) == [True] * 3
    assert store.batches == [["a", "b", "c"]]


def test_states_are_stored_in_whichever_loop_runs() -> None:
    store = Counting()
    saving = SnapshotQueue(FallbackStore(store))
    loop = asyncio.new_event_loop()

    def store_and_stop() -> None:  # before the turn is over
        assert without_waiting(saving.save(row("a")))
        loop.stop()

    loop.call_soon(store_and_stop)
    loop.run_forever()
    loop.close()

    async def store_again() -> None:
        assert without_waiting(saving.save(row("b")))

    asyncio.run(store_again())
    assert store.batches == [["a"], ["b"]]
