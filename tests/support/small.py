"""A small application with embedded templates, for tests of `liveactions.testing`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jinja2 import DictLoader, Environment

from liveactions import Live, Pages

KEY = "a key that is long enough for all of it"


def small_app(
    pages: Pages, templates: Mapping[str, str], keys: str = KEY, debug: bool = False, **options: Any
) -> Live:
    app = Live(Environment(loader=DictLoader(templates), autoescape=True), keys=keys, debug=debug, **options)
    app.include(pages)
    return app
