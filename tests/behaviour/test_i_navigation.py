"""Redirects and ways from page to page."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import Annotated, Any

import pytest
from jinja2 import DictLoader, Environment
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from liveactions import (
    Depends,
    InUrl,
    Live,
    Page,
    Pages,
    action,
    forbidden,
    loaded,
    not_found,
    redirect,
    unauthorized,
)
from liveactions.protocol import constants as wire
from liveactions.store import MemoryStore
from liveactions.testing import Failed
from liveactions.testing.asgi import Closed
from tests.behaviour.members import members
from tests.behaviour.ways import Way, visiting, ways
from tests.support.asgi import browser
from tests.support.small import small_app

TEMPLATES = {
    "home.html": """<!doctype html><html><head><title>Home</title></head><body><h1>Home {{ visits }}</h1>
<form action="{{ go }}"><input name="to" aria-label="To"><button>Go</button></form>
<form action="{{ deep }}"><button>Deep</button></form>
<form action="{{ slow }}"><button>Slow</button></form>
<form action="{{ leave }}"><input name="how" aria-label="How"><button>Leave</button></form>
<a href="/posts/7?q=x" live-nav>Seven</a><i live-click="{{ useless }}"></i></body></html>""",
    "post.html": """<!doctype html><html><head><title>Post {{ id }}</title></head><body>
