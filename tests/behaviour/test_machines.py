"""One person, each of whose requests arrives at another machine."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from math import inf
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from starlette.datastructures import UploadFile
from starlette.responses import PlainTextResponse, Response

from liveactions import Limits, Live, Page, Pages, action
from liveactions.exceptions import StoreError
from liveactions.protocol import constants as wire
from liveactions.store import SqliteStore
from liveactions.store.upload_storage import FILE_TTL, FolderStorage
from liveactions.testing.asgi import Closed
from tests.store.engines import engine_of
from tests.store.storages import bucket_url
from tests.support.asgi import Browser, Tab, browser, waits
from tests.support.patience import PATIENCE
from tests.support.small import small_app

pytestmark = pytest.mark.slow

TEMPLATE = """<!doctype html><html><head></head><body>
<form method="post" action="{{ send }}"><input type="file" name="one"><input name="note"></form>
<form method="post" action="{{ greet }}"></form><form method="post" action="{{ wait }}"></form>
<form method="post" action="{{ export }}"></form>
<p>{{ live.error.message }}</p><pre>{{ seen|join("; ") }}</pre></body></html>"""
PLACES = ("redis", "postgres", "redis and a folder", "redis and s3", "sqlite and a folder")
CONTENT = "Content of a file. " * 1000


def desk(ran: list[str], gate: asyncio.Event | None = None, **options: Any) -> Live:
    """The application on one machine."""
    pages = Pages()

    @pages.page("/")
    class Desk(Page):
        template = "desk.html"
        seen: list[str] = []

        @action
        async def send(self, one: UploadFile | None = None, note: str = "") -> None:
            content = (await one.read()).decode() if one else ""
            ran.append(note)
            self.seen.append(f"{note} {one.filename if one else '-'} {len(content)}")

        @action
        async def wait(self) -> None:
            assert gate is not None
            await gate.wait()

        @action
        async def greet(self) -> None:
            self.live.set_cookie("greeting", "hello")

        @action
        async def export(self, length: int = 3) -> Response:
            name = "attachment; filename=a.csv"
            return PlainTextResponse("x" * length, 201, headers={"Content-Disposition": name})

    return small_app(pages, {"desk.html": TEMPLATE}, name="desk", **options)


class Cluster(NamedTuple):
    """Five machines, and the person's browser at each, with the same cookies."""

    apps: list[Live]
    browsers: list[Browser]
    ran: list[str]
    """Notes of the calls that any machine has run."""
    gate: asyncio.Event
    """What the action `wait` waits for."""

    async def files(self) -> list[str]:
        """What waits anywhere."""
        for app in self.apps:
            await app.site.uploads.close()
        return [one.name for one in await self.apps[0].site.uploads.storage.files()]


@pytest.fixture
async def cluster(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Cluster]:
    place: str = getattr(request, "param", "redis")
    engine, _, beside = place.partition(" and ")
    uploads = {"": None, "a folder": tmp_path / "shared", "s3": beside == "s3" and bucket_url(request)}[
        beside
    ]
    async with engine_of(engine, request) as made, AsyncExitStack() as stack:
        ran, gate = list[str](), asyncio.Event()
        apps = [desk(ran, gate, store=made.store(), uploads=uploads) for _ in range(5)]
        browsers = [await stack.enter_async_context(browser(app)) for app in apps]
        for one in browsers:
            one.http.cookies = browsers[0].http.cookies
            stack.callback(one.app._channel.close)
        yield Cluster(apps, browsers, ran, gate)
        for app in apps:
            await app.site.uploads.close()


everywhere = pytest.mark.parametrize("cluster", PLACES, indirect=True)


async def upload(at: Browser, tab: Tab, content: str = CONTENT) -> httpx.Response:
    """Send a file for a page, whose socket may be elsewhere."""
    return await at.http.post(
        "/",
        params={"_a": tab.signed("send")},
        files={"one": ("a.txt", content.encode(), "text/plain")},
        headers={wire.HEADER_UPLOAD: tab.token or ""},
    )


def fields(response: httpx.Response, note: str) -> list[Any]:
    assert response.status_code == 200, response.text
    [[name, handle]] = response.json()["files"]
    return [name, {"file": handle}, "note", note]


