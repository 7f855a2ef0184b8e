"""A browser to which no socket opens."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from starlette.datastructures import UploadFile

from liveactions import ActionError, InUrl, Live, Page, Pages, action, redirect
from liveactions.actions.responses import Redirect
from liveactions.testing import Browser, Failed, File, Refusal
from liveactions.testing.clock import endpoints
from tests.support.small import small_app

pages = Pages()
TEMPLATES = {
    "counter.html": """<title>Counter</title><h1>{{ count }} {{ q }}</h1>
<form method="post" action="{{ add }}"><label>By <input name="by" value="1"></label> {{ add.error or "" }}
  <button>Add</button></form>
<button live-click="{{ find("c") }}">Find</button>
<button live-click="{{ add(10) }}">Ten</button><button live-click="{{ leave }}">Leave</button>
<form method="post" action="{{ send }}"><input type="file" name="photo" aria-label="Photo">
<button>Send</button></form><button live-click="{{ refuse }}">Refuse</button>
<a href="{{ url(q='b') }}" live-nav>b</a>""",
}


@pages.page("/counter")
class Counter(Page):
    template = "counter.html"
    count: int = 0
    q: InUrl[str] = ""

    @action
    async def add(self, by: int) -> None:
        self.count += by

    @action
    async def find(self, q: str) -> None:
        self.q = q

    @action
    async def leave(self) -> Redirect:
        return redirect("/counter?q=left")

    @action
    async def send(self, photo: UploadFile) -> None:
        self.count = len(await photo.read())

    @action
    async def refuse(self) -> None:
        raise ActionError("Not today", status=403)


@pytest.fixture
def live() -> Live:
    return small_app(pages, TEMPLATES)


@pytest.fixture(params=[True, False], ids=["stream", "fetch"])
async def browser(live: Live, request: pytest.FixtureRequest) -> AsyncIterator[Browser]:
    async with Browser(live, socket=False, stream=request.param) as browser:
        yield browser


@pytest.fixture
async def held_back(live: Live) -> AsyncIterator[Browser]:
    """A browser behind a proxy that passes on nothing but whole responses."""
    async with Browser(live, socket=False, stream=False) as browser:
        yield browser


async def test_ops_go_by_fetch(browser: Browser) -> None:
    page = await browser.open("/counter")
    await page.click("Ten")
    await page.fill("By", "4")
    await page.click("Add")
    assert page.text("h1") == "14"
    assert page.value("By") == "1"


async def test_no_socket_is_asked_for(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(Browser, "socket")
    page = await browser.open("/counter")
    await page.click("Ten")
    assert page.text("h1") == "10"


async def test_invalid_input_is_shown(browser: Browser) -> None:
    page = await browser.open("/counter")
    await page.fill("By", "x")
    await page.click("Add")
    assert page.text("h1") == "0"
    assert page.value("By") == "x"


async def test_the_address_goes_along(browser: Browser) -> None:
    page = await browser.open("/counter")
    await page.click("b")
    await page.click("Ten")
    assert (page.url, page.text("h1")) == ("/counter?q=b", "10 b")
    await page.reload()
    assert page.text("h1") == "0 b"


@pytest.mark.parametrize(
    "options", [{}, {"socket": False}, {"socket": False, "stream": False}], ids=["socket", "stream", "fetch"]
)
async def test_the_hash_stays_where_an_action_changes_the_query(live: Live, options: dict[str, bool]) -> None:
    async with Browser(live, **options) as browser:
        page = await browser.open("/counter?q=a#part")
        await page.click("Find")
        assert (page.url, page.text("h1")) == ("/counter?q=c#part", "0 c")
        await page.click("b")
        assert page.url == "/counter?q=b"


async def test_redirects_and_errors(browser: Browser) -> None:
    page = await browser.open("/counter")
    with pytest.raises(Failed, match="403: Not today"):
        await page.click("Refuse")
    await page.click("Leave")
    assert (page.url, page.text("h1")) == ("/counter?q=left", "0 left")


async def test_files_go_first(browser: Browser) -> None:
    page = await browser.open("/counter")
    await page.attach("Photo", File("me.png", b"12345", "image/png"))
    await page.click("Send")
    assert page.text("h1") == "5"


async def test_nothing_comes_by_itself(held_back: Browser) -> None:
    page = await held_back.open("/counter")
    with pytest.raises(Refusal, match="the server can't push changes"):
        await page.shows("never")


async def test_other_people_have_no_socket_either(held_back: Browser) -> None:
    page = await held_back.other().open("/counter")
    await page.click("Ten")
    with pytest.raises(Refusal, match="the server can't push changes"):
        await page.shows("never")


async def test_a_session_that_is_gone(live: Live, held_back: Browser) -> None:
    page = await held_back.open("/counter")
    await page.click("Ten")
    for endpoint in endpoints(live):
        for session in endpoint.sessions:
            session.state.end()
    with pytest.raises(Failed, match="session is gone"):
        await page.click("Ten")
