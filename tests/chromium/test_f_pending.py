"""F. Pending and optimistic: what a page shows while an action runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import pytest
from playwright.sync_api import Locator, Page, expect
from pydantic import Field

from liveactions import ActionError, Pages, action
from liveactions import Page as LivePage
from tests.behaviour.ways import by
from tests.chromium.conftest import Visit, Visitor
from tests.chromium.here import Gate
from tests.chromium.proxy import Proxy
from tests.support.client import load_lazy
from tests.support.small import small_app

pages = Pages()
gate = Gate()
STYLE = "<style>[data-pending-for]:not([data-pending]) { display: none }</style>"
TEMPLATES = {
    "todos.html": f"""<title>Todos</title>{STYLE}
<form method="post" action="{{{{ add }}}}" id="add" live-validate>
  <label>Title <input name="title"></label> <p class="error">{{{{ add.error or "" }}}}</p>
  <p class="too-short">{{{{ add.errors.title }}}}</p>
  <button live-pending="Saving…">Add</button> <button name="how" value="later">Later</button>
  <small hidden live-optimistic>Adding <b live-field="title">…</b></small>
</form>
<ul id="todos">{{% for todo in todos %}}<li>{{{{ todo }}}}</li>{{% endfor %}}
  <template live-optimistic="add"><li>Will add <b live-field="title"></b></li></template></ul>
