"""Whichever way opens a page, the same failure has the same effects."""

from __future__ import annotations

import asyncio
import inspect
import logging
import re
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from typing import Annotated, Any
from urllib.parse import quote

import pytest
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from liveactions import (
    ActionError,
    Deferred,
    Depends,
    Live,
    Page,
    Pages,
    action,
    defer,
    flash,
    loaded,
    not_found,
    redirect,
)
from liveactions.config import Limits
from liveactions.exceptions import INTERNAL_ERROR
from liveactions.protocol import constants as wire
from liveactions.testing.asgi import Closed
from tests.support.asgi import Browser, Tab, browser
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
        self.live.set_cookie("loaded", "yes")
        works.append(late())
        self.late = defer(works[-1])
        if fault in ("cancelled", "timeout"):
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
        if fault == "visitor":
            raise ActionError("Not now")
        self.count += 1
        flash("added")

    @action
    async def attach(self, file: UploadFile) -> None:
        pass


class Gone(Page):
    template = "other.html"

    async def load(self) -> None:
        raise HTTPException(410)


class Other(Page):
    template = "other.html"


def app(**options: Any) -> Live:
    pages = Pages(guard=guard)
    pages.page("/report")(Report)
    pages.page("/slow")(Slow)
    open_to_all = Pages()
    open_to_all.page("/other")(Other)
    open_to_all.page("/gone")(Gone)
    open_to_all.page("/form")(Form)
    templates = {
        "report.html": "<title>R</title><p>{{ drawn() }} {{ count }}</p>{{ add }}{{ attach }}"
        "{% for message in live.flashes %}{{ message }}{% endfor %}",
        "form.html": "<title>F</title><p>{{ count }} {{ send.error }} {{ live.error.message }}</p>{{ send }}",
        "slow.html": "<title>S</title><p>{{ count }} {{ live.error.status }}</p>{{ block }}",
        "other.html": "<title>O</title>",
    }
    live = small_app(pages, templates, **options)
    live.include(open_to_all)
    live.error_page(410)(Report)
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


async def error_page(visitor: Browser, report: Tab, other: Tab) -> Told:
    return told(await visitor.http.get("/gone"))


async def op(visitor: Browser, report: Tab, other: Tab) -> Told:
    """An operation of a page that was opened before anything failed."""
    global fault
    failing, fault = fault, ""
    await report.join()
    journal.clear()
    works.clear()
    fault = failing
    frame = await report.call("add")
    while not frame[3]:  # the deferred value, which the join has begun
        frame = await report.receive()
    return int(frame[3][2]["status"])


async def upload(visitor: Browser, report: Tab, other: Tab) -> Told:
    headers, files = {wire.HEADER_UPLOAD: "token"}, {"file": ("a.txt", b"a")}
    return told(await visitor.http.post(report.action("attach"), files=files, headers=headers))


def told(response: Any) -> Told:
    return str(response.headers["location"]) if response.status_code == 303 else int(response.status_code)


HTTP = [get, get_restored, post, call]
ALL = [*HTTP, navigate, join]
BEGINNING = [get, call, navigate, error_page]
RENDERING = [get, get_restored, post, navigate, error_page]
LOGGED = {"mount": 500, "load": 500, "render": 500, "commit": 500, "state": 500}
STATUSES = {**LOGGED, "guard": 404, "timeout": 504}
CASES = [
    (failure, way)
    for failure in STATUSES
    for way in {"mount": BEGINNING, "render": [*RENDERING, op], "guard": [*ALL, upload, op]}.get(
        failure, [*ALL, error_page, op]
    )
]
IDS = [f"{failure}-{way.__name__}" for failure, way in CASES]


@pytest.mark.slow
@pytest.mark.parametrize(("failure", "way"), CASES, ids=IDS)
async def test_a_failure_has_the_same_effects_on_every_way(
    failure: str,
    way: WayIn,
    caplog: pytest.LogCaptureFixture,
) -> None:
    global fault
    async with browser(app(limits=Limits(action=0.05))) as visitor:
        report, other = await visitor.open("/report"), await visitor.joined("/other")
        visitor.http.cookies.clear()
        journal.clear()
        works.clear()
        fault = failure
        with caplog.at_level(logging.ERROR, "liveactions"):
            answer = await way(visitor, report, other)
        refusal = INTERNAL_ERROR if STATUSES[failure] >= 500 else wire.CLOSE_OVER
        told: dict[WayIn, Told] = {navigate: "/report", join: refusal, error_page: 410}
        seen = told.get(way, STATUSES[failure])
        assert answer == seen
        logged = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
        assert all("failed (" in message for message in logged)
        assert bool(logged) == (failure in LOGGED)
        assert "committed" not in journal
        assert {inspect.getcoroutinestate(work) for work in works} <= {inspect.CORO_CLOSED}
        is_answered = way in (*HTTP, error_page) and failure not in ("guard", "mount")
        assert ("loaded" in visitor.http.cookies) == is_answered
        fault = ""
        shown = re.sub("<[^>]*>", "", (await visitor.open("/report")).html)
        assert "drawn 0" in shown and "added" not in shown


