"""Forms and their submitters, as browsers send them."""

from __future__ import annotations

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from liveactions import Live, Page, Pages, action
from liveactions.testing import Refusal
from tests.behaviour.ways import Way, visiting, ways
from tests.support.small import small_app

TEMPLATES = {
    "desk.html": """<!doctype html><html><head></head><body><pre>{{ log|join(" ") }}</pre>
<form id="edit" action="{{ save }}" method="post">
<input name="title" aria-label="Title" required value="t"><button name="how" value="kept">Save</button>
<button name="how" value="gone" formaction="{{ remove(7) }}" formmethod="post">Remove</button>
<input type="submit" name="how" value="Copy" formaction="{{ copy }}" formmethod="post">
<input type="image" name="spot" alt="Map" formaction="{{ copy }}" formmethod="post">
<button formaction="/plain" formmethod="post">Elsewhere</button></form>
<button form="edit" name="how" value="outside" formaction="{{ copy }}" formmethod="post">Outside</button>
<form action="/plain"><input name="q" aria-label="Search"><button>Find</button></form></body></html>"""
}


def desk() -> Live:
    pages = Pages()

    @pages.page("/")
    class Desk(Page):
        template = "desk.html"
        log: list[str] = []

        @action
        async def save(self, title: str, how: str = "-") -> None:
            self.log.append(f"save:{title}:{how}")

        @action
        async def remove(self, id: int, title: str, how: str) -> None:
            self.log.append(f"remove:{id}:{title}:{how}")

        @action
        async def copy(self, request: Request, title: str, how: str = "-") -> None:
            self.log.append(f"copy:{title}:{how}")

    async def plain(request: Request) -> PlainTextResponse:
        form = await request.form()
        return PlainTextResponse(f"{request.method} {dict(request.query_params)} {sorted(form)}")

    live = small_app(pages, TEMPLATES)
    live.router.routes.append(Route("/plain", plain, methods=["GET", "POST"]))
    return live


@ways("SHN")
async def test_b1_a_form_calls_its_action(way: Way) -> None:
    async with visiting(desk(), way) as visitor:
        page = await visitor.open("/")
        await page.fill("Title", "one")
        await page.click("Save")
        assert page.text("pre") == "save:one:kept" and page.url == "/"
        await page.fill("Title", "two")
        await page.press("Enter")
        assert page.text("pre") == "save:one:kept save:two:kept"


@ways("SHN")
async def test_b1_the_browsers_validation_comes_first(way: Way) -> None:
    async with visiting(desk(), way) as visitor:
        page = await visitor.open("/")
        await page.fill("Title", "")
        with pytest.raises(Refusal):
            await page.click("Save")
        assert page.text("pre") == ""


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("Remove", "remove:7:t:gone"),
        ("Copy", "copy:t:Copy"),
        ("Map", "copy:t:-"),
        ("Outside", "copy:t:outside"),
    ],
)
@ways("SHN")
async def test_b2_submitters_have_actions_and_values_of_their_own(way: Way, name: str, line: str) -> None:
    async with visiting(desk(), way) as visitor:
        page = await visitor.open("/")
        await page.click(name)
        assert page.text("pre") == line


@ways("SHN")
async def test_b3_ordinary_addresses_are_left_to_the_browser(way: Way) -> None:
    async with visiting(desk(), way) as visitor:
        page = await visitor.open("/")
        await page.click("Elsewhere")
        assert page.url == "/plain" and page.text().startswith("POST {}") and "title" in page.text()
        page = await visitor.open("/")
        await page.fill("Search", "x")
        await page.click("Find")
        assert page.url == "/plain?q=x" and page.text() == "GET {'q': 'x'} []"
