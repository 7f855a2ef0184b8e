"""What fails after an action's work undoes it as an exception in it would, on every way in."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any

import pytest

from liveactions import ActionError, Depends, InUrl, Live, Page, Pages, action, every, flash, not_found, on
from liveactions.pages.state import encode_state
from liveactions.store.long_states import StateJSON
from liveactions.testing import Browser, Failed
from tests.behaviour.ways import Way, visiting, ways
from tests.support.asgi import browser as visitor_at
from tests.support.small import small_app

pages = Pages()
journal: list[str] = []


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    journal.clear()
    yield


async def session() -> AsyncIterator[str]:
    try:
        yield "session"
    except BaseException:
        journal.append("rolled back")
        raise
    journal.append("committed")


Db = Annotated[str, Depends(session)]
LONE = '"\\ud800"'


class Fields(Page):
    template = "fields.html"
    count: int = 0
    items: list[str] = []
    data: Any = {"k": [1]}
    name: InUrl[str] = ""
    shown: str = "fine"

    def draw(self) -> str:
        if self.shown == "missing":
            raise not_found("nothing to draw")
        if self.shown == "refused":
            raise ActionError("can't be drawn")
        return str(6 // len(self.shown))

    @action
    async def add(self) -> None:
        self.count += 1

    @action
    async def put(self, what: str) -> None:
        journal.append(what)
        match what:
            case "a text in an int":
                self.count = "x"  # type: ignore[assignment]
            case "an int in a list of texts":
                self.items.append(5)  # type: ignore[arg-type]
            case "a lone surrogate":
                self.items = [json.loads(LONE)]
            case "a tuple":
                self.data = {"k": (1, 2)}
            case "a tuple inside":
                self.data["k"].append((1, 2))
            case "itself":
                self.data = {"k": []}
                self.data["k"].append(self.data)
            case "an address":
                self.name = json.loads(LONE)
            case "a message":
                flash(json.loads(LONE))
            case "a template":
                self.shown = ""
            case "control flow":
                self.shown = "missing"
            case "an error of an action":
                self.shown = "refused"

    @action
    async def put_by(self, what: str, db: Db) -> None:
        await self.put(what)

    @action
    async def give(self) -> Any:
        return {"text": json.loads(LONE)}

    @action
    async def refuse(self) -> None:
        raise ActionError(f"so {json.loads(LONE)}")


@pages.page("/fields")
class Open(Fields):
    template = "open.html"

    @on("put")
    async def hear(self, what: str) -> None:
        self.shown = "fine"
        if what:
            await self.put(what)
        else:
            self.count += 1

    @action
    async def steps(self, what: str) -> AsyncIterator[str]:
        self.count += 1
        yield "one"
        await self.put(what)
        yield "two"
        journal.append("went on")


@pages.page("/ticking")
class Ticking(Fields):
    @every(1.0)
    async def tick(self) -> None:
        await self.put("a text in an int" if self.count == 1 else "a template")


@pages.page("/mounting")
class Mounting(Fields):
    what: InUrl[str] = ""

    async def mount(self) -> None:
        await self.put(self.what)


TEMPLATE = """<title>Fields</title><body>
<output>{{ count }} {{ items|length }} {{ data.k|length }} {{ name }}</output>
<i>{{ draw() }}</i><b>{{ live.error.status }}</b>
{% for action, name in [(add, "Add"), (give, "Give"), (refuse, "Refuse")] %}
<form method="post" action="{{ action }}"><button>{{ name }}</button></form>{% endfor %}
{% for action, name in [(put, "Put"), (put_by, "Put by")] %}<form method="post" action="{{ action }}">
<input name="what" aria-label="{{ name }} what" value="{{ action.field("what").value }}">
<em id="{{ name|lower|replace(" ", "-") }}">{{ action.error }}</em>
<button>{{ name }}</button></form>{% endfor %}"""

TEMPLATES = {
    "fields.html": TEMPLATE,
    "open.html": TEMPLATE + '<a href="{{ steps }}">Steps</a>',
    "plain.html": "<title>Plain</title><body><output>{{ count }}</output>"
    '<form method="post" action="{{ spoil }}"><button>Spoil</button></form>',
    "sorry.html": "<title>S</title><h1>Sorry {{ id }}</h1>",
}
BAD = {
    "a text in an int": "Open.count",
    "an int in a list of texts": "Open.items",
    "a lone surrogate": "Open.items",
    "a tuple": "Open.data",
    "a tuple inside": "Open.data",
    "itself": "Open.data",
    "an address": "surrogates",
    "a message": "message for the visitor",
    "a template": "division",
    "control flow": "",
    "an error of an action": "can't be drawn",
}
"""What an action may do that can't be concluded, and what the log says of it."""


