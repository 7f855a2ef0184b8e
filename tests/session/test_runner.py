"""Ops over the socket: the way of a page from its GET to frames."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from liveactions import Limits, Live, Page, Pages, action
from liveactions.execution import timeouts
from liveactions.protocol import constants as wire
from liveactions.store import MemoryStore
from liveactions.testing.asgi import Closed
from tests.support import shop as shop_module
from tests.support.asgi import Browser, Tab, browser, waits
from tests.support.patience import PATIENCE
from tests.support.shop import shop
from tests.support.small import small_app


@pytest.fixture
async def visitor() -> AsyncIterator[Browser]:
    shop_module.gate = asyncio.Event()
    async with browser(shop(debug=True)) as one:
        yield one


def shown(change: Any) -> Any:
    """The last text in a patch: the counter's output stands in the second root slot."""
    while isinstance(change, list):
        change = change[1]
    return change


def slot(patch: list[Any]) -> int:
    return int(patch[0])


async def test_joining_an_untouched_page_says_next_to_nothing(visitor: Browser) -> None:
    for path in ("/counter", "/rows?size=1000"):
        tab = await visitor.open(path)
        tab.socket = await visitor.socket(tab.address)
        welcome = await tab.socket.ask(tab.hello)
        assert welcome.keys() == {"token", "rev", "ack"}
        assert len(json.dumps(welcome)) <= 100


async def test_a_call(visitor: Browser) -> None:
    tab = await visitor.joined("/counter")
    rev, ack, patch, answers, shapes, extras = await tab.call("add")
    assert (rev, ack, shown(patch), answers, shapes, extras) == (1, 1, "1", [], [], {})
    assert shown((await tab.call("add", "by", "5"))[2]) == "6"


async def test_a_slot(visitor: Browser) -> None:
    tab = await visitor.joined("/counter")
    called = [await tab.op(0, [number], []) for number in range(6)]
    ended = [frame[3][1] if frame[3] else wire.OK for frame in called]
    assert ended.count(wire.OK) >= 1  # "ten", and what forms and buttons refer to
    assert all(frame[3][2]["status"] == 409 for frame in called if frame[3] and frame[3][1] == wire.ERROR)


async def test_results_errors_and_ways_elsewhere(visitor: Browser) -> None:
    tab = await visitor.joined("/counter")
    assert (await tab.call("add", "by", "x"))[3][:2] == [1, wire.ERROR]
    frame = await tab.call("refuse", "title", "ab")
    assert frame[3][2]["errors"] == {"title": "Must have at least 3 characters"}
    assert (await tab.call("leave"))[3] == [3, wire.REDIRECT, {"url": "/bare"}]
    assert (await tab.call("miss"))[3][2]["status"] == 404
    crash = (await tab.call("crash"))[3][2]
    assert crash["status"] == 500 and crash["id"]
    assert shown((await tab.call("add"))[2]) == "1"  # the crash's fields went back


@pytest.mark.parametrize(
    "reference",
    [
        "take~8~AAAAAAAAAAA",
        "take~7",
        "take",
        "_hidden",
        "helper",
        "count",
        "x.add",
        "",
        "~~",
        "__class__",
        "live",
    ],
)
async def test_references_that_are_none(visitor: Browser, reference: str) -> None:
    other, tab = await visitor.joined("/counter"), await visitor.joined("/counter")
    frame = await tab.call(reference)
    assert frame[3][:2] == [1, wire.ERROR] and frame[3][2]["status"] == 409
    assert shown((await tab.call("add"))[2]) == "1"
    assert shown((await other.call("add"))[2]) == "1"


async def test_a_reference_of_another_page(visitor: Browser) -> None:
    tab = await visitor.joined("/counter")
    assert (await tab.call("grow"))[3][2]["status"] == 409


