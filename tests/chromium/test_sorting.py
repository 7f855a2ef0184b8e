"""Items are put in order by mouse, touch and keyboard, and are back in their places if that fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import jinja2
from playwright.sync_api import Page as Tab
from playwright.sync_api import expect

from liveactions import ActionError, Bound, Live, Page, action, cached, revalidate_tag
from tests.chromium.conftest import Visitor

HTML = """<!doctype html><title>Lists</title>
<style>ul, .grid { min-height: 40px; padding: 0 } li { height: 30px }
.grid { display: flex; flex-wrap: wrap; width: 320px }
.grid li { width: 100px } #long { height: 200px; overflow-y: auto } </style>
<h1>{{ news }}</h1><p>{{ note }}</p>
{% for name, items in lists.items() %}
<ul id="{{ name }}" {% if name == "rtl" %}dir="rtl"{% endif %}
  {% if name in ("grid", "pair", "rtl") %}class="grid" live-sort="{{ move(name) }}"
  {% elif name == "long" %}live-sort="{{ move(name) }}"
  {% else %}live-sort.group.both="{{ move(name) }}"{% endif %}>
  {% for item in items %}<li data-key="{{ item }}" tabindex="0">
    {% if name == "held" %}<button data-handle>Move {{ item }}</button>{% endif %}
    <a href="#{{ item }}">item {{ item }}</a> {% if item == 1 %}<input aria-label="text">{% endif %}</li>
  {% endfor %}</ul>
{% endfor %}
<button live-click="{{ announce }}">Announce</button> <button live-click="{{ release }}">Release</button>
<button live-click="{{ remove }}" id="remove">Remove 1</button>"""

live = Live(
    jinja2.Environment(loader=jinja2.DictLoader({"lists.html": HTML}), autoescape=True), keys="k" * 32
)
app = live
gate = asyncio.Event()
latest = ["old news"]


@cached(tags=["news"])
def read_news() -> str:
    return latest[0]


@live.page("/")
class Lists(Page):
    template = "lists.html"
    note: str = ""
    news: str = ""
    lists: dict[str, list[int]] = {
        "one": [1, 2, 3],
        "held": [4, 5],
        "grid": [11, 12, 13, 14],
        "long": [*range(20, 60)],
        "pair": [61, 62],
        "rtl": [71, 72, 73],
    }

    async def load(self) -> None:
        self.news = read_news()

    @action
    async def move(self, into: Bound[str], id: int, before: int | None = None) -> AsyncIterator[None]:
        self.note = f"moving {id}"
        yield
        if id == 2:
            await gate.wait()
            gate.clear()
        if id == 3:
            raise ActionError("Item 3 stays")
        for items in self.lists.values():
            if id in items:
                items.remove(id)
        items = self.lists[into]
        items.insert(items.index(before) if before in items else len(items), id)
        self.note = f"moved {id}"

    @action
    async def announce(self) -> None:
        latest[0] = "good news" if latest[0] != "good news" else "better news"
        revalidate_tag("news")

    @action
    async def remove(self) -> None:
        self.lists["one"].remove(1)

    @action
    async def release(self) -> None:
        gate.set()


def order(page: Tab, list: str) -> list[int]:
    keys = page.locator(f"#{list} > li").evaluate_all("items => items.map(item => item.dataset.key)")
    return [int(key) for key in keys]


def settled(page: Tab, note: str) -> None:
    """Wait until an item was moved, and nothing is pending."""
    expect(page.locator("p")).to_have_text(note)
    expect(page.locator("[aria-busy], [data-dragging], [data-pending]")).to_have_count(0)


def over(page: Tab, key: int, x: float = 0.5, y: float = 0.5, steps: int = 4) -> None:
    """Move the mouse to a point of an item: fractions of its width and height."""
    box = page.locator(f"li[data-key='{key}']").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * x, box["y"] + box["height"] * y, steps=steps)


def grab(page: Tab, key: int) -> None:
    over(page, key, y=0.9)
    page.mouse.down()


def test_by_mouse(person: Visitor) -> None:
    page = person.open("/")
    grab(page, 1)
    over(page, 2, y=0.9)
    assert order(page, "one") == [2, 1, 3]
    expect(page.locator("[data-dragging]")).to_have_attribute("data-key", "1")
    expect(page.locator("html")).to_have_attribute("data-sorting", "")
    page.mouse.up()
    settled(page, "moved 1")
    assert order(page, "one") == [2, 1, 3]
    expect(page.locator("html")).not_to_have_attribute("data-sorting", "")


def test_into_another_list_and_side_by_side(person: Visitor) -> None:
    page = person.open("/")
    grab(page, 1)
    over(page, 5, y=0.2)
    page.mouse.up()
    settled(page, "moved 1")
    assert (order(page, "one"), order(page, "held")) == ([2, 3], [4, 1, 5])
    grab(page, 14)
    over(page, 12, x=0.2)
    page.mouse.up()
    settled(page, "moved 14")
    assert order(page, "grid") == [11, 14, 12, 13]


def test_two_side_by_side_and_from_right_to_left(person: Visitor) -> None:
    page = person.open("/")
    grab(page, 61)
    over(page, 62, x=0.8)
    page.mouse.up()
    settled(page, "moved 61")
    assert order(page, "pair") == [62, 61]
    grab(page, 71)
    over(page, 73, x=0.2)
    page.mouse.up()
    settled(page, "moved 71")
    assert order(page, "rtl") == [72, 73, 71]
    page.locator("li[data-key='71']").focus()
    for key in (" ", "ArrowRight", " "):
        page.keyboard.press(key)
    expect(page.locator("#rtl li").nth(1)).to_have_attribute("data-key", "71")


def remove(page: Tab) -> None:
    """Remove item 1, as others may."""
    page.evaluate("document.querySelector('#remove').click()")
    expect(page.locator("#one li")).to_have_count(2)


def can_be_sorted(page: Tab) -> None:
    expect(page.locator("html[data-sorting], [data-dragging], [data-pending]")).to_have_count(0)
    grab(page, 61)
    over(page, 62, x=0.8)
    page.mouse.up()
    settled(page, "moved 61")


def test_an_item_is_removed_while_it_is_pressed(person: Visitor) -> None:
    page = person.open("/")
    grab(page, 1)
    remove(page)
    over(page, 2)
    page.mouse.up()
    can_be_sorted(page)


def test_an_item_is_removed_while_it_is_dragged(person: Visitor) -> None:
    page = person.open("/")
    grab(page, 1)
    over(page, 2, y=0.9)
    remove(page)
    page.mouse.up()
    can_be_sorted(page)
    page.reload()
    page.locator("li[data-key='1']").press(" ")
    remove(page)
    can_be_sorted(page)


def test_one_pointer_drags_until_it_is_released(person: Visitor) -> None:
    page = person.open("/")
    grab(page, 1)
    over(page, 3, y=0.9)
    for event in ("pointermove", "pointerup", "pointercancel"):
        page.evaluate("type => dispatchEvent(new PointerEvent(type, { pointerId: 99, buttons: 1 }))", event)
    expect(page.locator("[data-dragging]")).to_have_attribute("data-key", "1")
    assert order(page, "one") == [2, 3, 1]
    page.evaluate("dispatchEvent(new PointerEvent('pointermove', { pointerId: 1, clientX: 9, clientY: 9 }))")
    expect(page.locator("html[data-sorting], [data-dragging]")).to_have_count(0)
    assert order(page, "one") == [1, 2, 3]
    page.mouse.up()


def test_items_of_one_group_go_into_no_other(person: Visitor) -> None:
    page = person.open("/")
    grab(page, 1)
    over(page, 1, y=0.5)
    over(page, 12, steps=1)
    assert order(page, "grid") == [11, 12, 13, 14]
    page.mouse.up()
    expect(page.locator("[data-dragging], [data-pending]")).to_have_count(0)
    assert order(page, "one") == [1, 2, 3] and page.locator("p").inner_text() == ""


def test_what_has_a_handle_is_dragged_by_it_only(person: Visitor) -> None:
    page = person.open("/")
    page.locator("li[data-key='4'] a").hover()
    page.mouse.down()
    over(page, 1, y=0.2)
    page.mouse.up()
    assert order(page, "held") == [4, 5]
    page.get_by_role("button", name="Move 4").hover()
    page.mouse.down()
    over(page, 1, y=0.2)
    page.mouse.up()
    settled(page, "moved 4")
    assert order(page, "one") == [4, 1, 2, 3]


def test_links_are_followed_and_fields_are_used_unless_something_is_dragged(person: Visitor) -> None:
    page = person.open("/")
    page.get_by_role("link", name="item 3", exact=True).hover()
    page.mouse.down()
    over(page, 2, y=0.9)
    over(page, 3, y=0.9)
    page.mouse.up()
    expect(page.locator("[data-dragging]")).to_have_count(0)
    assert "#" not in page.url
    page.get_by_role("link", name="item 3", exact=True).click()
    assert page.url.endswith("#3")
    page.get_by_label("text").fill("abc")
    page.get_by_label("text").select_text()
    page.get_by_label("text").hover()
    page.mouse.down()
    over(page, 3)
    assert order(page, "one") == [1, 2, 3]
    page.mouse.up()


def test_an_item_stays_where_it_was_dropped_until_the_answer(person: Visitor) -> None:
    page, other = person.open("/"), person.open("/")
    grab(page, 2)
    over(page, 1, y=0.2)
    page.mouse.up()
    expect(page.locator("p")).to_have_text("moving 2")  # a patch has come meanwhile
    assert order(page, "one") == [2, 1, 3]
    expect(page.locator("li[data-pending]")).to_have_attribute("data-key", "2")
    expect(page.locator("#one")).to_have_attribute("aria-busy", "true")
    other.get_by_role("button", name="Release").click()
    settled(page, "moved 2")
    assert order(page, "one") == [2, 1, 3]


def test_patches_arrive_while_an_item_is_dragged(person: Visitor) -> None:
    page, other = person.open("/"), person.open("/")
    news = page.locator("h1")
    before = news.inner_text()
    grab(page, 1)
    over(page, 3, y=0.9)
    other.get_by_role("button", name="Announce").click()
    expect(news).not_to_have_text(before)
    assert order(page, "one") == [2, 3, 1]
    page.mouse.up()
    settled(page, "moved 1")
    assert order(page, "one") == [2, 3, 1]


def test_what_fails_is_taken_back(person: Visitor) -> None:
    page = person.open("/")
    page.evaluate("addEventListener('live:error', ({ detail }) => { window.failed = detail.error })")
    grab(page, 3)
    over(page, 1, y=0.2)
    page.mouse.up()
    page.wait_for_function("window.failed === 'Item 3 stays'")
    settled(page, "moving 3")
    assert order(page, "one") == [1, 2, 3]


def test_escape_leaves_everything_as_it_was(person: Visitor) -> None:
    page = person.open("/")
    grab(page, 1)
    over(page, 4, y=0.2)
    assert order(page, "held") == [1, 4, 5]
    page.keyboard.press("Escape")
    assert order(page, "one") == [1, 2, 3]
    page.mouse.up()
    expect(page.locator("[data-dragging], [data-pending]")).to_have_count(0)


def test_by_keyboard(person: Visitor) -> None:
    page = person.open("/")
    handle = page.get_by_role("button", name="Move 4")
    handle.press(" ")
    expect(page.get_by_role("status")).to_have_text("1 / 2")
    handle.press("ArrowDown")
    expect(page.get_by_role("status")).to_have_text("2 / 2")
    assert order(page, "held") == [5, 4]
    handle.press("ArrowLeft")
    assert (order(page, "one"), order(page, "held")) == ([1, 4, 2, 3], [5])
    handle.press("ArrowUp")
    expect(handle).to_be_focused()
    handle.press("Enter")
    settled(page, "moved 4")
    assert order(page, "one") == [4, 1, 2, 3]
    page.locator("li[data-key='11']").focus()
    for key in (" ", "ArrowRight", "ArrowRight", "Escape"):
        page.keyboard.press(key)
    assert order(page, "grid") == [11, 12, 13, 14]
    for key in (" ", "ArrowRight", " "):
        page.keyboard.press(key)
    settled(page, "moved 11")
    assert order(page, "grid") == [12, 11, 13, 14]


def test_a_key_that_is_held_takes_an_item_once(person: Visitor) -> None:
    page = person.open("/")
    handle = page.get_by_role("button", name="Move 4")
    handle.focus()
    for _ in range(2):
        page.keyboard.down(" ")
        expect(page.locator("[data-dragging]")).to_have_count(1)
    page.keyboard.up(" ")
    handle.press("ArrowDown")
    page.locator("h1").click()
    expect(page.locator("[data-dragging], [data-pending]")).to_have_count(0)
    assert order(page, "held") == [4, 5]


def test_what_scrolls_does_so_at_its_end(person: Visitor) -> None:
    page = person.open("/")
    page.locator("#long").scroll_into_view_if_needed()
    grab(page, 20)
    box = page.locator("#long").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 30, box["y"] + box["height"] - 5, steps=4)
    page.wait_for_function("document.querySelector('#long').scrollTop > 600")
    page.mouse.up()
    settled(page, "moved 20")
    assert order(page, "long").index(20) > 15


def test_by_touch(person: Visitor) -> None:
    page = person.open("/")
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setTouchEmulationEnabled", {"enabled": True})

    def touch(type: str, *point: float) -> None:
        points = [{"x": point[0], "y": point[1]}] if point else []
        session.send("Input.dispatchTouchEvent", {"type": type, "touchPoints": points})

    start, end = (page.locator(f"li[data-key='{key}']").bounding_box() for key in (1, 3))
    assert start and end
    touch("touchStart", start["x"] + 600, start["y"] + 20)
    expect(page.locator("[data-dragging]")).to_have_attribute("data-key", "1")  # the finger has rested
    for fraction in (0.2, 0.6, 0.9):
        touch("touchMove", end["x"] + 600, end["y"] + end["height"] * fraction)
    touch("touchEnd")
    settled(page, "moved 1")
    assert order(page, "one") == [2, 3, 1]
