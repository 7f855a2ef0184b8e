"""A page that can't be restored starts again: the person sees it, and the log says why."""

from __future__ import annotations

import logging
import re
from datetime import datetime
from html import unescape
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from markupsafe import Markup
from pydantic import AfterValidator

from liveactions import Live, Page, Pages, action
from liveactions.store import MemoryStore, Store
from liveactions.testing import Browser as Visiting
from liveactions.testing import Failed
from liveactions.testing.plugin import render_twice
from tests.behaviour.markup import form
from tests.support.asgi import Browser, Tab, browser
from tests.support.small import KEY, small_app

NOTICE = "This page had to be restarted."
OTHER_KEY = "another key that is as long as the first"
TEMPLATE = """<title>Counter</title><body><output>{{ count }}</output>
{% for message in live.flashes %}<b>{{ message.kind }}: {{ message.text }}</b>{% endfor %}
<i>{{ live.error.message }}</i>
<form method="post" action="{{ add }}"><input name="by"><button>Add</button></form>
<form method="post" action="{{ note }}"><button>Note</button></form>"""
noted: list[str] = []


@action
async def note() -> None:
    noted.append("noted")


def never(value: str) -> str:
    raise RuntimeError("not today")


def version(annotation: Any, default: Any, store: Store, key: str = KEY, **options: Any) -> Live:
    """The application with a page whose field has this annotation."""
    pages = Pages()

    @pages.page("/counter")
    class Counter(Page):
        template = "counter.html"
        actions = [note]
        count: annotation = default

        @action
        async def add(self, by: str = "1") -> None:
            self.count = self.count + type(self.count)(by)

    return small_app(pages, {"counter.html": TEMPLATE}, keys=key, store=store, name="restarts", **options)


@pytest.fixture
def store() -> Store:
    noted.clear()
    return MemoryStore()


OTHERS = [
    (
        Annotated[int, AfterValidator(never)],
        0,
        KEY,
        "Counter.count: RuntimeError: not today",
    ),
    (list[int], [], KEY, "Counter.count: Input should be a valid"),
    (int, 0, OTHER_KEY, "could not restore"),
]
"""Versions of the page that don't know the state of the first."""


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


async def counted(visitor: Browser) -> Tab:
    """A tab whose page has a state that was stored."""
    tab = await visitor.joined("/counter")
    await tab.call("add")
    await tab.socket.lose()
    return tab


