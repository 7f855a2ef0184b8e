"""The feed: more is loaded at both ends as it is scrolled, and by buttons without JavaScript."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.chromium.conftest import Visit, Visitor
from tests.chromium.server import Server

FULL = """() => [...document.querySelectorAll("main form")].every((form) => {
  const { top, bottom } = form.getBoundingClientRect();
  return bottom < -300 || top > innerHeight + 300;
})"""
"""Neither end of the list is nearly in view."""


def top_of(page: Page, text: str) -> float:
    box = page.get_by_text(text, exact=True).bounding_box()
    assert box is not None
    return box["y"]


def test_it_loads_more_until_the_window_is_full(live_visitor: Visitor) -> None:
    page = live_visitor.open("/feed")
    page.set_viewport_size({"width": 800, "height": 3000})
    page.wait_for_function(FULL)
    assert page.locator("li").count() % 20 == 0


def test_both_ends(live_visitor: Visitor) -> None:
    page = live_visitor.open("/feed")
    opened = "Day 84, noon: rain from the west."
    expect(page.locator("li")).to_have_count(40)  # the beginning is in view when the page opens ...
    assert top_of(page, opened) > 0  # ... and stays where it was
    first = page.locator("li").first.inner_text()
    page.locator("li").last.scroll_into_view_if_needed()
    expect(page.locator("li")).to_have_count(60)
    page.locator("li").first.scroll_into_view_if_needed()
    expect(page.locator("li")).to_have_count(80)
    assert top_of(page, first) >= 0


def test_without_the_script_there_are_buttons(visit: Visit, server: Server) -> None:
    page = visit(server.url, script=False).open("/feed")
    page.get_by_role("button", name="Later").click()
    page.get_by_role("button", name="Earlier").click()
    expect(page.locator("li").nth(59)).to_be_visible()
