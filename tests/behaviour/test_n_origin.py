"""Where posts and sockets may come from, and what is forged."""

from __future__ import annotations

import ast
import asyncio
import logging
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from jinja2 import DictLoader, Environment

import liveactions
from liveactions import Bound, Live, Page, Pages, action
from liveactions.protocol import constants as wire
from liveactions.store import MemoryStore
from liveactions.testing.asgi import Closed
from tests.support.asgi import Browser, Tab, browser
from tests.support.patience import PATIENCE

KEY, OLD = "k" * 32, "o" * 32
TEMPLATES = {
    "safe.html": """<!doctype html><html><head></head><body><p>{{ ran }}</p>
<form action="{{ save }}"><input name="text"></form><form action="{{ remove(7) }}"></form>
<i>{{ save.values.text }}</i></body></html>"""
}


def vault(name: str = "vault", keys: Any = KEY, store: Any = None, **options: Any) -> Live:
    pages = Pages()

    @pages.page("/{room}")
    class Room(Page):
        template = "safe.html"
        room: str
        ran: int = 0

        @action
        async def save(self, text: str = "") -> None:
            self.ran += 1

        @action
        async def remove(self, id: Bound[int]) -> None:
            self.ran += 1

        def helper(self) -> None:
            self.ran += 1

    @pages.page("/other/{room}")
    class Other(Room):
        pass

    environment = Environment(loader=DictLoader(TEMPLATES), autoescape=True)
    live = Live(environment, keys=keys, store=store or MemoryStore(), name=name, **options)
    live.include(pages)
    return live


@pytest.fixture
async def visitor() -> AsyncIterator[Browser]:
    async with browser(vault()) as one:
        yield one


def times(html: str) -> int:
    found = re.search(r"<p[^>]*>(\d+)</p>", html)
    assert found, html
    return int(found[1])


async def post(tab: Tab, token: str = "save", **request: Any) -> httpx.Response:
    request.setdefault("data", {"_s": tab.snapshot})
    return await tab.browser.http.post(
        tab.path, params={"_a": token if "~" in token else tab.signed(token)}, **request
    )


async def has_not_run(tab: Tab) -> bool:
    """Whether nothing but the next post changes the state."""
    response = await post(tab, data={"_s": tab.snapshot, "text": "afterwards"})
    return times((await tab.browser.http.get(response.headers["location"])).text) == 1


REFUSED = [
    "http://evil.test",
    "null",
    "",
    "https://testserver",
    "http://testserver:81",
    "http://testserver.evil.test",
    "http://testserver@evil.test",
    "nonsense",
    "http://testserver/",
    "file://",
    "http://",
    "http://[::1",
]


@pytest.mark.parametrize("origin", REFUSED)
async def test_n1_posts_and_sockets_from_elsewhere(visitor: Browser, origin: str) -> None:
    tab = await visitor.open("/a")
    response = await post(tab, headers={"Origin": origin})
    assert (
        response.status_code == 403
        and origin not in response.text.replace("<!doctype html>", "")
        or not origin
    )
    assert await has_not_run(tab)
    socket = await visitor.socket(tab.address, {"Origin": origin})
    assert not socket.is_accepted


async def test_n1_without_an_origin(visitor: Browser) -> None:
    tab = await visitor.open("/a")
    for headers, status in (
        ({}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 303),
    ):
        request = visitor.http.build_request(
            "POST", tab.action("save"), data={"_s": tab.snapshot}, headers=headers
        )
        del request.headers["origin"]
        assert (await visitor.http.send(request)).status_code == status


async def test_n1_allowed_origins() -> None:
    async with browser(vault(allowed_origins=["*.example.org", "https://other.test"])) as visitor:
        tab = await visitor.open("/a")
        for origin in ("https://a.example.org", "https://a.b.example.org:8443", "https://other.test"):
            assert (await visitor.socket(tab.address, {"Origin": origin})).is_accepted
        for origin in ("https://example.org.evil", "https://evilexample.org", "http://other.test", "null"):
            assert not (await visitor.socket(tab.address, {"Origin": origin})).is_accepted


