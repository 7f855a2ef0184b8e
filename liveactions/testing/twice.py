"""Renders that are done twice, so that a template which depends on chance is found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from starlette.routing import BaseRoute

from ..site import Site
from ..template import Templates
from ..transport.http import PageEndpoint


def render_twice(app: Any) -> None:
    """From now on every page of the application compares what it remembers with a render afresh."""
    for site in _sites(getattr(app, "routes", ())):
        templates = site.services.templates
        if isinstance(templates, Templates):
            templates.debug = True


def _sites(routes: Iterable[BaseRoute]) -> Iterator[Site]:
    for route in routes:
        endpoint = getattr(route, "endpoint", None)
        if isinstance(endpoint, PageEndpoint):
            yield endpoint.site
        yield from _sites(getattr(route, "routes", None) or ())
