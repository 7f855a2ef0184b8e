"""What users write type-checks, and what is wrong doesn't."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = "tests/typing/shop.py"


def mypy(*arguments: str) -> str:
    command = [sys.executable, "-m", "mypy", "--strict", "--warn-unused-ignores", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout


def test_a_program_that_uses_everything() -> None:
    pytest.importorskip("mypy")
    report = mypy(PROGRAM)
    assert [line for line in report.splitlines() if line.startswith(PROGRAM)] == [], report


def test_a_program_that_uses_everything_runs() -> None:
    assert not subprocess.run(
        [sys.executable, PROGRAM], cwd=ROOT, env={"PYTHONPATH": "."}, check=False
    ).returncode
