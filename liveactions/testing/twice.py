"""Renders that are done twice, so that a template which depends on chance is found."""

from __future__ import annotations

from typing import Any

from ..template import Templates
from .endpoints import endpoints


def render_twice(app: Any) -> None:
    """From now on every page of the application compares what it remembers with a render afresh."""
    for endpoint in endpoints(app):
        templates = endpoint.site.services.templates
        if isinstance(templates, Templates):
            templates.debug = True
