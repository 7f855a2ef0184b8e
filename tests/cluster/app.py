"""An application for several machines, whose actions write down what they have run.

The folder `NOTES` stands for its database: each process appends to a file of its own there.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from pathlib import Path

from jinja2 import DictLoader, Environment

from liveactions import Live, Page, action, cached, loaded, revalidate_tag

NOTES = Path(os.environ.get("NOTES", "notes"))
BALLAST = int(os.environ.get("BALLAST", "0"))
"""How much state a page has besides, in bytes."""
RELEASE = int(os.environ.get("RELEASE", "1"))
DURATION = 0.05
"""Seconds that an operation takes, so that kills hit some of them."""
TEMPLATES = {
    "person.html": """<!doctype html><title>Person</title><body><output>{{ ran }}</output>
<i>{{ worker }}</i><b>{{ release }}</b>
{% for message in live.flashes %}<p>{{ message.text }}</p>{% endfor %}
<form method="post" action="{{ run }}"><input name="n"></form>""",
    "viewer.html": """<!doctype html><title>Viewer</title><body><output>{{ total }}</output>
{% for message in live.flashes %}<p>{{ message.text }}</p>{% endfor %}""",
}

live = Live(Environment(loader=DictLoader(TEMPLATES), autoescape=True))


@cached(tags=["notes"])
def total() -> int:
    return sum(len(path.read_bytes().splitlines()) for path in NOTES.iterdir())


@live.page("/person/{who}")
class Person(Page):
    template = "person.html"
    who: str
    ran: str = "0"
    """The numbers of the operations that this state contains: bits, in hexadecimal digits."""
    ballast: str = ""
    worker: int = loaded()
    release: int = loaded()
    if RELEASE == 1:
        colour: str = "red"
    else:  # the next release has another field instead
        size: int = 1

    async def mount(self) -> None:
        self.ballast = secrets.token_hex(BALLAST // 2)

    def load(self) -> None:
        self.worker, self.release = os.getpid(), RELEASE

    @action
    async def run(self, n: int) -> None:
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