BAD = [
    ("nonsense", wire.CLOSE_PROTOCOL),
    ("{}", wire.CLOSE_PROTOCOL),
    ("[1,0,77]", wire.CLOSE_PROTOCOL),
    ("[1,0,1,5,[]]", wire.CLOSE_PROTOCOL),
    ('[1,99,1,"add",[]]', wire.CLOSE_PROTOCOL),
    ("[0,99]", wire.CLOSE_PROTOCOL),
    ("[" * 10_000 + "]" * 10_000, wire.CLOSE_PROTOCOL),
    ("x" * (2**20 + 1), wire.CLOSE_LIMIT),
    (json.dumps([1, 0, 1, "add", ["by", "1" * 2**20]]), wire.CLOSE_LIMIT),
]


@pytest.mark.parametrize(("message", "code"), BAD)
async def test_messages_that_are_none(visitor: Browser, message: str, code: int) -> None:
    other, tab = await visitor.joined("/counter"), await visitor.joined("/counter")
    with pytest.raises(Closed) as closed:
        await tab.socket.ask(message)
    assert closed.value.code == code and closed.value.reason
    assert shown((await other.call("add"))[2]) == "1"
    assert "patch" not in await tab.join()  # the page is as it was, and can go on
    assert shown((await tab.call("add"))[2]) == "1"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"v": 2}, wire.CLOSE_VERSION),
        ({"v": None}, wire.CLOSE_VERSION),
        ({"url": "/nowhere"}, wire.CLOSE_OVER),
        ({"url": "http://evil.test/counter"}, wire.CLOSE_OVER),
        ({"rev": "x"}, wire.CLOSE_PROTOCOL),
        ({"more": 1}, wire.CLOSE_PROTOCOL),
    ],
)
async def test_hellos_that_are_none(visitor: Browser, change: dict[str, Any], code: int) -> None:
    tab = await visitor.open("/counter")
    with pytest.raises(Closed) as closed:
        await tab.join(**change)
    assert closed.value.code == code


async def test_no_hello() -> None:
    async with browser(shop(limits=Limits(hello=0.01))) as visitor:
        socket = await visitor.socket("/_live/socket")
        with pytest.raises(Closed) as closed:
            await socket.receive()
        assert closed.value.code == wire.CLOSE_NO_HELLO


@pytest.mark.parametrize("origin", ["http://evil.test", "null", "https://testserver", ""])
async def test_sockets_from_elsewhere(visitor: Browser, origin: str) -> None:
    assert not (await visitor.socket("/_live/socket", {"Origin": origin})).is_accepted


@pytest.mark.parametrize("change", [lambda text: text[:-1], lambda text: "", lambda text: "~x"])
async def test_a_snapshot_that_is_none_begins_anew(visitor: Browser, change: Any) -> None:
    tab = await visitor.open("/counter")
    tab.snapshot = change(tab.snapshot)
    welcome = await tab.join()
    assert welcome["outdated"] == welcome["rebuilt"] == 1
    assert "<output" in welcome["patch"]["page"]
    assert "live:notice" in str(await tab.receive())
    assert shown((await tab.call("add"))[2]) == "1"


async def test_a_snapshot_of_another_page_or_person() -> None:
    async with browser(shop(identify=lambda request: request.cookies.get("user"))) as visitor:
        visitor.http.cookies.set("user", "ada")
        tab, other = await visitor.open("/counter"), await visitor.open("/rows")
        assert await refusal(tab, snapshot=other.snapshot) == wire.CLOSE_OVER
        assert await refusal(tab, snapshot=tab.snapshot[:-6] + "AAAAAA") == wire.CLOSE_OVER
        tab = await visitor.joined("/counter")
        visitor.http.cookies.set("user", "bob")
        assert await refusal(tab) == wire.CLOSE_OVER
        tab.token = None
        assert await refusal(tab) == wire.CLOSE_OVER


async def refusal(tab: Tab, **changes: Any) -> int:
    """The code with which a join is refused."""
    with pytest.raises(Closed) as closed:
        await tab.join(**changes)
    return closed.value.code


