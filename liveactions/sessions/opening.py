"""A page that is opened: its fields from the address, then its hooks."""

from __future__ import annotations

from ..actions.control import Control
from ..ops.failure import controlled
from ..ops.outcome import Outcome, failure
from ..ops.scope import Scope
from ..pages.page import Page, fill
from ..site import own_query


def begin(page: Page) -> Outcome | None:
    """Set the fields that a page's address holds; None when they fit."""
    try:
        fill(page, page.request.path_params, own_query(page.request.url.query))
    except Control as error:
        return controlled(error, page.live) or failure("", 404)
    return None


async def mount(page: Page, scope: Scope, *, is_shown: bool = True) -> Outcome | None:
    """Begin a page at its request's address, with the messages that are under way to it if it `is_shown`.
    Return None when all went well.
    """
    problem = begin(page) or await scope.guard()
    if problem is None and is_shown:
        scope.receive()
    return problem or await scope.mount()
