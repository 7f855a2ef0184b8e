"""Another page in a session's place: the one that an action or a link leads to, or that of an error.

It is opened as a GET would open it, over the connection that is there. What the application answers
otherwise (another route, a file, an error) is the browser's to load.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from starlette.responses import Response

from ..actions.handle import Problem
from ..actions.request import PageRequest
from ..ops.deferred import forsake
from ..ops.outcome import DONE, Outcome, elsewhere
from ..ops.scope import Scope
from ..pages.page import Page
from ..protocol import Navigate, Op
from ..site import Address, Site, as_request
from ..template import Fragment
from ..wire import ELSEWHERE, ERROR
from .opening import mount
from .push import Push
from .renewal import arrival

if TYPE_CHECKING:
    from .session import Session

IN_PLACE: Final = (401, 403, 404)
"""Errors of which the application's own page tells."""
HOPS: Final = 10
"""Redirects from page to page, after which the browser is to see for itself."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A page that is ready to be shown."""

    page: Page
    address: Address
    drawn: Fragment
    state: bytes


async def leave(session: Session, job: Op | Push, outcome: Outcome) -> Outcome:
    """Show what an outcome leads to instead of the page, if anything; what is told of it."""
    site, exchange = session.site, session.exchange
    if isinstance(outcome.response, Response):
        return elsewhere(await site.deliver(outcome.response, session.page.request))
    login = site.login_for(session.page) if outcome.http_status == 401 else None
    if login:
        outcome = elsewhere(login)
    if outcome.status == ELSEWHERE:
        outcome = await follow(session, outcome, job.url if type(job) is Navigate else None)
        if isinstance(job, Push) and not job.n and session.place.since > exchange.rev:
            exchange.add({"url": [outcome.location, 1]})
            return DONE
    elif outcome.http_status in IN_PLACE and outcome.error is None:
        await refuse(session, outcome)
    return outcome


async def follow(session: Session, outcome: Outcome, asked: str | None = None) -> Outcome:
    """Show the page that an outcome leads to; the outcome, with the address where that ended.

    It is the end of an op that went there itself, when that is where it `asked` to go.
    """
    replaces = "replace" in outcome.payload
    for _ in range(HOPS):
        if outcome.location is None or "external" in outcome.payload:
            return outcome
        url = outcome.location
        opened = await _open(session, url)
        if isinstance(opened, Opened):
            await session.show(opened.page, opened.address, opened.drawn, opened.state)
            return DONE if url == asked else elsewhere(url, replaces)
        if opened is None or opened.location is None:
            break
        outcome = opened
    return elsewhere(url, replaces)


def problem_of(outcome: Outcome) -> Problem | None:
    """The error that an outcome is, for pages to show; None where fields alone are wrong: they say it."""
    payload = outcome.payload
    if outcome.status != ERROR or (payload["errors"] and not payload["error"]):
        return None
    return Problem(outcome.http_status, str(payload.get("error", "")), str(payload.get("id", "")))


async def refuse(session: Session, outcome: Outcome) -> None:
    """Show the application's page for an error, unless the page itself says what it is."""
    live, problem = session.page.live, problem_of(outcome)
    if problem is None or live.request is None or session.says_error():
        return
    page = await session.site.error_page(live.request, problem.status, problem.message, problem.id)
    if page is not None:
        page.live.address = live.address
        opened = await _ready(Address(type(page), ""), Scope(page), None)
        if isinstance(opened, Opened):
            await session.show(page, opened.address, opened.drawn, opened.state)


async def _open(session: Session, url: str) -> Opened | Outcome | None:
    """The page at a path and query; what came instead; None where no page is."""
    site, request = session.site, session.page.live.request
    url = url.partition("#")[0]
    found = site.find(request, url) if request is not None else None
    if found is None or request is None:
        return None
    arrived = await arrival(as_request(request, url, found.parameters))
    return await _begin(site, *arrived) if arrived is not None else None


async def _begin(site: Site, request: PageRequest, address: Address) -> Opened | Outcome:
    page = site.new_page(address, request, await site.identity(request))
    scope = Scope(page)
    return await _ready(address, scope, await mount(page, scope))


async def _ready(address: Address, scope: Scope, problem: Outcome | None) -> Opened | Outcome:
    """The page as it is shown first; else why it isn't."""
    page = scope.page
    drawn: list[Fragment] = []
    outcome = problem or await scope.conclude(DONE, lambda: drawn.append(page.__fragment__(None)))
    closed = await scope.close(outcome)
    if closed.ok and drawn and scope.state is not None:
        return Opened(page, address, drawn[0], scope.state)
    forsake(page.live)
    return closed