<h2>Post {{ id }} {{ q }} {{ log|join(" ") }}</h2><form action="{{ go }}"><button>Go</button></form>
<form action="{{ note }}"><button>Note</button></form></body></html>""",
    "oops.html": "<title>Oops</title><h1>Oops {{ status }} {{ message }}</h1>",
}
gate = asyncio.Event()


def renew_gate() -> None:
    """An event belongs to the loop in which it was waited for."""
    global gate
    gate = asyncio.Event()


def site(**options: Any) -> Live:
    pages = Pages()

    @pages.page("/")
    class Home(Page):
        template = "home.html"
        visits: int = 0

        @action
        async def go(self, to: str) -> Any:
            self.visits += 1
            return redirect(to, external=to.startswith("https:"), replace="replace" in to)

        @action
        async def deep(self) -> None:
            try:
                raise redirect("/posts/1")
            except Exception:
                self.visits = -1

        @action
        async def slow(self) -> Any:
            await gate.wait()
            finished.append("slow")
            return redirect("/posts/9")

        @action(on_leave="cancel")
        async def useless(self) -> None:
            try:
                await gate.wait()
            except asyncio.CancelledError:
                finished.append("cancelled")
                raise

        @action
        async def leave(self, how: str) -> Any:
            return {"404": not_found("No such"), "403": forbidden("Not you"), "401": unauthorized()}[how]

    @pages.page("/posts/{id:int}")
    class Post(Page):
        template = "post.html"
        id: int
        q: InUrl[str] = ""
        log: list[str] = []

        async def mount(self) -> Any:
            self.log.append("mounted")
            if self.id == 404:
                return not_found()
            if self.id >= 100:
                return redirect(f"/posts/{self.id - 100}")
            return None

        async def load(self) -> None:
            if self.id == 8:
                raise RuntimeError("secret")

        async def connected(self) -> None:
            self.log.append("connected")

        async def closed(self) -> None:
            closed_pages.append(self.id)

        @action
        async def go(self) -> Any:
            return redirect("/")

        @action
        async def note(self) -> None:
            self.log.append("noted")

    async def plain(request: Request) -> PlainTextResponse:
        return PlainTextResponse("plain")

    live = Live(
        Environment(loader=DictLoader(TEMPLATES), autoescape=True),
        routes=[Route("/plain", plain), Route("/posts/5", plain)],
        keys="k" * 32,
        store=options.pop("store", None) or MemoryStore(),
        name="site",
        **options,
    )
    live.include(pages)
    return live


closed_pages: list[int] = []
finished: list[str] = []


@pytest.mark.parametrize(
    ("target", "url"),
    [("/posts/1", "/posts/1"), ("posts/2?q=z", "/posts/2?q=z"), ("http://testserver/posts/3", "/posts/3")],
)
@ways("SHN")
async def test_i1_redirects(way: Way, target: str, url: str) -> None:
    async with visiting(site(), way) as visitor:
        page = await visitor.open("/")
        await page.fill("To", target)
        await page.click("Go")
        assert page.url == url
        assert page.text("h2").startswith(f"Post {url[7]}")


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "/\\evil", "javascript:alert(1)", "/x\ny", "http://evil.example/", "\\\\evil"],
)
async def test_i1_addresses_that_are_refused(target: str) -> None:
    async with browser(site()) as visitor:
        tab = await visitor.joined("/")
        frame = await tab.call("go", "to", target)
        assert frame[3][1:2] == [wire.ERROR] and frame[3][2]["status"] == 500
        assert "evil" not in str(frame)


async def test_i1_elsewhere() -> None:
    async with browser(site()) as visitor:
        tab = await visitor.joined("/")
        frame = await tab.call("go", "to", "https://example.org/x")
        answer = [1, wire.REDIRECT, {"url": "https://example.org/x", "external": True}]
        assert frame[2:4] == [frame[2], answer] and "page" not in frame[2]


async def test_i2_a_redirect_brings_the_page_in_one_round_trip() -> None:
    closed_pages.clear()
    async with browser(site()) as visitor:
        tab = await visitor.joined("/")
        rev, ack, patch, answers, _, _ = await tab.call("go", "to", "/posts/1?q=z&replace#top")
        assert answers == [1, wire.REDIRECT, {"url": "/posts/1?q=z&replace#top", "replace": True}]
        assert (rev, ack) == (1, 1) and "<title" in patch["page"] and "Post 1 z mounted" in patch["page"]
        assert 'data-live="/_live/socket"' in patch["page"]
        assert "connected" in str((await tab.receive())[2])  # its own hook ran
        tab.path = "/posts/1?q=z"
        assert "noted" in str((await tab.call("note"))[2])
        await tab.socket.lose()
        welcome = await tab.join()
        assert welcome.keys() == {"token", "rev", "ack"}
        await tab.receive()  # its hook again
        back = await tab.call("go")
        assert "Home 0" in back[2]["page"] and closed_pages == [1]


@ways("SHN")
async def test_i2_redirects_lead_on_and_back(way: Way) -> None:
    async with visiting(site(), way) as visitor:
        page = await visitor.open("/")
        await page.fill("To", "/posts/203")
        await page.click("Go")
        assert (page.url, page.text("h2").split()[:2]) == ("/posts/3", ["Post", "3"])
        await page.click("Go")
        assert (page.url, page.text("h1")) == ("/", "Home 0")
        await page.back()
        assert page.url == "/posts/3"


@ways("SHN")
async def test_i2_what_is_no_live_page_is_loaded(way: Way) -> None:
    async with visiting(site(), way) as visitor:
        for path in ("/plain", "/posts/5"):  # a route that comes before the page's
            page = await visitor.open("/")
            await page.fill("To", path)
            await page.click("Go")
            assert (page.url, page.text()) == (path, "plain")


async def test_i2_pages_that_can_not_be_opened_are_the_browsers() -> None:
    async with browser(site()) as visitor:
        tab = await visitor.joined("/")
        for n, target in enumerate(("/nowhere", "/posts/x"), 1):
            frame = await tab.call("go", "to", target)
            assert frame[3] == [n, wire.REDIRECT, {"url": target}]
            assert "page" not in frame[2]
        assert "Home 3" in str((await tab.call("go", "to", "/nowhere"))[2])  # it is still the same page


class Refused(Exception): ...


mounted: list[str] = []


def failing(**options: Any) -> Live:
    """An application whose pages fail after they were mounted; ``{how}`` says at which step."""
    pages = Pages()
    mounted.clear()

    async def connection() -> AsyncIterator[None]:
        yield
        raise RuntimeError("secret")

    @pages.page("/")
    class Home(Page):
        template = "home.html"

        @action
        async def go(self, to: str) -> Any:
            return redirect(to)

    @pages.page("/fails/{how}")
    class Fails(Page):
        template = "fails.html"
        how: str
        count: Any = 0

        async def mount(self) -> None:
            mounted.append(self.how)
            self.live.set_cookie("mounted", "yes")

        async def load(self) -> Any:
            if self.how == "load":
                raise RuntimeError("secret")
            if self.how == "handled":
                raise Refused
            if self.how == "state":
                self.count = object()
            return {"missing": not_found("No such"), "stranger": unauthorized()}.get(self.how)

    @pages.page("/commits")
    class Commits(Page):
        template = "fails.html"
        how: str = ""

        async def mount(self) -> None:
            mounted.append("commit")

        async def load(self, held: Annotated[None, Depends(connection)]) -> None: ...

    home = """<title>Home</title><h1>Home</h1>
