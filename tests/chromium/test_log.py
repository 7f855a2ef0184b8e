"""The long log: a stream whose entries the server forgets."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.chromium.conftest import Visitor


def numbers(page: Page) -> list[int]:
    return [int(text.partition(":")[0]) for text in page.locator("li span").all_inner_texts()]


def press(page: Page, name: str, count: int) -> None:
    page.get_by_role("button", name=name, exact=True).click()
    expect(page.locator("li")).to_have_count(count)


def test_both_ends(visitor: Visitor) -> None:
    page = visitor.open("/log")
    assert numbers(page) == [*range(50_000, 50_020)]
    press(page, "Later", 40)
    press(page, "Earlier", 60)
    press(page, "Later", 80)
    assert numbers(page) == [*range(49_980, 50_060)]


def test_an_entry_that_the_server_has_forgotten_is_struck(visitor: Visitor) -> None:
    page = visitor.open("/log")
    press(page, "Later", 40)
    press(page, "Earlier", 60)
    for number in (50_003, 50_030, 49_985):
        page.get_by_role("button", name=f"Strike {number}").click()
        expect(page.locator(f"#entry-{number} s")).to_be_visible()
    assert numbers(page) == [*range(49_980, 50_040)]
    page.get_by_role("button", name="Strike 50030").click()
    expect(page.locator("#entry-50030 s")).to_have_count(0)


def test_order_and_elements_survive_a_new_connection(live_visitor: Visitor) -> None:
    page = live_visitor.open("/log")
    press(page, "Later", 40)
    press(page, "Earlier", 60)
    page.evaluate("document.querySelector('#entry-50010').kept = true")
    for count in (1, 0, 1):  # another tab has changed the cookies; of several workers, another one may go on
        page.evaluate("dispatchEvent(new StorageEvent('storage', { key: 'live' }))")
        page.get_by_role("button", name="Strike 50010").click()
        expect(page.locator("#entry-50010 s")).to_have_count(count)
        page.get_by_role("button", name="Strike 50020").click()
        expect(page.locator("#entry-50020 s")).to_have_count(count)
    press(page, "Later", 80)
    assert numbers(page) == [*range(49_980, 50_060)]
    assert page.evaluate("document.querySelector('#entry-50010').kept")


def test_of_more_than_the_limit_the_other_end_goes(live_visitor: Visitor) -> None:
    page = live_visitor.open("/log")
    for count in range(40, 220, 20):
        press(page, "Later", count)
    page.get_by_role("button", name="Later", exact=True).click()
    expect(page.locator("#entry-50000")).to_have_count(0)
    assert numbers(page) == [*range(50_020, 50_220)]
