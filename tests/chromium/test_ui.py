"""The gallery of components under a strict policy: by keyboard, while patches come, without JavaScript."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import FilePayload, Page, expect
from starlette.middleware import Middleware
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from examples import ui
from examples.index import HERE
from liveactions import Live
from tests.chromium.conftest import Visitor
from tests.chromium.test_hooks import Policy
from tests.support.small import KEY

app = Live(
    HERE / "templates",
    keys=KEY,
    routes=[Mount("/static", StaticFiles(directory=HERE / "static"))],
    middleware=[Middleware(Policy)],
)
app.include(ui.pages)


def patch(page: Page) -> None:
    """Let the server change lists and texts all over the page, whatever is open in front of it."""
    files = page.locator("#dialogs ~ ul li").count()
    page.evaluate("document.querySelector('#feedback ~ div button:last-of-type').click()")
    expect(page.locator("#dialogs ~ ul li")).to_have_count(files + 1)


def test_by_keyboard_while_patches_come(person: Visitor) -> None:
    page = person.open("/ui")
    press = page.keyboard.press
    city, plain = page.get_by_role("combobox", name="City"), page.locator("select[name=city]")
    page.get_by_text("City", exact=False).first.click()
    expect(city).to_be_focused()
    press("ArrowDown")
    page.keyboard.type("evo")
    patch(page)
    expect(page.locator("[role=option]")).to_have_text(["Évora"])
    press("Enter")
    expect(city).to_have_value("Évora")
    expect(plain).to_have_value("Évora")
    press("ArrowDown")
    press("Escape")
    expect(page.locator("[role=listbox]")).to_be_hidden()

    tab = page.get_by_role("tab", name="Recent")
    tab.focus()
    press("ArrowRight")
    search = page.get_by_role("tabpanel", name="Shared").get_by_role("searchbox")
    press("Tab")
    press("Tab")
    expect(search).to_be_focused()
    page.keyboard.type("plan")
    patch(page)
    expect(search).to_be_focused()
    expect(search).to_have_value("plan")
    expect(page.get_by_role("tab", selected=True)).to_have_text("Shared")

    menu, item = page.get_by_role("button", name="File", exact=True), page.locator("[role=menuitem]:focus")
    menu.focus()
    press("ArrowUp")
    expect(item).to_have_text("Delete…")
    press("ArrowDown")
    expect(item).to_have_text("Make a copy")
    patch(page)
    expect(item).to_have_text("Make a copy")
    press("s")
    expect(item).to_have_text("Show the tabs")
    press("Escape")
    expect(menu).to_be_focused()
    press("Enter")
    expect(item).to_have_text("Make a copy")
    press("End")
    press("Enter")

    ask = page.get_by_role("dialog")
    expect(ask.get_by_role("button", name="Cancel")).to_be_focused()
    patch(page)
    expect(ask).to_contain_text("7 files will be gone")
    press("Tab")
    press("Enter")
    expect(ask).to_be_hidden()
    toast = page.locator(".ui-toast")
    expect(toast).to_have_text("All files are deleted")
    expect(page.get_by_role("button", name="Delete 0 files…")).to_be_visible()
    toast.get_by_role("button", name="Dismiss").click()
    expect(toast).to_be_hidden()


def test_forms_and_dialogs_with_and_without_javascript(anybody: Visitor) -> None:
    page = anybody.open("/ui")
    page.get_by_role("button", name="About").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("A note").fill("x")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    if anybody.script:
        page.get_by_role("combobox", name="City").fill("cor")
    else:
        page.get_by_label("City").select_option("Cork")
        expect(page.get_by_role("heading", name="Trash")).to_be_visible()
    page.get_by_label("Arrival").fill("2027-05-01")
    page.get_by_label("Departure").fill("2027-05-04")
    ticket = FilePayload(name="a.pdf", mimeType="application/pdf", buffer=b"x")
    page.get_by_label("Tickets").set_input_files(ticket)
    page.get_by_role("button", name="Book").click()
    expect(page.locator(".ui-toast p")).to_have_text("Cork, 3 nights, 1 tickets")
    page.get_by_role("button", name="Delete 3 files…").click()
    dialog.get_by_role("button", name="Delete").click()
    expect(page.locator(".ui-toast p")).to_have_text("All files are deleted")


def test_the_edges_of_invalid_fields_have_the_colour_of_their_errors(person: Visitor) -> None:
    page = person.open("/ui")
    page.emulate_media(reduced_motion="reduce")
    fields = page.locator(".ui-Field", has=page.locator("input[type=text], input[name=email]"))
    for name in ("Your name", "E-mail"):
        page.get_by_label(name).fill("x")
    for name in ("Your name", "E-mail"):
        field = fields.filter(has_text=name)
        expect(field.locator(".ui-error")).not_to_be_empty()
        colour = field.locator(".ui-error").evaluate("error => getComputedStyle(error).color")
        expect(field.locator("input")).to_have_css("border-top-color", colour)


@pytest.mark.parametrize("query", ["theme=light", "theme=dark", "theme=light&direction=rtl"])
def test_it_is_accessible(person: Visitor, query: str) -> None:
    page = person.open(f"/ui?{query}")
    page.emulate_media(reduced_motion="reduce")
    page.get_by_role("button", name="Sign up").click()
    page.get_by_role("button", name="Copy a file").click()
    page.get_by_role("combobox", name="City").click()
    expect(page.get_by_role("option", name="Lyon")).to_be_visible()
    found = Axe().run(page)
    assert not found.response["violations"], found.generate_report()
    page.get_by_role("button", name="File", exact=True).click()
    expect(page.get_by_role("menu")).to_be_visible()
    found = Axe().run(page, ".ui-Menu")
    assert not found.response["violations"], found.generate_report()
    page.get_by_role("menuitem", name="Delete…").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    found = Axe().run(page, "dialog[open]")
    assert not found.response["violations"], found.generate_report()
    width = "document.documentElement.scrollWidth - innerWidth"
    page.keyboard.press("Escape")
    page.set_viewport_size({"width": 320, "height": 800})
    assert page.evaluate(width) <= 0