<form method="post" action="{{ go }}"><input name="to" aria-label="To"><button>Go</button></form>
<a href="/fails/load" live-nav>Load</a> <a href="/fails/missing" live-nav>Missing</a>"""
    fails = "<title>Fails</title><h1>Fails</h1>{% if how == 'render' %}{{ missing.value }}{% endif %}"
    templates = {"home.html": home, "fails.html": fails, "oops.html": TEMPLATES["oops.html"]}
    return small_app(pages, templates, **options)


async def go_to(page: Any, to: str) -> int:
    """Follow a redirect to a page that fails, and return the status that the person sees."""
    await page.fill("To", to)
    with suppress(Failed):
        await page.click("Go")
    assert page.url == to
    return int(page.status)


@ways("SHN")
@pytest.mark.parametrize("has_page", [False, True])
async def test_i2_a_page_that_fails_is_mounted_once(way: Way, has_page: bool) -> None:
    live = failing()
    if has_page:

        @live.error_page
        class Oops(Page):
            template = "oops.html"
            status: int = 0
            message: str = ""

    for to, status in (
        ("/fails/load", 500),
        ("/fails/state", 500),
        ("/fails/render", 500),
        ("/commits", 500),
        ("/fails/missing", 404),
    ):
        mounted.clear()
        async with visiting(live, way) as visitor:
            page = await visitor.open("/")
            assert (await go_to(page, to), len(mounted)) == (status, 1)
            assert page.text("h1").startswith(f"Oops {status} " if has_page else f"{status} ")
            assert "secret" not in page.text()
            assert visitor.cookies.values.get("mounted") == (None if to == "/commits" else "yes")
            await page.back()
            assert page.text("h1") == "Home"


@ways("SHN")
async def test_i2_a_page_that_asks_to_sign_in_is_mounted_once(way: Way) -> None:
    async with visiting(failing(login="/?from={path}"), way) as visitor:
        page = await visitor.open("/")
        await page.fill("To", "/fails/stranger")
        await page.click("Go")
        assert (page.url, page.text("h1"), mounted) == ("/?from=%2Ffails%2Fstranger", "Home", ["stranger"])


@ways("SHN")
async def test_i2_the_handler_of_the_application_answers_for_a_page_that_fails(way: Way) -> None:
    async def handler(request: Request, error: Exception) -> PlainTextResponse:
        return PlainTextResponse("handled", 402)

    async with visiting(failing(exception_handlers={Refused: handler}), way) as visitor:
        page = await visitor.open("/")
        assert (await go_to(page, "/fails/handled"), page.text()) == (402, "handled")


async def test_i4_a_link_to_a_page_that_fails_shows_its_error_in_place() -> None:
    async with visiting(failing(), "S") as visitor:
        page = await visitor.open("/")
        with pytest.raises(Failed, match="500 Internal Server Error") as failed:
            await page.click("Load")
        assert (failed.value.status, page.status, page.url, mounted) == (500, 500, "/fails/load", ["load"])
        await page.back()
        await page.click("Missing")
        assert (page.status, page.text("h1"), mounted) == (404, "404 Not Found", ["load", "missing"])


async def test_i2_in_debug_mode_the_browser_loads_a_page_that_fails_for_its_traceback() -> None:
    async with browser(failing(debug=True)) as visitor:
        tab = await visitor.joined("/")
        frame = await tab.call("go", "to", "/fails/load")
        assert frame[3] == [1, wire.REDIRECT, {"url": "/fails/load"}] and frame[2] == []


async def test_i2_a_lost_answer_comes_with_the_next_connection() -> None:
    async with browser(site()) as visitor:
        tab = await visitor.joined("/")
        tab.socket.send([1, 0, 1, tab.signed("go"), ["to", "/posts/1"]])
        await tab.socket.lose()
        tab.n = 1
        welcome = await tab.join()
        assert welcome["answers"] == [1, wire.REDIRECT, {"url": "/posts/1"}]
        assert "Post 1" in welcome["patch"]["page"] and welcome["ack"] == 1
        tab.path = "/posts/1"
        await tab.receive()
        assert "noted" in str((await tab.call("note"))[2])


async def test_i2_below_a_prefix() -> None:
    async with browser(Starlette(routes=[Mount("/x", site())])) as visitor:
        tab = await visitor.joined("/x/")
        frame = await tab.call("go", "to", "/posts/1")
        assert frame[3][2] == {"url": "/x/posts/1"} and "Post 1" in frame[2]["page"]
        assert 'action="/x/posts/1?_a=note~~' in frame[2]["page"]


@ways("SHN")
async def test_i3_the_target_sees_cookies_and_session(way: Way) -> None:
    async with visiting(members(), way) as visitor:
        page = await visitor.open("/")
        await page.click("Enter")
        assert (page.url, page.text()) == ("/club", "Club of ada dark")
        again = await visitor.open("/club")
        assert again.text() == page.text()


async def test_i3_the_person_is_another_one_from_then_on() -> None:
    live = members(identify=lambda request: request.user.display_name)
    async with browser(live) as visitor:
        tab = await visitor.joined("/")
        frame = await tab.call("enter")
        assert "Club of ada" in frame[2]["page"]
        tab.socket.send([0, tab.rev])
        headers = {wire.HEADER_OPS: "1"}
        await visitor.http.post("/_live/cookies", content=frame[5]["cookies"], headers=headers)
        tab.path = "/club"
        await tab.socket.lose()
        assert (await tab.join())["token"] == tab.token
        visitor.http.cookies.clear()
        await tab.socket.lose()
        with pytest.raises(Closed) as caught:
            await tab.join()
        assert caught.value.code == wire.CLOSE_OVER


async def test_i4_a_link_goes_to_another_page_over_the_socket() -> None:
    async with browser(site()) as visitor:
        tab = await visitor.joined("/")
        frame = await tab.op(wire.NAVIGATE, "/posts/7?q=x", 1)
        assert frame[3] == [] and frame[1] == 1 and "Post 7 x" in frame[2]["page"]
        await tab.receive()
        moved = await tab.op(wire.NAVIGATE, "/posts/103", 1)  # leads on
        assert moved[3] == [2, wire.REDIRECT, {"url": "/posts/3"}] and "Post 3" in moved[2]["page"]
        await tab.receive()
        for n, url in enumerate(("/plain", "/nowhere"), 3):
            left = await tab.op(wire.NAVIGATE, url, 1)
            assert left[3] == [n, wire.REDIRECT, {"url": url}] and left[2] == []
        back = await tab.op(wire.NAVIGATE, "/")
        assert "Home 0" in back[2]["page"] and back[3] == []


@ways("SH")
async def test_i4_following_a_link(way: Way) -> None:
    async with visiting(site(), way) as visitor:
        page = await visitor.open("/")
        await page.click("Seven")
        assert (page.url, page.text("h2").split()[:3]) == ("/posts/7?q=x", ["Post", "7", "x"])
        await page.back()
        assert (page.url, page.text("h1")) == ("/", "Home 0")


class Tenants:
    """Middleware that judges the query, and says in the request's state what it has seen."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            request = Request(scope)
            tenant = request.query_params.get("tenant", "none")
            request.state.tenant = tenant
            if tenant == "secret":
                await PlainTextResponse("not yours", 403)(scope, receive, send)
                return
        await self.app(scope, receive, send)


