"""Client commands in the simulated browser."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from markupsafe import Markup

from liveactions import Bound, Event, Live, Page, Pages, action, js
from liveactions.protocol.constants import CALL_REF
from liveactions.testing import Browser, Failed, Refusal, both_ways, plugin
from liveactions.testing.asgi import ORIGIN
from tests.support.small import small_app

browser = plugin.browser
pages = Pages()
TEMPLATES = {
    "menu.html": """<title>Menu</title>
<button type="button" live-click="{{ js.toggle('#menu').focus('#menu') }}" aria-controls="menu"
  aria-expanded="false">Menu</button>
<div id="menu" hidden class="{{ mood }}" live-keydown.escape="{{ js.hide() }}" title="{{ n }}">
  <button type="button" live-click="{{ js.hide(closest='div').call(count) }}">Count</button></div>
<p>{{ n }}</p>
<button form="live" formaction="{{ count }}" live-click="{{ js.add_class('seen', '#menu') }}">More</button>
<button form="live" formaction="{{ cheer }}">Cheer</button>
<button form="live" formaction="{{ lift }}">Lift</button>
<div id="box" {% if lifted %}hidden{% endif %}>box</div>
<button type="button" live-click="{{ js.toggle('#box') }}">Box</button>""",
    "all.html": """<title>All</title><p id="p" class="a" lang="de">text <b>here</b></p>
<pre id="code">a  b</pre><input id="q" aria-label="Q" live-focus="{{ said }}">
<button type="button"
  live-click="{{ js.add_class('b c', '#p').remove_class('a', '#p').toggle_class('d', '#p') }}">
  Classes</button>
<button type="button" live-click="{{ js.set_attr('title', 'x', '#p').remove_attr('lang', '#p')
  .toggle_attr('aria-pressed', value='true', other='false').toggle_attr('open', '#p') }}">Attributes</button>
<button type="button" live-click="{{ js.copy(of='#code') }}">Copy</button>
<button type="button" live-click="{{ js.copy(of='#p') }}">Copy text</button>
<button type="button" live-click="{{ js.copy('plain') }}">Copy plain</button>
<button type="button" live-click="{{ js.dispatch('chosen', '#p', detail={'id': 3}) }}">Dispatch</button>
<div live-chosen="{{ js.add_class('heard', '#p').call(heard) }}"><i id="i"></i></div>
<button type="button" live-click="{{ js.dispatch('chosen', '#i', detail=[1]) }}">Dispatch inside</button>
<button type="button"
  live-click="{{ js.focus('#q').scroll_into_view('#q').transition('x', '#p') }}">Focus</button>
<button type="button" live-click="{{ js.blur('#q') }}">Blur</button>
<ul>{% for n in (1, 2) %}<li><i class="m" hidden>{{ n }}</i>
  <button type="button" live-click="{{ js.toggle('.m', closest='li') }}">Item {{ n }}</button></li>
{% endfor %}</ul>
<p id="log">{{ log|join(" ") }}</p>""",
    "form.html": """<title>Form</title><p>{{ log|join(" ") }}</p>
<form method="post" action="{{ save(1) }}"><input name="title" aria-label="Title" required>
  <button live-click="{{ js.hide('#a') }}">Save</button>
  <button live-click="{{ js.hide('#a').call(save(1)) }}">Call</button></form>
<form method="post" action="{{ save(2) }}" live-submit="{{ js.hide('#b').call(save(2)) }}">
  <input name="title" aria-label="Other"><button>Submit</button></form>