def app(**options: Any) -> Live:
    return small_app(pages, TEMPLATES, **options)


def ids(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The lines of the log that tell of an error."""
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


@ways("SHN")
@pytest.mark.parametrize("what", BAD)
async def test_an_action_that_can_not_be_concluded_fails_and_is_undone(
    way: Way, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with visiting(app(), way) as browser:
        page = await browser.open("/fields")
        await page.click("Add")
        status = "404" if what == "control flow" else "500"
        await page.fill("Put by what", what)
        with pytest.raises((AssertionError, Failed), match=status):
            await page.click("Put by")
        assert journal == [what, "rolled back"]
        assert BAD[what] in caplog.text
        if way == "N":
            await page.back()
        assert page.text("output").split() == ["1", "0", "1"]
        await page.click("Add")
        assert page.text("output").split() == ["2", "0", "1"]


@ways("SHN")
async def test_the_error_says_no_more_than_an_id(way: Way, caplog: pytest.LogCaptureFixture) -> None:
    async with visiting(app(), way) as browser:
        page = await browser.open("/fields")
        await page.fill("Put what", "a text in an int")
        with pytest.raises((AssertionError, Failed), match="Something went wrong") as failed:
            await page.click("Put")
        [line] = ids(caplog)
        id = line.partition("(")[2][:8]
        assert id in str(failed.value) and "count" not in str(failed.value)


@ways("SH")
async def test_the_page_shows_the_error_and_what_was_typed(way: Way) -> None:
    async with visiting(app(), way) as browser:
        page = await browser.open("/fields")
        await page.fill("Put what", "a text in an int")
        with pytest.raises((AssertionError, Failed)):
            await page.click("Put")
        assert page.text("b") == "500" and "Something went wrong" in page.text("#put")
        await page.click("Add")
        assert page.text("b") == ""


@pages.page("/plain")
class Plain(Page):
    """Doesn't show errors itself."""

    template = "plain.html"
    count: int = 0

    @action
    async def spoil(self) -> None:
        self.count = "x"  # type: ignore[assignment]


async def test_a_post_that_fails_is_answered_with_the_page_for_errors() -> None:
    live = app()

    @live.error_page(500)
    class Sorry(Page):
        template = "sorry.html"
        id: str = ""

    async with Browser(live, js=False) as browser:
        page = await browser.open("/plain")
        with pytest.raises(Failed, match="Sorry"):
            await page.click("Spoil")
        await page.back()
        assert page.text("output") == "0"


async def test_a_call_by_fetch_fails_alike() -> None:
    async with Browser(app()) as browser:
        page = Open(count=3)
        for what in ("a text in an int", "a lone surrogate"):
            with pytest.raises(Failed, match="500"):
                await browser.call(page.put, what)
        await browser.call(page.add)
        assert (page.count, page.items) == (4, [])


@pytest.mark.parametrize("js", [True, False])
@pytest.mark.parametrize("what", ["a text in an int", "a lone surrogate", "a template"])
async def test_a_page_that_can_not_be_concluded_when_it_is_opened_is_an_error(js: bool, what: str) -> None:
    async with Browser(app(), js) as browser:
        with pytest.raises((AssertionError, Failed), match="500"):
            await browser.open(f"/mounting?what={what}")


@pytest.mark.parametrize("what", ["a text in an int", "a lone surrogate"])
async def test_what_is_heard_and_can_not_be_concluded_is_undone(
    what: str, caplog: pytest.LogCaptureFixture
) -> None:
    live = app()
    async with visitor_at(live) as visitor:
        tab = await visitor.joined("/fields")
        live.publish("put", what=what)
        live.publish("put", what="")
        await next(iter(live.sessions)).settled()
        await tab.call("add")
        [one] = live.sessions
        assert one.connection is not None and one.state.page.count in (1, 2)  # type: ignore[attr-defined]
    assert len(ids(caplog)) == 1


async def test_several_that_are_shown_together_are_undone_together() -> None:
    live = app()
    async with visitor_at(live) as visitor:
        tab = await visitor.joined("/fields")
        for what in ("", "", "a template"):
            live.publish("put", what=what)
        await next(iter(live.sessions)).settled()
        assert (await tab.call("add"))[3] == []
        [one] = live.sessions
        assert one.state.page.count == 1 and one.state.page.shown == "fine"  # type: ignore[attr-defined]


async def test_a_timer_that_can_not_be_concluded_is_undone_and_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with Browser(app()) as browser:
        page = await browser.open("/ticking")
        await page.click("Add")
        await browser.clock.advance(1.0)
        assert page.text("output").split() == ["1", "0", "1"] and len(ids(caplog)) == 1
        await page.click("Add")
        await browser.clock.advance(1.0)
        assert page.text("output").split() == ["2", "0", "1"] and len(ids(caplog)) == 2
        await page.click("Add")
        assert page.text("output").split() == ["3", "0", "1"]


@pytest.mark.parametrize("what", ["a text in an int", "a lone surrogate", "a tuple inside", "a template"])
async def test_a_step_of_a_generator_that_can_not_be_concluded_ends_it(what: str) -> None:
    live = app()
    async with visitor_at(live) as visitor:
        tab = await visitor.joined("/fields")
        tab.n += 1
        tab.socket.send([tab.n, tab.rev, 1, tab.signed("steps"), ["what", what]])
        ended: list[Any] = []
        while not ended:
            frame = tab.take(await tab.socket.receive())
            ended = [frame[3][at : at + 3] for at in range(0, len(frame[3]), 3) if frame[3][at + 1] == 1]
        assert ended[0][2]["status"] == 500 and "went on" not in journal
        assert (await tab.call("add"))[3] == []
        [one] = live.sessions
        assert (one.state.page.count, one.state.page.items, one.state.page.shown) == (2, [], "fine")  # type: ignore[attr-defined]


async def test_a_page_whose_values_were_broken_inside_goes_on_with_what_was_stored_last() -> None:
    live = app()
    async with visitor_at(live) as visitor:
        tab = await visitor.joined("/fields")
        await tab.call("add")
        [one] = live.sessions
        before = one.state.page
        assert (await tab.call("put", "what", "a tuple inside"))[3][2]["status"] == 500
        assert one.state.page is not before and one.state.page.data == {"k": [1]}  # type: ignore[attr-defined]
        await tab.socket.lose()
        assert "patch" not in await tab.join()
        assert (await tab.call("add"))[3] == []
        assert one.state.page.count == 2  # type: ignore[attr-defined]


@ways("SHN")
async def test_text_that_is_not_unicode_fails_or_is_shown_as_browsers_do(way: Way) -> None:
    async with visiting(app(), way) as browser:
        page = await browser.open("/fields")
        with pytest.raises((AssertionError, Failed), match="500"):
            await page.click("Give")
        if way == "N":
            await page.back()
        await page.click("Refuse")
        await page.click("Add")
        assert page.text("output").split() == ["1", "0", "1"]


listing = Pages()


@listing.page("/listing")
class Listing(Page):
    """Names of files may be no Unicode."""

    template = "listing.html"
    n: int = 0

    def names(self) -> list[str]:
        return [b"caf\xe9".decode(errors="surrogateescape") * (self.n + 1)]

    @action
    async def more(self) -> None:
        self.n += 1


@ways("SHN")
async def test_what_is_only_shown_may_be_no_unicode(way: Way) -> None:
    source = (
        "<title>L</title><p>{{ names()|join }}</p>"
        '<form method="post" action="{{ more }}"><button>More</button></form>'
    )
    async with visiting(small_app(listing, {"listing.html": source}), way) as browser:
        page = await browser.open("/listing")
        assert page.text("p") == "caf\ufffd"
        await page.click("More")
        assert page.text("p") == "caf\ufffdcaf\ufffd"


async def test_a_state_is_written_once_for_each_op(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[Any] = []

    def count(page: Page) -> StateJSON:
        written.append(page)
        return encode_state(page)

    monkeypatch.setattr("liveactions.execution.run.encode_state", count)
    live = app()
    async with visitor_at(live) as visitor:
        tab = await visitor.joined("/fields")
        written.clear()
        await tab.call("add")
        await live.sessions.run_maintenance(asyncio.get_running_loop().time())
        await tab.socket.lose()
        assert len(written) == 1
