"""What users write runs as it type-checks: `make lint` checks the same program."""

from __future__ import annotations

import runpy
from pathlib import Path


def test_a_program_that_uses_everything_runs() -> None:
    runpy.run_path(str(Path(__file__).with_name("shop.py")), run_name="__main__")