async def test_n1_allowed_hosts_have_the_ports_that_are_named() -> None:
    async with browser(vault(allowed_origins=["other.test", "Dev.test:8000", "[::1]:81"])) as visitor:
        tab = await visitor.open("/a")
        for origin in ("https://other.test", "http://other.test", "http://dev.test:8000", "http://[::1]:81"):
            assert (await visitor.socket(tab.address, {"Origin": origin})).is_accepted
        for origin in ("https://other.test:8443", "http://dev.test", "https://a.other.test", "http://[::1]"):
            assert not (await visitor.socket(tab.address, {"Origin": origin})).is_accepted


@pytest.mark.parametrize(
    "entry",
    [
        "",
        "*",
        "https://",
        "https://*",
        "example.org/app",
        "https://example.org/app",
        "htps://example.org",
        "//x.org",
    ]
    + [
        "a.*.org",
        "ex ample.org",
        "https://exämple.org",
        "example.org:port",
        "me@example.org",
        "a.org, b.org",
    ],
)
def test_n1_an_entry_that_no_origin_can_match_is_an_error(entry: str) -> None:
    with pytest.raises(ValueError, match="no origin can match"):
        vault(allowed_origins=["https://other.test", entry])


def test_n1_one_origin_is_no_list() -> None:
    with pytest.raises(TypeError, match=r"such as allowed_origins=\['https://other.test'\]"):
        vault(allowed_origins="https://other.test")


async def test_n1_forwarded_headers_are_the_servers_to_believe(visitor: Browser) -> None:
    tab = await visitor.open("/a")
    forged = {"Origin": "https://evil.test", "X-Forwarded-Host": "evil.test", "X-Forwarded-Proto": "https"}
    assert (await post(tab, headers=forged)).status_code == 403


async def test_n2_a_refusal_says_why_in_debug_only(caplog: pytest.LogCaptureFixture) -> None:
    for debug in (False, True):
        async with browser(vault(debug=debug)) as visitor:
            tab = await visitor.open("/a")
            with caplog.at_level(logging.WARNING):
                response = await post(tab, headers={"Origin": "http://evil.test"})
            assert ("http://evil.test" in response.text) is debug
            assert "Traceback" not in response.text


async def test_n2_log_lines_escape_what_came_from_outside(caplog: pytest.LogCaptureFixture) -> None:
    async with browser(vault()) as visitor:
        tab = await visitor.open("/a")
        with caplog.at_level(logging.INFO, "liveactions"):
            await post(tab, headers=[(b"Origin", b"http://evil.test\x85forged")])
            await post(tab, "save\nforged: line\x1b[31m")
            await post(tab, data={"_s": "x\nforged"})
            tab.snapshot = "bad\nforged"
            with pytest.raises(Closed):
                tab.socket = await visitor.socket(tab.address)
                await tab.socket.ask({**tab.hello, "url": "/nowhere/a/b\nforged"})
        assert caplog.records
        assert not any(set("\n\x1b\x85") & set(record.getMessage()) for record in caplog.records)


async def is_loaded_again(tab: Tab) -> bool:
    """Whether the session refuses the page, so that the browser loads it again."""
    with pytest.raises(Closed) as closed:
        await tab.join()
    return closed.value.code == wire.CLOSE_OVER


async def test_n3_a_snapshot_of_another_application() -> None:
    async with browser(vault("another")) as other, browser(vault()) as visitor:
        theirs, tab = await other.open("/a"), await visitor.open("/a")
        mine = tab.snapshot
        tab.snapshot = theirs.snapshot
        assert (await post(tab)).status_code == 409
        assert await is_loaded_again(tab)
        tab.snapshot = mine
        assert await has_not_run(tab)


