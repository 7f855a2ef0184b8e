"""M1, M2. Async generator actions: each `yield` is shown."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Generator, Iterator
from datetime import date
from typing import Any

import pytest

from liveactions import ActionError, Live, Page, Pages, action, loaded, redirect
from tests.behaviour.markup import form
from tests.behaviour.ways import Way, by, visiting, ways
from tests.support.asgi import Browser as Visitor
from tests.support.asgi import Tab, browser
from tests.support.patience import PATIENCE
from tests.support.small import small_app

pages = Pages()
gates: dict[str, asyncio.Event] = {}
ended: list[str] = []


@pytest.fixture(autouse=True)
def fresh_gates() -> None:
    gates.clear()
    gates.update({name: asyncio.Event() for name in ("one", "two", "three", "ended")})
    ended.clear()


@pages.page("/work")
class Work(Page):
    template = "work.html"
    done: int = 0
    other: int = 0
    notes: list[str] = []
    doubled: int = loaded()

    async def load(self) -> None:
        self.doubled = 2 * self.done

    @action
    async def run(self) -> AsyncIterator[str]:
        try:
            self.done = 1
            yield "first"
            await gates["one"].wait()
            self.done = 2
            yield "second"
            await gates["two"].wait()
            self.done = 3
            yield "last"
        finally:
            ended.append("run")
            gates["ended"].set()

    @action
    async def count(self) -> AsyncIterator[int]:
        for self.done in range(1, 6):
            yield self.done

    @action
    async def fail(self) -> AsyncIterator[None]:
        self.done = 1
        self.notes.append("shown")
        yield
        await gates["one"].wait()
        self.done = 2
        self.notes.append("not shown")
        raise RuntimeError("secret")

    @action
    async def refuse(self) -> AsyncIterator[None]:
        self.done = 1
        yield
        raise ActionError("Enough", status=422)

    @action
    async def leave(self) -> AsyncIterator[Any]:
        self.done = 1
        yield
        raise redirect("/over")

    @action
    async def add(self) -> None:
        self.other += 1

    @action(concurrency="drop")
    async def once(self) -> AsyncIterator[None]:
        self.done += 1
        yield
        await gates["one"].wait()

    @action(concurrency="latest")
    async def newest(self, name: str = "one") -> AsyncIterator[None]:
        self.notes = [name]
        yield
        await gates[name].wait()
        self.notes = [f"{name} done"]
        yield


@pages.page("/over")
class Over(Page):
    template = "over.html"


TEMPLATES = {
    "work.html": """<title>Work</title><body>
