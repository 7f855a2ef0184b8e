"""Links whose pages are loaded ahead: `live-nav`, and a pointer that rests on one."""

from __future__ import annotations

import asyncio

import pytest

from liveactions import InTab, Live, Page, Pages, action, cached, redirect, revalidate_tag
from liveactions.actions.request import PageRequest
from liveactions.session import ahead
from liveactions.session.runner import Session
from liveactions.testing import Browser, plugin
from tests.support.small import small_app

browser = plugin.browser
pages = Pages()
LINKS = """<nav live-nav><a href="/next?n=1">Next</a> <a href="/draft">Draft</a> <a href="/away">Away</a>
<a href="/nowhere">Nowhere</a> <a href="/next" live-nav="still">Still</a></nav>"""
TEMPLATES = {
    "home.html": f"<title>Home</title>{LINKS}<button live-click='{{{{ add }}}}'>Add</button>",
    "next.html": f"<title>Next</title>{LINKS}<p>{{{{ total }}}} for {{{{ name }}}}</p>",
    "draft.html": "<title>Draft</title><p>{{ text }}</p>",
}
stock = {"total": 1}
seen: list[str] = []


@cached(tags=["stock"])
async def in_stock() -> int:
    return stock["total"]


@pages.page("/")
class Home(Page):
    template = "home.html"

    @action
    async def add(self) -> None:
        stock["total"] += 1
        revalidate_tag("stock")


@pages.page("/next")
class Next(Page):
    template = "next.html"
    total: int = 0
    name: str = ""

    async def load(self) -> None:
        seen.append("load")
        self.total = await in_stock()
        self.name = self.request.cookies.get("name", "nobody")

    async def connected(self) -> None:
        seen.append("connected")


@pages.page("/draft")
class Draft(Page):
    template = "draft.html"
    text: InTab[str] = ""

    async def mount(self) -> None:
        seen.append("mount")
        self.text = "begun"


@pages.page("/away")
class Away(Page):
    template = "draft.html"
    text: str = ""

    async def mount(self) -> object:
        seen.append("away")
        return redirect("/next")


@pytest.fixture
def live() -> Live:
    seen.clear()
    stock["total"] = 1
    return small_app(pages, TEMPLATES)


async def ahead_of(live: Live) -> Session:
    """Return the session when it has loaded a page ahead."""
    [session] = live.sessions
    while not seen:
        await asyncio.sleep(0)
    await session.tasks.finished()
    return session


async def test_a_page_that_was_loaded_ahead_is_shown_without_loading_it_again(browser: Browser) -> None:
    page = await browser.open("/")
    await page.hover("Next")
    await page.hover("Next")
    await page.click("Next")
    assert (page.url, page.text("p"), seen) == ("/next?n=1", "1 for nobody", ["load", "connected"])


async def test_what_an_operation_has_changed_since_is_shown(browser: Browser, live: Live) -> None:
    page = await browser.open("/")
    await page.hover("Next")
    await ahead_of(live)
    await page.click("Add")
    await page.click("Next")
    assert (page.text("p"), seen) == ("2 for nobody", ["load", "load", "connected"])


async def test_what_is_published_since_reaches_the_page(browser: Browser, live: Live) -> None:
    page = await browser.open("/")
    await page.hover("Next")
    await ahead_of(live)
    stock["total"] = 5
    revalidate_tag("stock")
    await page.click("Next")
    await page.shows("5 for nobody")


async def test_a_page_that_is_not_followed_is_connected_to_nothing(browser: Browser, live: Live) -> None:
    page = await browser.open("/")
    before = live.stats()
    await page.hover("Next")
    await ahead_of(live)
    after = live.stats()
    assert (seen, after.sessions, after.ops, after.pushes) == (
        ["load"],
        before.sessions,
        before.ops,
        before.pushes,
    )


async def test_after_a_few_seconds_it_is_loaded_again(
    browser: Browser, live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ahead, "SECONDS", 0)
    page = await browser.open("/")
    await page.hover("Next")
    await ahead_of(live)
    await page.click("Next")
    assert seen == ["load", "load", "connected"]


async def test_with_other_cookies_it_is_loaded_again(browser: Browser, live: Live) -> None:
    page = await browser.open("/")
    await page.hover("Next")
    session = await ahead_of(live)
    request = session.state.page.request
    headers = [*request.scope["headers"], (b"cookie", b"name=ada")]
    session.state.page.live.renew(PageRequest({**request.scope, "headers": headers}))
    await page.click("Next")
    assert (page.text("p"), seen) == ("1 for ada", ["load", "load", "connected"])


@pytest.mark.parametrize("link", ["Still", "Draft", "Nowhere"])
async def test_what_is_not_loaded_ahead(browser: Browser, live: Live, link: str) -> None:
    """What the author excludes, what would keep fields beyond the page, and what is no page."""
    page = await browser.open("/")
    await page.hover(link)
    await page.click("Add")  # messages are read in order
    await next(iter(live.sessions)).tasks.finished()
    assert seen == []


async def test_a_page_that_leads_elsewhere_is_followed_when_it_is_navigated_to(
    browser: Browser, live: Live
) -> None:
    page = await browser.open("/")
    await page.hover("Away")
    await ahead_of(live)
    assert seen == ["away"]
    await page.click("Away")
    assert (page.url, seen) == ("/next", ["away", "away", "load", "connected"])
