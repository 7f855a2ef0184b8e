"""A store on the network that loses all it had: open pages are stored again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

import pytest
from redis.asyncio import Redis

from liveactions import Live, Page, Pages, action
from liveactions.pubsub.redis import RedisBroker
from liveactions.store import ClaimedRow
from liveactions.store.redis import RedisStore
from liveactions.store.snapshots import session_key
from tests.support.asgi import browser
from tests.support.patience import PATIENCE
from tests.support.servers import RedisServer, own
from tests.support.small import small_app

pages = Pages()
TEMPLATES = {
    "count.html": """<title>Count</title><p>{{ count }}</p><form method="post" action="{{ add }}"></form>"""
}


@pages.page("/count")
class Count(Page):
    template = "count.html"
    count: int = 0

    @action
    async def add(self) -> int:
        self.count += 1
        return self.count


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with own(RedisServer) as server:
        yield server


def machine(server: RedisServer) -> Live:
    return small_app(pages, TEMPLATES, store=RedisStore(server.url), broker=RedisBroker(server.url))


@pytest.mark.slow
async def test_a_page_that_nobody_touches_is_stored_again(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = machine(server), machine(server)
    async with browser(here) as visitor, browser(there) as elsewhere:
        tab = await visitor.joined("/count")
        await tab.call("add")
        store, saved = here.site.snapshots.store, asyncio.Event()
        save_many = store.save_many

        async def save_and_say(rows: Sequence[ClaimedRow]) -> list[bool]:
            done = await save_many(rows)
            saved.set()
            return done

        monkeypatch.setattr(store, "save_many", save_and_say)
        async with Redis.from_url(server.url) as client:
            await client.flushall()
        await asyncio.wait_for(saved.wait(), PATIENCE)
        assert await store.get(session_key(tab.token or "")) is not None
        tab.browser = elsewhere
        await tab.join()
        assert (await tab.call("add"))[3][2] == 2


async def test_a_page_that_comes_elsewhere_before_it_is_stored_again(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is in the memory of the worker that it has left, which stores it when it hears of that."""
    here, there = machine(server), machine(server)
    async with browser(here) as visitor, browser(there) as elsewhere:
        tab = await visitor.joined("/count")
        await tab.call("add")
        await here.site.snapshots.store.delete(session_key(tab.token or ""))
        store, looked = there.site.snapshots.store, asyncio.Semaphore(0)
        get = store.get

        async def get_and_say(key: str) -> bytes | None:
            looked.release()
            return await get(key)

        monkeypatch.setattr(store, "get", get_and_say)
        left, tab.browser = tab.socket, elsewhere
        joining = asyncio.ensure_future(tab.join())
        for _ in range(2):
            await asyncio.wait_for(looked.acquire(), PATIENCE)
        await left.lose()
        assert "outdated" not in await joining
        assert (await tab.call("add"))[3][2] == 2