TENANTS = """<title>T</title><p>{{ shown }}</p>
<form method="post" action="{{ look }}"><button>Look</button></form>
<a href="?tenant=b" live-nav>b</a> <a href="?tenant=secret" live-nav>secret</a>"""


def tenants(middleware: Sequence[Middleware] = (Middleware(Tenants),)) -> Live:
    pages = Pages()

    async def guard(request: Request) -> None:
        if request.state.tenant == "guarded":
            raise forbidden("guarded")

    @pages.page("/", guard=guard)
    class Home(Page):
        template = "tenants.html"
        shown: str = loaded()
        looks: int = 0

        async def load(self) -> None:
            if self.request.state.tenant == "broken":
                raise RuntimeError
            self.shown = f"{self.request.state.tenant} {self.request.query_params.get('tenant')} {self.looks}"

        @action
        async def look(self) -> None:
            self.looks += 1

    return small_app(pages, {"tenants.html": TENANTS}, middleware=list(middleware))


@ways("SHN")
async def test_i4_another_query_passes_middleware_as_a_get_does(way: Way) -> None:
    async with visiting(tenants(), way) as visitor:
        page = await visitor.open("/?tenant=a")
        assert page.text("p") == "a a 0"
        await page.click("b")
        assert (page.text("p"), page.url) == ("b b 0", "/?tenant=b")
        if way != "N":  # there, a post is a request without that query
            await page.click("Look")
            assert page.text("p") == "b b 1"
        if way == "H":  # the request itself is refused
            with pytest.raises(Failed, match="not yours"):
                await page.click("secret")
            return
        await page.click("secret")
        assert (page.text(), page.status, page.url) == ("not yours", 403, "/?tenant=secret")


