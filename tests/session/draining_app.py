"""An application whose pages write down each operation, for workers that a test stops."""

from __future__ import annotations

import asyncio
import os

from jinja2 import DictLoader, Environment

from liveactions import Live, Page, action

NOTE = os.environ.get("NOTE", os.devnull)
DURATION = 0.05
"""Seconds that an operation takes, so that some are running when their worker is stopped."""
TEMPLATE = """<!doctype html><title>Ops</title><p>{{ count }}</p>
<form method="post" action="{{ add }}"><input name="name"><input name="n"></form>"""
live = Live(Environment(loader=DictLoader({"ops.html": TEMPLATE}), autoescape=True))


@live.page("/")
class Ops(Page):
    template = "ops.html"
    count: int = 0

    @action
    async def add(self, name: str, n: int) -> int:
        await asyncio.sleep(DURATION)
        file = os.open(NOTE, os.O_WRONLY | os.O_APPEND)
        os.write(file, f"{name} {n}\n".encode())  # a single write: lines of workers don't mix
        os.close(file)
        self.count += 1
        return self.count
