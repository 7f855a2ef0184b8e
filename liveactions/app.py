"""The application: `Live`, and `Pages`, a collection of pages that an application can include."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, overload

import jinja2
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.routing import BaseRoute, Route, Router, WebSocketRoute
from starlette.types import Receive, Scope, Send

from .actions.markers import Depends, Guards, guards_of
from .actions.messages import check_messages
from .cache.tags import publish_by
from .config import Limits, check_flags, check_function, check_list, check_text
from .dashboard import DASHBOARD, STYLE, style
from .dashboard import dashboard as dashboard_page
from .engines import open_broker, open_storage, open_store
from .execution.app_context import (
    COOKIES,
    DELIVERY,
    FUNCTION,
    MODULE,
    MOUNT,
    SOCKET,
    AppContext,
    Identify,
    PageRoute,
)
from .hosting import (
    DeferredPublishMiddleware,
    OriginalScopeMiddleware,
    add_outermost,
    guards_of_host,
    hidden_routes,
)
from .http.endpoint import PageEndpoint
from .http.error_pages import ErrorPages
from .http.health import HEALTH, LIVE, READY, Health
from .http.js_modules import FunctionEndpoint, ModuleEndpoint
from .http.panel import PANEL, PanelEndpoint
from .http.routes import CookiesEndpoint, DeliveryEndpoint, LibraryRoutes
from .http.socket import SocketEndpoint
from .logs import get_logger
from .observation import Observer, Stats
from .pages.component import check_page, descriptions
from .pages.live_context import AppServices
from .pages.page import Page
from .pages.page_functions import PageDecorator, advise_on_page, page_decorator, register_at
from .pages.page_html import NAMES
from .pubsub import Broker
from .pubsub.channel import BrokerChannel, channels
from .security.origin import Origins
from .security.signing import ENVIRONMENT, Keys, Sealer, Signer
from .session.draining import Drain, draining_on_sigterm
from .session.registry import SessionRegistry
from .session.reports import WorkerReports
from .session.request_probe import HOST_KEY, ORIGINAL_KEY
from .store import Store
from .store.fallback import FallbackStore
from .store.snapshots import Snapshots
from .store.upload_storage import UploadStorage
from .tasks import Recurring
from .templates import Templates
from .workers import is_only_worker, worker_count

P = TypeVar("P", bound=Page)
F = TypeVar("F", bound=Callable[..., Any])
Processor = Callable[[Request], Mapping[str, Any]]
TemplateSource = str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | jinja2.Environment | Any
"""Directories, an environment, or Starlette's `Jinja2Templates`."""
DEBUG_VARIABLE = "LIVEACTIONS_DEBUG"
log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _RegisteredPage:
    """A page, the path it is registered at, and the guards that run before it."""

    page: type[Page]
    path: str
    guards: tuple[Depends, ...]


class Pages:
    """Collects pages in a module that doesn't import the application, which adds them with `Live.include`.

    ``pages = Pages(prefix="/orders", guard=current_user)``
    """

    def __init__(self, prefix: str = "", guard: Guards = ()) -> None:
        check_text("prefix", prefix)
        if prefix and (not prefix.startswith("/") or prefix.endswith("/")):
            raise ValueError(f"a prefix must begin with a slash and not end with one: {prefix!r}")
        self.prefix = prefix
        self.guards = guards_of(guard)
        self._page_routes: list[_RegisteredPage] = []

    def page(self, path: str, *, guard: Guards = ()) -> PageDecorator:
        """Register a page at a path below the prefix, in Starlette's syntax: ``/room/{room}``.

        The page is a subclass of `Page`, or a function that returns `render(...)`. `guard`: dependencies that
        run first, after those of the collection.
        """
        guards = (*self.guards, *guards_of(guard))
        return page_decorator(
            lambda cls: self._page_routes.append(_RegisteredPage(cls, self.prefix + path, guards))
        )

    def include(self, pages: Pages) -> None:
        """Add the pages of another collection, below this one's prefix and behind its guards."""
        for route in pages._page_routes:
            path, guards = self.prefix + route.path, (*self.guards, *route.guards)
            self._page_routes.append(_RegisteredPage(route.page, path, guards))


