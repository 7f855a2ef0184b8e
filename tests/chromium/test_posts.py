"""Server Actions side by side with their source, in a browser."""

from __future__ import annotations

from secrets import token_hex

import pytest
from playwright.sync_api import Dialog, Page, expect

from tests.chromium.conftest import Visit, Visitor
from tests.chromium.server import Server


def create(page: Page, title: str) -> None:
    page.get_by_label("Title").fill(title)
    page.get_by_role("button", name="Create post").click()


def test_created_and_deleted(visitor: Visitor) -> None:
    title = f"Post {token_hex(4)}"
    page = visitor.open("/posts")
    create(page, title)
    expect(page.get_by_role("link", name=title)).to_be_visible()
    expect(page.get_by_label("Title")).to_have_value("")
    page.get_by_role("button", name=f"Delete {title}").click()
    expect(page.get_by_role("link", name=title)).to_have_count(0)


def test_refused_and_kept(visitor: Visitor) -> None:
    page = visitor.open("/posts")
    page.get_by_label("Content").fill("kept")
    create(page, "untitled")
    expect(page.locator(".error")).to_have_text("A post needs a title of its own")
    expect(page.get_by_label("Content")).to_have_value("kept")


@pytest.mark.also_blocked
def test_other_pages_are_patched(live_visitor: Visitor) -> None:
    title = f"Post {token_hex(4)}"
    mine, *theirs = (live_visitor.open("/posts") for _ in range(5))  # on whichever worker
    create(mine, title)
    for page in theirs:
        expect(page.get_by_role("link", name=title)).to_be_visible()


def test_published_and_there(visitor: Visitor) -> None:
    title = f"Post {token_hex(4)}"
    page = visitor.open("/posts/new")
    page.get_by_label("Title").fill(title)
    page.get_by_label("Content").fill("All of it")
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_role("heading")).to_have_text(title)
    expect(page).to_have_title(title)
    expect(page.locator(".content")).to_have_text("All of it")
    page.go_back()
    expect(page.get_by_role("button", name="Publish")).to_be_visible()


def test_a_form_that_is_not_published_asks(live_visitor: Visitor) -> None:
    page = live_visitor.open("/posts/new")
    page.get_by_label("Title").fill("Not yet")
    expect(page.locator("form[data-dirty]")).to_have_count(1)
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.get_by_role("link", name="Forms").click()
    expect(page.get_by_label("Title")).to_have_value("Not yet")
    assert asked == ["beforeunload"]
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_role("heading")).to_have_text("Not yet")
    assert asked == ["beforeunload"]


def test_contact(visitor: Visitor) -> None:
    page = visitor.open("/posts/contact")
    for label, text in [("Name", "Ada"), ("E-mail", "ada@example.org"), ("Message", "Hello")]:
        page.get_by_label(label).fill(text)
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("status")).to_have_text("Thank you, Ada!")


def test_state(visitor: Visitor) -> None:
    page = visitor.open("/posts/state")
    for tries in (1, 2):
        page.get_by_label("Title").fill("abc")
        page.get_by_role("button", name="Create draft").click()
        expect(page.get_by_role("alert")).to_have_text(f"Five letters or more, please ({tries})")


def test_a_cart_by_form_and_by_function(visit: Visit, server: Server) -> None:
    visitor = visit(server.url)
    page = visitor.open("/posts/cart")
    teapots = page.locator("li", has_text="Teapot").locator("output")
    page.get_by_role("button", name="Add Teapot").click()
    expect(teapots).to_have_text("1")
    page.get_by_role("button", name="by JavaScript").first.click()
    expect(page.locator("#told")).to_have_text("2 in the cart")
    expect(teapots).to_have_text("2")
    assert visitor.open("/posts/cart").locator("output").first.inner_text() == "2"
