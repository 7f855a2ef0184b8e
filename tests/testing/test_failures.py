"""What a person could not do, a test can't either, and is told why."""

from __future__ import annotations

from typing import Annotated

import pytest
from pydantic import Field
from starlette.requests import Request

from liveactions import ActionError, Live, Page, Pages, action, forbidden, redirect
from liveactions.testing import Browser, Failed, Refusal, both_ways, plugin
from tests.support.small import small_app

browser = plugin.browser
pages = Pages()

TEMPLATES = {
    "form.html": """<title>Form</title>
<h1>{{ said }}</h1>
<form method="post" action="{{ say }}">
  <label for="text">Text</label> <input id="text" name="text" required maxlength="5">
  <label>Fixed <input name="fixed" value="f" readonly></label>
  <label><input type="radio" name="size" value="s" checked> Small</label>
  <label><input type="radio" name="size" value="l"> Large</label>
  <label>Colour <select name="colour"><option>red<option disabled>green<option value="b">blue</select></label>
  <button>Say</button> <button disabled>Never</button> <button hidden>Secret</button>
</form>
<fieldset disabled><legend>Closed</legend><label>Locked <input name="locked"></label></fieldset>
<details><summary>More</summary><p>folded</p></details>
<p style="display: none">gone</p>
<section><button form="live" formaction="{{ forbid }}">Forbid</button></section>
<section><button form="live" formaction="{{ enter }}">Closed</button></section>
<section><button form="live" formaction="{{ fail }}">Fail</button></section>
<section><button form="live" formaction="{{ away }}">Away</button>
  <button form="live" formaction="{{ refuse }}">Refuse</button> {{ refuse.error or "" }}</section>
<em></em><em>{{ said }}</em>
<button type="button" live-click="{{ forbid }}">Event</button>
<ul><li><button form="live" formaction="{{ away }}">Twice</button>
<li><button form="live" formaction="{{ away }}">Twice</button></ul>
""",
    "forbidden.html": "<title>No</title><h1>No: {{ status }}</h1>",
    "end.html": "<title>End</title><p>{{ cookie }}</p>",
}


@pages.page("/form")
class Form(Page):
    template = "form.html"
    said: str = ""

    @action
    async def say(
        self, text: Annotated[str, Field(min_length=2)], size: str, colour: str, fixed: str = ""
    ) -> None:
        self.said = f"{text} {size} {colour} {fixed}"

    @action
    async def forbid(self) -> None:
        raise forbidden()

    @action
    async def enter(self) -> object:
        return redirect("/closed")

    @action
    async def fail(self) -> None:
        raise RuntimeError("a fault")

    @action
    async def away(self) -> None:
        raise redirect("/end?x=1")

    @action
    async def refuse(self) -> None:
        raise ActionError("not today")


@pages.page("/end")
class End(Page):
    template = "end.html"
    cookie: str = ""

    async def mount(self, request: Request) -> None:
        self.cookie = request.cookies.get("who", "nobody")


def nobody() -> None:
    raise forbidden()


@pages.page("/closed", guard=nobody)
class Closed(Page):
    template = "end.html"
    cookie: str = ""


@pytest.fixture
def live() -> Live:
    return small_app(pages, TEMPLATES)


@both_ways
async def test_names_that_are_not_there(browser: Browser) -> None:
    page = await browser.open("/form")
    with pytest.raises(
        Refusal,
        match=r"^no button or link 'Sya' on this page; there are 'Small', 'Large', 'Say', 'Never', 'More', ",
    ):
        await page.click("Sya")
    with pytest.raises(
        Refusal, match=r"^no field 'Txet' on this page; there are 'Text', 'Fixed' and 'Locked'$"
    ):
        await page.fill("Txet", "x")
    with pytest.raises(Refusal, match="matches 0 elements"):
        await page.within("#nothing").click("Say")
    with pytest.raises(Refusal, match="no option 'pink' in this list; there are 'red', 'green' and 'blue'"):
        await page.select("Colour", "pink")
    with pytest.raises(
        Refusal, match=r"^no button or link 'Sya' in <section>; there are 'Away' and 'Refuse'$"
    ):
        await page.within("section", "Away").click("Sya")
    with pytest.raises(
        Refusal, match=r"^'section' with the text 'a' matches \d elements here, not one: 'For"
    ):
        await page.within("section", "a").click("Sya")
    with pytest.raises(Refusal, match=r"there is only 'Fail'$"):
        await page.within("section", "Fail").click("Sya")
    with pytest.raises(Refusal, match=r"^no list 'Text' in <section>; there is nothing$"):
        await page.within("section", "Fail").select("Text", "x")
    await page.fill("Text", "tea")
    await page.click("Say")
    with pytest.raises(Refusal, match="not one: 'tea s red f', and 1 without text$"):
        page.text("em")
    with pytest.raises(ValueError, match="unsupported syntax"):
        page.texts("p:hover")


