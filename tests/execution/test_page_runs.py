"""The steps of a run of a page, whichever way it comes in: what is open, what is undone, what is told."""

from __future__ import annotations

import inspect
import logging
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from typing import Annotated, Any
from urllib.parse import quote

import pytest
from pydantic import BaseModel, ValidationError
from starlette.datastructures import UploadFile
from starlette.requests import Request

from liveactions import (
    ActionError,
    Deferred,
    Depends,
    FieldErrors,
    Live,
    Page,
    Pages,
    action,
    defer,
    every,
    flash,
    loaded,
    redirect,
    refresh,
)
from liveactions.execution.run import PageRun
from liveactions.protocol import constants as wire
from liveactions.testing import Failed
from liveactions.testing.asgi import Closed
from tests.behaviour.markup import form
from tests.behaviour.ways import Way, visiting, ways
from tests.support.asgi import browser
from tests.support.pages import opened
from tests.support.small import small_app

journal: list[str] = []
faults: set[str] = set()
gate = threading.Event()


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    journal.clear()
    faults.clear()
    gate.clear()
    yield
    gate.set()


def of(cls: type[Page], template: str, **options: Any) -> Live:
    pages = Pages()
    pages.page("/page")(cls)
    return small_app(pages, {"page.html": f"<title>P</title>{template}"}, **options)


class Upstream(BaseModel):
    number: int


# Around


tenant: ContextVar[str] = ContextVar("tenant", default="nobody's")


@asynccontextmanager
async def of_a_tenant(request: Request) -> AsyncIterator[None]:
    token = tenant.set("ada's")
    try:
        yield
    finally:
        tenant.reset(token)


class Plain(Page):
    template = "page.html"
    count: int = 0

    def drawn(self) -> str:
        return tenant.get()

    @action
    async def refuse(self) -> None:
        self.count += 1
        raise ActionError("No")

    @action
    async def crash(self) -> None:
        refresh()
        raise RuntimeError

    @action
    async def check(self, n: int) -> None: ...

    @action
    async def add(self) -> None:
        self.count += 1


class Rented(Plain):
    seen: str = loaded()

    async def load(self) -> None:
        self.seen = tenant.get()


BUTTONS = "".join(form(name) for name in ("refuse", "crash", "add")) + form("check", "n")


@ways("SHN")
@pytest.mark.parametrize("button", ["refuse", "crash", "check", "add"])
@pytest.mark.parametrize("cls", [Plain, Rented])
async def test_a_page_is_loaded_and_rendered_inside_of_what_is_around_it(
    way: Way, button: str, cls: type[Page]
) -> None:
    template = "<p>{{ drawn() }}</p>{{ live.error.message }}" + BUTTONS
    template += "<b>{{ seen }}</b>" if cls is Rented else ""
    async with visiting(of(cls, template, around=[of_a_tenant]), way) as one:
        page = await one.open("/page")
        with suppress(Failed):
            await page.click(button)
        assert [*page.texts("p"), *page.texts("b")] == ["ada's"] * (2 if cls is Rented else 1)


async def test_a_page_that_was_dropped_from_memory_is_drawn_again_inside_of_what_is_around_it() -> None:
    live = of(Rented, '<b live-click="{{ add }}">{{ drawn() }}</b>', around=[of_a_tenant])
    async with browser(live) as visitor:
        tab = await visitor.joined("/page")
        (session,) = live.sessions
        session.state.history.evict()
        assert (await tab.op(0, [0], []))[3] == []


# A scope that has closed


async def test_a_scope_that_has_closed_runs_nothing() -> None:
    page = await opened(Rented)
    scope = PageRun(page)
    assert await scope.guard() is None
    outcome = await scope.call(page.add)
    await scope.close(outcome)
    seen = page.count
    for late in (lambda: scope.call(page.add), scope.load, lambda: scope.run_timer(Rented.drawn, page)):
        with pytest.raises(RuntimeError, match="has closed"):
            await late()
    assert page.count == seen


async def unit() -> AsyncIterator[None]:
    try:
        yield
    except BaseException as error:
        journal.append(f"rolled back: {type(error).__name__}")
        raise
    journal.append("committed")


class Units(Page):
    count: int = 0

    @action
    async def add(self, unit: Annotated[None, Depends(unit)]) -> None:
        self.count += 1