class Live(Starlette):
    """An application of live pages: run it, mount it, or install it into another application.

    `templates`: one or more directories, a `jinja2.Environment`, or Starlette's `Jinja2Templates`.
    `debug`: shows tracebacks and applies saved templates. Default: whether ``LIVEACTIONS_DEBUG`` is set, as
    ``liveactions dev`` does.
    `context`: functions that take the request and return variables for every template.
    `around`: functions that take the request and return an async context manager, entered around
    everything that a page does.
    `guard`: dependencies that run first on every request and operation.
    `identify`: returns the user of a request; open pages are bound to it.
    `login`: where visitors are redirected on 401; ``{path}`` is the page they came from.
    `keys`: secrets that seal and sign. Default: ``LIVEACTIONS_KEY``.
    `store`: where page state is stored: a store, or a URL (``redis:``, ``postgresql:``, ``sqlite:``).
    Default: ``LIVEACTIONS_STORE``, or a private SQLite file.
    `broker`: carries messages between workers: a broker or a URL. Default: the store's, if a key is set.
    `observer`: receives every operation, for tracing and metrics.
    `dashboard`: guards for an overview of all open pages at ``/_live/dashboard``. Default: there is none.
    `uploads`: where files wait for their action: a folder, which all machines share, or ``s3://bucket/prefix``.
    Default: ``LIVEACTIONS_UPLOADS``, or beside the store; on the network, in the store, up to 1 MiB each.

    Everything else is Starlette's.
    """

    def __init__(
        self,
        templates: TemplateSource = "templates",
        *,
        debug: bool | None = None,
        routes: Sequence[BaseRoute] | None = None,
        middleware: Sequence[Middleware] | None = None,
        exception_handlers: Mapping[Any, Any] | None = None,
        lifespan: Any = None,
        context: Iterable[Processor] = (),
        around: Iterable[Callable[[Request], AbstractAsyncContextManager[Any]]] = (),
        guard: Guards = (),
        identify: Identify | None = None,
        login: str | None = None,
        keys: str | Iterable[str] | None = None,
        store: Store | str | None = None,
        broker: Broker | str | None = None,
        uploads: UploadStorage | str | os.PathLike[str] | None = None,
        limits: Limits | None = None,
        messages: Mapping[str, str] | None = None,
        allowed_origins: Iterable[str] = (),
        observer: Observer | None = None,
        dashboard: Guards = (),
        name: str | None = None,
    ) -> None:
        debug = bool(os.environ.get(DEBUG_VARIABLE)) if debug is None else debug
        check_flags(debug=debug)
        super().__init__(debug, routes, middleware, exception_handlers, lifespan)
        limits = Limits() if limits is None else limits
        _check_options(identify, limits, messages, name)
        if login is not None:
            _check_login(login)
        name = name or sys._getframe(1).f_globals.get("__name__", "live")
        keyring = _keys(keys)
        store = open_store(store, name)
        self._name, self._has_shared_key = name, keyring.shared
        self._lacks_key = not keyring.shared and worker_count() > 1
        sealer = Sealer(keyring)
        self._channel = BrokerChannel(
            open_broker(broker, store, name) if broker is not None or keyring.shared else None, sealer, name
        )
        channels.connect(self._channel)
        environment, processors = _environment(templates)
        self.templates = Templates(environment, debug, NAMES, messages)
        """The application's templates, compiled."""
        self.services = AppServices(
            Signer(keyring),
            self.templates,
            debug,
            guards=guards_of(guard),
            timeout=limits.action,
            around=_functions("around", around),
            upload=limits.upload,
            state=limits.state,
            is_strict=debug,
            variables=_variables([*processors, *_functions("context", context)]),
        )
        if messages is not None:
            check_messages(messages)
            self.services.messages = messages
        self._store = FallbackStore(store)
        snapshots = Snapshots(name, sealer, self._store, limits.handles)
        storage = open_storage(uploads, self._store, sealer)
        self.site = AppContext(self.services, snapshots, limits, storage, identify, login)
        self.services.identity, self.services.take = self.site.identity, self._store.take
        self.services.move_to_key = self.site.uploads.moved_to_key
        self._errors = ErrorPages(self.site)
        self.exception_handlers.setdefault(HTTPException, self._errors.respond)
        self.sessions = SessionRegistry(self.site, self._channel)
        self._observer: Observer | None = None
        if observer is not None:
            self.observe(observer)
        self._drain = Drain(self.sessions, limits.drain)
        self.services.disconnect, self.services.publish = self.disconnect, self.publish
        self._origins = Origins(allowed_origins)
        health = Health(self.sessions, self._channel)
        watchers = guards_of(dashboard)
        overview = self._dashboard_routes(watchers, health) if watchers else []
        self.own_routes = _routes(self.site, self.sessions, self._origins, health, overview)
        """The routes of the pages, and those that the client uses."""
        self._hosted_guards: tuple[Depends, ...] = ()
        """The guards of the application that this one is installed in."""
        self._serve_in(self)

    def publish(self, topic: str, /, **data: Any) -> None:
        """Run ``@on(topic)`` methods in all open pages of all workers, including the caller's.

        In an action, this takes effect after the commit; elsewhere, and in any thread, immediately. `data` is
        sent as JSON and converted by the annotations of the listener's parameters. Raise `TypeError` if it
        can't be serialized.
        """
        publish_by(self._channel, topic, data)

    @property
    def dependency_overrides(self) -> dict[Callable[..., Any], Callable[..., Any]]:
        """Replacements for dependencies, for tests: ``{current_user: lambda: ada}``."""
        return self.services.dependency_overrides

    def page(self, path: str, *, guard: Guards = ()) -> PageDecorator:
        """Register a page at a path: ``@live.page("/room/{room}")``.

        The page is a subclass of `Page`, or a function that returns `render(...)`. `guard`: dependencies that
        run first.
        """
        return page_decorator(lambda cls: self._add(_RegisteredPage(cls, path, guards_of(guard))))

    @overload
    def error_page(self, page: type[P], /) -> type[P]: ...
    @overload
    def error_page(self, *statuses: int) -> Callable[[type[P]], type[P]]: ...
    def error_page(self, *given: Any) -> Any:
        """Show errors with a page: for all HTTP statuses, or for these: ``@live.error_page(404, 410)``.

        The fields ``status: int``, ``message: str`` and ``id: str`` are set, if the page has them. It has no
        guards, since it is shown to visitors whom they reject, and no actions.

        Raise `ValueError` for a number that isn't an error's status.
        """
        if len(given) == 1 and isinstance(given[0], type):
            return self.error_page()(given[0])
        for status in given:
            if status not in range(400, 600):
                raise ValueError(f"error_page({status!r}): expected statuses from 400 to 599")

        def add(cls: type[P]) -> type[P]:
            self.site.error_pages.update(dict.fromkeys(given or (0,), cls))
            return cls

        return add

    def include(self, pages: Pages) -> None:
        """Add the pages of a collection."""
        for route in pages._page_routes:
            self._add(route)

    def disconnect(self, user: object) -> None:
        """Close all open pages of a user, as returned by `identify`, on every worker.

        Call this to sign a user out, from any thread. Within a second, these pages are loaded again, with the
        cookies that the browser has by then.
        """
        if "person" in self.site.kept_owners:
            self.site.kept.forget_soon(str(user))
        self.sessions.sign_out(str(user))

    def observe(self, observer: Observer) -> None:
        """Tell an observer of every operation from now on, such as `liveactions.otel.OpenTelemetry`.

        Pages that are open already aren't observed. Raise `ValueError` if there is another observer, and
        `TypeError` for an object without a method ``observe``.
        """
        if not isinstance(observer, Observer):
            raise TypeError(f"observer={observer!r}: it has no method observe(operation)")
        if self._observer is not None:
            raise ValueError(f"this application is already observed by {self._observer!r}")
        self._observer = observer
        self.site.observers += (observer,)

    def stats(self) -> Stats:
        """Return what this worker does, as numbers: pages, operations, bytes, the store's latency."""
        return self.sessions.stats()

    async def drain(self) -> None:
        """Hand all open pages over to other workers, and refuse new sockets from now on.

        Operations that are running end, and sockets are closed one after the other. SIGTERM does this by
        itself. Call it before stopping a server that handles signals outside of this process or thread.
        """
        await self._drain.run()

    def install(self, app: Starlette) -> None:
        """Add all pages to an existing application, beside its routes and behind its middleware.

        FastAPI's application-wide ``dependencies=`` guard all pages, for every kind of request, and its
        ``dependency_overrides`` apply. Raise `TypeError` for a dependency that pages can't fill, and for a
        router instead of an application; `ValueError` for a second application with different dependencies.
        """
        guards = guards_of_host(app)
        if self.services.hosts and guards != self._hosted_guards:
            raise ValueError(
                "These pages are already installed in an application with different dependencies: create a"
                " Live for each application."
            )
        if not self.services.hosts:
            self._hosted_guards = guards
            self.services.guards = (*guards, *self.services.guards)
        self.services.hosts.append(app)
        self._serve_in(app)

    def _serve_in(self, app: Starlette) -> None:
        app.router.routes.extend(self.own_routes)
        app.router.lifespan_context = self._lifespan(app.router)
        add_outermost(app, DeferredPublishMiddleware)

    def _dashboard_routes(self, guards: tuple[Depends, ...], health: Health) -> list[Route]:
        reports = WorkerReports(self.sessions, self._channel)
        self.site.observers += (reports.times,)
        self.sessions.answering = Recurring("reporting to the dashboard", reports.send_if_requested)
        page = _RegisteredPage(dashboard_page(reports, health), DASHBOARD, guards)
        return [self._route(page), Route(STYLE, style)]

    def _add(self, page_route: _RegisteredPage) -> None:
        route = self._route(page_route)
        self.own_routes.append(route)
        for app in (self, *self.services.hosts):
            app.router.routes.append(route)

    def _route(self, registered: _RegisteredPage) -> Route:
        """Register a page, check it, and return its route."""
        register_at(registered.page, registered.path, registered.guards)
        check_page(registered.page)
        if self.services.debug:
            advise_on_page(registered.page)
        route = PageRoute(registered.page, registered.path)
        self.site.add(route)
        endpoint = PageEndpoint(self.site, self.sessions, self._origins, route, self._errors)
        return Route(registered.path, endpoint, name=registered.page.__name__)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # At startup, `_check_key` does this; but the lifespan of a mounted application never runs.
        if self._lacks_key and scope["type"] != "lifespan":
            self._refuse_without_key()
        host = scope.get("app", self)
        if host is not self:
            scope[HOST_KEY] = host
            if ORIGINAL_KEY not in scope and isinstance(host, Starlette):  # the host's first request
                add_outermost(host, OriginalScopeMiddleware)
        await super().__call__(scope, receive, send)

    def _check_key(self) -> None:
        """Raise `RuntimeError` if several workers start without a shared key.

        This is checked at startup, not on import: servers replace workers that fail on import, without end.
        """
        self._refuse_without_key()
        if not self._has_shared_key and not is_only_worker(self._name):
            log.error(
                "Another worker of this server has a random key of its own: pages can't move between"
                " them. Set %s.",
                ENVIRONMENT,
            )

    def _refuse_without_key(self) -> None:
        if self._lacks_key:
            raise RuntimeError(f"several workers need a shared key: set {ENVIRONMENT}")

    def _has_presence(self) -> bool:
        """Return whether any page has a presence, which this worker then tracks from its start."""
        pages = (route.page for route in self.site.routes)
        return any(one.presences for page in pages for one in descriptions(page))

    def _lifespan(self, router: Router) -> Callable[[Any], Any]:
        inner = router.lifespan_context

        @asynccontextmanager
        async def lifespan(app: Any) -> AsyncIterator[Any]:
            self._check_key()
            for text in hidden_routes(router.routes, self.own_routes):
                log.warning("%s", text)
            if warning := self.site.upload_size_warning():
                log.warning("%s", warning)
            self.site.check_direct_uploads()
            async with inner(app) as state:
                self.sessions.start()
                if self._has_presence():
                    self.sessions.presence.start()
                with draining_on_sigterm(self.drain):
                    yield state
                await self.sessions.close()
                await self.site.uploads.close()
                await self._store.close()
                await asyncio.to_thread(self._channel.close)
            self.sessions.is_draining = False  # in tests, it may be started again
            self._drain = Drain(self.sessions, self.site.limits.drain)

        return lifespan