@everywhere
async def test_everything_of_one_person_arrives_at_another_machine(cluster: Cluster) -> None:
    a, b, c, d, e = cluster.browsers
    tab = await a.open("/")
    tab.browser = b
    await tab.join()

    posted = await c.http.post(
        "/", params={"_a": tab.signed("send")}, data={"_s": tab.snapshot, "note": "posted"}
    )
    assert posted.status_code == 303
    assert "posted - 0" in (await d.http.get(posted.headers["location"])).text
    again = await e.http.post(
        "/", params={"_a": tab.signed("send")}, data={"_s": tab.snapshot, "note": "posted"}
    )
    assert (again.status_code, again.headers["location"]) == (303, posted.headers["location"])
    assert cluster.ran == ["posted"]

    sent = fields(await upload(d, tab), "sent")
    assert len(await cluster.files()) == 1
    assert f"sent a.txt {len(CONTENT)}" in str((await tab.op(wire.CALL_REF, tab.signed("send"), sent))[2])
    assert await cluster.files() == []

    ticket = (await tab.call("greet"))[5]["cookies"]
    for there, cookies in ((e, ["greeting"]), (a, [])):
        response = await there.http.post("/_live/cookies", content=ticket, headers={wire.HEADER_OPS: "1"})
        assert response.status_code == 204
        assert [one.partition("=")[0] for one in response.headers.get_list("set-cookie")] == cookies

    frame = await tab.call("export")
    assert frame[3][1] == wire.REDIRECT
    download = await c.http.get(frame[3][2]["url"])
    assert (download.status_code, download.text, download.headers["content-length"]) == (201, "xxx", "3")
    assert "a.csv" in download.headers["content-disposition"]
    assert (await d.http.get(frame[3][2]["url"])).status_code == 410
    assert await cluster.files() == []


async def test_a_page_that_connects_to_another_machine_each_time(cluster: Cluster) -> None:
    tab = await cluster.browsers[0].joined("/")
    for number in range(1, 10):
        assert (await tab.call("send", "note", str(number)))[1] == number
        await tab.socket.lose()
        tab.browser = cluster.browsers[number % 5]
        assert (await tab.join())["migrated"] == 1
    [session] = [one for app in cluster.apps for one in app.sessions if one.state.is_attached]
    assert session.state.page.seen == [f"{note} - 0" for note in cluster.ran]  # type: ignore[attr-defined]
    assert len(cluster.ran) == 9


