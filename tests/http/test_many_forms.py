"""A page of very many forms: their state is in their addresses, by a handle."""

from __future__ import annotations

import re

import pytest

from liveactions import Bound, Live, Page, Pages, action
from liveactions.testing import Browser, both_ways, plugin
from tests.support.asgi import browser as visitor
from tests.support.small import small_app

browser = plugin.browser
PAGE = """<!doctype html><title>Rows</title><p>{{ last }} {{ note }}</p>
{% for n in numbers %}
<form method="post" action="{{ take(n) }}"><input name="note"><button>take {{ n }}</button></form>
{% endfor %}{{ raw()|safe }}"""
RAW = '<form method="post" action="{}" class="raw"><button>clear</button></form>'


@pytest.fixture
def live() -> Live:
    pages = Pages()

    @pages.page("/rows")
    class Rows(Page):
        template = "rows.html"
        numbers: tuple[int, ...] = tuple(range(100))
        last: int = -1
        note: str = ""

        def raw(self) -> str:
            return RAW.format(self.clear.bind().url())

        @action
        async def take(self, n: Bound[int], note: str = "") -> None:
            self.last, self.note = n, note

        @action
        async def clear(self) -> None:
            self.last = -2

    return small_app(pages, {"rows.html": PAGE})


@both_ways
async def test_each_form_knows_the_page_s_state(browser: Browser) -> None:
    page = await browser.open("/rows")
    await page.within("form[action*='take~99~']").fill("note", "hello")
    for name, shown in [("take 7", "7"), ("take 99", "99 hello" if browser.js else "99"), ("clear", "-2")]:
        await page.click(name)
        assert page.text("p").startswith(shown)
    assert page.url == "/rows"


async def test_a_form_costs_fifty_bytes(live: Live) -> None:
    async with visitor(live) as person:
        html = (await person.http.get("/rows")).text
        found = re.findall(r'<form method="post" data-l="action" action="([^"]*)"><input name="note">', html)
        assert len(found) == 100 and max(map(len, found)) <= len("/rows") + 50
        assert html.count('name="_s"') == 2  # the page-level form, and the one of raw HTML


BUTTONS = """<!doctype html><title>Buttons</title><p>{{ last }}</p>
<form method="post" action="{{ count }}"><input name="word" value="w"><button>count</button>
<button formaction="{{ double }}">double</button>{{ BUTTON }}</form>{{ OUTSIDE }}"""
ELSEWHERE = (
    '<button formaction="/target">x</button>',
    '<button formaction="/target" formmethod="get">x</button>',
    "<button formmethod=get>x</button>",
    '<button FormAction="/target">x</button>',
    """<input type="submit" formaction="{{ '/target' }}">""",
    '<button formaction="https://elsewhere.test/buttons?_a=count">x</button>',
)
"""Buttons that send their form to somewhere else than the page."""


def buttons(inside: str = "", outside: str = "", template: str = BUTTONS) -> Live:
    pages = Pages()

    @pages.page("/buttons")
    class Buttons(Page):
        template = "buttons.html"
        last: int = 1

        @action
        async def count(self) -> None:
            self.last += 1

        @action
        async def double(self) -> None:
            self.last *= 2

    source = template.replace("{{ BUTTON }}", inside).replace("{{ OUTSIDE }}", outside)
    return small_app(pages, {"buttons.html": source})


async def source_of(live: Live) -> str:
    async with visitor(live) as person:
        return (await person.http.get("/buttons")).text


@pytest.mark.parametrize("button", ELSEWHERE)
async def test_a_form_that_may_lead_elsewhere_has_no_state_in_its_fields(button: str) -> None:
    html = await source_of(buttons(button))
    form = html[html.index('<form method="post" data-l') : html.rindex("</form>")]
    assert 'name="_s"' not in form and form.count("&_s=~") == 2
    assert html.count('name="_s"') == 1  # that of the page-level form


@pytest.mark.parametrize("button", ELSEWHERE)
async def test_nor_has_the_form_of_the_page(button: str) -> None:
    outside = button.replace("<button", '<button form="live"').replace("<input", '<input form="live"')
    assert 'name="_s"' not in await source_of(buttons("", outside))


@pytest.mark.parametrize("inside", ["", *ELSEWHERE])
@pytest.mark.parametrize("js", [True, False])
async def test_its_actions_know_the_state_all_the_same(js: bool, inside: str) -> None:
    async with Browser(buttons(inside), js=js) as visiting:
        page = await visiting.open("/buttons")
        for name, shown in (("count", "2"), ("double", "4"), ("count", "5")):
            await page.click(name)
            assert page.text("p") == shown


@pytest.mark.parametrize(
    "form",
    [
        '<form method="get" action="{{ count }}"></form>',
        '<form method=GET action="{{ count }}"></form>',
        """{{ '<form action="/buttons?_a=count"></form>'|safe }}""",
        """{{ '<form action="/buttons?_a=count" method="get"></form>'|safe }}""",
    ],
)
async def test_a_form_that_gets_has_no_state(form: str) -> None:
    html = await source_of(buttons(template=f"<title>T</title><p>{{{{ last }}}}</p>{form}"))
    assert html.count('name="_s"') == 1 and "&_s=" not in html  # that of the page-level form
