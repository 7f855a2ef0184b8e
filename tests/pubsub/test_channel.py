"""Messages between workers: each in its order, or a gap."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from liveactions import Live, Page, Pages, action, cached, loaded, on
from liveactions.cache.cached import value_cache
from liveactions.exceptions import REPLACED, StoreError
from liveactions.protocol.constants import CLOSE_OVER
from liveactions.pubsub import GAP, Broker, Messages, SqliteBroker
from liveactions.pubsub.base import Message, pack, unpack
from liveactions.pubsub.channel import BrokerChannel, Channels
from liveactions.security.signing import Keys, Sealer
from liveactions.session.subscriptions import SubscriptionIndex
from liveactions.store import SqliteStore
from liveactions.testing import Browser
from liveactions.testing.asgi import Closed
from tests.store.engines import ENGINES, Engine, engine_of, parameters
from tests.support.asgi import Tab
from tests.support.asgi import browser as visitor_at
from tests.support.logs import logged
from tests.support.patience import PATIENCE, wait_until
from tests.support.small import KEY, small_app

SHARED = [name for name in ENGINES if name != "memory"]
Heard = list[Message | None]


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

    def poll(self) -> Messages:
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
    assert [record.message for record in logged(caplog, "liveactions.pubsub")] == [
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


async def test_the_runs_of_one_turn_look_once() -> None:
    looks = 0

    class Counting(Wire):
        def poll(self) -> Messages:
            nonlocal looks
            looks += 1
            return super().poll()

    bus, here = Channels(), BrokerChannel(Counting(), Sealer(Keys([KEY])), "shop")
    bus.connect(here)
    await asyncio.gather(*(bus.caught_up_by_turn() for _ in range(20)))
    assert looks == 1
    await asyncio.sleep(0)
    await bus.caught_up_by_turn()
    assert looks == 2
    for _ in range(2):
        await bus.caught_up()
    assert looks == 4


# Lines of brokers that wait for a network


class Network(Wire):
    """A broker that hangs when it wants to."""

    def __init__(self) -> None:
        super().__init__()
        self.is_there = True
        self.free = threading.Event()
        self.free.set()
        self.told = threading.Event()
        self.threads: set[str] = set()

    def publish(self, messages: Sequence[bytes]) -> None:
        self.threads.add(threading.current_thread().name)
        self.free.wait()
        super().publish(messages)
        self.told.set()

    def poll(self) -> Messages:
        self.threads.add(threading.current_thread().name)
        self.free.wait()
        return super().poll()

    def wait(self, seconds: float) -> None:
        self.told.wait(seconds)
        self.told.clear()
        if not self.is_there:
            raise StoreError("no answer")

    def close(self) -> None:
        self.told.set()


@pytest.fixture
async def on_network() -> AsyncIterator[tuple[Network, BrokerChannel, Heard]]:
    network = Network()
    made = BrokerChannel(network, Sealer(Keys([KEY])), "shop")
    heard: Heard = []
    made.listen(heard.append)
    yield network, made, heard
    network.free.set()
    await asyncio.to_thread(made.close)


OnNetwork = tuple[Network, BrokerChannel, Heard]


async def test_an_event_loop_never_calls_it_itself(on_network: OnNetwork) -> None:
    network, here, heard = on_network
    await here.caught_up()
    await here.announce(Message("topic", "a"))
    here.publish(Message("topic", "b"))
    here.catch_up()
    await here.announce(Message("topic", "c"))
    assert [one and one.name for one in heard] == ["a", "b", "c"]
    assert threading.main_thread().name not in network.threads


async def test_caches_hear_at_once_what_a_loop_publishes(on_network: OnNetwork) -> None:
    network, here, heard = on_network
    network.free.clear()
    here.publish(Message("tag", "a"), Message("topic", "b"))
    assert heard == [Message("tag", "a")]
    network.free.set()
    await here.announce()
    assert heard[1:] == [Message("tag", "a"), Message("topic", "b")]


async def test_the_loop_runs_while_it_hangs(on_network: OnNetwork) -> None:
    network, here, heard = on_network
    network.free.clear()
    waiting = [asyncio.ensure_future(here.announce(Message("topic", "a"))) for _ in range(2)]
    catching = [asyncio.ensure_future(here.caught_up()) for _ in range(3)]
    await asyncio.sleep(0)
    assert not any(task.done() for task in waiting + catching)
    network.free.set()
    await asyncio.wait_for(asyncio.gather(*waiting, *catching), PATIENCE)
    assert heard == [Message("topic", "a")] * 2


async def test_what_one_says_while_nothing_is_heard_is_told_here_once(
    on_network: OnNetwork, caplog: pytest.LogCaptureFixture
) -> None:
    network, here, heard = on_network
    network.hears = False
    for name in "ab":
        await here.announce(Message("topic", name))
    assert heard == [GAP, Message("topic", "a"), Message("topic", "b")]
    network.hears = True
    await asyncio.to_thread(here.catch_up)
    assert len(heard) == 3
    await here.announce(Message("topic", "c"))
    assert heard[3:] == [Message("topic", "c")]
    assert "received again" in caplog.text


async def test_one_that_is_away_delays_nobody_twice(on_network: OnNetwork) -> None:
    network, here, heard = on_network
    network.sends = False
    await here.announce(Message("topic", "a"))
    network.free.clear()
    await asyncio.wait_for(here.announce(Message("topic", "b")), PATIENCE)
    assert heard == [Message("topic", "a"), Message("topic", "b")]
    network.sends = True
    network.free.set()
    await asyncio.to_thread(here.catch_up)
    assert heard[2:] == [GAP]


async def test_one_that_cannot_be_reached_delays_nobody_while_the_listener_tries_it(
    on_network: OnNetwork,
) -> None:
    network, here, heard = on_network
    await here.caught_up()
    network.is_there = network.hears = False
    assert await asyncio.to_thread(wait_until, lambda: not here.is_receiving)
    network.free.clear()
    await asyncio.wait_for(here.caught_up(), PATIENCE)
    await asyncio.wait_for(here.announce(Message("topic", "a")), PATIENCE)
    assert heard == [GAP, Message("topic", "a")]
    network.free.set()
    network.is_there = network.hears = True
    assert await asyncio.to_thread(wait_until, lambda: here.is_receiving)
    assert await here.is_reachable() and len(heard) == 2


class Queue:
    """A lock that counts who has come to it."""

    def __init__(self) -> None:
        self.count = 0
        self._lock = threading.RLock()

    def __enter__(self) -> None:
        self.count += 1
        self._lock.acquire()

    def __exit__(self, *error: object) -> None:
        self._lock.release()


def test_one_of_several_threads_that_wait_finds_that_it_has_failed() -> None:
    """It would take each of them seconds, one after the other."""
    network = Network()
    made = BrokerChannel(network, Sealer(Keys([KEY])), "shop")
    queue = made._receiving = Queue()  # type: ignore[assignment]
    polls: list[str] = []

    def poll() -> Messages:
        polls.append(threading.current_thread().name)
        assert wait_until(lambda: queue.count == 3)
        raise StoreError("no answer")

    network.poll = poll  # type: ignore[method-assign]
    threads = [threading.Thread(target=made.receive) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert len(polls) == 1 and not made.is_receiving


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


@pytest.fixture(params=parameters(SHARED))
async def engine(request: pytest.FixtureRequest) -> AsyncIterator[Engine]:
    async with engine_of(request.param, request) as made:
        yield made


def worker(engine: Engine) -> Live:
    return small_app(pages, TEMPLATES, store=engine.store(), broker=engine.broker())


@pytest.fixture
def two(engine: Engine) -> list[Live]:
    """The application in two workers, as far as they don't share a process."""
    rows[:] = ["first"]
    value_cache.clear()
    applications[:] = [worker(engine) for _ in range(2)]
    return applications


