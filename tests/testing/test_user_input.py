"""Events, focus, history and cookies: what browsers do by themselves."""

from __future__ import annotations

from typing import Literal

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from liveactions import InUrl, Live, Page, Pages, action
from liveactions.testing import Browser, Refusal, both_ways, plugin
from tests.support.small import small_app

browser = plugin.browser
pages = Pages()
TEMPLATES = {
    "events.html": """<title>Events</title><p>{{ log|join(" ") }}</p>
<div id="outer" live-click.self="{{ note('self') }}"
  live-click="{{ note('bubbled') }}"><button type="button">Inner</button></div>
<div live-keydown.escape.window="{{ note('window') }}"
  live-keydown.ctrl.enter.window="{{ note('held') }}"></div>
<button type="button" live-click.once="{{ note('once') }}">Once</button>
<form method="post" action="{{ note('first') }}" id="f">
  <input name="a" aria-label="A"> <input name="b" value="off" disabled>
  <button>First</button> <button formaction="{{ note('second') }}" live-default>Second</button>
</form>
<input name="note" aria-label="Loose" form="live">
<button form="live" formaction="{{ fields }}">Fields</button>
<button form="f" formaction="{{ fields }}">Form</button>""",
    "modifiers.html": """<title>Modifiers</title><p>{{ log|join(" ") }}</p>
<div live-click="{{ note('around') }}"><div live-click.stop="{{ note('stop') }}"
  live-click.capture="{{ note('capture') }}">
  <button type="button" live-click="{{ note('deep') }}">Deep</button></div></div>
<div live-click.outside="{{ note('outside') }}">
  <button type="button" live-keydown.1="{{ note('one') }}">In</button></div>""",
    "late.html": """<title>Late</title><p>{{ log|join(" ") }}</p>
<form method="post" action="{{ note('turn') }}"><button>Turn</button></form>
<div id="zone" {% if log %}live-dblclick="{{ note('late') }}"{% endif %}>Zone</div>
<a href="/query" live-nav><button live-click="{{ note('button') }}">In a link</button></a>""",
    "focus.html": """<title>Focus</title><p>{{ said }}</p>
{% if open %}<input name="text" aria-label="New" autofocus live-keydown.enter="{{ say }}">{% endif %}
<button form="live" formaction="{{ show }}">Show</button>""",
    "one.html": """<title>One</title><h1>one</h1>{% block main %}{% endblock %}""",
    "two.html": """<title>Two</title><h2>two</h2>{% block main %}{% endblock %}""",
    "whole.html": """{% extends base %}{% block main %}<input id="kept" aria-label="Kept">
<button form="live" formaction="{{ swap }}">Swap</button>{% endblock %}""",
    "query.html": """<title>Query</title><p>{{ n }}</p><a href="{{ url(n='2') }}" live-nav>two</a>
<a href="{{ url(n='3') }}" live-nav>three</a><a href="?n=much" live-nav>much</a>
<a href="#" live-click="{{ last }}">last</a>
<form method="post" action="{{ mail }}"><input type="email" name="to" aria-label="To">
  <button>Send</button></form>""",
}


@pages.page("/events")
class Events(Page):
    template = "events.html"
    log: list[str] = []

    @action
    async def note(self, what: str) -> None:
        self.log = [*self.log, what]

    @action
    async def fields(self, a: str = "-", b: str = "-", note: str = "-") -> None:
        self.log = [*self.log, a + b + note]


@pages.page("/modifiers")
class Modifiers(Events):
    template = "modifiers.html"


@pages.page("/late")
class Late(Events):
    template = "late.html"


@pages.page("/focus")
class Focus(Page):
    template = "focus.html"
    open: bool = False
    said: str = ""

    @action
    async def show(self) -> None:
        self.open = True

    @action
    async def say(self, text: str = "") -> None:
        self.said = f"said {text}"


@pages.page("/whole")
class Whole(Page):
    template = "whole.html"
    base: str = "one.html"

    @action
    async def swap(self) -> None:
        self.base = "two.html"


@pages.page("/query")
class Query(Page):
    template = "query.html"
    n: InUrl[Literal["1", "2", "3"]] = "1"

    @action
    async def last(self) -> None:
        self.n = "3"

    @action
    async def mail(self, to: str = "") -> None:
        pass


@pytest.fixture
def live() -> Live:
    return small_app(pages, TEMPLATES)


