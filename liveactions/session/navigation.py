"""Navigates to another address: another query of the same page, or another page.

The page to which an action, a link or an error leads is loaded as by a GET, and returned as a `LoadedPage`.
The runner shows it in place of the open one. If loading fails, an error page is shown instead. Anything that
isn't a page (another route, a file) is left to the browser, and so are pages whose guards reject the visitor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from urllib.parse import SplitResult, unquote, urlsplit

from ..actions.request import PageRequest
from ..actions.responses import ActionResponse
from ..execution.app_context import AppContext, PageRoute
from ..execution.opening import OpenedPage, Source, Until, open_page
from ..execution.results import control_flow_outcome, failure
from ..execution.run import PageRun
from ..pages.component import descriptions
from ..pages.live_context import LiveContext, Problem
from ..pages.page import Page, PlainError, fill_from_address
from ..pages.urls import own_query
from ..protocol.messages import Navigate
from ..store.long_states import StateJSON
from ..templates import Fragment
from ..types import DONE, Failed, Ok, Outcome, RedirectTo
from .op_queue import Job, ServerOp
from .request_probe import as_request, has_middleware, probe_page_request
from .state import SessionState

IN_PLACE: Final = (401, 403, 404)
"""Error statuses for which the application's error page takes the place of the page."""
MAX_REDIRECTS: Final = 10
"""Maximum number of redirects to follow on the server; then the browser loads the address."""


@dataclass(frozen=True, slots=True)
class LoadedPage:
    """A page that is ready to be shown."""

    page: Page
    route: PageRoute
    drawn: Fragment
    state: StateJSON
    status: int = 200
    """Its HTTP status."""


async def navigate(run: PageRun, route: PageRoute, url: str) -> Outcome:
    """Set the fields of the page from `url` if that is another address of the page; otherwise, redirect.

    The address passes the application's middleware first.
    """
    page = run.page
    live, request = page.live, page.live.request
    try:
        target = urlsplit(url)
        path = unquote(target.path)
    except ValueError:
        return failure("No page at this address", status=404)
    live.flashes = ()
    if target.scheme or target.netloc:
        return failure("Invalid address", status=409)
    if path != unquote(live.path) or live.skips_guards:  # an error page has taken the page's place
        return RedirectTo(url)
    parameters = route.match(path.removeprefix(live.root_path)) or {}
    passed = None
    if isinstance(request, PageRequest) and has_middleware(request):
        arrived = await probe_page_request(as_request(request, url.partition("#")[0], parameters))
        if arrived is None or arrived[1] is not route:
            return RedirectTo(url)
        passed = arrived[0]
    return await run.navigate(partial(_fill, page, parameters, target), passed)


def _fill(page: Page, parameters: Mapping[str, Any], target: SplitResult) -> Outcome:
    """Set the fields of the page from one of its addresses."""
    live = page.live
    try:
        fill_from_address(page, parameters, own_query(target.query))
    except ActionResponse as error:
        return control_flow_outcome(error, live) or failure("Not found", status=404)
    base = urlsplit(live.address)
    live.move_to(base._replace(path=target.path, query=target.query, fragment="").geturl())
    return DONE


async def resolve_outcome(
    state: SessionState, job: Job, outcome: Outcome, shows_error: Callable[[], bool]
) -> tuple[Outcome, LoadedPage | None]:
    """Return the outcome to send to the browser, and the page to show in place of this one, if any.

    `shows_error` returns whether the open page shows `live.error` itself.
    """
    if isinstance(outcome, Ok):
        if outcome.response is not None:
            return await state.site.deliver(outcome.response, state.page.request), None
        return outcome, None
    if isinstance(outcome, Failed) and outcome.status == 401:
        login = state.site.login_for(state.page)
        outcome = RedirectTo(login) if login else outcome
    if isinstance(outcome, RedirectTo):
        redirect, loaded = await follow_redirects(state, outcome)
        if loaded is None:
            return redirect, None
        if isinstance(job, ServerOp) and not job.n:
            state.add({"url": [redirect.url, 1]})
            return DONE, loaded
        is_expected = type(job) is Navigate and job.url == redirect.url and loaded.status == 200
        return DONE if is_expected else redirect, loaded
    if isinstance(outcome, Failed) and outcome.status in IN_PLACE and outcome.error is None:
        is_shown = shows_error()
        return outcome, None if is_shown else await load_error_page(state.site, state.page.live, outcome)
    return outcome, None


async def follow_redirects(state: SessionState, redirect: RedirectTo) -> tuple[RedirectTo, LoadedPage | None]:
    """Load the page that a redirect leads to, and return it with the redirect to its final address."""
    replaces = redirect.replace
    for _ in range(MAX_REDIRECTS):
        if redirect.external:
            return redirect, None
        url = redirect.url
        opened = await _open(state, url)
        if isinstance(opened, LoadedPage):
            return RedirectTo(url, replaces, status=opened.status), opened
        if not isinstance(opened, RedirectTo):
            break
        redirect = opened
    return RedirectTo(url, replaces), None


