"""What blocks the event loop is named in debug mode."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Iterator

import pytest

from liveactions import Live, Page, Pages, action, every
from liveactions.execution import watchdog
from tests.behaviour.ways import Way, visiting, ways
from tests.support.patience import PATIENCE
from tests.support.small import small_app

pages = Pages()
reported = threading.Event()
BLOCKED_AFTER = 0.1
"""Seconds that the watchdog lets pass here."""
LIMIT = 0.3
"""Seconds for which a function blocks that nobody is to report: more than the watchdog lets pass."""


class Reported(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        if f"blocks the event loop at {__file__}" in record.getMessage():  # not what a busy machine delays
            reported.set()


@pytest.fixture(autouse=True)
def limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchdog, "BLOCKED_AFTER", BLOCKED_AFTER)
    monkeypatch.setattr(watchdog, "CHECK_INTERVAL", BLOCKED_AFTER / 2)


@pytest.fixture(autouse=True)
def handler() -> Iterator[None]:
    reported.clear()
    handler = Reported()
    logging.getLogger().addHandler(handler)
    yield
    logging.getLogger().removeHandler(handler)


def wait_for_the_report() -> None:
    """Block, as `time.sleep` does, until it is noticed."""
    assert reported.wait(PATIENCE)


@pages.page("/slow")
class Slow(Page):
    template = "slow.html"
    done: str = ""

    @action
    async def block(self) -> None:
        wait_for_the_report()
        self.done = "blocked"

    @action
    def wait(self) -> None:
        assert not reported.wait(LIMIT)
        self.done = "waited"

    @action
    async def block_in_production(self) -> None:
        assert not reported.wait(LIMIT)
        self.done = "unnoticed"


@pages.page("/ticking")
class Ticking(Page):
    template = "slow.html"
    done: str = ""

    @every(1.0)
    async def tick(self) -> None:
        wait_for_the_report()
        self.done = "ticked"


FORM = '<form method="post" action="{{ %s }}"><button>%s</button></form>'
NAMES = ("block", "wait", "block_in_production")
TEMPLATES = {
    "slow.html": "<title>S</title><p>{{ done }}</p>" + "".join(FORM % (name, name) for name in NAMES)
}


def app(debug: bool) -> Live:
    return small_app(pages, TEMPLATES, debug=debug)


@ways("SHN")
async def test_an_action_that_blocks_the_loop_is_named(way: Way, caplog: pytest.LogCaptureFixture) -> None:
    async with visiting(app(debug=True), way) as browser:
        page = await browser.open("/slow")
        await page.click("block")
        assert page.text("p") == "blocked"
    assert f"Slow.block blocks the event loop at {__file__}:" in caplog.text
    assert "write a plain `def`" in caplog.text


async def test_a_timer_that_blocks_the_loop_is_named(caplog: pytest.LogCaptureFixture) -> None:
    async with visiting(app(debug=True), "S") as browser:
        page = await browser.open("/ticking")
        await browser.clock.advance(1)
        await page.shows("ticked")
    assert "Ticking.tick blocks the event loop" in caplog.text


@pytest.mark.parametrize(("name", "debug"), [("wait", True), ("block_in_production", False)])
async def test_what_runs_in_a_thread_and_production_are_left_alone(name: str, debug: bool) -> None:
    async with visiting(app(debug), "S") as browser:
        page = await browser.open("/slow")
        await page.click(name)
        assert page.text("p") == {"wait": "waited", "block_in_production": "unnoticed"}[name]


def test_a_loop_is_watched_once_until_it_is_closed() -> None:
    async def visit() -> set[threading.Thread]:
        before = set(threading.enumerate())
        async with visiting(app(debug=True), "S") as browser:
            await browser.open("/slow")
            await browser.open("/ticking")
            return {one for one in threading.enumerate() if one.name == "liveactions-watchdog"} - before

    (thread,) = asyncio.run(visit())
    thread.join(PATIENCE)
    assert not thread.is_alive()