def _routes(
    site: AppContext, sessions: SessionRegistry, origins: Origins, health: Health, overview: list[Route]
) -> list[BaseRoute]:
    """Return the routes of the library itself; `overview` are those of the dashboard, if there is one."""
    panel = [Route(PANEL, PanelEndpoint(sessions, origins))] if site.services.debug else []
    below = [
        *panel,
        *overview,
        Route(COOKIES, CookiesEndpoint(site, origins), name="live cookies"),
        Route(DELIVERY, DeliveryEndpoint(site), name="live delivery"),
        Route(FUNCTION, FunctionEndpoint(site, origins), name="live function"),
        Route(MODULE, ModuleEndpoint(site), name="live module"),
        Route(HEALTH, health.report, name="live health"),
        Route(LIVE, health.live, name="live alive"),
        Route(READY, health.ready, name="live ready"),
        Route(f"{MOUNT}/{{name:path}}", site.assets.respond, name="live client"),
    ]
    return [
        WebSocketRoute(SOCKET, SocketEndpoint(sessions, origins), name="live socket"),
        LibraryRoutes(below),
    ]


def _functions(option: str, given: Iterable[F]) -> tuple[F, ...]:
    """Return an option's functions. Raise `TypeError` for anything else."""
    check_list(option, given)
    functions = tuple(given)
    for function in functions:
        check_function(option, function)
    return functions


