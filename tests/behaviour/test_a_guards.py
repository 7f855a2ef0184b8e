"""A10. Guards run first."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest
from jinja2 import DictLoader, Environment
from starlette.datastructures import UploadFile
from starlette.requests import Request

from liveactions import (
    Component,
    Depends,
    InUrl,
    Live,
    LiveError,
    Page,
    Pages,
    Rendered,
    action,
    every,
    forbidden,
    render,
)
from liveactions.protocol import constants as wire
from liveactions.testing import Browser
from liveactions.testing.asgi import Closed
from liveactions.testing.failures import Failed
from tests.behaviour.markup import form
from tests.behaviour.ways import Way, visiting, ways
from tests.support.asgi import Tab, browser
from tests.support.small import small_app

journal: list[str] = []


@pytest.fixture(autouse=True)
def empty_journal() -> None:
    journal.clear()


def guard(name: str) -> Callable[[Request], None]:
    def check(request: Request) -> None:
        journal.append(name)
        if request.cookies.get("refused") == name:
            raise forbidden()

    return check


def guarded_app() -> Live:
    some = Pages(prefix="/in", guard=guard("router"))

    @some.page("/page", guard=guard("page"))
    class Guarded(Page):
        template = "guarded.html"
        q: InUrl[str] = ""

        async def load(self) -> None:
            journal.append("load")

        @action(guard=guard("action"))
        async def act(self, n: int) -> None:
            journal.append(f"act {n}")

    @some.page("/function", guard=guard("page"))
    async def function() -> Rendered:
        journal.append("load")

        @action(guard=guard("action"))
        async def act(n: int) -> None:
            journal.append(f"act {n}")

        return render("guarded.html", act=act)

    templates = {"guarded.html": "<title>G</title><b>{{ act.errors.n }}</b>" + form("act", "n")}
    live = Live(
        Environment(loader=DictLoader(templates), autoescape=True),
        keys="a key that is long enough for all of it",
        guard=guard("application"),
    )
    live.include(some)
    return live


ALL = ["application", "router", "page"]


@ways("SHN")
@pytest.mark.parametrize("path", ["/in/page", "/in/function"])
async def test_a10_guards_run_first_on_every_way(way: Way, path: str) -> None:
    async with visiting(guarded_app(), way) as browser:
        page = await browser.open(path)
        assert journal[:4] == [*ALL, "load"]
        journal.clear()
        await page.click("act")  # not valid
        guards = [name for name in journal if name != "load"]
        assert guards[-4:] == [*ALL, "action"] or guards[:4] == [*ALL, "action"]
        assert page.text("b") == "This field is required"


@ways("SHN")
@pytest.mark.parametrize("name", [*ALL, "action"])
@pytest.mark.parametrize("path", ["/in/page", "/in/function"])
async def test_a10_whom_a_guard_refuses(way: Way, name: str, path: str) -> None:
    async with visiting(guarded_app(), way) as browser:
        page = await browser.open(path)
        await page.fill("n", "1")
        browser.cookies.take([("set-cookie", f"refused={name}; Path=/")])
        if way == "S":
            refuse(browser.app, name)
        journal.clear()
        try:
            await page.click("act")
        except Failed as failed:
            assert failed.status == 403
        else:
            assert page.status == 403
        assert "act 1" not in journal
        assert name == "action" or "load" not in journal


@pytest.mark.parametrize("refused", [False, True])
async def test_a10_guards_stand_before_pushes(refused: bool) -> None:
    some = Pages()

    @some.page("/ticking", guard=guard("page"))
    class Ticking(Page):
        template = "ticking.html"
        count: int = 0

        @every(1)
        async def tick(self) -> None:
            self.count += 1

    live = small_app(some, {"ticking.html": "<title>T</title><p>{{ count }}</p>"})
    async with visiting(live, "S") as browser:
        page = await browser.open("/ticking")
        if refused:
            refuse(live, "page")
        await browser.clock.advance(1)
        assert page.text("p") == ("0" if refused else "1")


def refuse(live: Live, name: str) -> None:
    """The newest request of the one open page comes from someone whom a guard refuses."""
    (session,) = live.sessions
    request = session.state.page.request
    request.scope["headers"] = [*request.scope["headers"], (b"cookie", f"refused={name}".encode())]
    session.state.page.live.request = Request(request.scope)


async def test_a10_a_guard_refuses_the_page() -> None:
    async with Browser(guarded_app()) as browser:
        browser.cookies.take([("set-cookie", "refused=page; Path=/")])
        assert (await browser.open("/in/page")).status == 403
        assert journal == ALL


# Nothing of a page is loaded or rendered for whom its guard refuses, whatever is asked for.


@dataclass
class Door:
    """Of a house, in which `journal` notes what is done."""

    is_open: bool = True

    def check(self) -> None:
        if not self.is_open:
            raise forbidden()


def vault(door: Door) -> Live:
    pages = Pages(guard=door.check)

    def classified() -> str:
        journal.append("render")
        return "classified"

    @pages.page("/class")
    class Vault(Page):
        template = "vault.html"
        q: InUrl[str] = ""

        async def mount(self) -> None:
            journal.append("mount")

        async def load(self) -> None:
            journal.append("load")

        async def connected(self) -> None:
            journal.append("connected")

        @every(60)
        async def tick(self) -> None:
            journal.append("tick")

        @action
        async def act(self, title: str, file: UploadFile | None = None) -> None:
            journal.append("act")

        @action
        async def shuts(self) -> AsyncIterator[None]:
            yield
            door.is_open = False
            journal.clear()

    @pages.page("/function")
    async def function(q: InUrl[str] = "") -> Rendered:
        journal.append("load")

        @action
        async def act(title: str, file: UploadFile | None = None) -> None:
            journal.append("act")

        return render("vault.html", act=act)

    environment = Environment(
        loader=DictLoader({"vault.html": VAULT, "oops.html": "<h1>{{ status }}</h1>"}), autoescape=True
    )
    environment.globals["classified"] = classified
    live = Live(environment, keys="a key that is long enough for all of it")
    live.include(pages)
    return live


VAULT = """<title>V</title>{{ classified() }}<b live-click="{{ act(title="x") }}">b</b>
<form method="post" action="{{ act }}" enctype="multipart/form-data"><input name="title" aria-label="title">
<button>act</button></form>{% if shuts %}<b live-click="{{ shuts }}">b</b>{% endif %}"""


class Thief:
    """Has had a page open, until the door was closed."""

    def __init__(self, door: Door, tab: Tab) -> None:
        self.door = door
        self.tab = tab

    def shut(self) -> None:
        self.door.is_open = False
        journal.clear()

    async def post(self, token: str, **fields: str) -> str:
        return await self.send({"_a": self.tab.signed(token)}, {"_s": self.tab.snapshot, **fields})

    async def send(self, query: dict[str, str], data: dict[str, str], **more: Any) -> str:
        return (await self.tab.browser.http.post(self.tab.path, params=query, data=data, **more)).text

    async def call(self, token: str, **fields: str) -> str:
        return await self.send({}, fields, headers={"Live-Action": quote(self.tab.signed(token))})

    async def upload(self, token: str) -> str:
        files = {"file": ("a.txt", b"a")}
        headers = {"Live-Upload": "token"}
        return await self.send({"_a": self.tab.signed(token)}, {}, files=files, headers=headers)

    async def join(self) -> None:
        await self.tab.join()
        await self.tab.op(5, "nothing")  # what follows a welcome is done before this is answered

    async def op(self, *op: Any) -> str:
        """By a socket that was open."""
        await self.join()
        self.shut()
        return str(await self.tab.op(*op))

    async def push(self, run: Callable[[Any], Any]) -> str:
        """What comes by itself, while a socket is open."""
        await self.join()
        (session,) = self.tab.browser.app.sessions
        self.shut()
        with suppress(LiveError, Failed):
            await run(session)
        return str([await self.tab.socket.receive() for _ in range(self.tab.socket.unread)])


async def get(thief: Thief) -> str:
    thief.shut()
    return (await thief.tab.browser.http.get(thief.tab.path)).text


async def get_a_snapshot(thief: Thief) -> str:
    thief.shut()
    return (await thief.tab.browser.http.get(thief.tab.path, params={"_s": thief.tab.snapshot})).text


async def post(thief: Thief) -> str:
    thief.shut()
    return await thief.post("act", title="x")


async def post_to_nothing(thief: Thief) -> str:
    thief.shut()
    return await thief.post("nonsense")


async def post_a_forgery(thief: Thief) -> str:
    thief.shut()
    return await thief.send({"_a": "act~x~AAAAAAAAAAA"}, {"_s": thief.tab.snapshot})


async def post_without_a_snapshot(thief: Thief) -> str:
    thief.shut()
    return await thief.send({"_a": thief.tab.signed("act")}, {"title": "x"})


async def post_a_copy(thief: Thief) -> str:
    assert "classified" in await thief.post("act")  # which has a title
    thief.shut()
    return await thief.post("act")


async def call(thief: Thief) -> str:
    thief.shut()
    return await thief.call("act", title="x")


async def call_with_a_snapshot(thief: Thief) -> str:
    thief.shut()
    return await thief.call("act", title="x", _s=thief.tab.snapshot)


async def call_nothing(thief: Thief) -> str:
    thief.shut()
    return await thief.call("nonsense", _s=thief.tab.snapshot)


async def upload(thief: Thief) -> str:
    thief.shut()
    return await thief.upload("act")


async def upload_for_nothing(thief: Thief) -> str:
    thief.shut()
    return await thief.upload("nonsense")


async def join(thief: Thief) -> str:
    thief.shut()
    return str(await refused(thief.tab.join()))


async def rejoin(thief: Thief) -> str:
    await thief.tab.join()
    await thief.tab.socket.lose()
    thief.shut()
    return str(await refused(thief.tab.join()))


async def ops_by_fetch(thief: Thief) -> str:
    thief.shut()
    parcel = {"hello": thief.tab.hello, "ops": [[1, 0, 1, thief.tab.signed("act"), ["title", "x"]]]}
    reply = await thief.tab.browser.http.post(thief.tab.path, json=parcel, headers={"Live-Ops": "1"})
    return reply.text


async def op_reference(thief: Thief) -> str:
    return await thief.op(1, thief.tab.signed("act"), ["title", "x"])


async def op_for_nothing(thief: Thief) -> str:
    return await thief.op(1, "nonsense", [])


async def op_slot(thief: Thief) -> str:
    return await thief.op(0, [1], [])


async def op_validation(thief: Thief) -> str:
    return await thief.op(2, thief.tab.signed("act"), [], ["title"])


async def op_navigation(thief: Thief) -> str:
    return await thief.op(3, f"{thief.tab.path}?q=x")


async def op_cancel(thief: Thief) -> str:
    return await thief.op(5, thief.tab.signed("act"))


async def op_function(thief: Thief) -> str:
    return await thief.op(6, "nowhere:nothing", {})


async def a_timer(thief: Thief) -> str:
    return await thief.push(lambda session: session.push(lambda page: journal.append("tick")))


async def a_hook(thief: Thief) -> str:
    return await thief.push(lambda session: session.connected())


async def background_code(thief: Thief) -> str:
    return await thief.push(lambda session: session.state.page.live.run(journal.append, "tick"))


async def refused(joining: Awaitable[object]) -> Closed:
    with pytest.raises(Closed) as closed:
        await joining
    return closed.value


WAYS_IN = [
    get,
    get_a_snapshot,
    post,
    post_to_nothing,
    post_a_forgery,
    post_without_a_snapshot,
    post_a_copy,
    call,
    call_with_a_snapshot,
    call_nothing,
    upload,
    upload_for_nothing,
    join,
    rejoin,
    ops_by_fetch,
    op_reference,
    op_for_nothing,
    op_slot,
    op_validation,
    op_navigation,
    op_cancel,
    op_function,
    a_timer,
    a_hook,
    background_code,
]


@pytest.mark.parametrize("path", ["/class", "/function"])
@pytest.mark.parametrize("way", WAYS_IN, ids=lambda way: way.__name__)
async def test_a10_nothing_is_loaded_or_rendered_that_a_guard_refuses(
    way: Callable[[Thief], Awaitable[str]], path: str
) -> None:
    door = Door()
    async with browser(vault(door)) as visitor:
        answer = await way(Thief(door, await visitor.open(path)))
        assert not door.is_open
        assert (journal, "classified" in answer) == ([], False)


async def test_a10_what_a_generator_has_done_is_not_shown_to_whom_a_guard_refuses() -> None:
    door = Door()
    async with browser(vault(door)) as visitor:
        thief = Thief(door, await visitor.open("/class"))
        await thief.join()
        answer = str(await thief.tab.call("shuts"))
        (session,) = visitor.app.sessions
        await session.finished()
        answers = [answer, *[str(await thief.tab.receive()) for _ in range(thief.tab.socket.unread)]]
        assert (journal, door.is_open) == ([], False)
        assert "Forbidden" in answers[-1]


async def test_a10_a_page_is_guarded_at_the_address_that_it_goes_to() -> None:
    def check(page: Component) -> None:
        assert isinstance(page, Level)
        if page.level > 1:
            raise forbidden()

    class Level(Page):
        template = "level.html"
        level: InUrl[int] = 0

        async def load(self) -> None:
            journal.append(f"load {self.level}")

        @action
        async def stay(self) -> None: ...

    pages = Pages(guard=check)
    pages.page("/level")(Level)
    async with browser(small_app(pages, {"level.html": "<title>L</title>{{ level }}{{ stay }}"})) as visitor:
        tab = await visitor.joined("/level?level=1")
        assert (await tab.op(3, "/level?level=2"))[3][1:] == [
            wire.ERROR,
            {"error": "Forbidden", "errors": {}, "status": 403},
        ]
        assert (await tab.call("stay"))[3] == []
        assert "load 2" not in journal
        (session,) = visitor.app.sessions
        assert (session.state.page.level, session.state.page.live.address) == (
            1,
            "http://testserver/level?level=1",
        )


@ways("SHN")
async def test_a10_the_page_for_errors_has_no_guard(way: Way) -> None:
    door = Door()
    live = vault(door)
    live.services.guards = (Depends(door.check),)

    @live.error_page
    class Oops(Page):
        template = "oops.html"
        status: int = 0

        async def connected(self) -> None:
            journal.append("connected to the error")

    async with visiting(live, way) as one:
        page = await one.open("/class")
        await page.fill("title", "x")
        await page.click("act")
        await page.fill("title", "y")
        door.is_open = False
        journal.clear()
        with suppress(Failed):
            await page.click("act")
        assert page.text("h1") == "403"
        for session in live.sessions:
            await session.finished()  # what the page shows is told before its hooks run
        assert journal == (["connected to the error"] if way == "S" else [])


@pytest.mark.parametrize("name", ["exported", "nothing"])
async def test_a10_functions_for_scripts_are_guarded_before_they_are_looked_up(name: str) -> None:
    door = Door(is_open=False)
    live = vault(door)
    live.services.guards = (Depends(door.check),)
    async with browser(live) as visitor:
        reply = await visitor.http.post(
            f"/_live/actions/{__name__}/{name}", json={}, headers={wire.HEADER_OPS: "1"}
        )
        assert (reply.status_code, journal) == (403, [])


@action(js=True)
async def exported() -> None:
    journal.append("act")
