"""The assistant in a browser: Markdown as it comes, a tool's card; accessible, and kept for the visitor."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.chromium.conftest import Visitor


def test_an_answer_grows(visitor: Visitor) -> None:
    page = visitor.open("/assistant")
    page.get_by_label("Question").fill("What is the weather in Bern?")
    page.keyboard.press("Enter")
    expect(page.locator(".tool")).to_have_text("weather(Bern) → 18 °C, light rain")
    expect(page.locator(".answer strong")).to_have_text("Bern")
    first = page.get_by_role("article").get_attribute("data-key") or ""
    page.get_by_role("button", name="Retry").click()
    expect(page.get_by_role("article")).not_to_have_attribute("data-key", first)
    expect(page.get_by_role("button", name="Clear")).to_be_visible()
    if visitor.script:
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
    visitor.go(page, "/assistant")
    expect(page.get_by_role("log").get_by_role("heading")).to_have_text("What is the weather in Bern?")
