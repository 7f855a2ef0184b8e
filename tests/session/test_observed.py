"""What an application does is told to its observer: one operation each, on every way in."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from liveactions import Live
from liveactions.observation import Operation
from liveactions.protocol.constants import CLOSE_OVER
from liveactions.session.observed import ObservedSession
from liveactions.testing import Browser as Visiting
from liveactions.testing.asgi import Closed
from tests.support import shop as shop_module
from tests.support.asgi import browser, waits
from tests.support.shop import shop

COUNTER = "tests.support.shop.counter.<locals>.Counter"


class Recorder:
    """An observer that keeps what it is told."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.ended: list[Operation] = []

    @contextmanager
    def observe(self, operation: Operation) -> Iterator[None]:
        self.begun.append(operation.kind)
        yield
        self.ended.append(operation)

    def take(self) -> list[tuple[str, str, int]]:
        """The kind, action and status of what has ended since."""
        ended, self.ended = self.ended, []
        return [(one.kind, one.action.rpartition(".")[2], one.status) for one in ended]


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def live(recorder: Recorder) -> Live:
    shop_module.gate = asyncio.Event()
    return shop(observer=recorder)


async def test_a_get_and_a_join(live: Live, recorder: Recorder) -> None:
    async with browser(live) as visitor:
        await visitor.joined("/counter")
    get, join = recorder.ended
    assert (get.kind, get.page, get.status, get.action) == ("get", COUNTER, 200, "")
    assert get.bytes > 500 and get.rendered > 0 and get.seconds >= get.loaded + get.rendered
    assert (join.kind, join.page, join.status) == ("join", COUNTER, 200)
    assert all(isinstance(session, ObservedSession) for session in live.sessions)


async def test_an_op_over_a_socket(live: Live, recorder: Recorder) -> None:
    async with browser(live) as visitor:
        tab = await visitor.joined("/counter")
        recorder.take()
        await tab.call("add")
        (op,) = recorder.ended
        assert (op.kind, op.page, op.status) == ("op", COUNTER, 200) and op.action.endswith("Counter.add")
        assert op.ran > 0 and op.loaded > 0 and op.rendered > 0 and op.stored > 0 and op.bytes > 5
        assert op.seconds >= op.ran + op.loaded + op.rendered + op.stored
        recorder.take()
        await tab.op(0, [1], [])  # by the address of its slot
        assert recorder.take() == [("op", "add", 200)]


@pytest.mark.parametrize(("name", "status"), [("crash", 500), ("refuse", 422), ("leave", 303), ("miss", 404)])
async def test_how_ops_end(live: Live, recorder: Recorder, name: str, status: int) -> None:
    async with browser(live) as visitor:
        tab = await visitor.joined("/counter")
        recorder.take()
        await tab.call(name, "title", "long enough")
        error = recorder.ended[0].error
        assert recorder.take() == [("op", name, status)]
        assert isinstance(error, RuntimeError) if name == "crash" else error is None


async def test_an_action_that_is_not_there(live: Live, recorder: Recorder) -> None:
    async with browser(live) as visitor:
        tab = await visitor.joined("/counter")
        recorder.take()
        await tab.op(1, "nothing~~x", [])
        assert recorder.take() == [("op", "", 409)]


async def test_time_in_the_queue(live: Live, recorder: Recorder) -> None:
    async with browser(live) as visitor:
        tab = await visitor.joined("/counter")
        (session,) = live.sessions
        recorder.take()
        tab.socket.send([1, 0, 1, tab.signed("slow"), []])
        await waits(shop_module.gate)
        pushing = asyncio.ensure_future(session.push(lambda page: None))
        await asyncio.sleep(0)
        since = time.perf_counter()
        while time.perf_counter() == since:  # it has waited for a moment at least
            await asyncio.sleep(0)
        held = time.perf_counter() - since
        shop_module.gate.set()
        await pushing
        await tab.receive()
        while len(recorder.ended) < 2:
            await asyncio.sleep(0)
        op, push = recorder.ended
        assert (op.kind, push.kind) == ("op", "push")
        assert push.waited >= held


async def test_pushes_are_called_what_they_run(live: Live, recorder: Recorder) -> None:
    async with browser(live) as visitor:
        tab = await visitor.joined("/clock")
        recorder.take()
        await tab.receive()
        assert recorder.take()[0] == ("push", "tick", 200)


async def test_a_post_without_javascript(live: Live, recorder: Recorder) -> None:
    async with Visiting(live, js=False) as visiting:
        page = await visiting.open("/counter")
        recorder.take()
        await page.click("add")
        assert recorder.take() == [("post", "add", 303), ("get", "", 200)]


async def test_a_call_by_fetch(live: Live, recorder: Recorder) -> None:
    async with browser(live) as visitor:
        tab = await visitor.open("/counter")
        recorder.take()
        headers = {"Live-Action": tab.signed("add")}
        answer = await visitor.http.post("/counter", data={"by": "2"}, headers=headers)
        assert answer.status_code == 200
        (call,) = recorder.ended
        assert call.bytes == len(answer.content) and call.ran > 0
        assert recorder.take() == [("call", "add", 200)]


async def test_ops_by_fetch(live: Live, recorder: Recorder) -> None:
    async with browser(live) as visitor:
        tab = await visitor.open("/counter")
        recorder.take()
        content = {"hello": tab.hello, "ops": [[1, 0, 1, tab.signed("add"), []]]}
        answer = await visitor.http.post("/counter", json=content, headers={"Live-Ops": "1"})
        assert answer.status_code == 200
        assert recorder.take() == [("join", "", 200), ("op", "add", 200), ("fetch", "", 200)]


async def test_a_join_that_is_refused(live: Live, recorder: Recorder) -> None:
    async with browser(live) as visitor:
        tab = await visitor.open("/counter")
        recorder.take()
        with pytest.raises(Closed):
            await tab.join(url="/nowhere")
        assert recorder.take() == [("join", "", CLOSE_OVER)]


async def test_errors_of_requests(live: Live, recorder: Recorder) -> None:
    async with browser(live) as visitor:
        await visitor.http.put("/counter")
        await visitor.http.post("/counter", headers={"Origin": "https://elsewhere.example"})
        assert recorder.take() == [("get", "", 405), ("post", "", 403)]


async def test_an_observer_that_fails_takes_no_page_along(caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        @contextmanager
        def observe(self, operation: Operation) -> Iterator[None]:
            if operation.kind == "join":
                raise RuntimeError("before")
            yield
            raise RuntimeError("after")

    live = shop(observer=Broken())
    async with browser(live) as visitor:
        tab = await visitor.joined("/counter")
        assert (await tab.call("add"))[1] == 1
    assert "an observer failed" in caplog.text


async def test_there_is_one_observer(live: Live, recorder: Recorder) -> None:
    with pytest.raises(ValueError, match="already observed"):
        live.observe(recorder)


async def test_without_an_observer_nothing_is_measured() -> None:
    live = shop()
    async with browser(live) as visitor:
        await visitor.joined("/counter")
        assert not any(isinstance(session, ObservedSession) for session in live.sessions)