@pytest.mark.parametrize("way", ALL)
async def test_a_load_that_redirects_leads_there_on_every_way(way: Any) -> None:
    global fault
    async with browser(app()) as visitor:
        report, other = await visitor.open("/report"), await visitor.joined("/other")
        works.clear()
        fault = "load redirects"
        assert await way(visitor, report, other) == {join: wire.CLOSE_OVER, call: 200}.get(way, "/other")
        assert {inspect.getcoroutinestate(work) for work in works} == {inspect.CORO_CLOSED}


@pytest.mark.parametrize("way", ALL)
async def test_a_run_that_is_cancelled_rolls_back_on_every_way(way: WayIn) -> None:
    """As servers cancel requests and sockets when they end."""
    global fault
    async with browser(app()) as visitor:
        report, other = await visitor.open("/report"), await visitor.joined("/other")
        journal.clear()
        works.clear()
        fault = "cancelled"
        task = asyncio.ensure_future(way(visitor, report, other))
        await entered.wait()
        tabs: dict[WayIn, Tab] = {navigate: other, join: report}
        serving: asyncio.Future[Any] = tabs[way].socket.task if way in tabs else task
        serving.cancel()
        await asyncio.wait([serving, task])
        assert serving.cancelled() and journal == ["rolled back"]
        assert {inspect.getcoroutinestate(work) for work in works} == {inspect.CORO_CLOSED}


# An error that the page shows


class Form(Page):
    template = "form.html"
    count: int = 0

    async def load(self) -> None:
        journal.append("load")

    @action
    async def send(self) -> None:
        raise RuntimeError("send") if fault == "programmer" else ActionError("Not now")


async def post_form(tab: Tab) -> tuple[int, str]:
    answer = await tab.browser.http.post(tab.action("send"), data={"_s": tab.snapshot})
    return answer.status_code, answer.text


async def op_of_form(tab: Tab) -> tuple[int, str]:
    await tab.join()
    journal.clear()
    frame = await tab.call("send")
    return frame[3][2]["status"], str(frame[2])


@pytest.mark.parametrize(("kind", "status"), [("visitor", 422), ("programmer", 500)])
@pytest.mark.parametrize(("way", "loads"), [(post_form, ["load"]), (op_of_form, [])])
async def test_a_call_that_fails_loads_what_is_due_once(
    way: Any, loads: list[str], kind: str, status: int
) -> None:
    global fault
    async with browser(app()) as visitor:
        tab = await visitor.open("/form")
        journal.clear()
        fault = kind
        answer, shown = await way(tab)
        assert (answer, journal) == (status, loads)
        assert ("Not now" in shown) == (kind == "visitor")


async def test_a_copy_of_a_failed_post_loads_the_page_that_it_shows() -> None:
    async with browser(app()) as visitor:
        tab = await visitor.open("/form")
        first = await post_form(tab)
        journal.clear()
        second = await post_form(tab)
        assert [first[0], second[0]] == [422, 422]
        assert journal == ["load"] and "Not now Not now" in second[1]


async def test_what_a_failed_call_has_loaded_is_loaded_again_to_be_shown() -> None:
    """Its dependencies have rolled back: what they gave is no longer of use."""
    global fault
    async with browser(app()) as visitor:
        tab = await visitor.open("/report")
        journal.clear()
        fault = "visitor"
        answer = await visitor.http.post(tab.action("add"), data={"_s": tab.snapshot})
        assert answer.status_code == 422
        assert journal == ["rolled back", "committed", "committed"]  # the last one renders deferred values


# A thread that can't be stopped


class Slow(Page):
    template = "slow.html"
    count: int = 0

    async def load(self) -> None:
        if "posted" in journal:
            gate.set()
            left.wait(10)

    @action(timeout=1.0)  # its thread has begun by then
    def block(self) -> None:
        gate.wait(10)
        self.count = 99
        left.set()


@pytest.mark.slow
async def test_after_a_timeout_a_post_shows_what_the_thread_can_not_change() -> None:
    async with browser(app()) as visitor:
        tab = await visitor.open("/slow")
        journal.append("posted")
        answer = await visitor.http.post(tab.action("block"), data={"_s": tab.snapshot})
        assert (answer.status_code, left.is_set()) == (504, True)
        assert ">0 504</p>" in answer.text