async def test_a_run_that_is_left_without_being_closed_rolls_back() -> None:
    page = await opened(Units)
    journal.clear()
    for error in (LookupError, None):
        with suppress(LookupError):
            async with PageRun(page) as run:
                assert (await run.call(page.add)).ok and page.count == 1
                if error is not None:
                    raise error
        assert page.count == 0
        with pytest.raises(RuntimeError, match="has closed"):
            await run.load()
    assert journal == ["rolled back: LookupError", "rolled back: RuntimeError"]


async def test_a_run_that_was_closed_keeps_what_it_did() -> None:
    page = await opened(Units)
    journal.clear()
    with suppress(LookupError):
        async with PageRun(page) as run:
            assert (await run.close(await run.call(page.add))).ok
            raise LookupError
    assert (page.count, journal) == (1, ["committed"])


async def lent(request: Request) -> AsyncIterator[str]:
    journal.append("open")
    try:
        yield "lent"
    except BaseException:
        journal.append("roll back")
        raise
    journal.append("commit")
    if "commit" in faults:
        faults.discard("commit")
        raise RuntimeError("no commit")


Lent = Annotated[str, Depends(lent)]


class Lender(Page):
    template = "page.html"
    count: int = 0
    seen: str = loaded()

    async def load(self, what: Lent) -> None:
        journal.append("load")
        self.seen = what

    @action
    async def fail(self, what: Lent) -> None:
        self.count += 1
        faults.add("commit")
        refresh()

    @action(timeout=0.02)
    def block(self, what: Lent) -> None:
        self.count += 1
        gate.wait(5)

    @action
    async def exempt(self, file: UploadFile) -> None: ...


LENDER = "<p>{{ count }} {{ seen }} {{ live.error.status }}</p>" + "".join(
    form(name) for name in ("fail", "block")
)


@ways("SHN")
@pytest.mark.parametrize(("button", "status"), [("fail", "500"), ("block", "504")])
async def test_every_dependency_that_was_opened_is_closed(way: Way, button: str, status: str) -> None:
    async with visiting(of(Lender, LENDER), way) as one:
        page = await one.open("/page")
        journal.clear()
        with suppress(Failed):
            await page.click(button)
        gate.set()
        assert page.text("p") == f"0 lent {status}"
        assert journal.count("open") == journal.count("commit") + journal.count("roll back")


# What closing comes to


class Guarded(Page):
    template = "page.html"
    count: int = 0

    @action
    async def send(self, file: UploadFile) -> None: ...


def lending() -> Live:
    pages = Pages(guard=lent)
    pages.page("/page")(Guarded)
    return small_app(pages, {"page.html": "<title>P</title>{{ count }}{{ send }}"})


async def test_a_get_whose_commit_fails_is_an_error() -> None:
    async with browser(lending()) as visitor:
        faults.add("commit")
        assert (await visitor.http.get("/page")).status_code == 500


@pytest.mark.parametrize("again", [False, True])
async def test_a_join_whose_commit_fails_is_refused(again: bool) -> None:
    async with browser(lending()) as visitor:
        tab = await visitor.open("/page")
        if again:
            await tab.join()
            await tab.socket.lose()
        faults.add("commit")
        with pytest.raises(Closed):
            await tab.join()


async def test_an_upload_whose_commit_fails_is_an_error() -> None:
    async with browser(lending()) as visitor:
        await visitor.open("/page")
        faults.add("commit")
        reply = await visitor.http.post(
            "/page?_a=send", files={"file": ("a.txt", b"a")}, headers={wire.HEADER_UPLOAD: "1"}
        )
        assert reply.status_code == 500


# Messages under way


class Sender(Page):
    template = "page.html"

    async def load(self) -> None:
        if "load" in faults:
            raise RuntimeError

    @action
    async def send(self) -> Any:
        flash("Arrived")
        return redirect("/page?sent=1")

    @action
    async def quiet(self) -> str:
        return "quiet"


async def under_way(visitor: Any) -> Any:
    tab = await visitor.open("/page")
    form = {"_a": tab.signed("send")}
    sent = await visitor.http.post("/page", params=form, data={"_s": tab.snapshot})
    assert sent.status_code == 303
    return tab


SHOWS = "{% for one in live.flashes %}<i>{{ one }}</i>{% endfor %}{{ send }}{{ quiet }}"


async def test_a_call_that_shows_nothing_takes_no_messages() -> None:
    async with browser(of(Sender, SHOWS)) as visitor:
        tab = await under_way(visitor)
        headers = {wire.HEADER_ACTION: quote(tab.signed("quiet"))}
        reply = await visitor.http.post("/page", json={}, headers=headers)
        assert reply.json() == {"result": "quiet"}
        assert ">Arrived</i>" in (await visitor.http.get("/page")).text
        assert "Arrived" not in (await visitor.http.get("/page")).text


