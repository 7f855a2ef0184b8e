"""Posts of forms without JavaScript."""

from __future__ import annotations

import asyncio
import gc
import re
import weakref
from collections.abc import AsyncIterator
from html import unescape
from typing import Any

import httpx
import pytest
from jinja2 import DictLoader, Environment

from liveactions import Live, Page, action
from liveactions.http.idempotency import STILL_RUNNING
from liveactions.logs import get_logger
from liveactions.store import MemoryStore
from tests.support import shop as shop_module
from tests.support.asgi import Browser, Tab, browser, signed, waits
from tests.support.patience import PATIENCE
from tests.support.shop import shop


@pytest.fixture
async def visitor() -> AsyncIterator[Browser]:
    async with browser(shop()) as one:
        yield one


def count(response: httpx.Response) -> str:
    found = re.search(r"<output[^>]*>(-?\d+)</output>", response.text)
    assert found, response.text
    return found[1]


async def post(tab: Tab, reference: str, **fields: str) -> httpx.Response:
    """Post what the page shows; `reference` is without its signature, or whole."""
    reference = reference if "~" in reference else tab.signed(reference)
    return await tab.browser.http.post(
        tab.path, params={"_a": reference}, data={"_s": tab.snapshot, **fields}
    )


async def follow(tab: Tab, response: httpx.Response) -> httpx.Response:
    assert response.status_code == 303
    return await tab.browser.http.get(response.headers["location"])


async def test_an_action_runs_and_the_page_shows_it(visitor: Browser) -> None:
    tab = await visitor.open("/counter")
    response = await post(tab, "add", by="4")
    assert re.fullmatch(r"/counter\?_s=~[\w-]{16}", response.headers["location"])
    assert response.headers["cache-control"] == "no-store"
    for _ in range(2):  # refreshing shows the same
        assert count(await follow(tab, response)) == "4"
    again = Tab(visitor, "/counter", (await follow(tab, response)).text)
    assert count(await follow(again, await post(again, "add"))) == "5"
    assert count(await follow(tab, response)) == "4"  # the address before still shows what it did


async def test_pages_are_freed_without_the_garbage_collector() -> None:
    pages, loaded = weakref.WeakSet[Page](), 0
    template = '<p>{{ count }}</p><form method="post" action="{{ add }}"></form>'
    live = Live(
        templates=Environment(loader=DictLoader({"p.html": template}), autoescape=True), keys="k" * 32
    )

    @live.page("/")
    class Counted(Page):
        template = "p.html"
        count: int = 0

        async def load(self) -> None:
            nonlocal loaded
            loaded += 1
            pages.add(self)

        @action
        async def add(self) -> None:
            self.count += 1

    async with browser(live) as visitor:
        gc.disable()
        try:
            tab = await visitor.open("/")
            assert (loaded, len(pages)) == (1, 0)
            response = await visitor.http.post(tab.action("add"), data={"_s": tab.snapshot})
            assert response.status_code == 303 and loaded > 1 and len(pages) == 0
        finally:
            gc.enable()


async def test_tasks_that_outlive_a_post_can_use_its_page_and_log(caplog: pytest.LogCaptureFixture) -> None:
    template = '<form method="post" action="{{ start }}"></form>'
    live = Live(
        templates=Environment(loader=DictLoader({"p.html": template}), autoescape=True), keys="k" * 32
    )
    answered, tasks = asyncio.Event(), list[asyncio.Task[int]]()

    async def report() -> int:
        await answered.wait()
        get_logger("liveactions.test").warning("reported")  # with the name of the page
        return 0

    @live.page("/")
    class Starting(Page):
        template = "p.html"
        count: int = 0

        @action
        async def start(self) -> None:
            tasks.extend([asyncio.create_task(self.work()), asyncio.create_task(report())])

        @action
        async def add(self, by: int) -> None:
            self.count += by

        async def work(self) -> int:
            await answered.wait()
            await self.add(2)
            return self.count

    async with browser(live) as visitor:
        tab = await visitor.open("/")
        await visitor.http.post(tab.action("start"), data={"_s": tab.snapshot})
        answered.set()
        assert await asyncio.gather(*tasks) == [2, 0]
    assert [(one.getMessage(), getattr(one, "path", "")) for one in caplog.records] == [("reported", "/")]


async def test_the_query_stays(visitor: Browser) -> None:
    tab = await visitor.open("/rows?size=2")
    response = await visitor.http.post(tab.action("grow"), data={"_s": tab.snapshot})
    assert response.headers["location"].startswith("/rows?size=2&_s=~")


