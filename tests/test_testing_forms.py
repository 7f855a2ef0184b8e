"""Forms that are no ops: files, and plain GET."""

from __future__ import annotations

import pytest
from starlette.datastructures import UploadFile

from liveactions import InUrl, Live, Page, Pages, action
from liveactions.testing import Browser, File, both_ways, plugin
from tests.small import small_app

browser = plugin.browser
pages = Pages()
TEMPLATES = {
    "form.html": """<title>Form</title><h1>{{ said }}</h1>
<form method="post" action="{{ save }}" enctype="multipart/form-data">
  <label>Photo <input type="file" name="photo"></label> <textarea name="text" aria-label="Text"></textarea>
  <button name="how" value="now">Save</button>
</form>
<form><label>Query <input name="q" value="{{ q }}"></label></form>
<p>{{ q }}</p>
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
    assert (page.url, page.text("p"), page.value("Query")) == ("/form?q=a+c", "a c", "a c")
    await page.click("b")
    assert (page.url, page.text("p")) == ("/form?q=b", "b")
    await page.back()
    assert (page.url, page.text("p")) == ("/form?q=a+c", "a c")
