"""L. Order: one page's ops one at a time, unless an action says otherwise."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from liveactions import Live, Page, Pages, action, current_op
from liveactions.protocol import constants as wire
from tests.behaviour.ways import Way, visiting, ways
from tests.support.asgi import Browser as Visitor
from tests.support.asgi import Tab, browser
from tests.support.patience import PATIENCE
from tests.support.small import small_app

pages = Pages()
gates: dict[str, asyncio.Event] = {}
begun: asyncio.Queue[str] = asyncio.Queue()
effects: dict[str, str] = {}
ids: list[str] = []


@pytest.fixture(autouse=True)
def afresh() -> Iterator[None]:
    global begun
    begun = asyncio.Queue()
    gates.clear()
    gates.update({name: asyncio.Event() for name in "abc"})
    effects.clear()
    ids.clear()
    yield


async def told() -> str:
    return await asyncio.wait_for(begun.get(), PATIENCE)


@pages.page("/order")
class Order(Page):
    template = "order.html"
    names: list[str] = []
    n: int = 0

    async def _work(self, name: str) -> None:
        self.names.append(f"-{name}")
        begun.put_nowait(name)
        await gates[name].wait()
        self.names.append(name)

    @action
    async def queued(self, name: str) -> None:
        await self._work(name)

    @action(concurrency="latest")
    async def latest(self, name: str) -> None:
        await self._work(name)

    @action(concurrency="latest")
    async def stubborn(self, name: str) -> None:
        try:
            await self._work(name)
        except asyncio.CancelledError:
            self.names.append(f"!{name}")

    @action(concurrency="drop")
    async def dropped(self, name: str) -> None:
        await self._work(name)

    @action
    async def add(self) -> None:
        self.n += 1

    @action
    async def pay(self) -> None:
        ids.append(current_op().id)
        effects.setdefault(current_op().id, "paid")

    @action(idempotent=True)
    async def pay_again(self) -> None:
        ids.append(current_op().id)


TEMPLATES = {
    "order.html": """<title>Order</title><body><output>{{ names|join(" ") }} {{ n }}</output>
<form method="post" action="{{ queued }}"><input name="name" aria-label="Name"><button>Queue</button></form>
<form method="post" action="{{ add }}"><button>Add</button></form>
<form method="post" action="{{ pay }}"><button>Pay</button></form>
<button live-click="{{ add }}">Click</button>
{% for one in (latest, stubborn, dropped, pay_again) %}<i live-click="{{ one }}"></i>{% endfor %}"""
}


def app() -> Live:
    return small_app(pages, TEMPLATES)


def send(tab: Tab, reference: str, *fields: str) -> None:
    """An op whose answer isn't waited for."""
    tab.n += 1
    tab.socket.send([tab.n, tab.rev, 1, tab.signed(reference), list(fields)])


async def until(tab: Tab, n: int) -> tuple[dict[int, tuple[int, Any]], str]:
    """How ops ended until that of number `n` has, and the last text that was shown."""
    ends: dict[int, tuple[int, Any]] = {}
    text = ""
    while True:
        frame = await tab.receive()
        tab.socket.send([0, tab.rev])
        answers = frame[3]
        ends.update({answers[i]: (answers[i + 1], answers[i + 2]) for i in range(0, len(answers), 3)})
        part = frame[2]
        while isinstance(part, list) and part:
            part = part[1]
        text = part if isinstance(part, str) else text
        if frame[1] >= n:
            return ends, text


async def ordering(visitor: Visitor) -> Tab:
    return await visitor.joined("/order")


# L1


async def test_l1_ops_run_one_at_a_time_in_their_order() -> None:
    async with browser(app()) as visitor:
        tab = await ordering(visitor)
        for name in "abc":
            send(tab, "queued", "name", name)
        assert await told() == "a"
        for name in "cb":
            gates[name].set()
        assert begun.empty()
        gates["a"].set()
        assert (await until(tab, 3))[1] == "-a a -b b -c c 0"


async def test_l1_other_pages_are_not_held_up() -> None:
    async with browser(app()) as visitor:
        tab, other = await ordering(visitor), await ordering(visitor)
        send(tab, "queued", "name", "a")
        assert await told() == "a"
        assert (await other.call("add"))[1] == 1
        gates["a"].set()
        await until(tab, 1)


# L2


async def test_l2_a_newer_call_ends_the_running_one() -> None:
    async with browser(app()) as visitor:
        tab = await ordering(visitor)
        send(tab, "latest", "name", "a")
        assert await told() == "a"
        send(tab, "latest", "name", "b")
        assert await told() == "b"
        gates["b"].set()
        ends, text = await until(tab, 2)
        assert text == "-b b 0" and not ends  # what the first one did is undone, and nobody is told an error
        assert (await tab.call("add"))[1] == 3


async def test_l2_of_those_that_wait_only_the_newest_runs() -> None:
    async with browser(app()) as visitor:
        tab = await ordering(visitor)
        send(tab, "latest", "name", "a")
        assert await told() == "a"
        send(tab, "add")
        for name in "bc":
            send(tab, "latest", "name", name)
        assert await told() == "c"
        gates["c"].set()
        assert (await until(tab, 4))[1] == "-c c 1"


