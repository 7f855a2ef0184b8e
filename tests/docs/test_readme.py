"""What the README says can be typed works as it says."""

from __future__ import annotations

import ast
import importlib.util
import re
import textwrap
from pathlib import Path
from types import ModuleType

import pytest

from liveactions.testing import Browser

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def blocks(language: str) -> list[str]:
    return [textwrap.dedent(text) for kind, text in BLOCKS if kind == language]


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The first screen's application, written to the files that it names."""
    for text in (blocks("python")[0], blocks("html")[0]):
        name = re.search(r"[\w/]+\.(py|html)", text)
        assert name
        path = tmp_path / name[0]
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    monkeypatch.chdir(tmp_path)
    spec = importlib.util.spec_from_file_location("readme_app", tmp_path / "app.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(__import__("sys").modules, "readme_app", module)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("js", [True, False])
async def test_the_application_counts(app: ModuleType, js: bool) -> None:
    async with Browser(app.live, js) as browser:
        page = await browser.open("/")
        await page.click("+1")
        assert page.text("h1") == "1"
        await page.click("+10")
        assert page.text("h1") == "11"


def test_the_application_is_as_short_as_it_is_said_to_be() -> None:
    lines = [line for text in (blocks("python")[0], blocks("html")[0]) for line in text.splitlines() if line]
    assert len(lines) - 2 <= 15  # without the two that name the files


@pytest.mark.parametrize("source", blocks("python")[1:])
def test_python_is_python(source: str) -> None:
    ast.parse(source)


def test_commands_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`make (\w+)`", README)) <= targets


def test_files_it_links_to_are_there() -> None:
    links = re.findall(r"\]\((?!https?:)([^)]+)\)", README)
    assert [link for link in links if not (ROOT / link).exists()] == []
