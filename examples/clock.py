"""The server pushes without being asked."""

from __future__ import annotations

from datetime import UTC, datetime

from liveactions import Page, Pages, every

pages = Pages()


@pages.page("/clock")
class Clock(Page):
    """The server's time, written to every open tab once a second."""

    template = "clock.html"
    now: datetime = datetime.min

    async def mount(self) -> None:
        self.now = datetime.now(UTC)

    @every(1.0)
    async def tick(self) -> None:
        self.now = datetime.now(UTC)
