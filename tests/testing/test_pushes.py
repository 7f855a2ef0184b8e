"""What comes without being asked for, and what a person has typed meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import jinja2
import pytest
from starlette.requests import Request

from liveactions import Live, Page, Pages, action, every, on
from liveactions.templates import Templates
from liveactions.testing import Browser, Refusal, plugin
from tests.support.small import small_app

pages = Pages()
TEMPLATES = {
    "ticks.html": """<title>Ticks</title><p>tick {{ n }}</p>""",
    "minutes.html": """<title>Minutes</title><p>{{ n }} minutes</p>""",
    "search.html": """<title>Search</title>
<input name="q" aria-label="Query" value="{{ q }}" live-input.debounce.300="{{ search }}"
  live-keydown.escape="{{ clear }}">
<p>{{ q }}|{{ other }}</p>
<form method="post" action="{{ save }}"><input name="note" aria-label="Note" value="{{ note }}">
  <button>Save</button></form>
<form method="post" action="{{ save }}" live-validate>
  <input name="note" aria-label="Checked note" value="{{ note }}"> <button>Check and save</button></form>
<button form="live" formaction="{{ change }}">Change</button>""",
    "lent.html": "<title>Lent</title><p>{{ database }}</p>",
    "talk.html": """<title>Talk</title><p>{{ said or "nothing" }}</p>
<form method="post" action="{{ say }}"><input name="text" aria-label="Text"><button>Say</button></form>""",
    "log.html": """<title>Log</title><ul>{% for line in lines %}<li>{{ line }}</li>{% endfor %}</ul>
<form method="post" action="{{ add }}"><input name="line" aria-label="Line"><button>Add</button></form>""",
}


@pages.page("/ticks")
class Ticks(Page):
    template = "ticks.html"
    n: int = 0

    @every(0.01)
    async def tick(self) -> None:
        self.n += 1


@pages.page("/minutes")
class Minutes(Page):
    template = "minutes.html"
    n: int = 0

    @every(60)
    async def tick(self) -> None:
        self.n += 1


@pages.page("/search")
class Search(Page):
    template = "search.html"
    q: str = ""
    note: str = ""
    other: int = 0

    @action
    async def search(self, q: str = "") -> None:
        self.q = q.upper()

    @action
    async def clear(self) -> None:
        self.q = ""

    @action
    async def save(self, note: str = "") -> None:
        self.note = note.upper()

    @action
    async def change(self) -> None:
        self.other += 1
        self.note = f"note {self.other}"


@pages.page("/talk")
class Talk(Page):
    template = "talk.html"
    said: str = ""

    @action
    async def say(self, text: str) -> None:
        self.live.publish("said", text=text)

    @on("said")
    async def receive_message(self, text: str) -> None:
        self.said = text


@pages.page("/log")
class Log(Page):
    template = "log.html"
    lines: list[str] = []

    @action
    async def add(self, line: str) -> None:
        self.lines = [line, *self.lines]


@pytest.fixture
def live() -> Live:
    return small_app(pages, TEMPLATES)


@pytest.fixture(params=[True, False], ids=["socket", "stream"])
async def browser(live: Live, request: pytest.FixtureRequest) -> AsyncIterator[Browser]:
    plugin.render_twice(live)
    async with Browser(live, socket=request.param) as browser:
        yield browser


async def test_pushes_are_waited_for(browser: Browser) -> None:
    page = await browser.open("/ticks")
    await page.shows("tick 3")
    await page.shows("tick 9")


async def test_a_page_publishes(browser: Browser) -> None:
    mine, theirs = await browser.open("/talk"), await browser.other().open("/talk")
    await mine.fill("Text", "hello")
    await mine.click("Say")
    await mine.shows("hello")
    await theirs.shows("hello")


@pytest.mark.slow
@pytest.mark.parametrize("socket", [True, False])
async def test_a_page_that_the_server_ends_is_loaded_again(socket: bool) -> None:
    live = small_app(pages, TEMPLATES, identify=lambda connection: connection.cookies.get("user"))
    async with Browser(live, socket=socket) as browser:
        browser.cookies.values["user"] = "ada"
        page = await browser.open("/talk")
        await page.fill("Text", "hello")
        await page.click("Say")
        await page.shows("hello")
        live.disconnect("ada")
        await page.shows("nothing")


async def test_what_does_not_come_is_told(live: Live) -> None:
    async with Browser(live, timeout=0.05) as browser:
        page = await browser.open("/ticks")
        with pytest.raises(Refusal, match=r"'never' isn't visible after 0.05 s: 'tick"):
            await page.shows("never")


async def test_events_send_their_control(browser: Browser) -> None:
    page = await browser.open("/search")
    await page.fill("Query", "abc")
    assert page.text("p") == "ABC|0"
    assert page.value("Query") == "ABC"  # answered: the server's spelling shows
    await page.press("Escape")
    assert page.value("Query") == ""


@pytest.mark.parametrize(("field", "button"), [("Note", "Save"), ("Checked note", "Check and save")])
async def test_what_is_typed_stays_until_it_is_sent(browser: Browser, field: str, button: str) -> None:
    """Validation isn't an answer, as it stores nothing."""
    page = await browser.open("/search")
    await page.fill(field, "mine")
    await page.click("Change")
    assert page.text("p") == "|1"
    assert page.value(field) == "mine"
    await page.click(button)
    assert page.value(field) == "MINE"
    await page.click("Change")
    assert page.value(field) == "note 2"


