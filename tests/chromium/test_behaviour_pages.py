"""Pages of `tests/behaviour` in a real browser (B7, C5, G3, A4): what is tested there also holds here."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from liveactions import Event, Pages, action, render
from liveactions import Page as LivePage
from tests.behaviour.test_c_drafts import TEMPLATES as DRAFTS
from tests.behaviour.test_c_drafts import pages as drafts
from tests.behaviour.test_g_reset import TEMPLATES as KEPT
from tests.behaviour.test_g_reset import pages as kept
from tests.chromium.conftest import Visitor
from tests.support.small import small_app

pages = Pages()
said: list[str] = []


@pages.page("/keys")
class Keys(LivePage):
    template = "keys.html"
    told: str = ""

    @action
    async def tell(self, event: Event, word: str = "") -> None:
        self.told = f"{event.type} {event.key} {event.x > 0} {word}"


@pages.page("/notes/{topic}")
async def notes(topic: str) -> object:
    @action
    async def note(text: str) -> str:
        said.append(f"{topic}: {text}")
        return text

    return render("notes.html", note=note, count=len(said))


TEMPLATES = {
    "keys.html": "<title>K</title><p>{{ told }}</p><input name='word' live-keydown='{{ tell }}'>"
    "<b live-click='{{ tell }}'>press</b>",
    "notes.html": "<title>N</title><p>{{ note.result }} {{ count }}</p><form action='{{ note }}'>"
    "<input name='text' aria-label='Text' required><button>Note</button></form>",
    **DRAFTS,
    **KEPT,
}
pages.include(drafts)
pages.include(kept)
app = small_app(pages, TEMPLATES)


@pytest.fixture(autouse=True)
def nothing_said() -> None:
    said.clear()


def test_b7_details_of_events(person: Visitor) -> None:
    page = person.open("/keys")
    page.locator("[name=word]").press("a")
    expect(page.locator("p")).to_have_text("keydown a False")
    page.locator("[name=word]").press("Enter")
    expect(page.locator("p")).to_have_text("keydown Enter False a")
    page.locator("b").click()
    expect(page.locator("p")).to_have_text("click True")


def test_a4_closures_of_a_page_function(anybody: Visitor) -> None:
    page = anybody.open("/notes/tea")
    for number, text in enumerate(("milk", "sugar"), 1):
        page.get_by_label("Text").fill(text)
        page.get_by_role("button").click()
        expect(page.locator("p")).to_have_text(f"{text} {number}")
    assert said == ["tea: milk", "tea: sugar"]


def test_c5_rows_are_added_and_removed(anybody: Visitor) -> None:
    page = anybody.open("/invoice")
    page.get_by_label("title").fill("Mine")
    page.get_by_role("button", name="add").click()
    expect(page.locator("fieldset")).to_have_count(2)
    page.locator("#row-1").get_by_label("text").fill("milk")
    page.locator("#row-0").get_by_role("button").click()
    expect(page.locator("fieldset")).to_have_count(1)
    expect(page.locator("#row-0").get_by_label("text")).to_have_value("milk")
    expect(page.get_by_label("title")).to_have_value("Mine")
    page.get_by_role("button", name="save").click()
    expect(page.locator("h1")).to_have_text("Mine")


def test_c5_errors_of_another_button(anybody: Visitor) -> None:
    page = anybody.open("/invoice")
    page.locator("#row-0").get_by_label("text").fill("x")
    page.get_by_role("button", name="publish").click()
    expect(page.locator("u")).to_have_text("Must have at least 2 characters")
    expect(page.locator("#row-0").get_by_label("text")).to_have_value("x")


def test_g3_fields_are_kept(anybody: Visitor) -> None:
    page = anybody.open("/search")
    page.get_by_label("q").fill("tea")
    page.get_by_label("exact").check()
    page.get_by_role("button", name="search").click()
    expect(page.locator("p")).to_have_text("tea")
    expect(page.get_by_label("q")).to_have_value("tea")
    expect(page.get_by_label("exact")).to_be_checked()
    page.get_by_label("title").fill("more")
    page.get_by_role("button", name="add").click()
    expect(page.locator("p")).to_have_text("more")
    expect(page.get_by_label("title")).to_have_value("")
    expect(page.get_by_label("q")).to_have_value("tea")
