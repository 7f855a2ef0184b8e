"""Messages between workers: each in its order, or a gap."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from liveactions import Live, Page, Pages, action, cached, loaded, on, revalidate_tag
from liveactions.cache.memory import memory
from liveactions.exceptions import StoreError
from liveactions.protocol.constants import CLOSE_OVER
from liveactions.pubsub import GAP, Broker, News, SqliteBroker
from liveactions.pubsub.base import Message, pack, unpack
from liveactions.pubsub.channel import BrokerChannel, Channels
from liveactions.pubsub.sqlite import MESSAGE_TTL
from liveactions.security.signing import Keys, Sealer
from liveactions.session.connection import REPLACED
from liveactions.store import MemoryStore, SqliteStore
from liveactions.store.base import SWEEP_ROWS, SWEEP_SECONDS
from liveactions.testing import Browser
from tests.support.asgi import Closed, Tab
from tests.support.asgi import browser as visitor_at
from tests.support.small import KEY, small_app

Heard = list[Message | None]


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def worker(tmp_path: Path, clock: Clock) -> Callable[[], SqliteBroker]:
    """Makes the broker of another worker, which listens from now on."""

    def make() -> SqliteBroker:
        broker = SqliteBroker(SqliteStore(tmp_path / "store", clock))
        assert list(broker.news()) == [GAP]
        return broker

    return make


Worker = Callable[[], SqliteBroker]


def test_everybody_hears_everything_once_in_one_order(worker: Worker) -> None:
    one, two = worker(), worker()
    one.publish([b"a", b"b"])
    two.publish([b"c"])
    one.publish([b"d"])
    assert list(one.news()) == list(two.news()) == [b"a", b"b", b"c", b"d"]
    assert list(one.news()) == list(two.news()) == []
    two.publish([b"e"])
    assert list(one.news()) == list(two.news()) == [b"e"]


def test_what_was_said_before_is_not_heard(worker: Worker) -> None:
    worker().publish([b"a"])
    assert list(worker().news()) == []


def test_who_has_not_listened_for_too_long_hears_of_a_gap(worker: Worker, clock: Clock) -> None:
    one, two = worker(), worker()
    one.publish([b"a"])
    clock.now += MESSAGE_TTL
    one.publish([b"b"])
    clock.now += SWEEP_SECONDS
    one.publish([b"c"])
    assert list(two.news()) == [GAP, b"b", b"c"]
    assert list(two.news()) == []


async def test_where_nothing_was_said_there_is_no_gap(worker: Worker, clock: Clock) -> None:
    one, two = worker(), worker()
    one.publish([b"a"])
    two.news()
    for _ in range(3):
        clock.now += 2 * MESSAGE_TTL
        await one._store.put("k", b"sweeps", 1)
    assert list(two.news()) == []
    one.publish([b"b"])
    assert list(two.news()) == [b"b"]


async def test_old_messages_go_some_at_a_time(worker: Worker, clock: Clock) -> None:
    one = worker()
    one.publish([b"old"] * (2 * SWEEP_ROWS))
    clock.now += MESSAGE_TTL
    for left in (SWEEP_ROWS + 1, 1, 1):  # where they were is kept as well
        await one._store.sweep()
        assert len(one._store.messages(0)) == left


@pytest.mark.parametrize("harm", ["removed", "damaged"])
async def test_another_file_is_a_gap(worker: Worker, tmp_path: Path, harm: str) -> None:
    one, two = worker(), worker()
    one.publish([b"lost"])
    path = tmp_path / "store"
    if harm == "removed":
        path.unlink()
    else:
        await one._store.close()
        await two._store.close()
        path.write_bytes(b"no database at all" * 1000)
    one.publish([b"a"])
    assert list(one.news()) == list(two.news()) == [GAP, b"a"]
    one.publish([b"b"])
    assert list(one.news()) == list(two.news()) == [b"b"]


def test_threads_of_two_workers(worker: Worker) -> None:
    one, two = worker(), worker()

    def say(broker: SqliteBroker, name: str) -> None:
        for number in range(100):
            broker.publish([f"{name}{number}".encode()])

    threads = [threading.Thread(target=say, args=pair) for pair in ((one, "a"), (two, "b"), (two, "c"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    heard = [text.decode() for text in one.news() if text is not None]
    assert heard == [text.decode() for text in two.news() if text is not None]
    for name in "abc":
        assert [text for text in heard if text[0] == name] == [f"{name}{number}" for number in range(100)]


@pytest.mark.parametrize(
    "message",
    [
        Message("tag", "posts"),
        Message("topic", "room:\ud800\0'\"é", {"a": [1, 1.5, None, True, "x", {"b": []}]}, "origin"),
        None,
    ],
)
def test_messages_are_the_same_on_the_other_side(message: Message | None) -> None:
    assert unpack(pack(message)) == message


def test_a_newer_version_may_say_more() -> None:
    assert unpack(b'["tag","posts",{},"","more"]') == Message("tag", "posts")


# Lines


def line(path: Path, key: str = KEY, application: str = "shop") -> tuple[BrokerChannel, Heard]:
    """Another worker's line, and what it hears."""
    made = BrokerChannel(SqliteBroker(SqliteStore(path)), Sealer(Keys([key])), application)
    made.catch_up()
    heard: Heard = []
    made.listen(heard.append)
    return made, heard


