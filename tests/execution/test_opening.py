"""Whichever way opens a page, the same failure has the same effects."""

from __future__ import annotations

import asyncio
import inspect
import logging
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import suppress
from typing import Annotated, Any
from urllib.parse import quote

import pytest

from liveactions import (
    Deferred,
    Depends,
    Live,
    Page,
    Pages,
    action,
    defer,
    loaded,
    not_found,
    redirect,
)
from liveactions.protocol import constants as wire
from liveactions.session.connection import INTERNAL_ERROR
from tests.support.asgi import Browser, Closed, Tab, browser
from tests.support.small import small_app

fault = ""
journal: list[str] = []
works: list[Coroutine[Any, Any, str]] = []
entered = asyncio.Event()
gate = threading.Event()
left = threading.Event()


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    global fault, entered
    fault, entered = "", asyncio.Event()
    journal.clear()
    works.clear()
    gate.clear()
    left.clear()
    yield
    gate.set()


def guard() -> None:
    if fault == "guard":
        raise not_found("Refused")


async def unit() -> AsyncIterator[str]:
    """A unit of work, as a database session is one."""
    try:
        yield "unit"
    except BaseException:
        journal.append("rolled back")
        raise
    if fault == "commit":
        raise RuntimeError("commit")
    journal.append("committed")


async def late() -> str:
    return "late"


class Report(Page):
    template = "report.html"
    count: int = 0
    value: Any = ""
    late: Deferred[str] = loaded()

    async def mount(self) -> None:
        if fault == "mount":
            raise RuntimeError("mount")

    async def load(self, unit: Annotated[str, Depends(unit)]) -> None:
        works.append(late())
        self.late = defer(works[-1])
        if fault == "cancelled":
            entered.set()
            await asyncio.Event().wait()
        if fault == "load redirects":
            raise redirect("/other")
        if fault == "load":
            raise RuntimeError("load")
        if fault == "state":
            self.value = object()

    def drawn(self) -> str:
        if fault == "render":
            raise RuntimeError("render")
        return "drawn"

    @action
    async def add(self, unit: Annotated[str, Depends(unit)]) -> None:
        self.count += 1


class Other(Page):
    template = "other.html"


def app(**options: Any) -> Live:
    pages = Pages(guard=guard)
    pages.page("/report")(Report)
    pages.page("/slow")(Slow)
    open_to_all = Pages()
    open_to_all.page("/other")(Other)
    templates = {
        "report.html": "<title>R</title><p>{{ drawn() }} {{ count }}</p>{{ add }}",
        "slow.html": "<title>S</title><p>{{ count }} {{ live.error.status }}</p>{{ block }}",
        "other.html": "<title>O</title>",
    }
    live = small_app(pages, templates, **options)
    live.include(open_to_all)
    return live


# The ways in: each returns the status or the address that it led to.

Told = int | str
WayIn = Callable[[Browser, Tab, Tab], Awaitable[Told]]


async def get(visitor: Browser, report: Tab, other: Tab) -> Told:
    return told(await visitor.http.get("/report"))


async def get_restored(visitor: Browser, report: Tab, other: Tab) -> Told:
    return told(await visitor.http.get("/report", params={"_s": report.snapshot}))


async def post(visitor: Browser, report: Tab, other: Tab) -> Told:
    return told(await visitor.http.post(report.action("add"), data={"_s": report.snapshot}))


async def call(visitor: Browser, report: Tab, other: Tab) -> Told:
    headers = {wire.HEADER_ACTION: quote(report.signed("add"))}
    return told(await visitor.http.post("/report", json={}, headers=headers))


async def navigate(visitor: Browser, report: Tab, other: Tab) -> Told:
    status, payload = (await other.op(wire.NAVIGATE, "/report"))[3][1:3]
    assert status == wire.REDIRECT
    return str(payload["url"])


async def join(visitor: Browser, report: Tab, other: Tab) -> Told:
    try:
        await report.join()
    except Closed as closed:
        return closed.code
    return 200


def told(response: Any) -> Told:
    return str(response.headers["location"]) if response.status_code == 303 else int(response.status_code)


HTTP = [get, get_restored, post, call]
ALL = [*HTTP, navigate, join]
BEGINNING = [get, call, navigate]
RENDERING = [get, get_restored, post, navigate]
LOGGED = {"mount": 500, "load": 500, "render": 500, "commit": 500, "state": 500}
STATUSES = {**LOGGED, "guard": 404}
CASES = [
    (failure, way)
    for failure in STATUSES
    for way in {"mount": BEGINNING, "render": RENDERING}.get(failure, ALL)
]
IDS = [f"{failure}-{way.__name__}" for failure, way in CASES]


@pytest.mark.parametrize(("failure", "way"), CASES, ids=IDS)
async def test_a_failure_has_the_same_effects_on_every_way(
    failure: str,
    way: WayIn,
    caplog: pytest.LogCaptureFixture,
) -> None:
    global fault
    async with browser(app()) as visitor:
        report, other = await visitor.open("/report"), await visitor.joined("/other")
        journal.clear()
        works.clear()
        fault = failure
        with caplog.at_level(logging.ERROR, "liveactions"):
            answer = await way(visitor, report, other)
        refusal = INTERNAL_ERROR if failure in LOGGED else wire.CLOSE_OVER
        told: dict[WayIn, Told] = {navigate: "/report", join: refusal}
        seen = told.get(way, STATUSES[failure])
        assert answer == seen
        logged = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
        assert all("failed (" in message for message in logged)
        assert bool(logged) == (failure in LOGGED)
        assert "committed" not in journal
        assert {inspect.getcoroutinestate(work) for work in works} <= {inspect.CORO_CLOSED}


@pytest.mark.parametrize("way", ALL)
async def test_a_load_that_redirects_leads_there_on_every_way(way: Any) -> None:
    global fault
    async with browser(app()) as visitor:
        report, other = await visitor.open("/report"), await visitor.joined("/other")
        works.clear()
        fault = "load redirects"
        assert await way(visitor, report, other) == {join: wire.CLOSE_OVER, call: 200}.get(way, "/other")
        assert {inspect.getcoroutinestate(work) for work in works} == {inspect.CORO_CLOSED}


@pytest.mark.parametrize("way", HTTP)
async def test_a_request_that_is_cancelled_rolls_back_on_every_way(way: Any) -> None:
    global fault
    async with browser(app()) as visitor:
        report, other = await visitor.open("/report"), await visitor.open("/other")
        journal.clear()
        works.clear()
        fault = "cancelled"
        task = asyncio.create_task(way(visitor, report, other))
        await entered.wait()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        assert task.cancelled() and journal == ["rolled back"]
        assert {inspect.getcoroutinestate(work) for work in works} == {inspect.CORO_CLOSED}


# A thread that can't be stopped


class Slow(Page):
    template = "slow.html"
    count: int = 0

    async def load(self) -> None:
        if "blocked" in journal:
            gate.set()
            left.wait(10)

    @action(timeout=0.01)
    def block(self) -> None:
        journal.append("blocked")
        gate.wait(10)
        self.count = 99
        left.set()


async def test_after_a_timeout_a_post_shows_what_the_thread_can_not_change() -> None:
    async with browser(app()) as visitor:
        tab = await visitor.open("/slow")
        answer = await visitor.http.post(tab.action("block"), data={"_s": tab.snapshot})
        assert (answer.status_code, left.is_set()) == (504, True)
        assert ">0 504</p>" in answer.text