async def test_ops_come_again_and_run_once(visitor: Browser) -> None:
    tab = await visitor.joined("/counter")
    assert shown((await tab.call("add"))[2]) == "1"
    assert await tab.socket.ask([1, 1, 1, tab.signed("add"), []]) == [1, 1]
    assert shown((await tab.call("add"))[2]) == "2"


async def test_unacknowledged_patches_are_bounded(visitor: Browser) -> None:
    tab = await visitor.joined("/counter")
    for n in range(1, 21):
        tab.socket.send([n, 0, 1, tab.signed("add"), []])
    frames = [await tab.socket.receive() for _ in range(8)]
    assert [frame[:2] for frame in frames] == [[n, n] for n in range(1, 9)]
    await asyncio.sleep(0)
    assert tab.socket.unread == 0
    merged = await tab.socket.ask([0, 4])
    assert merged[:2] == [9, 20] and shown(merged[2]) == "20"


async def test_more_than_allowed_waits(visitor: Browser) -> None:
    async with browser(shop(limits=Limits(ops_per_second=200, ops_burst=5))) as slow:
        tab = await slow.joined("/counter")
        began = asyncio.get_running_loop().time()
        for _ in range(15):
            await tab.call("add")
        assert asyncio.get_running_loop().time() - began >= 0.04


async def test_what_waits_is_found_in_the_revision_in_which_it_was_clicked() -> None:
    gate = asyncio.Semaphore(0)
    pages = Pages()

    @pages.page("/")
    class Desk(Page):
        template = "desk.html"
        n: int = 0

        @action(concurrency="latest")
        async def find(self) -> None:
            await gate.acquire()
            self.n += 1

        @action
        async def wait(self) -> None:
            await gate.acquire()
            self.n += 1

    desk = '<button live-click="{{ find }}"></button><button live-click="{{ wait }}"></button><b>{{ n }}</b>'
    async with browser(small_app(pages, {"desk.html": desk})) as visitor:
        tab = await visitor.joined("/")
        for n, slot in ((1, 0), (2, 1), (3, 1)):
            tab.socket.send([n, 0, 0, [slot], []])
        gate.release()
        assert (await tab.receive())[:2] == [1, 1]
        tab.socket.send([0, 1])
        await asyncio.sleep(0)  # it is read
        gate.release()
        gate.release()
        frames = [await tab.receive() for _ in (2, 3)]
    assert [(shown(frame[2]), frame[3]) for frame in frames] == [("2", []), ("3", [])]


async def test_an_op_that_runs_outlives_its_socket(visitor: Browser) -> None:
    tab = await visitor.joined("/counter")
    tab.socket.send([1, 0, 1, tab.signed("slow"), []])
    tab.socket.send([2, 0, 1, tab.signed("add"), []])
    tab.n = 2
    old = tab.socket
    await asyncio.sleep(0)
    assert (await tab.join())["ack"] == 0
    for n in (1, 2):  # as the page does it: it can't know that the first has arrived
        tab.socket.send([n, 0, 1, tab.signed("add"), []])
    shop_module.gate.set()
    acks: list[int] = []
    while not acks or acks[-1] < 2:
        acks.append((await tab.receive())[1])
    with pytest.raises(Closed):
        await old.receive()
    assert shown((await tab.call("add"))[2]) == "3"  # the first was `slow`, and ran once


async def test_navigation_within_the_page(visitor: Browser) -> None:
    tab = await visitor.joined("/rows?size=3")
    frame = await tab.op(3, "/rows?size=3&q=x#there", 1)
    assert frame[1] == 1 and "x" in json.dumps(frame[2])
    assert (await tab.op(3, "http://evil.test/rows"))[3][1] == wire.ERROR
    moved = await tab.op(3, "/counter")
    assert moved[3] == [] and "<output" in moved[2]["page"]


async def test_a_row(visitor: Browser) -> None:
    tab = await visitor.joined("/rows?size=50")
    frame = await tab.call("grow")
    assert frame[4]  # the row's shape, the first time
    frame = await tab.call("grow")
    assert not frame[4] and len(json.dumps(frame)) < 100


