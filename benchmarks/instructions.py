"""Print the number of instructions per op of several pages, counted by callgrind.

``python -m benchmarks.instructions``, where valgrind is installed; arguments select cases by name. Each
page is driven in process by some ops to warm it up, and then by those that are counted: the figures are
repeatable to a few per cent. The variable ``STORE`` is the URL of another store than the default, or
``memory``. Periodic work, such as looking for messages of other workers, is disabled: slower machines would
do more of it. For the same reason, a long state stays the base of later ones, however slowly these follow.

The echo is the cost of sending and receiving without the library. How many instructions Python takes depends
on how it was built, and valgrind counts each byte that ``rep movsb`` copies as one (libc copies large blocks
so): figures of different machines are comparable as multiples of the echo.
"""

from __future__ import annotations

import asyncio
import gc
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import unescape
from pathlib import Path
from time import perf_counter

import jinja2
from starlette.types import Receive, Scope, Send

from benchmarks.report import Line, show
from liveactions import InUrl, Limits, Live, Page, action, cached, loaded, revalidate_tag
from liveactions.session import registry
from liveactions.store import MemoryStore, snapshots
from liveactions.testing.asgi import ORIGIN, Socket, http, request, websocket

WARM_UP, COUNTED = 5, 20
SLOTS, VIEWERS = 200, 20
STORE = os.environ.get("STORE")
SCRIPT = re.compile(r'data-live="([^"]*)" data-snapshot="([^"]*)"')
FORM = re.compile(r"[?]_a=([^\s>'\"]+)")
TEMPLATES = {
    "counter.html": "<p>{{ count }}</p><form method=post action='{{ add }}'><button>Add</button></form>",
    "form.html": """<form method="post" action="{{ save }}">
<p>{{ save.error }}</p>
<input name="name" value="{{ save.values.name or name }}"><p>{{ save.errors.name }}</p>
<input name="email" value="{{ save.values.email or email }}"><p>{{ save.errors.email }}</p>
<input name="age" value="{{ save.values.age or age }}"><p>{{ save.errors.age }}</p>
<button>Save</button></form>""",
    "slots.html": "<form method=post action='{{ add }}'><button>Add</button></form>"
    + "".join(f"<p>{{{{ n{number} }}}}</p>" for number in range(SLOTS)),
    "rows.html": """<form method="post" action="{{ change }}"></form>
<form method="post" action="{{ choose }}"></form>
<table>{% for row in data %}<tr class="{{ 'danger' if row.id == selected }}"><td>{{ row.id }}</td>
<td><a live-click="{{ select(row.id) }}">{{ row.label }}</a></td>
<td><a live-click="{{ remove(row.id) }}">remove</a></td></tr>{% endfor %}</table>""",
    "viewer.html": """<table>{% for row in data %}<tr><td>{{ row.id }}</td><td>{{ row.label }}</td></tr>
{% endfor %}</table>""",
}
live = Live(
    templates=jinja2.Environment(loader=jinja2.DictLoader(TEMPLATES), autoescape=True),
    keys="k" * 32,
    store=MemoryStore() if STORE == "memory" else STORE,
    # Under valgrind, all is slow.
    limits=Limits(ops_per_second=1e9, sessions_per_address=10_000, silent=1e6, cookies=1e6),
)


@live.page("/counter")
class Counter(Page):
    template = "counter.html"
    count: int = 0

    @action
    async def add(self) -> None:
        self.count += 1


@live.page("/form")
class Form(Page):
    template = "form.html"
    name: str = ""
    email: str = ""
    age: int = 0

    @action
    async def save(self, name: str, email: str, age: int) -> None:
        self.name, self.email, self.age = name, email, age


class FirstNumber(Page):
    template = "slots.html"
    n0: int = 1000

    @action
    async def add(self) -> None:
        self.n0 += 1


OTHERS = {f"n{number}": 1000 + number for number in range(1, SLOTS)}
Numbers: type[Page] = live.page("/slots")(
    type(
        "Numbers",
        (FirstNumber,),
        {"__annotations__": dict.fromkeys(OTHERS, int), "__module__": __name__, **OTHERS},
    )
)


@dataclass(frozen=True, slots=True)
class Row:
    id: int
    label: str


def rows(count: int) -> tuple[Row, ...]:
    return tuple(Row(number, f"row number {number}") for number in range(count))


def changed(data: tuple[Row, ...], number: int) -> tuple[Row, ...]:
    """Return the rows with another label for the middle one."""
    middle = len(data) // 2
    return (*data[:middle], replace(data[middle], label=f"row {number:05}"), *data[middle + 1 :])


