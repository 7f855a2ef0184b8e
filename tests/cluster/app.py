"""An application for several machines, whose actions write down what they have run.

The folder `NOTES` serves as its database: each process appends to a file of its own there. What is sent and
fetched as a file can be told from the number of its operation.
"""

from __future__ import annotations

import asyncio
import os
import random
import secrets
from pathlib import Path

from jinja2 import DictLoader, Environment
from starlette.datastructures import UploadFile
from starlette.responses import Response

from liveactions import Limits, Live, Page, action, cached, loaded, revalidate_tag

NOTES = Path(os.environ.get("NOTES", "notes"))
BALLAST = int(os.environ.get("BALLAST", "0"))
"""How much state a page has besides, in bytes."""
RELEASE = int(os.environ.get("RELEASE", "1"))
DURATION = 0.05
"""Seconds that an operation takes, so that kills hit some of them."""
SIZES = 0, 10_000, 1_500_000
"""Of files, in bytes: the last one is more than a store takes."""
LIMITS = Limits(action=5.0)
"""Whoever repeats a post whose worker was killed waits for twice as long."""
TEMPLATES = {
    "person.html": """<!doctype html><title>Person</title><body><output>{{ ran }}</output>
<i>{{ worker }}</i><b>{{ release }}</b>
{% for message in live.flashes %}<p>{{ message.text }}</p>{% endfor %}
<form id="run" method="post" action="{{ run }}"><input name="n"></form>
<form id="send" method="post" action="{{ send }}"><input name="n"><input type="file" name="file"></form>
<form id="export" method="post" action="{{ export }}"><input name="n"></form>""",
    "viewer.html": """<!doctype html><title>Viewer</title><body><output>{{ total }}</output>
{% for message in live.flashes %}<p>{{ message.text }}</p>{% endfor %}""",
}

live = Live(Environment(loader=DictLoader(TEMPLATES), autoescape=True), limits=LIMITS)


def content(who: str, n: int) -> bytes:
    """Return the file of an operation."""
    source = random.Random(f"{who} {n}")
    return source.randbytes(source.choice(SIZES))


@cached(tags=["notes"])
def total() -> int:
    return sum(len(path.read_bytes().splitlines()) for path in NOTES.iterdir())


@live.page("/person/{who}")
class Person(Page):
    template = "person.html"
    who: str
    ran: str = "0"
    """The numbers of the operations that this state contains: bits, in hexadecimal digits."""
    ballast: tuple[str, ...] = ()
    worker: int = loaded()
    release: int = loaded()
    if RELEASE == 1:
        colour: str = "red"
    else:  # the next release has another field instead
        size: int = 1

    async def mount(self) -> None:
        self.ballast = tuple(secrets.token_hex(50) for _ in range(BALLAST // 100))

    def load(self) -> None:
        self.worker, self.release = os.getpid(), RELEASE

    @action
    async def run(self, n: int) -> None:
        await self._run(n)

    @action
    async def send(self, n: int, file: UploadFile) -> None:
        assert await file.read() == content(self.who, n), "another file"
        await self._run(n)

    @action
    async def export(self, n: int) -> Response:
        await self._run(n)
        return Response(content(self.who, n), media_type="application/octet-stream")

    async def _run(self, n: int) -> None:
        file = os.open(NOTES / str(os.getpid()), os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(file, f"{self.who} {n}\n".encode())
        os.close(file)
        await asyncio.sleep(DURATION)
        self.ran = f"{int(self.ran, 16) | 1 << n:x}"
        revalidate_tag("notes")


@live.page("/viewer")
class Viewer(Page):
    template = "viewer.html"
    total: int = loaded()

    def load(self) -> None:
        self.total = total()
