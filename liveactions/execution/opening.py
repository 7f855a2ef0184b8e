"""A page that is opened: its fields from the address, then its hooks."""

from __future__ import annotations

from ..actions.responses import ActionResponse
from ..pages.page import Page, fill
from ..pages.urls import own_query
from ..types import Outcome
from .results import controlled, failure
from .run import PageRun


def begin(page: Page) -> Outcome | None:
    """Set the fields that a page's address holds; None when they fit."""
    try:
        fill(page, page.request.path_params, own_query(page.request.url.query))
    except ActionResponse as error:
        return controlled(error, page.live) or failure("", 404)
    return None


async def mount(page: Page, scope: PageRun, *, is_shown: bool = True) -> Outcome | None:
    """Begin a page at its request's address, with the messages that are under way to it if it `is_shown`.
    Return None when all went well.
    """
    problem = begin(page) or await scope.guard()
    if problem is None and is_shown:
        scope.receive()
    return problem or await scope.mount()
