"""Measure a page's memory after 10,000 items: in a stream, in a list, and without any."""

from __future__ import annotations

import asyncio
import gc
from dataclasses import dataclass
from sys import getsizeof
from types import FunctionType, ModuleType
from typing import Any, Final

from jinja2 import DictLoader, Environment

from benchmarks.report import Line
from liveactions import Live, Page, Stream, action, stream
from liveactions.store import MemoryStore
from liveactions.testing import Browser
from liveactions.types import Reference

COUNT: Final = 10_000
PORTION: Final = 100
BODY: Final = """<title>Items</title>
<ol>{% for item in items %}<li id="item-{{ item.id }}"><b>{{ item.id }}</b> {{ item.text }}</li>
{% endfor %}</ol>
{{ button(add, "Add") }}{{ button(nothing, "Nothing") }}"""


@dataclass(frozen=True)
class Item:
    id: int
    text: str


class Adding(Page):
    template = "items.html"
    next: int = 0

    def portion(self) -> list[Item]:
        self.next += PORTION
        return [Item(number, f"item {number}") for number in range(self.next - PORTION, self.next)]

    @action
    async def nothing(self) -> None:
        """Acknowledge what was sent."""


class Streamed(Adding):
    items: Stream[Item] = stream(limit=200)

    @action
    async def add(self) -> None:
        self.items.append(*self.portion())


class Listed(Adding):
    items: tuple[Item, ...] = ()

    @action
    async def add(self) -> None:
        self.items += tuple(self.portion())


async def _held(live: Live, path: str, portions: int) -> tuple[int, int]:
    """Return the number of objects of a page and its renders, and their size in bytes."""
    async with Browser(live) as browser:
        page = await browser.open(path)
        for _ in range(portions):
            await page.click("Add")
        for _ in range(2):
            await page.click("Nothing")
        [session] = live.sessions
        session.state.evict()  # as after 15 s
        return _size([session.state.page.__dict__, session.state.history, session.state.data])


def _size(roots: list[Any]) -> tuple[int, int]:
    seen: dict[int, Any] = {}
    left = list(roots)
    while left:
        one = left.pop()
        if id(one) in seen or isinstance(one, (type, ModuleType, FunctionType, Reference)):
            continue
        seen[id(one)] = one
        left += gc.get_referents(one)
    return len(seen), sum(map(getsizeof, seen.values()))


def measure() -> list[Line]:
    environment = Environment(loader=DictLoader({"items.html": BODY}), autoescape=True)
    live = Live(environment, keys="k" * 32, store=MemoryStore())
    for name, cls in (("stream", Streamed), ("list", Listed)):
        live.page(f"/{name}")(cls)
    lines = []
    for name, path, portions in (
        ("no items", "/stream", 0),
        (f"{COUNT:,} items in a stream", "/stream", COUNT // PORTION),
        (f"{COUNT:,} items in a list", "/list", COUNT // PORTION),
    ):
        objects, size = asyncio.run(_held(live, path, portions))
        lines += [Line(f"{name}: objects", objects), Line(f"{name}: bytes", size / 1024, "KiB")]
    return lines


if __name__ == "__main__":
    print(*measure(), sep="\n")
