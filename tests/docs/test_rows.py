"""No behaviour of actions without a test, on each way of which it speaks."""

from __future__ import annotations

import pytest

from tests.docs.rows import WAYS, behaviours, rows_shown, ways_named


@pytest.mark.parametrize("row", behaviours())
def test_every_row_has_a_test_on_each_way_that_it_names(row: str) -> None:
    assert row in rows_shown(), f"no test of the name test_{row.lower()}_…"
    missing = ways_named(behaviours()[row]) - rows_shown()[row].ways
    assert not missing, f"no test of {row} goes in by {', '.join(sorted(missing))}: @ways(...) or @by(...)"


def test_every_test_is_of_a_row() -> None:
    assert rows_shown().keys() <= behaviours().keys()


@pytest.mark.parametrize(
    ("text", "ways"),
    [
        ("S intercepted on `submit`; N native post", "SN"),
        ("returns a promise; S or H; `N` is code", "SH"),
        ("event attributes: S. Without JavaScript", "S"),
        ("public, on every way; D raises", WAYS),
        ("HEAD and SQL name none; neither do H6 and SHN", ""),
    ],
)
def test_ways_are_named_by_their_letters(text: str, ways: str) -> None:
    assert ways_named(text) == set(ways)
