"""What an action knows of its request, and what it sets for the browser."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from liveactions import Page, action
from liveactions.protocol import constants as wire
from liveactions.store import MemoryStore, SqliteStore
from liveactions.testing import Browser as Visiting
from liveactions.testing.asgi import Closed
from tests.behaviour.members import members
from tests.behaviour.ways import Way, visiting, ways
from tests.support.asgi import Browser, Tab, browser, signed, waits


async def commit(visitor: Browser, ticket: str, **headers: str) -> httpx.Response:
    return await visitor.http.post(
        "/_live/cookies", content=ticket, headers={wire.HEADER_OPS: "1", **headers}
    )


def shown(frame: list[Any]) -> str:
    text: Any = frame[2]
    while isinstance(text, list):
        text = text[1]
    return str(text)


def cookies(response: httpx.Response) -> dict[str, str]:
    found = [value.split("=", 1) for value in response.headers.get_list("set-cookie")]
    return {name: value.lower() for name, value in found}


async def post(tab: Tab, action: str, **fields: str) -> httpx.Response:
    return await tab.browser.http.post(
        tab.path, params={"_a": tab.signed(action)}, data={"_s": tab.snapshot, **fields}
    )


async def test_k1_requests_come_through_all_middleware() -> None:
    async with browser(members()) as visitor:
        visitor.http.headers.update({"User-Agent": "Test", "X-Tenant": "blue"})
        tab = await visitor.open("/")
        tab.socket = await visitor.socket(tab.address, {"User-Agent": "Test", "X-Tenant": "blue"})
        await tab.socket.ask(tab.hello)
        assert shown(await tab.call("look")) == "nobody none blue Test True"
        await tab.call("log_in", "name", "ada")
        assert shown(await tab.call("look")).startswith("ada ")  # before the browser has the cookie
        await tab.call("log_out")
        assert shown(await tab.call("look")).startswith("nobody ")


async def test_k2_cookies_of_a_socket_are_fetched_by_a_ticket() -> None:
    async with browser(members()) as visitor:
        tab = await visitor.joined("/")
        frame = await tab.call("log_in", "name", "ada")
        assert shown(frame) == "ada hello-ada"
        ticket = frame[5]["cookies"]
        response = await commit(visitor, ticket)
        assert (response.status_code, response.headers["cache-control"]) == (204, "no-store")
        found = cookies(response)
        assert {"session", "greeting"} == found.keys()
        assert found["greeting"] == "hello-ada; httponly; max-age=60; path=/; samesite=lax"
        assert "httponly" in found["session"]
        assert visitor.http.cookies["greeting"] == "hello-ada"
        again = await commit(visitor, ticket)
        assert again.status_code == 204 and "set-cookie" not in again.headers
        await tab.socket.lose()
        await tab.join()
        assert shown(await tab.call("look")).startswith("ada ")


async def test_k2_options_of_cookies() -> None:
    async with browser(members()) as visitor:
        tab = await visitor.joined("/")
        frame = await tab.call("choose", "theme", "dark")
        assert cookies(await commit(visitor, frame[5]["cookies"])) == {
            "theme": "dark; path=/; samesite=strict"
        }
        frame = await tab.call("log_out")
        removed = cookies(await commit(visitor, frame[5]["cookies"]))
        assert "max-age=0" in removed["theme"] and "theme" not in visitor.http.cookies
        visitor.http.base_url = httpx.URL("https://testserver")
        secure = await visitor.http.get("/")
        snapshot = re.search(r'name="_s" value="([^"]*)"', secure.text)
        assert snapshot
        response = await visitor.http.post(
            f"/?_a={signed(visitor.app, '/', 'log_in')}",
            data={"_s": snapshot[1], "name": "ada"},
            headers={"Origin": "https://testserver"},
        )
        assert "; secure" in cookies(response)["greeting"]


async def test_k2_cookies_of_a_post_are_on_its_answer() -> None:
    async with browser(members()) as visitor:
        tab = await visitor.open("/")
        response = await post(tab, "log_in", name="ada")
        assert response.status_code == 303 and cookies(response).keys() == {"session", "greeting"}
        again = await post(tab, "log_in", name="ada")
        assert cookies(again).keys() == {"session", "greeting"}  # the browser takes only the newest answer
        assert "ada hello-ada" in (await visitor.http.get(response.headers["location"])).text


async def test_k2_cookies_by_fetch_are_on_its_answer() -> None:
    async with browser(members()) as visitor:
        tab = await visitor.open("/")
        ops = [[1, 0, 1, tab.signed("log_in"), ["name", "ada"]], [2, 0, 1, tab.signed("nest"), []]]
        response = await visitor.http.post(
            "/", json={"hello": tab.hello, "ops": ops}, headers={wire.HEADER_OPS: "1"}
        )
        assert "extras" not in response.text
        assert cookies(response).keys() == {"session", "greeting"}


async def test_k2_a_session_is_merged() -> None:
    async with browser(members()) as visitor:
        tab, other = await visitor.joined("/"), await visitor.joined("/")
        one = (await tab.call("nest"))[5]["cookies"]
        two = (await other.call("log_in", "name", "ada"))[5]["cookies"]
        await commit(visitor, one)
        await commit(visitor, two)
        fresh = await visitor.joined("/")
        assert shown(await fresh.call("look")).startswith("ada ")
        assert shown(await fresh.call("nest")) == "[1, 1]"


async def test_k2_tickets_from_elsewhere() -> None:
    async with browser(members()) as visitor:
        tab = await visitor.joined("/")
        ticket = (await tab.call("log_in", "name", "ada"))[5]["cookies"]
        assert (await commit(visitor, ticket, Origin="http://evil.test")).status_code == 403
        assert (await visitor.http.post("/_live/cookies", content=ticket)).status_code == 403
        assert (await visitor.http.get("/_live/cookies")).status_code == 405
        assert (await commit(visitor, "x" * 2000)).status_code == 413
        for nothing in ("", "nonsense", "é"):
            response = await commit(visitor, nothing)
            assert response.status_code == 204 and "set-cookie" not in response.headers
        assert cookies(await commit(visitor, ticket)).keys() == {"session", "greeting"}


async def test_k2_a_ticket_waits_for_a_page_whose_socket_was_lost() -> None:
    async with browser(members()) as visitor:
        tab = await visitor.joined("/")
        tab.socket.send([1, 0, 1, tab.signed("log_in"), ["name", "ada"]])
        await tab.socket.lose()
        tab.n = 1
        welcome = await tab.join()
        assert cookies(await commit(visitor, welcome["extras"]["cookies"])).keys() == {"session", "greeting"}


@pytest.mark.slow
async def test_k5_signing_out_closes_all_pages_of_a_person(tmp_path: Path) -> None:
    path = tmp_path / "store"  # of two workers
    here, there = (
        members(SqliteStore(path), identify=lambda request: request.session.get("name")) for _ in range(2)
    )
    async with browser(here) as ada, browser(here) as bob, browser(there) as elsewhere:
        for visitor, name in ((ada, "ada"), (bob, "bob")):
            tab = await visitor.joined("/")
            await commit(visitor, (await tab.call("log_in", "name", name))[5]["cookies"])
            visitor.identity = name
            tab.socket.send([0, tab.rev])
        elsewhere.http.cookies = ada.http.cookies
        mine, also_mine, his = await ada.joined("/"), await elsewhere.joined("/"), await bob.joined("/")
        here.disconnect("ada")
        for tab in (mine, also_mine):
            with pytest.raises(Closed) as caught:
                await tab.receive()
            assert caught.value.code == wire.CLOSE_OVER
        assert shown(await his.call("look")).startswith("bob ")
        again = await ada.joined("/")  # who may still come in, may
        here._channel.catch_up()
        assert shown(await again.call("look")).startswith("ada ")


@pytest.mark.slow
async def test_k5_whoever_signs_out_is_answered() -> None:
    live = members(identify=lambda request: request.session.get("name"))

    @live.page("/leaving")
    class Leaving(Page):
        template = "leaving.html"
        done: bool = False

        @action
        async def leave(self) -> None:
            self.live.disconnect("ada")  # as live.disconnect, where a module doesn't know the application
            self.done = True
            await asyncio.sleep(0)

    async with browser(live) as visitor:
        tab = await visitor.joined("/")
        await commit(visitor, (await tab.call("log_in", "name", "ada"))[5]["cookies"])
        visitor.identity = "ada"
        leaving = await visitor.joined("/leaving")
        assert "True" in str((await leaving.call("leave"))[2])
        await live.sessions.run_maintenance(0.0)
        with pytest.raises(Closed):
            await leaving.receive()


@ways("SHN")
async def test_k2_the_next_page_has_them(way: Way) -> None:
    async with visiting(members(), way) as visitor:
        page = await visitor.open("/")
        await page.fill("Name", "ada")
        await page.click("Log in")
        assert page.text("output") == "ada hello-ada"
        await page.click("Look")
        assert page.text("output").startswith("ada ")
        page = await visitor.open("/club")
        assert page.text("h1") == "Club of ada"
        page = await visitor.open("/")
        await page.click("Log out")
        page = await visitor.open("/")
        await page.click("Look")
        assert page.text("output").startswith("nobody ")


@pytest.mark.parametrize("socket", [True, False])
@pytest.mark.parametrize("link", [True, False])
async def test_k2_what_is_set_when_a_page_connects_waits_for_no_op(socket: bool, link: bool) -> None:
    live = members()
    async with Visiting(live, socket=socket) as visitor:
        if link:
            page = await visitor.open("/")
            await page.click("Welcome")
        else:
            page = await visitor.open("/welcome")
        assert page.text("h1") == "Welcome"
        for session in live.sessions:
            await session.settled()
        assert (await visitor.open("/club")).text("h1") == "Club of ada"
        assert visitor.cookies.values["greeting"] == "hello-ada"


@ways("SHN")
async def test_k1_what_a_request_says(way: Way) -> None:
    async with visiting(members(), way) as visitor:
        page = await visitor.open("/")
        await page.click("Look")
        assert page.text("output") == "nobody none none none True"


async def test_k2_a_ticket_moves_with_its_page_to_another_worker() -> None:
    store = MemoryStore()
    async with browser(members(store)) as here, browser(members(store)) as there:
        tab = await here.joined("/")
        tab.socket.send([1, 0, 1, tab.signed("log_in"), ["name", "ada"]])
        await tab.socket.lose()
        tab.n, tab.browser = 1, there
        welcome = await tab.join()
        assert welcome["migrated"] and welcome["ack"] == 1
        assert cookies(await commit(there, welcome["extras"]["cookies"])).keys() == {"session", "greeting"}


async def test_k2_and_so_does_one_that_no_socket_could_bring() -> None:
    store, gate = MemoryStore(), asyncio.Event()
    here, there = members(store), members(store)
    for live in (here, there):

        @live.page("/slow")
        class Slow(Page):
            template = "leaving.html"
            done: bool = False

            @action(concurrency="latest")
            async def leave(self) -> None:
                await gate.wait()
                self.live.set_cookie("late", "1")

    async with browser(here) as visitor, browser(there) as again:
        tab = await visitor.joined("/slow")
        tab.socket.send([1, 0, 1, tab.signed("leave"), []])
        await waits(gate)
        await tab.socket.lose()
        gate.set()
        (session,) = here.sessions
        await session.finished()
        tab.n, tab.browser = 1, again
        welcome = await tab.join()
        assert welcome["migrated"] and welcome["ack"] == 1
        assert cookies(await commit(again, welcome["extras"]["cookies"])) == {
            "late": "1; httponly; path=/; samesite=lax"
        }


async def test_k2_a_fetch_that_is_superseded_brings_them_too() -> None:
    live, gate = members(), asyncio.Event()

    @live.page("/slow")
    class Slow(Page):
        template = "leaving.html"
        done: bool = False

        @action
        async def leave(self) -> None:
            self.live.set_cookie("early", "1")

        @action
        async def wait(self) -> None:
            await gate.wait()

    async with browser(live) as visitor:
        tab = await visitor.joined("/slow")
        await tab.socket.lose()
        ops = [[1, 0, 1, tab.signed("leave"), []], [2, 0, 1, tab.signed("wait"), []]]
        parcel, headers = {"hello": tab.hello, "ops": ops}, {wire.HEADER_OPS: "1"}
        posting = asyncio.ensure_future(visitor.http.post("/slow", json=parcel, headers=headers))
        await waits(gate)
        tab.n = 2
        await tab.join()
        gate.set()
        response = await posting
        assert response.status_code == 503 and cookies(response).keys() == {"early"}


async def test_k2_cookies_survive_a_connection_that_comes_while_the_action_runs() -> None:
    live, gate = members(), asyncio.Event()

    @live.page("/slow")
    class Slow(Page):
        template = "leaving.html"
        done: bool = False

        @action
        async def leave(self) -> None:
            self.live.set_cookie("early", "1")
            self.request.session["name"] = "ada"
            await gate.wait()
            self.live.set_cookie("late", "2")
            self.done = True

    async with browser(live) as visitor:
        tab = await visitor.joined("/slow")
        tab.socket.send([1, 0, 1, tab.signed("leave"), []])
        await waits(gate)
        tab.n = 1
        await tab.join()
        gate.set()
        frame = await tab.receive()
        assert cookies(await commit(visitor, frame[5]["cookies"])).keys() == {"early", "late", "session"}