async def test_bye(visitor: Browser) -> None:
    tab = await visitor.joined("/counter")
    with pytest.raises(Closed):
        await tab.op(9)


async def test_a_timer_pushes(visitor: Browser) -> None:
    tab = await visitor.joined("/clock")
    for expected in (1, 2, 3):
        frame = await tab.receive()
        assert frame[0] == expected and not frame[1]


async def test_sessions_are_limited() -> None:
    async with browser(shop(limits=Limits(sessions=1))) as visitor:
        await visitor.joined("/counter")
        tab = await visitor.open("/counter")
        with pytest.raises(Closed) as closed:
            await tab.join()
        assert closed.value.code == wire.CLOSE_LIMIT


async def test_by_fetch(visitor: Browser) -> None:
    tab = await visitor.open("/counter")
    ops = [[1, 0, 1, tab.signed("add"), []], [2, 0, 1, tab.signed("add"), ["by", "5"]]]

    async def fetch(data: Any, **headers: str) -> Any:
        return await visitor.http.post("/counter", json=data, headers={"Live-Ops": "1", **headers})

    answer = (await fetch({"hello": tab.hello, "ops": ops})).json()
    assert [frame[:2] for frame in answer["frames"]] == [[1, 1], [2, 2]]
    tab.token, tab.rev, tab.n = answer["welcome"]["token"], 2, 2
    again = (await fetch({"hello": tab.hello, "ops": [*ops, [3, 2, 1, tab.signed("add"), []]]})).json()
    assert shown(again["frames"][-1][2]) == "7"
    tab.rev, tab.n = 3, 3
    assert "patch" not in await tab.join()
    assert shown((await tab.call("add"))[2]) == "8"
    assert (await fetch({"hello": tab.hello, "ops": [[4, 3, 77]]})).status_code == 400
    assert (await fetch({"hello": {}, "ops": []})).status_code == 400
    assert (await fetch([])).status_code == 400
    assert (await fetch({"hello": tab.hello, "ops": []}, Origin="http://evil.test")).status_code == 403
    assert (await fetch({"hello": {**tab.hello, "url": "/x"}, "ops": []})).status_code == 409


async def test_by_fetch_a_page_that_has_another_connection_is_to_come_again(visitor: Browser) -> None:
    tab = await visitor.joined("/counter")
    await tab.socket.lose()
    parcel = {"hello": tab.hello, "ops": [[1, 0, 1, tab.signed("slow"), []]]}
    posting = asyncio.ensure_future(visitor.http.post("/counter", json=parcel, headers={"Live-Ops": "1"}))
    await asyncio.wait_for(waits(shop_module.gate), PATIENCE)
    tab.n = 1
    await tab.join()
    shop_module.gate.set()
    assert (await posting).status_code == 503
    assert (await tab.receive())[1] == 1


async def test_a_failing_render_keeps_the_page() -> None:
    async with browser(shop(MemoryStore())) as visitor:
        tab = await visitor.joined("/broken")
        for n in (1, 2):
            failed = await tab.call("spoil")
            assert failed[:2] == [0, n] and failed[3][2]["status"] == 500
        assert (await tab.call("fix"))[:4] == [0, 3, [], []]


async def test_a_page_that_fails_to_join_is_forgotten(visitor: Browser) -> None:
    pages, broken = Pages(), [False]

    @pages.page("/brittle")
    class Brittle(Page):
        template = "brittle.html"

        @property
        def text(self) -> str:
            if broken[0]:
                raise RuntimeError
            return "whole"

    live = small_app(pages, {"brittle.html": "<title>Brittle</title><body><p>{{ text }}</p>"})
    async with browser(live) as one:
        joined, late = await one.joined("/brittle"), await one.open("/brittle")
        broken[0] = True
        for tab, changes in ((late, {}), (joined, {"rev": -1})):
            with pytest.raises(Closed):
                await tab.join(**changes)
        assert [session.connection for session in live.sessions] == [None, None]
        await live.sessions.run_maintenance(
            max(session.state.last_seen for session in live.sessions) + live.site.limits.detached + 1
        )
        assert len(live.sessions) == 0


