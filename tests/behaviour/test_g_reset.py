"""G3. A form that keeps its fields after success. The rest of G is the browser's."""

from __future__ import annotations

import pytest

from liveactions import Live, Page, Pages, action
from tests.behaviour.ways import Way, visiting, ways
from tests.support.small import small_app

pages = Pages()


@pages.page("/search")
class Search(Page):
    template = "search.html"
    found: str = ""

    @action(reset=False)
    async def search(self, q: str, exact: bool = False, password: str = "") -> str:
        self.found = q
        return q

    @action
    async def add(self, title: str) -> None:
        self.found = title


TEMPLATES = {
    "search.html": "<title>S</title><p>{{ found }}</p><i>{{ search.result }}</i>"
    '<form method="post" action="{{ search }}">'
    '<input name="q" aria-label="q" value="{{ search.field("q").value }}">'
    '<input type="checkbox" name="exact" aria-label="exact"{% if search.field("exact").checked %} checked'
    '{% endif %}><input type="password" name="password" value="{{ search.field("password").value }}">'
    "<button>search</button></form>"
    '<form method="post" action="{{ add }}"><input name="title" aria-label="title"'
    ' value="{{ add.field("title").value }}"><button>add</button></form>'
}


@pytest.fixture
def live() -> Live:
    return small_app(pages, TEMPLATES)


@ways("SHN")
async def test_g3_fields_are_kept(live: Live, way: Way) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open("/search")
        await page.fill("q", "tea")
        await page.check("exact")
        await page.fill("password", "secret")
        for text in ("tea", "teas"):
            await page.fill("q", text)
            await page.click("search")
            assert (page.text("p"), page.text("i"), page.value("q")) == (text, text, text)
            assert page.is_checked("exact")
        assert "secret" not in page.html


@ways("SHN")
async def test_g3_others_are_empty_again(live: Live, way: Way) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open("/search")
        await page.fill("title", "tea")
        await page.click("add")
        assert (page.text("p"), page.value("title")) == ("tea", "")


@ways("SHN")
async def test_g3_an_error_after_success(live: Live, way: Way) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open("/search")
        await page.fill("q", "tea")
        await page.click("search")
        await page.fill("q", "")
        await page.click("search")
        assert (page.value("q"), page.text("i")) == ("", "tea")
