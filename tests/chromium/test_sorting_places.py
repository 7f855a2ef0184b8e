"""`live-sort` in tables, raw HTML and frames, under a strict policy: what was typed goes with its item."""

from __future__ import annotations

from typing import Any

import jinja2
import pytest
from markupsafe import Markup
from playwright.sync_api import Frame, Page, expect
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from liveactions import Bound, Live, action
from liveactions import Page as LivePage
from tests.chromium.conftest import Visitor

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-src 'self';"
    " img-src data:; form-action 'self'; base-uri 'none';"
    " require-trusted-types-for 'script'; trusted-types liveactions"
)
LISTS = """{% for name, items in lists.items() %}
<ol id="{{ name }}" live-sort.group.both="{{ move(name) }}">
{% for item in items %}<li data-key="{{ item }}">
<button type="button" data-handle>Move {{ item }}</button><input aria-label="Text {{ item }}" name="text">
<input type="checkbox" aria-label="Box {{ item }}" name="box">
<input aria-label="Name {{ item }}" name="name"
value="{{ names[item] }}" live-change="{{ rename(item) }}"></li>
{% endfor %}</ol>{% endfor %}"""
TABLES = """{% for name, items in lists.items() %}
<table><thead><tr><th>Table {{ name }}</th></tr></thead>
<tbody id="{{ name }}" live-sort.group.both="{{ move(name) }}">
{% for item in items %}<tr data-key="{{ item }}">
<td><button type="button" data-handle>Move {{ item }}</button></td>
<td><input aria-label="Text {{ item }}" name="text">
<input type="checkbox" aria-label="Box {{ item }}" name="box"></td></tr>
{% endfor %}</tbody></table>{% endfor %}"""
AROUND = """<!doctype html><html lang="en"><title>Lists</title><link rel="icon" href="data:,">
<body><p>{{ note }}</p>%s</body></html>"""
TEMPLATES = {
    "lists.html": AROUND % LISTS,
    "tables.html": AROUND % TABLES,
    "frames.html": """<!doctype html><title>Frames</title><link rel="icon" href="data:,">
<p>{{ lists|length }}</p>
<iframe name="left" src="/lists" width="400" height="400"></iframe>
<iframe name="right" src="/tables" width="400" height="400"></iframe>""",
}
environment = jinja2.Environment(loader=jinja2.DictLoader(TEMPLATES), autoescape=True)


class Policy:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Content-Security-Policy"] = POLICY
            await send(message)

        await self.app(scope, receive, with_policy)


app = live = Live(environment, keys="k" * 32, middleware=[Middleware(Policy)])


class Lists(LivePage):
    note: str = ""
    lists: dict[str, list[int]] = {"one": [1, 2, 3], "two": [4, 5], "none": []}

    names: dict[int, str] = {}

    @action
    async def rename(self, id: Bound[int], name: str) -> None:
        self.names[id] = name.upper()
        self.lists["one"].remove(id)
        self.lists["two"].append(id)

    @action
    async def move(self, into: Bound[str], id: int, before: int | None = None) -> None:
        for items in self.lists.values():
            if id in items:
                items.remove(id)
        items = self.lists[into]
        items.insert(items.index(before) if before in items else len(items), id)
        self.note = f"moved {id}"


@live.page("/lists")
class Compiled(Lists):
    template = "lists.html"


@live.page("/tables")
class Tables(Lists):
    template = "tables.html"


@live.page("/frames")
class Frames(Lists):
    template = "frames.html"


@live.page("/raw")
class Raw(Lists):
    def render(self) -> Markup:
        names: dict[str, Any] = {"move": self.move.bind, "rename": self.rename.bind}
        names |= {"lists": self.lists, "names": self.names, "note": self.note}
        return Markup(environment.get_template("lists.html").render(names))


def order(page: Page | Frame, list: str) -> list[str | None]:
    return [item.get_attribute("data-key") for item in page.locator(f"#{list} > *").all()]


