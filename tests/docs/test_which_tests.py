"""`tests/README.md` says which tests belong to which part of the library."""

from __future__ import annotations

import re
from fnmatch import fnmatch
from pathlib import Path

from tests.test_layers import LAYERS

TESTS = Path(__file__).parents[1]
TEXT = (TESTS / "README.md").read_text()
TABLE = TEXT[TEXT.index("## Which tests belong") : TEXT.index("## What isn't run")]
CELLS = [
    [cell.strip() for cell in line.split("|")[1:-1]] for line in TABLE.splitlines() if line.startswith("| `")
]


def named(cells: list[str]) -> list[str]:
    return re.findall(r"`([^`]+)`", " ".join(cells))


def test_each_part_of_the_library_has_tests() -> None:
    parts = {name.strip("/").removesuffix(".py") for cells in CELLS for name in named(cells[:1])}
    assert set(" ".join(LAYERS).split()) - parts == {"__main__"}


def test_each_test_of_behaviour_belongs_to_a_part() -> None:
    patterns = [name for cells in CELLS for name in named(cells[2:3])]
    files = [path.name for path in (TESTS / "behaviour").glob("test_*.py")]
    assert [name for name in files if not any(fnmatch(name, pattern) for pattern in patterns)] == []


def test_these_tests_are_there() -> None:
    paths = [TESTS / name for cells in CELLS for name in named(cells[1:2])]
    paths += [TESTS / "behaviour" / name for cells in CELLS for name in named(cells[2:3])]
    paths += [TESTS / name for cells in CELLS for name in named(cells[3:]) if "/" in name]
    assert [path for path in paths if not any(path.parent.glob(path.name))] == []
