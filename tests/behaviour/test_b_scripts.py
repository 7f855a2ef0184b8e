"""Actions called by scripts: as functions of a module, and by fetch to a page."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx
import pytest
from starlette.responses import PlainTextResponse, Response

from liveactions import (
    Depends,
    InUrl,
    Limits,
    Page,
    Pages,
    action,
    after,
    current_op,
    redirect,
    unauthorized,
)
from liveactions.actions.request import PageRequest
from liveactions.protocol import constants as wire
from tests.behaviour import scripted
from tests.behaviour.ways import by
from tests.support.asgi import Browser, browser, signed
from tests.support.patience import PATIENCE
from tests.support.small import small_app

MODULE = scripted.__name__
HERE = f"/_live/actions/{__name__}"
HEADERS = {wire.HEADER_OPS: "1"}
TEMPLATES = {
    "page.html": """<!doctype html><html><head></head><body><p>{{ count }} {{ q }}</p>
<form action="{{ add }}"></form><form action="{{ export }}"></form><form action="{{ take(7) }}"></form>
</body></html>"""
}


operations: list[str] = []
notes: asyncio.Queue[str]


def app(**options: Any) -> Any:
    identify = options.pop("identify", None)
    pages = Pages()

    @pages.page("/")
    class Home(Page):
        template = "page.html"
        count: int = 0
        q: InUrl[str] = ""

        @action
        async def add(self, by: int = 1) -> dict[str, int]:
            self.count += by
            return {"count": self.count}

        @action
        async def take(self, id: int) -> int:
            return id

        @action
        async def note(self, by: int) -> str:
            operations.append(current_op().id)
            self.live.set_cookie("noted", str(by))
            return operations[-1]

        @action
        async def export(self) -> Response:
            return PlainTextResponse("a,b")

        @action
        async def leave(self) -> Any:
            return redirect("?q=x")

        @action
        async def crash(self) -> None:
            raise RuntimeError("secret detail")

    live = small_app(pages, TEMPLATES, identify=identify)
    for name, value in options.items():
        setattr(live.services, name, value)
    return live


async def call(visitor: Browser, name: str, arguments: Any, **headers: str) -> httpx.Response:
    return await visitor.http.post(
        f"/_live/actions/{MODULE}/{name}", json=arguments, headers={**HEADERS, **headers}
    )


async def test_b8_the_module_exports_a_function_for_each_action() -> None:
    async with browser(app()) as visitor:
        response = await visitor.http.get(f"/_live/actions/{MODULE}.js")
        assert response.headers["content-type"].startswith("text/javascript")
        exports = re.findall(
            r"export const (\w+) = .*call\(\"([^\"]*)\", named\(args, (.*?)\)\);", response.text
        )
        assert exports == [
            ("addToCart", f"{MODULE}:add_to_cart", '["product_id", "amount"]'),
            ("crash", f"{MODULE}:crash", "[]"),
            ("delete_", f"{MODULE}:delete", "[]"),
            ("export_", f"{MODULE}:export", "[]"),
            ("leave", f"{MODULE}:leave", "[]"),
            ("opId", f"{MODULE}:op_id", "[]"),
            ("refuse", f"{MODULE}:refuse", '["name"]'),
            ("replace", f"{MODULE}:replace", '["cart", "size", "mode"]'),
            ("send", f"{MODULE}:send", '["note"]'),
            ("whoami", f"{MODULE}:whoami", "[]"),
        ]
        imported = re.search(r'from "\.\./(call\.\w+\.js)"', response.text)
        assert imported and (await visitor.http.get(f"/_live/{imported[1]}")).status_code == 200
        tag = {"If-None-Match": response.headers["etag"]}
        assert (await visitor.http.get(f"/_live/actions/{MODULE}.js", headers=tag)).status_code == 304


async def test_b8_the_types_are_those_of_the_annotations() -> None:
    async with browser(app()) as visitor:
        text = (await visitor.http.get(f"/_live/actions/{MODULE}.d.ts")).text
    assert "/** Puts a product into the cart. */" in text
    cart = '{ "lines": Array<AddToCartReturnsLine>; "total": string; "since": string | null }'
    assert f"export function addToCart(productId: string, amount?: number): Promise<{cart}>;" in text
    assert f'addToCart(named: {{ "product_id": string; "amount"?: number }}): Promise<{cart}>;' in text
    assert (
        'export type ReplaceLine = { "product_id": string; "amount"?: number; '
        '"children"?: Array<ReplaceLine> };' in text
    )
    assert 'size: "s" | "l", mode?: "now" | "later"): Promise<Record<string, Array<number>>>;' in text
    assert "whoami(): Promise<string | null>;" in text
    assert "leave(): Promise<unknown>;" in text and "delete_(): Promise<null>;" in text


@pytest.mark.parametrize(
    "name", ["nothing.js", "os.js", "os", "nothing.d.ts", "..%2f..%2fapp.js", ".js", "é.js"]
)
async def test_b8_modules_that_are_none(name: str) -> None:
    async with browser(app()) as visitor:
        assert (await visitor.http.get(f"/_live/actions/{name}")).status_code == 404
        assert (await visitor.http.post(f"/_live/actions/{MODULE}.js")).status_code == 405


@by("S")
async def test_b8_calls_over_the_socket() -> None:
    async with browser(app()) as visitor:
        tab = await visitor.joined("/")
        frame = await tab.op(wire.CALL_FUNCTION, f"{MODULE}:add_to_cart", {"product_id": "p", "amount": 2})
        assert frame[3] == [1, wire.OK, RESULT]
        refused = await tab.op(wire.CALL_FUNCTION, f"{MODULE}:add_to_cart", {"amount": 0})
        assert refused[3][2]["errors"].keys() == {"product_id", "amount"}
        for n, name in enumerate((f"{MODULE}:hidden", f"{MODULE}:helper", "os:getcwd", "x", ":", "add"), 3):
            frame = await tab.op(wire.CALL_FUNCTION, name, {})
            assert frame[3] == [n, wire.ERROR, {"error": "no such function", "errors": {}, "status": 409}]


RESULT = {
    "lines": [{"product_id": "p", "amount": 2, "children": []}],
    "total": "3.00",
    "since": None,
}


@by("H")
async def test_b8_calls_by_fetch() -> None:
    async with browser(app()) as visitor:
        visitor.http.cookies.set("user", "ada")
        response = await call(visitor, "add_to_cart", {"product_id": "p", "amount": 2})
        assert (response.status_code, response.json()) == (200, {"result": RESULT})
        assert response.headers["cache-control"] == "no-store"
        assert (await call(visitor, "whoami", {})).json() == {"result": "ada"}
        cart = {"lines": [{"product_id": "p", "amount": 3}], "total": 2, "since": "2026-01-02"}
        replaced = await call(visitor, "replace", {"cart": cart, "size": "l"})
        assert replaced.json() == {"result": {"now": [3], "l": []}}
        assert (await call(visitor, "leave", {})).json() == {"url": "/elsewhere"}


@action(js=True)
async def remember(name: str, page: Page) -> None:
    if name:
        page.live.set_cookie("user", name)


@by("H")
@pytest.mark.parametrize("name", ["ada", ""])
async def test_k6_an_answer_by_fetch_says_whether_cookies_have_changed(name: str) -> None:
    """The script then tells the browser's other tabs: `js/test/call.test.js`."""
    async with browser(app()) as visitor:
        url = f"/_live/actions/{__name__}/remember"
        response = await visitor.http.post(url, json={"name": name}, headers=HEADERS)
        assert (response.status_code, response.cookies.get("user", "")) == (200, name)
        assert (wire.HEADER_COOKIES in response.headers) == bool(name)


