"""`python -m examples.conduit seed` resets the database to the data of the example."""

from __future__ import annotations

import asyncio
import sys

from examples.conduit import seed

if sys.argv[1:] != ["seed"]:
    sys.exit(__doc__)
asyncio.run(seed.reset())
