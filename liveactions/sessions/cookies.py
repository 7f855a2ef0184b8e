"""Cookies that an op has set, on their way from a session to the browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..actions.request import PageRequest
from .renewal import after

if TYPE_CHECKING:
    from .session import Session


async def keep_cookies(session: Session) -> None:
    """Send what was set on its way to the browser; from now on the page's request and person are those
    that the browser will be taken for.
    """
    live = session.page.live
    request = live.request
    if not isinstance(request, PageRequest) or not request.has_changes:
        return
    changes = request.take_changes()
    if changes is None:
        return
    connection = session.connection
    if connection is None or not connection.take_changes(changes):
        session.exchange.add({"cookies": session.site.tickets.keep(changes)})
    live.request = await after(request, changes)
    session.identify(await session.site.identity(live.request))
