"""The reading list: client commands in a real page, while it is patched, reconnected and left."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from tests.chromium.conftest import Visitor


def row(page: Page, title: str) -> Locator:
    return page.locator("#reading li", has_text=title)


def button(of: Page | Locator, name: str) -> Locator:
    return of.get_by_role("button", name=name, exact=True)


def test_notes_stay_open_while_rows_move(live_visitor: Visitor) -> None:
    page = live_visitor.open("/reading")
    json, http = row(page, "JSON"), row(page, "HTTP Semantics")
    button(json, "Note").click()
    expect(json.locator(".note")).to_be_visible()
    expect(button(json, "Note")).to_have_attribute("aria-expanded", "true")
    button(http, "Read").click()
    expect(page.locator("#reading a").last).to_have_text("HTTP Semantics")
    expect(json.locator(".note")).to_be_visible()
    button(json, "Read").click()  # which closes its note, and moves it
    expect(page.locator("#reading a").last).to_have_text("JSON")
    expect(json.locator(".note")).to_be_hidden()
    expect(button(json, "Note")).to_have_attribute("aria-expanded", "false")


def test_escape_closes_notes_and_the_focus_stays_on_its_button(live_visitor: Visitor) -> None:
    page = live_visitor.open("/reading")
    button(page, "All notes").click()
    expect(page.locator(".note:visible")).to_have_count(4)
    button(row(page, "JSON"), "Note").click()
    expect(page.locator(".note:visible")).to_have_count(3)
    page.keyboard.press("Escape")
    expect(page.locator(".note:visible")).to_have_count(0)
    expect(button(row(page, "JSON"), "Note")).to_be_focused()


def test_a_link_is_copied(live_visitor: Visitor) -> None:
    live_visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = live_visitor.open("/reading")
    button(row(page, "JSON"), "Copy").click()
    page.wait_for_function(
        "async () => await navigator.clipboard.readText() === 'https://www.rfc-editor.org/rfc/rfc8259'"
    )
    expect(row(page, "JSON")).to_have_class("")  # the animation is over


def test_notes_stay_open_when_the_page_connects_again(live_visitor: Visitor) -> None:
    page, other = live_visitor.open("/reading"), live_visitor.open("/counter")
    button(row(page, "JSON"), "Note").click()
    expect(row(page, "JSON").locator(".note")).to_be_visible()
    with page.expect_websocket():
        other.evaluate("() => localStorage.setItem('live', 'cookies of another tab')")
    button(row(page, "HTTP Semantics"), "Read").click()
    expect(page.locator("#reading a").last).to_have_text("HTTP Semantics")
    expect(row(page, "JSON").locator(".note")).to_be_visible()


def test_what_the_browser_does_by_itself_works_beside(live_visitor: Visitor) -> None:
    page = live_visitor.open("/reading")
    button(page, "About").click()
    expect(page.get_by_role("dialog", name="About")).to_be_visible()
    button(page, "Close").click()
    button(page, "Help").click()
    expect(page.locator("#help")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#help")).to_be_hidden()
    button(row(page, "JSON"), "Read").click()
    expect(page.locator("#reading a").last).to_have_text("JSON")
    page.get_by_label("Only unread").check()
    expect(page.locator("#reading li:visible")).to_have_count(3)


def test_the_module_is_loaded_early_and_once(live_visitor: Visitor) -> None:
    page = live_visitor.new_tab()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    live_visitor.go(page, "/reading")
    button(row(page, "JSON"), "Note").click()
    expect(row(page, "JSON").locator(".note")).to_be_visible()
    assert page.locator("link[rel=modulepreload]").count() == 2
    names = [url.rpartition("/")[2] for url in asked]
    assert (names.count("lazy.js"), names.count("commands.js")) == (1, 1)


def test_without_the_script(visitor: Visitor) -> None:
    page = visitor.open("/reading")
    if not visitor.script:
        expect(page.locator(".note:visible")).to_have_count(4)
        expect(page.locator(".copy:visible")).to_have_count(0)
    button(row(page, "JSON"), "Read").click()
    expect(page.locator("#reading a").last).to_have_text("JSON")
