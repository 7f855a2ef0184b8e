"""A page of very many forms: their state is in their addresses, by a handle."""

from __future__ import annotations

import re
from typing import ClassVar

import pytest

from liveactions import Bound, Live, Page, Pages, action
from liveactions.testing import Browser, both_ways, plugin
from tests.asgi import browser as visitor
from tests.small import small_app

browser = plugin.browser
PAGE = """<!doctype html><title>Rows</title><p>{{ last }} {{ note }}</p>
{% for n in numbers %}
<form method="post" action="{{ take(n) }}"><input name="note"><button>take {{ n }}</button></form>
{% endfor %}{{ raw|safe }}"""
RAW = '<form method="post" action="/rows?_a=clear" class="raw"><button>clear</button></form>'


@pytest.fixture
def live() -> Live:
    pages = Pages()

    @pages.page("/rows")
    class Rows(Page):
        template = "rows.html"
        numbers: tuple[int, ...] = tuple(range(100))
        raw: ClassVar[str] = RAW
        last: int = -1
        note: str = ""

        @action
        async def take(self, n: Bound[int], note: str = "") -> None:
            self.last, self.note = n, note

        @action
        async def clear(self) -> None:
            self.last = -2

    return small_app(pages, {"rows.html": PAGE})


@both_ways
async def test_each_form_knows_the_page_s_state(browser: Browser) -> None:
    page = await browser.open("/rows")
    await page.within("form[action*='take~99~']").fill("note", "hello")
    for name, shown in [("take 7", "7"), ("take 99", "99 hello" if browser.js else "99"), ("clear", "-2")]:
        await page.click(name)
        assert page.text("p").startswith(shown)
    assert page.url == "/rows"


async def test_a_form_costs_fifty_bytes(live: Live) -> None:
    async with visitor(live) as person:
        html = (await person.http.get("/rows")).text
        found = re.findall(r'<form method="post" data-l="action" action="([^"]*)"><input name="note">', html)
        assert len(found) == 100 and max(map(len, found)) <= len("/rows") + 50
        assert html.count('name="_s"') == 2  # the page-level form, and the one of raw HTML
