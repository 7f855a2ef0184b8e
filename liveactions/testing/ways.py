"""Tests that run with JavaScript's way and without it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

F = TypeVar("F", bound=Callable[..., object])


def both_ways(test: F) -> F:
    """Runs a test that takes `browser` twice: over the socket, and by plain posts of forms."""
    import pytest  # which only tests have

    mark = pytest.mark.parametrize(
        "browser", [True, False], ids=["javascript", "no-javascript"], indirect=True
    )
    marked: F = mark(test)
    return marked
