"""The documentation site has every page, public name and command. `make docs` checks its links."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

import liveactions
from docs.code import DOCS
from liveactions import testing
from liveactions.cli.commands import main

ROOT = Path(__file__).parents[2]


class Loader(yaml.SafeLoader):
    """Reads MkDocs' configuration, which names Python functions."""


Loader.add_multi_constructor("tag:yaml.org,2002:python/", lambda loader, suffix, node: None)


def pages(nav: object) -> Iterator[str]:
    if isinstance(nav, str):
        yield nav
    elif isinstance(nav, dict):
        yield from pages(list(nav.values()))
    elif isinstance(nav, list):
        for entry in nav:
            yield from pages(entry)


def test_every_page_is_in_the_navigation_once() -> None:
    nav = yaml.load((ROOT / "mkdocs.yml").read_text(), Loader)["nav"]
    written = {str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md")}
    named = Counter(page for page in pages(nav) if not page.startswith("repository/"))
    assert named == Counter(written), "each page needs one line in `nav` of mkdocs.yml"


def test_every_how_to_page_is_in_their_list() -> None:
    sections = yaml.load((ROOT / "mkdocs.yml").read_text(), Loader)["nav"]
    how_to = next(section["How-to"] for section in sections if "How-to" in section)
    linked = re.findall(r"\]\(([\w-]+\.md)\)", (DOCS / "how-to.md").read_text())
    assert set(pages(how_to)) - {"how-to.md", *linked} == set(), "each needs a line in docs/how-to.md"


def test_every_public_name_is_in_the_reference_once() -> None:
    named = Counter(
        name
        for folder in ("api", "reference")
        for path in (DOCS / folder).glob("*.md")
        for name in re.findall(r"^::: (\S+)$", path.read_text(), re.MULTILINE)
    )
    public = [f"liveactions.{name}" for name in liveactions.__all__]
    public += [f"liveactions.testing.{name}" for name in testing.__all__]
    assert [name for name in public if named[name] != 1] == []


@pytest.mark.parametrize("command", ["", *sorted(main.commands)])
def test_help_of_commands_is_in_the_reference(command: str) -> None:
    printed = CliRunner().invoke(main, [*command.split(), "--help"], prog_name="liveactions").output
    assert " ".join(printed.split()) in " ".join((DOCS / "cli.md").read_text().split())
