"""Measure bytes on the wire and main-thread time in Chromium."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, Page, WebSocket

from benchmarks.report import Line
from tests.chromium.server import Server

PATCHES = 400

CLOCK = """
window.handled = [];
const listen = EventTarget.prototype.addEventListener;
const timed = handler => event => {
  const start = performance.now();
  handler(event);
  handled.push(performance.now() - start);
};
EventTarget.prototype.addEventListener = function (type, handler, ...rest) {
  const socket = this instanceof WebSocket && type === "message";
  const plain = handler?.handleEvent?.bind(handler) ?? handler;
  return listen.call(this, type, socket ? timed(plain.bind(this)) : handler, ...rest);
};
const {set} = Object.getOwnPropertyDescriptor(WebSocket.prototype, "onmessage");
const onmessage = {set(handler) { set.call(this, timed(handler.bind(this))); }};
Object.defineProperty(WebSocket.prototype, "onmessage", onmessage);
"""
"""Times what the client does with each message. The clock is coarse, which evens out over many."""


PATCHING = """
window.handled = [];
let start;
addEventListener("live:patch", ({detail}) => {
  if (detail.phase === "before") start = performance.now();
  else handled.push(performance.now() - start);
});
"""
"""Times each patch, where what comes is heard by another script."""


@dataclass
class Traffic:
    """A kind of op: its page, its message after number and revision, and its bytes in both directions."""

    name: str
    path: str
    button: str
    at_most: int | None = None
    repeatable: bool = True
    """Whether the same op again does the same work."""
    tail: list[Any] = field(default_factory=list)
    up: int = 0
    down: int = 0
    join: int = 0


OPS = [
    Traffic("counter", "/counter", "click +1", 24),
    Traffic("counter beside 1000 rows", "/beside", "click +1", 24),
    *(Traffic(f"one of {n} changed", f"/rows?rows={n}", "change", 60) for n in (10, 100, 1000, 10_000)),
    *(Traffic(f"one of {n} selected", f"/rows?rows={n}", "choose", 80) for n in (1000, 10_000)),
    *(Traffic(f"one of {n} removed", f"/rows?rows={n}", "remove", 40, False) for n in (1000, 10_000)),
    *(Traffic(f"two of {n} swapped", f"/rows?rows={n}", "swap", 60) for n in (1000, 10_000)),
    *(Traffic(f"one prepended to {n}", f"/rows?rows={n}", "prepend", None, False) for n in (1000, 10_000)),
]


class Wire:
    """Records the messages of a page's socket."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.sent: list[str] = []
        self.received: list[str] = []
        page.on("websocket", self._opened)

    def _opened(self, socket: WebSocket) -> None:
        socket.on("framesent", lambda text: self.sent.append(str(text)))
        socket.on("framereceived", lambda text: self.received.append(str(text)))

    def wait(self, messages: int) -> None:
        """Wait until a number of messages have arrived."""
        while len(self.received) < messages:
            self.page.evaluate("() => new Promise(requestAnimationFrame)")


def record(page: Page, server: Server, traffic: Traffic) -> None:
    """Run the op twice, and record the second one, for which the client knows all shapes."""
    wire = Wire(page)
    page.goto(server.url + traffic.path)
    wire.wait(1)
    for count in (2, 3):
        page.get_by_role("button", name=traffic.button, exact=True).click()
        wire.wait(count)
    op = next(text for text in reversed(wire.sent) if json.loads(text)[0])
    traffic.tail = json.loads(op)[2:]
    traffic.join = len(wire.received[0].encode())
    traffic.up, traffic.down = len(op.encode()), len(wire.received[-1].encode())
    if traffic.button == "prepend":
        label = page.locator("td.col-md-4").first.inner_text()
        traffic.at_most = len(label) + 40


def measure(server: Server, browser: Browser) -> list[Line]:
    lines = []
    for traffic in OPS:
        with browser.new_page() as page:
            record(page, server, traffic)
        lines.append(Line(f"{traffic.name}: down", traffic.down, "bytes", at_most=traffic.at_most))
        lines.append(Line(f"{traffic.name}: up", traffic.up, "bytes"))
    joined = next(traffic for traffic in OPS if traffic.name == "one of 1000 changed")
    return [*lines, Line("join of the page of 1000 rows", joined.join, "bytes", at_most=100)]


def patch_times(
    page: Page, server: Server, path: str, button: str, clock: str = CLOCK
) -> tuple[float, float]:
    """Return milliseconds of script per message from the server, and of all main-thread work per op."""
    page.add_init_script(clock)
    wire = Wire(page)
    page.goto(server.url + path)
    wire.wait(1)
    metrics = page.context.new_cdp_session(page)
    metrics.send("Performance.enable")

    def busy() -> float:
        values = {
            entry["name"]: entry["value"] for entry in metrics.send("Performance.getMetrics")["metrics"]
        }
        return float(values["TaskDuration"])

    before, seen = busy(), len(wire.received)
    presses = """async ([name, times]) => {
      const button = [...document.querySelectorAll("button")].find(b => b.textContent === name);
      handled.length = 0;
      for (let i = 0; i < times; i++) {
        const already = handled.length;
        button.click();
        while (handled.length === already) await new Promise(requestAnimationFrame);
      }
      window.first = handled[0];
      return handled.reduce((sum, time) => sum + time, 0) / handled.length;
    }"""
    script = float(page.evaluate(presses, [button, PATCHES]))
    wire.wait(seen + PATCHES)
    return script, (busy() - before) * 1000 / PATCHES


def measure_main_thread(server: Server, browser: Browser) -> list[Line]:
    lines = []
    for name, path, button in [
        ("counter", "/counter", "click +1"),
        ("one of 1000 changed", "/rows?rows=1000", "change"),
        ("one of 1000 selected", "/rows?rows=1000", "choose"),
    ]:
        with browser.new_page() as page:
            script, task = patch_times(page, server, path, button)
        aim = None if name == "counter" else 0.2
        lines.append(Line(f"{name}: script per patch", script, "ms", at_most=aim))
        lines.append(Line(f"{name}: click, patch, style, layout and paint", task, "ms"))
    return [*lines, *measure_raw(server, browser)]


def measure_raw(server: Server, browser: Browser) -> list[Line]:
    """Measure a changed paragraph in 30 KB of raw HTML."""
    with browser.new_page() as page:
        script, task = patch_times(page, server, "/raw", "click +1", PATCHING)
        first = float(page.evaluate("first"))
    return [
        Line("paragraph of 30 KB of raw HTML: the first patch", first, "ms"),
        Line("paragraph of 30 KB of raw HTML: script per patch", script, "ms", at_most=3),
        Line("paragraph of 30 KB of raw HTML: click, patch, style, layout and paint", task, "ms"),
    ]
