"""G. Form reset and typed values."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Literal

import pytest
from playwright.sync_api import Page, expect

from liveactions import ActionError, Pages, action
from liveactions import Page as LivePage
from tests.chromium.conftest import Visit, Visitor
from tests.chromium.here import Gate, serving_here
from tests.chromium.proxy import link
from tests.support.client import load_lazy
from tests.support.patience import wait_until
from tests.support.small import small_app

pages = Pages()
gate = Gate()
places = count(1)
TEMPLATES = {
    "order.html": """<title>Order</title>
<form method="post" action="{{ order }}" id="order">
  {% set name = order.field("name", "nobody") %}
  <label>Name <input name="name" value="{{ name.value }}"></label>
  <label>Note <textarea name="note">{{ order.field("note", "none").value }}</textarea></label>
  <label>Size <select name="size">
    {% for size in ("s", "m") %}
    <option {{ "selected" if order.field("size", "s").value == size }}>{{ size }}</option>
    {% endfor %}</select></label>
  <label><input type="checkbox" name="gift" {{ "checked" if order.field("gift", "").value }}> Gift</label>
  {% for way in ("post", "van") %}
  <label><input type="radio" name="way" value="{{ way }}"
    {{ "checked" if order.field("way", "post").value == way }}> {{ way }}</label>
  {% endfor %}
  <p class="error">{{ order.error or "" }}</p> <button>Order</button>
</form>
<p id="ordered">{{ ordered }}</p>""",
    "search.html": """<title>Search</title>
<p class="{{ place }}"><input aria-label="Query" name="q" live-change="{{ search }}"></p>
<p id="found">{{ found }}</p>""",
}


@pages.page("/order")
class Order(LivePage):
    template = "order.html"
    ordered: str = ""

    @action
    async def order(
        self, name: str, note: str, size: str, way: Literal["post", "van"], gift: bool = False
    ) -> None:
        await gate()
        if name == "bad":
            raise ActionError("No such person")
        self.ordered = f"{name} {note} {size} {way} {gift}"


@pages.page("/search")
class Search(LivePage):
    template = "search.html"
    found: str = ""
    place: str = ""

    async def mount(self) -> None:
        self.place = f"place-{next(places)}"

    @action
    async def search(self, q: str = "") -> None:
        self.found = f"found {q}"


app = small_app(pages, TEMPLATES)
INITIAL = ["nobody", "none", "s", False, "post"]
TYPED = ["ada", "soon", "m", True, "van"]


@pytest.fixture(autouse=True)
def open_gate() -> Iterator[None]:
    yield
    gate.clear()


def fill(page: Page, name: str = "ada") -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Note").fill("soon")
    page.get_by_label("Size").select_option("m")
    page.get_by_label("Gift").check()
    page.get_by_label("van").check()


def shown(page: Page) -> list[object]:
    return [
        page.get_by_label("Name").input_value(),
        page.get_by_label("Note").input_value(),
        page.get_by_label("Size").input_value(),
        page.get_by_label("Gift").is_checked(),
        page.locator("[name=way]:checked").input_value(),
    ]


def test_g1_fields_are_reset_after_success(anybody: Visitor) -> None:
    page = anybody.open("/order")
    assert shown(page) == INITIAL
    fill(page)
    page.get_by_role("button").click(no_wait_after=True)
    gate.open()
    expect(page.locator("#ordered")).to_have_text("ada soon m van True")
    assert shown(page) == INITIAL


def test_g1_nothing_is_lost_after_an_error(anybody: Visitor) -> None:
    page = anybody.open("/order")
    fill(page, "bad")
    page.get_by_role("button").click(no_wait_after=True)
    gate.open()
    expect(page.locator(".error")).to_have_text("No such person")
    assert shown(page) == ["bad", *TYPED[1:]]


def test_g2_what_was_typed_after_the_submit_stays(person: Visitor) -> None:
    page = person.open("/order")
    fill(page)
    page.get_by_role("button").click()
    page.get_by_label("Name").fill("grace")
    page.get_by_label("post", exact=True).check()
    gate.open()
    expect(page.locator("#ordered")).to_have_text("ada soon m van True")
    assert shown(page) == ["grace", "none", "s", False, "post"]


def test_g2_the_caret_stays_while_one_types(person: Visitor) -> None:
    page = person.open("/order")
    fill(page)
    page.get_by_role("button").click()
    name = page.get_by_label("Name")
    name.fill("grace")
    name.evaluate("each => each.setSelectionRange(2, 3)")
    gate.open()
    expect(page.locator("#ordered")).not_to_be_empty()
    assert name.evaluate("each => [each.value, each.selectionStart, each.selectionEnd]") == ["grace", 2, 3]
    expect(name).to_be_focused()


def test_g4_what_was_typed_is_there_after_a_reconnect_to_a_fresh_page(visit: Visit, site: str) -> None:
    stranger = small_app(pages, TEMPLATES, keys="a key that opens nothing of the other application")
    with serving_here(stranger) as other, link(int(site.rpartition(":")[2])) as proxy:
        page = visit(proxy.url, outages=True).open("/search")
        load_lazy(page)
        query = page.get_by_label("Query")
        query.press_sequentially("live")
        proxy.target = int(other.rpartition(":")[2])
        proxy.drop()
        assert wait_until(lambda: any(one.state.is_attached for one in stranger.sessions))
        expect(query).to_have_value("live")
        expect(query).to_be_focused()
        expect(page.locator("#found")).to_have_text("found live")
