"""Run all benchmarks of ``make bench``, and print each figure beside its target."""

from __future__ import annotations

import os
import platform

from playwright.sync_api import sync_playwright

from benchmarks import (
    browser,
    cpu,
    fast,
    frameworks,
    instructions,
    memory,
    minimal,
    presence,
    references,
    requests,
    servers,
    size,
    streams,
    windows,
)
from benchmarks.report import show
from tests.chromium.launch import launch
from tests.chromium.server import serving

APP = "benchmarks.app:live"


def main() -> None:
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}")
    show("Client", size.measure())
    show("References in HTML", references.measure())
    show("Bytes of patches of raw HTML", minimal.measure())
    show("Finding what changed in 150 KB of raw HTML", fast.measure())
    with serving(APP) as server:
        with serving() as examples, sync_playwright() as playwright:
            chromium = launch(playwright)
            show("Bytes on the wire, framing excluded", browser.measure(server, chromium))
            show("Main thread of the browser", browser.measure_main_thread(server, chromium))
            show(
                "Operations of js-framework-benchmark, beside no library",
                frameworks.measure(server, chromium),
            )
            show("Scrolling 100,000 rows", windows.measure(server, examples, chromium))
            chromium.close()
        show("Server CPU, beside a bare echo of the same bytes", cpu.measure(server, browser.OPS))
    show("Servers, in a second of CPU time", servers.measure())
    show("Instructions in process, where valgrind is installed", instructions.measure())
    show("Requests beside plain Starlette and Jinja2", requests.measure())
    show("Presence", presence.measure())
    show("What a page holds of the items that it shows", streams.measure())
    show("Memory of the server per page", memory.measure(APP))


if __name__ == "__main__":
    main()
