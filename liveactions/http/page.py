"""Handles GET requests for a page.

`PageRequestHandler` is also the base class for posts, calls and uploads: it restores the page from the
request, opens it with `open_page`, and returns the response.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlsplit

from starlette.responses import HTMLResponse, RedirectResponse, Response

from ..actions.action import ActionRef
from ..actions.request import PageRequest
from ..encoding import utf8
from ..exceptions import ForgedReference, SealError, StateError, UnknownAction
from ..execution.app_context import AppContext, PageRoute
from ..execution.effects import flash_restarted, flashes_to_cookie
from ..execution.loading import wait_for_deferred
from ..execution.opening import Source, open_page
from ..execution.run import PageRun
from ..logs import get_logger
from ..observation import note_action
from ..pages.component import release
from ..pages.lookup import log_refused, lookup
from ..pages.page_html import document
from ..pages.state import restore_state
from ..pages.urls import is_at, own_url, path_and_query
from ..protocol.constants import FIELD_ACTION, FIELD_SNAPSHOT
from ..store.snapshots import HtmlSnapshot, Snapshot
from ..templates.digests import digests_of
from ..types import Failed, Outcome, RedirectTo
from .error_pages import PageError, traceback_page
from .responses import NO_STORE, raise_handled

log = get_logger(__name__)
PAGE_HEADERS: Final = {"Cache-Control": "private, no-cache", "Vary": "Cookie"}


class PageRequestHandler:
    """Handles one request for a page."""

    _in_html: HtmlSnapshot | None = None
    """The snapshot in the page's HTML, once it has been rendered."""

    def __init__(self, site: AppContext, route: PageRoute, request: PageRequest, identity: str) -> None:
        self.site = site
        self.route = route
        self.request = request
        self.query = request.query_params
        """The query, including the library's own parameters."""
        self.identity = identity
        self.context = site.context(route, identity)
        """The context in which snapshots of this page for this visitor are sealed."""
        self.page = site.new_page(route.page, request, self.context, identity)
        """The page; it has no state yet."""

    async def respond(self) -> Response:
        """Return the response. Subclasses override this method, which handles a GET."""
        if FIELD_ACTION in self.query:
            return see_other(relative_url(own_url(self.request)))
        source = Source.ADDRESS
        if FIELD_SNAPSHOT in self.query and (sealed := self.query[FIELD_SNAPSHOT]):
            try:
                await self.restore(sealed)
            except (SealError, StateError) as error:  # too old, or of another visitor or version
                log.warning("could not restore %s, starting it again: %s", self.route.name, error)
                flash_restarted(self.page.live)
                flashes_to_cookie(self.page.live)
                return see_other(relative_url(own_url(self.request)))
            source = Source.STATE
        return await self.show(source, headers=PAGE_HEADERS)

    async def restore(self, text: str, *, anywhere: bool = False) -> None:
        """Restore the page from a snapshot.

        Raise `SealError` or `StateError` if that isn't possible, and `StoreError` if it isn't possible now.

        The snapshot must be of the request's path, because guards decide by the path. It may be of any path
        (`anywhere`) if nothing of the page is called or shown.
        """
        snapshot = await self.site.snapshots.open(text, self.context)
        if not anywhere and not is_at(snapshot.url, self.page.live.path):
            raise StateError(f"a state of {snapshot.url!r} was sent to {self.page.live.path!r}")
        restore_state(self.page, snapshot.state)
        address = self.page.live.address
        own = path_and_query(address)
        if snapshot.url != own:
            self.page.live.move_to(address.removesuffix(own) + snapshot.url)

    def find(self, token: str) -> ActionRef[..., Any]:
        """Return the reference that a token names. If it is rejected, log that, and raise `LiveError`."""
        try:
            ref = lookup(self.page, token)
        except (UnknownAction, ForgedReference) as error:
            log_refused(self.page, token, error)
            raise
        note_action(ref.action.__qualname__)
        return ref

    async def show(
        self,
        source: Source = Source.STATE,
        *,
        headers: dict[str, str] = NO_STORE,
        error: PageError | None = None,
        status: int = 200,
    ) -> Response:
        """Open and render the page, and return the response with it.

        Raise `error` if the page doesn't show it itself, unless a guard rejects the visitor.
        """
        opened = await open_page(self.page, source, draw=self._html)
        if opened.drawn is not None:
            if self.page.live.attending:
                self._expect_visitor()
            return await self._page_response(opened.drawn, status, headers, error)
        if error is not None and not opened.is_refused:
            raise error
        return self.error_or_redirect(opened.outcome)

    async def _page_response(
        self, html: bytes, status: int, headers: dict[str, str], error: PageError | None
    ) -> Response:
        """Return the response with the page's HTML. Raise `error` if the page doesn't show it."""
        if self.page.live.deferred and self._is_without_script:
            await wait_for_deferred(self.page.live, self.site.limits.defer)
            opened = await open_page(self.page, Source.STATE, draw=self._html)
            if opened.drawn is None:
                return self.error_or_redirect(opened.outcome)
            html = opened.drawn
        if error is not None and not self.page.live.error_is_shown:
            raise error
        if self._in_html is not None:
            await self._in_html.keep()
        self._release()
        return HTMLResponse(html, status, headers)

    def _release(self) -> None:
        """Release the page, unless `after` has calls that are still to be made."""
        if not self.request.due:
            release(self.page)

    def _expect_visitor(self) -> None:
        """Keep the visitor in presence lists until the page connects: they may be reloading it."""
        live = self.page.live
        if live.services.presence is not None and not self._is_without_script:
            for one in live.attending:
                live.services.presence.expect(one.topic, one.key_of(self.identity))

    @property
    def _is_without_script(self) -> bool:
        """Whether the browser runs no scripts: it has posted a form, or followed a ``<noscript>``."""
        return self.request.method == "POST" or FIELD_SNAPSHOT in self.query

    def _html(self, run: PageRun) -> bytes:
        page = self.page
        fragment = page.__fragment__(None)
        digests = digests_of(fragment)
        snapshot = Snapshot(
            path_and_query(page.live.address),
            run.state,
            shape=fragment.shape.digest,
            digest=digests[0],
            digests=digests,
        )
        self._in_html = self.site.snapshots.for_html(snapshot, self.context)
        again = ""
        if page.live.deferred and not self._is_without_script:
            again = with_snapshot(relative_url(page.live.address), "")
        given, assets = self._in_html, self.site.page_assets(page)
        return utf8(document(fragment, given.text, assets, page.live.path, given.brief, again))

    def error_or_redirect(self, outcome: Outcome) -> Response:
        """Return the response if the page isn't shown: a redirect, or a traceback. Raise other errors."""
        if isinstance(outcome, RedirectTo):
            return see_other(outcome.url)
        assert isinstance(outcome, Failed)
        raise_handled(outcome)
        login = self.site.login_for(self.page) if outcome.status == 401 else None
        if login:
            return see_other(login)
        if outcome.debug is not None:
            return traceback_page(outcome.message, outcome.debug, outcome.status)
        raise page_error(outcome)


def page_error(failed: Failed) -> PageError:
    """Return the exception that is answered with an error page for a failure."""
    error = PageError(failed.status, failed.message, dict(failed.headers), failed.id)
    error.__cause__ = failed.error
    return error


def with_snapshot(url: str, handle: str) -> str:
    """Return the address that shows the state of a handle. An empty handle means that no scripts run."""
    return f"{url}{'&' if '?' in url else '?'}{FIELD_SNAPSHOT}={handle}"


def see_other(url: str) -> Response:
    """Return a redirect that browsers follow with a GET (303)."""
    return RedirectResponse(url, 303, NO_STORE)


def relative_url(url: str) -> str:
    """Return the path and query of an absolute URL of this origin, since proxies may have changed the
    origin.
    """
    parts = urlsplit(url)
    path = "/" + parts.path.lstrip("/")
    return f"{path}?{parts.query}" if parts.query else path
