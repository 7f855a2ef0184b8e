from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.chromium.conftest import Visit, Visitor
from tests.chromium.observe import watching
from tests.chromium.server import Server


@pytest.mark.also_blocked
def test_the_server_pushes_to_every_open_tab(live_visitor: Visitor) -> None:
    tabs = [live_visitor.open("/clock") for _ in range(3)]
    before = [tab.locator("time").inner_text() for tab in tabs]
    for tab, time in zip(tabs, before, strict=True):
        expect(tab.locator("time")).not_to_have_text(time)


def test_a_push_touches_the_time_alone(live_visitor: Visitor) -> None:
    page = live_visitor.open("/clock")
    before = page.locator("time").inner_text()
    with watching(page) as touched:
        expect(page.locator("time")).not_to_have_text(before)
    assert {place.split("/")[0].rsplit(" ", 1)[-1] for place, _ in touched} == {"time"}


def test_without_the_script_the_page_asks_again(visit: Visit, server: Server) -> None:
    page = visit(server.url, script=False).open("/clock")
    before = page.locator("time").inner_text()
    expect(page.locator("noscript p")).to_be_visible()
    expect(page.locator("time")).not_to_have_text(before)
