"""Ops under bad conditions: none runs twice, none is lost unnoticed, nothing old comes back."""

from __future__ import annotations

import os
import random
from collections import Counter

import pytest
from playwright.sync_api import Page, WebSocket, expect

from tests.chromium.conftest import Visit
from tests.chromium.proxy import link
from tests.chromium.server import Server, serving

SEED = int(os.environ.get("SEED", random.randrange(10**6)))

CLICKS = """
([clicks, milliseconds]) => {
  const button = () => [...document.querySelectorAll("button")].find(b => b.textContent === "click +1");
  window.ended = new Map();
  for (const type of ["ok", "error"])
    addEventListener(`live:${type}`,
      ({ detail: { n, uncertain } }) => ended.set(n, uncertain ? "uncertain" : type));
  window.shown = [0];
  new MutationObserver(() => shown.push(Number(document.querySelector("output").textContent)))
    .observe(document, {childList: true, characterData: true, subtree: true});
  window.left = clicks;
  const timer = setInterval(() => { button().click(); --left || clearInterval(timer); }, milliseconds);
}
"""


def click(page: Page, clicks: int, milliseconds: int = 25) -> None:
    """Begin to click `+1`, whatever the socket does, and note every number that is shown."""
    page.evaluate(CLICKS, [clicks, milliseconds])


def wait_until_left(page: Page, clicks: int) -> None:
    """Return when only so many clicks are still to be made."""
    page.wait_for_function("clicks => left <= clicks", arg=clicks)


def check(page: Page, clicks: int) -> Counter[str]:
    """The number shown is that of the ops that ended well, and it never went back. Says how they ended."""
    page.wait_for_function("clicks => ended.size === clicks", arg=clicks)
    ended: Counter[str] = Counter(page.evaluate("() => [...ended.values()]"))
    expect(page.locator("output")).to_have_text(str(ended["ok"]))
    shown = page.evaluate("() => shown")
    assert shown == sorted(shown)
    return ended


def test_clicks_without_a_pause_are_as_many_ops(visit: Visit, server: Server) -> None:
    visitor = visit(server.url)
    page = visitor.new_tab()
    visitor.go(page, "/counter")
    click(page, 200, 0)
    assert check(page, 200) == {"ok": 200}


@pytest.mark.parametrize("delay", [0.0, 0.1])
def test_a_link_cut_at_random_bytes(visit: Visit, server: Server, delay: float) -> None:
    with link(server.port, delay=delay, seed=SEED) as proxy:
        visitor = visit(proxy.url, outages=True)
        page = visitor.new_tab()
        visitor.go(page, "/counter")
        proxy.cuts = True
        proxy.drop()
        click(page, 200)
        wait_until_left(page, 0)
        proxy.cuts = False
        ended = check(page, 200)
        assert proxy.cut_count
        # The session outlives its sockets: nothing stays uncertain. Another worker draws the page anew, and
        # an op from an element that is no more is refused.
        assert not ended["uncertain"] and (server.workers > 1 or ended["ok"] == 200)


@pytest.mark.parametrize("workers", [1, 2])
def test_server_killed_and_started_again(visit: Visit, workers: int) -> None:
    with serving(workers=workers) as server:
        visitor = visit(server.url, outages=True)
        page = visitor.new_tab()
        sockets: list[WebSocket] = []
        page.on("websocket", lambda socket: sockets.append(socket))
        visitor.go(page, "/counter")
        click(page, 200)
        for left in (150, 100, 50):
            wait_until_left(page, left)
            server.kill()
            server.start()
        check(page, 200)
        assert len(sockets) >= 4


def test_one_of_two_workers_killed(visit: Visit) -> None:
    with serving(workers=2) as server:
        visitor = visit(server.url, outages=True)
        tabs = [visitor.new_tab() for _ in range(4)]
        for page in tabs:
            visitor.go(page, "/counter")
            click(page, 90, 100)
        for left in (60, 30):
            wait_until_left(tabs[0], left)
            server.kill_worker()
        for page in tabs:
            check(page, 90)
