"""The overview at ``/_live/dashboard`` in a browser: it updates by itself, in light and dark."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.chromium.conftest import Visit
from tests.chromium.here import serving_here
from tests.support.shop import shop


@pytest.fixture
def url() -> Iterator[str]:
    with serving_here(shop(dashboard=lambda: None)) as url:
        yield url


def test_it_updates_by_itself(url: str, visit: Visit) -> None:
    visitor = visit(url)
    board = visitor.open("/_live/dashboard")
    counter = visitor.open("/counter")
    counter.get_by_role("button", name="ten").click()
    expect(counter.locator("output")).to_have_text("10")
    expect(board.get_by_role("row").filter(has_text="Counter.add").get_by_role("cell").nth(1)).to_have_text(
        "1"
    )
    for scheme in ("light", "dark"):
        board.emulate_media(color_scheme=scheme)
        assert Axe().run(board).violations_count == 0
