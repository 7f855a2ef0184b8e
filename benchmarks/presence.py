"""Print the cost of joining a page with many people: the server's CPU, and bytes for each viewer.

``python -m benchmarks.presence``, or with another number of people. The pages are open in this process, over
sockets that only count and acknowledge messages.
"""

from __future__ import annotations

import asyncio
import re
import sys
import time
from collections.abc import Callable, MutableMapping
from html import unescape
from typing import Any

import jinja2
from starlette.requests import HTTPConnection

from benchmarks.report import Line, show
from liveactions import Limits, Live, Page, presence
from liveactions.pubsub.base import Message, pack
from liveactions.pubsub.presence_table import PresenceTable
from liveactions.store import MemoryStore
from liveactions.testing.asgi import ORIGIN, http, request, websocket

PEOPLE = 1000
VIEWERS = 20
BURST = 20
KINDS = {"/room": f"{__name__}.Room.people", "/quiet": f"{__name__}.Quiet._people"}
SCRIPT = re.compile(r'data-live="([^"]*)" data-snapshot="([^"]*)"')


def name(connection: HTTPConnection) -> str:
    return connection.query_params["as"]


live = Live(
    templates=jinja2.Environment(
        loader=jinja2.DictLoader(
            {
                "room.html": "<ul>{% for name in people %}<li>{{ name }}</li>{% endfor %}</ul>",
                "quiet.html": "<p>Hello</p>",
            }
        ),
        autoescape=True,
    ),
    keys="k" * 32,
    store=MemoryStore(),
    limits=Limits(sessions=10 * PEOPLE, sessions_per_address=10 * PEOPLE, ops_per_second=1e9),
)


@live.page("/room")
class Room(Page):
    """Shows everybody."""

    template = "room.html"
    people = presence("room", name)


@live.page("/quiet")
class Quiet(Page):
    """Has a presence, but shows nobody."""

    template = "quiet.html"
    _people = presence("quiet", name)


class Viewer:
    """An open page. `frames` and `size` count the messages after its welcome, and their bytes."""

    def __init__(self) -> None:
        self.frames = self.size = 0
        self._up: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._is_welcome = asyncio.Event()

    async def open(self, path: str, who: str) -> None:
        url = f"{path}?as={who}"
        html = (await request(live, {**http(url, (), "127.0.0.1", {}), "method": "GET"}, b"")).text
        address, snapshot = map(unescape, SCRIPT.search(html).groups())  # type: ignore[union-attr]
        scope = websocket(address, [("origin", ORIGIN)], "127.0.0.1", {})
        self._up.put_nowait({"type": "websocket.connect"})
        self._say(f'{{"v":1,"url":"{url}","snapshot":"{snapshot}","token":null,"rev":0,"op":0}}')
        self._task = asyncio.ensure_future(live(scope, self._up.get, self._take))
        await self._is_welcome.wait()

    async def _take(self, message: MutableMapping[str, Any]) -> None:
        text = message.get("text", "")
        if text.startswith("{"):
            self._is_welcome.set()
        elif text:
            self.frames += 1
            self.size += len(text.encode())
            self._say(f"[0,{re.split('[],]', text[1:], maxsplit=1)[0]}]")

    def _say(self, text: str) -> None:
        self._up.put_nowait({"type": "websocket.receive", "text": text})

    async def leave(self) -> None:
        self._up.put_nowait({"type": "websocket.disconnect", "code": 1001})
        await self._task


async def settled(viewers: list[Viewer]) -> None:
    """Wait until nothing has been sent for longer than the interval in which changes are collected."""
    before = -1
    while (now := sum(viewer.frames for viewer in viewers)) != before:
        before = now
        await asyncio.sleep(1.5)


async def joins(path: str, people: int) -> list[Line]:
    """Measure joins to a topic with a number of people; another `VIEWERS` pages are open."""
    topic = path.strip("/")
    for number in range(people):
        who = f"other{number:05}"
        live.sessions.presence.enter(f"{path} {number}", topic, who, KINDS[path], who)
    viewers: list[Viewer] = []

    async def join(count: int) -> None:
        for _ in range(count):
            viewer = Viewer()
            await viewer.open(path, f"person{len(viewers):05}")
            viewers.append(viewer)

    async def cost(count: int) -> tuple[float, float]:
        """Return milliseconds of CPU, and bytes for each other viewer, per join."""
        await settled(viewers)
        others = viewers[:VIEWERS]
        sizes, began = sum(viewer.size for viewer in others), time.process_time()
        await join(count)
        await settled(viewers)
        used = time.process_time() - began
        size = sum(viewer.size for viewer in others) - sizes
        return 1000 * used / count, size / count / VIEWERS

    await join(VIEWERS)
    single, single_size = await cost(1)
    burst, burst_size = await cost(BURST)
    for viewer in viewers:
        await viewer.leave()
    what = f"{people:,} people, {VIEWERS} viewers of {path}"
    return [
        Line(f"{what}: CPU for one who joins", single, "ms"),
        Line(f"{what}: bytes for each viewer", single_size, "bytes"),
        Line(f"{what}: CPU for each of {BURST} at once", burst, "ms"),
        Line(f"{what}: bytes for each viewer", burst_size, "bytes"),
    ]


def table(people: int) -> list[Line]:
    """Measure the messages between workers, without a broker."""
    one, two = PresenceTable("one"), PresenceTable("two")
    said: list[dict[str, Any]] = []

    def enter(first: int, count: int) -> None:
        for number in range(first, first + count):
            who = f"person{number:05}"
            one.enter(f"{number:024x}", "room", who, "app.Room.people", who)
            said.append(one.take_message() or {})

    def hear() -> None:
        for message in said:
            two.receive("one", message, 0.0)
        two.take_changes()

    def microseconds(do: Callable[[], object]) -> float:
        began = time.process_time()
        do()
        return 1e6 * (time.process_time() - began)

    enter(0, people)
    hear()
    said.clear()
    entering = microseconds(lambda: enter(people, BURST)) / BURST
    size = sum(len(pack(Message("presence", "one", message))) for message in said) / BURST
    hearing = microseconds(hear) / BURST
    reading = microseconds(lambda: two.present("room"))
    return [
        Line(f"the table with {people:,} people: CPU for a join", entering, "µs"),
        Line(f"the table with {people:,} people: CPU on each other worker", hearing, "µs"),
        Line(f"the table with {people:,} people: CPU to list them after a change", reading, "µs"),
        Line("bytes for each other worker", size, "bytes"),
    ]


def measure(people: int = PEOPLE) -> list[Line]:
    async def pages() -> list[Line]:
        lines = [*await joins("/quiet", people), *await joins("/room", people)]
        live.sessions.presence.stop()
        return lines

    return [*table(people), *asyncio.run(pages())]


if __name__ == "__main__":
    show("Presence", measure(int(sys.argv[1]) if len(sys.argv) > 1 else PEOPLE))
