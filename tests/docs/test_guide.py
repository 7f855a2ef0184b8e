"""Everything that the guide shows runs."""

from __future__ import annotations

import importlib.util
import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from liveactions.testing import Browser

GUIDE = Path(__file__).parents[2] / "docs" / "guide.md"
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
PYTHON = "\n\n".join(text for kind, text in BLOCKS if kind == "python")
TEMPLATES = {text.split()[1]: text for kind, text in BLOCKS if kind == "jinja"}
TESTS = re.findall(r"(@both_ways\n)?async def (test_\w+)", PYTHON)


@pytest.fixture
def guide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The guide's application as a module, with its templates where it expects them."""
    folder = tmp_path / "templates"
    folder.mkdir()
    for name, text in TEMPLATES.items():
        (folder / name).write_text(text)
    path = tmp_path / "guide.py"
    path.write_text(PYTHON)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LIVEACTIONS_KEY", "k" * 32)
    spec = importlib.util.spec_from_file_location("guide", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "guide", module)
    spec.loader.exec_module(module)
    yield module


@pytest.mark.parametrize(
    ("name", "js"), [(name, js) for both, name in TESTS for js in ([True, False] if both else [True])]
)
async def test_the_guide_s_own(guide: ModuleType, name: str, js: bool) -> None:
    test: Any = getattr(guide, name)
    async with Browser(guide.live, js=js) as browser:
        await inspect.unwrap(test)(browser)


def test_every_section_with_code_is_tested() -> None:
    sections = re.split(r"^## ", GUIDE.read_text(), flags=re.MULTILINE)[1:]
    untested = [
        text.splitlines()[0] for text in sections if "```python" in text and "async def test_" not in text
    ]
    assert untested == []


def test_links() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", GUIDE.read_text())
    assert [link for link in links if not (GUIDE.parent / link).exists()] == []
