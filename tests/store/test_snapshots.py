"""Snapshots: what comes back, and who may open them."""

from __future__ import annotations

import secrets

import pytest

from liveactions.exceptions import SealError
from liveactions.security.signing import Keys, Sealer
from liveactions.store import MemoryStore
from liveactions.store.fallback import FallbackStore
from liveactions.store.snapshots import (
    HANDLE_PREFIX,
    MAX_INLINE_BYTES,
    Snapshot,
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