<output>{{ done }} {{ doubled }} {{ other }} {{ notes|join(",") }}</output>
<p>{{ run.result }}|{{ count.result }}</p>
<em>{{ fail.error }}{{ refuse.error }}</em>
<form method="post" action="{{ run }}"><button>Run</button></form>
<form method="post" action="{{ count }}"><button>Count</button></form>
{% for one in (once, newest) %}<a href="{{ one }}"></a>{% endfor %}
<form method="post" action="{{ fail }}"><button>Fail</button></form>
<form method="post" action="{{ refuse }}"><button>Refuse</button></form>
<form method="post" action="{{ leave }}"><button>Leave</button></form>
<form method="post" action="{{ add }}"><button>Add</button></form>
<button live-click="{{ add }}">Click</button>""",
    "over.html": "<title>Over</title><h1>Over</h1>",
}


def app() -> Live:
    return small_app(pages, TEMPLATES)


def shown(frame: list[Any]) -> str:
    """All texts of a patch."""
    found: list[str] = []

    def collect(part: Any) -> None:
        if isinstance(part, str):
            found.append(part)
        for one in part if isinstance(part, list) else ():
            collect(one)

    collect(frame[2])
    return " ".join(found)


async def working(visitor: Visitor) -> Tab:
    return await visitor.joined("/work")


async def test_m1_each_yield_is_shown_and_the_last_value_is_the_result() -> None:
    async with browser(app()) as visitor:
        tab = await working(visitor)
        frame = await tab.call("run")
        assert frame[3] == [1, 4, None]  # running
        assert "1 2 0" in shown(await tab.receive())
        gates["one"].set()
        frame = await tab.receive()
        assert "2 4 0" in shown(frame) and "second" in shown(frame)
        gates["two"].set()
        assert "3 6 0" in shown(await tab.receive())
        frame = await tab.receive()
        assert frame[3] == [1, 0, "last"] and ended == ["run"]


async def test_m1_other_ops_go_on_meanwhile() -> None:
    async with browser(app()) as visitor:
        tab = await working(visitor)
        await tab.call("run")
        assert "1 2 0" in shown(await tab.receive())
        frame = await tab.call("add")
        assert frame[1] == 2 and "1 2 1" in shown(frame)
        gates["one"].set()
        assert "2 4 1" in shown(await tab.receive())


@pytest.mark.parametrize("called", ["run", 1])
async def test_m1_cancelling_stops_it_at_the_next_yield(called: str | int) -> None:
    async with browser(app()) as visitor:
        tab = await working(visitor)
        await tab.call("run")
        await tab.receive()
        meant = tab.signed(called) if isinstance(called, str) else called
        assert (await tab.op(5, meant))[1] == 2
        assert not ended
        gates["one"].set()
        frame = await tab.receive()
        while frame[3] == []:
            frame = await tab.receive()
        assert frame[3][:2] == [1, 0] and ended == ["run"]
        assert "2 4 1" in shown(await tab.call("add"))


@pytest.mark.parametrize("called", [7, "nothing", "run", "run~~x", "run~1~x", [99], "add"])
async def test_m1_cancelling_what_does_not_run_does_nothing(called: Any) -> None:
    async with browser(app()) as visitor:
        tab = await working(visitor)
        assert (await tab.op(5, called))[3] == []
        await tab.call("run")
        await tab.receive()
        assert (await tab.op(5, called))[3] == []
        gates["one"].set()
        assert "2 4 0" in shown(await tab.receive())


async def test_m1_a_crash_undoes_the_last_step_and_nobody_elses_work() -> None:
    async with browser(app()) as visitor:
        tab = await working(visitor)
        await tab.call("fail")
        assert "1 2 0 shown" in shown(await tab.receive())
        assert "1 2 1 shown" in shown(await tab.call("add"))
        gates["one"].set()
        frame = await tab.receive()
        assert frame[3][:2] == [1, 1] and frame[3][2]["status"] == 500
        assert "1 2 2 shown" in shown(await tab.call("add"))


async def test_m1_errors_and_redirects_after_a_yield() -> None:
    async with browser(app()) as visitor:
        tab = await working(visitor)
        await tab.call("refuse")
        await tab.receive()
        frame = await tab.receive()
        assert frame[3][:2] == [1, 1] and frame[3][2]["error"] == "Enough" and "Enough" in shown(frame)
        await tab.call("leave")
        frame = await tab.receive()
        while frame[3] == []:
            frame = await tab.receive()
        assert frame[3] == [2, 3, {"url": "/over"}]


async def test_m1_a_lost_connection_does_not_end_it() -> None:
    async with browser(app()) as visitor:
        tab = await working(visitor)
        await tab.call("run")
        await tab.receive()
        await tab.socket.lose()
        gates["one"].set()
        gates["two"].set()
        await asyncio.wait_for(gates["ended"].wait(), PATIENCE)
        welcome = await tab.join()
        assert welcome["answers"][-3:] == [1, 0, "last"] and "3" in str(welcome["patch"])


async def test_m1_a_run_whose_worker_is_gone_is_uncertain() -> None:
    live = app()
    async with browser(live) as visitor:
        tab = await working(visitor)
        await tab.call("run")
        await tab.receive()
        sessions = live.sessions
        for session in sessions:
            await session.save()
        sessions._sessions.clear()
        welcome = await tab.join()
        assert welcome["answers"] == [1, 2, None]


@pytest.mark.slow
async def test_m1_the_end_of_the_page_is_the_end_of_it() -> None:
    async with browser(app()) as visitor:
        tab = await working(visitor)
        await tab.call("run")
        await tab.receive()
        tab.socket.send([2, tab.rev, 9])
        await asyncio.wait_for(tab.socket.task, PATIENCE)
        await asyncio.wait_for(gates["ended"].wait(), PATIENCE)


async def test_m1_policies() -> None:
    async with browser(app()) as visitor:
        tab = await working(visitor)
        await tab.call("once")
        assert "1 2 0" in shown(await tab.receive())
        assert (await tab.call("once"))[1] == 2  # at once, and nothing runs
        await tab.call("newest", "name", "two")
        assert "two" in shown(await tab.receive())
        tab.n += 1
        tab.socket.send([tab.n, tab.rev, 1, tab.signed("newest"), ["name", "three"]])
        answers: list[Any] = []
        texts = ""
        while len(answers) < 6:
            frame = await tab.receive()
            answers += frame[3]
            texts += shown(frame)
        assert sorted([answers[:3], answers[3:]], key=str) == [[3, 0, None], [4, 4, None]]
        gates["three"].set()
        while "three done" not in texts:
            texts += shown(await tab.receive())
        assert "two done" not in texts


@ways("SH")
async def test_m1_a_page_that_waits_for_it_shows_the_end(way: Way) -> None:
    async with visiting(app(), way) as one:
        page = await one.open("/work")
        await page.click("Count")
        await page.shows("5 10 0")
        assert page.text("p") == "None|5"


@by("N")
async def test_m2_without_javascript_it_runs_to_its_end() -> None:
    async with visiting(app(), "N") as one:
        page = await one.open("/work")
        gates["one"].set()
        gates["two"].set()
        await page.click("Run")
        assert page.text("output") == "3 6 0" and page.text("p") == "last|None" and ended == ["run"]
        await page.click("Refuse")
        assert page.text("em") == "Enough"
        await page.click("Leave")
        assert page.text("h1") == "Over"


steps = Pages()
TEMPLATE = (
    "<title>S</title><output>{{ done }}</output><p>{{ act.result }} {{ act.result is string }}</p>"
    "<em>{{ act.error }}</em>" + form("act")
)


@steps.page("/threads")
class Threads(Page):
    template = "steps.html"
    done: int = 0

    @action
    def act(self) -> Iterator[date]:
        for self.done in (1, 2):
            assert threading.current_thread() is not threading.main_thread()
            yield date(2020, 1, self.done)


@steps.page("/refuses")
class Refuses(Page):
    template = "steps.html"
    done: int = 0

    @action
    def act(self) -> Iterator[None]:
        self.done = 1
        yield
        self.done = 2
        raise ActionError("Enough")


@ways("SHN")
async def test_m3_a_generator_that_is_not_async_runs_in_a_thread(way: Way) -> None:
    async with visiting(small_app(steps, {"steps.html": TEMPLATE}), way) as one:
        page = await one.open("/threads")
        await page.click("act")
        await page.shows("2020-01-02 False")
        assert page.text("output") == "2"


@ways("SHN")
async def test_m3_one_that_fails(way: Way) -> None:
    async with visiting(small_app(steps, {"steps.html": TEMPLATE}), way) as one:
        page = await one.open("/refuses")
        await page.click("act")
        await page.shows("Enough")


@steps.page("/returns")
class Returns(Page):
    template = "steps.html"
    done: int = 0

    @action
    def act(self, value: int = 0) -> Generator[None, None, Any]:
        self.done = 1
        yield
        return value or redirect("/over")


@steps.page("/over")
class Returned(Page):
    template = "over.html"


RETURNS = {
    "steps.html": "<title>S</title>{{ act.error }}" + form("act", "value"),
    "over.html": "<title>O</title><h1>Over</h1>",
}


@ways("SHN")
async def test_m3_one_that_returns_a_redirect(way: Way) -> None:
    async with visiting(small_app(steps, RETURNS), way) as one:
        page = await one.open("/returns")
        await page.click("act")
        await page.shows("Over")


async def test_m3_one_that_returns_a_value(caplog: pytest.LogCaptureFixture) -> None:
    async with visiting(small_app(steps, RETURNS), "S") as one:
        page = await one.open("/returns")
        await page.fill("value", "3")
        await page.click("act")
        await page.shows("Something went wrong")
    assert "a generator's result is what it yields last" in caplog.text