fragile = Pages()


@fragile.page("/fragile")
class Fragile(Page):
    template = "fragile.html"
    broken: bool = False

    @action
    async def switch(self) -> None:
        self.broken = not self.broken
        self.live.dispatch("switched")

    @action
    async def greet(self) -> None:
        self.live.dispatch("greeted")


async def test_a_page_that_could_not_be_drawn_is_as_before_and_can_be_used() -> None:
    source = (
        '<title>F</title><button live-click="{{ switch }}">b</button>{% if broken %}{{ 1 // 0 }}{% endif %}'
        '<button live-click="{{ greet }}">g</button>'
    )
    async with browser(small_app(fragile, {"fragile.html": source})) as one:
        tab = await one.joined("/fragile")
        failed = await tab.op(0, [0], [])
        assert failed[3][1:2] == [wire.ERROR] and "events" not in failed[5]  # they were of what is undone
        assert (await tab.op(0, [0], []))[3][2]["status"] == 500
        assert (await tab.call("greet"))[5]["events"] == [["greeted", None]]


# Hooks of connections

present = Pages()
journal: list[str] = []


@present.page("/present")
class Present(Page):
    """Counts who is there, as a chat would."""

    template = "present.html"

    async def connected(self) -> None:
        journal.append("connected")

    async def disconnected(self) -> None:
        journal.append("disconnected")

    async def closed(self) -> None:
        journal.append("closed")


@present.page("/absent")
class Absent(Page):
    template = "absent.html"


def presence() -> Live:
    journal.clear()
    return small_app(present, {"present.html": "<title>P</title>", "absent.html": "<title>A</title>"})


async def test_closing_a_tab_disconnects_and_then_closes_its_page() -> None:
    async with browser(presence()) as visitor:
        tab = await visitor.joined("/present")
        with pytest.raises(Closed):
            await tab.op(wire.BYE)
        assert journal == ["connected", "disconnected", "closed"]


async def test_navigating_disconnects_and_then_closes_the_page_that_is_left() -> None:
    async with browser(presence()) as visitor:
        tab = await visitor.joined("/present")
        await tab.op(wire.NAVIGATE, "/absent")
        assert journal == ["connected", "disconnected", "closed"]
        await tab.socket.lose()
        assert journal == ["connected", "disconnected", "closed"]


async def test_signing_out_disconnects_and_then_closes_the_page() -> None:
    live = presence()
    async with browser(live) as visitor:
        await visitor.joined("/present")
        (session,) = live.sessions
        await session.end()
        assert journal == ["connected", "disconnected", "closed"]


async def test_each_connection_of_a_page_is_disconnected_once() -> None:
    async with browser(presence()) as visitor:
        tab = await visitor.joined("/present")
        await tab.socket.lose()
        await tab.join()
        before = tab.socket
        await tab.join()  # the connection before is still there
        await asyncio.wait_for(before.task, PATIENCE)
        with pytest.raises(Closed):
            await tab.op(wire.BYE)
        assert journal == ["connected", "disconnected"] * 3 + ["closed"]


async def test_a_page_that_another_worker_has_taken_is_disconnected_here() -> None:
    live = presence()
    async with browser(live) as visitor:
        tab = await visitor.joined("/present")
        (session,) = live.sessions
        await live.site.snapshots.store.claim(session.state.key)
        session.state.is_unsaved = True
        await live.sessions.run_maintenance(session.state.last_seen)
        await asyncio.wait_for(tab.socket.task, PATIENCE)
        assert journal == ["connected", "disconnected"]


# Tasks

tasks = Pages()
ran_in: list[asyncio.Task[Any] | None] = []


@tasks.page("/tasks")
class Tasks(Page):
    template = "tasks.html"

    @action
    async def plain(self) -> None:
        ran_in.append(asyncio.current_task())

    @action(concurrency="latest")
    async def latest(self) -> None:
        ran_in.append(asyncio.current_task())


