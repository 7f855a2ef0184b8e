"""K6. Open pages act with the cookies that the browser has now."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from jinja2 import DictLoader, Environment
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from liveactions import Limits, Live, Page, Pages, action, every, loaded, unauthorized
from liveactions.http.socket import SocketEndpoint
from liveactions.protocol.constants import CLOSE_OVER
from liveactions.store import MemoryStore, Store
from liveactions.testing import Failed
from liveactions.testing.asgi import Closed
from tests.behaviour.ways import Way, by, visiting, ways
from tests.support.asgi import Tab, browser
from tests.support.small import small_app

TEMPLATES = {
    "account.html": """<title>Account</title><h1>{{ name or "Nobody" }}</h1>
<form method="post" action="{{ log_in }}"><button>Log in</button></form>
<form method="post" action="{{ log_out }}"><button>Log out</button></form>""",
    "orders.html": """<title>Orders</title><h1>Orders</h1><p>{{ seconds }} s</p>
<form method="post" action="{{ order }}"><button>Order</button></form>""",
    "state.html": """<title>State</title><p>{{ shown }}</p>
<form method="post" action="{{ sign_in }}"><button>Sign in</button></form>
<form method="post" action="{{ sign_out }}"><button>Sign out</button></form>""",
}


def shop(orders: list[str], **options: Any) -> Live:
    """An application with accounts: `orders` are the names of those who have ordered."""

    async def log_out(request: Request) -> Response:
        request.session.clear()
        return Response("Good bye")

    live = Live(
        Environment(loader=DictLoader(TEMPLATES), autoescape=True),
        keys="k" * 32,
        store=MemoryStore(),
        name="shop",
        middleware=[Middleware(SessionMiddleware, secret_key="s" * 32)],
        routes=[Route("/log-out", log_out)],
        **options,
    )

    @live.page("/account")
    class Account(Page):
        template = "account.html"
        name: str = loaded()

        async def load(self, request: Request) -> None:
            self.name = request.session.get("name", "")

        @action
        async def log_in(self, request: Request) -> None:
            request.session["name"] = "ada"

        @action
        async def log_out(self, request: Request) -> None:
            request.session.clear()

    async def member(request: Request) -> str:
        if "name" not in request.session:
            raise unauthorized()
        return str(request.session["name"])

    members = Pages(guard=member)

    @members.page("/orders")
    class Orders(Page):
        template = "orders.html"

        seconds: int = 0

        @every(1.0)
        async def tick(self) -> None:
            self.seconds += 1

        @action
        async def order(self, request: Request) -> None:
            orders.append(request.session["name"])

    live.include(members)
    return live


async def name_of(connection: HTTPConnection) -> str | None:
    return connection.session.get("name")


@ways("SHN")
async def test_k6_another_tab_of_someone_who_has_signed_out_does_nothing(way: Way) -> None:
    for options in ({}, {"identify": name_of}):
        orders: list[str] = []
        async with visiting(shop(orders, **options), way) as browser:
            account = await browser.open("/account")
            await account.click("Log in")
            tab = await browser.open("/orders")
            await tab.click("Order")
            await account.click("Log out")
            if way == "S":
                assert tab.status == 401  # it has heard of it
            else:
                with suppress(Failed):
                    await tab.click("Order")
            assert orders == ["ada"]


@by("S")
async def test_k6_another_tab_shows_who_has_signed_in() -> None:
    async with visiting(shop([]), "S") as browser:
        account, tab = await browser.open("/account"), await browser.open("/account")
        await account.click("Log in")
        await tab.shows("ada")
        await account.click("Log out")
        await tab.shows("Nobody")


def socket_of(live: Live) -> SocketEndpoint:
    endpoints = [getattr(route, "endpoint", None) for route in live.routes]
    return next(endpoint for endpoint in endpoints if isinstance(endpoint, SocketEndpoint))


@by("S")
async def test_k6_cookies_that_are_too_old_are_asked_for_before_the_next_operation() -> None:
    orders: list[str] = []
    live = shop(orders, limits=Limits(cookies=60))
    socket = socket_of(live)
    now = 0.0
    socket._clock = lambda: now
    async with visiting(live, "S") as browser:
        account = await browser.open("/account")
        await account.click("Log in")
        tab = await browser.open("/orders")
        await tab.click("Order")
        now = 61.0
        await tab.click("Order")  # the cookies are still good
        assert (orders, tab.status) == (["ada", "ada"], 200)
        await browser.other().open("/account")
        browser.cookies.values.clear()  # they expire
        await tab.click("Order")
        assert len(orders) == 3  # within the limit nobody asks
        now = 122.0
        await tab.click("Order")
        assert (len(orders), tab.status) == (3, 401)


@by("S")
async def test_k6_cookies_that_are_too_old_are_asked_for_before_something_is_pushed() -> None:
    live = shop([], limits=Limits(cookies=60))
    async with visiting(live, "S") as browser:
        account = await browser.open("/account")
        await account.click("Log in")
        tab = await browser.open("/orders")
        await browser.clock.advance(1)
        await tab.shows("1 s")
        make_older(live, 61)
        await browser.clock.advance(1)
        await tab.shows("2 s")  # the cookies are still good
        browser.cookies.values.clear()  # they expire
        await browser.clock.advance(1)
        await tab.shows("3 s")  # within the limit nobody asks
        make_older(live, 61)
        await browser.clock.advance(1)
        await tab.shows_not("Orders")
        assert tab.status == 401


def make_older(live: Live, seconds: float) -> None:
    """Let the connections of all pages be so many seconds older."""
    for session in live.sessions:
        assert session.connection is not None
        session.connection.opened -= seconds


class Signing:
    """Middleware that says in the request's state who has signed in, and nothing of anybody else."""

    def __init__(self, app: ASGIApp, types: tuple[str, ...]) -> None:
        self.app = app
        self.types = types

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in self.types:
            connection = HTTPConnection(scope)
            if name := connection.cookies.get("name"):
                connection.state.name = name
        await self.app(scope, receive, send)


