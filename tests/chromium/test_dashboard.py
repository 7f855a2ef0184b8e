"""The dashboard in a real browser: its charts, an import that shows its progress, a download."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.chromium.conftest import Visit, Visitor
from tests.chromium.server import Server, serving

HEAD = "placed,customer,product,region,status,amount\n"


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("dashboard")
    env = {"DASHBOARD_DATABASE": f"{folder}/orders.db"}
    with serving("examples.dashboard:app", workers=2, env=env) as server:
        yield server
        assert not server.faults()


@pytest.fixture
def page(visit: Visit, dashboard: Server) -> Page:
    return visit(dashboard.url).open("/")


@pytest.fixture(params=[True, False], ids=["script", "no-script"])
def anybody(request: pytest.FixtureRequest, visit: Visit, dashboard: Server) -> Visitor:
    return visit(dashboard.url, script=request.param)


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    """A file of 3,000 lines, one of which is wrong."""
    lines = ["2026-11-01,Zoë Quill,Kite,North,paid,12.50\n"] * 3000
    lines[1] = "tomorrow,Zoë Quill,Kite,North,paid,12.50\n"
    file = tmp_path / "orders.csv"
    file.write_text(HEAD + "".join(lines), encoding="utf-8")
    return file


def test_the_chart_is_drawn_and_follows_the_filters(page: Page) -> None:
    bars = page.locator(".chart rect")
    expect(bars).to_have_count(12)
    before = str(bars.last.locator("title").text_content())
    page.get_by_label("Search").press_sequentially("teapot")
    expect(bars.last.locator("title")).not_to_have_text(before)
    expect(bars).to_have_count(12)
    expect(page.get_by_label("Search")).to_have_value("teapot")
    expect(page.get_by_label("Search")).to_be_focused()
    page.get_by_label("Region").select_option("West")
    expect(page).to_have_url(f"{page.url.partition('?')[0]}?q=teapot&region=West")
    page.reload()
    expect(page.locator(".orders tbody tr").first).to_contain_text("Teapot")
    expect(page.get_by_label("Region")).to_have_value("West")


def test_the_load_is_drawn(page: Page) -> None:
    line = page.locator(".meter path")
    before = line.get_attribute("d") or ""
    expect(line).not_to_have_attribute("d", before)
    assert line.evaluate("line => line.getTotalLength()") > 0


def test_the_table_is_sorted_and_paged(anybody: Visitor) -> None:
    page = anybody.new_tab()
    page.goto(f"{anybody.url}/?q=lamp")
    page.get_by_role("link", name="Amount").click()
    expect(page.locator("th[aria-sort=ascending]")).to_have_text("Amount")
    page.get_by_role("link", name="Next").click()
    current = page.locator(".orders [aria-current='page']")
    expect(current).to_have_text(["2"])
    page.go_back()
    expect(current).to_have_text(["1"])


def test_an_import(anybody: Visitor, orders: Path, visit: Visit, dashboard: Server) -> None:
    watcher = visit(dashboard.url).open("/?q=Zo%C3%AB+Quill")
    before = int(watcher.locator("#count").inner_text().replace(",", ""))
    page = anybody.new_tab()
    page.goto(f"{anybody.url}/import")
    page.get_by_label("CSV file").set_input_files(orders)
    page.locator("main").get_by_role("button", name="Import").click()
    expect(page.locator("#progress")).to_have_text("3,000 of 3,000 lines read")
    expect(page.locator("section li")).to_have_text(
        [r"Line 3, placed: Input should be a valid date or datetime, input is too short"]
    )
    expect(watcher.locator("#count")).to_have_text(f"{before + 2999:,}")


@pytest.mark.also_blocked
def test_an_import_shows_its_progress(page: Page, orders: Path) -> None:
    page.get_by_role("link", name="Import").click()
    page.get_by_label("CSV file").set_input_files(orders)
    page.evaluate(
        """() => {
          window.seen = new Set();
          addEventListener("live:patch", () => seen.add(document.querySelector("#progress")?.textContent));
        }"""
    )
    page.locator("main").get_by_role("button", name="Import").click()
    expect(page.locator("#progress")).to_have_text("3,000 of 3,000 lines read")
    assert page.evaluate("seen.size") > 2
    expect(page.get_by_role("button", name="Stop")).to_be_hidden()


def test_a_download(anybody: Visitor) -> None:
    page = anybody.new_tab()
    page.goto(f"{anybody.url}/?q=shelf&status=returned")
    count = int(page.locator("#count").inner_text().replace(",", ""))
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as CSV").click()
    assert download.value.suggested_filename == "orders.csv"
    assert len(download.value.path().read_text().splitlines()) == count + 1
    expect(page.locator("#count")).to_have_text(f"{count:,}")


def test_without_javascript(visit: Visit, dashboard: Server) -> None:
    page = visit(dashboard.url, script=False).open("/")
    expect(page.locator(".chart rect")).to_have_count(12)
    page.locator(".chart summary").click()
    expect(page.locator(".chart tbody tr")).to_have_count(12)
    page.get_by_label("Search").fill("teapot")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator(".orders tbody tr").first).to_contain_text("Teapot")


def test_it_is_accessible(page: Page, dashboard: Server) -> None:
    for path in ("/", "/?q=nobody", "/import"):
        page.goto(dashboard.url + path)
        expect(page.locator("html")).to_have_attribute("data-live", "open")
        found = Axe().run(page)
        assert not found.violations_count, f"{path}\n{found.generate_report()}"