async def test_only_what_newer_calls_may_end_runs_beside_the_reader_of_the_socket() -> None:
    ran_in.clear()
    buttons = "".join(f'<button live-click="{{{{ {name} }}}}">b</button>' for name in ("plain", "latest"))
    async with browser(small_app(tasks, {"tasks.html": f"<title>T</title>{buttons}"})) as visitor:
        tab = await visitor.joined("/tasks")
        for name in ("plain", "latest", "plain"):
            await tab.call(name)
        before, beside, after = ran_in
        assert before is tab.socket.task and beside is not tab.socket.task
        assert after is tab.socket.task


# Time limits

stubborn = Pages()


@stubborn.page("/stubborn")
class Stubborn(Page):
    template = "stubborn.html"
    count: int = 0

    @action(timeout=0.01)
    async def stick(self) -> None:
        while True:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.Event().wait()

    @action
    async def add(self) -> None:
        self.count += 1


async def test_an_action_that_swallows_its_cancellation_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeouts, "GRACE", 0.0)
    source = (
        "<title>S</title>{{ count }}"
        '<button live-click="{{ stick }}">s</button><button live-click="{{ add }}">a</button>'
    )
    async with browser(small_app(stubborn, {"stubborn.html": source})) as visitor:
        tab = await visitor.joined("/stubborn")
        assert (await tab.call("stick"))[3][1] == wire.ERROR
        assert shown((await tab.call("add"))[2]) == "1"


becoming = Pages()


@becoming.page("/becoming")
class Becoming(Page):
    template = "becoming.html"
    _has_signed_in = False
    _renders = 0

    @action
    async def sign_in(self) -> None:
        self.live.set_cookie("user", "ann")
        self._has_signed_in = True

    def greeting(self) -> str:
        self._renders += self._has_signed_in
        if self._renders > 1:
            raise RuntimeError("no greeting for ann")
        return "hello"


async def test_an_op_whose_page_cannot_be_rendered_for_its_new_visitor_ends_with_an_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    source = "{{ greeting() }}<button live-click='{{ sign_in }}'>sign in</button>"
    live = small_app(
        becoming, {"becoming.html": source}, identify=lambda request: request.cookies.get("user")
    )
    async with browser(live) as visitor:
        tab = await visitor.joined("/becoming")
        frame = await tab.call("sign_in")
        assert frame[3][1] == wire.ERROR and frame[3][2]["status"] == 500
    [record] = [one for one in caplog.records if one.levelname == "ERROR"]
    assert frame[3][2]["id"] in record.getMessage()


class Waiting(Page):
    template = "waiting.html"

    @action(concurrency="latest")
    async def latest(self) -> None:
        await self._work()

    @action
    async def plain(self) -> None:
        await self._work()

    async def _work(self) -> None:
        begun.set()
        await gate.wait()


async def test_only_what_others_may_end_runs_in_a_task_of_its_own() -> None:
    """Whatever else runs keeps the reader of its connection from receiving more."""
    global begun, gate
    pages = Pages()
    pages.page("/waiting")(Waiting)
    live = small_app(
        pages, {"waiting.html": "<i live-click='{{ latest }}'></i><i live-click='{{ plain }}'></i>"}
    )
    async with browser(live) as visitor:
        tab = await visitor.joined("/waiting")
        (session,) = live.sessions
        for name, is_detached in (("latest", True), ("plain", False), ("latest", True)):
            begun, gate = asyncio.Event(), asyncio.Event()
            tab.n += 1
            tab.socket.send([tab.n, tab.rev, wire.CALL_REF, tab.signed(name), []])
            await asyncio.wait_for(begun.wait(), PATIENCE)
            assert bool(session.tasks) is is_detached
            gate.set()
            assert (await tab.receive())[1] == tab.n
            while session.tasks:
                await asyncio.sleep(0)


begun, gate = asyncio.Event(), asyncio.Event()
