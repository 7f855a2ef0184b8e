"""`serve` and `live_page`, in a project of a user's; snapshots."""

from __future__ import annotations

import asyncio
import re
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.error import HTTPError

import jinja2
import pytest
from starlette.applications import Starlette

from liveactions import Bound, Live, Page, action
from liveactions.testing import Browser, serve
from tests.testing.test_plugin import run

APP = '''
import asyncio
import jinja2
from liveactions import Live, Page, action

PAGE = """<title>Notes</title>
<p>{{ n }}</p>
<button live-click="{{ add }}">Add</button>
<button live-click="{{ wait }}">Wait</button>"""
live = Live(jinja2.Environment(loader=jinja2.DictLoader({"notes.html": PAGE}), autoescape=True))
added, gate = asyncio.Event(), asyncio.Event()

@live.page("/notes")
class Notes(Page):
    template = "notes.html"
    n: int = 0

    @action
    async def add(self) -> None:
        await added.wait()
        self.n += 1

    @action
    async def wait(self) -> None:
        await gate.wait()
'''
CONFTEST = """
import pytest
from playwright.async_api import expect
from tests.chromium.launch import arguments
from tests.support.patience import PATIENCE, PATIENCE_MS

expect.set_options(timeout=PATIENCE_MS)

@pytest.fixture
def live_page_options():
    return arguments()

@pytest.fixture(autouse=True)
def patient(live_page):
    live_page.timeout = PATIENCE
"""
PASSES = """
import asyncio
from playwright.async_api import expect
from shop import added, gate
from liveactions.testing import LivePage

async def test_adding(live_page: LivePage) -> None:
    page = await live_page.open("/notes")
    await page.get_by_role("button", name="Add").click()
    await expect(page.locator("[data-pending]")).to_have_count(1)
    settled = asyncio.create_task(live_page.settled())
    assert await page.locator("p").text_content() == "0" and not settled.done()
    added.set()
    await settled
    assert await page.locator("p").text_content() == "1"
    tab, other = await live_page.new_tab(), await live_page.other()
    assert await (await tab.open("/notes")).locator("p").text_content() == "0"
    assert tab.page.context is page.context is not other.page.context
    await page.get_by_role("button", name="Wait").click()
    gate.set()  # the application runs in the event loop of the test
"""
FAILS = """
async def test_logging(live_page) -> None:
    page = await live_page.open("/notes")
    await page.evaluate("console.error('out of tea')")

async def test_throwing(live_page) -> None:
    page = await live_page.open("/notes")
    await page.evaluate("setTimeout(() => { throw new Error('out of milk') })")
    await page.evaluate("new Promise(setTimeout)")

async def test_waiting(live_page) -> None:
    page = await live_page.open("/notes")
    await page.get_by_role("button", name="Wait").click()
    live_page.timeout = 0.5
"""


@pytest.mark.browser
def test_a_page_in_a_real_browser(tmp_path: Path) -> None:
    """It passes; or fails because of errors in the console, or an answer that is missing."""
    files = {"shop.py": APP, "conftest.py": CONFTEST, "test_passes.py": PASSES, "test_fails.py": FAILS}
    report = run(tmp_path, files, "live = shop:live")
    assert re.search(r"4 passed, .*3 errors", report), report
    assert "test_passes.py ." in report
    assert re.search(r"the browser's console shows errors:\s+E\s+out of tea", report), report
    assert "Error: out of milk" in report
    assert re.search(r"still waiting for an answer after 0.5 s: <button .*aria-busy=", report), report


class Hello(Page):
    template = "hello.html"
    name: str = "you"

    @action
    async def greet(self, times: Bound[int] = 1, name: str = "") -> None:
        self.name = name * times


def application() -> Live:
    page = """<title>Hello</title><h1>Hello, {{ name }}</h1><main class="b" id="a"> Hello,
      <b>you</b> <br>
      <form method="post" action="{{ greet(2) }}"><input name="name" required> <button>Greet</button></form>
      <form method="post" action="{{ greet }}"><button>Reset</button></form>
      <pre>  one
  two</pre><!-- for designers --></main>"""
    templates = jinja2.Environment(loader=jinja2.DictLoader({"hello.html": page}), autoescape=True)
    live = Live(templates)
    live.page("/")(Hello)
    return live


def test_an_application_is_served_in_a_thread() -> None:
    with serve(application()) as url:
        assert b"<title>Hello" in urllib.request.urlopen(url).read()
        with pytest.raises(HTTPError, match="404"):
            urllib.request.urlopen(f"{url}/nothing")
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(url)


async def test_an_application_is_served_in_the_event_loop_of_the_test() -> None:
    async with serve(application()) as url:
        assert b"<title>Hello" in await asyncio.to_thread(lambda: urllib.request.urlopen(url).read())


async def test_an_application_that_does_not_start() -> None:
    async def fails(app: object) -> AsyncIterator[None]:
        raise OSError("no database")
        yield

    broken = Starlette(lifespan=asynccontextmanager(fails))
    with pytest.raises(RuntimeError, match="failed to start"):
        async with serve(broken):
            pass
    with pytest.raises(RuntimeError, match="failed to start"), serve(broken):
        pass


async def test_a_snapshot_has_nothing_that_varies() -> None:
    async with Browser(application()) as browser:
        page = await browser.open("/")
        assert (
            page.within("main").snapshot()
            == """\
<main class="b" id="a">
  Hello,
  <b>you</b>
  <br>
  <form action="/?_a=greet~2" method="post">
    <input name="name" required="">
    <button>Greet</button>
  </form>
  <form action="/?_a=greet" method="post">
    <button>Reset</button>
  </form>
  <pre>  one
  two</pre>
</main>"""
        )
        again = await browser.other().open("/")
        assert again.snapshot() == page.snapshot()
