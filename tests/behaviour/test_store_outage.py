"""A store that fails or hangs: pages go on, and others don't wait."""

from __future__ import annotations

import asyncio
import logging
import random
import shutil
import sqlite3
from collections.abc import Iterable, Sequence
from functools import partial
from html import unescape
from pathlib import Path

import httpx
import pytest

from liveactions import InSession, Live, Page, Pages, action
from liveactions.exceptions import StoreError
from liveactions.protocol.constants import FIELD_SNAPSHOT, HEADER_ACTION, HEADER_OPS
from liveactions.store import ClaimedRow, MemoryStore, Row, SqliteStore, Store, fallback
from liveactions.store import sqlite as module
from liveactions.store.fallback import RETRY_SECONDS, FallbackStore
from liveactions.store.snapshots import HANDLE_PREFIX
from liveactions.testing import Browser, Failed
from liveactions.testing.asgi import Closed
from tests.support.asgi import browser as visitor_at
from tests.support.patience import PATIENCE
from tests.support.small import small_app

LARGE = random.Random(0).randbytes(5000).hex()
"""Too much for a page's HTML, even compressed: its state is in the store."""
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

    @action
    async def remember(self) -> None:
        self.live.set_cookie("remembered", "yes")


@pages.page("/own/basket")
class Basket(Page):
    template = "basket.html"
    basket: InSession[str] = ""

    @action
    async def add(self) -> None:
        self.basket += "a"


TEMPLATES = {
    "basket.html": "<title>Basket</title><p>{{ basket }}</p><button live-click={{ add }}>Add</button>",
    "notes.html": """<title>Notes</title><p>{{ said }}</p>
<form method="post" action="{{ say }}"><input name="text" aria-label="Text"><button>Say</button></form>
<button live-click="{{ remember }}">Remember</button>""",
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
        if size == "small" or js:
            await page.click("Say")
            assert page.text("p") == "a"
        else:  # the form's state is in the store only
            with pytest.raises(Failed, match="503"):
                await page.click("Say")
        await say(browser, size, "b")
        assert len(said(caplog)) == 1 and "the store failed: disk full" in said(caplog)[0]
        store.works = True
        await works_again(live)
        await say(browser, size, "c")
        assert len(said(caplog)) == 2 and "works again" in said(caplog)[1]


async def test_pages_whose_kept_fields_cannot_be_read_fill_no_log(caplog: pytest.LogCaptureFixture) -> None:
    """The log has already said that the store fails."""
    store = Unruly()
    live = app(store)
    async with Browser(live) as browser:
        page = await browser.open("/own/basket")
        await page.click("Add")
        store.works = False
        for _ in range(3):
            assert (await browser.open("/own/basket")).text("p") == ""
        assert len(said(caplog)) == 1 and "the store failed: disk full" in said(caplog)[0]
        store.works = True
        await works_again(live)
        assert (await browser.open("/own/basket")).text("p") == "a"


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


@pytest.mark.parametrize("kind", ["get", "post", "call"])
async def test_a_request_whose_state_cannot_be_read_is_refused_and_succeeds_later(kind: str) -> None:
    """Without JavaScript, too, a page doesn't begin again because the store fails."""
    store = Unruly()
    live = app(store)
    async with visitor_at(live) as visitor:
        tab = await visitor.open("/large")
        assert tab.snapshot.startswith(HANDLE_PREFIX)
        fields, headers = {FIELD_SNAPSHOT: tab.snapshot, "text": "a"}, {HEADER_ACTION: tab.signed("say")}

        async def request() -> httpx.Response:
            if kind == "get":
                return await visitor.http.get(tab.path, params={FIELD_SNAPSHOT: tab.snapshot})
            if kind == "post":
                return await visitor.http.post(tab.action("say"), data=fields)
            return await visitor.http.post(tab.path, json=fields, headers=headers)

        store.works = False
        refused = await request()
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
        assert "This isn't possible at the moment. Please try again." in unescape(refused.text)
        store.works = True
        await works_again(live)
        assert (await request()).status_code == {"get": 200, "post": 303, "call": 200}[kind]


async def test_cookies_that_cannot_be_read_are_fetched_later() -> None:
    store = Unruly()
    live = app(store)
    async with visitor_at(live) as visitor:
        tab = await visitor.joined("/small")
        ticket = (await tab.call("remember"))[5]["cookies"]
        fetch = partial(visitor.http.post, "/_live/cookies", content=ticket, headers={HEADER_OPS: "1"})
        store.works = False
        assert (await fetch()).status_code == 503
        store.works = True
        await works_again(live)
        assert (await fetch()).status_code == 204 and visitor.http.cookies["remembered"] == "yes"


async def test_without_javascript_posts_wait_for_a_store_that_other_machines_use(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They may have received them, too. Open pages, and the cookies that they set, don't wait."""
    monkeypatch.setattr(FallbackStore, "is_local", False)
    store = Unruly()
    live = app(store)
    async with visitor_at(live) as visitor:
        tab = await visitor.joined("/small")
        form = {FIELD_SNAPSHOT: tab.snapshot, "text": "a"}
        store.works = False
        assert (await visitor.http.post(tab.action("say"), data=form)).status_code == 503
        ticket = (await tab.call("remember"))[5]["cookies"]
        await visitor.http.post("/_live/cookies", content=ticket, headers={HEADER_OPS: "1"})
        assert visitor.http.cookies["remembered"] == "yes"
        store.works = True
        await works_again(live)
        answer = await visitor.http.post(tab.action("say"), data=form)
        assert ">a</p>" in (await visitor.http.get(answer.headers["location"])).text


async def test_a_post_whose_claim_has_waited_for_long_does_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Meanwhile, the browser may have sent it to another worker."""
    monkeypatch.setattr(fallback, "MAX_CLAIM_SECONDS", 0.0)
    store = Unruly()
    async with visitor_at(app(store)) as visitor:
        tab = await visitor.open("/small")
        store.works = False
        fields = {FIELD_SNAPSHOT: tab.snapshot, "text": "a"}
        assert (await visitor.http.post(tab.action("say"), data=fields)).status_code == 503
        store.works = True
        answer = await visitor.http.post(tab.action("say"), data=fields)
        assert ">a</p>" in (await visitor.http.get(answer.headers["location"])).text


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
