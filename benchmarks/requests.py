"""Print the cost of a GET and a POST, as a multiple of plain Starlette and Jinja2 with the same template.

``python -m benchmarks.requests``. Both applications are driven in one process, without a server. Instructions
are counted by callgrind where valgrind is installed, else CPU time is compared. The plain POST reads its form
and redirects; it stores nothing.
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
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from html import unescape
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import jinja2
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from benchmarks.report import Line, show
from liveactions import Live, Page, action, loaded
from liveactions.testing.asgi import ORIGIN, Reply, http, request

WARM_UP = 1
ROUNDS = int(os.environ.get("ROUNDS", "1"))
"""Rounds that are measured. Where CPU time is compared, several are better."""
FORM = [("content-type", "application/x-www-form-urlencoded"), ("origin", ORIGIN)]
HEAD = "<!doctype html><html><head><title>Page</title></head><body>"
TEMPLATES = {
    "counter.html": f"{HEAD}<p>{{{{ count }}}}</p>"
    "<form method=post action='{{ add }}'><button>Add</button></form></body></html>",
    "rows.html": f"{HEAD}<table><tbody>"
    "{% for row in data %}<tr><td>{{ row.id }}</td><td>{{ row.label }}</td></tr>{% endfor %}"
    "</tbody></table></body></html>",
}
environment = jinja2.Environment(loader=jinja2.DictLoader(TEMPLATES), autoescape=True)


@dataclass(frozen=True)
class Row:
    id: int
    label: str


ROWS = tuple(Row(id, f"row {id}") for id in range(1000))
live = Live(templates=environment, keys="k" * 32)


@live.page("/")
class Counter(Page):
    template = "counter.html"
    count: int = 0

    @action
    async def add(self) -> None:
        self.count += 1


@live.page("/rows")
class Rows(Page):
    template = "rows.html"
    data: tuple[Row, ...] = loaded()

    async def load(self) -> None:
        self.data = ROWS


async def counter(request: Request) -> Response:
    return HTMLResponse(environment.get_template("counter.html").render(count=0, add="/?_a=add"))


async def rows(request: Request) -> Response:
    return HTMLResponse(environment.get_template("rows.html").render(data=ROWS))


async def add(request: Request) -> Response:
    form = await request.form()
    return RedirectResponse(f"/?count={form['n']}", 303)


plain = Starlette(routes=[Route("/", counter), Route("/rows", rows), Route("/", add, methods=["POST"])])


async def send(app: Any, method: str, url: str, body: bytes = b"") -> Reply:
    headers = [*FORM, ("content-length", str(len(body)))] if body else []
    return await request(app, {**http(url, headers, "127.0.0.1", {}), "method": method}, body)


def get(app: Any, url: str) -> Callable[[], Awaitable[Reply]]:
    return lambda: send(app, "GET", url)


async def post(app: Any) -> Callable[[], Awaitable[Reply]]:
    """Return a function that posts the counter's form, with another number each time."""
    html, numbers = (await send(app, "GET", "/")).text, count()
    action = re.search(r'action=["\']([^"\']*_a=[^"\']*)', html)
    state = re.search(r'name="_s" value="([^"]*)"', html)
    assert action is not None
    fields = {"_s": unescape(state[1])} if state else {}
    return lambda: send(app, "POST", unescape(action[1]), urlencode({**fields, "n": next(numbers)}).encode())


@dataclass(frozen=True)
class Case:
    name: str
    many: int
    """How often it is repeated."""
    at_most: float


CASES = (Case("GET counter", 50, 2.5), Case("GET 1,000 rows", 4, 1.5), Case("POST counter", 30, 4))


async def step(case: Case, app: Any) -> Callable[[], Awaitable[Reply]]:
    if case.name == "POST counter":
        return await post(app)
    return get(app, "/rows" if "rows" in case.name else "/")


async def replay() -> list[float]:
    """Send each kind of request many times, to the plain and the live application alternately.

    Return the CPU time of one request for each kind and application, in microseconds: that of the fastest
    round.
    """
    found = []
    for case in CASES:
        steps, best = [await step(case, app) for app in (plain, live)], [float("inf")] * 2
        for number in range(WARM_UP + ROUNDS):
            for at, one in enumerate(steps):
                gc.collect()
                os.getppid()  # at each call of this function, callgrind writes what it has counted
                begun = time.process_time()
                for _ in range(case.many):
                    assert (await one()).status in (200, 303)
                os.getppid()
                if number >= WARM_UP:
                    best[at] = min(best[at], (time.process_time() - begun) / case.many * 1e6)
        found += best
    return found


def counted() -> list[float]:
    """Return the instructions of one request for each kind and application, in thousands."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "out")
        command = ["valgrind", "--tool=callgrind", "--dump-before=getppid", f"--callgrind-out-file={out}"]
        store = {"LIVEACTIONS_STORE": f"sqlite:///{folder}/pages"}  # an empty store for each run
        subprocess.run(
            [*command, sys.executable, "-m", "benchmarks.requests", "--replay"],
            check=True, capture_output=True, env={**os.environ, "PYTHONHASHSEED": "0", **store},
        )  # fmt: skip
        rounds = [
            (case, number) for case in CASES for number in range(WARM_UP + ROUNDS) for _ in (plain, live)
        ]
        # Odd dumps are of what comes between the rounds.
        dumps = [Path(f"{out}.{2 * index + 2}") for index in range(len(rounds))]
        return [
            _total(dump) / case.many / 1000
            for dump, (case, number) in zip(dumps, rounds, strict=True)
            if number == WARM_UP
        ]


def _total(file: Path) -> int:
    found = re.search(r"^totals: (\d+)", file.read_text(), re.MULTILINE)
    assert found, file
    return int(found[1])


def measure() -> list[Line]:
    has_valgrind = shutil.which("valgrind") is not None
    found, unit = (counted(), "thousand") if has_valgrind else (asyncio.run(replay()), "µs")
    lines = []
    for case, bare, ours in zip(CASES, found[::2], found[1::2], strict=True):
        lines.append(Line(f"{case.name}: plain", bare, unit))
        lines.append(Line(f"{case.name}: ours", ours, unit))
        lines.append(Line(f"{case.name}: ours, in plain ones", ours / bare, at_most=case.at_most))
    return lines


if __name__ == "__main__":
    if sys.argv[1:] == ["--replay"]:
        asyncio.run(replay())
    else:
        show("Requests beside plain Starlette and Jinja2", measure())