async def test_bound_arguments_are_signed(visitor: Browser) -> None:
    tab = await visitor.open("/counter")
    address = re.search(r'"(/counter\?_a=take[^"]*)"', tab.html)
    assert address
    response = await visitor.http.post(unescape(address[1]), data={"_s": tab.snapshot})
    assert count(await follow(tab, response)) == "-7"


@pytest.mark.parametrize(
    "reference",
    [
        "take~8~AAAAAAAAAAA",
        "take~7",
        "take~7~",
        "take",
        "_hidden",
        "helper",
        "count",
        "add.function",
        "x.add",
        "",
        "~",
        "__class__",
        "add~1~",
        "live",
        "é",
        "\ud83d",
    ],
)
async def test_references_that_are_none(visitor: Browser, reference: str) -> None:
    tab = await visitor.open("/counter")
    response = await post(tab, reference.encode("utf-8", "replace").decode())
    assert response.status_code == 409
    assert count(response) == "0"


async def test_a_reference_of_another_page(visitor: Browser) -> None:
    other = await visitor.open("/rows")
    tab = await visitor.open("/counter")
    for reference in ("drop", "grow"):
        assert (await post(tab, reference)).status_code == 409
    taken = re.search(r'_a=(take[^"]*)"', (await visitor.http.get("/other")).text)
    assert taken
    assert (await post(tab, unescape(taken[1]))).status_code == 409  # signed for the other page's class
    assert (await visitor.http.post(tab.action("add"), data={"_s": other.snapshot})).status_code == 409


async def test_input_that_does_not_fit_is_shown_again(visitor: Browser) -> None:
    tab = await visitor.open("/counter")
    response = await post(tab, "add", by="many")
    assert response.status_code == 422
    assert "Enter a whole number" in response.text and "many" in response.text
    again = Tab(visitor, "/counter", response.text)
    assert count(await follow(again, await post(again, "add", by="2"))) == "2"


@pytest.mark.parametrize(
    "change", [lambda text: text[:-6] + "AAAAAA", lambda text: "", lambda text: "~x", lambda text: "AAAA"]
)
async def test_a_snapshot_that_is_none(visitor: Browser, change: Any) -> None:
    tab = await visitor.open("/counter")
    tab.snapshot = change(tab.snapshot)
    response = await post(tab, "add", by="5")
    assert response.status_code == 409
    assert count(response) == "0"
    assert "out of date" in response.text and "|5" in response.text  # with what was typed


async def test_an_expired_snapshot(visitor: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    tab = await visitor.open("/counter")
    monkeypatch.setattr("liveactions.store.snapshots.SNAPSHOT_TTL", -1.0)
    assert (await post(tab, "add")).status_code == 409


async def test_twice_is_once(visitor: Browser) -> None:
    tab = await visitor.open("/counter")
    one, two = await asyncio.gather(post(tab, "add"), post(tab, "add"))
    assert one.headers["location"] == two.headers["location"]
    assert (await post(tab, "add")).headers["location"] == one.headers["location"]
    assert count(await follow(tab, one)) == "1"
    different = await post(tab, "add", by="3")
    assert count(await follow(tab, different)) == "3"


async def test_twice_is_once_for_two_workers_while_it_runs() -> None:
    store = MemoryStore()
    shop_module.gate = asyncio.Event()
    async with browser(shop(store)) as here, browser(shop(store)) as there:
        tab = await here.open("/counter")
        other = Tab(there, "/counter", tab.html)
        posts = [asyncio.ensure_future(post(one, "slow")) for one in (tab, other)]
        await asyncio.sleep(0)
        shop_module.gate.set()
        one, two = await asyncio.gather(*posts)
        assert one.headers["location"] == two.headers["location"]
        assert count(await follow(other, two)) == "1"


async def test_a_copy_of_a_post_that_the_server_gave_up_does_not_wait(visitor: Browser) -> None:
    shop_module.gate = asyncio.Event()
    tab = await visitor.open("/counter")
    first = asyncio.ensure_future(post(tab, "slow"))
    await asyncio.wait_for(waits(shop_module.gate), PATIENCE)
    first.cancel()
    await asyncio.wait([first])
    again = await asyncio.wait_for(post(tab, "slow"), PATIENCE)
    assert again.status_code == 409 and "confirm whether your change was saved" in again.text


async def test_a_copy_ignores_the_answer_to_an_earlier_post(monkeypatch: pytest.MonkeyPatch) -> None:
    app = shop(MemoryStore())
    app.site.copy_timeout = 0.01
    async with browser(app) as visitor:
        tab = await visitor.open("/counter")
        assert (await post(tab, "add")).status_code == 303
        monkeypatch.setattr("liveactions.http.posts.ANSWER_TTL", -1.0)  # it is from before the claim
        copy = await post(tab, "add")
    assert copy.status_code == 409 and STILL_RUNNING in copy.text


async def test_twice_with_an_error_is_once(visitor: Browser) -> None:
    tab = await visitor.open("/counter")
    responses = [await post(tab, "add", by="many") for _ in range(2)]
    assert [response.status_code for response in responses] == [422, 422]
    assert all("Enter a whole number" in response.text for response in responses)


async def test_redirect_and_statuses(visitor: Browser) -> None:
    tab = await visitor.open("/counter")
    response = await post(tab, "leave")
    assert (response.status_code, response.headers["location"]) == (303, "/bare")
    for _ in range(2):
        missing = await post(tab, "miss")
        assert missing.status_code == 404
        crashed = await post(tab, "crash")
        assert crashed.status_code == 500
        assert "secret detail" not in crashed.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.test"},
        {"Origin": "null"},
        {"Origin": "https://testserver"},
        {"Origin": "http://testserver:81"},
        {"Origin": "http://testserver.evil.test"},
        {"Origin": "nonsense"},
        {"Origin": "http://testserver/path"},
        {"Origin": ""},
        {"Origin": "http://testserver:port"},
    ],
)
async def test_posts_from_elsewhere(visitor: Browser, headers: dict[str, str]) -> None:
    tab = await visitor.open("/counter")
    response = await visitor.http.post(tab.action("add"), data={"_s": tab.snapshot}, headers=headers)
    assert response.status_code == 403