def test_a_line_is_of_one_application(tmp_path: Path) -> None:
    one, heard_by_one = line(tmp_path / "store")
    two, heard_by_two = line(tmp_path / "store")
    admin, heard_by_admin = line(tmp_path / "store", application="admin")
    other, heard_by_other = line(tmp_path / "store", key="another key, that is long enough for it all")
    said = Message("tag", "secret-tag")
    one.publish(said)
    assert heard_by_one == [said] and heard_by_two == []
    for each in (two, admin, other, one):
        each.catch_up()
    assert heard_by_one == heard_by_two == [said] and heard_by_admin == heard_by_other == []
    assert b"secret-tag" not in (tmp_path / "store").read_bytes() + (tmp_path / "store-wal").read_bytes()


class Wire:
    """A broker that works when it wants to."""

    def __init__(self) -> None:
        self.said: list[bytes] = []
        self.sends = self.hears = True

    def publish(self, messages: Sequence[bytes]) -> None:
        if not self.sends:
            raise StoreError("disk full")
        self.said += messages

    def news(self) -> News:
        if not self.hears:
            raise StoreError("no file")
        news, self.said = self.said, []
        return news


def on_wire() -> tuple[Wire, BrokerChannel, Heard]:
    wire = Wire()
    broker: Broker = wire
    made = BrokerChannel(broker, Sealer(Keys([KEY])), "shop")
    heard: Heard = []
    made.listen(heard.append)
    return wire, made, heard


def test_what_could_not_be_told_is_a_gap_for_others(caplog: pytest.LogCaptureFixture) -> None:
    wire, here, heard = on_wire()
    wire.sends = False
    here.publish(Message("tag", "a"))
    assert heard == [Message("tag", "a")]
    assert "could not notify other workers: disk full" in caplog.text
    wire.sends = True
    here.publish(Message("tag", "b"))
    assert heard == [Message("tag", "a"), GAP, Message("tag", "b")]
    here.publish(Message("tag", "c"))
    assert heard[3:] == [Message("tag", "c")]


def test_what_could_not_be_heard_is_a_gap_and_said_once(caplog: pytest.LogCaptureFixture) -> None:
    wire, here, heard = on_wire()
    wire.hears = False
    for _ in range(3):
        here.catch_up()
    assert heard == [GAP]
    assert [record.message for record in caplog.records] == [
        "could not receive messages from other workers: no file"
    ]
    here.publish(Message("tag", "a"))
    assert heard[1:] == [Message("tag", "a")]


def test_without_a_broker_it_is_heard_here() -> None:
    here = BrokerChannel(None, Sealer(Keys([KEY])), "shop")
    heard: Heard = []
    stop = here.listen(heard.append)
    here.publish(Message("tag", "a"))
    stop()
    here.publish(Message("tag", "b"))
    here.catch_up()
    assert heard == [Message("tag", "a")]


def test_lines_of_one_route_say_it_once(tmp_path: Path) -> None:
    bus = Channels()
    heard: list[Message | None] = []
    bus.listen(heard.append)
    path = tmp_path / "store"
    lines = [line(path), line(path), line(path, application="admin")]
    for one, _ in lines:
        bus.connect(one)
    bus.publish(Message("tag", "a"))
    bus.catch_up()
    assert [heard_by for _, heard_by in lines] == [[Message("tag", "a")]] * 3
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT count(*) FROM message").fetchone() == (3,)  # the first is the file's own


