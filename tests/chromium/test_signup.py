from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.chromium.conftest import Visitor
from tests.chromium.observe import watching


def error(page: Page, label: str) -> Locator:
    """The text beside a field."""
    return page.locator(".ui-Field", has=page.get_by_label(label)).locator(".ui-error")


def send(page: Page) -> None:
    page.get_by_role("button", name="Sign up").click()


@pytest.fixture
def page(visitor: Visitor) -> Page:
    return visitor.open("/signup")


def test_empty(page: Page) -> None:
    send(page)
    for label in ("Name", "E-mail", "Password"):
        expect(error(page, label)).to_have_text("This field is required")


def test_errors_beside_their_fields_and_what_was_typed_is_kept(page: Page) -> None:
    page.get_by_label("Name").fill("ada")
    page.get_by_label("E-mail").fill("not an address")
    page.get_by_label("Password").fill("longenough")
    page.get_by_label("Plan").select_option("team")
    page.get_by_label("I accept the terms").check()
    send(page)
    expect(error(page, "Name")).to_contain_text("ada is taken")
    expect(error(page, "E-mail")).not_to_be_empty()
    expect(error(page, "Password")).to_contain_text("At least one digit")
    expect(page.get_by_label("Name")).to_have_value("ada")
    expect(page.get_by_label("E-mail")).to_have_value("not an address")
    expect(page.get_by_label("Plan")).to_have_value("team")
    expect(page.get_by_label("I accept the terms")).to_be_checked()


def test_passwords_never_come_back(page: Page, visitor: Visitor) -> None:
    page.get_by_label("Password").fill("longenough")
    send(page)
    expect(error(page, "Name")).to_have_text("This field is required")
    assert "longenough" not in page.content()
    expect(page.get_by_label("Password")).to_have_value("longenough" if visitor.script else "")


def test_corrected_and_accepted(page: Page) -> None:
    page.get_by_label("Name").fill("margaret")
    page.get_by_label("E-mail").fill("m@example.org")
    page.get_by_label("Password").fill("apollo-11")
    send(page)
    expect(error(page, "I accept the terms")).to_have_text("Please accept the terms")
    page.get_by_label("Password").fill("apollo-11")
    page.get_by_label("I accept the terms").check()
    send(page)
    expect(page.get_by_role("status")).to_have_text("Welcome, margaret!")


def test_validated_as_one_types(live_visitor: Visitor) -> None:
    page = live_visitor.open("/signup")
    name = page.get_by_label("Name")
    name.press_sequentially("grace")
    expect(error(page, "Name")).to_contain_text("grace is taken")
    for untouched in ("E-mail", "Password"):
        expect(error(page, untouched)).to_be_empty()
    name.press_sequentially("ful")
    expect(error(page, "Name")).to_be_empty()
    expect(name).to_have_value("graceful")
    expect(name).to_be_focused()


def test_typing_is_debounced(live_visitor: Visitor) -> None:
    page = live_visitor.new_tab()
    sent: list[str | bytes] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda text: sent.append(text)))
    live_visitor.go(page, "/signup")
    before = len(sent)
    page.get_by_label("Name").press_sequentially("linus")
    expect(error(page, "Name")).to_contain_text("linus is taken")
    assert len(sent) - before <= 3


@pytest.mark.also_blocked
def test_validation_touches_the_error_alone(live_visitor: Visitor) -> None:
    page = live_visitor.open("/signup")
    with watching(page) as touched:
        page.get_by_label("Name").fill("ada")
        expect(error(page, "Name")).to_contain_text("ada is taken")
    assert {place.rsplit(" ", 1)[-1].split("/")[0] for place, _ in touched} <= {
        "#join-name-error",
        "small",
        "#join-name",
    }
