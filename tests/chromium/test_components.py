"""Component tags on pages of a server below a path, under a strict policy."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from jinja2 import DictLoader, Environment
from playwright.sync_api import expect
from starlette.middleware import Middleware

from liveactions import Bound, Live, Pages, action
from liveactions import Page as LivePage
from tests.chromium.conftest import Visitor
from tests.chromium.test_hooks import Policy
from tests.support.small import KEY

pages = Pages()
SCRIPT = """
import { hook } from "./hooks.js";
hook("stamp", { mounted() { this.element.dataset.stamped = "yes"; } });
"""
TEMPLATES = {
    "shelf.html": """<!doctype html><html lang="en"><head><title>Shelf</title></head><body><main>
<h1 class="title">Shelf</h1>
{% for item in items %}
<Book title="{{ item }}" data-key="{{ item }}" live-hook="stamp"
  ><label>Note on {{ item }} <input name="note"></label
  ><:footer><button form="live" formaction="{{ remove(item) }}">Remove {{ item }}</button></:footer></Book>
{% else %}
<p>Empty</p>
{% endfor %}
<button form="live" formaction="{{ add }}">Add</button>
<button form="live" formaction="{{ reverse }}">Reverse</button>
</main></body></html>""",
    "components/Book.html": """{# props title: str #}
<section class="Book" {{ attrs }}>
  <h2 class="title">{{ title }}</h2>{{ slots.default }}{{ slots.footer }}
</section>
<style>
.title { font-style: italic }
:scope { margin-top: 7px }
</style>""",
    "components/Book.js": SCRIPT,
}


@pages.page("/shelf")
class Shelf(LivePage):
    template = "shelf.html"
    items: list[str] = []

    @action
    async def add(self) -> None:
        self.items.append("abc"[len(self.items)])

    @action
    async def reverse(self) -> None:
        self.items.reverse()

    @action
    async def remove(self, item: Bound[str]) -> None:
        self.items.remove(item)


def mounted() -> Live:
    live = Live(Environment(loader=DictLoader(TEMPLATES), autoescape=True), keys=KEY)
    live.include(pages)
    outer = Live(Environment(autoescape=True), keys=KEY, middleware=[Middleware(Policy)])
    outer.mount("/x", live)
    return outer


app = mounted()


def test_components_that_patches_bring_have_their_style_script_and_key(anybody: Visitor) -> None:
    page = anybody.open("/x/shelf")
    add = page.get_by_role("button", name="Add")
    books = page.locator(".Book")
    for count in (1, 2):
        add.click()
        expect(books).to_have_count(count)
    expect(books.first).to_have_css("margin-top", "7px")
    expect(books.first.get_by_role("heading", name="a")).to_have_css("font-style", "italic")
    expect(page.get_by_role("heading", name="Shelf")).to_have_css("font-style", "normal")
    if anybody.script:
        expect(page.locator("[data-stamped=yes]")).to_have_count(2)
        page.get_by_label("Note on a").fill("mine")
    page.get_by_role("button", name="Reverse").click()
    expect(page.locator(".Book h2")).to_have_text(["b", "a"])
    if anybody.script:
        expect(page.get_by_label("Note on a")).to_have_value("mine")
        assert Axe().run(page).response["violations"] == []
    page.get_by_role("button", name="Remove b").click()
    expect(page.locator(".Book h2")).to_have_text(["a"])