@live.page("/rows")
class Rows(Page):
    template = "rows.html"
    count: InUrl[int] = 1000
    data: tuple[Row, ...] = ()
    selected: int | None = None
    ticks: int = 0

    async def mount(self) -> None:
        self.data = rows(self.count)

    @action
    async def change(self) -> None:
        self.ticks += 1
        self.data = changed(self.data, self.ticks)

    @action
    async def choose(self) -> None:
        """Select one of two rows, alternately."""
        self.ticks += 1
        self.selected = self.data[len(self.data) // 2 + self.ticks % 2].id

    @action
    async def select(self, id: int) -> None:
        self.selected = id

    @action
    async def remove(self, id: int) -> None:
        self.data = tuple(row for row in self.data if row.id != id)


shared = rows(1000)


@cached(tags=["shared"])
async def read_shared() -> tuple[Row, ...]:
    return shared


@live.page("/viewer")
class Viewer(Page):
    template = "viewer.html"
    data: tuple[Row, ...] = loaded()

    async def load(self) -> None:
        self.data = await read_shared()


@dataclass(frozen=True)
class Case:
    """An op of a page: a call of one of the forms in its HTML, with some fields.

    Without fields, nothing is called, and the shared rows are changed for several viewers.
    """

    name: str
    url: str
    fields: tuple[str, ...] | None = ()
    form: int = 0


CASES = {
    "echo": Case("an echo, without the library", ""),
    "counter": Case("an op of a counter", "/counter"),
    "row": Case("changing one row of 1,000", "/rows"),
    "select": Case("selecting one row of 1,000", "/rows", form=1),
    "large": Case("changing one row of 10,000", "/rows?count=10000"),
    "form": Case("a form of three fields", "/form", ("name", "Ann", "email", "ann@example.com", "age", "41")),
    "slots": Case("changing one slot of 200", "/slots"),
    "fan-out": Case("showing a viewer one changed row of 1,000 shared ones", "/viewer", None),
}


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": message["text"]})


class Tab:
    """A page that is open over a socket."""

    def __init__(self) -> None:
        self.rev = self.number = 0

    async def open(self, url: str) -> None:
        """Open a page; without a URL, a socket that sends back what it receives."""
        if not url:
            self.references = [""]
            self.socket = Socket(echo, websocket("/", (), "127.0.0.1", {}))
            await self.socket.accepted()
            return
        html = (await request(live, {**http(url, (), "127.0.0.1", {}), "method": "GET"}, b"")).text
        address, snapshot = map(unescape, SCRIPT.search(html).groups())  # type: ignore[union-attr]
        self.references = [unescape(reference) for reference in FORM.findall(html)]
        self.socket = Socket(live, websocket(address, [("origin", ORIGIN)], "127.0.0.1", {}))
        await self.socket.accepted()
        self.socket.send({"v": 1, "url": url, "snapshot": snapshot, "token": None, "rev": 0, "op": 0})
        self.rev = (await self.socket.receive()).get("rev", 0)

    async def call(self, form: int, fields: Sequence[str]) -> None:
        self.number += 1
        self.socket.send([self.number, self.rev, 1, self.references[form], [*fields]])
        await self.shown()

    async def shown(self) -> None:
        """Receive the next frame."""
        self.rev = (await self.socket.receive())[0]

    def acknowledge(self) -> None:
        self.socket.send([0, self.rev])


async def replay(case: Case, ops: int, warm_up: int = 0) -> float:
    """Open the page, warm up, and run ops one after the other. Return their time in seconds."""
    tabs = [Tab() for _ in range(1 if case.fields is not None else VIEWERS)]
    for tab in tabs:
        await tab.open(case.url)
    for _ in range(warm_up):
        await _step(case, tabs)
    gc.collect()
    gc.freeze()  # else collecting what earlier cases have left would be counted
    os.getppid()  # callgrind resets its counters at each call of this function
    begun = perf_counter()
    for _ in range(ops):
        await _step(case, tabs)
    seconds = perf_counter() - begun
    os.getppid()
    for tab in tabs:
        await tab.socket.leave(10)
    return seconds


async def _step(case: Case, tabs: Sequence[Tab]) -> None:
    global shared
    if case.fields is not None:
        await tabs[0].call(case.form, case.fields)
        return
    shared = changed(shared, tabs[0].rev)
    revalidate_tag("shared")
    for tab in tabs:
        await tab.shown()
    for tab in tabs:
        tab.acknowledge()


async def replay_all(names: Sequence[str]) -> None:
    """Print the time of an op of each case, in microseconds, while callgrind counts its instructions."""
    for name in names:
        seconds = await replay(CASES[name], COUNTED, WARM_UP)
        print(name, seconds / _count(CASES[name]) * 1e6)


def _count(case: Case) -> int:
    return COUNTED * (1 if case.fields is not None else VIEWERS)


def per_op(*names: str, **env: str) -> dict[str, float]:
    """Return the instructions of an op of each case, in thousands, with variables in the environment."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "out")
        command = ["valgrind", "--tool=callgrind", "--dump-before=getppid", f"--callgrind-out-file={out}"]
        store = {} if STORE else {"STORE": f"sqlite:///{folder}/pages"}
        environment = {**os.environ, "PYTHONHASHSEED": "0", **store, **env}
        subprocess.run(
            [*command, sys.executable, "-m", "benchmarks.instructions", "--replay", *names],
            check=True, capture_output=True, text=True, env=environment,
        )  # fmt: skip
        counted = [_total(Path(f"{out}.{2 * number + 2}")) for number in range(len(names))]
    return {name: total / _count(CASES[name]) / 1000 for name, total in zip(names, counted, strict=True)}


def _total(file: Path) -> int:
    found = re.search(r"^totals: (\d+)", file.read_text(), re.MULTILINE)
    assert found, file
    return int(found[1])


def measure(names: Sequence[str] = tuple(CASES)) -> list[Line]:
    if shutil.which("valgrind") is None:
        return []
    figures = per_op(*{"echo": None, **dict.fromkeys(names)})
    bare = figures["echo"]
    return [
        Line(f"instructions of {CASES[name].name}", figure, f"thousand, {figure / bare:.1f} echoes")
        for name, figure in figures.items()
    ]


def main(arguments: list[str]) -> None:
    if arguments[:1] == ["--replay"]:
        registry.MAINTENANCE_INTERVAL = snapshots.BASE_SECONDS = 1e9  # type: ignore[misc]
        asyncio.run(replay_all(arguments[1:]))
    else:
        show("Instructions", measure(arguments or tuple(CASES)))


if __name__ == "__main__":
    main(sys.argv[1:])
