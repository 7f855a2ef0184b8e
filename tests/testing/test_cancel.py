"""Actions that run beside the others, and the button that stops them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from liveactions import Live, Page, Pages, action
from liveactions.testing import Browser
from tests.support.small import small_app

pages = Pages()
TEMPLATES = {
    "work.html": """<title>Work</title><button live-click="{{ run }}">Run</button>
<button live-cancel="{{ run }}">Stop</button><button live-cancel>No upload</button><h1>{{ steps }}</h1>""",
}
going_on = asyncio.Event()


@pages.page("/work")
class Work(Page):
    template = "work.html"
    steps: int = 0

    @action
    async def run(self) -> AsyncIterator[None]:
        while self.steps < 100:
            self.steps += 1
            yield
            await going_on.wait()


@pytest.fixture
def live() -> Live:
    going_on.clear()
    return small_app(pages, TEMPLATES)


async def test_a_running_action_is_stopped(live: Live) -> None:
    async with Browser(live) as browser:
        page = await browser.open("/work")
        await page.click("Run")
        await page.shows("1")
        await page.click("Stop")
        going_on.set()
        [session] = live.sessions
        await session.concurrent.finished()
        assert page.text("h1") in ("1", "2")
