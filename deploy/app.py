"""A small application to deploy: everybody's clicks are counted, and each page counts its own.

Replace it by yours. `LIVEACTIONS_KEY` and `LIVEACTIONS_STORE` are read from the environment.
"""

from __future__ import annotations

import os
import socket

from jinja2 import DictLoader, Environment

from liveactions import Limits, Live, Page, action, loaded, on

TEMPLATE = """<!doctype html>
<html lang="en">
<title>Clicks</title>
<p>You have clicked <output>{{ own }}</output> times, and heard of <b>{{ heard }}</b> clicks.</p>
<form method="post" action="{{ click }}"><button>Click</button></form>
<footer>{{ machine }}</footer>
</html>"""
live = Live(
    Environment(loader=DictLoader({"clicks.html": TEMPLATE}), autoescape=True),
    limits=Limits(drain=20),
    name="clicks",
)


@live.page("/")
class Clicks(Page):
    template = "clicks.html"
    own: int = 0
    heard: int = 0
    machine: str = loaded()

    def load(self) -> None:
        self.machine = os.environ.get("MACHINE", socket.gethostname())

    @action
    async def click(self) -> int:
        self.own += 1
        live.publish("clicked")
        return self.own

    @on("clicked")
    async def hear(self) -> None:
        self.heard += 1