def signing(where: str, types: tuple[str, ...]) -> Any:
    """An application whose middleware, or whose guard, sets the request's state."""

    @asynccontextmanager
    async def lifespan(app: Any) -> AsyncIterator[dict[str, Any]]:
        yield {"pool": "open"}

    async def guard(request: Request) -> None:
        if name := request.cookies.get("name"):
            request.state.name = name

    pages = Pages(guard=[guard] if where == "guard" else [])

    @pages.page("/")
    class Home(Page):
        template = "state.html"
        shown: str = loaded()

        async def load(self) -> None:
            state = self.request.state
            self.shown = f"{getattr(state, 'name', 'nobody')} {state.pool}"

        @action
        async def sign_in(self) -> None:
            self.live.set_cookie("name", "ada")

        @action
        async def sign_out(self) -> None:
            self.live.delete_cookie("name")

    middleware = [Middleware(Signing, types=types)]
    if where in ("own", "guard"):
        own = middleware if where == "own" else []
        return small_app(pages, TEMPLATES, middleware=own, lifespan=lifespan)
    live = small_app(pages, TEMPLATES)
    routes = [Mount("/", live)] if where == "mounted" else []
    app = Starlette(routes=routes, middleware=middleware, lifespan=lifespan)
    if where == "installed":
        live.install(app)
    return app


@pytest.mark.parametrize("types", [("http",), ("http", "websocket")], ids=["requests", "sockets"])
@pytest.mark.parametrize("where", ["own", "installed", "mounted", "guard"])
@ways("SHN")
async def test_k6_no_page_sees_the_state_of_a_former_identity(
    way: Way, where: str, types: tuple[str, ...]
) -> None:
    """What middleware sets for some only isn't there for others; what the lifespan has given stays."""
    async with visiting(signing(where, types), way) as visitor:
        page = await visitor.open("/")
        for _ in range(2):
            await page.click("Sign in")
            await page.reload()  # to pass the guard
            assert page.text("p") == "ada open"
            await page.click("Sign out")
            assert page.text("p") == "nobody open"


def notes(store: Store) -> Live:
    """A worker of an application whose cookie `name` says who the visitor is."""
    pages = Pages()

    @pages.page("/")
    class Note(Page):
        template = "note.html"
        text: str = ""

        @action
        async def write(self, text: str) -> None:
            self.text = text

        @action
        async def sign_in(self) -> None:
            self.live.set_cookie("name", "ada")

        @action
        async def sign_out(self) -> None:
            self.live.delete_cookie("name")

    template = """<title>Note</title><h1>{{ live.request.cookies.name }}</h1><p>{{ text }}</p>
<form method="post" action="{{ write }}"><input name="text"><button>Write</button></form>
{{ button(sign_in, "Sign in") }} {{ button(sign_out, "Sign out") }}"""
    return small_app(pages, {"note.html": template}, store=store, name="notes", identify=cookie_name)


def cookie_name(connection: HTTPConnection) -> str | None:
    return connection.cookies.get("name")


async def refusal(tab: Tab) -> int:
    """The code with which a page isn't let in."""
    with pytest.raises(Closed) as closed:
        await tab.join()
    return closed.value.code


@pytest.mark.parametrize("elsewhere", [False, True], ids=["same-worker", "another-worker"])
@by("S")
async def test_k6_a_tab_starts_again_where_it_is_when_its_visitor_signs_in(elsewhere: bool) -> None:
    """What was typed stays, since the same person has typed it; the page says what has happened."""
    store = MemoryStore()
    async with browser(notes(store)) as here, browser(notes(store)) as there:
        tab = await here.joined("/")
        await tab.call("write", "text", "of nobody")
        await tab.socket.lose()
        if elsewhere:
            tab.browser = there
        tab.browser.http.cookies.set("name", "ada")
        tab.browser.identity = "ada"
        page = (await tab.join())["patch"]["page"]
        assert "ada</h1>" in page and "of nobody" not in page
        assert "You have signed in" in str(await tab.receive())
        assert "of ada" in str(await tab.call("write", "text", "of ada"))
        await tab.socket.lose()
        assert "patch" not in await tab.join()


@pytest.mark.parametrize("elsewhere", [False, True], ids=["same-worker", "another-worker"])
@pytest.mark.parametrize("next", ["", "bob"], ids=["out", "as-another"])
@by("S")
async def test_k6_a_tab_is_loaded_again_when_its_visitor_signs_out(next: str, elsewhere: bool) -> None:
    """Whatever the former visitor has typed, and what scripts show of it, goes."""
    store = MemoryStore()
    async with browser(notes(store)) as here, browser(notes(store)) as there:
        for visitor in (here, there):
            visitor.http.cookies.set("name", "ada")
            visitor.identity = "ada"
        tab = await here.joined("/")
        loaded = await here.open("/")
        await tab.call("write", "text", "of ada")
        await tab.socket.lose()
        if elsewhere:
            tab.browser = loaded.browser = there
        assert "patch" not in await tab.join()  # ada is let in
        await tab.socket.lose()
        tab.browser.http.cookies.set("name", next)
        assert await refusal(tab) == await refusal(loaded) == CLOSE_OVER
