"""Measure scrolling in 100,000 rows, of which only those in view are loaded, beside a complete page."""

from __future__ import annotations

from typing import Final

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.browser import Wire
from benchmarks.report import Line
from tests.chromium.launch import launch
from tests.chromium.server import Server, serving

SCREENS: Final = 100
SCROLL: Final = """async ([selector, screens]) => {
  const box = document.querySelector(selector), body = document.querySelector("tbody");
  const x = body.getBoundingClientRect().left + 5;
  const y = Math.min(innerHeight, box.getBoundingClientRect().bottom) / 2;
  const isRow = (y) => document.elementFromPoint(x, y).closest("tr");
  const isThere = () => isRow(y) || isRow(y + 9); // one may be between two rows
  for (let i = 0; i < screens; i++) {
    box.scrollTop += box.clientHeight;
    do await new Promise(requestAnimationFrame); while (!isThere());
  }
}"""


def scroll(page: Page, box: str, screens: int) -> float:
    """Scroll a box screen by screen, and return milliseconds of the main thread for each."""
    metrics = page.context.new_cdp_session(page)
    metrics.send("Performance.enable")

    def busy() -> float:
        found = metrics.send("Performance.getMetrics")["metrics"]
        return float(next(entry["value"] for entry in found if entry["name"] == "TaskDuration"))

    page.evaluate(SCROLL, [box, 10])  # the client gets the shapes
    before = busy()
    page.evaluate(SCROLL, [box, screens])
    return (busy() - before) * 1000 / screens


def measure(server: Server, examples: Server, browser: Browser) -> list[Line]:
    with browser.new_page() as page:
        wire = Wire(page)
        response = page.goto(examples.url + "/catalogue")
        assert response is not None
        wire.wait(1)
        page.wait_for_selector("[data-window]")
        scroll(page, ".shelf", 10)
        down, up = len(wire.received), len(wire.sent)
        windowed = scroll(page, ".shelf", SCREENS)
        rows = page.locator("tbody tr").count()
        received = sum(len(text.encode()) for text in wire.received[down:]) / (SCREENS + 10)
        sent = sum(len(text.encode()) for text in wire.sent[up:]) / (SCREENS + 10)
        html = len(response.body())
    with browser.new_page() as page:
        page.goto(server.url + "/rows?rows=10000")
        whole = scroll(page, "html", SCREENS)
    return [
        Line("HTML of the page, with its first 50 rows", html, "bytes"),
        Line("rows in the page", rows),
        Line("a screen of 7 rows: down", received, "bytes"),
        Line("a screen of 7 rows: up", sent, "bytes"),
        Line("a screen of 7 rows: main thread", windowed, "ms"),
        Line("a screen of 10,000 rows that are all in the page: main thread", whole, "ms"),
    ]


def main() -> None:
    with serving("benchmarks.app:live") as server, serving() as examples, sync_playwright() as playwright:
        chromium = launch(playwright)
        print(*measure(server, examples, chromium), sep="\n")
        chromium.close()


if __name__ == "__main__":
    main()
