"""Hooks, animations and transitions on pages of a server, under a strict policy."""

from __future__ import annotations

from typing import Any

from jinja2 import DictLoader, Environment
from playwright.sync_api import Locator, Page, expect
from playwright.sync_api import Route as BrowserRoute
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from liveactions import Bound, Event, Live, Pages, action
from liveactions import Page as LivePage
from tests.chromium.conftest import Visitor
from tests.support.client import load_lazy
from tests.support.small import KEY

pages = Pages()
SCRIPT = """
import { hook } from "/x/_live/hooks.js";

hook("chart", {
  mounted() { this.note("mounted"); this.element.onclick = () => this.zoom(); },
  updated() { this.note("updated"); },
  destroyed() { window.destroyed = true; },
  note(what) {
    const line = document.createElement("li");
    line.textContent = `${what} ${this.element.dataset.value}`;
    this.element.append(line);
  },
  zoom() { this.element.dispatchEvent(new CustomEvent("zoomed", { detail: { by: 2 } })); },
});
hook("tree", {
  mounted() {
    this.element.setAttribute("role", "tree");
    for (const branch of this.element.children) branch.toggleAttribute("open", true);
  },
});
"""
STYLE = """
@keyframes fade { from { opacity: 0 } }
[data-entering] { animation: fade 100s }
[data-leaving] { animation: fade 100s reverse }
"""
TEMPLATES = {
    "hooks.html": """<title>Hooks</title><link rel="stylesheet" href="/x/style.css">
<script type="module" src="/x/hooks.js"></script>
{% if shown %}
<ul id="chart" live-hook="chart" data-value="{{ value }}" live-zoomed="{{ zoom }}"></ul>
<ul id="other" live-hook="chart" data-value="{{ value }}"
{% if value < 9 %}live-zoomed="{{ zoom }}"{% endif %}></ul>
{% endif %}
<button form="live" formaction="{{ toggle }}">Toggle</button>
<ol live-animate>
{% for item in items %}
  <li><input aria-label="{{ item }}" name="title" form="{{ item }}"> {{ item }}
    <button form="live" formaction="{{ remove(item) }}">Remove {{ item }}</button></li>
{% endfor %}
</ol>
<button form="live" formaction="{{ reverse }}">Reverse</button>
<button form="live" formaction="{{ add }}">Add</button>
<a href="/x/other" live-nav live-transition>Other</a>
<a href="/x/raw" live-nav>Raw</a>""",
    "raw.html": """<title>Raw</title><script type="module" src="/x/hooks.js"></script>
<main>{{ html|safe }}</main><button form="live" formaction="{{ add }}">Add</button>""",
    "other.html": """<title>Other</title><h1>Other</h1>""",
}


@pages.page("/hooks")
class Hooks(LivePage):
    template = "hooks.html"
    shown: bool = True
    value: int = 1
    items: list[str] = ["a", "b", "c"]
    made: int = 0

    @action
    async def zoom(self, event: Event) -> None:
        self.value *= int(event.detail["by"])

    @action
    async def toggle(self) -> None:
        self.shown = not self.shown

    @action
    async def remove(self, item: Bound[str]) -> None:
        self.items.remove(item)

    @action
    async def reverse(self) -> None:
        self.items.reverse()

    @action
    async def add(self) -> None:
        self.made += 1
        self.items.append(f"new{self.made}")


@pages.page("/raw")
class Raw(LivePage):
    template = "raw.html"
    count: int = 0

    @property
    def html(self) -> str:
        branches = "".join(
            f"<details><summary>Branch {name}</summary><input aria-label={name}></details>" for name in "ab"
        )
        return f"<p>Count {self.count}</p><div live-hook=tree>{branches}</div>"

    @action
    async def add(self) -> None:
        self.count += 1


@pages.page("/other")
class Other(LivePage):
    template = "other.html"


