"""The counter of the examples alone, to be served by processes that a test starts."""

from __future__ import annotations

from pathlib import Path

import examples
from examples.counter import pages
from liveactions import Live

live = Live(Path(examples.__file__).parent / "templates")
live.include(pages)
