"""Everything that the how-to pages show runs: each is one application, with tests."""

from __future__ import annotations

import importlib.util
import inspect
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from liveactions.testing import Browser
from tests.docs.code import DOCS, blocks

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


def python(document: str) -> str:
    return "\n\n".join(text for kind, text in blocks(document) if kind == "python")


TESTS = [
    (document, name, js)
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


@pytest.mark.parametrize(("document", "name", "js"), TESTS)
async def test_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, document: str, name: str, js: bool
) -> None:
    folder = tmp_path / "templates"
    folder.mkdir()
    for kind, text in blocks(document):
        if kind == "jinja":
            (folder / text.split()[1]).write_text(text)
        elif kind == "po":
            write_catalogue(tmp_path / text.split()[1], text)
    path = tmp_path / "shown.py"
    path.write_text(python(document))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LIVEACTIONS_KEY", "k" * 32)
    spec = importlib.util.spec_from_file_location("shown", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "shown", module)
    spec.loader.exec_module(module)
    test: Any = getattr(module, name)
    async with Browser(module.live, js=js) as browser:
        await inspect.unwrap(test)(browser)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_section_with_code_is_tested(document: str) -> None:
    sections = re.split(r"^## ", (DOCS / document).read_text(), flags=re.MULTILINE)[1:]
    untested = [
        text.splitlines()[0] for text in sections if "```python" in text and "async def test_" not in text
    ]
    assert untested == []
