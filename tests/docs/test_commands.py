"""The code on client commands is the example's, and its test passes."""

from __future__ import annotations

from typing import Any

import pytest

from examples import app
from liveactions import Live
from liveactions.templates.commands import METHODS
from liveactions.testing import Browser, plugin
from tests.docs.code import DOCS, EXAMPLES, blocks

TEXT = (DOCS / "commands.md").read_text()
BLOCKS = blocks("commands.md")
SOURCES = {
    "jinja": (EXAMPLES / "templates" / "reading.html").read_text(),
    "css": (EXAMPLES / "static" / "style.css").read_text(),
}
TEST = BLOCKS[-1][1]

browser = plugin.browser


@pytest.fixture
def live() -> Live:
    return app.live


def test_its_code_is_the_examples() -> None:
    assert len(BLOCKS) == 9
    for language, code in BLOCKS[:-1]:
        assert code.rstrip("\n") in SOURCES[language]


def test_it_names_all_commands() -> None:
    assert {name for name in METHODS if f"`{name}`" not in TEXT} == set()


async def test_its_test_passes(browser: Browser) -> None:
    names: dict[str, Any] = {"Browser": Browser}
    exec(compile(TEST, "commands.md", "exec"), names)
    await names["test_notes"](browser)
