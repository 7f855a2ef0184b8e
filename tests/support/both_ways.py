"""Run the tests of examples with JavaScript, and without it where time is no matter."""

from __future__ import annotations

import pytest

both_ways = pytest.mark.parametrize(
    "browser",
    [True, pytest.param(False, marks=pytest.mark.slow)],
    ids=["javascript", "no-javascript"],
    indirect=True,
)
"""As `liveactions.testing.both_ways`. The run without JavaScript is slow: ``make check`` leaves it out."""
