"""B2, B5, B6. Buttons without a form, pages that write their HTML themselves, addresses, and advice."""

from __future__ import annotations

import logging
from typing import Annotated, Any

import pytest
from jinja2 import DictLoader, Environment
from markupsafe import Markup
from starlette.requests import Request

from liveactions import Bound, Component, InUrl, Live, Page, Pages, action, button, form_state, in_url, render
from liveactions.testing import Browser
from liveactions.testing.failures import Failed
from tests.behaviour.ways import Way, visiting, ways
from tests.support.pages import new
from tests.support.small import small_app

pages = Pages()
journal: list[Any] = []


@pytest.fixture(autouse=True)
def empty_journal() -> None:
    journal.clear()


# A button without a form


@pages.page("/buttons")
class Buttons(Page):
    template = "buttons.html"
    items: list[str] = ["a", "b<"]

    @action
    async def remove(self, item: Bound[str], note: str = "") -> None:
        self.items = [one for one in self.items if one != item]
        journal.append((item, note))


TEMPLATES = {
    "buttons.html": "<title>B</title><input form='live' name='note' aria-label='note'><ul>"
    "{% for item in items %}<li>{{ item }} {{ button(remove(item), 'Delete ' ~ item, class_='small',"
    " data_id=item, hidden=false, autofocus=true, title=none) }}</li>{% endfor %}</ul>",
    "links.html": "<title>L</title><p>{{ q }} {{ number }} {{ url() }}</p>"
    "<a href='{{ url(number=number + 1) }}' live-nav>next</a> <a href='{{ url(q='', number=1) }}'>none</a>",
}


@pytest.fixture
def live() -> Live:
    return small_app(pages, TEMPLATES)


@ways("SHN")
async def test_b5_a_button_without_a_form(live: Live, way: Way) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open("/buttons")
        await page.fill("note", "why")
        await page.click("Delete b<")
        assert (page.texts("li"), journal) == (["a Delete a"], [("b<", "why")])


def test_b5_what_a_button_is_written_as() -> None:
    page = new(Buttons)
    html = button(page.remove.bind("x"), "<b>", class_="small", data_id='"', hidden=False, autofocus=True)
    start, rest = html.split(' formaction="', 1)
    assert start == '<button form="live"'
    assert rest.endswith(' class="small" data-id="&#34;" autofocus>&lt;b&gt;</button>')
    assert button(page.remove.bind("x"), Markup("<b>")).endswith("><b></button>")


# Pages that write their HTML themselves


@pages.page("/raw")
class Raw(Page):
    count: int = 0

    def __html__(self) -> str:
        return Markup(
            "<!doctype html><html><head><title>Raw</title></head><body><p>{}</p>"
            '<form method="post" action="{}"><input name="by" aria-label="by"><button>add</button></form>'
            '<form method="post" action="?">{}<button formaction="{}">two</button></form><em>{}</em>'
            '<b live-click="{}">three</b></body></html>'
        ).format(
            self.count, self.add, form_state(), self.add.bind(2), self.add.errors["by"], self.add.bind(3)
        )

    @action
    async def add(self, by: int) -> None:
        self.count += by


@pages.page("/raw-function/{name}")
async def raw_function(name: str) -> Markup:
    @action
    async def greet() -> None:
        journal.append(name)

    page = Markup("<title>R</title><h1>{}</h1><form method='post' action='{}'><button>greet</button></form>")

    class Late:
        def __html__(self) -> str:
            return page.format(name, greet)

    return Late()  # type: ignore[return-value]


@ways("SHN")
async def test_b6_a_page_of_raw_html(live: Live, way: Way) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open("/raw")
        await page.fill("by", "4")
        await page.click("add")
        assert page.text("p") == "4"
        await page.click("two")
        assert page.text("p") == "6"
        await page.fill("by", "x")
        await page.click("add")
        assert (page.text("p"), page.text("em")) == ("6", "Enter a whole number")


@ways("SH")
async def test_b6_events_in_raw_html(live: Live, way: Way) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open("/raw")
        await page.click("three")
        assert page.text("p") == "3"


