"""K6. Open pages act with the cookies that the browser has now."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from jinja2 import DictLoader, Environment
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import Route

from liveactions import Limits, Live, Page, Pages, action, every, loaded, unauthorized
from liveactions.http.socket import SocketEndpoint
from liveactions.store import MemoryStore
from liveactions.testing import Failed
from tests.behaviour.ways import Way, by, visiting, ways

TEMPLATES = {
    "account.html": """<title>Account</title><h1>{{ name or "Nobody" }}</h1>
<form method="post" action="{{ log_in }}"><button>Log in</button></form>
<form method="post" action="{{ log_out }}"><button>Log out</button></form>""",
    "orders.html": """<title>Orders</title><h1>Orders</h1><p>{{ seconds }} s</p>
<form method="post" action="{{ order }}"><button>Order</button></form>""",
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
