"""The exchange without JavaScript: posts, and what answers them."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import httpx
import pytest
from jinja2 import DictLoader, Environment
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, WebSocketRoute
from starlette.websockets import WebSocket

from liveactions import (
    ActionError,
    Bound,
    InUrl,
    Live,
    Page,
    Pages,
    action,
    forbidden,
    not_found,
    redirect,
    unauthorized,
)
from liveactions.store import MemoryStore, Store
from liveactions.testing import Failed
from tests.behaviour.ways import Way, visiting, ways
from tests.support.asgi import Tab, browser, signed

TEMPLATES = {
    "notes.html": """<!doctype html><html><head><title>Notes</title><base href="/elsewhere/"></head><body>
<form method="post" action="{{ add }}"><input name="text"><input name="password"></form>
<p>{{ q }}|{{ notes|join(",") }}|{{ add.result }}|{{ add.errors.text }}|{{ add.values.text }}|{{ add.error }}
{{ add.values.password }}|</p></body></html>""",
    "region.html": """<!doctype html><html><head></head><body>
<form action="{{ fail }}"><button>Fail</button></form><form action="{{ miss }}"><button>Miss</button></form>
<button form="live" formaction="{{ buy(1) }}">Buy</button>
<button form="live" formaction="{{ buy(0) }}">Buy none</button>
{% if live.error %}<b>{{ live.error.status }} {{ live.error.message }}</b>
{% endif %}<i>{{ runs }}</i></body></html>""",
    "failed.html": "<title>Oops</title><h1>Oops {{ status }}: {{ message }} [{{ id }}] {{ nav }}</h1>",
    "gone.html": "<h1>Nothing here</h1>",
}


def notebook(store: Store | None = None, pages_for_errors: bool = True, **options: Any) -> Live:
    pages = Pages()

    @pages.page("/notes/{room}")
    class Notes(Page):
        template = "notes.html"
        room: str
        q: InUrl[str] = ""
        notes: list[str] = []

        @action
        async def add(self, text: str, password: str = "") -> int:
            if text == "x" * 2000:
                raise ActionError("Too long", field="text")
            self.notes.append(text)
            return len(self.notes)

        @action
        async def go(self, to: str) -> Any:
            return redirect(to, external=to.startswith("https:"))

        @action
        async def leave(self, how: str) -> Any:
            self.live.set_cookie("left", how)
            return {"404": not_found("No such note"), "401": unauthorized(), "403": forbidden("Not you")}[how]

        @action
        async def crash(self) -> None:
            raise RuntimeError("secret detail")

    @pages.page("/region")
    class Region(Page):
        template = "region.html"
        runs: int = 0

        @action
        async def fail(self) -> None:
            self.runs += 1
            raise RuntimeError("secret detail")

        @action
        async def miss(self) -> Any:
            self.runs += 1
            return not_found("No such thing")

        @action
        async def buy(self, number: Bound[int]) -> None:
            raise ActionError("Sold out") if number else ActionError("One at least", field="number")

    live = Live(
        Environment(loader=DictLoader(TEMPLATES), autoescape=True),
        keys="k" * 32,
        store=store or MemoryStore(),
        name="notebook",
        context=[lambda request: {"nav": "navigation"}],
        **options,
    )
    live.include(pages)
    if pages_for_errors:
        name_error_pages(live)
    return live


def name_error_pages(live: Live) -> None:
    @live.error_page
    class Failed(Page):
        template = "failed.html"
        status: int = 0
        message: str = ""
        id: str = ""

    @live.error_page(410, 404)
    class Gone(Page):
        template = "gone.html"


async def post(tab: Tab, action: str, **fields: str) -> httpx.Response:
    return await tab.browser.http.post(
        tab.path.partition("?")[0], params={"_a": tab.signed(action)}, data={"_s": tab.snapshot, **fields}
    )


async def followed(tab: Tab, response: httpx.Response) -> str:
    assert response.status_code == 303, response.text
    page = await tab.browser.http.get(response.headers["location"])
    assert page.status_code == 200
    return page.text


def shown(html: str) -> list[str]:
    found = re.search(r"<p[^>]*>(.*?)</p>", html, re.S)
    assert found, html
    return re.sub(r"<!--.*?-->|\s", "", found[1]).split("|")


async def test_d1_the_first_field_is_the_snapshot_and_the_address_has_the_reference() -> None:
    async with browser(notebook()) as visitor:
        html = (await visitor.http.get("/notes/a?q=z")).text
        form = re.search(r'<form[^>]*action="([^"]*_a=add[^"]*)"[^>]*>(<[^>]*>)', html)
        assert form and form[1] == f"/notes/a?_a={signed(visitor.app, '/notes/a', 'add')}"
        assert form[2].startswith('<input type="hidden" name="_s" value="')


async def test_d2_success_leads_to_the_page_and_refreshing_shows_the_same() -> None:
    async with browser(notebook()) as visitor:
        tab = await visitor.open("/notes/a")
        response = await post(tab, "add", text="one")
        assert re.fullmatch(r"/notes/a\?_s=~[\w-]+", response.headers["location"])
        for _ in range(3):  # refresh, Back and Forward
            assert shown(await followed(tab, response))[1:3] == ["one", "1"]
        second = Tab(visitor, "/notes/a", await followed(tab, response))
        again = await post(second, "add", text="two")
        assert shown(await followed(second, again))[1:3] == ["one,two", "2"]
        assert shown(await followed(tab, response))[1:3] == ["one", "1"]


async def test_d3_large_states_survive_and_tabs_do_not_mix() -> None:
    async with browser(notebook()) as visitor:
        one, two = await visitor.open("/notes/a"), await visitor.open("/notes/a")
        long = "é" * 50_000
        first, second = await post(one, "add", text=long), await post(two, "add", text="short")
        assert shown(await followed(one, first))[1] == long
        assert shown(await followed(two, second))[1] == "short"
        assert len(first.headers["location"]) < 100
        again = Tab(visitor, "/notes/a", await followed(one, first))
        assert shown(await followed(again, await post(again, "add", text="b")))[1] == f"{long},b"


async def test_d4_posted_twice_runs_once_with_one_answer() -> None:
    store = MemoryStore()
    async with browser(notebook(store)) as here, browser(notebook(store)) as there:
        tab = await here.open("/notes/a")
        other = Tab(there, "/notes/a", tab.html)
        one, two = await asyncio.gather(post(tab, "add", text="x"), post(other, "add", text="x"))
        assert one.headers["location"] == two.headers["location"]
        assert shown(await followed(tab, two))[1] == "x"
        for _ in range(2):
            left = await post(tab, "leave", how="404")
            assert (left.status_code, left.headers["set-cookie"][:8]) == (404, "left=404")
        after_back = await post(tab, "add", text="y")
        assert shown(await followed(tab, after_back))[1] == "y"


async def test_d5_invalid_input_is_shown_again_but_no_passwords() -> None:
    async with browser(notebook()) as visitor:
        tab = await visitor.open("/notes/a")
        response = await post(tab, "add", text="x" * 2000, password="hunter2")
        assert (response.status_code, response.headers["cache-control"]) == (422, "no-store")
        assert shown(response.text)[3:5] == ["Toolong", "x" * 2000]
        assert "hunter2" not in response.text
        missing = await post(tab, "add", text="")
        assert missing.status_code == 422 and "This field is required" in missing.text


@pytest.mark.parametrize("prefix", ["", "/below"])
@pytest.mark.parametrize(
    ("target", "location"),
    [
        ("/notes/b", "{}/notes/b"),
        ("?q=1#top", "{}/notes/a?q=1#top"),
        ("b", "{}/notes/b"),
        ("http://testserver/notes/b", "/notes/b"),
        ("https://elsewhere.example/x", "https://elsewhere.example/x"),
    ],
)
async def test_d6_redirects(prefix: str, target: str, location: str) -> None:
    app: Any = Starlette(routes=[Mount(prefix, notebook())]) if prefix else notebook()
    async with browser(app) as visitor:
        response = await post(await visitor.open(f"{prefix}/notes/a"), "go", to=target)
        assert (response.status_code, response.headers["location"]) == (303, location.format(prefix))


@pytest.mark.parametrize(
    "target", ["//evil.example", "http://evil.example/", "javascript:alert(1)", "/\\evil"]
)
async def test_d6_redirects_that_must_not_be(target: str) -> None:
    async with browser(notebook()) as visitor:
        response = await post(await visitor.open("/notes/a"), "go", to=target)
        assert response.status_code == 500 and "evil" not in response.text


async def test_d7_errors_are_pages_of_the_application() -> None:
    async with browser(notebook()) as visitor:
        tab = await visitor.open("/notes/a")
        missing = await post(tab, "leave", how="404")
        assert missing.status_code == 404 and "Nothing here" in missing.text
        refused = await post(tab, "leave", how="403")
        assert refused.status_code == 403 and "Oops 403: Not you [] navigation" in unmarked(refused)
        for response in (missing, refused):
            assert response.headers["cache-control"] == "no-store" and "data-live" not in response.text
        crashed = await post(tab, "crash")
        assert crashed.status_code == 500 and "secret" not in crashed.text
        assert re.search(r"Oops 500: Something went wrong \((\w{8})\)\. \[\1\]", unmarked(crashed))
        assert "Oops 401" in unmarked(await post(tab, "leave", how="401"))
        large = await post(tab, "add", text="x" * 2**21)
        assert large.status_code == 413 and "Oops 413" in unmarked(large)
        assert "Nothing here" in (await visitor.http.get("/nowhere")).text
        assert (await visitor.http.get("/nowhere")).status_code == 404


async def test_d7_without_a_page_of_its_own_an_error_is_a_plain_one() -> None:
    async with browser(notebook(pages_for_errors=False)) as visitor:
        tab = await visitor.open("/notes/a")
        missing = await post(tab, "leave", how="404")
        assert missing.status_code == 404
        assert "<h1>404 Not Found</h1><p>No such note</p>" in missing.text
        assert "<h1>404 Not Found</h1>" in (await visitor.http.get("/nowhere")).text
        assert "secret" not in (await post(tab, "crash")).text


async def test_d7_an_application_may_handle_errors_itself() -> None:
    async def handle(request: Request, error: Exception) -> PlainTextResponse:
        return PlainTextResponse("handled", 404)

    live = notebook(pages_for_errors=False, exception_handlers={404: handle})
    async with browser(live) as visitor:
        tab = await visitor.open("/notes/a")
        assert (await post(tab, "leave", how="404")).text == "handled"
        assert "<h1>403" in (await post(tab, "leave", how="403")).text


async def test_d7_a_stale_reference_keeps_the_input() -> None:
    async with browser(notebook()) as visitor:
        tab = await visitor.open("/notes/a")
        unknown = await post(tab, "renamed", text="typed")
        assert unknown.status_code == 409 and shown(unknown.text)[1] == ""
        tab.snapshot = "lost"
        response = await post(tab, "add", text="typed", password="hunter2")
        assert response.status_code == 409 and shown(response.text)[4] == "typed"
        assert "out of date" in response.text and "hunter2" not in response.text


async def test_d7_a_region_of_the_page_shows_the_error() -> None:
    async with browser(notebook()) as visitor:
        tab = await visitor.open("/region")
        for _ in range(2):  # the second time it is known from the first
            failed = await post(tab, "fail")
            assert failed.status_code == 500 and "<i" in failed.text and "Oops" not in failed.text
            assert re.search(r"500 .*Something went wrong", unmarked(failed))
            assert "secret" not in failed.text
        missing = await post(tab, "miss")
        assert missing.status_code == 404 and "404 No such thing" in unmarked(missing)


@ways("SHN")
async def test_d7_a_region_on_each_way(way: Way) -> None:
    async with visiting(notebook(), way) as visitor:
        page = await visitor.open("/region")
        for button, text in (("Fail", "500 Something went wrong"), ("Miss", "404 No such thing")):
            with pytest.raises(Failed):
                await page.click(button)
            assert page.text("b").startswith(text)


@ways("SHN")
async def test_d7_a_region_says_why_not_unless_a_field_does(way: Way) -> None:
    async with visiting(notebook(), way) as visitor:
        page = await visitor.open("/region")
        await page.click("Buy")
        assert page.text("b") == "422 Sold out"
        await page.click("Buy none")
        assert page.texts("b") == []


async def test_d7_login_is_where_the_unauthorised_go() -> None:
    async with browser(notebook(login="/login?next={path}")) as visitor:
        response = await post(await visitor.open("/notes/a?q=1"), "leave", how="401")
        assert (response.status_code, response.headers["location"]) == (
            303,
            "/login?next=%2Fnotes%2Fa%3Fq%3D1",
        )


async def test_d8_cookies_are_on_the_redirect() -> None:
    async with browser(notebook()) as visitor:
        tab = await visitor.open("/notes/a")
        response = await post(tab, "leave", how="404")
        assert response.headers["set-cookie"].startswith("left=404")
        assert visitor.http.cookies["left"] == "404"


async def test_d9_a_posted_page_can_be_joined() -> None:
    async with browser(notebook()) as visitor:
        tab = await visitor.open("/notes/a")
        html = await followed(tab, await post(tab, "add", text="one"))
        joined = Tab(visitor, "/notes/a", html)
        assert (await joined.join()).keys() == {"token", "rev", "ack"}
        frame = await joined.call("add", "text", "two")
        assert "one,two" in str(frame[2])
        invalid = Tab(visitor, "/notes/a", (await post(tab, "add", text="")).text)
        assert (await invalid.join()).keys() <= {"token", "rev", "ack", "patch", "shapes"}


async def test_d10_what_may_be_kept() -> None:
    async with browser(notebook()) as visitor:
        page = await visitor.http.get("/notes/a")
        assert page.headers["cache-control"] == "private, no-cache" and "Cookie" in page.headers["vary"]
        tab = await visitor.open("/notes/a")
        assert (await post(tab, "add", text="one")).headers["cache-control"] == "no-store"
        assert (await visitor.http.post("/notes/a")).headers["cache-control"] == "no-store"


@pytest.mark.parametrize("prefix", ["", "/below"])
async def test_d11_unicode_queries_prefixes_and_base(prefix: str) -> None:
    app: Any = Starlette(routes=[Mount(prefix, notebook())]) if prefix else notebook()
    async with browser(app) as visitor:
        path = f"{prefix}/notes/z%C3%BCrich%20x?q=%C3%A9%3D%26%23"
        tab = await visitor.open(path)
        assert re.findall(r'action="([^"]*_a=add[^"]*)"', tab.html) == [tab.action("add")]
        assert shown(tab.html)[0] == "é=&amp;#"
        page = shown(await followed(tab, await post(tab, "add", text="one")))
        assert page[:2] == ["é=&amp;#", "one"]
        assert (await tab.join())["ack"] == 0
        assert "one" in str((await tab.call("add", "text", "one"))[2])


def unmarked(response: httpx.Response) -> str:
    return re.sub(r"<!--.*?-->", "", response.text)


async def test_b11_methods_that_run_nothing() -> None:
    async with browser(notebook()) as visitor:
        for method in ("GET", "HEAD"):
            response = await visitor.http.request(method, "/notes/a?q=1&_a=add")
            assert (response.status_code, response.headers["location"]) == (303, "/notes/a?q=1")
        for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "NONSENSE"):
            response = await visitor.http.request(method, "/notes/a?_a=add")
            assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD, POST")


async def test_d7_a_page_for_errors_that_fails_is_a_plain_one() -> None:
    live = notebook(pages_for_errors=False)

    @live.error_page
    class Broken(Page):
        template = "missing.html"

    @live.error_page(403)
    class Failing(Page):
        template = "failed.html"

        async def load(self) -> None:
            raise RuntimeError("secret detail")

    async with browser(live) as visitor:
        tab = await visitor.open("/notes/a")
        for how in ("404", "403"):
            response = await post(tab, "leave", how=how)
            assert response.status_code == int(how) and f"<h1>{how} " in response.text
            assert "secret" not in response.text


async def test_d7_sockets_of_others_show_no_pages() -> None:
    async def refusing(websocket: WebSocket) -> None:
        raise HTTPException(403)

    live = notebook(routes=[WebSocketRoute("/feed", refusing)])
    async with browser(live) as visitor:
        with pytest.raises(HTTPException):
            await visitor.socket("/feed")
