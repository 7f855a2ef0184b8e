"""What actions change besides fields: cookies, the session, the address, what comes after the answer."""

from __future__ import annotations

import asyncio
from typing import Any, Literal

import pytest
from starlette.datastructures import UploadFile
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request

from liveactions import ActionError, Event, InUrl, Page, Pages, action, after, every, loaded
from liveactions.testing import Browser, File
from tests.behaviour.markup import form
from tests.behaviour.ways import Way, by, visiting, ways
from tests.support.patience import PATIENCE
from tests.support.small import small_app

pages = Pages()
TEMPLATES: dict[str, str] = {}
journal: list[str] = []
done: asyncio.Event


@pytest.fixture(autouse=True)
def empty_journal() -> None:
    journal.clear()


def app() -> Any:
    return SessionMiddleware(small_app(pages, TEMPLATES), secret_key="a secret for tests")


@pages.page("/who")
class Who(Page):
    template = "who.html"
    user: str = loaded()
    theme: str = loaded()

    async def load(self, request: Request) -> None:
        self.user = request.session.get("user", "nobody")
        self.theme = request.cookies.get("theme", "light")

    @action
    async def enter(self, name: str) -> None:
        self.request.session["user"] = name

    @action
    async def dark(self) -> None:
        self.live.set_cookie("theme", "dark")


TEMPLATES["who.html"] = "<title>W</title><p>{{ user }} {{ theme }}</p>" + form("enter", "name") + form("dark")


@ways("SHN")
async def test_cookies_and_session_values_count_as_changes(way: Way) -> None:
    async with visiting(app(), way) as browser:
        page = await browser.open("/who")
        assert page.text("p") == "nobody light"
        await page.fill("name", "ada")
        await page.click("enter")
        assert page.text("p") == "ada light"
        await page.click("dark")
        assert page.text("p") == "ada dark"


@pages.page("/sorted")
class Sorted(Page):
    template = "sorted.html"
    sort: InUrl[str] = "name"

    @action
    async def by_date(self) -> None:
        self.sort = "date"


TEMPLATES["sorted.html"] = """<title>S</title><p>{{ sort }}</p>
{% for by in ["size", "owner"] %}<a href="{{ url(sort=by) }}" live-nav>{{ by }}</a>{% endfor %}
<a href="/sorted?sort=given&x=3" live-nav>given</a>""" + form("by_date")


@ways("SHN")
async def test_setting_a_field_keeps_foreign_parameters(way: Way) -> None:
    async with visiting(app(), way) as browser:
        page = await browser.open("/sorted?utm_source=mail&sort=size&x=1&x=2")
        await page.click("by_date")
        assert page.text("p") == "date"
        assert page.url == "/sorted?sort=date&utm_source=mail&x=1&x=2"


@ways("SHN")
async def test_a_link_to_another_query_keeps_foreign_parameters(way: Way) -> None:
    async with visiting(app(), way) as browser:
        page = await browser.open("/sorted?utm_source=mail&sort=size&x=1&x=2")
        await page.click("owner")
        assert (page.text("p"), page.url) == ("owner", "/sorted?sort=owner&utm_source=mail&x=1&x=2")
        await page.click("by_date")
        await page.click("size")
        assert (page.text("p"), page.url) == ("size", "/sorted?sort=size&utm_source=mail&x=1&x=2")
        await page.click("given")  # an address that is written out is what it says
        assert (page.text("p"), page.url) == ("given", "/sorted?sort=given&x=3")
        await page.click("owner")
        assert page.url == "/sorted?sort=owner&x=3"
        await page.back()
        await page.click("size")
        assert page.url == "/sorted?sort=size&x=3"


@pages.page("/later")
class Later(Page):
    template = "later.html"

    @action
    async def act(self) -> None:
        after(self.first)
        after(journal.append, "second")

    def first(self) -> None:
        journal.append("first")
        after(self.last)

    async def last(self) -> None:
        journal.append("third")
        done.set()


TEMPLATES["later.html"] = "<title>L</title>" + form("act")


