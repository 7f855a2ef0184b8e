"""What changes open pages besides their own actions: background code, the clock, other pages."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Coroutine, Iterator
from typing import Any

import pytest

from liveactions import (
    Component,
    Deferred,
    InUrl,
    Live,
    LiveError,
    Page,
    Pages,
    action,
    defer,
    loaded,
    on,
    redirect,
)
from liveactions.session.op_queue import MAX_COALESCED
from liveactions.session.registry import SessionRegistry
from liveactions.testing import Browser
from tests.support.asgi import browser as visitor_at
from tests.support.pages import new
from tests.support.small import small_app

pages = Pages()
live: Live
opened: list[Any] = []


@pages.page("/room/{room}")
class Room(Page):
    template = "room.html"
    room: str
    lines: list[str] = []
    doubled: int = 0

    async def load(self) -> None:
        self.doubled = 2 * len(self.lines)

    async def connected(self) -> None:
        opened.append(self)

    @on("room:{room}")
    async def hear(self, text: str, times: int = 1) -> None:
        self.lines.extend([text] * times)

    @action
    async def say(self, text: str) -> None:
        live.publish(f"room:{self.room}", text=text)

    @action
    async def say_and_fail(self) -> None:
        live.publish(f"room:{self.room}", text="never mind")
        raise RuntimeError

    @action
    async def soon(self) -> None:
        self.live.later(self._add, 5, "later")

    @action
    def soon_from_a_thread(self) -> None:
        self.live.later(self._add, 5, "later")

    @action
    async def wait_for_itself(self) -> None:
        await self.run(self._add, "never")

    @action
    async def elsewhere(self) -> object:
        return redirect("/room/b")

    @action
    async def done(self) -> None:
        self.live.dispatch("saved", {"n": len(self.lines), "tags": {"a"}})

    @action
    async def done_and_fail(self) -> None:
        self.live.dispatch("saved")
        raise RuntimeError

    def _add(self, text: str) -> int:
        self.lines.append(text)
        return len(self.lines)

    async def _fail(self) -> None:
        self.lines.append("undone")
        raise LookupError("background")


BUTTONS = "".join(
    f'<form method="post" action="{{{{ {name} }}}}"><button>{name}</button></form>'
    for name in ("soon", "soon_from_a_thread", "say_and_fail", "wait_for_itself", "done", "done_and_fail")
)
TEMPLATES = {
    "room.html": f"""<title>Room</title><body><p>{{{{ lines|join(" ") }}}}</p><em>{{{{ doubled }}}}</em>
