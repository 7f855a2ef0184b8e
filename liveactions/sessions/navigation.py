"""Going to another query of the same page."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from ..actions.control import Control, Redirect, Status
from ..ops.outcome import DONE, Outcome, elsewhere, failure
from ..pages.page import Page, fill
from ..site import Address, own_query


def go(page: Page, address: Address, url: str) -> Outcome:
    """Set the fields that `url` holds, if it is of this page; else lead there."""
    try:
        target = urlsplit(url)
        path = unquote(target.path)
    except ValueError:
        return failure("No such address", status=404)
    live = page.live
    live.flashes = ()
    if target.scheme or target.netloc or path != unquote(live.path):
        return failure("Not of this page", status=409) if target.scheme or target.netloc else elsewhere(url)
    root_path = live.root_path
    parameters = address.match(path.removeprefix(root_path)) or {}
    try:
        fill(page, parameters, own_query(target.query))
    except Redirect as error:
        return elsewhere(error.url)
    except Control as error:
        status = error.status if isinstance(error, Status) else 404
        return failure(str(error) or "Not found", status=status)
    base = urlsplit(live.address)
    live.address = base._replace(path=target.path, query=target.query, fragment="").geturl()
    return DONE