<i id="a">a</i><i id="b">b</i>""",
}


@pages.page("/menu")
class Menu(Page):
    template = "menu.html"
    n: int = 0
    mood: str = "calm"
    lifted: bool = True

    @action
    async def count(self) -> None:
        self.n += 1

    @action
    async def cheer(self) -> None:
        self.mood = "glad"

    @action
    async def lift(self) -> None:
        self.lifted = not self.lifted


@pages.page("/all")
class All(Page):
    template = "all.html"
    log: list[str] = []

    @action
    async def heard(self, event: Event) -> None:
        self.log = [*self.log, f"{event.type} {event.detail}"]

    @action
    async def said(self) -> None:
        self.log = [*self.log, "focused"]


@pages.page("/python")
class Written(Page):
    """Without a template."""

    n: int = 0

    @action
    async def add(self, by: Bound[int]) -> None:
        self.n += by

    def render(self) -> Markup:
        commands = js.hide("#x").call(self.add.bind(2))
        return Markup(
            '<title>Python</title><button type="button" live-click="{}">Go</button><i id="x">x</i><p>{}</p>'
        ).format(commands, self.n)


@pages.page("/plain")
class Plain(Page):
    """Without commands."""

    def render(self) -> Markup:
        return Markup("<title>Plain</title><p>x</p>")


@pages.page("/form")
class Form(Page):
    template = "form.html"
    log: list[str] = []

    @action
    async def save(self, id: Bound[int], title: str) -> None:
        self.log = [*self.log, f"{id}:{title}"]


@pytest.fixture
def live() -> Live:
    return small_app(pages, TEMPLATES)


async def test_what_is_hidden_cannot_be_clicked(browser: Browser) -> None:
    page = await browser.open("/menu")
    with pytest.raises(Refusal, match="'Count' is hidden"):
        await page.click("Count")
    await page.click("Menu")
    assert page.texts("#menu") == ["Count"]
    await page.click("Count")
    assert page.text("p") == "1"
    assert page.texts("#menu") == []


async def test_the_focus_and_aria_expanded_follow(browser: Browser) -> None:
    page = await browser.open("/menu")
    expanded = []
    for press in (page.click("Menu"), page.press("Escape"), page.press("Enter")):
        await press  # Escape in the menu, Enter on the button that has shown it
        expanded.append(page.attribute("[aria-controls]", "aria-expanded"))
    assert expanded == ["true", "false", "true"]


async def test_changes_survive_patches(browser: Browser) -> None:
    page = await browser.open("/menu")
    await page.click("Menu")
    await page.click("More")
    await page.click("Cheer")
    assert page.attribute("#menu", "class") == "glad seen"
    assert page.attribute("#menu", "title") == "1"
    assert page.attribute("#menu", "hidden") is None


async def test_the_servers_value_counts_once_it_changes(browser: Browser) -> None:
    page = await browser.open("/menu")
    await page.click("Box")
    assert page.texts("#box") == ["box"]
    await page.click("Lift")
    assert page.texts("#box") == ["box"]
    await page.click("Lift")
    assert page.texts("#box") == []


async def test_all_commands(browser: Browser) -> None:
    page = await browser.open("/all")
    await page.click("Classes")
    assert page.attribute("#p", "class") == "b c d"
    await page.click("Attributes")
    assert [page.attribute("#p", name) for name in ("title", "lang", "open")] == ["x", None, ""]
    assert page.attribute("[aria-pressed]", "aria-pressed") == "true"
    await page.click("Attributes")
    assert page.attribute("[aria-pressed]", "aria-pressed") == "false"
    copied = []
    for name in ("Copy", "Copy text", "Copy plain"):
        await page.click(name)
        copied.append(page.clipboard)
    assert copied == ["a  b", "text here", "plain"]
    await page.click("Item 2")
    assert page.texts(".m") == ["2"]


async def test_dispatched_events_are_recorded_and_heard(browser: Browser) -> None:
    page = await browser.open("/all")
    await page.click("Dispatch")
    assert page.events == [("chosen", {"id": 3})]
    assert page.text("#log") == ""
    await page.click("Dispatch inside")
    assert page.text("#log") == "chosen [1]"
    assert page.attribute("#p", "class") == "a heard"


async def test_focus_and_blur(browser: Browser) -> None:
    page = await browser.open("/all")
    await page.click("Focus")
    assert page.text("#log") == "focused"


async def test_pages_that_are_written_in_python(browser: Browser) -> None:
    page = await browser.open("/python")
    for n in (2, 4):
        await page.click("Go")
        assert (page.text("p"), page.texts("#x")) == (str(n), [])


@pytest.mark.parametrize("path, is_loaded", [("/menu", True), ("/python", True), ("/plain", False)])
async def test_pages_with_commands_preload_the_module(browser: Browser, path: str, is_loaded: bool) -> None:
    page = await browser.open(path)
    links = [one for one in page._tab.window.root.elements() if one.get("rel") == "modulepreload"]
    assert len(links) == 2 * is_loaded
    for link in links:
        _, _, reply = await browser.request("GET", ORIGIN + link.attributes["href"], [])
        assert reply.status == 200 and "javascript" in reply.header("content-type")


async def test_without_javascript_there_are_no_commands(browser: Browser) -> None:
    async with Browser(browser.app, js=False) as plain:
        page = await plain.open("/menu")
        with pytest.raises(Refusal, match="does nothing without JavaScript"):
            await page.click("Menu")
        await page.click("More")
        assert page.text("p") == "1"


@both_ways
async def test_a_button_with_commands_submits_its_form(browser: Browser) -> None:
    page = await browser.open("/form")
    await page.fill("Title", "tea")
    await page.click("Save")
    assert page.text("p") == "1:tea"
    assert page.texts("#a") == ([] if browser.js else ["a"])


@both_ways
async def test_a_call_in_a_forms_button_is_made_once(browser: Browser) -> None:
    page = await browser.open("/form")
    await page.fill("Title", "tea")
    await page.click("Call")
    assert page.text("p") == "1:tea"


@both_ways
async def test_a_call_of_a_submit_is_made_once(browser: Browser) -> None:
    page = await browser.open("/form")
    await page.fill("Other", "tea")
    await page.click("Submit")
    assert page.text("p") == "2:tea"
    assert page.texts("#b") == ([] if browser.js else ["b"])


@both_ways
async def test_a_form_that_is_not_valid_is_not_called(browser: Browser) -> None:
    page = await browser.open("/form")
    with pytest.raises(Refusal, match="must be filled in"):
        await page.click("Call")


async def test_only_the_call_that_is_shown_can_be_made(browser: Browser) -> None:
    page = await browser.open("/form")
    tab = page._tab
    [button] = [one for one in tab.window.root.elements() if one.name == "button" and one.text == "Call"]
    (_, _), (_, token) = json.loads(button.attributes["live-click"])
    assert tab.conversation is not None and token.startswith("save~1~")
    for sent in (token.replace("~1~", "~3~"), token.rpartition("~")[0], token):
        tab.conversation.say(CALL_REF, sent, ["title", "x"])
        with suppress(Failed):
            await tab.settle()
    assert page.text("p") == "1:x"