<form method="post" action="{{{{ say }}}}"><input name="text" aria-label="Text"><button>Say</button></form>
<form method="post" action="{{{{ elsewhere }}}}"><button>Elsewhere</button></form>
{BUTTONS}"""
}


@pages.page("/report")
class Report(Page):
    template = "report.html"
    fails: InUrl[bool] = False
    refuses: InUrl[bool] = False
    n: int = 0
    report: Deferred[str] = loaded()

    async def load(self) -> None:
        works.append(self._work(self.n))
        self.report = defer(works[-1])
        if self.refuses:
            raise redirect("/room/a")

    @action
    async def leave(self) -> object:
        self.n += 1
        return redirect("/report?refuses=1")

    async def _work(self, n: int) -> str:
        started.append(n)
        await gates[0].wait()
        if self.fails:
            raise LookupError("secret")
        return f"report {n}"

    @action
    async def next(self) -> None:
        self.n += 1

    @action
    async def wrong(self) -> None:
        defer(self._work(9))


class Bell(Component):
    template = "bell.html"
    rings: int = 0

    @on("bell")
    async def ring(self) -> None:
        self.rings += 1


@pages.page("/lobby")
class Lobby(Page):
    """Listens to nothing itself."""

    template = "lobby.html"
    bell: Bell | None = None

    @action
    async def enter(self) -> object:
        return redirect("/room/a")

    @action
    async def hang_up_a_bell(self) -> None:
        self.bell = Bell()

    @action
    async def ring(self) -> None:
        live.publish("bell")


TEMPLATES["bell.html"] = "<b>{{ rings }}</b>"
TEMPLATES["lobby.html"] = """<title>Lobby</title><body>{{ bell or "" }}
<form method="post" action="{{ enter }}"><button>Enter</button></form>
<form method="post" action="{{ hang_up_a_bell }}"><button>Hang up a bell</button></form>
<form method="post" action="{{ ring }}"><button>Ring</button></form>"""

gates: list[asyncio.Event] = []
started: list[int] = []
works: list[Coroutine[Any, Any, str]] = []
TEMPLATES["report.html"] = """<title>Report</title><body><output>{{ n }}</output>
<p>{% if report.pending %}…{% else %}{{ report.value }}{{ report.error }}{% endif %}</p>
<form method="post" action="{{ next }}"><button>Next</button></form>
<form method="post" action="{{ wrong }}"><button>Wrong</button></form>
<form method="post" action="{{ leave }}"><button>Leave</button></form>"""


@pytest.fixture(autouse=True)
def app() -> Iterator[Live]:
    global live
    for events in (opened, started, works):
        events.clear()
    gates[:] = [asyncio.Event()]
    live = small_app(pages, TEMPLATES)
    yield live


async def test_background_code_changes_a_page() -> None:
    async with Browser(live) as browser:
        page = await browser.open("/room/a")
        assert await opened[0].run(opened[0]._add, "hello") == 1
        await page.shows("hello")
        assert page.text("em") == "2"  # load has run


async def test_what_it_raises_is_raised_and_undone() -> None:
    async with Browser(live) as browser:
        page = await browser.open("/room/a")
        with pytest.raises(LookupError, match="background"):
            await opened[0].run(opened[0]._fail)
        await opened[0].run(opened[0]._add, "hello")
        await page.shows("hello")
        assert page.text("p") == "hello"


async def test_a_page_that_is_not_open_says_so() -> None:
    async with Browser(live) as browser:
        await browser.open("/room/a")
    with pytest.raises(LiveError, match="is no longer open"):
        await opened[0].run(opened[0]._add, "late")
    with pytest.raises(LiveError, match="isn't open"):
        await handle().run(print)


async def test_an_op_does_not_wait_for_itself() -> None:
    async with Browser(live) as browser:
        page = await browser.open("/room/a")
        with pytest.raises(AssertionError, match="500"):
            await page.click("wait_for_itself")


async def test_messages_reach_all_who_listen_and_no_others() -> None:
    async with Browser(live) as browser:
        page, same, other = [await browser.open(f"/room/{room}") for room in "aab"]
        await page.fill("Text", "hello")
        await page.click("Say")
        await page.shows("hello")
        await same.shows("hello")
        thread = threading.Thread(target=lambda: live.publish("room:b", text="b", times="2"))
        thread.start()
        await other.shows("b b")
        assert page.text("p") == "hello"


async def test_a_page_listens_that_was_opened_by_one_that_listens_to_nothing() -> None:
    async with Browser(live) as browser:
        page = await browser.open("/lobby")
        await page.click("Enter")
        await page.fill("Text", "first")
        await page.click("Say")
        await page.shows("first")


async def test_a_component_listens_that_an_action_has_added() -> None:
    async with Browser(live) as browser:
        page = await browser.open("/lobby")
        await page.click("Hang up a bell")
        await page.click("Ring")
        await page.within("b").shows("1")


async def test_messages_are_heard_in_their_order_each_by_an_op() -> None:
    async with Browser(live) as browser:
        page = await browser.open("/room/a")
        for number in range(20):
            live.publish("room:a", text=str(number))
        await page.shows("18 19")
        assert page.text("p") == " ".join(map(str, range(20)))


async def test_many_messages_are_shown_together() -> None:
    async with Browser(live) as browser:
        page = await browser.open("/room/a")
        for number in range(3 * MAX_COALESCED):
            live.publish("room:a", text=str(number))
        await page.shows(str(3 * MAX_COALESCED - 1))
        assert page.text("p") == " ".join(map(str, range(3 * MAX_COALESCED)))
        (session,) = live.sessions
        assert session.state.op_log.rev == 3


@pytest.mark.parametrize("js", [True, False])
async def test_what_an_action_said_before_it_failed_is_not_said(js: bool) -> None:
    async with Browser(live) as listener:
        heard = await listener.open("/room/a")
        speaker = Browser(live, js=js)
        page = await speaker.open("/room/a")
        with pytest.raises(AssertionError, match="500"):
            await page.click("say_and_fail")
        live.publish("room:a", text="next")
        await heard.shows("next")
        assert "never mind" not in heard.text("p")
        await speaker.close()


async def test_a_message_that_does_not_fit_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async with Browser(live) as browser:
        page = await browser.open("/room/a")
        live.publish("room:a", times="many", text="x")
        live.publish("room:a", text="fits")
        await page.shows("fits")
        assert "the published message doesn't match its parameters: {'times'" in caplog.text


def test_data_is_jsonable() -> None:
    with pytest.raises(
        TypeError, match=r"publish\('room:a'\): data must be serializable as JSON. Unable to serialize"
    ):
        live.publish("room:a", text=object())


def test_a_topic_of_no_field_is_an_error() -> None:
    with pytest.raises(TypeError, match="no field for the topic 'room:{number}' of hear"):

        class Wrong(Page):
            @on("room:{number}")
            async def hear(self) -> None: ...


@pytest.mark.parametrize("name", ["soon", "soon_from_a_thread"])
async def test_later_runs_when_its_time_has_come(name: str) -> None:
    async with Browser(live) as browser:
        page = await browser.open("/room/a")
        await page.click(name)
        await browser.clock.advance(4)
        assert page.text("p") == ""
        await browser.clock.advance(1)
        assert page.text("p") == "later"
        await browser.clock.advance(10)
        assert page.text("p") == "later"


@pytest.mark.parametrize("seconds", [float("inf"), float("nan"), True])
async def test_no_call_waits_for_a_time_that_never_comes(seconds: float) -> None:
    page = new(Page)
    with pytest.raises((TypeError, ValueError), match=f"seconds={seconds}"):
        page.live.later(print, seconds)


async def test_without_javascript_nothing_comes_later() -> None:
    async with Browser(live, js=False) as browser:
        page = await browser.open("/room/a")
        await page.click("soon")
        await page.click("done")
        assert page.text("p") == ""


async def test_events_are_dispatched_when_the_op_has_ended_well() -> None:
    async with visitor_at(live) as visitor:
        tab = await visitor.joined("/room/a")
        frame = await tab.call("done_and_fail")
        assert frame[3][:2] == [1, 1] and not frame[5]
        frame = await tab.call("done")
        assert frame[5] == {"events": [["saved", {"n": 0, "tags": ["a"]}]]}


def test_events_outside_an_op_are_an_error() -> None:
    with pytest.raises(RuntimeError, match="can only be called inside an action"):
        handle().dispatch("saved")


def handle() -> Any:
    """That of a page which isn't open."""

    class Bare(Page): ...

    return new(Bare).live


