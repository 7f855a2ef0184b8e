"""The table of the DOM's states names the tests that there are, and all of them."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).parents[1]


def test_the_table_names_every_test() -> None:
    table = re.findall(r"`(test_\w+)`", (HERE / "README.md").read_text())
    sources = [path.read_text() for path in sorted((HERE / "chromium").glob("test_dom_*.py"))]
    tests = [name for source in sources for name in re.findall(r"^def (test_\w+)", source, re.MULTILINE)]
    assert tests and sorted(table) == sorted(tests)
