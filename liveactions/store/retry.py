"""How servers on the network are tried again when a connection is lost."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Final

FIRST_PAUSE: Final = 0.02
LONGEST_PAUSE: Final = 0.5


def pauses(patience: float) -> Iterator[float]:
    """Return the seconds to wait before each further attempt, until `patience` seconds have passed.

    Each pause is twice as long as the one before, up to half a second.
    """
    return _pauses(time.monotonic() + patience)


def _pauses(until: float) -> Iterator[float]:
    pause = FIRST_PAUSE
    while time.monotonic() + pause <= until:
        yield pause
        pause = min(2 * pause, LONGEST_PAUSE)
