"""How many random cases a property test runs."""

from __future__ import annotations

from hypothesis import settings


def one_in(share: int) -> settings:
    """Run one in so many of the cases of ``--cases``: for a test that takes long for each."""
    return settings(max_examples=max(1, settings().max_examples // share))