async def test_an_application_that_has_ended_hears_nothing_more() -> None:
    listeners = len(live._channel._listeners)
    async with Browser(live) as browser:
        await browser.open("/room/a")
        assert isinstance(live.sessions, SessionRegistry) and len(live._channel._listeners) == listeners + 1
    assert len(live._channel._listeners) == listeners


async def test_background_code_is_told_when_the_page_ends_meanwhile() -> None:
    async with Browser(live) as browser:
        await browser.open("/room/a")
        page, gate, begun = opened[0], asyncio.Event(), asyncio.Event()

        async def wait() -> None:
            begun.set()
            await gate.wait()

        first = asyncio.ensure_future(page.run(wait))
        await begun.wait()
        second = asyncio.ensure_future(page.run(page._add, "late"))
        (session,) = live.sessions
        await session.end()
        gate.set()
        await first
        with pytest.raises(LiveError, match="is no longer open"):
            await second


async def test_a_page_is_shown_before_what_takes_long() -> None:
    async with Browser(live) as browser:
        page = await browser.open("/report")
        assert page.text("p") == "…"
        await page.click("Next")
        assert page.text("output") == "1" and page.text("p") == "…"
        gates[0].set()
        await page.shows("report 1")
        assert started == [0, 1]
        await page.click("Next")
        await page.shows("report 2")