def _check_options(identify: Any, limits: Any, messages: Any, name: Any) -> None:
    """Raise `TypeError` or `ValueError` for values that would only fail when a page is opened."""
    if identify is not None:
        check_function("identify", identify)
    if not isinstance(limits, Limits):
        raise TypeError(f"limits={limits!r}: expected Limits(...)")
    if messages is not None and not isinstance(messages, Mapping):
        raise TypeError(f"messages={messages!r}: expected texts by their name, such as {{'missing': '…'}}")
    if name is not None:
        check_text("name", name)


def _check_login(login: Any) -> None:
    check_text("login", login)
    if not login.startswith(("/", "https://", "http://")):
        raise ValueError(f"login={login!r}: expected a path, such as '/login?next={{path}}'")
    if "{" in login.replace("{path}", ""):
        raise ValueError(f"login={login!r}: the only placeholder is {{path}}")


def _keys(keys: Any) -> Keys:
    if isinstance(keys, bytes) or not isinstance(keys, str | Iterable | None):
        raise TypeError(f"keys: expected a text, or several in a list, not a {type(keys).__name__}")
    if keys is not None:
        return Keys([keys] if isinstance(keys, str) else keys)
    found = Keys.from_environment()
    if found is not None:
        return found
    log.warning(
        "%s is not set: using a random key. Open pages lose their state when the application restarts, "
        "and several workers can't be used.",
        ENVIRONMENT,
    )
    return Keys.random()


