"""The smallest page with state: a number and two actions."""

from __future__ import annotations

from liveactions import Page, Pages, action

pages = Pages()


@pages.page("/counter")
class Counter(Page):
    """A number, for as long as its page is open."""

    template = "counter.html"
    count: int = 0

    @action
    async def add(self, by: int = 1) -> None:
        self.count += by

    @action
    async def reset(self) -> None:
        self.count = 0
