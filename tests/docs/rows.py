"""Prints the behaviours of actions (``docs/actions.md``) with what holds: ``python -m tests.docs.rows``.

The tests of a row begin with its name: ``test_c3_repeated_names_are_a_list``. Those that go in by `ways`, or
that say `by` which one they do, or whose visitor has a way, show the row on these ways.
"""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from textwrap import shorten

import pytest

TESTS = Path(__file__).parents[1]
TABLE = TESTS.parent / "docs" / "actions.md"
ROW = re.compile(r"^\| ([A-Z]\d+) \| (.+) \|$", re.MULTILINE)
NAME = re.compile(r"test_([a-z]\d+)_")
WAYS = "SHND"
NAMED = re.compile(rf"(?<![\w/])([{WAYS}])(?![\w/])")
VISITORS = {"visitor": "SN", "anybody": "SN", "live_visitor": "S", "person": "S"}
"""Fixtures of `tests.chromium`, and the ways by which they come."""
Test = ast.FunctionDef | ast.AsyncFunctionDef


def behaviours() -> dict[str, str]:
    """What each row says."""
    return dict(ROW.findall(TABLE.read_text()))


def row_of(test: str) -> str | None:
    """The row that a test is of, by its name."""
    found = NAME.match(test)
    return found[1].upper() if found else None


def ways_named(text: str) -> set[str]:
    """The ways that a row's text speaks of by their letters."""
    prose = re.sub(r"`[^`]*`", "", text)
    return set(NAMED.findall(prose)) | set("SHN" if "every way" in prose else "")


def ways_of(test: Test) -> set[str]:
    """The ways by which a test says that it goes in."""
    found = {way for argument in test.args.args for way in VISITORS.get(argument.arg, "")}
    for mark in test.decorator_list:
        if isinstance(mark, ast.Call) and ast.unparse(mark.func) in ("ways", "by"):
            found |= set(ast.literal_eval(mark.args[0]))
        elif ast.unparse(mark) == "both_ways":
            found |= set("SN")
    return found


@dataclass
class Shown:
    """Where a row is shown, and on which ways."""

    files: set[Path] = field(default_factory=set)
    ways: set[str] = field(default_factory=set)


@cache
def rows_shown() -> dict[str, Shown]:
    """What the tests show of each row."""
    found: defaultdict[str, Shown] = defaultdict(Shown)
    for path in sorted(TESTS.rglob("test_*.py")):
        text = path.read_text()
        if NAME.search(text) is None:
            continue
        for node in ast.walk(ast.parse(text)):
            row = row_of(node.name) if isinstance(node, Test) else None
            if row is not None and isinstance(node, Test):
                found[row].files.add(path)
                found[row].ways |= ways_of(node)
    return found


@dataclass(eq=False)  # plugins are told apart by identity
class Report:
    """A plugin of pytest that counts how the tests of each row end."""

    results: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        row = row_of(report.nodeid.rpartition("::")[2])
        if row is not None and (report.when == "call" or report.failed):
            self.results[row][report.outcome] += 1

    def line(self, row: str, text: str, shown: set[str]) -> str:
        counts = self.results[row]
        ended = ", ".join(f"{counts[outcome]} {outcome}" for outcome in sorted(counts)) or "NO TEST"
        ways = "".join(way for way in WAYS if way in shown)
        return f"{row:4} {ways:4} {ended:20} {shorten(text.replace('`', ''), 90, placeholder=' …')}"


def main() -> int:
    """Run the rows' tests and print the table; 0 when all rows hold."""
    report = Report()
    shown = rows_shown()
    files = sorted({str(path) for row in shown.values() for path in row.files})
    rows = behaviours()
    code = pytest.main(
        [*files, "-q", "--no-header", "-k", " or ".join(f"test_{row.lower()}_" for row in rows)], [report]
    )
    print()
    for row, text in rows.items():
        print(report.line(row, text, shown[row].ways if row in shown else set()))
    return int(code) or int(rows.keys() > report.results.keys())


if __name__ == "__main__":
    sys.exit(main())
