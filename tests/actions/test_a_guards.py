"""A10. Guards run first."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from jinja2 import DictLoader, Environment
from starlette.requests import Request

from liveactions import (
    InUrl,
    Live,
    Page,
    Pages,
    Rendered,
    action,
    every,
    forbidden,
    render,
)
from liveactions.testing import Browser
from liveactions.testing.refusal import Failed
from tests.actions.markup import form
from tests.actions.ways import Way, visiting, ways
from tests.small import small_app

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
    request = session.page.request
    request.scope["headers"] = [*request.scope["headers"], (b"cookie", f"refused={name}".encode())]
    session.page.live.request = Request(request.scope)


async def test_a10_a_guard_refuses_the_page() -> None:
    async with Browser(guarded_app()) as browser:
        browser.cookies.take([("set-cookie", "refused=page; Path=/")])
        assert (await browser.open("/in/page")).status == 403
        assert journal == ALL
