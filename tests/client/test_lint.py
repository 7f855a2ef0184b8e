"""What the server says of nesting is what this browser does."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests.html.nesting import KEPT, REPAIRED, UNCLOSED

PARSED = """bodies => bodies.map((body) => {
  const page = `<!doctype html><body>${body}</body>`;
  return new DOMParser().parseFromString(page, "text/html").body.innerHTML;
})"""


@pytest.fixture(scope="module")
def parsed(chromium: Browser) -> dict[str, str]:
    """What the browser makes of each body."""
    page = chromium.new_page()
    bodies = [*KEPT, *UNCLOSED, *(body for body, _ in REPAIRED)]
    found = dict(zip(bodies, page.evaluate(PARSED, bodies), strict=True))
    page.close()
    return found


@pytest.mark.parametrize("body", [body for body, _ in REPAIRED])
def test_it_repairs_what_is_said(parsed: dict[str, str], body: str) -> None:
    assert parsed[body] != body


@pytest.mark.parametrize("body", KEPT)
def test_it_keeps_what_nothing_is_said_of(parsed: dict[str, str], body: str) -> None:
    assert parsed[body] == body