@both_ways
async def test_what_is_disabled_or_hidden(browser: Browser) -> None:
    page = await browser.open("/form")
    for name, why in [("Never", "is disabled"), ("Secret", "is hidden"), ("Twice", "2 elements match")]:
        with pytest.raises(Refusal, match=why):
            await page.click(name)
    for name, why in [("Fixed", "is read-only"), ("Locked", "is disabled"), ("Text", "at most 5")]:
        with pytest.raises(Refusal, match=why):
            await page.fill(name, "much too long")
    with pytest.raises(Refusal, match="is disabled"):
        await page.select("Colour", "green")
    with pytest.raises(Refusal, match="must be filled"):
        await page.click("Say")
    assert page.texts("p") == []
    await page.click("More")
    assert page.texts("p") == ["folded"]


@both_ways
async def test_all_kinds_of_controls(browser: Browser) -> None:
    page = await browser.open("/form")
    await page.fill("text", "hello")
    await page.check("Large")
    assert not page.is_checked("Small")
    await page.select("Colour", "blue")
    await page.press("Tab")
    await page.click("Say")
    assert page.text("h1") == "hello l b f"
    assert page.value("Text") == "" and page.is_checked("Small")


@both_ways
async def test_input_that_the_server_refuses(browser: Browser) -> None:
    page = await browser.open("/form")
    await page.fill("Text", "x")
    await page.click("Say")
    assert page.text("h1") == ""
    await page.click("Refuse")
    assert "not today" in page.text()


@both_ways
async def test_errors_that_the_page_does_not_show(browser: Browser) -> None:
    page = await browser.open("/form")
    with pytest.raises(Failed) as forbidden:
        await page.click("Forbid")
    assert forbidden.value.status == 403
    page = await browser.open("/form")
    with pytest.raises(Failed) as failed:
        await page.click("Fail")
    assert failed.value.status == 500


@both_ways
async def test_where_a_click_ends_has_its_status(browser: Browser) -> None:
    page = await browser.open("/form")
    await page.click("Closed")
    assert (page.url, page.status) == ("/closed", 403) == (page.url, (await browser.open("/closed")).status)


@pytest.mark.parametrize("js", [True, False])
async def test_a_page_of_the_application_for_an_error_has_its_status(js: bool) -> None:
    live = small_app(pages, TEMPLATES)

    @live.error_page(403)
    class Forbidden(Page):
        template = "forbidden.html"
        status: int = 0

    async with Browser(live, js=js) as browser:
        page = await browser.open("/form")
        with pytest.raises(Failed, match="403"):
            await page.click("Forbid")
        assert (page.text("h1"), page.status) == ("No: 403", 403)
        await page.open("/form")
        assert page.status == 200


@both_ways
async def test_elsewhere(browser: Browser) -> None:
    browser.cookies.values["who"] = "ada"
    page = await browser.open("/form")
    await page.click("Away")
    assert (page.url, page.text("p")) == ("/end?x=1", "ada")
    await page.back()
    assert page.url == "/form"
    missing = await browser.open("/nowhere")
    assert missing.status == 404


async def test_events_need_the_script(live: Live) -> None:
    async with Browser(live, js=False) as browser:
        page = await browser.open("/form")
        with pytest.raises(Refusal, match="nothing without JavaScript"):
            await page.click("Event")
        with pytest.raises(Refusal, match="isn't visible"):
            await page.shows("something")
