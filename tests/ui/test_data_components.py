"""The components that show data, in the gallery, and what their changes cost."""

from __future__ import annotations

import pytest

from examples.app import live
from liveactions.testing import Browser, both_ways

pytestmark = pytest.mark.slow


@pytest.fixture(name="live")
def application() -> object:
    return live


def sent() -> int:
    return live.stats().sent_bytes


@both_ways
async def test_a_table(browser: Browser) -> None:
    page = await browser.open("/ui")
    table = page.within(".ui-Table")
    first = "tbody tr td:nth-child(2)"
    assert table.text(".ui-shown") == "1 to 8 of 56" and table.texts(first)[0] == "A Baker at Midnight"
    await table.click("Year")
    assert page.url == "/ui?data.sort=year" and table.texts(first)[0] == "The Gardener in Winter"
    await table.click("Next")
    assert page.url == "/ui?data.sort=year&data.page=2" and table.text(".ui-shown") == "9 to 16 of 56"
    await table.fill("Search", "sailor")
    if not browser.js:
        await table.click("Search")
    assert table.text(".ui-shown") == "1 to 7 of 7" and page.url == "/ui?data.q=sailor&data.sort=year"
    gone = table.texts(first)[:2]
    for title in gone:
        await table.check(f"Select {title}")
    await table.click("Remove")
    assert table.text(".ui-shown") == "1 to 5 of 5" and not {*gone} & {*table.texts(first)}


async def test_columns_from_the_address_that_do_not_exist(browser: Browser) -> None:
    page = await browser.open("/ui?data.sort=__class__&data.page=99")
    assert page.text(".ui-shown") == "49 to 56 of 56"


@both_ways
async def test_charts(browser: Browser) -> None:
    page = await browser.open("/ui")
    chart = page.within(".ui-Chart", "Loans by month")
    assert chart.text("svg desc") == "Loans: from 148 (Aug) to 361 (Nov)."
    await page.click("Lend 9 more")
    await chart.click("Data")
    assert chart.texts("tbody tr")[-1] == "Dec 256"
    assert page.text(".ui-Sparkline desc") == "256, between 148 and 361"


@both_ways
async def test_a_tree_with_code_and_markdown(browser: Browser) -> None:
    page = await browser.open("/ui")
    assert "map.png" in page.text(".ui-Tree")
    await page.click("Add a file")
    assert "note-1.txt" in page.text(".ui-Tree")
    assert page.text(".ui-Markdown strong") == "due after four weeks"
    if browser.js:
        await page.click("Copy")
        assert page.clipboard.startswith("@dataclass")


async def test_changes_cost_little(browser: Browser) -> None:
    page = await browser.open("/ui")
    await page.click("Year")
    await page.click("Year")
    for click, most in (("Title", 1_320), ("2", 1_320), ("Lend 9 more", 240)):
        before = sent()
        await page.click(click)
        cost = sent() - before
        assert 0 < cost <= most
