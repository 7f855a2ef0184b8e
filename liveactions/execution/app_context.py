"""The services and settings that all parts of one application share: `AppContext`."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any
from urllib.parse import quote, unquote

from starlette.convertors import Convertor
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import compile_path

from ..actions.action import Action
from ..actions.codec import read_json
from ..actions.files import in_words
from ..actions.messages import text
from ..actions.responses import redirect
from ..config import Limits
from ..exceptions import StoreError
from ..logs import get_logger
from ..observation import Counters, Observer
from ..pages.component import descriptions
from ..pages.live_context import AppServices, LiveContext
from ..pages.page import Page, create, takes_events
from ..pages.page_html import Assets, PageAssets
from ..pages.state import restore_state
from ..pages.urls import own_url, path_and_query
from ..store.long_states import StateJSON
from ..store.one_time import ANSWER_TTL, TICKET_TTL, Deliveries, OneTimeStore
from ..store.snapshots import SnapshotQueue, Snapshots
from ..store.upload_storage import ObjectStorage, UploadStorage
from ..store.uploads import ADVICE, FileTooLarge, TooManyUploads, Uploads
from ..templates import is_embedded
from ..types import Outcome, RedirectTo
from .kept import KeptFields, KeptValues
from .results import failure

log = get_logger(__name__)
MOUNT = "/_live"
"""Path of the library's own routes, below the application."""
SOCKET = f"{MOUNT}/socket"
COOKIES = f"{MOUNT}/cookies"
DELIVERY = f"{MOUNT}/deliveries/{{key}}"
FUNCTION = f"{MOUNT}/actions/{{module}}/{{name}}"
MODULE = f"{MOUNT}/actions/{{name}}"
Identify = Callable[[HTTPConnection], Any]
"""Returns the user of a request as text, or None. May be async."""


class PageRoute:
    """A page class and the path that it is registered at, compiled to match requests."""

    def __init__(self, page: type[Page], path: str) -> None:
        self.page = page
        self.path = path
        self.name = f"{page.__module__}.{page.__qualname__}"
        """The page class's name with its module, to which snapshots are bound."""
        self._regex: re.Pattern[str]
        self._convertors: Mapping[str, Convertor[Any]]
        self._regex, _, self._convertors = compile_path(path)

    def match(self, path: str) -> dict[str, Any] | None:
        """Return the parameters of a path; None if it doesn't match."""
        found = self._regex.match(path)
        if found is None:
            return None
        return {name: self._convertors[name].convert(value) for name, value in found.groupdict().items()}


@dataclass(frozen=True, slots=True)
class RouteMatch:
    """The route of the page at an address, with the parameters of the path."""

    route: PageRoute
    parameters: dict[str, Any]