async def test_a_field_is_empty_after_its_form_was_sent(browser: Browser) -> None:
    page = await browser.open("/log")
    for line in "abc":
        await page.fill("Line", line)
        await page.press("Enter")
        assert page.value("Line") == ""
    assert page.texts("li") == ["c", "b", "a"]


@pytest.mark.parametrize("socket", [True, False])
async def test_a_closed_tab_ends_its_session(live: Live, socket: bool) -> None:
    async with Browser(live, socket=socket) as browser:
        await browser.open("/log")
        await browser.other().open("/log")
        assert sum(not session.state.is_over for session in live.sessions) == 2
    assert all(session.state.is_over for session in live.sessions)


async def test_renders_are_done_twice(live: Live, browser: Browser) -> None:
    templates = live.services.templates
    assert isinstance(templates, Templates) and templates.debug


async def test_the_application_is_started_and_ended() -> None:
    done: list[str] = []

    @asynccontextmanager
    async def lifespan(app: object) -> AsyncIterator[dict[str, str]]:
        done.append("started")
        yield {"database": "open"}
        done.append("ended")

    environment = jinja2.Environment(loader=jinja2.DictLoader(TEMPLATES), autoescape=True)
    live = Live(environment, keys="a key that is long enough for all of it", lifespan=lifespan)

    @live.page("/lent")
    class Lent(Page):
        template = "lent.html"
        database: str = ""

        async def mount(self, request: Request) -> None:
            self.database = request.state.database

    async with Browser(live) as browser:
        assert (await browser.open("/lent")).text("p") == "open"
        await browser.other().open("/lent")
        assert done == ["started"]
    assert done == ["started", "ended"]


async def test_a_test_can_let_time_pass(browser: Browser) -> None:
    page, other = await browser.open("/minutes"), await browser.other().open("/minutes")
    await browser.clock.advance(59)
    assert page.text("p") == "0 minutes"
    await browser.clock.advance(1)
    assert page.text("p") == "1 minutes"
    late = await browser.open("/minutes")
    await browser.clock.advance(60 * 60)
    assert [tab.text("p") for tab in (page, other, late)] == ["61 minutes", "61 minutes", "60 minutes"]


async def test_a_text_to_which_something_is_added_in_front(browser: Browser) -> None:
    page = await browser.open("/talk")
    for text in ("sixteen letters.", "more than sixteen letters."):
        await page.fill("Text", text)
        await page.click("Say")
        await page.shows(text)
        assert page.text("p") == text
