"""The catalogue: 100,000 rows, of which the page has those in view."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.chromium.conftest import Visit, Visitor
from tests.chromium.server import Server

COUNT = 100_000


def row(page: Page, number: int) -> Locator:
    return page.locator(f"tr[data-key='{number}']")


def numbers(page: Page) -> list[int]:
    found = page.locator("tbody tr").evaluate_all("rows => rows.map(row => row.dataset.key)")
    return [int(number) for number in found]


def height(page: Page) -> float:
    return float(page.locator("tbody").evaluate("body => body.rows[0].getBoundingClientRect().height"))


def scroll_to(page: Page, number: int) -> None:
    """Scroll a row to the top of the box."""
    page.locator(".shelf").evaluate("(box, top) => { box.scrollTop = top }", number * height(page))
    shows(page, number + 2)


def shows(page: Page, number: int) -> None:
    """Wait until a row is in view, and what else is in view isn't missing."""
    expect(row(page, number)).to_be_in_viewport()
    expect(page.locator("tbody")).not_to_have_attribute("aria-busy", "true")


def test_the_middle_and_the_end_and_the_scroll_bar(live_visitor: Visitor) -> None:
    page = live_visitor.open("/catalogue")
    box = page.locator(".shelf")
    head = page.locator("thead").evaluate("head => head.getBoundingClientRect().height")
    expect(page.locator("tbody")).to_have_attribute("data-window", "")
    whole = box.evaluate("box => box.scrollHeight")
    assert whole == pytest.approx(COUNT * height(page) + head, abs=2)
    for number in (50_000, COUNT - 8, 1_000, 0):
        scroll_to(page, number)
        found = numbers(page)
        assert found == [*range(found[0], found[0] + len(found))] and len(found) < 60
        assert box.evaluate("box => box.scrollHeight") == whole
        top = row(page, number + 2).evaluate(
            "row => row.getBoundingClientRect().top - row.closest('.shelf').getBoundingClientRect().top"
        )
        if number < COUNT - 8:
            assert top == pytest.approx(head + 2 * height(page), abs=2)
    scroll_to(page, 50_000)
    expect(page.locator("table")).to_have_attribute("aria-rowcount", str(COUNT + 1))
    expect(row(page, 50_000)).to_have_attribute("aria-rowindex", "50002")


def test_keys_scroll_the_box(live_visitor: Visitor) -> None:
    page = live_visitor.open("/catalogue")
    page.locator(".shelf").focus()
    for key, number in (("End", COUNT - 1), ("PageUp", COUNT - 7), ("Home", 0), ("PageDown", 7)):
        page.keyboard.press(key)
        shows(page, number)
    expect(page.locator(".shelf")).to_be_focused()
    for _ in range(5):
        page.keyboard.press("ArrowDown")
    shows(page, 10)


def test_rows_that_stay_are_the_same_elements_and_can_be_used(live_visitor: Visitor) -> None:
    page = live_visitor.open("/catalogue")
    scroll_to(page, 50_000)
    page.evaluate("document.querySelector('tr[data-key=\"50006\"]').kept = true")
    page.get_by_label("Note on 50006").fill("not sent")
    scroll_to(page, 50_006)
    scroll_to(page, 50_010)
    page.get_by_role("button", name="Lend 50014").click()
    expect(page.get_by_role("button", name="Lend 50014")).to_have_attribute("aria-pressed", "true")
    page.evaluate("dispatchEvent(new StorageEvent('storage', { key: 'live' }))")  # connects again
    scroll_to(page, 50_004)
    assert page.evaluate("document.querySelector('tr[data-key=\"50006\"]').kept")
    assert page.get_by_label("Note on 50006").input_value() == "not sent"
    page.get_by_label("Note on 50006").press("Enter")
    scroll_to(page, 90_000)
    scroll_to(page, 50_004)
    expect(page.get_by_label("Note on 50006")).to_have_value("not sent")
    scroll_to(page, 50_010)
    expect(page.get_by_role("button", name="Lend 50014")).to_have_attribute("aria-pressed", "true")


def test_what_was_typed_and_the_focus_come_back_with_their_row(live_visitor: Visitor) -> None:
    page = live_visitor.open("/catalogue")
    scroll_to(page, 50_000)
    page.get_by_label("Note on 50006").fill("not sent")
    scroll_to(page, 90_000)
    expect(page.get_by_label("Note on 50006")).to_have_count(0)
    expect(page.locator(".shelf")).to_be_focused()
    page.keyboard.press("PageDown")
    shows(page, 90_009)
    scroll_to(page, 50_000)
    expect(page.get_by_label("Note on 50006")).to_have_value("not sent")
    expect(page.get_by_label("Note on 50006")).to_be_focused()
    page.keyboard.press("Enter")
    scroll_to(page, 90_000)
    page.get_by_label("Note on 90003").focus()
    scroll_to(page, 50_000)
    expect(page.get_by_label("Note on 50006")).to_have_value("not sent")
    page.get_by_label("Note on 50004").focus()
    scroll_to(page, 90_000)
    scroll_to(page, 90_010)
    expect(page.get_by_label("Note on 90012")).not_to_be_focused()


def test_a_fling_ends_with_rows(live_visitor: Visitor) -> None:
    page = live_visitor.open("/catalogue")
    page.locator(".shelf").evaluate(
        """async (box) => { for (let i = 0; i < 60; i++) {
             box.scrollTop += 40000;
             await new Promise(requestAnimationFrame);
           } }"""
    )
    number = int(page.locator(".shelf").evaluate("box => box.scrollTop") / height(page))
    assert number > 40_000
    shows(page, number + 2)


def test_it_opens_where_the_address_says(live_visitor: Visitor) -> None:
    page = live_visitor.open("/catalogue?first=70000")
    shows(page, 70_000)
    page.reload()
    shows(page, 70_000)
    shows(page, 70_004)


def test_pages_without_the_script(visit: Visit, server: Server) -> None:
    page = visit(server.url, script=False).open("/catalogue")
    page.get_by_role("link", name="Next").click()
    expect(row(page, 99)).to_be_visible()
    assert numbers(page) == [*range(50, 100)]
    page.get_by_role("button", name="Lend 60").click()
    expect(page.get_by_role("button", name="Lend 60")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("link", name="Previous").click()
    expect(row(page, 0)).to_be_visible()
    expect(row(page, 50)).to_have_count(0)
