"""Install live pages in an existing Starlette or FastAPI application.

`guards_of_host` turns the application's dependencies into guards, and `hidden_routes` finds routes that match
before the pages do. The middleware runs outside of the application's own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Match, Route, WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from .actions.markers import Depends, guards_of
from .actions.parameters import Parameter, plan_of
from .cache.tags import DeferredPublishing
from .execution.app_context import PageRoute
from .session.request_probe import keep_original

SAMPLES = ("live-sample", "1", "00000000-0000-4000-8000-000000000000")
"""Sample values for path parameters."""


def guards_of_host(app: Any) -> tuple[Depends, ...]:
    """Return the dependencies of a FastAPI application as guards.

    Raise `TypeError` for one that pages can't fill, and for anything but an application.
    """
    router = getattr(app, "router", None)
    if router is None:
        raise TypeError(
            f"live.install() takes an application, not {app!r}. For the prefix and the dependencies of a"
            " router, use Pages(prefix=..., guard=[...]) and live.include(pages)."
        )
    guards = guards_of(getattr(router, "dependencies", ()))
    for guard in guards:
        for problem in _problems(guard.dependency, set()):
            raise TypeError(
                f"live.install(app): {problem}. The application's dependencies guard live pages, too. Let"
                " this one take a Request, or move it to the routers that need it"
                " (APIRouter(dependencies=[...])) and guard the pages with Live(guard=...)."
            )
    return guards


def _problems(function: Callable[..., Any], seen: set[Callable[..., Any]]) -> Iterator[str]:
    """Yield the reasons why a FastAPI dependency can't be called for a page."""
    if function in seen:
        return
    seen.add(function)
    name = getattr(function, "__qualname__", None) or repr(function)
    try:
        parameters = plan_of(function).parameters
    except (TypeError, ValueError) as error:  # ValueError: no signature
        yield f"the dependency {name} can't be called for a page: {error}"
        return
    for one in parameters:
        if one.depends is not None:
            yield from _problems(one.depends.dependency, seen)
            continue
        problem = _problem(one)
        if problem:
            yield f"the dependency {name} can't be called for a page: its parameter {one.name!r} {problem}"


def _problem(one: Parameter) -> str:
    """Return why pages can't fill a parameter, or an empty string if they can."""
    if one.kind == "request":
        return "is a WebSocket" if any(issubclass(cls, WebSocket) for cls in one.classes) else ""
    if one.kind not in ("field", "source"):
        return "isn't one that FastAPI fills"
    try:
        one.codec  # noqa: B018 - evaluated for its errors
    except TypeError:
        return f"has the type {one.annotation!r}, which can't be read from a request"
    return "needs more than one value from the request" if one.reader.structured else ""


class DeferredPublishMiddleware:
    """Keeps a copy of a request's scope, and delays what the request publishes until it ends.

    By then, the dependencies of its route have committed. Messages that are published after the response has
    begun aren't delayed: a stream may have no end.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        keep_original(scope)
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def forward(message: Message) -> None:
            publishing.is_open = False
            await send(message)

        with DeferredPublishing() as publishing:
            await self._app(scope, receive, forward)


class OriginalScopeMiddleware:
    """Keeps a copy of a request's scope before other middleware changes it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        keep_original(scope)
        await self._app(scope, receive, send)


def add_outermost(app: Starlette, middleware: Callable[[ASGIApp], ASGIApp]) -> None:
    """Run a middleware outside of all others of an application, including those that are added later."""
    if app.middleware_stack is not None:  # the application has already handled a request
        app.middleware_stack = middleware(app.middleware_stack)
        return
    build = app.build_middleware_stack
    app.build_middleware_stack = lambda: middleware(build())  # type: ignore[method-assign]


def hidden_routes(routes: Sequence[BaseRoute], own: Sequence[BaseRoute]) -> Iterator[str]:
    """Yield a message for each route that hides some of `own`: it comes first and matches their requests.

    Each message says how to fix it.
    """
    mine = {id(route) for route in own}
    hidden: dict[int, list[str]] = {}
    for index, group in enumerate(routes):
        for route in getattr(group, "routes", [group]) if id(group) in mine else ():
            for method, scope in _requests(route):
                first = next((n for n, one in enumerate(routes[:index]) if _matches(one, scope)), None)
                if first is not None:
                    hidden.setdefault(first, []).append(f"{method} of {_describe(route)}")
    for first, requests in hidden.items():
        yield (
            f"{_describe(routes[first])} hides live pages: {', '.join(requests)}. Routes are matched in"
            " order: add it after live.install(app) and after the pages, or give it another path."
        )


def _requests(route: Route | WebSocketRoute) -> Iterator[tuple[str, Scope]]:
    """Yield sample requests for a route, each as its method and ASGI scope.

    Yield none if no sample value fits a path parameter.
    """
    values: dict[str, str] = {}
    for name, convertor in route.param_convertors.items():
        fitting = [one for one in SAMPLES if re.fullmatch(convertor.regex, one)]
        if not fitting:
            return
        values[name] = fitting[0]
    path = route.path_format.format_map(values)
    scope = {"path": path, "root_path": "", "headers": [], "query_string": b"", "path_params": {}}
    if isinstance(route, WebSocketRoute):
        yield "WebSocket", {**scope, "type": "websocket"}
        return
    for method in ("GET", "POST"):
        yield method, {**scope, "type": "http", "method": method}


def _matches(route: BaseRoute, scope: Scope) -> bool:
    return route.matches(dict(scope))[0] is Match.FULL


def _describe(route: BaseRoute) -> str:
    """Return a route's name and path for messages."""
    endpoint = getattr(route, "endpoint", None)
    page_route = getattr(endpoint, "route", None)
    if isinstance(page_route, PageRoute):
        return f"the page {page_route.page.__qualname__} at {page_route.path!r}"
    included = getattr(getattr(route, "original_router", None), "routes", None)  # FastAPI's include_router
    if included is not None:
        paths = ", ".join(repr(getattr(one, "path", "")) for one in included)
        return f"the router of {paths}"
    kind, path, name = type(route).__name__, getattr(route, "path", ""), getattr(route, "name", "")
    return f"{kind} {name!r} at {path!r}" if name else f"{kind} at {path!r}"
