"""What is measured: the library's pages, and a bare Starlette WebSocket that echoes as many bytes."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from pathlib import Path

from jinja2 import Environment, FileSystemLoader
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from examples import counter, table
from liveactions import Limits, Live, action

HERE = Path(__file__).parent
FOLDERS = [HERE / "templates", HERE.parent / "examples" / "templates"]


async def echo(socket: WebSocket) -> None:
    """Answers each message with so many bytes as the address says."""
    await socket.accept()
    answer = "x" * int(socket.query_params["bytes"])
    async for _ in socket.iter_text():
        await socket.send_text(answer)


live = Live(
    templates=Environment(loader=FileSystemLoader(FOLDERS), autoescape=True),
    routes=[WebSocketRoute("/echo", echo)],
    limits=Limits(ops_per_second=inf),
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
    """A table of `?rows=N`, with buttons whose ops change one row in the middle of it."""

    template = "rows.html"

    @action
    async def change(self) -> None:
        """Another label, of nine characters, for the middle row."""
        self.ticks += 1
        middle = len(self.data) // 2
        row = replace(self.data[middle], label=f"row {self.ticks:05}")
        self.data = (*self.data[:middle], row, *self.data[middle + 1 :])

    @action
    async def choose(self) -> None:
        """Select one of two rows, in turn."""
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
