"""Prints the behaviours of actions (``docs/actions.md``) with what holds: ``python -m tests.rows``.

The tests of a row begin with its name: ``test_c3_repeated_names_are_a_list``.
"""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import shorten

import pytest

TESTS = Path(__file__).parent
TABLE = TESTS.parent / "docs" / "actions.md"
ROW = re.compile(r"^\| ([A-Z]\d+) \| (.+) \|$", re.MULTILINE)
NAME = re.compile(r"test_([a-z]\d+)_")
WAY = re.compile(r"\[(?:.*-)?([SHN])(?:-.*)?\]$")


def behaviours() -> dict[str, str]:
    """What each row says."""
    return dict(ROW.findall(TABLE.read_text()))


def row_of(test: str) -> str | None:
    """The row that a test is of, by its name."""
    found = NAME.match(test)
    return found[1].upper() if found else None


def row_files() -> dict[str, list[Path]]:
    """The files that have tests of each row."""
    found = defaultdict(list)
    for path in sorted(TESTS.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            row = row_of(node.name) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else None
            if row is not None and path not in found[row]:
                found[row].append(path)
    return found


@dataclass(eq=False)  # plugins are told apart by identity
class Report:
    """A plugin of pytest that counts how the tests of each row end, and by which ways they went in."""

    results: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    ways: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        row = row_of(report.nodeid.rpartition("::")[2])
        if row is None or not (report.when == "call" or report.failed):
            return
        self.results[row][report.outcome] += 1
        way = WAY.search(report.nodeid)
        if way:
            self.ways[row].add(way[1])

    def line(self, row: str, text: str) -> str:
        counts = self.results[row]
        ended = ", ".join(f"{counts[outcome]} {outcome}" for outcome in sorted(counts)) or "NO TEST"
        ways = "".join(way for way in "SHN" if way in self.ways[row])
        return f"{row:4} {ways:3} {ended:20} {shorten(text.replace('`', ''), 90, placeholder=' …')}"


def main() -> int:
    """Run the rows' tests and print the table; 0 when all rows hold."""
    report = Report()
    files = sorted({str(path) for paths in row_files().values() for path in paths})
    rows = behaviours()
    code = pytest.main(
        [*files, "-q", "--no-header", "-k", " or ".join(f"test_{row.lower()}_" for row in rows)], [report]
    )
    print()
    for row, text in rows.items():
        print(report.line(row, text))
    return int(code) or int(rows.keys() > report.results.keys())


if __name__ == "__main__":
    sys.exit(main())