def _environment(templates: Any) -> tuple[jinja2.Environment, list[Processor]]:
    """Return the Jinja2 environment, and its context processors."""
    if isinstance(getattr(templates, "env", None), jinja2.Environment):
        return _escaping(templates.env), list(getattr(templates, "context_processors", ()))
    if isinstance(templates, jinja2.Environment):
        return _escaping(templates), []
    folders = [templates] if isinstance(templates, str | os.PathLike) else templates
    try:
        loader = jinja2.FileSystemLoader([Path(folder) for folder in folders])
    except TypeError:
        raise TypeError(f"templates={templates!r}: expected a folder, several, or an environment") from None
    return jinja2.Environment(loader=loader, autoescape=True), []


def _escaping(environment: jinja2.Environment) -> jinja2.Environment:
    if environment.autoescape is False:  # Jinja's default
        log.warning(
            "This Jinja2 environment doesn't escape values: input from visitors becomes markup. "
            "Create it with autoescape=True."
        )
    return environment


def _variables(processors: list[Processor]) -> Callable[[Request | None], Mapping[str, Any]] | None:
    if not processors:
        return None

    def variables(request: Request | None) -> Mapping[str, Any]:
        names: dict[str, Any] = {}
        for processor in processors if request is not None else ():
            names.update(processor(request))  # type: ignore[arg-type]
        return names

    return variables
