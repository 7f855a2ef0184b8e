"""Serve only the counter of the examples, for tests that start server processes."""

from __future__ import annotations

from pathlib import Path

import examples
from examples.counter import pages
from liveactions import Live

live = Live(Path(examples.__file__).parent / "templates")
live.include(pages)
