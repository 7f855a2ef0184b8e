"""A store that fails or hangs: pages go on, and others don't wait."""

from __future__ import annotations

import asyncio
import logging
import shutil
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from liveactions import Live, Page, Pages, action
from liveactions.exceptions import StoreError
from liveactions.store import ClaimedRow, MemoryStore, Row, SqliteStore, Store
from liveactions.store import sqlite as module
from liveactions.store.fallback import RETRY_SECONDS, FallbackStore
from liveactions.testing import Browser
from liveactions.testing.asgi import Closed
from tests.support.asgi import browser as visitor_at
from tests.support.patience import PATIENCE
from tests.support.small import small_app

LARGE = "é" * 5000
"""Too much for a page's HTML: its state is in the store."""
pages = Pages()


@pages.page("/{size}")
class Notes(Page):
    template = "notes.html"
    size: str
    said: str = ""
    ballast: str = ""

    async def mount(self) -> None:
        self.ballast = LARGE if self.size == "large" else ""

    @action
    async def say(self, text: str) -> None:
        self.said += text


TEMPLATES = {
    "notes.html": """<title>Notes</title><p>{{ said }}</p>
<form method="post" action="{{ say }}"><input name="text" aria-label="Text"><button>Say</button></form>"""
}


class Unruly(MemoryStore):
    """A store that fails or hangs when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.works = True
        self.free = asyncio.Event()
        self.free.set()

    async def _answer(self) -> None:
        await self.free.wait()
        if not self.works:
            raise StoreError("disk full")

    async def get(self, key: str) -> bytes | None:
        await self._answer()
        return await super().get(key)

    async def put_many(self, rows: Iterable[Row]) -> None:
        await self._answer()
        await super().put_many(rows)

    async def once(self, key: str, ttl: float) -> bool:
        await self._answer()
        return await super().once(key, ttl)

    async def claim(self, key: str) -> int:
        await self._answer()
        return await super().claim(key)

    async def save_many(self, rows: Sequence[ClaimedRow]) -> list[bool]:
        await self._answer()
        return await super().save_many(rows)


def app(store: Store) -> Live:
    return small_app(pages, TEMPLATES, name="outage", store=store)


async def say(browser: Browser, size: str, text: str) -> None:
    """Open a new page and use it."""
    page = await browser.open(f"/{size}")
    for number in range(2):
        await page.fill("Text", text)
        await page.click("Say")
        assert page.text("p") == text * (number + 1)


async def works_again(live: Live) -> None:
    """Return when the store has what was kept for it."""
    fallback = live.site.snapshots.store
    assert isinstance(fallback, FallbackStore)
    fallback._retry_at -= RETRY_SECONDS
    fallback.maintain()
    assert fallback._recovering is not None
    await asyncio.wait_for(fallback._recovering, PATIENCE)
    assert fallback._failed_at is None


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.parametrize("size", ["small", "large"])
@pytest.mark.parametrize("js", [True, False])
async def test_pages_new_and_old_live_on_while_the_store_fails(
    js: bool, size: str, caplog: pytest.LogCaptureFixture
) -> None:
    store = Unruly()
    live = app(store)
    async with Browser(live, js=js) as browser:
        page = await browser.open(f"/{size}")
        store.works = False
        await page.fill("Text", "a")
        await page.click("Say")
        if size == "small" or js:  # else the form's state is in the store only
            assert page.text("p") == "a"
        await say(browser, size, "b")
        assert len(said(caplog)) == 1 and "the store failed: disk full" in said(caplog)[0]
        store.works = True
        await works_again(live)
        await say(browser, size, "c")
        assert len(said(caplog)) == 2 and "works again" in said(caplog)[1]


async def test_what_was_acknowledged_meanwhile_is_in_the_store_afterwards() -> None:
    store = Unruly()
    here, there = app(store), app(store)
    async with visitor_at(here) as visitor, visitor_at(there) as elsewhere:
        tab = await visitor.joined("/small")
        store.works = False
        await tab.call("say", "text", "kept")
        store.works = True
        await works_again(here)
        await tab.socket.lose()
        tab.browser = elsewhere
        assert "migrated" in await tab.join()
        assert "kept" in str(next(iter(there.sessions)).state.page.said)  # type: ignore[attr-defined]


async def test_a_page_whose_state_cannot_be_read_is_asked_to_come_again() -> None:
    """It doesn't begin again: its state is there."""
    store = Unruly()
    here, there = app(store), app(store)
    async with visitor_at(here) as visitor, visitor_at(there) as elsewhere:
        tab = await visitor.joined("/small")
        await tab.call("say", "text", "kept")
        store.works = False
        await tab.socket.lose()
        tab.browser = elsewhere
        with pytest.raises(Closed) as refused:
            await tab.join()
        assert refused.value.code == 1011
        store.works = True
        await works_again(there)
        assert (await tab.join())["migrated"] == 1


async def test_a_store_that_hangs_delays_only_what_needs_it() -> None:
    store = Unruly()
    live = app(store)
    async with Browser(live) as browser, Browser(live, js=False) as plain:
        page = await browser.open("/small")
        store.free.clear()
        await page.fill("Text", "a")
        waits = asyncio.ensure_future(page.click("Say"))
        assert (await plain.open("/small")).text("p") == ""  # a GET whose state is in its HTML
        assert not waits.done()
        store.free.set()
        await asyncio.wait_for(waits, PATIENCE)
        assert page.text("p") == "a"


async def test_pages_live_on_while_another_process_holds_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "BUSY_SECONDS", 0.0)
    live = app(SqliteStore(tmp_path / "store"))
    async with Browser(live) as browser, Browser(live, js=False) as plain:
        page = await browser.open("/large")
        other = sqlite3.connect(tmp_path / "store", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        await page.fill("Text", "a")
        await page.click("Say")
        assert page.text("p") == "a"
        for one in (browser, plain):
            await say(one, "large", "b")
        assert [text for text in said(caplog) if "store failed" in text] == said(caplog)[:1]
        other.execute("ROLLBACK")
        other.close()
        await works_again(live)
        await say(plain, "large", "c")


async def test_pages_live_on_when_the_folder_is_removed(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    live = app(SqliteStore(folder / "store"))
    async with Browser(live) as browser, Browser(live, js=False) as plain:
        page = await browser.open("/large")
        shutil.rmtree(folder)
        await page.fill("Text", "a")
        await page.click("Say")
        assert page.text("p") == "a"
        for one in (browser, plain):
            await say(one, "large", "b")