def problem_of(outcome: Outcome) -> Problem | None:
    """Return a failure as an error that pages can show; None for a success, or if only fields have errors."""
    if not isinstance(outcome, Failed) or (outcome.errors and not outcome.message):
        return None
    return Problem(outcome.status, outcome.message, outcome.id)


async def load_error_page(
    site: AppContext, live: LiveContext, outcome: Failed, default: type[Page] | None = None
) -> LoadedPage | None:
    """Load the application's page for an error, or a `default` one, at the address of the page that failed.

    Return None if there is none.
    """
    problem = problem_of(outcome)
    if problem is None or live.request is None:
        return None
    page = await site.error_page(live.request, problem.status, problem.message, problem.id, default)
    if page is None:
        return None
    page.live.move_to(live.address)
    return (await _load(page, PageRoute(type(page), ""), Source.FIELDS, problem.status))[1]


async def prefetch_page(state: SessionState, url: str) -> LoadedPage | None:
    """Open another page, or its error page, at a path and query before the visitor navigates there.

    Return None if it can't be prefetched: that would have effects, or it leads to another address.
    """
    request = state.page.live.request
    found = state.site.find(request, url) if request is not None and url.startswith("/") else None
    if found is None or urlsplit(url).path == state.page.live.path or _has_kept_fields(found.route.page):
        return None
    opened = await _open(state, url)
    return opened if isinstance(opened, LoadedPage) else None


async def is_accepted(site: AppContext, loaded: LoadedPage) -> bool:
    """Run the guards of a prefetched page, for its GET as it would be now.

    Return whether they accept, and the identity is still the one that the page was loaded for. The page
    continues with this request.
    """
    page, before = loaded.page, loaded.page.live.request
    assert isinstance(before, PageRequest)
    arrived = await probe_page_request(before)
    if arrived is None or arrived[1] is not loaded.route:  # an error page has no route, nor guards
        return False
    request = arrived[0]
    if site.context(loaded.route, await site.identity(request)) != page.live.context:
        return False
    page.live.renew(request)
    request.due = before.due
    with _answered_by_handlers(request):
        opened: OpenedPage[None] = await open_page(page, Source.FIELDS, Until.GUARD)
    return opened.outcome.ok and not opened.is_refused


@contextmanager
def _answered_by_handlers(request: PageRequest) -> Iterator[None]:
    """Leave exceptions that the application has handlers for to them: they will answer the browser's GET."""
    request.may_raise = True
    try:
        yield
    finally:
        request.may_raise = False


def _has_kept_fields(page: type[Page]) -> bool:
    """Return whether a page has fields that outlive it: opening the page may store them."""
    return any(one.kept for one in descriptions(page))


async def _open(state: SessionState, url: str) -> LoadedPage | RedirectTo | None:
    """Open the page at a path and query. Return it, or a redirect; None if the browser must load it."""
    site, request = state.site, state.page.live.request
    url = url.partition("#")[0]
    found = site.find(request, url) if request is not None else None
    if found is None or request is None:
        return None
    arrived = await probe_page_request(as_request(request, url, found.parameters))
    kept = state.page.live.kept
    return await _open_at(site, *arrived, kept.tab if kept else "") if arrived is not None else None


async def _open_at(
    site: AppContext, request: PageRequest, route: PageRoute, tab: str
) -> LoadedPage | RedirectTo | None:
    identity = await site.identity(request)
    page = site.new_page(route.page, request, site.context(route, identity), identity, tab)
    with _answered_by_handlers(request):
        opened, loaded = await _load(page, route, Source.ADDRESS)
    outcome = opened.outcome
    if loaded is not None:
        return loaded
    if isinstance(outcome, RedirectTo):
        return outcome
    if opened.is_refused or not isinstance(outcome, Failed):
        return None
    if outcome.is_handled or outcome.debug is not None:  # the response to a GET shows more
        return None
    login = site.login_for(page) if outcome.status == 401 else None
    return RedirectTo(login) if login else await load_error_page(site, page.live, outcome, PlainError)


async def _load(
    page: Page, route: PageRoute, source: Source, status: int = 200
) -> tuple[OpenedPage[Fragment], LoadedPage | None]:
    """Open a page. Return it as loaded, unless that has failed."""
    opened = await open_page(page, source, draw=lambda _: page.__fragment__(None))
    if opened.drawn is None or opened.state is None:
        return opened, None
    return opened, LoadedPage(page, route, opened.drawn, opened.state, status)
