"""The bakery: a basket for all tabs of a person, and a note that its tab keeps."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.chromium.conftest import Visit, Visitor
from tests.chromium.server import Server


def note_of(page: Page) -> str:
    return page.get_by_label("Note for the baker").input_value()


def test_a_note_survives_a_reload_and_back(visitor: Visitor) -> None:
    page = visitor.open("/bakery/order")
    page.get_by_label("Note for the baker").fill("Not too dark")
    page.get_by_role("button", name="Keep the note").click()
    if visitor.script:
        expect(page.locator("html")).to_have_attribute("data-live", "open")
        page.wait_for_function("document.querySelector('#note').defaultValue == 'Not too dark'")
    page.reload()
    expect(page.get_by_label("Note for the baker")).to_have_value("Not too dark")
    page.goto(visitor.url + "/counter")
    page.go_back()
    expect(page.get_by_label("Note for the baker")).to_have_value("Not too dark")


def test_a_note_survives_pages_that_open_over_the_socket(live_visitor: Visitor) -> None:
    page = live_visitor.open("/bakery/order")
    page.get_by_label("Note for the baker").fill("Not too dark")
    page.wait_for_function("document.querySelector('#note').defaultValue == 'Not too dark'")
    page.get_by_role("link", name="More breads").click()
    expect(page.locator("h1")).to_have_text("Bakery")
    assert page.evaluate("document.querySelector('script[data-live]').dataset.snapshot.includes(' ')")
    page.get_by_role("link", name="Basket").click()
    expect(page.get_by_label("Note for the baker")).to_have_value("Not too dark")
    other = live_visitor.open("/bakery/order")
    assert note_of(other) == ""


def test_all_tabs_share_the_basket(live_visitor: Visitor) -> None:
    page, other = live_visitor.open("/bakery"), live_visitor.open("/bakery/order")
    page.get_by_role("button", name="Add Rye").click()
    expect(page.get_by_role("link", name="Basket: 1")).to_be_visible()
    expect(other.locator("ol li")).to_have_text("Rye Remove")
    other.get_by_role("button", name="Remove").click()
    expect(page.get_by_role("link", name="Basket: 0")).to_be_visible()


def test_a_basket_without_the_script(visit: Visit, server: Server) -> None:
    visitor = visit(server.url, script=False)
    page = visitor.open("/bakery")
    page.get_by_role("button", name="Add Rye").click()
    expect(page.get_by_role("link", name="Basket: 1")).to_be_visible()
    page.goto(visitor.url + "/bakery/order")
    expect(page.locator("ol li")).to_have_text("Rye Remove")
    page.get_by_role("button", name="Order").click()
    expect(page.get_by_role("status")).to_have_text("1 breads are baked for you tomorrow")