<p id="saving" data-pending-for="add">Saving a todo</p>
{{% for n in (1, 2) %}}
<form method="post" action="{{{{ star(n) }}}}" id="star-{{{{ n }}}}"><button>Star {{{{ n }}}}</button></form>
{{% endfor %}}
<p id="stars">{{{{ stars }}}}</p>
<button id="like" live-click="{{{{ like }}}}" live-pending="Liking…"><span>Like</span></button>
<p id="likes">{{{{ likes }}}}</p>
<button live-click="{{{{ poke }}}}">Poke</button> <p id="pokes">{{{{ pokes }}}}</p>
""",
}


@pages.page("/todos")
class Todos(LivePage):
    template = "todos.html"
    todos: list[str] = []
    stars: str = ""
    likes: int = 0
    pokes: int = 0

    @action
    async def add(self, title: Annotated[str, Field(min_length=2)], how: str = "now") -> None:
        await gate()
        if title == "bad":
            raise ActionError("No such title")
        self.todos = [*self.todos, f"{title} {how}"]

    @action
    async def star(self, n: int) -> None:
        await gate()
        self.stars += str(n)

    @action
    async def like(self) -> None:
        await gate()
        self.likes += 1

    @action
    async def poke(self) -> None:
        self.pokes += 1


app = small_app(pages, TEMPLATES)


@pytest.fixture(autouse=True)
def open_gate() -> Iterator[None]:
    yield
    gate.clear()


@pytest.fixture
def page(person: Visitor) -> Page:
    page = person.open("/todos")
    load_lazy(page)
    return page


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def add(page: Page, title: str) -> None:
    page.get_by_label("Title").fill(title)
    button(page, "Add").click()


def test_f1_form_and_submitter_show_that_they_are_pending(page: Page) -> None:
    form, submitter = page.locator("#add"), page.locator("#add button").first
    expect(page.locator("#saving")).to_be_hidden()
    add(page, "milk")
    expect(form).to_have_attribute("aria-busy", "true")
    expect(form).to_have_attribute("data-pending", "")
    expect(submitter).to_be_disabled()
    expect(submitter).to_have_text("Saving…")
    expect(button(page, "Later")).to_be_enabled()
    expect(page.locator("#saving")).to_be_visible()
    gate.open()
    expect(page.locator("#todos > li")).to_have_text(["milk now"])
    expect(submitter).to_have_text("Add")
    expect(submitter).to_be_enabled()
    expect(page.locator("#saving")).to_be_hidden()
    assert page.evaluate("[add.ariaBusy, add.dataset.pending]") == [None, None]


def test_f1_what_calls_by_an_event_is_pending_too(page: Page) -> None:
    like = page.locator("#like")
    like.click()
    expect(like).to_have_attribute("aria-busy", "true")
    expect(like).to_have_text("Liking…")
    gate.open()
    expect(page.locator("#likes")).to_have_text("1")
    expect(like).to_have_text("Like")
    assert page.evaluate("[like.ariaBusy, like.dataset.pending]") == [None, None]


def test_f2_only_what_was_submitted_is_pending(page: Page) -> None:
    button(page, "Star 1").click()
    expect(page.locator("#star-1")).to_have_attribute("aria-busy", "true")
    assert page.evaluate("[...document.querySelectorAll('[data-pending]')].map(each => each.id)") == [
        "star-1"
    ]
    button(page, "Star 2").click()
    expect(page.locator("[aria-busy]")).to_have_count(2)
    gate.open()
    expect(page.locator("#stars")).to_have_text("1")
    assert page.evaluate("[...document.querySelectorAll('[aria-busy]')].map(each => each.id)") == ["star-2"]
    gate.open()
    expect(page.locator("#stars")).to_have_text("12")


def test_f3_a_second_submit_is_ignored(page: Page) -> None:
    add(page, "milk")
    page.evaluate("add.requestSubmit(add.querySelector('button'))")
    page.get_by_label("Title").press("Enter")
    gate.open()
    expect(page.locator("#todos > li")).to_have_text(["milk now"])
    button(page, "Poke").click()
    expect(page.locator("#pokes")).to_have_text("1")
    expect(page.locator("#todos > li")).to_have_text(["milk now"])


def test_f3_other_data_are_another_submit(page: Page) -> None:
    add(page, "milk")
    add(page, "bread")
    gate.open()
    gate.open()
    expect(page.locator("#todos > li")).to_have_text(["milk now", "bread now"])


def test_f3_clicks_of_a_queue_all_count(page: Page) -> None:
    for _ in range(3):
        page.locator("#like").click()
    for _ in range(3):
        gate.open()
    expect(page.locator("#likes")).to_have_text("3")


def test_f4_optimistic_markup_is_shown_at_once_and_dropped_with_the_answer(page: Page) -> None:
    page.evaluate(
        """() => {
          window.seen = new Set();
          const note = () => seen.add(todos.innerText.trim());
          new MutationObserver(note).observe(todos, { childList: true, subtree: true });
        }"""
    )
    add(page, "milk")
    expect(page.locator("#todos > li")).to_have_text(["Will add milk"])
    expect(page.locator("#add small")).to_have_text("Adding milk")
    gate.open()
    expect(page.locator("#todos > li")).to_have_text(["milk now"])
    expect(page.locator("#add small")).to_be_hidden()
    assert page.text_content("#add small b") == "…"
    assert page.evaluate("[...seen]") == ["Will add milk", "milk now"]


def test_f4_validation_shows_nothing_as_pending(page: Page) -> None:
    page.evaluate(
        """() => {
          window.seen = [];
          const note = () => seen.push(todos.innerText.trim() + saving.hasAttribute("data-pending"));
          const what = { childList: true, subtree: true, attributeFilter: ["data-pending"] };
          for (const element of [todos, saving]) new MutationObserver(note).observe(element, what);
        }"""
    )
    page.get_by_label("Title").press_sequentially("t")
    expect(page.locator("p.too-short")).to_have_text("Must have at least 2 characters")
    assert page.evaluate("seen") == []


def test_f4_it_is_rolled_back_on_an_error(page: Page) -> None:
    add(page, "bad")
    expect(page.locator("#todos > li")).to_have_text(["Will add bad"])
    gate.open()
    expect(page.locator(".error")).to_have_text("No such title")
    expect(page.locator("#todos > li")).to_have_count(0)
    expect(page.get_by_label("Title")).to_have_value("bad")


def test_f4_it_is_rolled_back_while_the_connection_is_lost(visit: Visit, site: str) -> None:
    proxy = Proxy(int(site.rpartition(":")[2]))
    proxy.start()
    page = visit(proxy.url, outages=True).open("/todos")
    load_lazy(page)
    add(page, "milk")
    expect(page.locator("#todos > li")).to_have_text(["Will add milk"])
    proxy.stop()
    expect(page.locator("html")).to_have_attribute("data-live", "connecting")
    expect(page.locator("#todos > li")).to_have_count(0)
    expect(page.locator("#add")).to_have_attribute("aria-busy", "true")


def test_f5_other_patches_leave_it_alone(page: Page) -> None:
    button(page, "Star 1").click()
    add(page, "milk")
    copy = page.locator("#todos > li").element_handle()
    gate.open()
    expect(page.locator("#stars")).to_have_text("1")
    assert copy.is_visible() and copy.text_content() == "Will add milk"
    expect(page.locator("#add button").first).to_have_text("Saving…")
    gate.open()
    expect(page.locator("#todos > li")).to_have_text(["milk now"])
    assert not copy.is_visible()


@by("N")
def test_f6_without_a_script_nothing_of_it_shows(visit: Visit, site: str) -> None:
    page = visit(site, script=False).open("/todos")
    expect(page.locator("#add small")).to_be_hidden()
    expect(page.locator("#saving")).to_be_hidden()
    expect(page.locator("#todos > li")).to_have_count(0)
    page.get_by_label("Title").fill("milk")
    button(page, "Add").click(no_wait_after=True)
    gate.open()
    expect(page.locator("#todos > li")).to_have_text(["milk now"])
