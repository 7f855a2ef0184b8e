"""The reference leaves nothing out."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

import liveactions
from liveactions import Live, testing
from liveactions.actions.action import Action
from liveactions.templates.commands import METHODS

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "reference.md").read_text()
CODE = " ".join(re.findall(r"`([^`]+)`", TEXT))


def missing(names: list[str]) -> list[str]:
    return [name for name in names if not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", CODE)]


@pytest.mark.parametrize(
    "names",
    [
        liveactions.__all__,
        testing.__all__,
        [name for name in inspect.signature(Action.__init__).parameters if name not in ("self", "function")],
        [
            name
            for name, one in inspect.signature(Live.__init__).parameters.items()
            if one.kind is one.KEYWORD_ONLY
            and name not in (*inspect.signature(Live.__mro__[1]).parameters, "name")
        ],
        [name for name in vars(Live) if not name.startswith("_")],
        sorted(METHODS),
    ],
    ids=["names", "testing", "action", "options", "application", "commands"],
)
def test_everything_public_is_in_it(names: list[str]) -> None:
    assert missing(list(names)) == []


def test_every_attribute_is_in_it() -> None:
    sources = [*(ROOT / "js" / "src").rglob("*.js"), *(ROOT / "liveactions" / "templates").glob("*.py")]
    found = {name for path in sources for name in re.findall(r"[\"'\[ ](live-[a-z]+)\b", path.read_text())}
    assert missing(sorted(found - {"live-flash", "live-error", "live-notice", "live-raw"})) == []


def test_it_names_nothing_that_is_not_there() -> None:
    named = re.findall(r"`@?live\.(\w+)\(", TEXT)
    assert named and [name for name in named if not hasattr(Live, name)] == []


def test_everything_that_a_test_does_is_documented() -> None:
    text = (ROOT / "docs" / "testing.md").read_text()
    names = [name for cls in (testing.Part, testing.Page) for name in vars(cls) if name[0] != "_"]
    assert [name for name in names if not re.search(rf"\.{name}\b", text)] == []


def test_every_code_of_debug_mode_is_explained() -> None:
    sources = [*(ROOT / "js" / "src" / "debug").glob("*.js"), *(ROOT / "liveactions").rglob("*.py")]
    said = {code for path in sources for code in re.findall(r"\bLA\d{3}\b", path.read_text())}
    explained = re.findall(r"^\| (LA\d{3}) \|", (ROOT / "docs" / "browser.md").read_text(), re.MULTILINE)
    assert said and sorted(said) == explained


def test_links_of_what_is_for_the_browser() -> None:
    links = re.findall(
        r"\]\((?!https?:)([^)#]+)", (ROOT / "docs" / "browser.md").read_text().replace("\n", " ")
    )
    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []
