"""`live-window` on a list that the window scrolls, compiled and as raw HTML: rows come while it changes."""

from __future__ import annotations

from typing import Any

import jinja2
import pytest
from markupsafe import Markup
from playwright.sync_api import Page as Tab
from playwright.sync_api import expect

from liveactions import ActionError, Bound, InUrl, Live, Page, action
from tests.chromium.conftest import Visitor
from tests.chromium.here import Gate

ROW = 30
COUNT = 20_000
HTML = """<!doctype html><html><head><title>Rows</title><link rel="icon" href="data:,">
<style>body, ul, p { margin: 0; padding: 0 } li { height: 30px; overflow: hidden } .large li { height: 45px }
#tools { position: fixed; right: 0; top: 0 }</style></head>
<body><p id="tools"><button live-click="{{ add }}">Add</button> <i>{{ asked }}</i></p>
<ul id="rows" live-window="{{ show }}" data-first="{{ first }}" data-total="{{ numbers|length }}">
{% for number in rows %}<li data-key="{{ number }}">row {{ number }} <input aria-label="Text {{ number }}">
<button live-click="{{ remove(number) }}">Remove {{ number }}</button></li>
{% endfor %}</ul></body></html>"""

environment = jinja2.Environment(loader=jinja2.DictLoader({"rows.html": HTML}), autoescape=True)
app = live = Live(environment, keys="k" * 32)
gate = Gate()


class Rows(Page):
    mood: InUrl[str] = ""
    asked: int = 0
    first: int = 0
    count: int = 60
    added: int = 0
    removed: frozenset[int] = frozenset()

    @property
    def numbers(self) -> list[int]:
        return [number for number in range(-self.added, COUNT) if number not in self.removed]

    @property
    def rows(self) -> list[int]:
        return self.numbers[self.first : self.first + self.count]

    @action
    async def show(self, first: int, count: int) -> None:
        if self.mood == "slow":
            await gate()
        if self.mood == "failing" and first < 4_000:
            raise ActionError("These are missing")
        self.asked += 1
        self.first, self.count = first, count

    @action
    async def add(self) -> None:
        self.added += 1

    @action
    async def remove(self, number: Bound[int]) -> None:
        self.removed |= {number}


@live.page("/compiled")
class Compiled(Rows):
    template = "rows.html"


@live.page("/raw")
class Raw(Rows):
    def render(self) -> Markup:
        names: dict[str, Any] = {"show": self.show, "add": self.add, "remove": self.remove.bind}
        names |= {name: getattr(self, name) for name in ("asked", "first", "numbers", "rows")}
        return Markup(environment.get_template("rows.html").render(names))


both = pytest.mark.parametrize("path", ["/compiled", "/raw"])


def opened(person: Visitor, path: str = "/compiled") -> Tab:
    page = person.open(path)
    expect(page.locator("#rows")).to_have_attribute("data-window", "")
    return page


def scroll(page: Tab, number: int) -> None:
    page.evaluate(f"scrollTo({{ top: {number * ROW}, behavior: 'instant' }})")


def shows(page: Tab, number: int) -> None:
    expect(page.locator(f"li[data-key='{number}']")).to_be_in_viewport()
    expect(page.locator("#rows")).not_to_have_attribute("aria-busy", "true")


def top_of(page: Tab, number: int) -> float:
    box = page.locator(f"li[data-key='{number}']").bounding_box()
    assert box is not None
    return box["y"]


@both
def test_both_ends_and_positions(person: Visitor, path: str) -> None:
    page = opened(person, path)
    for number in (10_000, COUNT - 5, 500, 0):
        scroll(page, number)
        shows(page, number + 2)
        height = page.evaluate("document.scrollingElement.scrollHeight")
        assert height == pytest.approx(COUNT * ROW, abs=2)
    row = page.locator("li[data-key='3']")
    expect(row).to_have_attribute("aria-posinset", "4")
    expect(row).to_have_attribute("aria-setsize", str(COUNT))
    page.keyboard.press("End")
    shows(page, COUNT - 1)


@both
def test_what_is_read_stays_while_rows_come_and_go_before_it(person: Visitor, path: str) -> None:
    page = opened(person, path)
    scroll(page, 5_000)
    shows(page, 5_005)
    page.get_by_label("Text 5005").fill("typed")
    top = top_of(page, 5_005)
    for total in range(COUNT + 1, COUNT + 4):
        page.get_by_role("button", name="Add").click()
        expect(page.locator("#rows")).to_have_attribute("data-total", str(total))
        shows(page, 5_005)
        assert top_of(page, 5_005) == pytest.approx(top, abs=1)
    expect(page.get_by_label("Text 5005")).to_have_value("typed")
    page.get_by_role("button", name="Remove 5007").click()
    expect(page.locator("li[data-key='5007']")).to_have_count(0)
    assert top_of(page, 5_005) == pytest.approx(top, abs=1)
    scroll(page, 0)
    shows(page, -3)
    page.get_by_role("button", name="Add").click()
    shows(page, -4)


def test_what_is_only_scrolled_past_is_not_asked_for(person: Visitor) -> None:
    page = opened(person, "/compiled?mood=slow")
    scroll(page, 7_500)
    gate.wait()
    for number in (9_000, 11_000, 13_000):
        scroll(page, number)
        expect(page.locator("#rows")).to_have_attribute("aria-busy", "true")
    gate.open()
    gate.open()
    shows(page, 13_005)
    expect(page.locator("i")).to_have_text("2")


def test_what_fails_is_not_the_end(person: Visitor) -> None:
    page = opened(person, "/compiled?mood=failing")
    page.evaluate("addEventListener('live:error', ({ detail }) => { window.failed = detail.error })")
    scroll(page, 3_500)
    page.wait_for_function("window.failed === 'These are missing'")
    expect(page.locator("#rows")).not_to_have_attribute("aria-busy", "true")
    scroll(page, 6_000)
    shows(page, 6_005)


def test_rows_of_another_height(person: Visitor) -> None:
    page = opened(person)
    scroll(page, 5_000)
    shows(page, 5_001)
    page.evaluate("document.body.className = 'large'")
    page.wait_for_function(f"document.scrollingElement.scrollHeight > {COUNT * 44}")
    shows(page, 5_001)
    assert abs(top_of(page, 5_001)) < 50


def test_a_row_that_is_removed_gives_its_focus_to_the_next_one(person: Visitor) -> None:
    page = opened(person)
    scroll(page, 5_000)
    shows(page, 5_005)
    page.get_by_role("button", name="Remove 5005").press("Enter")
    expect(page.locator("li[data-key='5006']")).to_be_focused()
