"""J2, I1. What dependencies have read, what an action finds, and what is loaded after it."""

from __future__ import annotations

from typing import Annotated, Any

import pytest

from liveactions import (
    Component,
    Depends,
    Live,
    Page,
    Pages,
    action,
    cached,
    loaded,
    not_found,
    redirect,
    refresh,
    revalidate_tag,
)
from tests.behaviour.ways import Way, visiting, ways
from tests.support.small import small_app

names = {"name": "ada"}
pages = Pages()


@cached(tags=["name"])
async def current_name() -> str:
    return names["name"]


async def reader() -> str:
    return await current_name()


Reader = Annotated[str, Depends(reader)]


class Badge(Component):
    template = "badge.html"
    name: str = loaded()

    async def load(self, reader: Reader) -> None:
        self.name = reader


@pages.page("/", guard=reader)
class Home(Page):
    template = "home.html"
    badge: Badge = Badge()
    name: str = loaded()

    async def load(self, reader: Reader) -> None:
        self.name = reader

    @action
    async def shout(self, reader: Reader) -> str:
        names["name"] = self.name.upper()  # what load has set is there, on every way
        revalidate_tag("name")
        return reader


TEMPLATES = {
    "badge.html": "<b>{{ name }}</b>",
    "home.html": "<title>H</title><p>{{ name }}</p>{{ badge }}<i>{{ shout.result }}</i>"
    '{% set f = shout.field("name", name.nothing) %}'
    '<input value="{{ f.value }}" data-values="{{ f.values|length }}">'
    '<form method="post" action="{{ shout }}"><button>Shout</button></form>',
}


@pytest.fixture
def live() -> Live:
    names["name"] = "ada"
    return small_app(pages, TEMPLATES)


@ways("SHN")
async def test_j2_what_a_dependency_has_read_is_read_by_whoever_asks_for_it(live: Live, way: Way) -> None:
    async with visiting(live, way) as browser:
        page, other = await browser.open("/"), await browser.open("/")
        await page.click("Shout")
        assert (page.text("i"), page.text("p"), page.text("b")) == ("ada", "ADA", "ADA")
        if way == "S":
            await other.shows("ADA ADA")


@ways("SHN")
async def test_c1_what_is_not_there_is_no_initial_value(live: Live, way: Way) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open("/")
        assert 'data-values="0"' in page.html and 'value=""' in page.html


@ways("SHN")
async def test_i1_who_is_led_elsewhere_needs_nothing_here(way: Way) -> None:
    rows, pages = {"1": "milk"}, Pages()

    @pages.page("/rows/{id}")
    class Row(Page):
        template = "row.html"
        id: str
        text: str = loaded()

        async def load(self) -> None:
            if self.id not in rows:
                raise not_found()
            self.text = rows[self.id]

        @action
        async def remove(self) -> Any:
            del rows[self.id]
            refresh()
            return redirect("/")

    @pages.page("/")
    class Rows(Page):
        template = "rows.html"

    row = '<p>{{ text }}</p><form method="post" action="{{ remove }}"><button>Remove</button></form>'
    async with visiting(small_app(pages, {"row.html": row, "rows.html": "<h1>Rows</h1>"}), way) as browser:
        page = await browser.open("/rows/1")
        await page.click("Remove")
        assert (page.url, page.text("h1")) == ("/", "Rows")