class AppContext:
    """The services and settings of one application. Attributes that hold it are called ``site``."""

    def __init__(
        self,
        services: AppServices,
        snapshots: Snapshots,
        limits: Limits,
        storage: UploadStorage,
        identify: Identify | None = None,
        login: str | None = None,
    ) -> None:
        self.services = services
        self.snapshots = snapshots
        self.saving = SnapshotQueue(snapshots.store)
        self.tickets = OneTimeStore("ticket", TICKET_TTL, snapshots.sealer, snapshots.store)
        self.posts = OneTimeStore("post", ANSWER_TTL, snapshots.sealer, snapshots.store)
        """The posts that have been received, to recognise copies."""
        self.call_answers = OneTimeStore("call", ANSWER_TTL, snapshots.sealer, snapshots.store)
        """The answers of calls by scripts, for copies with the same `Idempotency-Key`."""
        self.copy_timeout = 2 * (services.timeout or 30.0)
        """Seconds that a copy of a request waits for the answer to the first one."""
        self.uploads = Uploads(snapshots.sealer, storage, limits.uploads)
        self.deliveries = Deliveries(snapshots.sealer, snapshots.store, self.uploads)
        self.kept = KeptValues(snapshots.application, snapshots.sealer, snapshots.store, limits.kept)
        self.limits = limits
        self.counters = Counters()
        self.observers: tuple[Observer, ...] = ()
        """Observers of all operations."""
        self.assets = Assets(more=self._component_files)
        self._assets_of = lru_cache(maxsize=16)(self._page_assets)
        self.login = login
        """The address to redirect visitors to on 401; ``{path}`` is replaced by the page's path."""
        self.error_pages: dict[int, type[Page]] = {}
        """Error pages by HTTP status; 0 is for all other statuses."""
        self._identify = identify
        self.routes: list[PageRoute] = []
        """The routes of all pages, in the order in which they are matched."""

    def _component_files(self) -> Mapping[str, str]:
        """Return the styles and scripts of components in templates, including templates in Python files."""
        templates = self.services.templates
        return {} if templates is None else templates.component_files(self._embedded_templates)

    def _embedded_templates(self) -> Iterator[str]:
        """Yield the templates of pages and their components that are written in Python files."""
        for route in self.routes:
            names = {one.template for one in descriptions(route.page)}
            yield from (name for name in names if name is not None and is_embedded(name))

    def add(self, route: PageRoute) -> None:
        """Add a page."""
        self.routes.append(route)
        self.__dict__.pop("kept_owners", None)

    @cached_property
    def kept_owners(self) -> frozenset[str]:
        """The kinds of owners for whom the pages keep values: ``tab``, ``person``."""
        pages = *(route.page for route in self.routes), *self.error_pages.values()
        found = (field.kept for page in pages for one in descriptions(page) for field, _ in one.kept)
        return frozenset(kept.by for kept in found if kept is not None)

    def find(self, connection: HTTPConnection, url: str) -> RouteMatch | None:
        """Return the page at a path and query, as a browser sends them; None if there is none."""
        path = unquote(url.partition("?")[0])
        root_path = connection.scope.get("root_path", "")
        if root_path and not path.startswith(root_path + "/"):
            return None
        route_path = path.removeprefix(root_path)
        for route in self.routes:
            parameters = route.match(route_path)
            if parameters is not None:
                return RouteMatch(route, parameters)
        return None

    async def identity(self, connection: HTTPConnection) -> str:
        """Return the identity of a request's user, which snapshots are bound to; "" if there is none."""
        if self._identify is None:
            return ""
        user = self._identify(connection)
        if inspect.isawaitable(user):
            user = await user
        return "" if user is None else str(user)

    def context(self, route: PageRoute, identity: str) -> str:
        """Return the context in which a page's snapshots are sealed and its references are signed."""
        return self.snapshots.context(route.name, identity)

    def new_page(self, cls: type[Page], request: Request, context: str, identity: str, tab: str = "") -> Page:
        """Create the page at the address of a request. `context` is that of the page and the identity.

        `tab` is the name of the browser's tab, if known.
        """
        root_path = request.scope.get("root_path", "")
        live = LiveContext(
            self.services, own_url(request), root_path=root_path, request=request, context=context
        )
        if self.kept_owners:
            live.kept = KeptFields(self.kept, identity, tab)
        return create(cls, live)

    def copy_page(self, page: Page, state: StateJSON) -> Page:
        """Create a copy of a page in a state that `encode_state` has returned."""
        old = page.live
        live = LiveContext(
            self.services, old.address, root_path=old.root_path, request=old.request, context=old.context
        )
        live.skips_guards = old.skips_guards
        live.kept = old.kept and old.kept.copy()
        copy = create(type(page), live)
        restore_state(copy, read_json(b"".join(state)))
        return copy

    async def error_page(
        self, request: Request, status: int, message: str, id: str, default: type[Page] | None = None
    ) -> Page | None:
        """Create the application's page for an error, or a `default` one; return None if there is none.

        The error page's forms post to the address where it is shown, so its references are signed for the
        page at that address. If it has fields ``status``, ``message`` and ``id``, they are set. It has no
        guards.
        """
        cls = self.error_pages.get(status) or self.error_pages.get(0) or default
        if cls is None:
            return None
        found = self.find(request, request.url.path)
        route = found.route if found is not None else PageRoute(cls, "")
        try:
            identity = await self.identity(request)
        except Exception:  # `identify` may have raised the very error to show
            identity = ""
        page = self.new_page(cls, request, self.context(route, identity), identity)
        page.live.skips_guards = True
        given = {"status": status, "message": message, "id": id}
        fields = page._live_record.description.fields
        page.__dict__.update({name: value for name, value in given.items() if name in fields})
        return page

    def login_for(self, page: Page) -> str | None:
        """Return the address at which a visitor of a page signs in, resolved like that of a redirect."""
        if self.login is None:
            return None
        live = page.live
        url = self.login.replace("{path}", quote(path_and_query(live.address), safe=""))
        return redirect(url, external=True).resolve(live.address, live.root_path)

    async def deliver(self, response: Response, request: Request, *, is_lasting: bool = False) -> Outcome:
        """Store a response, and return a redirect to the address at which it can be fetched: once, or several
        times if `is_lasting`. If it can't be stored, return a failure.
        """
        texts = self.services.messages
        try:
            key = await self.deliveries.keep(response, request.scope, is_lasting=is_lasting)
        except FileTooLarge:
            return failure(text("response_too_large", texts), 507)
        except TooManyUploads:
            log.warning("a response was refused: stored files have reached Limits(uploads=)")
            return failure(text("uploads_full", texts), 503)
        except StoreError as error:
            log.error("a response couldn't be stored: %s", error)
            return failure(text("storage_failed", texts), 503)
        return RedirectTo(f"{request.scope.get('root_path', '')}{DELIVERY.format(key=key)}")

    def upload_size_warning(self) -> str:
        """Return a warning if actions accept larger files than the store takes; "" otherwise."""
        largest = self.uploads.storage.largest
        accepted = [
            (self.limits.upload if one.files.max_size is None else one.files.max_size, action.__qualname__)
            for action in self._actions()
            for one in action.plan.files.values()
        ]
        size, action = max(accepted, default=(0, ""))
        if largest is None or size <= largest:
            return ""
        return (
            f"{action} accepts files of up to {in_words(size)}, but the store takes {in_words(largest)}:"
            f" larger ones are refused unless a form is posted without JavaScript. {ADVICE}"
        )

    def check_direct_uploads(self) -> None:
        """Raise `RuntimeError` if an action takes files from object storage, but there is none."""
        direct = [action.__qualname__ for action in self._actions() if action.plan.direct]
        if direct and not isinstance(self.uploads.storage, ObjectStorage):
            raise RuntimeError(f"{direct[0]} takes a DirectUpload, which needs object storage. {ADVICE}")

    def _actions(self) -> Iterator[Action[..., Any]]:
        for route in self.routes:
            for description in descriptions(route.page):
                yield from description.actions.values()

    def page_assets(self, page: Page) -> PageAssets:
        """Return the paths and settings of this application that a page's HTML contains."""
        root, names_tab = page.live.root_path, "tab" in self.kept_owners
        return self._assets_of(root, takes_events(page), names_tab, self.assets.links(root + MOUNT))

    def _page_assets(self, root: str, takes_events: bool, names_tab: bool, links: str) -> PageAssets:
        """Return these paths and settings for an application mounted at `root`."""

        def path(stem: str) -> str:
            return f"{root}{MOUNT}/{self.assets.name(stem)}"

        return PageAssets(
            script=path("client"),
            lazy=path("lazy"),
            socket=root + SOCKET,
            events=takes_events,
            debug=path("debug") if self.services.debug else "",
            tab=path("tab") if names_tab else "",
            components=links,
        )
