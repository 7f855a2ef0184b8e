"""Pages of the documentation that explain an example: their code is the example's, and their test passes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from docs.code import DOCS, EXAMPLES, blocks
from examples import app
from liveactions import Live
from liveactions.templates.commands import METHODS
from liveactions.testing import Browser, File, plugin
from tests.support.both_ways import both_ways


@dataclass(frozen=True)
class Explained:
    """A page of the documentation. Its last block of code is a test, the others are excerpts."""

    document: str
    excerpts: int
    sources: tuple[Path, ...]
    test: str
    needs_js: bool = False

    @property
    def blocks(self) -> list[tuple[str, str]]:
        return blocks(self.document)


def template(name: str) -> Path:
    return EXAMPLES / "templates" / name


COMMANDS = Explained(
    "commands.md",
    8,
    (template("reading.html"), EXAMPLES / "static" / "style.css"),
    "test_notes",
    needs_js=True,
)
SCROLLING = Explained("scrolling.md", 3, (EXAMPLES / "feed.py", template("feed.html")), "test_more")
SORTING = Explained("sorting.md", 4, (EXAMPLES / "trip.py", template("trip.html")), "test_another_day")
LONG_LISTS = Explained(
    "long-lists.md",
    5,
    (EXAMPLES / "catalogue.py", template("catalogue.html"), EXAMPLES / "static" / "style.css"),
    "test_further_books",
)
COMPONENTS = Explained(
    "components.md",
    4,
    (template("garden.html"), template("components/Card.html")),
    "test_the_garden",
)
BINDING = Explained("binding.md", 6, (EXAMPLES / "rooms.py", template("rooms.html")), "test_rooms")
UPLOADS = Explained(
    "uploads.md",
    5,
    (EXAMPLES / "album.py", template("album.html"), EXAMPLES / "gallery.py"),
    "test_album",
)
KEPT = Explained("kept.md", 2, (EXAMPLES / "basket.py",), "test_an_order")
ASSISTANT = Explained("assistant.md", 2, (EXAMPLES / "assistant.py",), "test_an_answer")
UI_DATA = Explained(
    "ui-data.md",
    11,
    (
        EXAMPLES / "ui" / "data.py",
        template("ui/data.html"),
        DOCS.parent / "tests" / "ui" / "test_table_of_a_database.py",
    ),
    "test_books",
)
CHARTS = Explained(
    "charts.md",
    6,
    (
        EXAMPLES / "ui" / "data.py",
        template("ui/data.html"),
        EXAMPLES / "dashboard" / "overview.py",
        EXAMPLES / "dashboard" / "templates" / "meter.html",
    ),
    "test_loans",
)

browser = plugin.browser
each = pytest.mark.parametrize(
    "page",
    [
        COMMANDS,
        SCROLLING,
        LONG_LISTS,
        SORTING,
        UPLOADS,
        COMPONENTS,
        BINDING,
        KEPT,
        ASSISTANT,
        UI_DATA,
        CHARTS,
    ],
    ids=lambda page: page.document,
)


@pytest.fixture
def live() -> Live:
    return app.live


@each
def test_its_code_is_the_examples(page: Explained) -> None:
    excerpts = page.blocks[:-1]
    assert len(excerpts) == page.excerpts
    sources = [path.read_text() for path in page.sources]
    for _, code in excerpts:
        assert any(code.rstrip("\n") in source for source in sources), code


@each
@both_ways
async def test_its_test_passes(page: Explained, browser: Browser) -> None:
    if page.needs_js and not browser.js:
        pytest.skip("client commands need JavaScript")
    names: dict[str, Any] = {"Browser": Browser, "File": File, "both_ways": lambda test: test}
    exec(compile(page.blocks[-1][1], page.document, "exec"), names)
    await names[page.test](browser)


def test_all_client_commands_are_named() -> None:
    text = (DOCS / "commands.md").read_text()
    assert {name for name in METHODS if f"`{name}`" not in text} == set()
