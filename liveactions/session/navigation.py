"""Going to another query of the same page.

Another page in a session's place: the one that an action or a link leads to, or that of an error.

It is opened as a GET would open it, over the connection that is there. What the application answers
otherwise (another route, a file, an error) is the browser's to load.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from ..actions.request import PageRequest
from ..actions.responses import ActionResponse
from ..execution.app_context import Address, AppContext
from ..execution.loading import forsake
from ..execution.opening import mount
from ..execution.results import controlled, failure
from ..execution.run import PageRun
from ..pages.handle import Problem
from ..pages.page import Page, fill
from ..pages.urls import own_query
from ..protocol.messages import Navigate, Op
from ..templates import Fragment
from ..types import DONE, Failed, Ok, Outcome, RedirectTo
from .request_probe import as_request, probe_page_request
from .server_ops import ServerOp

if TYPE_CHECKING:
    from .runner import Session


def patch_url(page: Page, address: Address, url: str) -> Outcome:
    """Set the fields that `url` holds, if it is of this page; else lead there."""
    try:
        target = urlsplit(url)
        path = unquote(target.path)
    except ValueError:
        return failure("No page at this address", status=404)
    live = page.live
    live.flashes = ()
    if target.scheme or target.netloc or path != unquote(live.path):
        return failure("Invalid address", status=409) if target.scheme or target.netloc else RedirectTo(url)
    root_path = live.root_path
    parameters = address.match(path.removeprefix(root_path)) or {}
    try:
        fill(page, parameters, own_query(target.query))
    except ActionResponse as error:
        return controlled(error, live) or failure("Not found", status=404)
    base = urlsplit(live.address)
    live.address = base._replace(path=target.path, query=target.query, fragment="").geturl()
    return DONE


IN_PLACE: Final = (401, 403, 404)
"""Errors of which the application's own page tells."""
MAX_REDIRECTS: Final = 10
"""Redirects from page to page, after which the browser is to see for itself."""


@dataclass(frozen=True, slots=True)
class LoadedPage:
    """A page that is ready to be shown."""

    page: Page
    address: Address
    drawn: Fragment
    state: bytes


async def resolve_outcome(session: Session, job: Op | ServerOp, outcome: Outcome) -> Outcome:
    """Show what an outcome leads to instead of the page, if anything; what is told of it."""
    site, exchange = session.site, session.exchange
    if isinstance(outcome, Ok):
        if outcome.response is None:
            return outcome
        return RedirectTo(await site.deliver(outcome.response, session.page.request))
    if isinstance(outcome, Failed) and outcome.status == 401:
        login = site.login_for(session.page)
        outcome = RedirectTo(login) if login else outcome
    if isinstance(outcome, RedirectTo):
        url = outcome.url
        outcome = await follow_redirects(session, outcome, job.url if type(job) is Navigate else None)
        if isinstance(job, ServerOp) and not job.n and session.place.since > exchange.rev:
            exchange.add({"url": [outcome.url if isinstance(outcome, RedirectTo) else url, 1]})
            return DONE
    elif isinstance(outcome, Failed) and outcome.status in IN_PLACE and outcome.error is None:
        await show_error_page(session, outcome)
    return outcome


async def follow_redirects(session: Session, redirect: RedirectTo, asked: str | None = None) -> Outcome:
    """Show the page that a redirect leads to. Return the redirect to where that ended.

    It is the end of an op that went there itself, when that is where it `asked` to go.
    """
    replaces = redirect.replace
    for _ in range(MAX_REDIRECTS):
        if redirect.external:
            return redirect
        url = redirect.url
        opened = await _open(session, url)
        if isinstance(opened, LoadedPage):
            await session.show(opened.page, opened.address, opened.drawn, opened.state)
            return DONE if url == asked else RedirectTo(url, replaces)
        if not isinstance(opened, RedirectTo):
            break
        redirect = opened
    return RedirectTo(url, replaces)


def problem_of(outcome: Outcome) -> Problem | None:
    """The error that an outcome is, for pages to show; None where fields alone are wrong: they say it."""
    if not isinstance(outcome, Failed) or (outcome.errors and not outcome.message):
        return None
    return Problem(outcome.status, outcome.message, outcome.id)


async def show_error_page(session: Session, outcome: Outcome) -> None:
    """Show the application's page for an error, unless the page itself says what it is."""
    live, problem = session.page.live, problem_of(outcome)
    if problem is None or live.request is None or session.says_error():
        return
    page = await session.site.error_page(live.request, problem.status, problem.message, problem.id)
    if page is not None:
        page.live.address = live.address
        opened = await _ready(Address(type(page), ""), PageRun(page), None)
        if isinstance(opened, LoadedPage):
            await session.show(page, opened.address, opened.drawn, opened.state)


async def _open(session: Session, url: str) -> LoadedPage | Outcome | None:
    """The page at a path and query; what came instead; None where no page is."""
    site, request = session.site, session.page.live.request
    url = url.partition("#")[0]
    found = site.find(request, url) if request is not None else None
    if found is None or request is None:
        return None
    arrived = await probe_page_request(as_request(request, url, found.parameters))
    return await _begin(site, *arrived) if arrived is not None else None


async def _begin(site: AppContext, request: PageRequest, address: Address) -> LoadedPage | Outcome:
    page = site.new_page(address, request, await site.identity(request))
    scope = PageRun(page)
    return await _ready(address, scope, await mount(page, scope))


async def _ready(address: Address, scope: PageRun, problem: Outcome | None) -> LoadedPage | Outcome:
    """The page as it is shown first; else why it isn't."""
    page = scope.page
    drawn: list[Fragment] = []
    outcome = problem or await scope.conclude(DONE, lambda: drawn.append(page.__fragment__(None)))
    closed = await scope.close(outcome)
    if closed.ok and drawn and scope.state is not None:
        return LoadedPage(page, address, drawn[0], scope.state)
    forsake(page.live)
    return closed