async def test_a_deferred_value_that_fails_says_so(caplog: pytest.LogCaptureFixture) -> None:
    async with Browser(live) as browser:
        page = await browser.open("/report?fails=1")
        gates[0].set()
        await page.shows("Something went wrong")
        assert "secret" not in page.html and "a deferred value failed" in caplog.text


async def test_without_javascript_the_page_waits_for_a_deferred_value() -> None:
    async with Browser(live, js=False) as browser:
        for gate in gates:
            gate.set()
        page = await browser.open("/report")
        await page.click("Next")
        assert page.text("p") == "report 1"


async def test_outside_load_nothing_is_deferred() -> None:
    async with Browser(live) as browser:
        page = await browser.open("/report")
        with pytest.raises(AssertionError, match="500"):
            await page.click("Wrong")


async def test_who_does_not_wait_any_more_ends_nothing_else() -> None:
    async with Browser(live) as browser:
        shown = await browser.open("/room/a")
        page, gate, begun = opened[0], asyncio.Event(), asyncio.Event()

        async def wait() -> str:
            begun.set()
            await gate.wait()
            page.lines.append("first")
            return "done"

        first = asyncio.ensure_future(page.run(wait))
        await begun.wait()
        second = asyncio.ensure_future(page.run(page._add, "never"))
        third = asyncio.ensure_future(page.run(page._add, "third"))
        await asyncio.sleep(0)
        for task in (first, second):
            task.cancel()
        await asyncio.wait([first, second])
        gate.set()
        assert await third == 2
        await shown.shows("first third")


def test_nothing_begins_while_the_event_loop_is_closed_and_what_is_cut_off_is_no_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    unfinished: list[asyncio.Future[None]] = []

    async def leave_open() -> None:
        begun = asyncio.Event()

        async def wait() -> None:
            begun.set()
            await asyncio.Event().wait()

        async with visitor_at(live) as visitor:
            tab = await visitor.joined("/room/a")
            unfinished.append(asyncio.ensure_future(opened[0].run(wait)))
            await begun.wait()
            await tab.socket.lose()
            live.publish("room:a", text="too late")
            (session,) = live.sessions
            while not session.state.queue:
                await asyncio.sleep(0)

    asyncio.run(leave_open())
    assert opened[0].lines == [] and [one.cancelled() for one in unfinished] == [True]
    assert "push failed" not in caplog.text


async def test_a_page_that_was_left_is_not_open_any_more() -> None:
    async with Browser(live) as browser:
        shown = await browser.open("/room/a")
        left = opened[0]
        await shown.click("soon")
        (session,) = live.sessions
        waiting = session.background.waiting
        await shown.click("Elsewhere")
        assert shown.url.endswith("/room/b") and not waiting
        with pytest.raises(LiveError, match="is no longer open"):
            await left.run(left._add, "late")
        left.live.later(left._add, 1, "late")
        await session.settled()
        assert not waiting and await opened[1].run(opened[1]._add, "here") == 1


async def test_what_a_page_that_is_not_shown_has_deferred_never_begins() -> None:
    async with Browser(live) as browser:
        page = await browser.open("/report")
        await page.click("Leave")
        assert page.url.endswith("/room/a") and started == [0]
        assert [inspect.getcoroutinestate(work) for work in works] == [inspect.CORO_CLOSED] * len(works)


async def test_a_person_is_not_kept_away_by_what_others_publish() -> None:
    async with Browser(live) as browser:
        page = await browser.open("/room/a")
        gate, begun = asyncio.Event(), asyncio.Event()

        async def wait() -> None:
            begun.set()
            await gate.wait()

        waiting = asyncio.ensure_future(opened[0].run(wait))
        await begun.wait()
        for number in range(100):
            live.publish("room:a", text=str(number))
        (session,) = live.sessions
        while len(session.state.queue) < 100:
            await asyncio.sleep(0)
        await page.fill("Text", "mine")
        clicking = asyncio.ensure_future(page.click("Say"))
        while session.state.op_log.last == session.state.op_log.done:
            await asyncio.sleep(0)
        gate.set()
        await clicking
        await waiting
        await page.shows("98 99 mine")
