"""GET: whole pages, addresses, the client's files."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from liveactions import Live, Page, Pages, unauthorized
from liveactions.testing.asgi import ORIGIN
from tests.support.asgi import Browser, browser, signed
from tests.support.shop import shop
from tests.support.small import small_app


@pytest.fixture
async def visitor() -> AsyncIterator[Browser]:
    async with browser(shop()) as one:
        yield one


async def test_a_page(visitor: Browser) -> None:
    response = await visitor.http.get("/counter")
    assert response.status_code == 200
    assert response.headers["cache-control"] == "private, no-cache"
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    html = response.text
    assert re.search(r"<output[^>]*>0</output>", html)
    assert re.search(r'<script type="module" src="/_live/client\.\w{10}\.js"[^>]*></script></head>', html)
    start = '<body><live-form hidden><form id="live" method="post" action="/counter">'
    assert f'{start}<input type="submit" disabled>' in html
    for form in re.findall(r"<form[^>]*_a=[^>]*>(<[^>]*>)", html):
        assert form.startswith('<input type="hidden" name="_s" value="')


async def test_a_template_without_a_skeleton_gets_one(visitor: Browser) -> None:
    html = (await visitor.http.get("/bare/ada")).text
    head, body = html.split("</head>")
    assert html.startswith("<!doctype html>")
    assert (
        '<meta charset="utf-8">' in head
        and re.search(r"<title[^>]*>ada</title>", head)
        and "data-live" in head
    )
    assert body.index('<form id="live"') < body.index("<h1")


async def test_query_and_path(visitor: Browser) -> None:
    assert "5 é&lt;" in (await visitor.http.get("/rows?size=5&q=é<")).text
    assert "3 " in (await visitor.http.get("/rows?size=many")).text
    assert "é/ß" not in (await visitor.http.get("/bare/%C3%A9")).text
    assert "é</h1>" in (await visitor.http.get("/bare/%C3%A9")).text
    assert (await visitor.http.get("/nowhere")).status_code == 404


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_an_actions_address_is_the_pages(visitor: Browser, method: str) -> None:
    response = await visitor.http.request(method, "/rows?size=5&_a=grow")
    assert (response.status_code, response.headers["location"]) == (303, "/rows?size=5")


async def test_head(visitor: Browser) -> None:
    assert (await visitor.http.head("/counter")).status_code == 200


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_other_methods(visitor: Browser, method: str) -> None:
    response = await visitor.http.request(method, "/counter?_a=add")
    assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD, POST")


@pytest.mark.parametrize("handle", ["~nothing", "nonsense"])
async def test_a_state_that_is_gone_is_the_page_anew(visitor: Browser, handle: str) -> None:
    response = await visitor.http.get("/rows", params={"_s": handle, "size": "4"})
    assert (response.status_code, response.headers["location"]) == (303, "/rows?size=4")


async def test_the_client_is_served_for_ever(visitor: Browser) -> None:
    tab = await visitor.open("/counter")
    address = re.search(r'src="([^"]*)"', tab.html)
    assert address
    response = await visitor.http.get(address[1])
    assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert response.headers["content-type"].startswith("text/javascript")
    assert "immutable" in response.headers["cache-control"]
    cached = await visitor.http.get(address[1], headers={"If-None-Match": response.headers["etag"]})
    assert cached.status_code == 304
    lazy = re.search(r"\./(\w{10}/lazy\.js)", response.text)
    assert lazy and (await visitor.http.get(f"/_live/{lazy[1]}")).status_code == 200
    for wrong in ("client.0000000000.js", "client.js", "..%2fapp.py"):
        assert (await visitor.http.get(f"/_live/{wrong}")).status_code == 404


async def test_mounted_at_a_prefix() -> None:
    app = Starlette(routes=[Mount("/x", shop())])
    async with browser(app) as visitor:
        tab = await visitor.open("/x/counter")
        assert tab.address == "/x/_live/socket"
        assert f'action="/x/counter?_a={tab.signed("add")}"' in tab.html
        assert (await tab.join())["ack"] == 0
        assert (await tab.call("add"))[1] == 1
        response = await visitor.http.post(tab.action("add"), data={"_s": tab.snapshot})
        assert response.headers["location"].startswith("/x/counter?_s=~")


async def test_installed_beside_other_routes() -> None:
    app = Starlette(routes=[Route("/plain", lambda request: PlainTextResponse("plain"))])
    shop().install(app)
    async with browser(app) as visitor:
        assert (await visitor.http.get("/plain")).text == "plain"
        tab = await visitor.joined("/counter")
        assert (await tab.call("add"))[1] == 1


async def test_a_guard_leads_to_the_login() -> None:
    def guard(request: Request) -> object:
        return None if "user" in request.cookies else unauthorized()

    async with browser(shop(guard=guard, login="/login?next={path}")) as visitor:
        response = await visitor.http.get("/rows?size=2")
        assert (response.status_code, response.headers["location"]) == (303, "/login?next=%2Frows%3Fsize%3D2")
        visitor.http.cookies.set("user", "ada")
        assert (await visitor.http.get("/rows")).status_code == 200
    async with browser(shop(guard=guard)) as visitor:
        assert (await visitor.http.get("/rows")).status_code == 401
    mounted = Starlette(routes=[Mount("/x", shop(guard=guard, login="/login?next={path}"))])
    async with browser(mounted) as visitor:
        response = await visitor.http.get("/x/rows")
        assert response.headers["location"] == "/x/login?next=%2Fx%2Frows"


async def test_names_for_every_template(tmp_path: Path) -> None:
    (tmp_path / "bare.html").write_text("<h1>{{ name }} {{ shop }}</h1>")
    live = Live(tmp_path, keys="k" * 32, context=[lambda request: {"shop": request.url.path}])

    @live.page("/hello/{name}")
    class Hello(Page):
        template = "bare.html"
        name: str

    async with browser(live) as visitor:
        text = (await visitor.http.get("/hello/ada")).text
    assert "ada" in text and "/hello/ada" in re.sub(r"<script.*?</script>", "", text)


async def test_a_failing_render_is_an_error() -> None:
    live = shop()
    transport = httpx.ASGITransport(live, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers={"Origin": ORIGIN}) as client:
        page = await client.get("/broken")
        state = re.search(r'name="_s" value="([^"]*)"', page.text)
        assert state
        spoilt = await client.post(f"/broken?_a={signed(live, '/broken', 'spoil')}", data={"_s": state[1]})
        assert spoilt.status_code == 500
        assert (await client.get("/broken")).status_code == 200


async def test_pages_that_come_after_the_installation() -> None:
    app, live = Starlette(), shop()
    live.install(app)

    @live.page("/late/{name}")
    class Late(Page):
        template = "bare.html"
        name: str

    async with browser(app) as visitor:
        assert (await visitor.http.get("/late/ada")).status_code == 200


@pytest.mark.parametrize(
    ("template", "in_head"),
    [
        ("<title>T</title>{% if n %}<p>n</p>{% endif %}<i>i</i>", False),
        ("<title>T</title>{% for x in n %}<p>x</p>{% endfor %}<i>i</i>", False),
        ("<!doctype html><title>T</title>{% if n %}<p>n</p>{% endif %}<i>i</i>", False),
        ("<title>T</title>{% if not n %}<meta name=a>{% endif %}<i>i</i>", True),
        ("<title>T</title>{% if n %}{% endif %}<link rel=a><i>i</i>", True),
    ],
)
async def test_slots_that_nothing_of_the_head_follows_are_the_body_s(template: str, in_head: bool) -> None:
    pages = Pages()

    @pages.page("/")
    class Bare(Page):
        template = "bare.html"
        n: tuple[int, ...] = ()

    async with browser(small_app(pages, {"bare.html": template})) as visitor:
        html = (await visitor.open("/")).html
    slot = min(at for at in (html.find("<!--("), html.find("<!--[")) if at >= 0)
    assert (slot < html.index('<form id="live"')) is in_head
