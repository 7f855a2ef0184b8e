"""`live-window` in tests: a list is scrolled, and asks for the rows that it doesn't have."""

from __future__ import annotations

import pytest

from liveactions import Live, Page, Pages, action
from liveactions.testing import Browser, Refusal, both_ways, plugin
from tests.support.small import small_app

browser = plugin.browser
pages = Pages()
TEMPLATES = {
    "rows.html": """<title>Rows</title><p>{{ log|join(", ") }}</p>
<ol live-window="{{ show }}" data-first="{{ first }}" data-total="100">
{% for row in rows %}<li data-key="{{ row }}"><b>row</b> {{ row }}</li>{% endfor %}</ol>
<ul></ul><dl live-window="{{ show }}" data-first="0"></dl>"""
}


@pages.page("/")
class Rows(Page):
    template = "rows.html"
    log: list[str] = []
    first: int = 0
    count: int = 20

    @property
    def rows(self) -> range:
        return range(self.first, min(self.first + self.count, 100))

    @action
    async def show(self, first: int, count: int) -> None:
        self.first, self.count = first, count
        self.log = [*self.log, f"{count} from {first}"]


@pytest.fixture
def live() -> Live:
    return small_app(pages, TEMPLATES)


async def test_only_rows_that_are_missing_are_asked_for(browser: Browser) -> None:
    page = await browser.open("/")
    rows = page.within("ol")
    await rows.scroll(5, 10)
    assert page.text("p") == ""
    await rows.scroll(15, 10)
    assert page.text("p") == "10 from 15" and page.texts("li")[0] == "row 15"
    await rows.scroll(95, 10)
    assert page.text("p") == "10 from 15, 10 from 90" and page.texts("li")[-1] == "row 99"
    await rows.scroll(0, 500)
    assert page.text("p") == "10 from 15, 10 from 90, 100 from 0"


@both_ways
async def test_what_cannot_be_scrolled(browser: Browser) -> None:
    page = await browser.open("/")
    with pytest.raises(Refusal, match="no live-window"):
        await page.within("ul").scroll(5)
    if browser.js:
        with pytest.raises(Refusal, match="data-total must be a number, not ''"):
            await page.within("dl").scroll(5)
    else:
        with pytest.raises(Refusal, match="without JavaScript"):
            await page.within("ol").scroll(50)
