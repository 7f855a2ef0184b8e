"""Event attributes that come and go, and those of buttons in links."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from liveactions import Page as LivePage
from liveactions import Pages, action
from tests.chromium.conftest import Visitor
from tests.support.small import small_app

pages = Pages()
TEMPLATES = {
    "late.html": """<title>Late</title><h1>{{ count }}</h1>
<form method="post" action="{{ turn }}"><button>Turn</button></form>
<p id="zone" {% if on %}live-dblclick="{{ add }}"{% endif %}>Zone</p>
{% if on %}<div live-click="{{ add }}"><p live-click.stop="{{ add }}">Inner</p></div>{% endif %}""",
    "links.html": """<title>Links</title><h1>{{ count }}</h1>
<a href="/late"><button live-click="{{ add }}">Plain</button></a>
<a href="/late"><button live-click.stop="{{ add }}"><b>Stopping</b></button></a>
<a href="/late" live-nav><button live-click="{{ add }}">In place</button></a>
<a href="/late" live-nav><button form="live" formaction="{{ add }}">Form</button></a>
<a href="/late" live-nav><button>Idle</button></a>
<a href="/late"><i live-click="{{ add }}">Text</i></a>""",
}


@pages.page("/late")
class Late(LivePage):
    template = "late.html"
    on: bool = False
    count: int = 0

    @action
    async def turn(self) -> None:
        self.on = not self.on

    @action
    async def add(self) -> None:
        self.count += 1


@pages.page("/links")
class Links(LivePage):
    template = "links.html"
    count: int = 0

    @action
    async def add(self) -> None:
        self.count += 1


app = small_app(pages, TEMPLATES)
BUTTONS = ["Plain", "Stopping", "In place", "Form"]


def expect_count(page: Page, count: int) -> None:
    expect(page.locator("h1")).to_have_text(str(count))


@pytest.mark.also_blocked
def test_an_event_attribute_that_a_patch_brings_is_heard(person: Visitor) -> None:
    """Nothing else on the page uses that event."""
    page = person.open("/late")
    page.get_by_role("button", name="Turn").click()
    page.locator("#zone[live-dblclick]").dblclick()
    expect_count(page, 1)
    page.get_by_text("Inner").click()
    expect_count(page, 2)
    page.get_by_text("Inner").click()
    expect_count(page, 3)  # and not those around it
    page.get_by_role("button", name="Turn").click()
    page.locator("#zone:not([live-dblclick])").dblclick()
    page.get_by_role("button", name="Turn").click()
    page.locator("#zone[live-dblclick]").dblclick()
    expect_count(page, 4)


@pytest.mark.parametrize("name", BUTTONS)
def test_a_button_in_a_link_is_not_the_link(person: Visitor, name: str) -> None:
    page = person.open("/links")
    page.get_by_role("button", name=name).click()
    expect_count(page, 1)
    page.get_by_role("button", name=name).click()
    expect_count(page, 2)
    assert page.url.endswith("/links")


def test_a_button_that_does_nothing_else_is_part_of_its_link(person: Visitor) -> None:
    page = person.open("/links")
    page.evaluate("window.isKept = true")
    page.get_by_role("button", name="Idle").click()
    expect(page).to_have_title("Late")
    assert page.evaluate("isKept")


def test_what_is_no_button_is_part_of_its_link(person: Visitor) -> None:
    page = person.open("/links")
    with page.expect_navigation(url="**/late"):
        page.get_by_text("Text").click()
