"""What one page does reaches no other, and what runs beside requests outlives what fails in it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

import pytest

from liveactions import Deferred, Live, Page, Pages, action, after, defer, loaded, on, redirect
from liveactions.session.registry import SessionRegistry
from liveactions.store import ClaimedRow, MemoryStore
from liveactions.tasks import Recurring, Supervisor
from liveactions.testing import Browser
from tests.support.asgi import browser
from tests.support.logs import logged
from tests.support.patience import PATIENCE
from tests.support.small import small_app

pages = Pages()
opened: list[Any] = []
heard: asyncio.Queue[str] = asyncio.Queue()


@pages.page("/words/{room}")
class Words(Page):
    template = "words.html"
    room: str
    items: list[str] = []

    async def connected(self) -> None:
        opened.append(self)

    @action
    async def add(self, item: str) -> None:
        self.items = [*self.items, item]

    @on("words:{room}")
    async def hear(self, item: str) -> None:
        self.items = [*self.items, item]
        heard.put_nowait(item)


@pages.page("/topics")
class Topics(Page):
    """Listens to a topic that its field can stop giving."""

    template = "topics.html"
    room: Any = {"name": "a"}

    @on("words:{room[name]}")
    async def hear(self, item: str) -> None:
        heard.put_nowait(f"topics {item}")

    @action
    async def leave(self) -> None:
        self.room = None


@pages.page("/leading")
class Leading(Page):
    """Leads elsewhere where nobody can be led any more."""

    template = "leading.html"
    report: Deferred[str] = loaded()

    async def load(self) -> None:
        self.report = defer(self._report())

    async def _report(self) -> str:
        raise redirect("/")

    @action
    async def call(self) -> None:
        after(self._lead)
        after(heard.put_nowait, "the next one")

    async def _lead(self) -> None:
        raise redirect("/")


TEMPLATES = {
    "words.html": "<title>Words</title><body><p>{{ items|join(' ') }}</p>"
    '<form method="post" action="{{ add }}"><input name="item" aria-label="Item"><button>Add</button></form>',
    "topics.html": "<title>Topics</title><body><p>{{ room }}</p>"
    '<button live-click="{{ leave }}">Leave</button>',
    "leading.html": "<title>Leading</title><body><p>{{ report.pending }} {{ report.error }}</p>"
    '<button live-click="{{ call }}">Call</button>',
}


@pytest.fixture(autouse=True)
def clean() -> None:
    global heard
    opened.clear()
    heard = asyncio.Queue()


def app(**options: Any) -> Live:
    return small_app(pages, TEMPLATES, name="isolation", **{"store": MemoryStore(), **options})


def broken(sessions: SessionRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first session can't be stored."""
    first = next(iter(sessions))

    def fail(*args: object) -> None:
        raise RuntimeError("this page can't be stored")

    monkeypatch.setattr(first.state, "snapshot", fail)
    first.state.is_unsaved = True