async def test_modifiers(browser: Browser) -> None:
    page = await browser.open("/events")
    for name in ("Inner", "Once", "Once"):
        await page.click(name)
    assert page.text("p") == "bubbled once"
    await page.within("#outer").click()
    assert page.text("p") == "bubbled once self bubbled"
    for key in ("Escape", "Enter", "Control+Enter"):
        await page.press(key)
    assert page.text("p") == "bubbled once self bubbled window held"
    with pytest.raises(Refusal, match="'Control', 'Shift', 'Alt' and 'Meta'"):
        await page.press("Fn+Enter")


async def test_a_link_to_a_place_on_the_page_does_not_load_it(browser: Browser) -> None:
    page = await browser.open("/query")
    await page.click("last")
    assert (page.url, page.text("p")) == ("/query?n=3", "3")


async def test_event_attributes_that_appear_and_those_of_buttons_in_links(browser: Browser) -> None:
    page = await browser.open("/late")
    await page.click("Turn")
    await page.double_click("Zone")
    await page.within("a button").click()
    assert (page.text("p"), page.url) == ("turn late button", "/late")


async def test_modifiers_for_where_and_in_which_order(browser: Browser) -> None:
    page = await browser.open("/modifiers")
    await page.click("In")
    await page.press("2")
    await page.press("1")
    assert page.text("p") == "one"
    await page.click("Deep")
    assert page.text("p") == "one capture deep stop"  # and nobody else hears of it
    await page.within("p").click()
    assert page.text("p") == "one capture deep stop outside"


async def test_enter_presses_the_default_button(browser: Browser) -> None:
    page = await browser.open("/events")
    await page.fill("A", "x")
    await page.press("Enter")
    assert page.text("p") == "second"


@both_ways
async def test_what_a_form_sends(browser: Browser) -> None:
    page = await browser.open("/events")
    await page.fill("A", "x")
    await page.click("Form")
    assert page.text("p") == "x--"
    await page.fill("Loose", "y")
    await page.click("Fields")
    assert page.text("p") == "x-- --y"
    assert page.value("Loose") == ("y" if browser.js else "")  # the page's form isn't reset


async def test_new_markup_takes_the_focus(browser: Browser) -> None:
    page = await browser.open("/focus")
    await page.click("Show")
    await page.press("Enter")
    assert page.text("p") == "said"
    await page.fill("New", "hello")
    await page.press("Enter")
    assert page.text("p") == "said hello"


async def test_what_is_typed_survives_a_new_page(browser: Browser) -> None:
    page = await browser.open("/whole")
    await page.fill("Kept", "typed")
    await page.click("Swap")
    assert page.texts("h1, h2") == ["two"]
    assert page.value("Kept") == "typed"


@both_ways
async def test_back_and_back_again(browser: Browser) -> None:
    page = await browser.open("/query")
    await page.click("two")
    await page.click("three")
    assert page.text("p") == "3"
    await page.back()
    assert (page.url, page.text("p")) == ("/query?n=2", "2")
    await page.back()
    assert (page.url, page.text("p")) == ("/query", "1")
    with pytest.raises(Refusal, match="no page to go back to"):
        await page.back()


@both_ways
async def test_an_address_that_the_page_refuses(browser: Browser) -> None:
    page = await browser.open("/query")
    await page.click("much")
    assert page.url == "/query?n=much"
    assert page.status == (await browser.open("/query?n=much")).status


@both_ways
async def test_browsers_check_what_they_send(browser: Browser) -> None:
    page = await browser.open("/query")
    await page.fill("To", "nobody")
    with pytest.raises(Refusal, match="isn't an email address"):
        await page.click("Send")
    await page.fill("To", "a@example.org")
    await page.click("Send")


async def test_cookies_come_and_go() -> None:
    async def app(scope: dict[str, object], receive: object, send: object) -> None:
        assert scope["type"] == "http"
        request = Request(scope)
        response = PlainTextResponse(",".join(request.cookies))
        if request.url.path == "/set":
            response.set_cookie("a", "1")
            response.set_cookie("b", "2", expires=3600)
        if request.url.path == "/delete":
            response.delete_cookie("a")
        await response(scope, receive, send)  # type: ignore[arg-type]

    browser = Browser(app)
    await browser.open("/set")
    assert (await browser.open("/")).text() == "a,b"
    await browser.open("/delete")
    assert (await browser.open("/")).text() == "b"
