"""Snapshots: what comes back, and who may open them."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Coroutine, Sequence
from typing import Any

import pytest

from liveactions.exceptions import SealError
from liveactions.security.signing import Keys, Sealer
from liveactions.store import ClaimedRow, MemoryStore
from liveactions.store.base import JournalRow, SplitValue
from liveactions.store.fallback import FallbackStore
from liveactions.store.snapshots import (
    HANDLE_PREFIX,
    LONG_STATE,
    MAX_INLINE_BYTES,
    Handles,
    SessionSnapshots,
    Snapshot,
    SnapshotQueue,
    Snapshots,
    pack,
    session_key,
    unpack,
)
from tests.support.patience import PATIENCE

HANDLE = HANDLE_PREFIX + "0123456789abcdef"
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


async def test_a_handle_can_be_used_again(snapshots: Snapshots) -> None:
    context = snapshots.context("page")
    posted = SNAPSHOT._replace(post=(303, "", "", "", None))
    await snapshots.handles.put([snapshots.row(HANDLE, posted, context)])
    for _ in range(2):
        assert await snapshots.open(HANDLE, context) == posted


async def test_only_its_own_context_opens_it(snapshots: Snapshots) -> None:
    await snapshots.handles.put([snapshots.row(HANDLE, SNAPSHOT, snapshots.context("page", "ada"))])
    for text in (snapshots.for_html(SNAPSHOT, snapshots.context("page", "ada")).text, HANDLE):
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
    sealed = bytes(snapshots.seal_for_store(SNAPSHOT, context))
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
    await snapshots.handles.put([snapshots.row(HANDLE, Snapshot("/", state), context)])
    with pytest.raises(SealError, match="unknown or expired"):
        await snapshots.open(pages[0].text, context)
    for text in (pages[1].text, HANDLE):
        assert (await snapshots.open(text, context)).state == state


async def test_handles_that_have_expired_do_not_count() -> None:
    """Handles of posts expire earlier than those of pages."""
    now, store = 0, MemoryStore()
    handles = Handles(store, 10, lambda: now)
    await handles.put([("page", b"12345", 100)])
    for now in range(10, 60, 10):
        await handles.put([(f"post {now}", b"12345", 10)])
    assert await store.get("page") and await store.get("post 50")
    now = 55
    await handles.put([("post 55", b"12345", 10)])
    assert not await store.get("page") and await store.get("post 50") and await store.get("post 55")
    await handles.put([("large", bytes(11), 10)])
    assert await store.get("large")


class Counting(MemoryStore):
    """Notes which keys are saved together. Saving waits for `gate`, if there is one."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[list[str]] = []
        self.gate: asyncio.Event | None = None

    async def save_many(self, rows: Sequence[ClaimedRow]) -> list[bool]:
        self.batches.append([key for key, *_ in rows])
        if self.gate is not None:
            await self.gate.wait()
        return await super().save_many(rows)


def row(key: str, epoch: int = 0) -> ClaimedRow:
    return key, epoch, key.encode(), 60.0


def without_waiting(coroutine: Coroutine[Any, Any, bool]) -> bool:
    """Return what a coroutine returns that doesn't suspend."""
    with pytest.raises(StopIteration) as ended:
        coroutine.send(None)
    return bool(ended.value.value)


class AtOnce(Counting):
    """A store with a journal, which may be away."""

    def __init__(self) -> None:
        super().__init__()
        self.has_journal = True

    def save_now(self, rows: Sequence[JournalRow]) -> list[bool] | None:
        if not self.has_journal:
            return None
        self.batches.append([key for key, *_ in rows])
        return [epoch == 0 for _, epoch, *_ in rows]


async def test_a_state_is_stored_at_once_where_that_is_possible() -> None:
    store = AtOnce()
    saving = SnapshotQueue(FallbackStore(store))
    assert without_waiting(saving.save(row("a")))
    assert not without_waiting(saving.save(row("b", epoch=1)))
    assert store.batches == [["a"], ["b"]]


async def test_a_long_state_is_only_kept_as_a_base_while_others_follow_soon() -> None:
    times, values = iter((0.0, 0.9, 1.8, 2.9, 3.0)), list[bytes | SplitValue]()

    class Kept(AtOnce):
        def save_now(self, rows: Sequence[JournalRow]) -> list[bool] | None:
            values.extend(value for _, _, value, _ in rows)
            return super().save_now(rows)

    store = FallbackStore(Kept())
    snapshots = Snapshots("app", Sealer(Keys.random()), store)
    session = SessionSnapshots(snapshots, SnapshotQueue(store), "session", 0, times.__next__)
    state = tuple(b"%d" % number for number in range(LONG_STATE))
    for _ in range(5):
        assert await session.save(Snapshot("/", state), "ada")
    assert [type(value) is SplitValue for value in values] == [False, True, True, False, True]
    bases = [value.base for value in values if isinstance(value, SplitValue)]
    assert bases[0] is bases[1] is not bases[2]


async def test_no_state_is_stored_before_one_that_waits() -> None:
    store = AtOnce()
    store.gate = asyncio.Event()
    saving = SnapshotQueue(FallbackStore(store))
    store.has_journal = False
    tasks = [asyncio.ensure_future(saving.save(row("first")))]
    while not store.batches:
        await asyncio.sleep(0)
    store.has_journal = True
    tasks.append(asyncio.ensure_future(saving.save(row("second"))))
    await asyncio.sleep(0)
    assert store.batches == [["first"]]
    store.gate.set()
    assert await asyncio.gather(*tasks) == [True] * 2
    assert store.batches == [["first"], ["second"]]
    assert without_waiting(saving.save(row("third")))


async def test_the_states_of_a_turn_are_stored_in_one_round_trip() -> None:
    store = Counting()
    saving = SnapshotQueue(FallbackStore(store))
    for turn in "bc":
        assert await asyncio.gather(*(saving.save(row(f"{turn}{n}")) for n in range(3))) == [True] * 3
    assert store.batches == [["b0", "b1", "b2"], ["c0", "c1", "c2"]]


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


def test_states_are_stored_in_whichever_loop_runs() -> None:
    store = Counting()
    saving = SnapshotQueue(FallbackStore(store))

    async def save_and_leave() -> None:
        store.gate = asyncio.Event()  # which nobody opens
        asyncio.ensure_future(saving.save(row("lost")))
        await asyncio.sleep(0)

    async def save_again() -> bool:
        store.gate = None
        return await saving.save(row("b"))

    asyncio.run(save_and_leave())
    assert asyncio.run(save_again())
    assert store.batches[-1] == ["b"]


async def test_a_state_is_stored_though_the_task_that_was_to_store_others_was_cancelled() -> None:
    """Before it had begun: as an event loop does it that stops."""
    store = Counting()
    saving = SnapshotQueue(FallbackStore(store))
    first = asyncio.ensure_future(saving.save(row("first")))
    await asyncio.sleep(0)
    saving._tasks.cancel()
    await asyncio.sleep(0)
    assert not first.done() and store.batches == []
    assert await asyncio.wait_for(saving.save(row("second")), PATIENCE)
    assert await first and store.batches == [["first", "second"]]