async def test_origins() -> None:
    async with browser(shop(allowed_origins=["*.example.org", "https://other.test"])) as visitor:
        tab = await visitor.open("/counter")

        async def status(**headers: str) -> int:
            request = visitor.http.build_request("POST", tab.action("add"), data={"_s": tab.snapshot})
            request.headers.pop("origin")
            request.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
            return (await visitor.http.send(request)).status_code

        for allowed in ("https://a.example.org", "https://other.test", "http://testserver:80"):
            assert await status(origin=allowed) == 303
        for refused in ("https://example.org.evil", "http://other.test", "https://evilexample.org"):
            assert await status(origin=refused) == 403
        assert await status() == 403
        assert await status(sec_fetch_site="same-origin") == 303
        assert await status(sec_fetch_site="cross-site") == 403


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"x", "text/plain", 415),
        (b"{}", "application/json", 415),
        (b"", "", 415),
        (b"x" * (2**20 + 1), "application/x-www-form-urlencoded", 413),
        (b"a=b", "application/x-www-form-urlencoded; charset=utf-16", 400),
        (b"x", "multipart/form-data", 400),
        (b"&".join(b"a=1" for _ in range(1500)), "application/x-www-form-urlencoded", 400),
        (b"n" * 300 + b"=1", "application/x-www-form-urlencoded", 400),
    ],
)
async def test_bodies(visitor: Browser, content: bytes, kind: str, status: int) -> None:
    response = await visitor.http.post(
        f"/counter?_a={signed(visitor.app, '/counter', 'add')}",
        content=content,
        headers={"Content-Type": kind},
    )
    assert response.status_code == status


async def test_a_long_text_arrives_whole(visitor: Browser) -> None:
    tab = await visitor.open("/counter")
    text = "é" * 100_000
    response = await post(tab, "add", by=text)
    assert response.status_code == 422
    assert text in response.text


async def test_multipart(visitor: Browser) -> None:
    tab = await visitor.open("/counter")
    files: dict[str, tuple[str | None, str | bytes]] = {
        "_s": (None, tab.snapshot),
        "by": (None, "6"),
        "file": ("a.txt", b"content"),
    }
    for _ in range(2):  # with another boundary: once still
        response = await visitor.http.post(tab.action("add"), files=files)
        assert count(await follow(tab, response)) == "6"


async def test_a_post_without_an_action(visitor: Browser) -> None:
    tab = await visitor.open("/counter")
    unnamed = await visitor.http.post("/counter", data={"_s": tab.snapshot})
    assert unnamed.status_code == 400 and "has no action" in unnamed.text


async def test_someone_elses_snapshot() -> None:
    async with browser(shop(identify=lambda request: request.cookies.get("user"))) as visitor:
        visitor.http.cookies.set("user", "ada")
        tab = await visitor.open("/counter")
        visitor.http.cookies.set("user", "bob")
        assert (await post(tab, "add")).status_code == 409
