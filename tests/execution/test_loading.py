"""Where `load` runs: for what has changed, and for what has looked at it."""

from __future__ import annotations

from typing import Annotated, Any

import pytest

from liveactions import Bound, Component, Depends, Live, Page, Pages, action, every, loaded, on
from liveactions.testing import Browser
from tests.behaviour.ways import Way, visiting, ways
from tests.support.pages import call, opened
from tests.support.small import small_app

journal: list[str] = []


@pytest.fixture(autouse=True)
def empty_journal() -> None:
    journal.clear()


class Row(Component):
    template = "row.html"
    name: str = ""
    tags: Any = []
    shown: str = loaded()

    async def load(self) -> None:
        journal.append("row")
        self.shown = self.name.upper()

    @action
    async def rename(self, name: Bound[str]) -> None:
        self.name = name

    @action
    async def tag(self, text: Bound[str]) -> None:
        self.tags[0].append(text)


class Plain(Component):
    """It has no `load` of its own."""

    name: str = ""

    @action
    async def rename(self, name: Bound[str]) -> None:
        self.name = name


class Panel(Component):
    row: Row = Row(name="deep")


class Watching(Page):
    """Its `load` looks at one of its components, in one of many ways."""

    how: str = ""
    row: Row = Row(name="a", tags=[[]])
    other: Row = Row(name="b")
    plain: Plain = Plain(name="p")
    panel: Panel = Panel()
    rows: list[Row] = []
    named: dict[str, Row] = {}
    seen: str = loaded()

    @property
    def first(self) -> str:
        return self.row.name

    @action
    async def choose(self, how: Bound[str]) -> None:
        self.how = how

    async def mount(self) -> None:
        self.rows, self.named = [Row(name="r")], {"x": Row(name="n")}

    async def load(self) -> None:
        journal.append("page")
        match self.how:
            case "field":
                self.seen = self.row.name
            case "property":
                self.seen = self.first
            case "list":
                self.seen = " ".join(row.name for row in self.rows)
            case "dict":
                self.seen = self.named["x"].name
            case "nested":
                self.seen = self.panel.row.name
            case "plain":
                self.seen = self.plain.name
            case "in place":
                self.seen = str(self.row.tags)

    def target(self, how: str) -> Any:
        match how:
            case "list":
                return self.rows[0].rename
            case "dict":
                return self.named["x"].rename
            case "nested":
                return self.panel.row.rename
            case "plain":
                return self.plain.rename
            case "in place":
                return self.row.tag
        return self.row.rename


HOW = ["field", "property", "list", "dict", "nested", "plain", "in place"]


async def test_a_components_change_loads_the_component_only() -> None:
    page = await opened(Watching)
    for how in HOW:
        journal.clear()
        await call(page, page.target(how).bind("new"))
        assert "page" not in journal, how
    assert page.rows[0].shown == page.row.shown == "NEW"


@pytest.mark.parametrize("how", HOW)
async def test_a_load_that_looks_at_a_component_runs_when_it_has_changed(how: str) -> None:
    page = await opened(Watching)
    await call(page, page.choose.bind(how))
    journal.clear()
    await call(page, page.target(how).bind("new"))
    assert (page.seen.count("new"), journal.count("page")) == (1, 1)
    await call(page, page.other.rename.bind("another"))
    assert journal.count("page") == 1


async def test_what_a_load_no_longer_looks_at_is_forgotten() -> None:
    page = await opened(Watching)
    for how, loads in (("field", 1), ("", 0)):
        await call(page, page.choose.bind(how))
        journal.clear()
        await call(page, page.row.rename.bind(how + "!"))
        assert journal.count("page") == loads


async def test_a_pages_own_change_loads_the_page() -> None:
    page = await opened(Watching)
    journal.clear()
    await call(page, page.choose.bind("field"))
    assert (journal, page.seen) == (["page"], "a")


async def test_dependencies_look_for_the_load_that_asks_for_them() -> None:
    class Asking(Page):
        row: Row = Row(name="a")
        seen: str = loaded()

        async def load(self, name: Annotated[str, Depends(first_name)]) -> None:
            self.seen = name

    page = await opened(Asking)
    await call(page, page.row.rename.bind("b"))
    assert page.seen == "b"


def first_name(page: Page) -> str:
    name: str = page.row.name  # type: ignore[attr-defined]
    return name


async def test_a_load_in_a_thread_looks_too() -> None:
    class Threaded(Page):
        row: Row = Row(name="a")
        seen: str = loaded()

        def load(self) -> None:
            self.seen = self.row.name

    page = await opened(Threaded)
    await call(page, page.row.rename.bind("b"))
    assert page.seen == "b"


async def test_components_may_look_at_each_other() -> None:
    class Total(Component):
        seen: str = loaded()

        async def load(self) -> None:
            page = self.live.page
            assert isinstance(page, Beside)
            self.seen = page.plain.name

    class Beside(Page):
        plain: Plain = Plain(name="a")
        total: Total = Total()

    page = await opened(Beside)
    await call(page, page.plain.rename.bind("b"))
    assert page.total.seen == "b"


def test_components_are_attributes_as_before() -> None:
    class Small(Page):
        row: Row = Row(name="default")
        given: Row

    assert Small.row.name == "default"
    one, other = Small(given=Row(name="x")), Small(given=Row(name="y"))
    one.row.name = "changed"
    assert (other.row.name, one.given.name, Small.row.name) == ("default", "x", "default")
    assert not hasattr(Small, "given")
    one.row = Row(name="another")
    assert vars(one)["row"].name == "another"
    del one.row
    with pytest.raises(AttributeError, match="row"):
        one.row  # noqa: B018

    class Smaller(Small):
        row: Row = Row(name="overridden")

    assert (Smaller.row.name, Smaller(given=Row()).row.name) == ("overridden", "overridden")


# In open pages

pages = Pages()


class Clock(Component):
    template = "clock.html"
    ticks: int = 0
    heard: int = 0

    @every(1.0)
    async def tick(self) -> None:
        self.ticks += 1

    @on("bell")
    async def hear(self) -> None:
        self.heard += 1

    @action
    async def wind(self) -> None:
        self.ticks += 100


@pages.page("/station")
class Station(Page):
    template = "station.html"
    clock: Clock = Clock()
    row: Row = Row(name="train")
    loads: int = loaded()

    async def load(self) -> None:
        journal.append("page")
        self.loads = journal.count("page")


TEMPLATES = {
    "station.html": "<title>S</title>{{ clock }}{{ row }}",
    "row.html": "<i>{{ shown }}</i>",
    "clock.html": "<b>{{ ticks }} {{ heard }}</b>"
    '<form method="post" action="{{ wind }}"><button>wind</button></form>',
}


@pytest.fixture
def live() -> Live:
    return small_app(pages, TEMPLATES)


async def test_timers_and_listeners_of_components_do_not_load_the_page(live: Live) -> None:
    async with Browser(live) as browser:
        page = await browser.open("/station")
        before = journal.copy()
        await browser.clock.advance(1)
        live.publish("bell")
        await page.shows("1 1")
        assert journal == before


@ways("SHN")
async def test_actions_of_components_show_their_change(live: Live, way: Way) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open("/station")
        before = journal.copy()
        await page.click("wind")
        assert page.text("b") == "100 0" and page.text("i") == "TRAIN"
        if way == "S":
            assert journal == before