async def test_a_page_that_fails_takes_no_messages() -> None:
    async with browser(of(Sender, SHOWS)) as visitor:
        await under_way(visitor)
        faults.add("load")
        assert (await visitor.http.get("/page")).status_code == 500
        faults.clear()
        assert ">Arrived</i>" in (await visitor.http.get("/page")).text


# What was deferred


class Slow(Page):
    template = "page.html"
    report: Deferred[str] = loaded()

    async def load(self) -> None:
        works.append(self._work())
        self.report = defer(works[-1])
        if "load" in faults:
            raise RuntimeError

    async def _work(self) -> str:
        return "report"

    @action
    async def refuse(self) -> None:
        raise ActionError("No")


works: list[Coroutine[Any, Any, str]] = []


async def test_a_join_that_fails_leaves_nothing_unawaited() -> None:
    works.clear()
    async with browser(of(Slow, "{{ report.pending }}")) as visitor:
        tab = await visitor.open("/page")
        faults.add("load")
        with pytest.raises(Closed):
            await tab.join()
        assert [inspect.getcoroutinestate(work) for work in works] == [inspect.CORO_CLOSED] * 2


# Logs


async def test_a_timer_that_fails_is_logged_once_with_its_id(caplog: pytest.LogCaptureFixture) -> None:
    class Ticking(Page):
        template = "page.html"

        @every(1)
        async def tick(self) -> None:
            raise LookupError("secret")

    async with visiting(of(Ticking, "t"), "S") as one:
        await one.open("/page")
        with caplog.at_level(logging.ERROR):
            await one.clock.advance(1)
        (record,) = caplog.records
        assert "Ticking.tick failed (" in record.getMessage() and record.exc_info


# Errors that aren't the visitor's


class Asking(Page):
    template = "page.html"
    count: int = 0

    async def load(self) -> None:
        self._ask("load")

    @action
    async def act(self, number: str = "x") -> None:
        self.count += 1
        refresh()
        self._ask("action")

    @act.validate
    def check(self, number: str) -> None:
        self._ask("validator")

    @action
    async def mine(self, number: str = "x") -> None:
        self.count += 1
        try:
            Upstream.model_validate({"number": number})
        except ValidationError as error:
            raise FieldErrors.of(error) from error

    def _ask(self, where: str) -> None:
        if where in faults:
            Upstream.model_validate({"number": "upstream"})


def ask() -> None:
    if "guard" in faults:
        Upstream.model_validate({"number": "upstream"})


@ways("SHN")
@pytest.mark.parametrize("where", ["guard", "validator", "action", "load"])
async def test_what_pydantic_says_elsewhere_is_an_exception_like_any_other(
    way: Way, where: str, caplog: pytest.LogCaptureFixture
) -> None:
    pages = Pages(guard=ask)
    pages.page("/page")(Asking)
    template = "<title>P</title><p>{{ count }}</p>" + form("act", "number")
    async with visiting(small_app(pages, {"page.html": template}), way) as one:
        page = await one.open("/page")
        await page.fill("number", "x")
        faults.add(where)
        is_join = way == "H" and where in ("guard", "load")  # before the action: the page may come again
        status = "503" if is_join else "500"
        with caplog.at_level(logging.ERROR), pytest.raises(Failed, match=status + r": .*\([0-9a-f]{8}\)"):
            await page.click("act")
        records = {record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR}
        assert len(records) >= 1 and all("failed (" in record for record in records)
        assert "upstream" not in page.html
        faults.clear()
        page = await one.open("/page")
        assert page.text("p") == "0"


@ways("SHN")
async def test_what_pydantic_says_may_be_made_the_visitors(way: Way) -> None:
    template = "<p>{{ count }} {{ mine.errors.number }}</p>" + form("mine", "number")
    messages = {"int_parsing": "Only digits"}
    async with visiting(of(Asking, template, messages=messages), way) as one:
        page = await one.open("/page")
        await page.fill("number", "x")
        await page.click("mine")
        assert page.text("p") == "1 Only digits"


async def test_an_error_that_was_made_the_visitors_names_their_fields() -> None:
    class Order(BaseModel):
        rows: list[Upstream]

    with pytest.raises(FieldErrors) as caught:
        try:
            Order.model_validate({"rows": [{"number": "x"}]})
        except ValidationError as error:
            raise FieldErrors.of(error) from None
    assert caught.value.errors.keys() == {"rows[0].number"}