@by("H")
async def test_b8_errors_by_fetch() -> None:
    async with browser(app()) as visitor:
        refused = await call(visitor, "refuse", {"name": "x"})
        assert refused.status_code == 409 and refused.json()["errors"] == {"name": "Taken"}
        crashed = await call(visitor, "crash", {})
        assert crashed.status_code == 500 and crashed.json()["id"] and "secret" not in crashed.text
        wrong = {"cart": {"lines": [{"amount": "x"}], "total": None}, "size": "xl", "more": 1}
        invalid = await call(visitor, "replace", wrong)
        assert invalid.status_code == 422
        assert invalid.json()["errors"].keys() == {
            "cart.lines[0].product_id",
            "cart.lines[0].amount",
            "cart.total",
            "size",
            "more",
        }
        for name in ("hidden", "helper", "__class__", "nothing"):
            assert (await call(visitor, name, {})).status_code == 404
        bodies: list[Any] = [[], "x", 1]
        for body in bodies:
            assert (await call(visitor, "leave", body)).status_code == 400
        content = b'{"name": "\\ud800"}'
        kind = {"Content-Type": "application/json", **HEADERS}
        lone = await visitor.http.post(f"/_live/actions/{MODULE}/refuse", content=content, headers=kind)
        assert lone.status_code == 409  # half a character is replaced
        assert (await call(visitor, "add_to_cart", {"product_id": "a\0b"})).json()["result"]["lines"][0][
            "product_id"
        ] == "a\ufffdb"


