"""Everything that the how-to pages show runs: each is one application, with tests."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from docs.code import DOCS, blocks, module, python
from liveactions.testing import Browser

DOCUMENTS = (
    "pages.md",
    "permissions.md",
    "cookies.md",
    "translations.md",
    "form-html.md",
    "form-rows.md",
    "live-data.md",
    "presence.md",
    "slow-data.md",
    "addresses.md",
    "functions.md",
    "stateful-components.md",
    "python-html.md",
    "forms.md",
    "ui.md",
    "streams.md",
    "sign-in.md",
    "sqlalchemy.md",
    "jobs.md",
    "queues.md",
    "from-liveview.md",
    "server-actions.md",
    "csp.md",
    "existing-sites.md",
    "from-htmx.md",
    "from-streamlit.md",
    "reference/decorators.md",
    "reference/fields.md",
    "reference/parameters.md",
    "reference/settings.md",
)


TESTS = [
    pytest.param(document, name, js, marks=[] if js else pytest.mark.slow)
    for document in DOCUMENTS
    for both, name in re.findall(r"(@both_ways\n)?async def (test_\w+)", python(document))
    for js in ([True, False] if both else [True])
]


def write_catalogue(path: Path, text: str) -> None:
    """Write the texts of a language, and compile them as `pybabel compile` does."""
    path.parent.mkdir(parents=True)
    path.write_text(text)
    with path.open("rb") as texts, path.with_suffix(".mo").open("wb") as compiled:
        write_mo(compiled, read_po(texts))


@pytest.fixture(scope="session")
def folder_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return the folder of a document's code: its templates are compiled once for all of its tests."""
    return cache(lambda document: tmp_path_factory.mktemp("shown"))


@pytest.mark.parametrize(("document", "name", "js"), TESTS)
async def test_its_own(
    folder_of: Callable[[str], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    document: str,
    name: str,
    js: bool,
) -> None:
    for kind, text in blocks(document):
        if kind == "po":
            write_catalogue(tmp_path / text.split()[1], text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LIVEACTIONS_KEY", "k" * 32)
    monkeypatch.setitem(sys.modules, "shown", ModuleType("shown"))  # until the test has ended
    shown = module(document, folder_of(document), "shown")
    test: Any = getattr(shown, name)
    async with Browser(shown.live, js=js) as browser:
        await inspect.unwrap(test)(browser)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_section_with_code_is_tested(document: str) -> None:
    sections = re.split(r"^## ", (DOCS / document).read_text(), flags=re.MULTILINE)[1:]
    untested = [
        text.splitlines()[0] for text in sections if "```python" in text and "async def test_" not in text
    ]
    assert untested == []
