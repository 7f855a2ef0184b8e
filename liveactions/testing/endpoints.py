"""The live pages in an application, however it is composed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from starlette.routing import BaseRoute

from ..transport.http import PageEndpoint


def endpoints(app: Any) -> Iterator[PageEndpoint]:
    """Those among its routes, and among the routes of what is mounted in it."""
    return _endpoints(getattr(app, "routes", ()))


def _endpoints(routes: Iterable[BaseRoute]) -> Iterator[PageEndpoint]:
    for route in routes:
        endpoint = getattr(route, "endpoint", None)
        if isinstance(endpoint, PageEndpoint):
            yield endpoint
        yield from _endpoints(getattr(route, "routes", None) or ())