async def test_b8_calls_from_elsewhere() -> None:
    async with browser(app()) as visitor:
        for headers in ({"Origin": "http://evil.test"}, {"Origin": "null"}):
            assert (await call(visitor, "leave", {}, **headers)).status_code == 403
        bare = await visitor.http.post(f"/_live/actions/{MODULE}/leave", json={})
        assert bare.status_code == 403
        got = await visitor.http.get(f"/_live/actions/{MODULE}/leave")
        assert (got.status_code, got.headers["allow"]) == (405, "POST")


async def test_b8_guards_of_the_application_come_first() -> None:
    def guard(request: PageRequest) -> object:
        return None if request.cookies.get("user") else unauthorized()

    async with browser(app(guards=(Depends(guard),))) as visitor:
        assert (await call(visitor, "whoami", {})).status_code == 401
        visitor.http.cookies.set("user", "ada")
        assert (await call(visitor, "whoami", {})).json() == {"result": "ada"}


@pytest.fixture
async def noted() -> asyncio.Queue[str]:
    """What the functions below note."""
    global notes
    notes = asyncio.Queue()
    return notes


@action(js=True)
async def call_later(text: str) -> str:
    after(notes.put_nowait, text)
    return "now"


async def test_k4_a_function_that_is_called_by_fetch_calls_others_after_its_answer(
    noted: asyncio.Queue[str],
) -> None:
    async with browser(app()) as visitor, asyncio.timeout(PATIENCE):
        answer = await visitor.http.post(f"{HERE}/call_later", json={"text": "later"}, headers=HEADERS)
        assert answer.json() == {"result": "now"}
        assert await noted.get() == "later"


async def fetched(visitor: Browser, token: str, **request: Any) -> httpx.Response:
    """Call what the page at "/" shows; `token` is without its signature, or whole."""
    token = token if "~" in token else quote(signed(visitor.app, "/", token))
    headers = {"Accept": "application/json", wire.HEADER_ACTION: token, **request.pop("headers", {})}
    return await visitor.http.post("/", headers=headers, **request)


@by("H")
async def test_b9_a_call_by_fetch() -> None:
    async with browser(app()) as visitor:
        assert (await fetched(visitor, "add", json={"by": 3})).json() == {"result": {"count": 3}}
        assert (await fetched(visitor, "add", data={"by": "4"})).json() == {"result": {"count": 4}}
        assert (await fetched(visitor, "leave", json={})).json() == {"url": "/?q=x"}
        invalid = await fetched(visitor, "add", data={"by": "x"})
        assert invalid.status_code == 422 and "by" in invalid.json()["errors"]
        assert invalid.headers["cache-control"] == "no-store"


@by("H")
async def test_b9_a_call_goes_on_from_a_state() -> None:
    async with browser(app()) as visitor:
        tab = await visitor.open("/")
        first = (await fetched(visitor, "add", json={"by": 3, "_s": tab.snapshot})).json()
        second = (await fetched(visitor, "add", data={"by": "4", "_s": first["_s"]})).json()
        assert second["result"] == {"count": 7}
        stale = await fetched(visitor, "add", json={"_s": "nonsense"})
        assert stale.status_code == 409 and "out of date" in stale.json()["error"]


def new_key() -> dict[str, str]:
    return {"Idempotency-Key": uuid4().hex}


@by("H")
@pytest.mark.parametrize("body", [{"json": {"by": 3}}, {"data": {"by": "3"}}], ids=["json", "form"])
async def test_b9_a_call_with_a_key_runs_once(body: Any) -> None:
    operations.clear()
    key = new_key()
    async with browser(app()) as visitor:
        first = await fetched(visitor, "note", headers=key, **body)
        copy = await fetched(visitor, "note", headers=key, **body)
        assert [first.status_code, copy.status_code, len(operations)] == [200, 200, 1]
        assert first.json() == copy.json() == {"result": operations[0]}
        assert first.cookies["noted"] == copy.cookies["noted"] == "3"
        await fetched(visitor, "note", headers=new_key(), **body)
        await fetched(visitor, "note", **body)
        await fetched(visitor, "note", **body)
        assert len(set(operations)) == 4


