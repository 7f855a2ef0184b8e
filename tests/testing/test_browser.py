"""Actions of pages that a test has made, called the full way; the application starts with its browser."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import pytest
from pydantic import Field
from starlette.requests import Request

from liveactions import ActionError, Bound, Live, Page, Pages, action, redirect, unauthorized
from liveactions.testing import Browser, Failed, plugin
from tests.behaviour.members import members
from tests.behaviour.ways import by
from tests.support.small import small_app

browser = plugin.browser
guarded: list[str] = []


async def guard(request: Request) -> Any:
    guarded.append(request.url.path)
    return unauthorized() if request.query_params.get("who") == "stranger" else None


pages = Pages(guard=guard)


@pages.page("/room/{room}")
class Room(Page):
    template = "room.html"
    room: str
    lines: list[str] = []
    loads: int = 0

    async def load(self) -> None:
        self.loads += 1

    @action
    async def say(self, text: Annotated[str, Field(max_length=5)], times: int = 1) -> list[str]:
        self.lines = [*self.lines, *[text] * times]
        return self.lines

    @action
    async def remove(self, index: Bound[int], why: str = "") -> str:
        return f"{self.lines.pop(index)} {why}".strip()

    @action
    async def leave(self) -> Any:
        return redirect("/elsewhere")

    @action
    async def refuse(self) -> None:
        raise ActionError("No", status=403)


@pytest.fixture
def live() -> Live:
    guarded.clear()
    return small_app(pages, {"room.html": "<title>Room</title>{{ lines }}"})


async def test_b10_the_full_way_in_validates_and_guards(browser: Browser) -> None:
    page = Room(room="zürich 1", lines=["a"])
    assert await browser.call(page.say, "b", times=2) == ["a", "b", "b"]
    assert page.lines == ["a", "b", "b"]
    assert set(guarded) == {"/room/zürich 1"}
    with pytest.raises(Failed) as failed:
        await browser.call(page.say, "too long", "x")  # type: ignore[arg-type]
    assert failed.value.status == 422 and failed.value.errors.keys() == {"text", "times"}
    assert page.lines == ["a", "b", "b"]


@by("D")
async def test_b10_a_plain_call_is_the_plain_function() -> None:
    guarded.clear()
    page = Room(room="1")
    assert await page.say("much too long") == ["much too long"]
    assert guarded == []


async def test_bound_arguments(browser: Browser) -> None:
    page = Room(room="1", lines=["a", "b", "c"])
    assert await browser.call(page.remove, 1, "old") == "b old"
    assert await browser.call(page.remove.bind(0)) == "a"
    assert page.lines == ["c"]
    with pytest.raises(TypeError, match="takes 2 arguments, not 3"):
        await browser.call(page.remove, 1, "old", "more")  # type: ignore[call-arg]


async def test_redirects_and_errors(browser: Browser) -> None:
    page = Room(room="1")
    assert (await browser.call(page.leave)).url == "/elsewhere"
    with pytest.raises(Failed, match="403: No"):
        await browser.call(page.refuse)
    with pytest.raises(TypeError, match="expected a page's action"):
        await browser.call(print)


async def test_entering_a_browser_starts_the_application() -> None:
    happened = list[str]()

    @asynccontextmanager
    async def lifespan(app: object) -> AsyncIterator[None]:
        happened.append("started")
        yield
        happened.append("stopped")

    async with Browser(Live(lifespan=lifespan)):
        assert happened == ["started"]
    assert happened == ["started", "stopped"]


async def test_cookies_and_sessions() -> None:
    live = members()
    [home] = [endpoint.page for endpoint in live.site.routes if endpoint.page.__name__ == "Home"]
    async with Browser(live) as browser:
        page: Any = home()
        await browser.call(page.log_in, "ada")
        await browser.call(page.look)
        assert page.seen.startswith("ada ")