def drag(tab: Page, page: Page | Frame, key: int, over: int) -> None:
    """Drag an item by its handle over another one, below its middle."""
    page.get_by_role("button", name=f"Move {key}").hover()
    tab.mouse.down()
    box = page.locator(f"[data-key='{over}']").bounding_box()
    assert box is not None
    tab.mouse.move(box["x"] + 20, box["y"] + box["height"] * 0.9, steps=4)
    tab.mouse.up()
    settled(page, key)


def settled(page: Page | Frame, key: int) -> None:
    expect(page.locator("p")).to_have_text(f"moved {key}")
    expect(page.locator("[aria-busy], [data-dragging], [data-pending]")).to_have_count(0)


@pytest.mark.parametrize("path", ["/lists", "/tables", "/raw"])
def test_an_item_goes_to_another_list_with_what_was_typed(person: Visitor, path: str) -> None:
    page = person.open(path)
    page.get_by_label("Text 1").fill("not sent")
    page.get_by_label("Box 1").check()
    page.get_by_label("Text 2").fill("of another")
    drag(page, page, 1, 4)
    assert (order(page, "one"), order(page, "two")) == (["2", "3"], ["4", "1", "5"])
    expect(page.get_by_label("Text 1")).to_have_value("not sent")
    expect(page.get_by_label("Box 1")).to_be_checked()
    expect(page.get_by_label("Text 2")).to_have_value("of another")
    expect(page.get_by_label("Text 4")).to_have_value("")


@pytest.mark.parametrize("path", ["/lists", "/raw"])
def test_what_the_server_has_answered_is_shown(person: Visitor, path: str) -> None:
    page = person.open(path)
    page.get_by_label("Text 1").fill("not sent")
    page.get_by_label("Name 1").fill("short")
    page.get_by_label("Name 1").press("Enter")
    expect(page.locator("#two [data-key='1']")).to_be_attached()
    expect(page.get_by_label("Name 1")).to_have_value("SHORT")
    expect(page.get_by_label("Name 1")).to_be_focused()
    expect(page.get_by_label("Text 1")).to_have_value("not sent")


@pytest.mark.parametrize("path", ["/lists", "/tables", "/raw"])
def test_by_keyboard_the_focus_goes_with_the_item(person: Visitor, path: str) -> None:
    page = person.open(path)
    handle = page.get_by_role("button", name="Move 2")
    for key in (" ", "ArrowRight", "ArrowUp", "Enter"):
        handle.press(key)
    settled(page, 2)
    assert (order(page, "one"), order(page, "two")) == (["1", "3"], ["2", "4", "5"])
    expect(handle).to_be_focused()
    for key in (" ", "ArrowDown", "ArrowDown", "Enter"):
        handle.press(key)
    expect(page.locator("[aria-busy], [data-dragging], [data-pending]")).to_have_count(0)
    assert order(page, "two") == ["4", "5", "2"]
    expect(handle).to_be_focused()


def test_an_empty_table(person: Visitor) -> None:
    page = person.open("/tables")
    page.get_by_role("button", name="Move 1").hover()
    page.mouse.down()
    page.get_by_text("Table none").hover()
    page.mouse.up()
    settled(page, 1)
    assert (order(page, "one"), order(page, "none")) == (["2", "3"], ["1"])


def test_in_two_frames(person: Visitor) -> None:
    page = person.open("/frames")
    for name in ("left", "right"):
        frame = page.frame(name)
        assert frame is not None
        expect(frame.locator("html")).to_have_attribute("data-live", "open")
        drag(page, frame, 1, 3)
        assert order(frame, "one") == ["2", "3", "1"]
    left, right = page.frame("left"), page.frame("right")
    assert left is not None and right is not None
    left.get_by_role("button", name="Move 3").hover()
    page.mouse.down()
    target = right.locator("[data-key='2']").bounding_box()
    assert target is not None
    page.mouse.move(target["x"] + 20, target["y"] + 5, steps=4)
    page.mouse.up()  # outside of its frame
    for frame in (left, right):
        expect(frame.locator("[aria-busy], [data-dragging], [data-pending]")).to_have_count(0)
        assert sorted(map(str, order(frame, "one"))) == ["1", "2", "3"]
