"""One request for a page: the page in some state, and the answer that shows it."""

from __future__ import annotations

from logging import getLogger
from typing import Any, Final
from urllib.parse import urlsplit

from starlette.responses import HTMLResponse, RedirectResponse, Response

from ..actions.request import PageRequest
from ..document import document
from ..encoding import well_formed
from ..errors import LiveError
from ..ops.flashes import carry, restarted
from ..ops.outcome import DONE, Outcome
from ..ops.scope import Scope
from ..pages.state import restore_state
from ..sessions.opening import mount
from ..site import Address, Site, own_url, path_and_query
from ..snapshot import Snapshot
from ..template.fragment import digest_of
from ..wire import FIELD_ACTION, FIELD_SNAPSHOT
from .errors import PageError
from .tracebacks import traceback_page

log = getLogger(__name__)

PAGE_HEADERS: Final = {"Cache-Control": "private, no-cache", "Vary": "Cookie"}
POST_HEADERS: Final = {"Cache-Control": "no-store"}


class Visit:
    """One request for a page."""

    def __init__(self, site: Site, address: Address, request: PageRequest, identity: str) -> None:
        self.site = site
        self.address = address
        self.request = request
        self.identity = identity
        self.begin()

    def begin(self) -> None:
        """Begin with a page in no state yet."""
        self.page = self.site.new_page(self.address, self.request, self.identity)

    @property
    def context(self) -> str:
        """In which this person's snapshots of this page are sealed."""
        return self.site.context(self.address, self.identity)

    async def get(self) -> Response:
        """Answer a GET."""
        query = self.request.query_params
        if FIELD_ACTION in query:
            return to(relative(own_url(self.request)))
        scope = Scope(self.page)
        if FIELD_SNAPSHOT in query:
            try:
                self.restore(query[FIELD_SNAPSHOT])
            except LiveError as error:  # too old, of someone else, or of another version of the page
                log.warning("%s can't be restored and starts again: %s", self.address.name, error)
                restarted(self.page.live)
                carry(self.page.live)
                return to(relative(own_url(self.request)))
            problem = await scope.guard()
        else:
            problem = await mount(self.page, scope)
        return await self.show(scope, problem, headers=PAGE_HEADERS)

    def restore(self, text: str) -> None:
        """Put the page into the state of a snapshot. `LiveError` when that can't be had."""
        snapshot = self.site.snapshots.open(text, self.context)
        restore_state(self.page, snapshot.state)
        parts = urlsplit(self.page.live.address)
        self.page.live.address = f"{parts.scheme}://{parts.netloc}{snapshot.url}"

    async def show(
        self,
        scope: Scope,
        problem: Outcome | None = None,
        *,
        headers: dict[str, str] = POST_HEADERS,
        error: PageError | None = None,
        status: int = 200,
    ) -> Response:
        """The page after its load, unless something is in its way.

        `error` is raised when the page doesn't show it itself, unless a guard refuses the page.
        """
        html: list[bytes] = []
        outcome = problem or await scope.conclude(DONE, lambda: html.append(self._html(scope.state)))
        closed = await scope.close(outcome)
        if error is not None and not scope.is_refused and not (closed.ok and self.page.live.error_is_shown):
            raise error
        if not closed.ok:
            return self.elsewhere(closed)
        return HTMLResponse(html[0], status, headers)

    def _html(self, state: bytes | None) -> bytes:
        page = self.page
        fragment = page.__fragment__(None)
        snapshot = Snapshot(
            path_and_query(page),
            state,
            shape=fragment.shape.digest,
            mark=digest_of(fragment),
            digests=fragment.digests(),
        )
        sealed = self.site.snapshots.for_html(snapshot, self.context)
        html = document(fragment, sealed, self.site.around(page), self.site.snapshots.brief)
        return well_formed(html).encode()

    def elsewhere(self, outcome: Outcome) -> Response:
        """What is answered instead of the page; errors are raised."""
        outcome.raise_handled()
        if outcome.location is not None:
            return to(outcome.location)
        login = self.site.login_for(self.page) if outcome.http_status == 401 else None
        if login:
            return to(login)
        if self.exposes(outcome):
            return traceback_page(outcome.payload, outcome.http_status)
        message, id = told(outcome)
        raise PageError(outcome.http_status, message, dict(outcome.headers), id) from outcome.error

    def exposes(self, outcome: Outcome) -> bool:
        """Whether a developer is to see the exception itself."""
        return self.site.services.debug and outcome.http_status == 500 and outcome.error is not None


def told(outcome: Outcome) -> tuple[str, str]:
    """The text of an error, and the id of its line in the log."""
    payload: dict[str, Any] = outcome.payload if isinstance(outcome.payload, dict) else {}
    return str(payload.get("error", "")), str(payload.get("id", ""))


def to(url: str) -> Response:
    """Elsewhere, by GET."""
    return RedirectResponse(url, 303, POST_HEADERS)


def relative(url: str) -> str:
    """An absolute URL of this origin as a path: proxies may have changed the origin."""
    parts = urlsplit(url)
    path = "/" + parts.path.lstrip("/")
    return f"{path}?{parts.query}" if parts.query else path
