"""The overview at ``/_live/dashboard``: only with a guard, live and without JavaScript, across workers."""

from __future__ import annotations

import asyncio
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request

from liveactions.pubsub.base import Message
from liveactions.session.reports import WorkerReports
from liveactions.session.runner import Session
from liveactions.store import SqliteStore
from liveactions.testing import Browser as Simulated
from liveactions.testing import Page
from tests.support.asgi import browser
from tests.support.patience import PATIENCE
from tests.support.shop import shop


def staff(request: Request) -> None:
    if request.cookies.get("who") != "staff":
        raise HTTPException(403)


def anybody() -> None:
    """A guard that lets everybody pass."""


def pairs(texts: list[str]) -> list[tuple[str, str]]:
    return list(zip(texts[::2], texts[1::2], strict=True))


def numbers(page: Page) -> dict[str, str]:
    return dict(zip(page.texts("dt"), page.texts("dd"), strict=True))


@pytest.mark.parametrize("given", [{}, {"dashboard": ()}, {"dashboard": []}])
async def test_without_a_guard_there_is_none(given: dict[str, Any]) -> None:
    live = shop(**given)
    async with browser(live) as visitor:
        for name in ("dashboard", "dashboard.css", "nothing"):
            response = await visitor.http.get(f"/_live/{name}")
            assert (response.status_code, response.text) == (404, "Not found")
        await visitor.joined("/counter")
        assert {type(session) for session in live.sessions} == {Session}, "nothing is measured"
    assert not live.site.observers


def test_its_guard_must_be_one() -> None:
    with pytest.raises(TypeError, match="a guard must be a function"):
        shop(dashboard=True)


async def test_its_guard_decides_who_sees_it() -> None:
    async with browser(shop(dashboard=staff)) as visitor:
        refused = await visitor.http.get("/_live/dashboard")
        assert refused.status_code == 403 and "Open pages" not in refused.text
        visitor.http.cookies.set("who", "staff")
        tab = await visitor.joined("/_live/dashboard")
        assert "Open pages" in tab.html
        visitor.http.cookies.delete("who")
        socket = await visitor.socket(tab.address)
        socket.send(tab.hello)
        with pytest.raises(Exception, match="can't be opened"):
            await socket.receive()


@pytest.mark.parametrize("js", [True, False])
async def test_it_shows_what_happens(js: bool) -> None:
    live = shop(dashboard=anybody)
    async with Simulated(live) as people, Simulated(live, js=js) as operator:
        counter = await people.open("/counter")
        await counter.click("ten")
        board = await operator.open("/_live/dashboard")
        assert numbers(board)["Operations per minute"] == "1"
        await counter.click("ten")
        if js:
            await operator.clock.advance(2)
        else:
            board = await operator.open("/_live/dashboard")
        shown = numbers(board)
        assert shown["Operations per minute"] == "2"
        assert shown["Connected pages"] == ("2" if js else "1")
        assert re.fullmatch(r"[\d.]+ ms", shown["Store answers in"]) and shown["Broker answers in"] == "–"
        counter_class = "tests.support.shop.counter.<locals>.Counter"
        assert dict(pairs(board.texts("#pages td")))[counter_class] == "1"
        action, calls, mean, longest = board.texts("#actions td")
        assert (action, calls) == ("counter.<locals>.Counter.add", "2") and float(mean) <= float(longest)
        assert board.texts("#workers tr")[1].count("(this page's)") == 1
        await counter.close()
        await board.open("/_live/dashboard")
        assert dict(pairs(board.texts("#closes td"))) == {"over": str(live.stats().closes["over"])}


async def test_other_workers_report_over_the_broker(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "store.db")
    here, there = shop(store, dashboard=anybody), shop(store, dashboard=anybody)
    async with Simulated(here) as operator, Simulated(there) as people:
        counter = await people.open("/counter")
        await counter.click("ten")
        loop, reported = asyncio.get_running_loop(), asyncio.Event()

        def hear(message: Message | None) -> None:
            if message is not None and message.kind == "worker" and message.data:
                loop.call_soon_threadsafe(reported.set)

        here._channel.listen(hear)
        board = await operator.open("/_live/dashboard")
        await operator.clock.advance(2)  # asks
        await asyncio.wait_for(reported.wait(), PATIENCE)
        await operator.clock.advance(2)  # shows the answer
        assert len(board.texts("#workers tbody tr")) == 2
        assert numbers(board)["Operations per minute"] == "1"
        assert board.texts("#actions td")[1] == "1"


async def test_reports_of_other_versions_and_of_workers_that_are_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    live = shop()
    reports = WorkerReports(live.sessions, live._channel)
    data = asdict(reports.own())
    more_stats, fewer_stats = {**data["stats"], "more": 1}, {"uptime": 1.0}
    for wrong in (
        {**data, "stats": more_stats},
        {**data, "stats": fewer_stats},
        {**data, "more": 1},
        {"a": 1},
    ):
        await live._channel.announce(Message("worker", "old", wrong))
        assert reports.others() == []
    await live._channel.announce(Message("worker", "gone", data))
    assert [report.worker for report in reports.others()] == [data["worker"]]
    monkeypatch.setattr("liveactions.session.reports.MAX_AGE", -1.0)
    assert reports.others() == []
    await live._channel.announce(Message("worker", "next", data))
    assert list(reports._others) == ["next"], "reports that are out of date are forgotten"
