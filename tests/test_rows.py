"""No behaviour of actions without a test."""

from __future__ import annotations

from tests.rows import behaviours, row_files


def test_every_row_has_a_test() -> None:
    missing = behaviours().keys() - row_files().keys()
    assert not missing, f"rows of docs/actions.md without a test of their name: {sorted(missing)}"


def test_every_test_is_of_a_row() -> None:
    assert row_files().keys() <= behaviours().keys()
