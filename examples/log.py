"""A long log as a stream: the page shows some of its entries, and the server keeps none of them in memory."""

from __future__ import annotations

from dataclasses import dataclass

from liveactions import Bound, Page, Pages, Stream, action, stream

pages = Pages()

PORTION = 20
COUNT = 100_000
SIGHTS = "a heron|two seals|fog|a sail|rain from the west|nothing but water|a ferry|gulls".split("|")


@dataclass(frozen=True)
class Entry:
    id: int
    is_struck: bool = False

    @property
    def text(self) -> str:
        return f"{self.id}: {SIGHTS[self.id * 7 % len(SIGHTS)]}"


@pages.page("/log")
class Log(Page):
    """The log, opened in the middle."""

    template = "log.html"
    entries: Stream[Entry] = stream(limit=200)
    first: int = COUNT // 2
    last: int = COUNT // 2 + PORTION
    """The range of what is shown."""
    struck: frozenset[int] = frozenset()

    def between(self, first: int, last: int) -> list[Entry]:
        return [Entry(number, number in self.struck) for number in range(max(0, first), min(last, COUNT))]

    async def load(self) -> None:
        if self.entries.is_new:
            self.entries.reset(self.between(self.first, self.last))

    @action
    async def show_earlier(self) -> None:
        self.entries.prepend(*self.between(self.first - PORTION, self.first))
        self.first = max(0, self.first - PORTION)
        self.last = min(self.last, self.first + self.entries.limit)

    @action
    async def show_later(self) -> None:
        self.entries.append(*self.between(self.last, self.last + PORTION))
        self.last = min(COUNT, self.last + PORTION)
        self.first = max(self.first, self.last - self.entries.limit)

    @action
    async def strike(self, id: Bound[int]) -> None:
        self.struck ^= {id}
        self.entries.update(Entry(id, id in self.struck))
