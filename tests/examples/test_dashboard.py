"""The dashboard: fifty thousand orders, with JavaScript and without."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from examples import dashboard
from examples.dashboard import imports, orders, overview
from liveactions import Live
from liveactions.testing import Browser, File, Page, plugin
from tests.support.both_ways import both_ways

browser = plugin.browser
HEAD = "placed,customer,product,region,status,amount\n"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(orders, "FILE", tmp_path_factory.mktemp("dashboard") / "orders.db")
        orders.begin()
        return orders.FILE


@pytest.fixture
def live(filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Live:
    """The application with its first data, in a database of its own for each test."""
    monkeypatch.setattr(orders, "FILE", Path(shutil.copy(filled, tmp_path)))
    monkeypatch.setattr(overview, "load_average", iter([0.5, 1.5, 2.5, 3.5] * 20).__next__)
    return dashboard.app


def column(page: Page, number: int) -> list[str]:
    return page.texts(f".orders td:nth-child({number})")


@pytest.mark.slow
@both_ways
async def test_pages_and_order(browser: Browser) -> None:
    page = await browser.open("/")
    assert page.text("#count") == "50,000"
    assert page.text(".orders [role=status]") == "1 to 50 of 50,000"
    assert column(page, 1) == [str(id) for id in range(50_000, 49_950, -1)]
    await page.click("Next")
    assert page.url == "/?page=2" and column(page, 1)[0] == "49950"
    await page.click("Amount")
    assert page.url == "/?sort=cents" and page.text("[aria-sort=ascending]") == "Amount"
    await page.click("Amount")
    assert page.text("[aria-sort=descending]") == "Amount"
    amounts = [float(text.replace(",", "")) for text in column(page, 7)]
    assert amounts == sorted(amounts, reverse=True) and amounts[0] == 716
    await page.back()
    assert page.text("[aria-sort=ascending]") == "Amount"
    await page.click("1,000")
    assert page.text(".orders [role=status]") == "49,951 to 50,000 of 50,000" and len(column(page, 1)) == 50


@pytest.mark.slow
@both_ways
async def test_filters_are_in_the_address(browser: Browser) -> None:
    page = await browser.open("/?page=7")
    await page.fill("Search", "teapot")
    await page.select("Region", "West")
    if browser.js:
        await browser.clock.advance(0.2)
        await page.shows("Clear")
    else:
        await page.click("Filter")
    assert "q=teapot" in page.url and "region=West" in page.url and "page" not in page.url
    assert set(column(page, 4)) == {"Teapot"} and set(column(page, 5)) == {"West"}
    again = await browser.open(page.url)
    assert again.text("#count") == page.text("#count") != "50,000"
    assert (again.value("Search"), again.value("Region")) == ("teapot", "West")
    await page.click("Clear")
    assert page.url == "/" and page.value("Search") == ""


@both_ways
async def test_nothing_is_found(browser: Browser) -> None:
    page = await browser.open("/?q=nowhere%25&page=3")
    assert page.text(".orders [role=status]") == "" and page.texts(".orders nav a") == []
    assert column(page, 1) == ["No order is like this"]


@pytest.mark.slow
async def test_addresses_that_mean_nothing(browser: Browser) -> None:
    page = await browser.open("/?page=99999")
    assert page.text(".orders [aria-current='page']") == "1,000"
    page = await browser.open("/?sort=password&region=Nowhere")
    assert page.text("#count") == "50,000" and column(page, 1)[0] == "1"


@both_ways
async def test_the_chart_has_a_table(browser: Browser) -> None:
    page = await browser.open("/")
    await page.within(".chart").click("Data")
    assert len(page.texts(".chart tbody tr")) == 12
    assert page.texts(".chart tbody td")[-1].startswith("€ ")


@pytest.mark.slow
async def test_the_load_is_measured_every_second(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    page = await browser.open("/")
    monkeypatch.delattr(orders, "connected")  # a tick asks the database for nothing
    shown = [page.text(".meter output")]
    for _ in range(3):
        await browser.clock.advance(1)
        shown.append(page.text(".meter output"))
    assert len(set(shown)) == 4


@pytest.mark.slow
@both_ways
async def test_the_download_has_all_that_is_selected(browser: Browser) -> None:
    page = await browser.open("/?q=teapot&status=returned&sort=cents")
    count = page.text("#count")
    await page.click("Download as CSV")
    lines = page.text()
    assert lines.startswith("id,placed,customer,product,region,status,amount ")
    assert f"{lines.count(',Teapot,'):,}" == count


@both_ways
async def test_an_import(browser: Browser) -> None:
    lines = [f"2026-01-{day:02},Zoë Quill,Kite,North,paid,12.50\n" for day in range(1, 29)] * 20
    lines[300] = "2026-01-01,,Kite,North,paid,1\n"
    page = await browser.open("/import")
    await page.attach("CSV file", File("orders.csv", (HEAD + "".join(lines)).encode(), "text/csv"))
    await page.within("main").click("Import")
    await page.shows("560 of 560 lines read")
    assert len(page.texts("section li")) == 1 and "Line 302, customer" in page.text("section li")
    page = await browser.open("/?q=Zo%C3%AB+Quill")
    assert page.text("#count") == "559"


@pytest.mark.slow
async def test_an_import_shows_its_progress_and_is_seen_by_others(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "STEP", 10)
    theirs = await browser.other().open("/")
    page = await browser.open("/import")
    lines = "2026-01-01,Zoë Quill,Kite,North,paid,12.50\n" * 35
    await page.attach("CSV file", File("orders.csv", (HEAD + lines).encode(), "text/csv"))
    await page.within("main").click("Import")
    await page.shows("35 of 35 lines read")
    await theirs.shows("50,035")


@both_ways
async def test_mounted_below_a_path(live: Live, browser: Browser) -> None:
    async with Browser(Starlette(routes=[Mount("/dashboard", live)]), js=browser.js) as visitor:
        page = await visitor.open("/dashboard/")
        await page.click("Next")
        assert page.url == "/dashboard/?page=2"
        await page.click("Import")
        assert page.url == "/dashboard/import"


@both_ways
async def test_files_that_cannot_be_read(browser: Browser) -> None:
    page = await browser.open("/import")
    for content, error in [
        (b"\xff\xfe", "This isn’t a CSV file in UTF-8"),
        (HEAD.encode(), "There are no orders"),
    ]:
        await page.attach("CSV file", File("orders.csv", content, "text/csv"))
        await page.within("main").click("Import")
        await page.shows(error)