async def test_n3_a_snapshot_of_another_key() -> None:
    async with browser(vault(keys="x" * 32)) as other, browser(vault()) as visitor:
        theirs, tab = await other.open("/a"), await visitor.open("/a")
        mine = tab.snapshot
        tab.snapshot = theirs.snapshot
        assert (await post(tab)).status_code == 409
        welcome = await tab.join()
        assert welcome["outdated"] and welcome["rebuilt"] and "page" in welcome["patch"]  # mounted afresh
        tab.snapshot = mine
        assert await has_not_run(tab)


async def test_n3_a_snapshot_of_another_page_or_person() -> None:
    async with browser(vault(identify=lambda request: request.cookies.get("user"))) as visitor:
        visitor.http.cookies.set("user", "ada")
        other, tab = await visitor.open("/other/a"), await visitor.open("/a")
        assert (await post(tab, data={"_s": other.snapshot})).status_code == 409
        visitor.http.cookies.set("user", "bob")
        assert (await post(tab)).status_code == 409
        assert await is_loaded_again(tab)


async def test_n3_an_expired_snapshot(monkeypatch: pytest.MonkeyPatch) -> None:
    async with browser(vault()) as visitor:
        tab = await visitor.open("/a")
        monkeypatch.setattr("liveactions.store.snapshots.SNAPSHOT_TTL", -1.0)
        assert (await post(tab)).status_code == 409
        assert (await tab.join())["outdated"]


async def test_n3_keys_rotate() -> None:
    store = MemoryStore()
    async with (
        browser(vault(keys=OLD, store=store)) as before,
        browser(vault(keys=[KEY, OLD], store=store)) as now,
    ):
        tab = Tab(now, "/a", (await before.http.get("/a")).text)
        bound = re.search(r'_a=(remove[^"&]*)"', tab.html)
        assert bound
        assert (await post(tab, bound[1])).status_code == 303
        fresh = re.search(r'_a=(remove[^"&]*)"', (await now.http.get("/a")).text)
        assert fresh and fresh[1] != bound[1]
    async with browser(vault(keys=KEY)) as later:
        page = await later.open("/a")
        assert (await post(page, bound[1])).status_code == 409
        assert await has_not_run(page)


@pytest.mark.parametrize(
    "token",
    [
        "remove~8~{mac}",
        "remove~[7]~{mac}",
        "remove~7",
        "remove~7~",
        "remove",
        "save~7~{mac}",
        "helper",
        "ran",
        "live",
        "save.function",
        "__class__",
        "__init__",
        "save.__globals__",
        "live.services",
        "_live_record",
        "os.system",
        "save\0",
        "save~\ud83d",
        "a" * 5000,
        "~" * 100,
        "@",
        "save@0000000000",
        "é",
    ],
)
async def test_n4_references_that_are_none(visitor: Browser, token: str) -> None:
    tab = await visitor.open("/a")
    mac = re.search(r"remove~7~([\w-]+)", tab.html)
    assert mac
    token = token.replace("{mac}", mac[1]).encode("utf-8", "replace").decode()
    assert (await post(tab, token)).status_code == 409
    await tab.join()
    frame = await tab.call(token)
    assert frame[3][1] == wire.ERROR and frame[3][2]["status"] == 409
    assert await has_not_run(tab)


@pytest.mark.parametrize(
    "name",
    [
        "__class__",
        "__class__.__init__",
        "text.__class__",
        "text[__class__]",
        "a.__globals__.x",
        "[0]",
        "..",
        "a[",
        "a[99999999999]",
        "]" * 50,
        "." * 190,
        "_a",
        "self",
        "ran",
    ],
)
async def test_n4_names_of_fields_reach_nothing(visitor: Browser, name: str) -> None:
    tab = await visitor.open("/a")
    response = await post(tab, data={"_s": tab.snapshot, "text": "x", name: "1"})
    assert response.status_code in (303, 422)
    if response.status_code == 303:
        assert times((await visitor.http.get(response.headers["location"])).text) == 1


