"""Print the calls, modules and frames between the socket and the user's function.

``python -m benchmarks.calls``. Only calls of the library's own functions are counted, not those of Python,
Starlette or pydantic, after warming up; the page is a counter. The layers are computed from the imports.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import FrameType
from typing import Any

import jinja2

import liveactions
from benchmarks.report import Line, show
from liveactions import Live, Page, action, cached, revalidate_tag
from liveactions.testing import Browser
from tests.support import import_graph

HOME = str(Path(liveactions.__file__).parent)
WARM_UP = 5
RUNS = 5


class Probe:
    """Counts calls in its block. `frames`: those between the socket's loop and the user's function."""

    def __init__(self) -> None:
        self.calls = 0
        self.modules: set[str] = set()
        self.frames = 0

    def __enter__(self) -> Probe:
        sys.setprofile(self._note)
        return self

    def __exit__(self, *error: object) -> None:
        sys.setprofile(None)

    def _note(self, frame: FrameType, event: str, argument: Any) -> None:
        if event == "call" and is_ours(frame):
            self.calls += 1
            self.modules.add(frame.f_code.co_filename)
        elif event == "call" and frame.f_code is Counter.add.__wrapped__.__code__:
            above = frame.f_back
            while above is not None and not above.f_code.co_filename.endswith("/socket.py"):
                self.frames += is_ours(above)
                above = above.f_back


def is_ours(frame: FrameType) -> bool:
    """Return whether a frame is the library's, except for its test browser and comprehensions."""
    code = frame.f_code
    file = code.co_filename
    return file.startswith(HOME) and "/testing/" not in file and not code.co_name.startswith("<")


live = Live(
    templates=jinja2.Environment(
        loader=jinja2.DictLoader(
            {
                "counter.html": "<p>{{ count }}</p>"
                "<form method=post action='{{ add }}'><button>Add</button></form>",
                "board.html": "<p>{{ total }}</p>",
            }
        ),
        autoescape=True,
    ),
    keys="k" * 32,
)
total = 0


@cached(tags=["total"])
def read_total() -> int:
    return total


@live.page("/")
class Counter(Page):
    template = "counter.html"
    count: int = 0

    @action
    async def add(self) -> None:
        self.count += 1


@live.page("/board")
class Board(Page):
    template = "board.html"
    total: int = 0

    async def load(self) -> None:
        self.total = read_total()


async def measured(step: Callable[[], Awaitable[object]]) -> Probe:
    """Return the cost of a step after warming up, while nothing else is due."""
    for _ in range(WARM_UP):
        await step()
    probes = []
    for _ in range(RUNS):
        with Probe() as probe:
            await step()
        probes.append(probe)
    return min(probes, key=lambda probe: probe.calls)


async def revalidate(page: Any) -> None:
    """Change what a page shows, and wait until it shows the new value."""
    global total
    total += 1
    revalidate_tag("total")
    await page.shows(str(total))


async def measure() -> list[Line]:
    async with Browser(live) as browser:
        page, board = await browser.open("/"), await browser.open("/board")
        op = await measured(lambda: page.click("Add"))
        push = await measured(lambda: revalidate(board))
    async with Browser(live, js=False) as browser:
        plain = await browser.open("/")
        post = await measured(lambda: plain.click("Add"))
    return [
        Line("calls of a counter's op", op.calls, at_most=125),
        Line("its modules", len(op.modules), at_most=28),
        Line("its frames from the socket to the user's function", op.frames, at_most=7),
        Line("calls of a post and of the page that it leads to", post.calls, at_most=220),
        Line("its modules", len(post.modules)),
        Line("calls of a revalidation that one page shows", push.calls),
        Line("its modules", len(push.modules)),
    ]


def structure() -> list[Line]:
    graph = import_graph.read()
    lines = {name: path.read_text().count("\n") for name, path in import_graph.modules().items()}
    core = [name for name in lines if name.split(".")[0] in ("session", "execution", "http")]
    return [
        Line("modules", len(lines)),
        Line("longest chain of imports", import_graph.longest_chain(graph), at_most=22),
        Line("circles, type-only imports counted", len(import_graph.circles(graph)), at_most=0),
        Line("lines", sum(lines.values())),
        Line("lines of session, execution and http", sum(lines[name] for name in core), at_most=4500),
        Line("modules of session, execution and http", len(core), at_most=25),
    ]


if __name__ == "__main__":
    show("Calls", asyncio.run(measure()))
    show("Structure", structure())