async def test_l2_one_that_does_not_give_up_ends_when_it_likes() -> None:
    async with browser(app()) as visitor:
        tab = await ordering(visitor)
        send(tab, "stubborn", "name", "a")
        assert await told() == "a"
        send(tab, "stubborn", "name", "b")
        assert await told() == "b"
        gates["b"].set()
        assert (await until(tab, 2))[1] == "-a !a -b b 0"
        send(tab, "queued", "name", "c")  # nothing of the cancellation is left
        assert await told() == "c"
        gates["c"].set()
        assert (await until(tab, 3))[1] == "-a !a -b b -c c 0"


async def test_l2_calls_are_dropped_while_one_runs() -> None:
    async with browser(app()) as visitor:
        tab = await ordering(visitor)
        send(tab, "dropped", "name", "a")
        assert await told() == "a"
        send(tab, "dropped", "name", "b")
        send(tab, "add")
        gates["a"].set()
        ends, text = await until(tab, 3)
        assert text == "-a a 1" and not ends
        gates["c"].set()
        await tab.call("dropped", "name", "c")
        assert begun.qsize() == 1


async def test_l2_running_ones_may_be_cancelled() -> None:
    async with browser(app()) as visitor:
        tab = await ordering(visitor)
        send(tab, "latest", "name", "a")
        assert await told() == "a"
        tab.n += 1
        tab.socket.send([tab.n, tab.rev, 5, tab.signed("latest")])
        send(tab, "add")
        assert (await until(tab, 3))[1] == " 1"


async def test_l2_a_lost_connection_ends_none() -> None:
    async with browser(app()) as visitor:
        tab = await ordering(visitor)
        send(tab, "latest", "name", "a")
        assert await told() == "a"
        await tab.socket.lose()
        gates["a"].set()
        await tab.join()
        send(tab, "add")
        assert (await until(tab, 2))[1] == "-a a 1"


@pytest.mark.parametrize("concurrency", ["newest", ""])
def test_l2_an_unknown_policy_is_an_error(concurrency: str) -> None:
    with pytest.raises(ValueError, match="concurrency=.*: expected one of 'queue', 'latest', 'drop'"):
        action(concurrency=concurrency)(Order._work)


# L3


@ways("S")
async def test_l3_ten_quick_clicks_are_ten_runs(way: Way) -> None:
    async with browser(app()) as visitor:
        tab = await ordering(visitor)
        for _ in range(10):
            send(tab, "add")
        assert (await until(tab, 10))[1] == " 10"


# L4


async def test_l4_a_lost_connection_does_not_cancel_and_the_answer_waits() -> None:
    async with browser(app()) as visitor:
        tab = await ordering(visitor)
        send(tab, "queued", "name", "a")
        assert await told() == "a"
        lost = asyncio.ensure_future(tab.socket.lose())
        gates["a"].set()
        await lost
        welcome = await tab.join()
        assert welcome["ack"] == 1 and "-a a 0" in json.dumps(welcome["patch"])


async def test_l4_a_call_that_the_server_gives_up_is_uncertain() -> None:
    async with browser(app()) as visitor:
        tab = await ordering(visitor)
        send(tab, "queued", "name", "a")
        assert await told() == "a"
        tab.socket.task.cancel()  # as servers do when they end
        await asyncio.wait([tab.socket.task])
        assert (await tab.join())["answers"] == [1, wire.UNCERTAIN, None]
        assert (await tab.call("add"))[1] == 2


@pytest.mark.usefixtures("no_handover")
async def test_l4_a_call_whose_fate_is_unknown_is_uncertain_and_not_run_again() -> None:
    live = app()
    async with browser(live) as visitor:
        tab = await ordering(visitor)
        for session in live.sessions:
            await session.save()
        live.sessions._sessions.clear()  # its worker is gone, and the op with it
        tab.n += 1
        assert (await tab.join())["rebuilt"] == 1
        send(tab, "add")
        assert (await until(tab, 2))[1] == " 1"


@pytest.mark.usefixtures("no_handover")
@pytest.mark.parametrize(("reference", "end", "paid"), [("pay", (2, None), 0), ("pay_again", None, 1)])
async def test_l4_only_what_is_idempotent_is_run_again(
    reference: str, end: tuple[int, Any] | None, paid: int
) -> None:
    live = app()
    async with browser(live) as visitor:
        tab = await ordering(visitor)
        for session in live.sessions:
            await session.save()
        for _ in range(2):  # its worker is gone, and so is the next one before the op has come
            live.sessions._sessions.clear()
            tab.n = 1
            assert (await tab.join())["rebuilt"] == 1
            await tab.socket.lose()
        await tab.join()
        tab.socket.send([1, tab.rev, 1, tab.signed(reference), []])
        assert (await until(tab, 1))[0].get(1) == end
        assert len(ids) == paid
        await tab.call("pay")
        assert len(ids) == paid + 1


# L5


@ways("SHN")
async def test_l5_each_call_has_a_name_of_its_own(way: Way) -> None:
    async with visiting(app(), way) as one:
        page = await one.open("/order")
        await page.click("Pay")
        await page.click("Pay")
        other = await one.open("/order")
        await other.click("Pay")
        assert len(set(ids)) == 3 == len(effects)


async def test_l5_a_post_that_comes_twice_has_the_same_name() -> None:
    async with browser(app()) as visitor:
        tab = await visitor.open("/order")
        posts = [visitor.http.post(tab.action("pay"), data={"_s": tab.snapshot}) for _ in range(2)]
        assert [answer.status_code for answer in await asyncio.gather(*posts)] == [303, 303]
        assert len(ids) == 1


async def test_l5_called_in_python_it_has_a_name_too() -> None:
    await Order().pay()
    await Order().pay()
    assert len(effects) == 2 and wire.UNCERTAIN