@ways("SHN")
async def test_after_within_after(way: Way) -> None:
    global done
    done = asyncio.Event()
    async with visiting(app(), way) as browser:
        page = await browser.open("/later")
        await page.click("act")
        await asyncio.wait_for(done.wait(), PATIENCE)
    assert journal == ["first", "second", "third"]


@pages.page("/terms")
class Terms(Page):
    template = "terms.html"
    text: str = ""

    @action
    async def accept(self, terms: Literal[True], text: str = "") -> str:
        self.text = text
        return repr(terms)


TEMPLATES["terms.html"] = (
    "<title>T</title><p>{{ accept.result }} {{ accept.errors.terms }}</p><i>{{ text.encode() }}</i>"
    "<form method=post action='{{ accept }}'><input type=checkbox name=terms aria-label=terms>"
    "<textarea name=text aria-label=text></textarea><button>accept</button></form>"
)


@ways("SHN")
async def test_a_checkbox_meets_literal_true(way: Way) -> None:
    async with visiting(app(), way) as browser:
        page = await browser.open("/terms")
        await page.click("accept")
        assert page.text("p") != "None" and "True" not in page.text("p").split()[:1]
        await page.check("terms")
        await page.click("accept")
        assert page.text("p").split()[0] == "True"


@ways("SHN")
async def test_lines_end_with_a_newline_on_every_way(way: Way) -> None:
    async with visiting(app(), way) as browser:
        page = await browser.open("/terms")
        await page.check("terms")
        await page.fill("text", "\none\r\ntwo\rthree")
        await page.click("accept")
        assert page.text("i") == r"b'\none\ntwo\nthree'"


@pages.page("/file")
class Takes(Page):
    template = "file.html"

    @action
    async def take(self, upload: UploadFile) -> str:
        return repr(upload.filename)


TEMPLATES["file.html"] = (
    "<title>F</title><p>{{ take.result }} {{ take.errors.upload }}</p>"
    "<form method=post action='{{ take }}' enctype=multipart/form-data>"
    "<input type=file name=upload aria-label=upload><button>take</button></form>"
)


@ways("SN")
@pytest.mark.parametrize("name", ["../../etc/passwd", r"C:\temp\passwd", "passwd"])
async def test_the_name_of_a_file_has_no_folders(way: Way, name: str) -> None:
    async with visiting(app(), way) as browser:
        page = await browser.open("/file")
        await page.attach("upload", File(name, b"x", "text/plain"))
        await page.click("take")
        assert page.text("p") == "'passwd'"


@pages.page("/board")
class Board(Page):
    template = "board.html"
    card: int = 0

    @action
    async def drop(self, event: Event) -> None:
        self.card = event.detail["card"]


TEMPLATES["board.html"] = (
    "<title>B</title><p>{{ card }}</p><section live-dropped='{{ drop }}'><b id=card>x</b></section>"
)


@by("S")
async def test_a_test_dispatches_a_hooks_event() -> None:
    async with Browser(app()) as browser:
        page = await browser.open("/board")
        await page.within("#card").dispatch("dropped", {"card": 3})
        assert page.text("p") == "3"


@pages.page("/ticking")
class Ticking(Page):
    template = "ticking.html"
    n: int = 0

    @every(1)
    async def tick(self) -> None:
        self.n += 1

    @action
    async def refuse(self) -> None:
        raise ActionError("Not now")

    @action
    async def accept(self) -> None: ...


TEMPLATES["ticking.html"] = (
    "<title>T</title><p>{{ n }}</p>{% if live.error %}<em>{{ live.error.message }}</em>{% endif %}"
    "<button form=live formaction='{{ refuse }}'>refuse</button>"
    "<button form=live formaction='{{ accept }}'>accept</button>"
)


@by("S")
async def test_an_error_stays_until_the_persons_next_call() -> None:
    async with Browser(small_app(pages, TEMPLATES)) as browser:
        page = await browser.open("/ticking")
        await page.click("refuse")
        assert page.texts("em") == ["Not now"]
        await browser.clock.advance(1.0)
        assert page.text("p") == "1" and page.texts("em") == ["Not now"]
        await page.click("accept")
        assert page.texts("em") == []
