from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.chromium.conftest import Visit, Visitor
from tests.chromium.observe import watching
from tests.chromium.server import Server


def test_forms_count(visitor: Visitor) -> None:
    page = visitor.open("/counter")
    for name, count in [("+1", 1), ("+10", 11), ("-1", 10), ("+1", 11), ("reset", 0), ("-1", -1)]:
        page.get_by_role("button", name=name, exact=True).click()
        expect(page.locator("output")).to_have_text(str(count))


@pytest.mark.also_blocked
def test_events_count(live_visitor: Visitor) -> None:
    page = live_visitor.open("/counter")
    for name, count in [("+1", 1), ("+10", 11), ("-1", 10), ("reset", 0)]:
        page.get_by_role("button", name=f"click {name}", exact=True).click()
        expect(page.locator("output")).to_have_text(str(count))


def test_without_the_script_events_are_said_to_do_nothing(visitor: Visitor) -> None:
    page = visitor.open("/counter")
    expect(page.locator("noscript p")).to_be_visible(visible=not visitor.script)


def test_reload_and_address_of_a_post(visitor: Visitor) -> None:
    page = visitor.open("/counter")
    page.get_by_role("button", name="+10", exact=True).click()
    expect(page.locator("output")).to_have_text("10")
    page.reload()
    # Without the script the address holds that post's state; with it, opening the page is a fresh one.
    expect(page.locator("output")).to_have_text("0" if visitor.script else "10")
    page.goto(visitor.url + "/counter")
    expect(page.locator("output")).to_have_text("0")


def test_two_tabs_do_not_mix(visitor: Visitor) -> None:
    one, two = visitor.open("/counter"), visitor.open("/counter")
    one.get_by_role("button", name="+1", exact=True).click()
    expect(one.locator("output")).to_have_text("1")
    two.get_by_role("button", name="+10", exact=True).click()
    expect(two.locator("output")).to_have_text("10")
    one.get_by_role("button", name="+1", exact=True).click()
    expect(one.locator("output")).to_have_text("2")


def test_back_and_forward_without_the_script(visit: Visit, server: Server) -> None:
    page = visit(server.url, script=False).open("/counter")
    for count in ("1", "2"):
        page.get_by_role("button", name="+1", exact=True).click()
        expect(page.locator("output")).to_have_text(count)
    page.go_back()
    expect(page.locator("output")).to_have_text("1")
    page.get_by_role("button", name="+10", exact=True).click()
    expect(page.locator("output")).to_have_text("11")


@pytest.mark.parametrize("button", ["+1", "click +1"])
def test_a_patch_writes_one_text(live_visitor: Visitor, button: str) -> None:
    page = live_visitor.open("/counter")
    with watching(page) as touched:
        page.get_by_role("button", name=button, exact=True).click()
        expect(page.locator("output")).to_have_text("1")
    assert {place.rsplit(" ", 1)[-1].split("/")[0] for place, _ in touched} == {"output"}
    assert len(touched) == 1


def test_hundreds_of_clicks_without_waiting(live_visitor: Visitor) -> None:
    page = live_visitor.open("/counter")
    page.evaluate(
        """() => {
          const button = [...document.querySelectorAll("button")].find(b => b.textContent === "click +1");
          for (let i = 0; i < 300; i++) button.click();
        }"""
    )
    expect(page.locator("output")).to_have_text("300")
