from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.chromium.conftest import Visit, Visitor
from tests.chromium.observe import watching
from tests.chromium.server import Server


def test_what_is_typed_is_shown_and_what_stays_is_left_alone(live_visitor: Visitor) -> None:
    page = live_visitor.open("/preview")
    field, items = page.get_by_label("Markdown"), page.locator("article li")
    items.first.evaluate("item => { item.mine = 'mine'; item.className = 'mine'; }")
    field.press("Control+End")
    field.press_sequentially("- three")
    expect(items).to_have_text(["one", "two", "three"])
    field.press("Control+Home")
    field.press_sequentially("# ")
    expect(page.locator("article h1")).to_have_text("Some Markdown:")
    assert field.evaluate("field => [field.selectionStart, document.activeElement === field]") == [2, True]
    assert items.first.evaluate("item => [item.mine, item.className]") == ["mine", "mine"]


@pytest.mark.also_blocked
def test_a_changed_text_touches_itself_alone(live_visitor: Visitor) -> None:
    page = live_visitor.open("/preview")
    field, items = page.get_by_label("Markdown"), page.locator("article li")
    field.press("Control+End")
    field.press_sequentially("- three")
    expect(items).to_have_count(3)
    with watching(page) as touched:
        field.press("!")
        expect(items.last).to_have_text("three!")
    assert {place for place, _ in touched if "article" in place or "main" not in place} != set()
    assert not any("nav" in place or " h1" in place for place, _ in touched)


def test_without_the_script_a_button_shows_it(visit: Visit, server: Server) -> None:
    page = visit(server.url, script=False).open("/preview")
    page.get_by_label("Markdown").fill("*new*")
    page.get_by_role("button").click()
    expect(page.locator("article em")).to_have_text("new")
    expect(page.get_by_label("Markdown")).to_have_value("*new*")