@ways("SHN")
async def test_i4_middleware_of_an_application_below_which_pages_are_mounted_comes_first(way: Way) -> None:
    app = Starlette(routes=[Mount("/x", tenants(middleware=()))], middleware=[Middleware(Tenants)])
    async with visiting(app, way) as visitor:
        page = await visitor.open("/x/?tenant=a")
        await page.click("b")
        assert (page.text("p"), page.url) == ("b b 0", "/x/?tenant=b")
        if way != "N":
            await page.click("Look")
            assert page.text("p") == "b b 1"


async def test_i4_nobody_joins_whom_that_middleware_refuses() -> None:
    app = Starlette(routes=[Mount("/x", tenants(middleware=()))], middleware=[Middleware(Tenants)])
    async with browser(app) as visitor:
        tab = await visitor.open("/x/?tenant=a")
        await tab.join()
        await tab.socket.lose()
        with pytest.raises(Closed):
            await tab.join(url="/x/?tenant=secret")


@pytest.mark.parametrize("name", ["guarded", "broken"])
async def test_i4_a_query_that_is_refused_leaves_the_request_as_it_was(name: str) -> None:
    async with browser(tenants()) as visitor:
        tab = await visitor.joined("/?tenant=a")
        frame = await tab.op(wire.NAVIGATE, f"/?tenant={name}")
        assert frame[3][1] == wire.ERROR
        assert "a a 1" in str((await tab.call("look"))[2])


async def test_i4_operations_by_fetch_pass_middleware_with_the_query_that_they_are_for() -> None:
    async with browser(tenants()) as visitor:
        tab = await visitor.open("/?tenant=a")
        for posted, named, status in (("a", "a", 200), ("a", "secret", 409), ("secret", "a", 403)):
            parcel = {"hello": {**tab.hello, "url": f"/?tenant={named}"}, "ops": []}
            headers = {wire.HEADER_OPS: "1"}
            answer = await visitor.http.post(f"/?tenant={posted}", json=parcel, headers=headers)
            assert answer.status_code == status


@ways("SH")
async def test_i4_an_error_page_in_place_is_left_for_the_same_address(way: Way) -> None:
    live = failing()
    async with visiting(live, way) as visitor:
        page = await visitor.open("/")
        assert await go_to(page, "/fails/missing") == 404
        tab = page._tab
        if tab.conversation is not None:
            tab.navigate("/fails/missing?again=1")
            await page._tab.settle()
        assert (page.text("h1"), page.url, mounted) == (
            "404 Not Found",
            "/fails/missing?again=1",
            ["missing", "missing"],
        )