@by("H")
async def test_b9_an_answer_that_is_too_long_to_be_remembered_is_given_once() -> None:
    operations.clear()
    key, live = new_key(), app()
    live.site.limits = Limits(state=40)
    async with browser(live) as visitor:
        first = await fetched(visitor, "note", json={"by": 3}, headers=key)
        copy = await fetched(visitor, "note", json={"by": 3}, headers=key)
        assert first.json() == {"result": operations[0]} and len(operations) == 1
        assert copy.status_code == 409 and "couldn't confirm" in copy.json()["error"]


@by("H")
@pytest.mark.parametrize("is_function", [False, True])
async def test_b9_copies_of_a_call_that_returns_a_file_lead_to_it(is_function: bool) -> None:
    async def called(**headers: str) -> Any:
        if is_function:
            return (await call(visitor, "export", {}, **headers)).json()
        return (await fetched(visitor, "export", json={}, headers=headers)).json()

    async with browser(app()) as visitor:
        key = new_key()
        first = await called(**key)
        files = [await visitor.http.get(first["url"])]
        assert await called(**key) == first
        files += [await visitor.http.get(first["url"]) for _ in range(2)]
        assert [(one.status_code, one.text) for one in files] == [(200, "a,b")] * 3
        once = await called()  # without a key there is no copy
        files = [await visitor.http.get(once["url"]) for _ in range(2)]
        assert [one.status_code for one in files] == [200, 410]


@by("H")
async def test_b9_copies_of_a_call_that_fails_fail_like_it() -> None:
    async with browser(app()) as visitor:
        key = new_key()
        first = await fetched(visitor, "crash", json={}, headers=key)
        copy = await fetched(visitor, "crash", json={}, headers=key)
        assert (copy.status_code, copy.json()) == (500, first.json())


@by("H")
async def test_b9_a_key_is_its_visitors() -> None:
    operations.clear()
    identified = app(identify=lambda connection: connection.cookies.get("user", ""))
    key = new_key()
    async with browser(identified) as ada, browser(identified) as bob:
        for visitor, name in ((ada, "ada"), (bob, "bob")):
            visitor.http.cookies.set("user", name)
            token = quote(signed(identified, "/", "note", name))
            await fetched(visitor, token, json={"by": 1}, headers=key)
    assert len(set(operations)) == 2


@by("H")
async def test_b8_a_function_with_a_key_runs_once() -> None:
    async with browser(app()) as visitor:
        key = new_key()
        ids = [(await call(visitor, "op_id", {}, **key)).json() for _ in range(2)]
        assert ids[0] == ids[1] != (await call(visitor, "op_id", {})).json()


@by("H")
async def test_b9_real_statuses() -> None:
    async with browser(app()) as visitor:
        for token in ("nothing", "take~7~AAAA", "__class__", "count", "\xff"):
            unknown = await fetched(visitor, token, json={})
            assert unknown.status_code == 409 and unknown.json()["error"]
        crashed = await fetched(visitor, "crash", json={})
        assert crashed.status_code == 500 and "secret" not in crashed.text
        assert (await fetched(visitor, "add", json=[])).status_code == 400
        assert (
            await fetched(visitor, "add", content=b"x", headers={"Content-Type": "text/plain"})
        ).status_code == 415
        assert (await fetched(visitor, "add", json={"by": "x" * 2**21})).status_code == 413
        elsewhere = await fetched(visitor, "add", json={}, headers={"Origin": "http://evil.test"})
        assert elsewhere.status_code == 403 and json.loads(elsewhere.text)["status"] == 403
        got = await visitor.http.put("/", headers={wire.HEADER_ACTION: "add"})
        assert got.status_code == 405 and got.json()["status"] == 405


@by("H")
async def test_b9_bound_arguments_stay_signed() -> None:
    async with browser(app()) as visitor:
        html = (await visitor.http.get("/")).text
        token = re.search(r'_a=(take[^"]*)"', html)
        assert token
        assert (await fetched(visitor, token[1], json={})).json() == {"result": 7}
