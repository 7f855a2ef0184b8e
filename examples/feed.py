"""A feed that loads more at both ends as it is scrolled. Without JavaScript, its ends are buttons."""

from __future__ import annotations

from dataclasses import dataclass

from liveactions import Page, Pages, action

pages = Pages()

PORTION = 20
COUNT = 1000
HOURS = "dawn morning noon afternoon evening night".split()
SIGHTS = "a heron|two seals|fog|a sail|rain from the west|nothing but water|a ferry|gulls".split("|")


@dataclass(frozen=True)
class Entry:
    id: int

    @property
    def text(self) -> str:
        day, hour = divmod(self.id, len(HOURS))
        return f"Day {day + 1}, {HOURS[hour]}: {SIGHTS[self.id * 7 % len(SIGHTS)]}."


@pages.page("/feed")
class Feed(Page):
    """A lighthouse's log, opened in the middle."""

    template = "feed.html"
    first: int = COUNT // 2
    last: int = COUNT // 2 + PORTION

    @property
    def entries(self) -> list[Entry]:
        return [Entry(number) for number in range(self.first, self.last)]

    @property
    def ends(self) -> bool:
        return self.last == COUNT

    @action
    async def show_earlier(self) -> None:
        self.first = max(0, self.first - PORTION)

    @action
    async def show_later(self) -> None:
        self.last = min(COUNT, self.last + PORTION)
