"""The code on scrolling is the example's, and its test passes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from examples import app
from liveactions import Live
from liveactions.testing import Browser, both_ways, plugin

ROOT = Path(__file__).parents[2]
BLOCKS: list[tuple[str, str]] = re.findall(
    r"^```(\w+)\n(.*?)^```", (ROOT / "docs" / "scrolling.md").read_text(), re.MULTILINE | re.DOTALL
)
SOURCES = {
    "python": (ROOT / "examples" / "feed.py").read_text(),
    "jinja": (ROOT / "examples" / "templates" / "feed.html").read_text(),
}
TEST = BLOCKS[-1][1]

browser = plugin.browser


@pytest.fixture
def live() -> Live:
    return app.live


def test_its_code_is_the_examples() -> None:
    assert len(BLOCKS) == 4
    for language, code in BLOCKS[:-1]:
        assert code in SOURCES[language]


@both_ways
async def test_its_test_passes(browser: Browser) -> None:
    names: dict[str, Any] = {"Browser": Browser, "both_ways": lambda test: test}
    exec(compile(TEST, "scrolling.md", "exec"), names)
    await names["test_more"](browser)
