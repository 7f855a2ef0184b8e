"""`live-sort` in tests: an item is put into a list, as by pointer or keyboard."""

from __future__ import annotations

import pytest

from liveactions import ActionError, Bound, Live, Page, Pages, action
from liveactions.testing import Browser, Refusal, both_ways, plugin
from tests.support.small import small_app

browser = plugin.browser

pages = Pages()

TEMPLATES = {
    "lists.html": """<title>Lists</title><p>{{ log|join(", ") }}</p>
<ul id="a" live-sort.group.both="{{ move('a') }}">
{% for item in (1, 2, 3) %}<li data-key="{{ item }}">item {{ item }}</li>{% endfor %}</ul>
<ul id="b" live-sort.group.both="{{ move('b') }}"><li data-key="4">item 4</li></ul>
<ul id="c" live-sort="{{ move('c') }}"><li data-key="5">item 5</li></ul>
<ul id="d"><li data-key="6">item 6</li></ul>"""
}


@pages.page("/")
class Lists(Page):
    template = "lists.html"
    log: list[str] = []

    @action
    async def move(self, into: Bound[str], id: int, before: int | None = None) -> None:
        if id == 3:
            raise ActionError("Item 3 stays")
        self.log = [*self.log, f"{id} into {into} before {before}"]


@pytest.fixture
def live() -> Live:
    return small_app(pages, TEMPLATES)


async def test_the_action_gets_the_item_and_what_it_is_before(browser: Browser) -> None:
    page = await browser.open("/")
    await page.within("#a").sort("item 1", before="item 3")
    await page.within("#b").sort("item 1")
    await page.within("#b").sort("item 2", before="item 4")
    await page.within("#c").sort("item 5")
    wanted = "1 into a before 3, 1 into b before None, 2 into b before 4, 5 into c before None"
    assert page.text("p") == wanted


async def test_items_of_other_groups_stay_there(browser: Browser) -> None:
    page = await browser.open("/")
    for css, item in ("#a", "item 5"), ("#c", "item 1"), ("#b", "item 6"):
        with pytest.raises(Refusal, match=f"'{item}' matches 0 elements"):
            await page.within(css).sort(item)
    with pytest.raises(Refusal, match="'item 4' matches 0 elements"):
        await page.within("#a").sort("item 1", before="item 4")
    with pytest.raises(Refusal, match="no live-sort"):
        await page.within("#d").sort("item 6")


async def test_what_the_action_refuses_changes_nothing(browser: Browser) -> None:
    page = await browser.open("/")
    await page.within("#b").sort("item 3")
    assert page.text("p") == "" and page.texts("#b li") == ["item 4"]


@both_ways
async def test_without_javascript_nothing_is_put_anywhere(browser: Browser) -> None:
    page = await browser.open("/")
    if not browser.js:
        with pytest.raises(Refusal, match="without JavaScript"):
            await page.within("#a").sort("item 1")
