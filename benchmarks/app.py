"""The application that is measured: pages of the library, and a plain WebSocket echo to compare them with."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

from jinja2 import Environment, FileSystemLoader
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket

from examples import counter, table
from liveactions import Limits, Live, action

HERE = Path(__file__).parent
EXAMPLES = HERE.parent / "examples"
environment = Environment(
    loader=FileSystemLoader([HERE / "templates", EXAMPLES / "templates"]), autoescape=True
)


async def echo(socket: WebSocket) -> None:
    """Answer each message with the number of bytes that the URL contains."""
    await socket.accept()
    answer = "x" * int(socket.query_params["bytes"])
    async for _ in socket.iter_text():
        await socket.send_text(answer)


async def vanilla(request: Request) -> HTMLResponse:
    """Return the table as a page without a library."""
    return HTMLResponse(environment.get_template("vanilla.html").render())


live = Live(
    templates=environment,
    routes=[
        WebSocketRoute("/echo", echo),
        Route("/vanilla", vanilla),
        Mount("/static", StaticFiles(directory=EXAMPLES / "static")),
    ],
    limits=Limits(ops_per_second=1e9),
)
live.include(counter.pages)


@live.page("/beside")
class Beside(counter.Counter):
    """The counter, beside a static table of a thousand rows."""

    template = "beside.html"
    data: tuple[table.Row, ...] = ()

    async def mount(self) -> None:
        self.data = tuple(table.Row(id, f"row {id}") for id in range(1000))


@live.page("/rows")
class Rows(table.Table):
    """A table of ``?rows=N``, with buttons that change a row in the middle."""

    template = "rows.html"

    @action
    async def change(self) -> None:
        """Change the label of the middle row to another one of nine characters."""
        self.ticks += 1
        middle = len(self.data) // 2
        row = replace(self.data[middle], label=f"row {self.ticks:05}")
        self.data = (*self.data[:middle], row, *self.data[middle + 1 :])

    @action
    async def choose(self) -> None:
        """Select one of two rows, alternately."""
        self.ticks += 1
        self.selected = self.data[len(self.data) // 2 + self.ticks % 2].id

    @action
    async def remove_third(self) -> None:
        self.data = (*self.data[:2], *self.data[3:])

    @action
    async def swap(self) -> None:
        rows = list(self.data)
        rows[1], rows[-2] = rows[-2], rows[1]
        self.data = tuple(rows)


@live.page("/frameworks")
class Frameworks(table.Table):
    """The page of js-framework-benchmark, empty at first, with buttons that sort its rows."""

    template = "frameworks.html"

    async def mount(self) -> None:
        pass

    @action
    async def reverse(self) -> None:
        self.data = self.data[::-1]

    @action
    async def shuffle(self) -> None:
        self.data = tuple(random.sample(self.data, len(self.data)))


PARAGRAPHS = 68


@live.page("/raw")
class Raw(counter.Counter):
    """30 KB of HTML that isn't from a template, with a button that changes a paragraph in its middle."""

    template = "raw.html"

    @property
    def html(self) -> str:
        return "".join(map(self._section, range(PARAGRAPHS)))

    def _section(self, n: int) -> str:
        ticks = self.count if n == PARAGRAPHS // 2 else 0
        return (
            f'<h2>Section {n}</h2>\n<p class="lead">A <a href="/p/{n}">link</a>, and {ticks} ticks.</p>\n'
            "<p>With <b>much</b> <i>inline</i> <code>markup</code> and some words between it, so that it is"
            ' as long as such texts are. <em>And</em> there is <span class="note">another sentence</span> to'
            " fill it.</p>\n<ul><li>first</li><li>second <b>item</b></li><li>third</li></ul>\n"
            "<p>This one is without any, and says in some more words that nothing in it will change.</p>\n"
        )