@ways("SHN")
async def test_b6_a_page_function_may_return_markup(live: Live, way: Way) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open("/raw-function/ada")
        await page.click("greet")
        assert (page.text("h1"), journal) == ("ada", ["ada"])


def test_b6_the_state_of_a_form_is_a_field() -> None:
    assert str(form_state()) == '<input type="hidden" name="_s">'


# Addresses


@pages.page("/links")
class Links(Page):
    template = "links.html"
    q: InUrl[str] = ""
    number: Annotated[int, in_url(push=True)] = 1


@ways("SHN")
async def test_b3_addresses_of_the_page_itself(live: Live, way: Way) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open(Links.url(q="a b"))
        assert page.text("p") == "a b 1 /links?q=a+b"
        await page.click("next")
        assert (page.url, page.text("p")) == ("/links?q=a+b&number=2", "a b 2 /links?q=a+b&number=2")
        await page.click("none")
        assert page.url == "/links"


def test_b3_addresses_in_python() -> None:
    assert Links.url() == "/links"
    assert Links.url(q="é", number=1) == "/links?q=%C3%A9"
    with pytest.raises(TypeError, match="has no nothing"):
        Links.url(nothing=1)


# Advice


class Part(Component):
    @action
    async def drop(self, part_id: int) -> None: ...


class Careless(Page):
    template = "x.html"
    part: Part = Part()

    @action
    async def remove(self, id: int, valid: bool = False, identity: str = "") -> None: ...

    @action
    async def keep(self, id: Bound[int]) -> None: ...


async def careless() -> Any:
    @action
    async def drop(post_id: int) -> None: ...

    return render("x.html", drop=drop)


def warned(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message.split(" If")[0] for record in caplog.records if record.name == "liveactions"]


@pytest.mark.parametrize("debug", [True, False])
async def test_b6_debug_points_out_an_id_that_is_not_bound(
    debug: bool, caplog: pytest.LogCaptureFixture
) -> None:
    environment = Environment(loader=DictLoader({"x.html": "<title>x</title>"}), autoescape=True)
    live = Live(environment, keys="a key that is long enough for all of it", debug=debug)
    with caplog.at_level(logging.WARNING, "liveactions"):
        live.page("/careless")(Careless)
        live.page("/function")(careless)
        async with visiting(live, "N") as browser:
            for _ in range(2):
                await browser.open("/function")
    function = "careless.<locals>.drop: anyone can send any post_id."
    wanted = [
        "Careless.remove: anyone can send any id.",
        "Part.drop: anyone can send any part_id.",
        function,
    ]
    assert warned(caplog) == (wanted if debug else [])


@pytest.mark.parametrize("debug", [True, False])
def test_c10_debug_points_out_a_request_without_annotation(
    debug: bool, caplog: pytest.LogCaptureFixture
) -> None:
    class Forgetful(Page):
        template = "x.html"

        @action
        async def read(self, request, known: Request) -> None: ...  # type: ignore[no-untyped-def]

    live = Live(Environment(autoescape=True), keys="a key that is long enough for all of it", debug=debug)
    with caplog.at_level(logging.WARNING, "liveactions"):
        live.page("/forgetful")(Forgetful)
    told = f"{Forgetful.__qualname__}.read: request is a form field here."
    assert warned(caplog) == ([told] if debug else [])


@pytest.mark.parametrize("where", ["globals", "context", "neither"])
async def test_b5_other_things_may_be_called_button(where: str) -> None:
    environment = Environment(
        loader=DictLoader({"x.html": "<title>x</title><p>{{ button(1) }}</p>"}), autoescape=True
    )
    names: dict[str, Any] = {"button": lambda number: f"mine {number}"}
    if where == "globals":
        environment.globals.update(names)
    context = [lambda request: names] if where == "context" else []
    live = Live(environment, keys="a key that is long enough for all of it", context=context)

    @live.page("/here")
    class Here(Page):
        template = "x.html"

    async with Browser(live, js=False) as browser:
        if where == "neither":
            with pytest.raises(Failed):
                await browser.open("/here")
        else:
            assert (await browser.open("/here")).text("p") == "mine 1"