@pytest.mark.parametrize("text", ["a\0b", "\x01\x1b[31m", "\u202e", "\ufdd0", "<script>", "\ud83d"])
async def test_n4_characters_that_are_none_reach_no_render(visitor: Browser, text: str) -> None:
    tab = await visitor.open("/a")
    content = (
        "_s="
        + tab.snapshot
        + "&text="
        + "".join(f"%{byte:02x}" for byte in text.encode("utf-8", "surrogatepass"))
    )
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    response = await visitor.http.post(tab.action("save"), content=content, headers=kind)
    assert response.status_code in (303, 400)


def fields(count: int) -> bytes:
    return b"&".join(b"f%d=1" % n for n in range(count))


FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=B"
PART = b'--B\r\nContent-Disposition: form-data; name="text"\r\n\r\nvalue\r\n'


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (fields(100_000), FORM, 400),
        (b"x" * (2**20 + 1), FORM, 413),
        (PART, MULTIPART, 400),
        (PART + b"--B", MULTIPART, 400),
        (PART[:-9], MULTIPART, 400),
        (PART + b"--B--\r\n", "multipart/form-data", 400),
        (PART + b"--B--\r\n", "multipart/form-data; boundary=" + "x" * 300, 400),
        (b"text=x", "text/plain", 415),
        (b"text=x", "application/xml", 415),
        (b"text=x", "", 415),
        (b"text=x", "nonsense", 415),
        (b"text=x", FORM + "; charset=utf-16", 400),
        (b"n" * 300 + b"=1", FORM, 400),
    ],
)
async def test_bodies_that_are_refused(visitor: Browser, content: bytes, kind: str, status: int) -> None:
    tab = await visitor.open("/a")
    response = await visitor.http.post(tab.action("save"), content=content, headers={"Content-Type": kind})
    assert response.status_code == status
    assert response.text.startswith("<!doctype html>") and "Traceback" not in response.text
    assert await has_not_run(tab)


@pytest.mark.parametrize("length", ["10", "-1", "x", "99999999999999999999", "1e3", ""])
async def test_a_body_of_10_gb_that_lies_about_its_length(visitor: Browser, length: str) -> None:
    tab = await visitor.open("/a")
    sent = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 10 * 2**30:
            sent += 2**16
            yield b"x" * 2**16

    headers = {"Content-Type": FORM, "Content-Length": length}
    response = await visitor.http.post(tab.action("save"), content=body(), headers=headers)
    assert response.status_code in (400, 413) and sent <= 2**21
    assert await has_not_run(tab)


async def test_a_body_that_breaks_off(visitor: Browser) -> None:
    tab = await visitor.open("/a")
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/a",
        "query_string": b"_a=save",
        "scheme": "http",
        "headers": [
            (b"host", b"testserver"),
            (b"origin", b"http://testserver"),
            (b"content-type", FORM.encode()),
            (b"content-length", b"1000"),
        ],
    }
    messages: list[dict[str, Any]] = [{"type": "http.request", "body": b"text=half", "more_body": True}]
    answers: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return messages.pop() if messages else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        answers.append(message)

    await asyncio.wait_for(visitor.app(scope, receive, send), PATIENCE)
    assert answers[0]["status"] == 400
    assert await has_not_run(tab)


def test_n4_nothing_is_looked_up_or_run_by_a_name_from_outside() -> None:
    """No pickle, eval, exec or import by name; `getattr` with a computed name only where the library asks."""
    root = Path(liveactions.__file__).parent
    tools = {path for folder in ("cli", "testing") for path in (root / folder).rglob("*.py")}
    for path in set(root.rglob("*.py")) - tools:
        text = path.read_text()
        called = [name for name in ("eval", "exec", "__import__") if name in text]
        imported = [name for name in ("pickle", "marshal", "shelve", "importlib") if name in text]
        for node in ast.walk(ast.parse(text)) if called or imported else ():
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in called, path
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [alias.name for alias in node.names] + [getattr(node, "module", "") or ""]
                assert not {*imported} & set(names), path
