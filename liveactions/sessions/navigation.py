"""Going to another query of the same page."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from ..actions.control import Control
from ..ops.failure import controlled
from ..ops.outcome import DONE, Outcome, elsewhere, failure
from ..pages.page import Page, fill
from ..site import Address, own_query


def go(page: Page, address: Address, url: str) -> Outcome:
    """Set the fields that `url` holds, if it is of this page; else lead there."""
    try:
        target = urlsplit(url)
        path = unquote(target.path)
    except ValueError:
        return failure("No page at this address", status=404)
    live = page.live
    live.flashes = ()
    if target.scheme or target.netloc or path != unquote(live.path):
        return failure("Invalid address", status=409) if target.scheme or target.netloc else elsewhere(url)
    root_path = live.root_path
    parameters = address.match(path.removeprefix(root_path)) or {}
    try:
        fill(page, parameters, own_query(target.query))
    except Control as error:
        return controlled(error, live) or failure("Not found", status=404)
    base = urlsplit(live.address)
    live.address = base._replace(path=target.path, query=target.query, fragment="").geturl()
    return DONE
