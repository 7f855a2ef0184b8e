"""The code on sorting is the example's, and its test passes."""

from __future__ import annotations

from typing import Any

import pytest

from examples import app
from liveactions import Live
from liveactions.testing import Browser, both_ways, plugin
from tests.docs.code import EXAMPLES, blocks

BLOCKS = blocks("sorting.md")
SOURCES = {
    "python": (EXAMPLES / "trip.py").read_text(),
    "jinja": (EXAMPLES / "templates" / "trip.html").read_text(),
}
TEST = BLOCKS[-1][1]

browser = plugin.browser


@pytest.fixture
def live() -> Live:
    return app.live


def test_its_code_is_the_examples() -> None:
    assert len(BLOCKS) == 5
    for language, code in BLOCKS[:-1]:
        assert code in SOURCES[language]


@both_ways
async def test_its_test_passes(browser: Browser) -> None:
    names: dict[str, Any] = {"Browser": Browser, "both_ways": lambda test: test}
    exec(compile(TEST, "sorting.md", "exec"), names)
    await names["test_another_day"](browser)