async def test_a_page_that_fails_does_not_stop_the_upkeep_of_others(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    live = app()
    async with browser(live) as visitor:
        await visitor.joined("/words/bad")
        silent = await visitor.joined("/words/good")
        broken(live.sessions, monkeypatch)
        silent.socket.gate.clear()
        silent.socket.send([1, 0, 1, "add", ["item", "x"]])
        session = list(live.sessions)[1]
        while session.connection is None or session.connection.sending_since is None:
            await asyncio.sleep(0)
        await live.sessions.run_maintenance(session.state.last_seen + live.site.limits.sending + 1)
        await asyncio.wait_for(silent.socket.task, PATIENCE)
    assert "this page can't be stored" in caplog.text


@pytest.mark.slow
async def test_pages_are_tended_after_one_that_failed_has_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    live = app()
    async with browser(live) as visitor:
        bad, good = await visitor.joined("/words/bad"), await visitor.joined("/words/good")
        broken(live.sessions, monkeypatch)
        await bad.socket.lose()
        first, second = live.sessions
        first.state.last_seen -= live.site.limits.detached + 1
        rounds: asyncio.Queue[list[object]] = asyncio.Queue()
        maintain = live.sessions.run_maintenance

        async def maintain_and_tell(now: float) -> None:
            await maintain(now)
            rounds.put_nowait(list(live.sessions))

        monkeypatch.setattr(live.sessions, "run_maintenance", maintain_and_tell)
        assert [await asyncio.wait_for(rounds.get(), PATIENCE) for _ in range(2)] == [[second], [second]]
        assert (await good.call("add", "item", "x"))[3] == []


async def test_the_states_of_others_are_stored_when_the_process_ends(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store = MemoryStore()
    live, other = app(store=store), app(store=store)
    async with browser(live) as here, browser(other) as there:
        await here.joined("/words/bad")
        tab = await here.joined("/words/good")
        broken(live.sessions, monkeypatch)
        await tab.call("add", "item", "kept")
        await live.sessions.close()
        tab.browser = there
        assert "migrated" in await tab.join()
    assert "this page can't be stored" in caplog.text


async def test_a_page_whose_topic_fails_hears_nothing_and_others_everything(
    caplog: pytest.LogCaptureFixture,
) -> None:
    live = app()
    async with browser(live) as visitor:
        topics, _ = await visitor.joined("/topics"), await visitor.joined("/words/a")
        live.publish("words:a", item="one")
        assert {await heard.get(), await heard.get()} == {"one", "topics one"}
        assert (await topics.call("leave"))[3] == []
        assert "the topic 'words:{room[name]}' of Topics.hear failed" in caplog.text
        live.publish("words:a", item="two")
        assert await heard.get() == "two" and heard.empty()


async def test_a_listener_that_fails_keeps_a_message_from_no_other(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = app()

    def fail(message: object) -> None:
        raise RuntimeError("a deaf ear")

    monkeypatch.setattr(live._channel, "_listeners", [fail, *live._channel._listeners])
    async with browser(live) as visitor:
        await visitor.joined("/words/a")
        live.publish("words:a", item="one")
        assert await heard.get() == "one"
    assert "a deaf ear" in caplog.text


class Bursting(MemoryStore):
    """Fails in a way of its own."""

    async def save_many(self, rows: Sequence[ClaimedRow]) -> list[bool]:
        raise RuntimeError("the store has burst")


async def test_a_store_that_fails_in_its_own_way_takes_no_page_along(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with Browser(app(store=Bursting())) as visitor:
        page = await visitor.open("/words/a")
        await page.fill("Item", "one")
        await page.click("Add")
        assert page.text("p") == "one"
    assert "the store has burst" in caplog.text


async def test_control_flow_where_nobody_can_be_led_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async with Browser(app()) as visitor:
        page = await visitor.open("/leading")
        await page.click("Call")
        assert await heard.get() == "the next one"
        assert "after(Leading._lead) failed" in caplog.text
        await page.click("Call")
        assert page.text("p").startswith("False Something went wrong")


async def test_a_task_that_fails_is_logged_and_ends_no_other(caplog: pytest.LogCaptureFixture) -> None:
    failed: list[str] = []
    tasks = Supervisor(lambda: "this task", lambda: failed.append("told"))
    gate = asyncio.Event()

    async def fail() -> None:
        raise redirect("/")

    async def wait() -> None:
        await gate.wait()

    broken, waiting = tasks.start(fail()), tasks.start(wait())
    await asyncio.wait([broken])
    assert tasks and not waiting.done()
    gate.set()
    await asyncio.wait([waiting])
    assert "this task failed" in caplog.text and failed == ["told"] and not tasks


async def test_a_task_that_is_cancelled_has_not_failed(caplog: pytest.LogCaptureFixture) -> None:
    tasks = Supervisor(lambda: "this task")
    task = tasks.start(asyncio.Event().wait())  # type: ignore[arg-type]
    tasks.cancel()
    await asyncio.wait([task])
    assert task.cancelled() and not logged(caplog, "liveactions") and not tasks


def test_recurring_work_goes_on_and_logs_the_first_failure_of_a_row(
    caplog: pytest.LogCaptureFixture,
) -> None:
    outcomes = [True, False, False, True, False]
    done: list[int] = []

    def step() -> None:
        done.append(len(done))
        if not outcomes[len(done) - 1]:
            raise RuntimeError

    recurring = Recurring("the upkeep", step)
    with caplog.at_level(logging.ERROR):
        for _ in outcomes:
            recurring.run()
    assert len(done) == 5 and len(logged(caplog, "liveactions.tasks")) == 2
