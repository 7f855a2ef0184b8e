"""L and M: order, concurrency and progress, as a browser shows them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from playwright.sync_api import Page, expect

from liveactions import InUrl, Pages, action
from liveactions import Page as LivePage
from tests.chromium.conftest import Visitor
from tests.chromium.here import Gate
from tests.support.client import load_lazy
from tests.support.small import small_app

pages = Pages()
gate = Gate()
TEMPLATES = {
    "work.html": """<title>Work</title><h1>{{ count }}</h1>
<button id="add" live-click="{{ add }}">Add</button> <button id="once" live-click="{{ once }}">Once</button>
<form method="post" action="{{ run }}" id="run"><button>Run</button></form>
<button live-cancel="{{ run }}">Stop</button> <p id="steps">{{ steps|join(" ") }}</p>
<p id="result">{{ run.result }}</p>
<input aria-label="Search" name="q" value="{{ q }}" live-input="{{ search }}"> <p id="found">{{ q }}</p>""",
}


@pages.page("/work")
class Work(LivePage):
    template = "work.html"
    count: int = 0
    steps: list[str] = []
    q: InUrl[str] = ""

    @action
    async def add(self) -> None:
        self.count += 1

    @action(concurrency="drop")
    async def once(self) -> None:
        await gate()
        self.count += 1

    @action
    async def run(self) -> AsyncIterator[str]:
        self.steps = []
        for step in ("one", "two", "three"):
            self.steps = [*self.steps, step]
            yield step
            await gate()

    @action
    async def search(self, q: str = "") -> None:
        self.q = q


app = small_app(pages, TEMPLATES)


@pytest.fixture(autouse=True)
def open_gate() -> Iterator[None]:
    yield
    gate.clear()


@pytest.fixture
def page(person: Visitor) -> Page:
    page = person.open("/work")
    load_lazy(page)
    return page


def test_f3_a_policy_may_drop_further_clicks(page: Page) -> None:
    once = page.locator("#once")
    once.click()
    expect(once).to_have_attribute("aria-busy", "true")
    once.click()
    gate.open()
    expect(page.locator("h1")).to_have_text("1")
    page.locator("#add").click()
    expect(page.locator("h1")).to_have_text("2")


def test_l3_ten_quick_clicks_are_ten_runs(page: Page) -> None:
    busy = page.evaluate(
        """() => {
          const add = document.getElementById("add");
          for (let i = 0; i < 10; i++) add.click();
          return add.ariaBusy;
        }"""
    )
    assert busy == "true"
    expect(page.locator("h1")).to_have_text("10")
    expect(page.locator("#add")).not_to_have_attribute("aria-busy", "true")


def test_m1_each_step_is_shown_and_others_go_on(page: Page) -> None:
    page.get_by_role("button", name="Run").click()
    expect(page.locator("#steps")).to_have_text("one")
    expect(page.locator("#run")).to_have_attribute("aria-busy", "true")
    page.locator("#add").click()
    expect(page.locator("h1")).to_have_text("1")
    gate.open()
    expect(page.locator("#steps")).to_have_text("one two")
    gate.open()
    gate.open()
    expect(page.locator("#result")).to_have_text("three")
    expect(page.locator("#steps")).to_have_text("one two three")
    expect(page.locator("#run")).not_to_have_attribute("aria-busy", "true")


def test_m1_a_button_stops_it(page: Page) -> None:
    page.get_by_role("button", name="Run").click()
    expect(page.locator("#steps")).to_have_text("one")
    page.get_by_role("button", name="Stop").click()
    page.locator("#add").click()
    expect(page.locator("h1")).to_have_text("1")
    gate.open()
    expect(page.locator("#run")).not_to_have_attribute("aria-busy", "true")
    expect(page.locator("#steps")).not_to_contain_text("three")


def test_the_address_follows_a_field_that_stands_in_it(page: Page) -> None:
    page.get_by_label("Search").press_sequentially("ab")
    expect(page.locator("#found")).to_have_text("ab")
    page.wait_for_url("**/work?q=ab")
    expect(page.get_by_label("Search")).to_be_focused()
    page.reload()
    expect(page.locator("#found")).to_have_text("ab")
