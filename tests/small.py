"""An application of a few pages with their templates beside them, for tests of `liveactions.testing`."""

from __future__ import annotations

from collections.abc import Mapping

from jinja2 import DictLoader, Environment

from liveactions import Live, Pages


def small_app(pages: Pages, templates: Mapping[str, str]) -> Live:
    app = Live(
        Environment(loader=DictLoader(templates), autoescape=True),
        keys="a key that is long enough for all of it",
    )
    app.include(pages)
    return app
