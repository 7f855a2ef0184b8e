"""Links whose pages are loaded ahead: `live-nav`, and a pointer that rests on one."""

from __future__ import annotations

import asyncio

import pytest
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, Response

from liveactions import (
    ActionError,
    InTab,
    Live,
    Page,
    Pages,
    Rendered,
    action,
    after,
    cached,
    loaded,
    redirect,
    render,
    revalidate_tag,
)
from liveactions.actions.request import PageRequest
from liveactions.session import prefetch
from liveactions.session.runner import Session
from liveactions.testing import Browser, plugin
from tests.support.small import small_app

browser = plugin.browser
pages = Pages()
LINKS = """<nav live-nav><a href="/next?n=1">Next</a> <a href="/draft">Draft</a> <a href="/away">Away</a>
<a href="/elsewhere">Elsewhere</a> <a href="/further">Further</a> <a href="/nowhere">Nowhere</a>
<a href="/next" live-nav="still">Still</a></nav>"""
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


@pages.page("/elsewhere")
class Elsewhere(Page):
    template = "draft.html"
    text: str = loaded()

    async def load(self) -> object:
        seen.append("away")
        return redirect("/next")


@pages.page("/further")
async def further() -> Rendered:
    seen.append("away")
    raise redirect("/next")


@pytest.fixture
def live() -> Live:
    seen.clear()
    stock["total"] = 1
    return small_app(pages, TEMPLATES)


async def prefetched(live: Live) -> Session:
    """Return the session when it has prefetched a page."""
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
    await prefetched(live)
    await page.click("Add")
    await page.click("Next")
    assert (page.text("p"), seen) == ("2 for nobody", ["load", "load", "connected"])


async def test_what_is_published_since_reaches_the_page(browser: Browser, live: Live) -> None:
    page = await browser.open("/")
    await page.hover("Next")
    await prefetched(live)
    stock["total"] = 5
    revalidate_tag("stock")
    await page.click("Next")
    await page.shows("5 for nobody")


async def test_a_page_that_is_not_followed_is_connected_to_nothing(browser: Browser, live: Live) -> None:
    page = await browser.open("/")
    before = live.stats()
    await page.hover("Next")
    await prefetched(live)
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
    monkeypatch.setattr(prefetch, "MAX_AGE", 0)
    page = await browser.open("/")
    await page.hover("Next")
    await prefetched(live)
    await page.click("Next")
    assert seen == ["load", "load", "connected"]


async def test_with_other_cookies_it_is_loaded_again(browser: Browser, live: Live) -> None:
    page = await browser.open("/")
    await page.hover("Next")
    session = await prefetched(live)
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


@pytest.mark.parametrize("link", ["Away", "Elsewhere", "Further"])
async def test_a_page_that_leads_elsewhere_is_followed_when_it_is_navigated_to(
    browser: Browser, live: Live, link: str
) -> None:
    """By `mount`, by `load`, and as a function."""
    page = await browser.open("/")
    await page.hover(link)
    await prefetched(live)
    assert seen == ["away"]
    await page.click(link)
    assert (page.url, seen) == ("/next", ["away", "away", "load", "connected"])


# Who the visitor is, and what they may see, can change on the server: the cookies stay the same.

visitor = {"name": "alice", "right": "member"}
CLUB = {
    "home.html": '<title>Home</title><nav live-nav><a href="/club">Club</a></nav><h1>Home</h1>',
    "club.html": "<title>Club</title><h1>Secret of {{ name }}</h1>",
    "door.html": "<title>Door</title><h1>Door</h1>",
}


def identify(_: HTTPConnection) -> str:
    return visitor["name"]


def guard(request: Request) -> None:
    if request.url.path != "/club":
        return
    seen.append("guard")
    if not hasattr(request.state, "right"):  # it is looked up once for each request
        request.state.right = visitor["right"]
    if request.state.right == "none":
        raise ActionError("Members only", status=403)
    if request.state.right == "guest":
        raise redirect("/door")


async def bouncer(request: Request, call_next: RequestResponseEndpoint) -> Response:
    if request.url.path == "/club" and visitor["right"] == "none":
        return PlainTextResponse("Members only", 403)
    return await call_next(request)


async def roles(request: Request, call_next: RequestResponseEndpoint) -> Response:
    request.state.right = visitor["right"]
    return await call_next(request)


def club(guarded_by: str = "page", *, is_full: bool = False) -> Live:
    """Return an application with a page that is guarded somewhere."""
    seen.clear()
    visitor.update(name="alice", right="member")
    pages, members = Pages(), Pages(guard=guard if guarded_by == "router" else ())

    @pages.page("/")
    async def home() -> Rendered:
        return render("home.html")

    @pages.page("/door")
    async def door() -> Rendered:
        return render("door.html")

    @members.page("/club", guard=guard if guarded_by in ("page", "page, by middleware") else ())
    class Club(Page):
        template = "club.html"
        name: str = loaded()

        async def load(self) -> None:
            seen.append("load")
            if is_full:
                raise ActionError("Full", status=404)
            after(seen.append, "after")
            self.name = visitor["name"]

    pages.include(members)
    dispatch = {"middleware": bouncer, "page, by middleware": roles}.get(guarded_by)
    return small_app(
        pages,
        CLUB,
        identify=identify,
        guard=guard if guarded_by == "application" else (),
        middleware=[Middleware(BaseHTTPMiddleware, dispatch=dispatch)] if dispatch else [],
    )


async def visit(live: Live, *, hover: bool, **changes: str) -> tuple[str, list[str]]:
    """Follow the link after the visitor has changed. Return the address and the headings that are shown."""
    async with Browser(live) as browser:
        page = await browser.open("/")
        if hover:
            await page.hover("Club")
            await prefetched(live)
            assert "load" in seen
        visitor.update(changes)
        await page.click("Club")
        for session in live.sessions:
            await session.tasks.finished()
        return page.url, page.texts("h1")


@pytest.mark.parametrize("guarded_by", ["page", "page, by middleware"])
async def test_its_guards_run_again_and_it_is_not_loaded_again(guarded_by: str) -> None:
    shown = await visit(club(guarded_by), hover=True)
    assert (shown, seen) == (("/club", ["Secret of alice"]), ["guard", "load", "guard", "after"])


async def test_for_another_identity_it_is_loaded_again() -> None:
    shown = await visit(club(), hover=True, name="bob")
    assert (shown, seen.count("load")) == (("/club", ["Secret of bob"]), 2)


@pytest.mark.parametrize("guarded_by", ["application", "router", "page", "page, by middleware", "middleware"])
async def test_a_visitor_whom_it_now_rejects_gets_what_they_would_without_it(guarded_by: str) -> None:
    shown = await visit(club(guarded_by), hover=True, right="none")
    assert seen.count("load") == 1
    assert shown == await visit(club(guarded_by), hover=False, right="none")
    assert (shown[0], seen.count("load")) == ("/club", 0)


@pytest.mark.parametrize("hover", [False, True])
async def test_a_guard_that_now_redirects_is_followed(hover: bool) -> None:
    assert await visit(club(), hover=hover, right="guest") == ("/door", ["Door"])


@pytest.mark.parametrize("hover", [False, True])
async def test_the_error_page_of_a_page_that_has_failed_is_not_shown_without_its_guards(hover: bool) -> None:
    _, shown = await visit(club(is_full=True), hover=hover, right="none")
    assert "403 Forbidden" in shown and "404 Not Found" not in shown
