"""Documents that show all files of a project: its tests pass, as many as the document says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from docs.code import DOCS, blocks

FILE = re.compile(r"(?:#|\{#) ([\w/]+\.\w+)(?: #\})?\n")
"""The first line of a block that is a whole file."""
CONFIGURED = """[tool.pytest.ini_options]
asyncio_mode = "auto"
asyncio_default_fixture_loop_scope = "function"
pythonpath = ["."]
"""
pytestmark = pytest.mark.slow


@pytest.mark.parametrize("document", ["test-database.md", "django.md"])
def test_its_tests_pass(tmp_path: Path, document: str) -> None:
    (tmp_path / "pyproject.toml").write_text(CONFIGURED)
    for _, code in blocks(document):
        named = FILE.match(code)
        if named:
            path = tmp_path / named[1]
            path.parent.mkdir(exist_ok=True)
            path.write_text(code)
    expected = [code.strip() for kind, code in blocks(document) if kind == "text"]
    found = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(DOCS.parent), "LIVEACTIONS_KEY": "k" * 32},
        capture_output=True,
        text=True,
    )
    assert len(expected) == 1 and expected[0] in found.stdout, found.stdout + found.stderr
