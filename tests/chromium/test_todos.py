"""TodoMVC's specification, in the order of its text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Locator, expect

from tests.chromium.conftest import Visit, Visitor
from tests.chromium.observe import watching
from tests.chromium.proxy import link
from tests.chromium.server import Server

TITLES = ["buy milk", "walk the dog", "écrire à Zoë <b>"]


class Todos:
    """A tab with the list, handled as a person would with or without JavaScript."""

    def __init__(self, visitor: Visitor, path: str = "/todos") -> None:
        self.visitor = visitor
        self.script = visitor.script
        self.page = visitor.open(path)
        self.new = self.page.locator(".new-todo")
        self.items = self.page.locator(".todo-list li")
        self.labels = self.page.locator(".todo-list label")
        self.count = self.page.locator(".todo-count")

    def add(self, *titles: str) -> None:
        for title in titles:
            self.page.wait_for_load_state()
            before = self.items.count()
            self.new.fill(title)
            self.new.press("Enter")
            expect(self.items).to_have_count(before + 1)

    def toggle(self, index: int) -> None:
        item = self.items.nth(index)
        if self.script:
            item.locator(".toggle").click()
        else:
            item.get_by_role("button", name="Done").click()

    def toggle_all(self) -> None:
        if self.script:
            self.page.get_by_text("Mark all as complete").click()
        else:
            self.page.get_by_role("button", name="Mark all").click()

    def edit(self, index: int) -> Locator:
        """Begin to edit; the field to do it in."""
        item = self.items.nth(index)
        if self.script:
            item.locator("label").dblclick()
        else:
            item.get_by_role("button", name="Edit").click()
        expect(item).to_have_class("editing")
        return item.locator(".edit")

    def remove(self, index: int) -> None:
        self.items.nth(index).hover()
        self.items.nth(index).locator(".destroy").click()

    def filter(self, name: str) -> None:
        self.page.get_by_role("link", name=name, exact=True).click()
        expect(self.page.locator(".filters a.selected")).to_have_text(name)


@pytest.fixture
def todos(visitor: Visitor) -> Todos:
    return Todos(visitor)


@pytest.fixture
def three(todos: Todos) -> Todos:
    todos.add(*TITLES)
    return todos


@pytest.fixture
def live(live_visitor: Visitor) -> Todos:
    todos = Todos(live_visitor)
    todos.add(*TITLES)
    return todos


def kept(todos: Todos) -> list[tuple[str, bool]]:
    """What the browser keeps."""
    found = todos.page.evaluate("JSON.parse(localStorage.getItem('react-todos') ?? '[]')")
    assert all(set(todo) == {"title", "completed"} for todo in found)
    return [(todo["title"], todo["completed"]) for todo in found]


def test_the_browser_keeps_the_whole_list(live: Todos) -> None:
    live.toggle(1)
    expect(live.items.nth(1)).to_have_class("completed")
    assert kept(live) == [(TITLES[0], False), (TITLES[1], True), (TITLES[2], False)]
    live.filter("Completed")
    live.edit(0).fill("walk the cat")
    live.page.keyboard.press("Enter")
    expect(live.labels).to_have_text(["walk the cat"])
    assert kept(live) == [(TITLES[0], False), ("walk the cat", True), (TITLES[2], False)]


def test_the_browser_hands_its_list_back(live: Todos) -> None:
    live.toggle(1)
    expect(live.items.nth(1)).to_have_class("completed")
    live.visitor.context.clear_cookies()  # nobody's list now
    live.page.reload()
    expect(live.labels).to_have_text(TITLES)
    expect(live.items.nth(1)).to_have_class("completed")
    expect(live.count).to_have_text("2 items left")
    assert kept(live) == [(TITLES[0], False), (TITLES[1], True), (TITLES[2], False)]


def test_a_list_that_was_emptied_stays_empty(live: Todos) -> None:
    live.toggle_all()
    live.page.get_by_role("button", name="Clear completed").click()
    expect(live.items).to_have_count(0)
    live.page.wait_for_function("localStorage.getItem('react-todos') === '[]'")
    live.visitor.go(live.page, "/todos")
    expect(live.items).to_have_count(0)


def test_what_others_left_there_is_no_list(live_visitor: Visitor) -> None:
    page = live_visitor.open("/counter")
    titles: list[str] = []
    for text in ("{", '{"title": "no list"}', '[{"titel": "?"}]', "[1]", "null"):
        page.evaluate("text => localStorage.setItem('react-todos', text)", text)
        todos = Todos(live_visitor)
        expect(todos.labels).to_have_text(titles)
        todos.add(text)
        titles.append(text)
        assert kept(todos) == [(title, False) for title in titles]


def test_adding(todos: Todos) -> None:
    expect(todos.new).to_be_focused()
    for hidden in (".main", ".footer"):
        expect(todos.page.locator(hidden)).to_be_hidden()
    todos.add(TITLES[0])
    expect(todos.count).to_have_text("1 item left")
    todos.add(*TITLES[1:])
    expect(todos.count).to_have_text("3 items left")
    expect(todos.labels).to_have_text(TITLES)
    expect(todos.new).to_have_value("")
    expect(todos.new).to_be_focused()
    for shown in (".main", ".footer"):
        expect(todos.page.locator(shown)).to_be_visible()
    todos.new.fill("   ")
    todos.new.press("Enter")
    todos.add("   padded  ")  # and nothing for the empty title
    expect(todos.labels).to_have_text([*TITLES, "padded"])


def test_markup(three: Todos) -> None:
    three.toggle(1)
    expect(three.items.nth(1)).to_have_class("completed")
    app = three.page.locator("section.todoapp")
    for selector in (
        "> header.header > h1",
        "> header.header > input.new-todo[placeholder='What needs to be done?'][autofocus]",
        "> section.main > input#toggle-all.toggle-all[type=checkbox]",
        "> section.main > label[for=toggle-all]",
        "> footer.footer > span.todo-count > strong",
        "> footer.footer > ul.filters > li > a.selected[href$='#/']",
        "> footer.footer > ul.filters > li > a[href$='#/active']",
        "> footer.footer > ul.filters > li > a[href$='#/completed']",
        "> footer.footer > button.clear-completed",
    ):
        expect(app.locator(selector)).to_have_count(1)
    for selector in (
        "> div.view > input.toggle[type=checkbox]",
        "> div.view > label",
        "> div.view > button.destroy",
        "> input.edit",
    ):
        expect(app.locator("> section.main > ul.todo-list > li").locator(selector)).to_have_count(3)
    classes = three.items.evaluate_all("items => items.map(item => item.className)")
    assert classes == ["", "completed", ""]


def test_toggling(three: Todos) -> None:
    three.toggle(0)
    expect(three.items.nth(0)).to_have_class("completed")
    expect(three.items.nth(0).locator(".toggle")).to_be_checked()
    expect(three.count).to_have_text("2 items left")
    three.toggle(1)
    expect(three.count).to_have_text("1 item left")
    three.toggle(2)
    expect(three.count).to_have_text("0 items left")
    for index in range(3):
        three.toggle(index)
        expect(three.items.nth(index)).not_to_have_class("completed")
        expect(three.items.nth(index).locator(".toggle")).not_to_be_checked()
    checkbox = three.page.locator(".toggle-all")
    three.toggle_all()
    expect(three.page.locator("li.completed")).to_have_count(3)
    expect(checkbox).to_be_checked()
    three.toggle(1)
    expect(checkbox).not_to_be_checked()
    three.toggle(1)
    expect(checkbox).to_be_checked()
    three.toggle_all()
    expect(three.page.locator("li.completed")).to_have_count(0)
    expect(checkbox).not_to_be_checked()


def test_clicks_hit_what_is_there(live: Todos) -> None:
    live.labels.nth(0).click()
    live.items.nth(0).locator(".toggle").click()
    expect(live.items.nth(0)).to_have_class("completed")
    expect(live.page.locator("li.completed")).to_have_count(1)
    for selector, count in ((".toggle-all", 3), (".toggle-all + label", 0)):
        live.page.locator(selector).click()  # in the middle of it, where nothing else may be
        expect(live.page.locator("li.completed")).to_have_count(count)


def test_removing(three: Todos) -> None:
    three.page.mouse.move(0, 0)
    buttons = three.page.locator(".destroy")
    expect(buttons.nth(1)).to_be_hidden()
    three.items.nth(1).hover()
    expect(buttons.nth(1)).to_be_visible()
    expect(buttons.nth(2)).to_be_hidden()
    three.remove(1)
    expect(three.labels).to_have_text([TITLES[0], TITLES[2]])
    clear = three.page.locator(".clear-completed")
    expect(clear).to_be_hidden()
    three.toggle(1)
    clear.click()
    expect(three.labels).to_have_text([TITLES[0]])
    expect(clear).to_be_hidden()


NO_SOCKET = "window.WebSocket = class { close() {} send() {} }"


def test_the_browser_keeps_the_list_before_the_socket_has_opened(live: Todos) -> None:
    page = live.visitor.new_tab()
    page.add_init_script(f"{NO_SOCKET}; localStorage.clear()")
    page.goto(f"{live.visitor.url}/todos")
    page.wait_for_function("localStorage.getItem('react-todos')")
    assert [title for title, _ in kept(live)] == TITLES
    assert page.locator("html").get_attribute("data-live") != "open"


def test_edit_and_enter(three: Todos) -> None:
    field = three.edit(1)
    expect(field).to_be_focused()
    expect(field).to_have_value(TITLES[1])
    expect(three.items.nth(1).locator(".view")).to_be_hidden()
    field.fill("  walk two dogs  ")
    field.press("Enter")
    expect(three.labels).to_have_text([TITLES[0], "walk two dogs", TITLES[2]])
    expect(three.items.nth(1)).not_to_have_class("editing")
    field = three.edit(0)
    field.fill("  ")
    field.press("Enter")  # nothing is left of its title
    expect(three.labels).to_have_text(["walk two dogs", TITLES[2]])


def test_editing_ends(live: Todos) -> None:
    live.edit(0).fill("buy oat milk")
    live.page.locator("h1").click()  # by leaving the field
    expect(live.labels).to_have_text(["buy oat milk", *TITLES[1:]])
    expect(live.items.nth(0)).not_to_have_class("editing")
    field = live.edit(0)
    field.fill("something else")
    field.press("Escape")
    expect(live.items.nth(0)).not_to_have_class("editing")
    expect(live.labels).to_have_text(["buy oat milk", *TITLES[1:]])
    expect(live.edit(0)).to_have_value("buy oat milk")
    live.items.nth(0).locator(".edit").fill("saved by Enter")
    live.items.nth(0).locator(".edit").press("Enter")
    live.page.locator("h1").click()  # which doesn't save it twice
    expect(live.edit(1)).to_have_value(TITLES[1])
    expect(live.labels).to_have_text(["saved by Enter", *TITLES[1:]])


@pytest.mark.also_blocked
def test_filters_and_back(three: Todos) -> None:
    three.toggle(1)
    expect(three.items.nth(1)).to_have_class("completed")
    three.filter("Active")
    expect(three.page).to_have_url(re.compile(r"/todos\?filter=active#/active$"))
    expect(three.labels).to_have_text([TITLES[0], TITLES[2]])
    three.filter("Completed")
    expect(three.page).to_have_url(re.compile(r"#/completed$"))
    expect(three.labels).to_have_text([TITLES[1]])
    three.page.go_back()
    expect(three.labels).to_have_text([TITLES[0], TITLES[2]])
    three.page.go_back()
    expect(three.labels).to_have_text(TITLES)
    three.page.go_forward()
    expect(three.labels).to_have_text([TITLES[0], TITLES[2]])
    three.filter("All")
    expect(three.page).to_have_url(re.compile(r"/todos#/$"))
    expect(three.labels).to_have_text(TITLES)


def test_filtered_list_is_kept_up_to_date(three: Todos) -> None:
    three.filter("Active")
    three.toggle(0)
    expect(three.labels).to_have_text(TITLES[1:])
    three.add("another")
    expect(three.labels).to_have_text([*TITLES[1:], "another"])
    three.filter("Completed")
    expect(three.labels).to_have_text(TITLES[:1])


def test_the_list_is_the_visitors(three: Todos, visit: Visit, server: Server) -> None:
    three.toggle(0)
    expect(three.items.nth(0)).to_have_class("completed")
    again = Todos(three.visitor)
    expect(again.labels).to_have_text(TITLES)
    expect(again.items.nth(0)).to_have_class("completed")
    stranger = Todos(visit(server.url, script=three.script))
    expect(stranger.page.locator(".todo-list")).to_have_count(0)


def test_a_toggle_touches_its_row(live: Todos) -> None:
    with watching(live.page) as touched:
        live.toggle(1)
        expect(live.items.nth(1)).to_have_class("completed")
        expect(live.count).to_have_text("2 items left")
    assert not [place for place, _ in touched if " ul li" in place and "li[2]" not in place]


@pytest.fixture
def linked(server: Server) -> Iterator[Callable[[float], str]]:
    """The address of the examples over a link with a delay; it holds until the page is closed."""
    with ExitStack() as stack:
        yield lambda delay: stack.enter_context(link(server.port, delay=delay)).url


@pytest.mark.parametrize("delay", [0.0, 0.1])
def test_three_todos_in_immediate_succession(
    linked: Callable[[float], str], visit: Visit, delay: float
) -> None:
    todos = Todos(visit(linked(delay)))
    for title in TITLES:
        todos.new.fill(title)
        todos.new.press("Enter")
    expect(todos.labels).to_have_text(TITLES)
    expect(todos.new).to_have_value("")


def test_typing_goes_on_while_a_todo_is_added(linked: Callable[[float], str], visit: Visit) -> None:
    todos = Todos(visit(linked(0.2)))
    todos.new.fill("first")
    todos.new.press("Enter")
    todos.new.fill("half a sec")
    expect(todos.labels).to_have_text(["first"])
    expect(todos.new).to_have_value("half a sec")
    todos.new.press_sequentially("ond")
    todos.new.press("Enter")
    expect(todos.labels).to_have_text(["first", "half a second"])