@pytest.mark.parametrize(("annotation", "default", "key", "why"), OTHERS)
async def test_a_join_says_so(
    annotation: Any, default: Any, key: str, why: str, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    async with (
        browser(version(int, 0, store)) as here,
        browser(version(annotation, default, store, key)) as there,
    ):
        tab = await counted(here)
        tab.browser = there
        welcome = await tab.join()
        assert f"warning: {NOTICE}" in welcome["patch"]["page"]
        assert any(why in line for line in warnings(caplog))
        assert NOTICE not in str(await tab.call("add", "by", "1"))  # until the next action


async def test_a_join_without_a_session_says_so(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    async with browser(version(int, 0, store)) as here, browser(version(list[int], [], store)) as there:
        tab = await here.open("/counter")
        tab.browser = there
        assert NOTICE in (await tab.join())["patch"]["page"]
        assert "Counter.count" in caplog.text


@pytest.mark.parametrize("shows_messages", [True, False])
async def test_the_client_says_so_where_the_page_shows_no_messages(
    shows_messages: bool, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not shows_messages:
        monkeypatch.setitem(globals(), "TEMPLATE", TEMPLATE.replace("live.flashes", "()"))
    async with browser(version(int, 0, store)) as here, browser(version(list[int], [], store)) as there:
        tab = await counted(here)
        tab.browser = there
        welcome = await tab.join()
        assert (NOTICE in welcome["patch"]["page"]) is shows_messages
        if not shows_messages:
            [[name, notice]] = (await tab.receive())[5]["events"]
            assert name == "live:notice" and notice.startswith(NOTICE)
        await tab.call("add")
        assert tab.socket.unread == 0


@pytest.mark.usefixtures("no_handover")
async def test_an_older_state_says_so(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    async with browser(version(int, 0, store)) as here, browser(version(int, 0, store)) as there:
        tab = await here.joined("/counter")
        await tab.call("add")
        tab.rev, tab.browser = 5, there
        page = (await tab.join())["patch"]["page"]
        assert NOTICE in page and "<output" in page
        assert any("older" in line for line in warnings(caplog))


async def test_a_page_that_is_restored_says_nothing(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    async with browser(version(int, 0, store)) as here, browser(version(int, 0, store)) as there:
        tab = await counted(here)
        tab.browser = there
        assert "patch" not in await tab.join()
        assert NOTICE not in (await there.open("/counter")).html and not warnings(caplog)


async def posted(tab: Tab, reference: str, snapshot: str) -> httpx.Response:
    return await tab.browser.http.post(tab.path, params={"_a": reference}, data={"_s": snapshot, "by": "7"})


@pytest.mark.parametrize(("annotation", "default", "key", "why"), OTHERS)
async def test_the_address_of_a_state_says_so(
    annotation: Any, default: Any, key: str, why: str, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    async with (
        browser(version(int, 0, store)) as here,
        browser(version(annotation, default, store, key)) as there,
    ):
        tab = await here.open("/counter")
        location = (await posted(tab, tab.signed("add"), tab.snapshot)).headers["location"]
        moved = await there.http.get(location)
        assert (moved.status_code, moved.headers["location"]) == (303, "/counter")
        assert f"warning: {NOTICE}" in unescape((await there.http.get("/counter")).text)
        assert NOTICE not in (await there.http.get("/counter")).text
        assert any(why in line for line in warnings(caplog))


@pytest.mark.parametrize(("annotation", "default", "key", "why"), OTHERS)
async def test_a_post_says_so(
    annotation: Any, default: Any, key: str, why: str, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    async with (
        browser(version(int, 0, store)) as here,
        browser(version(annotation, default, store, key)) as there,
    ):
        tab = await here.open("/counter")
        tab.browser = there
        response = await posted(tab, tab.signed("add"), tab.snapshot)
        assert response.status_code == 409 and "<i>This page was out of date." in unmarked(response)
        assert any(why in line for line in warnings(caplog))


async def test_a_post_to_an_action_of_no_page_runs_and_says_so(store: Store) -> None:
    async with browser(version(int, 0, store)) as here, browser(version(list[int], [], store)) as there:
        tab = await here.open("/counter")
        reference = next(name for name in re.findall(r'_a=([^"&]+)', tab.html) if "note" in unescape(name))
        tab.browser = there
        response = await there.http.post(f"/counter?_a={reference}", data={"_s": tab.snapshot})
        assert noted == ["noted"]
        assert NOTICE in (await there.http.get(response.headers["location"])).text


async def test_a_call_by_a_script_is_refused_and_logged(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    async with browser(version(int, 0, store)) as here, browser(version(list[int], [], store)) as there:
        tab = await here.open("/counter")
        reply = await there.http.post(
            "/counter", data={"_s": tab.snapshot}, headers={"Live-Action": tab.signed("add")}
        )
        assert reply.status_code == 409
        assert any("Counter.count" in line for line in warnings(caplog))


async def test_the_notice_is_a_message_that_can_be_translated(store: Store) -> None:
    texts = {"page_restarted": "Neu begonnen."}
    async with (
        browser(version(int, 0, store)) as here,
        browser(version(list[int], [], store, messages=texts)) as there,
    ):
        tab = await counted(here)
        tab.browser = there
        assert "warning: Neu begonnen." in (await tab.join())["patch"]["page"]


def unmarked(response: httpx.Response) -> str:
    """The HTML without the library's marks."""
    return re.sub(r' data-l="[^"]*"|<!--.*?-->', "", unescape(response.text))


@pytest.mark.parametrize("js", [True, False])
async def test_state_that_would_not_be_the_same_fails_the_operation(
    js: bool, caplog: pytest.LogCaptureFixture
) -> None:
    pages = Pages()

    @pages.page("/page")
    class Notes(Page):
        template = "page.html"
        when: datetime | None = None
        text: str = ""

        @action
        async def meet(self) -> None:
            self.when = datetime(2024, 7, 1, tzinfo=ZoneInfo("Europe/Berlin"))

        @action
        async def write(self) -> None:
            self.text = Markup("<b>bold</b>")

    template = "<title>P</title><p>{{ text }}</p>" + form("meet") + form("write")
    live = small_app(pages, {"page.html": template})
    async with Visiting(live, js=js) as visitor:
        page = await visitor.open("/page")
        with pytest.raises(Failed, match="500"):
            await page.click("meet")
        assert "Notes.when: " in caplog.text and "Store the time in UTC" in caplog.text
        page = await visitor.open("/page")
        await page.click("write")
        render_twice(live)
        page = await visitor.open("/page")
        with pytest.raises(Failed, match="500"):
            await page.click("write")
        assert "Notes.text: it is a Markup and would come back as a str" in caplog.text