async def test_i4_bad_addresses() -> None:
    async with browser(site()) as visitor:
        tab = await visitor.joined("/")
        for url in (
            "//evil",
            "http://evil/",
            "javascript:x",
            "http://[",
            "\\\\evil",
            "",
            "x" * 9000,
            "/%ff%00",
        ):
            frame = await tab.op(wire.NAVIGATE, url)
            assert "page" not in frame[2]
            assert frame[3] == [] or frame[3][1] in (wire.ERROR, wire.REDIRECT)


async def test_i5_ops_made_on_a_page_that_was_left_do_not_run_on_the_next() -> None:
    async with browser(site()) as visitor:
        tab = await visitor.joined("/posts/1")
        await tab.receive()
        tab.rev = 1
        tab.socket.send([1, 1, wire.NAVIGATE, "/posts/2"])
        tab.socket.send([2, 1, wire.CALL_REF, tab.signed("note"), []])
        assert "Post 2" in (await tab.receive())[2]["page"]
        await tab.receive()
        left = await tab.receive()
        assert left[3][:2] == [2, wire.ERROR] and left[3][2]["status"] == 409
        assert "noted" not in str(left)


async def test_i5_an_action_finishes_when_its_page_is_left() -> None:
    renew_gate()
    finished.clear()
    live = site()
    async with browser(live) as visitor:
        tab = await visitor.joined("/")
        tab.socket.send([1, 0, wire.CALL_REF, tab.signed("slow"), []])
        tab.socket.send([2, 0, wire.BYE])
        gate.set()
        with pytest.raises(Closed):
            while True:
                await tab.receive()
        assert finished == ["slow"] and all(session.state.is_over for session in live.sessions)


@pytest.mark.parametrize("leaving", [[wire.NAVIGATE, "/posts/1"], [wire.BYE]])
async def test_i5_an_action_that_is_of_no_use_then_ends(leaving: list[Any]) -> None:
    renew_gate()
    finished.clear()
    async with browser(site()) as visitor:
        tab = await visitor.joined("/")
        tab.socket.send([1, 0, wire.CALL_REF, tab.signed("useless"), []])
        tab.socket.send([2, 0, wire.NAVIGATE, "/?other=query"])  # is no leaving
        tab.socket.send([3, 0, *leaving])
        with suppress(Closed):
            while "page" not in (await tab.receive())[2]:
                continue
        assert finished == ["cancelled"]


@ways("SHN")
async def test_d7_errors_in_place_are_pages_of_the_application(way: Way) -> None:
    live = site()

    @live.error_page
    class Oops(Page):
        template = "oops.html"
        status: int = 0
        message: str = ""

    async with visiting(live, way) as visitor:
        for how, text in (("404", "Oops 404 No such"), ("403", "Oops 403 Not you")):
            page = await visitor.open("/")
            await page.fill("How", how)
            with pytest.raises(Failed, match=text[9:]):
                await page.click("Leave")
            assert page.text("h1") == text


@ways("SHN")
async def test_d7_the_unauthorised_are_led_to_the_login(way: Way) -> None:
    async with visiting(site(login="/posts/1?q={path}"), way) as visitor:
        page = await visitor.open("/")
        await page.fill("How", "401")
        await page.click("Leave")
        assert page.text("h2").startswith("Post 1 /")


async def test_a10_another_query_of_the_page_is_guarded() -> None:
    allowed = [True]
    async with browser(site(guard=lambda: None if allowed[0] else forbidden())) as visitor:
        tab = await visitor.joined("/posts/1")
        await tab.receive()
        assert "'x'" in str((await tab.op(wire.NAVIGATE, "/posts/1?q=x"))[2])
        allowed[0] = False
        frame = await tab.op(wire.NAVIGATE, "/posts/1?q=y")
        assert frame[3][1] == wire.ERROR and frame[3][2]["status"] == 403
