"""Everything that the guide and the pages beside it show runs: each is one application, with tests."""

from __future__ import annotations

import importlib.util
import inspect
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from liveactions.testing import Browser
from tests.docs.code import DOCS, blocks

DOCUMENTS = (
    "guide.md",
    "forms.md",
    "streams.md",
    "sign-in.md",
    "sqlalchemy.md",
    "jobs.md",
    "csp.md",
    "existing-sites.md",
    "from-htmx.md",
    "from-streamlit.md",
)


def python(document: str) -> str:
    return "\n\n".join(text for kind, text in blocks(document) if kind == "python")


TESTS = [
    (document, name, js)
    for document in DOCUMENTS
    for both, name in re.findall(r"(@both_ways\n)?async def (test_\w+)", python(document))
    for js in ([True, False] if both else [True])
]


@pytest.mark.parametrize(("document", "name", "js"), TESTS)
async def test_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, document: str, name: str, js: bool
) -> None:
    folder = tmp_path / "templates"
    folder.mkdir()
    for kind, text in blocks(document):
        if kind == "jinja":
            (folder / text.split()[1]).write_text(text)
    path = tmp_path / "guide.py"
    path.write_text(python(document))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LIVEACTIONS_KEY", "k" * 32)
    spec = importlib.util.spec_from_file_location("guide", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "guide", module)
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
