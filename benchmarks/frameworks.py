"""Print the browser's time for operations of js-framework-benchmark, beside a page without a library.

``python -m benchmarks.frameworks``; arguments select operations by number (``04 05``), and the
variable ``ROUNDS`` is the number of measurements of each. See ``benchmarks/README.md``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import mean

from playwright.sync_api import Browser, sync_playwright

from benchmarks.report import Line
from tests.chromium.launch import launch
from tests.chromium.server import Server, serving

ROUNDS = int(os.environ.get("ROUNDS", "10"))
WARM_UP = 3
VANILLA, LIVE = "/vanilla", "/frameworks"

DRIVER = """() => {
  window.painted = () => new Promise(resolve => requestAnimationFrame(() => setTimeout(resolve)));
  const patched = () => new Promise(resolve => {
    addEventListener("live:patch", function heard({detail}) {
      if (detail.phase !== "after") return;
      removeEventListener("live:patch", heard);
      resolve();
    });
  });
  window.press = async selectors => {
    for (const selector of selectors) {
      const shown = document.documentElement.dataset.live && patched();
      document.querySelector(selector).click();
      await shown;
      await painted();
    }
  };
}"""
"""Clicks, and waits each time until the page shows what comes of it."""


@dataclass(frozen=True)
class Operation:
    """The clicks of an operation; several, if a single one would be too short to measure."""

    name: str
    at_most: float
    """Multiple of what it costs without a library."""
    clicked: Sequence[str]
    before: Sequence[str] = ("#run",)


def label(row: int) -> str:
    return f"#tbody tr:nth-child({row}) td:nth-child(2) a"


def cross(row: int) -> str:
    return f"#tbody tr:nth-child({row}) td:nth-child(3) a"


OPERATIONS = {
    "01": Operation("create 1,000 rows", 1.4, ["#run"], ["#run", "#clear"]),
    "02": Operation("replace 1,000 rows", 1.4, ["#run"]),
    "03": Operation("update every 10th of 1,000 rows", 1.8, ["#update"] * 4),
    "04": Operation("select one of 1,000 rows", 1.8, [label(row) for row in range(2, 10)]),
    "05": Operation("swap two of 1,000 rows", 1.8, ["#swaprows"] * 4),
    "06": Operation("remove one of 1,000 rows", 1.4, [cross(row) for row in range(4, 8)]),
    "08": Operation("append 1,000 to 1,000 rows", 1.4, ["#add"]),
    "09": Operation("clear 1,000 rows", 1.8, ["#clear"]),
    "reverse": Operation("reverse 1,000 rows", 3, ["#reverse"]),
    "shuffle": Operation("shuffle 1,000 rows", 3, ["#shuffle"]),
}
LARGE = {
    "reverse-large": Operation("reverse 10,000 rows", 3, ["#reverse"], ["#runlots"]),
    "shuffle-large": Operation("shuffle 10,000 rows", 3, ["#shuffle"], ["#runlots"]),
}
"""Take minutes, so they are only measured by name."""

DURATIONS = {
    "all": "TaskDuration",
    "script": "ScriptDuration",
    "style": "RecalcStyleDuration",
    "layout": "LayoutDuration",
}
COUNTS = {"layouts": "LayoutCount"}
Cost = dict[str, float]
"""Milliseconds and counts of one click."""


class Side:
    """One of the pages, in a browser process of its own."""

    def __init__(self, browser: Browser, url: str) -> None:
        self.page = browser.new_context().new_page()
        self.page.goto(url)
        self.page.wait_for_function("[undefined, 'open'].includes(document.documentElement.dataset.live)")
        self.page.evaluate(DRIVER)
        self.session = self.page.context.new_cdp_session(self.page)
        self.session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def cost(self, operation: Operation) -> Cost:
        """Return the time of a click, without the overhead of measuring."""
        self.press(operation.before)
        self.session.send("HeapProfiler.collectGarbage")
        self.press([])
        start = self.metrics()
        self.press([])
        asked = self.metrics()
        self.press(operation.clicked)
        end = self.metrics()
        return {name: (end[name] - 2 * asked[name] + start[name]) / len(operation.clicked) for name in start}

    def press(self, selectors: Sequence[str]) -> None:
        self.page.evaluate("press", selectors)

    def metrics(self) -> Cost:
        found = self.session.send("Performance.getMetrics")["metrics"]
        values = {entry["name"]: entry["value"] for entry in found}
        durations = {name: values[metric] * 1000 for name, metric in DURATIONS.items()}
        return {**durations, **{name: values[metric] for name, metric in COUNTS.items()}}


def costs(server: Server, browser: Browser, operation: Operation) -> tuple[Cost, Cost]:
    """Return the times of an operation without and with the library, measured alternately."""
    vanilla, live = (Side(browser, server.url + path) for path in (VANILLA, LIVE))
    runs = [(vanilla.cost(operation), live.cost(operation)) for _ in range(WARM_UP + ROUNDS)][WARM_UP:]
    vanilla.page.context.close()
    live.page.context.close()
    return _low([cost for cost, _ in runs]), _low([cost for _, cost in runs])


def _low(costs: Sequence[Cost]) -> Cost:
    """Return the means of the lower halves, since other processes only increase a measurement."""
    count = (len(costs) + 1) // 2
    return {name: mean(sorted(cost[name] for cost in costs)[:count]) for name in costs[0]}


def measure(server: Server, browser: Browser) -> Iterator[Line]:
    for number, operation in OPERATIONS.items():
        vanilla, live = costs(server, browser, operation)
        name = f"{number} {operation.name}" if number.isdecimal() else operation.name
        yield Line(name, live["all"] / vanilla["all"], "times", at_most=operation.at_most)


def main(numbers: Sequence[str]) -> None:
    known = {**OPERATIONS, **LARGE}
    columns = [*DURATIONS, *COUNTS]
    print(f"{'':34}{'ratio':>7}{'aim':>7}", *(f"{name:>17}" for name in columns))
    with serving("benchmarks.app:live") as server, sync_playwright() as playwright:
        browser = launch(playwright)
        for number in numbers or OPERATIONS:
            vanilla, live = costs(server, browser, known[number])
            head = f"{number if number.isdecimal() else '':<3}{known[number].name:<31}"
            pairs = (f"{vanilla[name]:8.2f} {live[name]:8.2f}" for name in columns)
            print(
                f"{head}{live['all'] / vanilla['all']:7.2f}{known[number].at_most:7.1f}", *pairs, flush=True
            )
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