class Policy:
    """Nothing inline, no markup from strings but the client's."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def strict(message: Any) -> None:
            if message["type"] == "http.response.start":
                policy = b"default-src 'self'; require-trusted-types-for 'script'; trusted-types liveactions"
                message["headers"] = [*message["headers"], (b"content-security-policy", policy)]
            await send(message)

        await self.app(scope, receive, strict)


def text(content: str, kind: str) -> Any:
    async def respond(request: Any) -> PlainTextResponse:
        return PlainTextResponse(content, media_type=kind)

    return respond


def mounted() -> Live:
    live = Live(Environment(loader=DictLoader(TEMPLATES), autoescape=True), keys=KEY)
    live.include(pages)
    outer = Live(
        Environment(autoescape=True),
        keys=KEY,
        middleware=[Middleware(Policy)],
        routes=[
            Route("/x/hooks.js", text(SCRIPT, "text/javascript")),
            Route("/x/style.css", text(STYLE, "text/css")),
        ],
    )
    outer.mount("/x", live)
    return outer


app = mounted()


def opened(person: Visitor) -> Page:
    return person.open("/x/hooks")


def items(page: Page) -> Locator:
    return page.locator("ol > li:not([data-leaving])")


def shows(page: Page, *names: str) -> None:
    """These are the items, soon."""
    expect(items(page)).to_have_count(len(names))
    expect(items(page)).to_contain_text([f"Remove {name}" for name in names])


def test_a_hook_below_a_mount_calls_an_action_by_an_event(person: Visitor) -> None:
    page = opened(person)
    chart = page.locator("#chart")
    expect(chart.locator("li")).to_have_text(["mounted 1"])
    chart.click()
    expect(chart.locator("li")).to_have_text(["mounted 1", "updated 2"])


def test_an_event_that_is_called_where_the_attribute_is_in_a_branch_has_its_details(person: Visitor) -> None:
    page = opened(person)
    other = page.locator("#other")
    expect(other.locator("li")).to_have_text(["mounted 1"])
    other.click()
    expect(other.locator("li")).to_have_text(["mounted 1", "updated 2"])


def test_a_hook_ends_with_its_element(person: Visitor) -> None:
    page = opened(person)
    expect(page.locator("#chart li")).to_have_count(1)
    page.get_by_role("button", name="Toggle").click()
    page.wait_for_function("window.destroyed")
    page.get_by_role("button", name="Toggle").click()
    expect(page.locator("#chart li")).to_have_text(["mounted 1"])


def test_lists_of_templates_while_items_leave(person: Visitor) -> None:
    page = opened(person)
    load_lazy(page)
    page.get_by_label("c", exact=True).fill("typed")
    page.get_by_role("button", name="Remove b").click()
    expect(items(page)).to_have_count(2)
    leaving = page.locator("[data-leaving]")
    expect(leaving).to_have_count(1)
    expect(leaving).to_contain_text("Remove b")
    page.get_by_role("button", name="Reverse").click()
    shows(page, "c", "a")
    page.get_by_role("button", name="Add").click()
    shows(page, "c", "a", "new1")
    expect(page.locator("[data-entering]")).to_have_count(1)
    page.get_by_role("button", name="Remove a").click()
    page.get_by_role("button", name="Remove new1").click()
    shows(page, "c")
    expect(page.get_by_label("c", exact=True)).to_have_value("typed")
    page.evaluate("document.getAnimations().forEach((one) => one.finish())")
    expect(page.locator("[data-leaving]")).to_have_count(0)
    expect(page.locator("ol > li")).to_have_count(1)


def test_what_leaves_cannot_be_pressed(person: Visitor) -> None:
    page = opened(person)
    load_lazy(page)
    page.get_by_role("button", name="Remove b").focus()
    page.keyboard.press("Enter")
    expect(items(page)).to_have_count(2)
    assert page.evaluate("!document.querySelector('[data-leaving]').contains(document.activeElement)")
    expect(page.get_by_role("button", name="Remove b")).to_have_count(0)  # nor is it read out


def test_another_page_by_a_view_transition(person: Visitor) -> None:
    page = opened(person)
    load_lazy(page)
    page.evaluate("""() => {
      window.transitions = 0;
      const start = document.startViewTransition.bind(document);
      document.startViewTransition = (work) => { window.transitions++; return start(work); };
    }""")
    page.get_by_role("link", name="Other").click()
    expect(page.locator("h1")).to_have_text("Other")
    assert page.evaluate("transitions") == 1


def keeps_what_was_done(page: Page) -> None:
    """A patch of the raw HTML leaves what the hook has set, and what was closed and typed."""
    expect(page.get_by_role("tree")).to_have_count(1)
    page.get_by_text("Branch a").click()
    page.get_by_label("b", exact=True).fill("typed")
    for count in (1, 2):
        page.get_by_role("button", name="Add").click()
        expect(page.locator("main > p")).to_have_text(f"Count {count}")
        expect(page.get_by_role("tree")).to_have_count(1)
        assert page.locator("details").evaluate_all("all => all.map((one) => one.open)") == [False, True]
        expect(page.get_by_label("b", exact=True)).to_have_value("typed")


def test_a_hook_in_raw_html_whose_part_of_the_client_comes_last(person: Visitor) -> None:
    page = person.new_tab()
    held: list[BrowserRoute] = []
    page.route("**/raw.js", lambda route: held.append(route))
    with page.expect_response("**/changes.js") as changes:
        page.goto(f"{person.url}/x/raw")
    # Hooks could be mounted by now: what they need is there.
    page.evaluate(
        "(paths) => Promise.all(paths.map((path) => import(path)))", [changes.value.url, "/x/hooks.js"]
    )
    for route in held:
        route.continue_()
    keeps_what_was_done(page)


def test_a_hook_in_raw_html_of_the_next_page(person: Visitor) -> None:
    page = opened(person)
    expect(page.locator("#chart li")).to_have_text(["mounted 1"])
    page.get_by_role("link", name="Raw").click()
    keeps_what_was_done(page)