@pytest.fixture
async def other(engine: Engine) -> AsyncIterator[BrokerChannel]:
    """A third worker's line."""
    made = BrokerChannel(engine.broker(), Sealer(Keys([KEY])), "tests.support.small")
    await made.caught_up()
    yield made
    await asyncio.to_thread(made.close)


async def test_a_page_hears_what_another_worker_has_revalidated(
    two: list[Live], other: BrokerChannel
) -> None:
    async with Browser(two[0]) as browser:
        page = await browser.open("/rows")
        rows.append("second")
        await other.announce(Message("tag", "rows"))
        await page.shows("first, second")
        rows.append("third")
        value_cache.clear()
        await other.announce(Message("path", "/rows"))
        await page.shows("first, second, third")


async def test_whoever_asks_afterwards_is_told(two: list[Live], other: BrokerChannel) -> None:
    async with Browser(two[0], js=False) as browser:
        assert (await browser.open("/rows")).text("p") == "first" == ", ".join(await all_rows())
        rows.append("second")
        await other.announce(Message("tag", "rows"))
        assert await all_rows() == ("first", "second")
        rows.append("third")
        await other.announce(Message("tag", "rows"))
        await asyncio.sleep(0)  # a request comes in a turn of its own
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


async def test_after_a_gap_known_persons_show_again_who_they_are(engine: Engine) -> None:
    names = ["ada"]
    live = small_app(
        pages, TEMPLATES, store=engine.store(), broker=engine.broker(), identify=lambda request: names[-1]
    )
    async with visitor_at(live) as visitor:
        tab = await visitor.joined("/rows")
        for name in ("ada", "signed out"):
            names.append(name)
            live._channel.deliver([GAP])
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


def test_what_was_said_while_no_loop_listened_is_told_to_no_page_that_comes_later() -> None:
    line = BrokerChannel(None, Sealer(Keys([KEY])), "shop")
    index = SubscriptionIndex(line, lambda: ())
    asyncio.run(index.open())
    line.publish(Message("user", "ada"))  # as in tests, where applications outlive loops

    async def later() -> None:
        await index.open()
        line.publish(Message("tag", "news"))
        await asyncio.sleep(0)
        assert index.since(0) == [Message("tag", "news")]

    asyncio.run(later())
