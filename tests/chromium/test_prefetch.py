"""Pages of links are loaded ahead: when the pointer rests on a link, and only there where that is wanted."""

from __future__ import annotations

from playwright.sync_api import expect

from liveactions import Page, Pages
from tests.chromium.conftest import Visitor
from tests.support.patience import wait_until
from tests.support.small import small_app

pages = Pages()
loads: list[str] = []
LINKS = """<nav live-nav><a href="/ahead">Home</a> <a href="/ahead/next">Next</a>
  <a href="/ahead/still" live-nav="still">Still</a></nav>"""
TEMPLATES = {name: f"<title>{name}</title><h1>{name}</h1>{LINKS}" for name in ("home", "next", "still")}


class Counted(Page):
    async def load(self) -> None:
        loads.append(str(self.template))


@pages.page("/ahead")
class Home(Counted):
    template = "home"


@pages.page("/ahead/next")
class Next(Counted):
    template = "next"


@pages.page("/ahead/still")
class Still(Counted):
    template = "still"


app = small_app(pages, TEMPLATES)


def test_a_link_under_the_pointer_is_loaded_once(person: Visitor) -> None:
    page = person.open("/ahead")
    loads.clear()
    page.get_by_role("link", name="Still").hover()
    page.get_by_role("link", name="Next").hover()
    assert wait_until(lambda: loads == ["next"]), loads
    expect(page.locator("h1")).to_have_text("home")  # nothing is shown yet
    page.get_by_role("link", name="Next").click()
    expect(page.locator("h1")).to_have_text("next")
    page.get_by_role("link", name="Still").click()
    expect(page.locator("h1")).to_have_text("still")
    assert loads[0] == "next" and loads[-1] == "still" and loads.count("still") == 1
