"""The gallery of the examples: all of them, each with a picture and its source, and none too long."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from examples import app
from examples.index import EXAMPLES, HERE, Example
from liveactions import Live
from liveactions.testing import Browser, both_ways, plugin

browser = plugin.browser
PICTURES = HERE / "static" / "pictures"
TOOLS = {"__init__", "app", "index", "source", "embedded"}
"""Modules that aren't shown: what serves the others, and an application that has to be started by itself."""


@pytest.fixture
def live() -> Live:
    return app.live


def test_every_example_is_in_it() -> None:
    shown = {file for example in EXAMPLES for file in example.files}
    modules = {path for path in HERE.glob("*.py") if path.stem not in TOOLS}
    assert modules | set(HERE.glob("*/__init__.py")) <= shown
    applications = [example.name for example in EXAMPLES if example.is_application]
    assert applications == ["board", "conduit", "dashboard"]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_each_is_short_and_has_a_small_picture(example: Example) -> None:
    is_long = example.is_application or example.name == "ui"  # a page of all components
    assert is_long or 10 < example.python_lines < 150
    assert all(Path(HERE, root).exists() for root in example.roots)
    picture = PICTURES / f"{example.name}.webp"  # python -m docs.pictures
    assert picture.exists() and picture.stat().st_size <= 40_000


def test_the_picture_of_the_readme_is_small() -> None:
    picture = HERE.parent / "docs" / "assets" / "two-tabs.webp"
    assert picture.name in (HERE.parent / "README.md").read_text()
    assert picture.stat().st_size <= 80_000


@both_ways
async def test_the_source_is_beside_each(browser: Browser) -> None:
    page = await browser.open("/")
    assert len(page.texts(".cards li")) == len(EXAMPLES)
    await page.click("Source of Counter")
    assert "class Counter(Page):" in page.text() and "{{ add(-1) }}" in page.text()
    await page.click("Try it")
    assert page.url == "/counter"
    assert (await browser.open("/source/../app")).status == (await browser.open("/source/app")).status == 404


async def test_names_of_routes_in_the_board_are_its_own() -> None:
    transport = httpx.ASGITransport(app.live)
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
        login = await client.get("/board/login")
        assert 'href="http://testserver/board/static/board.css"' in login.text
        assert (await client.get("/board/static/board.css")).status_code == 200