@pytest.mark.parametrize("hides_it", ["the store", "an operation"])
async def test_a_page_that_was_elsewhere_does_not_go_on_from_an_older_session(
    cluster: Cluster, hides_it: str
) -> None:
    """A worker can't always notice that another one has taken over its page."""
    here, there, *_ = cluster.browsers
    store, gate = cluster.apps[0]._store, cluster.gate
    tab = await here.joined("/")
    await tab.call("send", "note", "1")
    if hides_it == "the store":
        store._fail(StoreError("it is away"))
        store._retry_at = inf
    else:
        gate.clear()
        tab.socket.send([tab.n + 1, tab.rev, wire.CALL_REF, tab.signed("wait"), []])
        await asyncio.wait_for(waits(gate), PATIENCE)
        tab.n += 1
    losing = asyncio.ensure_future(tab.socket.lose())  # which waits for the operation
    tab.browser = there
    await tab.join()
    await tab.call("send", "note", "2")
    await tab.socket.lose()
    tab.browser = here
    if hides_it == "the store":
        with pytest.raises(Closed, match="try again later"):
            await tab.join()
        store._retry_at = 0.0
        store.maintain()
        assert store._recovering is not None
        await asyncio.wait_for(store._recovering, PATIENCE)
    assert "outdated" not in await tab.join()
    gate.set()
    await losing
    await tab.call("send", "note", "3")
    assert cluster.ran == ["1", "2", "3"]
    [session] = [one for one in cluster.apps[0].sessions if one.state.is_attached]
    assert session.state.page.seen == ["1 - 0", "2 - 0", "3 - 0"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("cluster", ["redis", "postgres"], indirect=True)
async def test_a_post_that_all_machines_get_at_once_runs_once(cluster: Cluster) -> None:
    tab = await cluster.browsers[0].open("/")
    address, form = {"_a": tab.signed("send")}, {"_s": tab.snapshot, "note": "posted"}
    answers = await asyncio.gather(
        *(one.http.post("/", params=address, data=form) for one in cluster.browsers)
    )
    assert {(one.status_code, one.headers["location"]) for one in answers} == {
        (303, answers[0].headers["location"])
    }
    assert cluster.ran == ["posted"]


@everywhere
async def test_a_page_takes_its_files_along_to_another_machine(cluster: Cluster) -> None:
    a, b, c, *_ = cluster.browsers
    tab = await a.joined("/")
    sent = fields(await upload(b, tab), "moved")
    await tab.socket.lose()
    tab.browser = c
    await tab.join()
    [session] = cluster.apps[0].sessions
    await cluster.apps[0].sessions.run_maintenance(session.state.last_seen + session.site.limits.detached + 1)
    assert len(await cluster.files()) == 1
    assert "moved a.txt" in str((await tab.op(wire.CALL_REF, tab.signed("send"), sent))[2])
    left = fields(await upload(b, tab), "left")
    tab.socket.send([tab.n + 1, tab.rev, wire.BYE])
    await asyncio.wait_for(tab.socket.task, PATIENCE)
    assert await cluster.files() == [] and left and cluster.ran == ["moved"]


@everywhere
async def test_files_that_nobody_takes_are_removed_by_any_machine(cluster: Cluster) -> None:
    a, b, *_ = cluster.browsers
    tab = await a.joined("/")
    sent = fields(await upload(b, tab), "late")
    await cluster.apps[3].site.uploads.sweep(time.time() + FILE_TTL + 60)
    assert await cluster.files() == []
    answer = (await tab.op(wire.CALL_REF, tab.signed("send"), sent))[3]
    assert answer[2]["error"] == "The file is no longer available. Please choose it again."
    assert cluster.ran == []


async def test_a_file_that_the_store_does_not_take_is_refused(
    cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    a, b, c, *_ = cluster.browsers
    tab = await a.joined("/")
    for _ in range(2):
        response = await upload(b, tab, "x" * (2**20 + 1))
        assert response.status_code == 413
        assert response.json()["errors"] == {"one": "This file is larger than 1 MB"}
    [line] = [record.message for record in caplog.records if record.levelno == logging.ERROR]
    assert "LIVEACTIONS_UPLOADS" in line and await cluster.files() == []
    typed, file = {"_s": tab.snapshot, "note": "whole"}, ("a.txt", b"x" * (2**20 + 1))
    posted = await c.http.post("/", params={"_a": tab.signed("send")}, data=typed, files={"one": file})
    assert posted.status_code == 303 and cluster.ran == ["whole"]
    assert (await tab.call("send", "note", "next"))[3] == []


@pytest.mark.parametrize(
    ("cluster", "options", "is_told"),
    [
        ("redis", {}, True),
        ("redis", {"limits": Limits(upload=2**20)}, False),
        ("sqlite and a folder", {}, False),
    ],
    indirect=["cluster"],
)
async def test_files_that_would_be_refused_are_told_at_the_start(
    cluster: Cluster, options: Any, is_told: bool, caplog: pytest.LogCaptureFixture
) -> None:
    live = desk([], store=cluster.apps[0]._store.store, **options)
    async with live.router.lifespan_context(live):
        warned = [record.message for record in caplog.records if "Desk.send" in record.message]
    assert len(warned) == is_told
    assert all("10 MB, but the store takes 1 MB" in text and "LIVEACTIONS_UPLOADS" in text for text in warned)


async def test_a_response_that_the_store_does_not_take_is_refused(
    cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    a, *_ = cluster.browsers
    tab = await a.joined("/")
    frame = await tab.call("export", "length", str(2**20 + 1))
    assert frame[3][1] == wire.ERROR and frame[3][2]["status"] == 507
    assert "This file is too large to be sent." in str(frame[2])
    assert "LIVEACTIONS_UPLOADS" in caplog.text and await cluster.files() == []
    assert (await tab.call("export", "length", str(2**20)))[3][1] == wire.REDIRECT
    called = await a.http.post(
        "/",
        json={"length": 2**20 + 1},
        headers={wire.HEADER_ACTION: tab.signed("export")},
    )
    assert called.status_code == 507 and called.json()["error"] == "This file is too large to be sent."


@pytest.mark.parametrize("cluster", ["redis and a folder", "redis and s3"], indirect=True)
async def test_large_files_and_responses_where_there_is_a_place_for_them(cluster: Cluster) -> None:
    a, b, c, *_ = cluster.browsers
    tab = await a.joined("/")
    sent = fields(await upload(b, tab, "x" * (3 * 2**20)), "large")
    assert "large a.txt 3145728" in str((await tab.op(wire.CALL_REF, tab.signed("send"), sent))[2])
    frame = await tab.call("export", "length", str(3 * 2**20))
    assert len((await c.http.get(frame[3][2]["url"])).content) == 3 * 2**20
    assert await cluster.files() == []


class Failing(FolderStorage):
    """A folder that can't be reached for a while."""

    is_away = False

    async def _run(self, work: Any) -> Any:
        if self.is_away:
            raise StoreError("it is away")
        return await super()._run(work)


async def test_a_place_that_fails_is_told_and_nothing_is_lost(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    storage, ran = Failing(tmp_path), list[str]()
    async with browser(desk(ran, store=SqliteStore(tmp_path / "store"), uploads=storage)) as visitor:
        tab = await visitor.joined("/")
        url = (await tab.call("export"))[3][2]["url"]
        sent = fields(await upload(visitor, tab), "sent")
        storage.is_away = True
        refused = await upload(visitor, tab)
        assert refused.status_code == 503 and "try again later" in refused.json()["error"]
        assert (await visitor.http.get(url)).status_code == 503
        failed = await tab.op(wire.CALL_REF, tab.signed("send"), sent)
        assert failed[3][1] == wire.ERROR and failed[3][2]["status"] == 503 and ran == []
        assert (await tab.call("export"))[3][2]["status"] == 503
        assert caplog.text.count("it is away") >= 4
        storage.is_away = False
        assert (await visitor.http.get(url)).text == "xxx"
        assert (await tab.op(wire.CALL_REF, tab.signed("send"), sent))[3] == [] and ran == ["sent"]
