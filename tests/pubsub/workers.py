"""An application for several workers: its pages show what one of them has told the others."""

from __future__ import annotations

import os
from pathlib import Path

from jinja2 import DictLoader, Environment
from starlette.requests import Request

from liveactions import Live, Page, action, cached, loaded, on, presence, revalidate_tag

NOTE = Path(os.environ.get("NOTE", "note"))
TEMPLATES = {
    "notes.html": """<!doctype html><title>Notes</title><p>{{ worker }}</p>
<h1>{{ note }}</h1><pre>{{ said }}</pre>
<form method="post" action="{{ write }}"><input name="text"></form>
<form method="post" action="{{ say }}"><input name="text"></form>
<form method="post" action="{{ who }}"></form><form method="post" action="{{ heard }}"></form>
<form method="post" action="{{ leave }}"></form>""",
    "room.html": "<!doctype html><title>Room</title><p title='|{{ people|join(' ') }}|'></p>",
}

live = Live(
    Environment(loader=DictLoader(TEMPLATES), autoescape=True),
    identify=lambda request: request.query_params.get("as"),
)


@cached(tags=["note"])
def note() -> str:
    return NOTE.read_text()


@live.page("/")
class Notes(Page):
    template = "notes.html"
    worker: int = loaded()
    note: str = loaded()
    said: str = ""

    def load(self) -> None:
        self.worker, self.note = os.getpid(), note()

    @action
    async def write(self, text: str) -> None:
        NOTE.write_text(text)
        revalidate_tag("note")

    @action
    async def say(self, text: str) -> None:
        live.publish("said", text=text)

    @on("said")
    async def hear(self, text: str) -> None:
        self.said += text

    @action
    async def who(self) -> int:
        return os.getpid()

    @action
    async def heard(self) -> str:
        return self.said

    @action
    async def leave(self) -> None:
        live.disconnect("ada")


def name(request: Request) -> str | None:
    return request.query_params.get("as")


@live.page("/room/{id}")
class Room(Page):
    template = "room.html"
    id: str
    people = presence("room:{id}", name)
