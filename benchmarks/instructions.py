"""Prints how many instructions an op of a counter takes, counted by callgrind.

``python -m benchmarks.instructions``, where valgrind is installed. The same page is driven in process by
few ops and by many; the difference is that of the ops alone, and repeatable to a few per cent. The variable
``STORE`` is the URL of another store than the default, or ``memory``. What the clock makes due (looking for
messages of other workers) is left out: the slower the machine, the more of it there would be.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
from html import unescape
from math import inf

import jinja2

from benchmarks.report import Line, show
from liveactions import Limits, Live, Page, action
from liveactions.session import registry
from liveactions.store import MemoryStore
from liveactions.testing.asgi import ORIGIN, Socket, http, request, websocket

FEW, MANY = 10, 90
STORE = os.environ.get("STORE")
SCRIPT = re.compile(r'data-live="([^"]*)" data-snapshot="([^"]*)"')
FORM = re.compile(r"[?]_a=([^\s>'\"]+)")
live = Live(
    templates=jinja2.Environment(
        loader=jinja2.DictLoader(
            {
                "counter.html": "<p>{{ count }}</p>"
                "<form method=post action='{{ add }}'><button>Add</button></form>"
            }
        ),
        autoescape=True,
    ),
    keys="k" * 32,
    store=MemoryStore() if STORE == "memory" else STORE,
    limits=Limits(ops_per_second=inf),
)


@live.page("/")
class Counter(Page):
    template = "counter.html"
    count: int = 0

    @action
    async def add(self) -> None:
        self.count += 1


async def replay(ops: int) -> None:
    """Open the page, and send it so many ops, one after the other."""
    html = (await request(live, {**http("/", (), "127.0.0.1", {}), "method": "GET"}, b"")).text
    address, snapshot = map(unescape, SCRIPT.search(html).groups())  # type: ignore[union-attr]
    reference = unescape(FORM.search(html)[1])  # type: ignore[index]
    socket = Socket(live, websocket(address, [("origin", ORIGIN)], "127.0.0.1", {}))
    await socket.accepted()
    socket.send({"v": 1, "url": "/", "snapshot": snapshot, "token": None, "rev": 0, "op": 0})
    rev = (await socket.receive()).get("rev", 0)
    for n in range(1, ops + 1):
        socket.send([n, rev, 1, reference, []])
        rev = (await socket.receive())[0]
    await socket.leave(10)


def instructions(ops: int, **env: str) -> int:
    """Count what a process executes that replays so many ops, with these variables in its environment."""
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", sys.executable]
    environment = {**os.environ, "PYTHONHASHSEED": "0", **env}
    run = subprocess.run(
        [*command, "-m", "benchmarks.instructions", str(ops)],
        check=True, capture_output=True, text=True, env=environment,
    )  # fmt: skip
    found = re.search(r"Collected : (\d+)", run.stderr)
    assert found, run.stderr
    return int(found[1])


def per_op(**env: str) -> float:
    """Return the instructions of one op, in thousands."""
    return (instructions(MANY, **env) - instructions(FEW, **env)) / (MANY - FEW) / 1000


def measure() -> list[Line]:
    if shutil.which("valgrind") is None:
        return []
    return [Line("instructions of a counter's op", per_op(), "thousand")]


if __name__ == "__main__":
    if len(sys.argv) > 1:
        registry.MAINTENANCE_INTERVAL = 1e9  # type: ignore[misc]
        asyncio.run(replay(int(sys.argv[1])))
    else:
        show("Instructions", measure())
