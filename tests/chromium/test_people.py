from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from tests.chromium.conftest import Visitor
from tests.chromium.observe import watching


def column(section: Locator, number: int) -> Locator:
    return section.locator(f"tbody td:nth-child({number})")


def test_each_table_has_its_own_state(visitor: Visitor) -> None:
    page = visitor.open("/people")
    people, invoices = page.locator("#people"), page.locator("#invoices")
    expect(column(people, 2)).to_have_text(["Ada", "Barbara", "Claude", "Donald", "Edsger"])
    expect(column(invoices, 1)).to_have_text(["1", "2", "3", "4", "5"])

    people.get_by_role("button", name="name").click()
    expect(column(people, 2)).to_have_text(["Leslie", "Ken", "Joan", "Ivan", "Hedy"])
    expect(people.locator("th[aria-sort=descending]")).to_have_text("name")
    expect(column(invoices, 1)).to_have_text(["1", "2", "3", "4", "5"])

    invoices.get_by_role("button", name="Next").click()
    expect(column(invoices, 1)).to_have_text(["6", "7", "8", "9", "10"])
    people.get_by_role("button", name="Next").click()
    expect(column(people, 2)).to_have_text(["Grace", "Frances", "Edsger", "Donald", "Claude"])
    expect(invoices.get_by_text("page 2 of 5")).to_be_visible()
    expect(people.get_by_text("page 2 of 3")).to_be_visible()


def test_the_first_and_the_last_page_end_the_paging(visitor: Visitor) -> None:
    people = visitor.open("/people").locator("#people")
    previous, following = (
        people.get_by_role("button", name="Previous"),
        people.get_by_role("button", name="Next"),
    )
    expect(previous).to_be_disabled()
    following.click()
    expect(previous).to_be_enabled()
    following.click()
    expect(people.get_by_text("page 3 of 3")).to_be_visible()
    expect(following).to_be_disabled()
    expect(column(people, 2)).to_have_count(2)


@pytest.mark.also_blocked
def test_one_table_leaves_the_other_alone(live_visitor: Visitor) -> None:
    page = live_visitor.open("/people")
    with watching(page) as touched:
        page.locator("#people").get_by_role("button", name="city").click()
        expect(page.locator("#people th[aria-sort=ascending]")).to_have_text("city")
    assert {place.split(" ")[0] for place, _ in touched} == {"#people"}
