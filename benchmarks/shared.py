"""The application of `benchmarks.cluster`: a cached value that one page changes and others show."""

from __future__ import annotations

import os
import time
from pathlib import Path

from jinja2 import DictLoader, Environment

from liveactions import Limits, Live, Page, action, cached, loaded, revalidate_tag

MOMENT = Path(os.environ.get("MOMENT", "moment"))
TEMPLATES = {
    "viewer.html": "<!doctype html><title>Viewer</title><p>{{ moment }}</p>",
    "writer.html": """<!doctype html><title>Writer</title><p>{{ count }}</p>
<form method="post" action="{{ touch }}"></form><form method="post" action="{{ add }}"></form>""",
}
live = Live(
    Environment(loader=DictLoader(TEMPLATES), autoescape=True),
    limits=Limits(ops_per_second=1e9, sessions_per_address=10_000),
)


@cached(tags=["moment"])
async def moment() -> int:
    return int(MOMENT.read_text())


@live.page("/viewer")
class Viewer(Page):
    template = "viewer.html"
    moment: int = loaded()

    async def load(self) -> None:
        self.moment = await moment()


@live.page("/writer")
class Writer(Page):
    template = "writer.html"
    count: int = 0

    @action
    async def touch(self) -> None:
        """Set the value to the time at which it is revalidated."""
        MOMENT.write_text(str(time.monotonic_ns()))
        revalidate_tag("moment")

    @action
    async def add(self) -> None:
        self.count += 1
