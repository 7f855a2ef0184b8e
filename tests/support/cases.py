"""Set the number of random cases of slow property tests."""

from __future__ import annotations

from hypothesis import settings


def one_in(share: int) -> settings:
    """Run a fraction, 1 / `share`, of ``--cases``: for tests whose cases are slow."""
    return settings(max_examples=max(1, settings().max_examples // share))
