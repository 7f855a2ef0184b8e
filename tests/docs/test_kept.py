"""The code on state that outlives the page is the example's, and its test passes."""

from __future__ import annotations

from typing import Any

import pytest

from examples import app
from liveactions import Live
from liveactions.testing import Browser, both_ways, plugin
from tests.docs.code import EXAMPLES, blocks

BLOCKS = blocks("kept.md")
SOURCE = (EXAMPLES / "basket.py").read_text()
TEST = BLOCKS[-1][1]

browser = plugin.browser


@pytest.fixture
def live() -> Live:
    return app.live


def test_its_code_is_the_examples() -> None:
    assert len(BLOCKS) == 3
    for _, code in BLOCKS[:-1]:
        assert code in SOURCE


@both_ways
async def test_its_test_passes(browser: Browser) -> None:
    names: dict[str, Any] = {"Browser": Browser, "both_ways": lambda test: test}
    exec(compile(TEST, "kept.md", "exec"), names)
    await names["test_an_order"](browser)