def test_a_process_without_applications_hears_itself() -> None:
    bus = Channels()
    heard: Heard = []
    bus.listen(heard.append)
    bus.publish(Message("tag", "a"))
    assert heard == [Message("tag", "a")]


# Applications

pages = Pages()
rows: list[str] = []


@cached(tags=["rows"])
async def all_rows() -> tuple[str, ...]:
    return tuple(rows)


@pages.page("/rows")
class Rows(Page):
    template = "rows.html"
    rows: tuple[str, ...] = loaded()

    async def load(self) -> None:
        self.rows = await all_rows()


@pages.page("/room")
class Room(Page):
    template = "room.html"
    said: str = ""

    @on("room")
    async def hear(self, text: str) -> None:
        self.said += text

    @action
    async def say(self, text: str) -> None:
        applications[int(text)].publish("room", text=text)


TEMPLATES = {
    "rows.html": "<title>Rows</title><p>{{ rows|join(', ') }}</p>",
    "room.html": """<title>Room</title><p>{{ said }}</p>
<form method="post" action="{{ say }}"><input name="text" aria-label="Text"><button>Say</button></form>""",
}
applications: list[Live] = []


@pytest.fixture
def two(tmp_path: Path) -> list[Live]:
    """The application in two workers, as far as they don't share a process."""
    rows[:] = ["first"]
    memory.clear()
    applications[:] = [small_app(pages, TEMPLATES, store=SqliteStore(tmp_path / "store")) for _ in range(2)]
    return applications


async def test_a_page_hears_what_another_worker_has_revalidated(two: list[Live], tmp_path: Path) -> None:
    other = other_worker(tmp_path)
    async with Browser(two[0]) as browser:
        page = await browser.open("/rows")
        rows.append("second")
        other.publish(Message("tag", "rows"))
        await page.shows("first, second")
        rows.append("third")
        memory.clear()
        other.publish(Message("path", "/rows"))
        await page.shows("first, second, third")


async def test_whoever_asks_afterwards_is_told(two: list[Live], tmp_path: Path) -> None:
    other = other_worker(tmp_path)
    async with Browser(two[0], js=False) as browser:
        assert (await browser.open("/rows")).text("p") == "first" == ", ".join(await all_rows())
        rows.append("second")
        other.publish(Message("tag", "rows"))
        assert await all_rows() == ("first", "second")
        rows.append("third")
        other.publish(Message("tag", "rows"))
        assert (await browser.open("/rows")).text("p") == "first, second, third"


async def test_topics_reach_every_worker_in_one_order(two: list[Live]) -> None:
    async with Browser(two[0]) as here, Browser(two[1]) as there:
        tabs = [await here.open("/room"), await there.open("/room")]
        for number in (0, 1, 1, 0):
            await tabs[number].fill("Text", str(number))
            await tabs[number].click("Say")
        two[1].publish("room", text="!")
        for tab in tabs:
            await tab.shows("0110!")
            assert tab.text("p") == "0110!"


async def test_after_a_gap_known_persons_show_again_who_they_are(tmp_path: Path) -> None:
    names = ["ada"]
    store = SqliteStore(tmp_path / "store")
    live = small_app(pages, TEMPLATES, store=store, identify=lambda request: names[-1])
    async with visitor_at(live) as visitor:
        tab = await visitor.joined("/rows")
        for name in ("ada", "signed out"):
            names.append(name)
            live._line.tell([GAP])
            assert await closed(tab) == REPLACED
            if name == "ada":
                await tab.join()
        with pytest.raises(Closed) as refused:
            await tab.join()
        assert refused.value.code == CLOSE_OVER


async def closed(tab: Tab) -> int:
    """The code with which a tab's socket is closed."""
    with pytest.raises(Closed) as caught:
        while True:
            await tab.receive()
    return int(caught.value.code)


def other_worker(tmp_path: Path) -> BrokerChannel:
    return line(tmp_path / "store", application="tests.support.small")[0]


def test_who_has_a_broker(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "store")
    assert Live(keys=KEY, store=store)._line.route is not None
    assert Live(keys=KEY, store=MemoryStore())._line.route is None
    wire = Wire()
    live = Live(keys=KEY, store=MemoryStore(), broker=wire)
    assert live._line.route is not None
    live.publish("topic", text="x")
    revalidate_tag("tag")


def test_with_a_random_key_nobody_else_can_hear(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LIVEACTIONS_KEY", raising=False)
    assert Live(store=SqliteStore(tmp_path / "store"))._line.route is None
