"""The components of the kit that show data: by pointer, by keyboard, and for screen readers."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from tests.chromium.conftest import Visit, Visitor
from tests.chromium.server import Server

READ_CLIPBOARD = "() => navigator.clipboard.readText()"


def is_focused(locator: Locator) -> None:
    expect(locator).to_be_focused()


def test_a_table(live_visitor: Visitor) -> None:
    page = live_visitor.open("/ui")
    whole = page.locator(".ui-Table")
    table = whole.get_by_role("table", name="Books")
    rows = table.locator("tbody tr")
    expect(rows).to_have_count(8)
    year = table.get_by_role("link", name="Year")
    year.focus()
    page.keyboard.press("Enter")
    heading = table.get_by_role("columnheader", name="Year")
    expect(heading).to_have_attribute("aria-sort", "ascending")
    is_focused(year)
    page.keyboard.press("Enter")
    expect(heading).to_have_attribute("aria-sort", "descending")
    expect(whole.get_by_role("status").filter(has_text="1 to 8 of 56")).to_be_visible()

    second = whole.get_by_role("link", name="2", exact=True)
    second.scroll_into_view_if_needed()
    top = page.evaluate("scrollY")
    second.click()
    expect(whole.get_by_text("9 to 16 of 56")).to_be_visible()
    assert page.evaluate("scrollY") == top > 0
    is_focused(second)
    page.go_back()
    expect(whole.get_by_text("1 to 8 of 56")).to_be_visible()

    removed = rows.locator("td:nth-child(2)").all_inner_texts()
    everything = table.get_by_role("checkbox", name="Select: Books")
    rows.first.get_by_role("checkbox").check()
    expect(everything).to_have_js_property("indeterminate", True)
    everything.check()
    assert [box.is_checked() for box in rows.get_by_role("checkbox").all()] == [True] * 8
    whole.get_by_role("button", name="Remove").click()
    expect(whole.get_by_text("1 to 8 of 48")).to_be_visible()
    expect(everything).not_to_be_checked()
    assert not {*removed} & {*rows.locator("td:nth-child(2)").all_inner_texts()}

    search = whole.get_by_role("searchbox", name="Search")
    search.press_sequentially("sailor sea", delay=20)
    expect(rows).to_have_count(1)
    is_focused(search)
    search.fill("nothing like this")
    expect(table.get_by_text("Nothing found")).to_be_visible()


def test_a_tree(live_visitor: Visitor) -> None:
    page = live_visitor.open("/ui")
    tree = page.get_by_role("tree", name="Files")

    def item(name: str) -> Locator:
        return tree.get_by_role("treeitem", name=name, exact=True)

    expect(item("docs")).to_have_attribute("aria-expanded", "true")
    expect(item("map.png")).to_have_count(0)
    item("docs").focus()
    for keys, name in (
        (["ArrowDown"], "guide.md"),
        (["ArrowDown"], "images"),
        (["ArrowRight", "ArrowRight"], "logo.svg"),
        (["ArrowRight", "m"], "map.png"),
        (["ArrowLeft"], "images"),
        (["ArrowLeft", "ArrowDown"], "templates"),
        (["End"], "app.py"),
        (["Home", "Enter", "ArrowDown"], "templates"),
        (["ArrowUp", "*", "ArrowDown"], "guide.md"),
    ):
        for key in keys:
            page.keyboard.press(key)
        is_focused(item(name))
    assert tree.locator("[tabindex='0']").count() == 1, "Tab reaches one item"
    item("templates").click()
    expect(item("templates")).to_have_attribute("aria-expanded", "false")
    is_focused(item("templates"))

    page.get_by_role("button", name="Add a file").click()
    expect(item("notes")).to_have_attribute("aria-expanded", "true")
    expect(item("note-1.txt")).to_be_visible()
    expect(item("templates")).to_have_attribute("aria-expanded", "false")
    expect(item("docs")).to_have_attribute("aria-expanded", "true")
    item("notes").focus()
    page.keyboard.press("ArrowLeft")
    page.get_by_role("button", name="Add a file").click()
    expect(tree.get_by_text("note-2.txt")).to_be_attached()
    expect(item("notes")).to_have_attribute("aria-expanded", "false")


def test_a_chart(live_visitor: Visitor) -> None:
    page = live_visitor.open("/ui")
    figure = page.locator(".ui-Chart").filter(has_text="Loans by month")
    expect(page.get_by_role("img", name="Loans by month")).to_be_visible()
    last = figure.locator("rect").last
    bar = last.element_handle()
    for text in ("256", "265"):
        page.get_by_role("button", name="Lend 9 more").click()
        expect(last.locator("title")).to_have_text(f"Dec: {text}")
    expect(last).to_have_attribute("height", "66.25%")
    assert bar.evaluate("bar => bar.isConnected && bar.getBBox().height > 100")
    figure.get_by_text("Data", exact=True).click()
    row = figure.get_by_role("row", name="Dec")
    expect(row.get_by_role("cell")).to_have_text("265")
    page.get_by_role("button", name="Lend 9 more").click()
    expect(row.get_by_role("cell")).to_have_text("274")
    expect(page.get_by_role("img", name="Loans this year").locator("desc")).to_have_text(
        "274, between 148 and 361"
    )


def test_code_is_copied(live_visitor: Visitor) -> None:
    page = live_visitor.open("/ui")
    live_visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator(".ui-Code").get_by_role("button", name="Copy").click()
    page.wait_for_function("() => navigator.clipboard.readText().then(text => text.startsWith('@dataclass'))")
    assert page.evaluate(READ_CLIPBOARD).endswith("children: tuple[Entry, ...] = ()\n")


def violations(page: Page) -> list[str]:
    found = Axe().run(page, context=".ui-Table, .ui-Chart, .ui-Sparkline, .ui-Tree, .ui-Code, .ui-Markdown")
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found.response["violations"]]


def test_axe_finds_nothing(live_visitor: Visitor) -> None:
    for query in ("theme=light", "theme=dark&direction=rtl"):
        page = live_visitor.open(f"/ui?{query}")
        page.locator(".ui-Chart summary").first.click()
        page.locator(".ui-Table tbody input").first.check()
        assert violations(page) == []


def test_without_javascript(visit: Visit, server: Server) -> None:
    page = visit(server.url, script=False).open("/ui?data.page=2")
    table = page.locator(".ui-Table")
    expect(table.get_by_text("9 to 16 of 56")).to_be_visible()
    table.get_by_role("link", name="Year").click()
    expect(table.get_by_role("columnheader", name="Year")).to_have_attribute("aria-sort", "ascending")
    table.get_by_role("searchbox", name="Search").fill("sailor")
    table.get_by_role("button", name="Search").click()
    expect(table.get_by_text("1 to 7 of 7")).to_be_visible()
    table.locator("tbody").get_by_role("checkbox").first.check()
    table.get_by_role("button", name="Remove").click()
    expect(table.get_by_text("1 to 6 of 6")).to_be_visible()
    expect(page.locator(".ui-Tree").get_by_text("map.png")).to_be_visible()
    expect(page.locator(".ui-Code button")).to_be_hidden()
