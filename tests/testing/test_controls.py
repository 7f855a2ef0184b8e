"""Forms that are no ops: files, and plain GET."""

from __future__ import annotations

from typing import Annotated

import pytest
from starlette.datastructures import UploadFile

from liveactions import InUrl, Live, Page, Pages, action, file
from liveactions.protocol.constants import CALL_REF
from liveactions.testing import Browser, File, both_ways, plugin
from tests.support.asgi import signed
from tests.support.small import small_app

browser = plugin.browser
pages = Pages()
TEMPLATES = {
    "form.html": """<title>Form</title><h1>{{ said }}</h1>
<form method="post" action="{{ save }}" enctype="multipart/form-data">
  <label>Photo <input type="file" name="photo"></label> <textarea name="text" aria-label="Text"></textarea>
  <button name="how" value="now">Save</button>
</form>
<form method="post" action="{{ keep }}"><label>Small <input type="file" name="small"></label>
  <p class="error">{{ keep.errors.small }}</p> <button>Keep</button></form>
<form><label>Query <input name="q" value="{{ q }}"></label></form>
<p id="q">{{ q }}</p>
<ul><li><a href="{{ url(q='b') }}" live-nav>b</a></ul>""",
}


@pages.page("/form")
class Form(Page):
    template = "form.html"
    said: str = ""
    q: InUrl[str] = ""

    @action
    async def save(self, text: str, how: str, photo: UploadFile | None = None) -> None:
        size = f"{photo.filename} {len(await photo.read())}" if photo else "nothing"
        self.said = f"{size} {text.split()} {how}"

    @action
    async def keep(self, small: Annotated[UploadFile, file(max_size=4, types=["image/*"])]) -> None:
        self.said = f"kept {small.filename}"


@pytest.fixture
def live() -> Live:
    return small_app(pages, TEMPLATES)


@both_ways
async def test_a_file(browser: Browser) -> None:
    page = await browser.open("/form")
    await page.fill("Text", "a\nb")
    await page.attach("Photo", File('m"e.png', b"\x89PNG\r\n--\0", "image/png"))
    await page.click("Save")
    assert page.text("h1").endswith(" 9 ['a', 'b'] now")


@both_ways
@pytest.mark.parametrize(
    ("chosen", "error"),
    [
        (File("a.png", b"12345", "image/png"), "This file is larger than 4 bytes"),
        (File("a.txt", b"1", "text/plain"), "Choose a file of one of these types: image/*"),
    ],
)
async def test_a_file_that_is_not_taken(browser: Browser, chosen: File, error: str) -> None:
    page = await browser.open("/form")
    await page.attach("Small", chosen)
    await page.click("Keep")
    assert (page.text(".error"), page.text("h1")) == (error, "")
    await page.attach("Small", File("a.png", b"1234", "image/png"))
    await page.click("Keep")
    assert page.text("h1") == "kept a.png"


@both_ways
async def test_no_file(browser: Browser) -> None:
    page = await browser.open("/form")
    await page.fill("Text", "a\nb")
    await page.click("Save")
    assert page.text("h1") == "nothing ['a', 'b'] now"


@both_ways
async def test_a_get_form_and_links_set_the_query(browser: Browser) -> None:
    page = await browser.open("/form")
    await page.fill("Query", "a c")
    await page.press("Enter")
    assert (page.url, page.text("#q"), page.value("Query")) == ("/form?q=a+c", "a c", "a c")
    await page.click("b")
    assert (page.url, page.text("#q")) == ("/form?q=b", "b")
    await page.back()
    assert (page.url, page.text("#q")) == ("/form?q=a+c", "a c")


@pytest.mark.parametrize("type", ["text/ü€", "\ud800", "image/png"])
async def test_what_is_said_of_a_refused_file_is_never_believed(browser: Browser, type: str) -> None:
    page = await browser.open("/form")
    conversation = page._tab.conversation
    assert conversation is not None
    conversation.say(
        CALL_REF, signed(browser.app, "/form", "keep"), ["small", {"refused": ["a.png", type, 1]}]
    )
    await page._tab.settle()
    assert page.text(".error") != "" and page.text("h1") == ""
