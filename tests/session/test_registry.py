"""A page finds its newest state again: in its worker, in another one, after a crash."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from starlette.exceptions import HTTPException

from liveactions import Limits, Live, Page, Pages
from liveactions.exceptions import INTERNAL_ERROR
from liveactions.protocol.constants import BYE, CLOSE_LIMIT, CLOSE_OVER
from liveactions.session.op_queue import ServerOp
from liveactions.store import MemoryStore, SqliteStore, Store
from liveactions.store.snapshots import session_key
from liveactions.testing.asgi import Closed
from tests.session.test_runner import shown
from tests.support import shop as shop_module
from tests.support.asgi import Tab, browser, waits
from tests.support.patience import PATIENCE
from tests.support.shop import shop
from tests.support.small import small_app


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    shop_module.gate = asyncio.Event()
    return MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "store")


def moved_to(other: Any, tab: Tab) -> Tab:
    """The same tab, whose next connection lands on another worker."""
    tab.browser = other
    return tab


async def test_in_its_worker_nothing_is_said_twice(store: Store) -> None:
    async with browser(shop(store)) as visitor:
        tab = await visitor.joined("/counter")
        await tab.call("add")
        await tab.socket.lose()
        assert await tab.join() == {"token": tab.token, "rev": 1, "ack": 1}
        assert shown((await tab.call("add"))[2]) == "2"


async def test_missed_frames_are_merged(store: Store) -> None:
    async with browser(shop(store)) as visitor:
        tab = await visitor.joined("/counter")
        for n in (1, 2, 3):
            await tab.socket.ask([n, 0, 1, tab.signed("add"), []])
        tab.n = 3
        await tab.socket.lose()
        welcome = await tab.join(rev=1)
        assert (welcome["rev"], welcome["ack"], shown(welcome["patch"])) == (3, 3, "3")


async def test_another_worker_goes_on_from_rest(store: Store) -> None:
    async with browser(shop(store)) as here, browser(shop(store)) as there:
        tab = await here.joined("/counter")
        await tab.call("add")
        await tab.socket.lose()
        tab.n = 3  # 2 and 3 were lost with the connection
        assert await moved_to(there, tab).join() == {"token": tab.token, "rev": 1, "ack": 1, "migrated": 1}
        assert shown((await tab.socket.ask([2, 1, 1, tab.signed("add"), []]))[2]) == "2"
        assert shown((await tab.socket.ask([3, 1, 1, tab.signed("add"), []]))[2]) == "3"


async def test_another_worker_sends_what_was_lost_on_the_way(store: Store) -> None:
    """As little as the old one would have sent: what was typed around it stays, and no element is another."""
    async with browser(shop(store)) as here, browser(shop(store)) as there:
        tab = await here.joined("/counter")
        await tab.call("add")
        told = (await tab.call("add"))[2]
        await tab.socket.lose()
        welcome = await moved_to(there, tab).join(rev=1)
        assert (welcome["rev"], welcome["ack"], welcome["patch"], "migrated" in welcome) == (2, 2, told, True)
        assert shown((await tab.call("add"))[2]) == "3"


async def test_another_worker_sends_new_places_whole(store: Store) -> None:
    async with browser(shop(store)) as here, browser(shop(store)) as there:
        tab = await here.joined("/rows")
        await tab.call("grow")
        await tab.socket.lose()
        welcome = await moved_to(there, tab).join(rev=0)
        (rows,) = (change["l"] for change in welcome["patch"] if isinstance(change, dict))
        assert len(rows) == 4


async def test_and_back_again(store: Store) -> None:
    async with browser(shop(store)) as here, browser(shop(store)) as there:
        tab = await here.joined("/counter")
        for worker in (there, here, there, here):
            await tab.call("add")
            await tab.socket.lose()
            assert "patch" not in await moved_to(worker, tab).join()
        assert shown((await tab.call("add"))[2]) == "5"


@pytest.mark.usefixtures("no_handover")
async def test_after_a_crash_what_was_under_way_is_uncertain(store: Store) -> None:
    async with browser(shop(store)) as here, browser(shop(store)) as there:
        tab = await here.joined("/counter")
        await tab.call("add")
        tab.n = 3  # 2 and 3 were sent; nobody knows whether the worker ran them
        welcome = await moved_to(there, tab).join()
        assert welcome == {"token": tab.token, "rev": 1, "ack": 1, "rebuilt": 1}
        assert await tab.socket.ask([3, 1, 1, tab.signed("add"), []]) == [1, 3, [], [3, 2, None]]
        assert shown((await tab.call("add"))[2]) == "2"


async def test_the_old_worker_is_told_nothing_more(store: Store) -> None:
    async with browser(shop(store)) as here, browser(shop(store)) as there:
        tab = await here.joined("/counter")
        old = tab.socket
        await moved_to(there, tab).join()
        await tab.call("add")
        old.send([1, 0, 1, tab.signed("add"), []])
        with pytest.raises(Exception, match="another worker"):
            await old.receive()
        assert shown((await tab.call("add"))[2]) == "2"


async def test_a_worker_that_is_late_brings_nothing_old_back(store: Store) -> None:
    async with browser(shop(store)) as here, browser(shop(store)) as late, browser(shop(store)) as there:
        tab = await here.joined("/late")
        await tab.socket.lose()
        late.http.cookies.set("late", "1")
        slow = await late.socket(tab.address)
        slow.send({**tab.hello, "url": "/late"})
        await waits(shop_module.gate)
        await moved_to(there, tab).join()
        assert shown((await tab.call("add"))[2]) == "1"
        shop_module.gate.set()
        with pytest.raises(Closed, match="another worker"):
            await slow.receive()
        assert shown((await tab.call("add"))[2]) == "2"


@pytest.mark.usefixtures("no_handover")
async def test_a_state_older_than_what_was_shown_is_stale(store: Store) -> None:
    async with browser(shop(store)) as here, browser(shop(store)) as there:
        tab = await here.joined("/counter")
        await tab.call("add")
        tab.rev = 5
        welcome = await moved_to(there, tab).join()
        assert welcome["outdated"] == 1 and welcome["rev"] == 6
        assert "<output" in welcome["patch"]["page"]
        assert "live:notice" in str(await tab.receive())
        assert shown((await tab.call("add"))[2]) == "2"


@pytest.mark.usefixtures("no_handover")
async def test_the_store_is_lost(store: Store) -> None:
    async with browser(shop(store)) as here, browser(shop(MemoryStore())) as there:
        tab = await here.joined("/counter")
        await tab.call("add")
        welcome = await moved_to(there, tab).join()
        assert welcome["outdated"] == welcome["rebuilt"] == 1
        assert "live:notice" in str(await tab.receive())
        assert shown((await tab.call("add"))[2]) == "1"


async def test_the_whole_page_on_demand(store: Store) -> None:
    async with browser(shop(store)) as visitor:
        tab = await visitor.joined("/rows?size=5")
        await tab.call("grow")
        welcome = await tab.join(rev=-1)
        assert welcome["patch"]["page"].count("<li ") == 6
        assert welcome["migrated"] == 1
        assert (await tab.call("grow"))[4]


async def test_large_states_are_stored_when_the_socket_goes(store: Store) -> None:
    async with browser(shop(store)) as here, browser(shop(store)) as there:
        tab = await here.joined("/rows?size=2000")
        await tab.call("grow")
        await tab.call("grow")
        await tab.socket.lose()
        welcome = await moved_to(there, tab).join()
        assert welcome == {"token": tab.token, "rev": 2, "ack": 2, "migrated": 1}
        assert (await tab.call("grow"))[1] == 3


async def test_an_idle_page_is_rendered_again(store: Store) -> None:
    live = shop(store)
    async with browser(live) as visitor:
        tab = await visitor.joined("/rows?size=3")
        session = next(iter(live.sessions))
        await live.sessions.run_maintenance(session.state.last_seen + live.site.limits.idle + 1)
        assert session.state.history.newest is None
        frame = await tab.op(0, [2, 1, 1], [])  # the second row's click
        assert frame[1] == 1


async def test_detached_sessions_go_after_a_minute(store: Store) -> None:
    live = shop(store)
    async with browser(live) as visitor:
        tab = await visitor.joined("/counter")
        await tab.socket.lose()
        session = next(iter(live.sessions))
        await live.sessions.run_maintenance(session.state.last_seen + 59)
        assert len(live.sessions) == 1
        await live.sessions.run_maintenance(session.state.last_seen + 61)
        assert len(live.sessions) == 0
        assert (await tab.join())["migrated"] == 1


async def test_a_reader_that_has_stopped_is_closed(store: Store) -> None:
    live = shop(store)
    async with browser(live) as visitor:
        tab = await visitor.joined("/counter")
        tab.socket.gate.clear()
        tab.socket.send([1, 0, 1, tab.signed("add"), []])
        session = next(iter(live.sessions))
        while session.connection is None or session.connection.sending_since is None:
            await asyncio.sleep(0)  # until its answer is being sent
        await live.sessions.run_maintenance(session.state.last_seen + 5)
        assert not tab.socket.task.done()
        await live.sessions.run_maintenance(session.state.last_seen + 15)
        await asyncio.wait_for(tab.socket.task, PATIENCE)


async def test_a_page_without_a_connection_makes_room(store: Store) -> None:
    for limits in (Limits(sessions=2), Limits(sessions_per_address=2)):
        live = shop(store, limits=limits)
        async with browser(live) as visitor:
            gone, stays = await visitor.joined("/counter"), await visitor.joined("/counter")
            await gone.call("add")
            await gone.socket.lose()
            await visitor.joined("/counter")
            with pytest.raises(Closed) as closed:
                await visitor.joined("/counter")
            assert closed.value.code == CLOSE_LIMIT
            assert shown((await stays.call("add"))[2]) == "1"
            await stays.socket.lose()
            assert (await gone.join())["migrated"] == 1
            assert shown((await gone.call("add"))[2]) == "2"


async def test_a_page_that_is_left_leaves_nothing_in_the_store(store: Store) -> None:
    async with browser(shop(store)) as visitor:
        tab = await visitor.joined("/counter")
        await tab.call("add")
        key = session_key(tab.token or "")
        assert await store.get(key) is not None
        tab.socket.send([tab.n + 1, tab.rev, BYE])
        with pytest.raises(Closed):
            await tab.socket.receive()
        assert await store.get(key) is None


# Connections that are stuck


async def test_a_page_goes_on_over_a_new_connection_while_the_old_one_takes_nothing(store: Store) -> None:
    live = shop(store)
    async with browser(live) as visitor:
        tab = await visitor.joined("/counter")
        before = tab.socket
        before.gate.clear()
        session = next(iter(live.sessions))
        session.submit(ServerOp(lambda scope: scope.run_callback(partial(setattr, scope.page, "count", 7))))
        while session.connection is None or session.connection.sending_since is None:
            await asyncio.sleep(0)  # until it is being sent, in a task of the session's own
        await tab.join()
        assert shown((await tab.call("add"))[2]) == "8"
        await asyncio.wait_for(before.task, PATIENCE)


async def test_closing_a_connection_that_takes_nothing_comes_to_an_end() -> None:
    live = shop(MemoryStore(), limits=Limits(sending=0.01))
    async with browser(live) as visitor:
        tab = await visitor.joined("/counter")
        tab.socket.gate.clear()
        next(iter(live.sessions)).disconnect(CLOSE_LIMIT)
        await asyncio.wait_for(tab.socket.task, PATIENCE)


# What fails when a page joins

joining = Pages()
database: list[Exception] = []


@joining.page("/rows")
class Rows(Page):
    template = "rows.html"
    accepts: str = ""

    async def load(self) -> None:
        for failure in database:
            raise failure
        self.accepts = self.request.headers["accept"]


def guard_by_database() -> None:
    for failure in database:
        raise failure


@pytest.fixture
def rows() -> Iterator[Live]:
    yield small_app(joining, {"rows.html": "<title>R</title>{{ accepts }}"}, guard=guard_by_database)
    database.clear()


@pytest.mark.parametrize("is_known", [False, True])
async def test_a_page_that_fails_to_open_comes_again_later(rows: Live, is_known: bool) -> None:
    async with browser(rows) as visitor:
        tab = await visitor.joined("/rows")
        await tab.socket.lose()
        if not is_known:
            rows.sessions._sessions.clear()
        database.append(ConnectionError("the database is down"))
        with pytest.raises(Closed) as closed:
            await tab.join()
        assert closed.value.code == INTERNAL_ERROR
        database.clear()
        assert "patch" not in await tab.join()


async def test_a_page_that_its_guard_refuses_is_over(rows: Live) -> None:
    async with browser(rows) as visitor:
        tab = await visitor.open("/rows")
        database.append(HTTPException(403))
        with pytest.raises(Closed) as closed:
            await tab.join()
        assert closed.value.code == CLOSE_OVER


async def test_the_request_of_a_join_accepts_what_a_get_does(rows: Live) -> None:
    async with browser(rows) as visitor:
        await visitor.joined("/rows")
        (session,) = rows.sessions
        assert "text/html" in session.state.page.request.headers["accept"]


async def test_a_page_whose_markers_the_browser_moves_goes_on_as_one_string() -> None:
    async with browser(shop()) as visitor:
        tab = await visitor.open("/counter")
        tab.rev = -1
        welcome = await tab.join()
        html = welcome["patch"]["page"]
        assert "<!--{-->" in html and "<!--(" not in html and tab.signed("add") in html
        [slot, change] = (await tab.call("add"))[2]
        assert "s" in change or "h" in change
        await tab.socket.lose()
        welcome = await tab.join()
        assert welcome.get("patch", []) == []  # it stays so for other connections


async def test_a_page_that_once_doesnt_fit_is_sent_again_as_it_was() -> None:
    async with browser(shop()) as visitor:
        tab = await visitor.joined("/counter")
        for is_raw in (False, True):
            await tab.socket.lose()
            tab.rev = -1
            welcome = await tab.join()
            assert ("<!--{-->" in welcome["patch"]["page"]) is is_raw
