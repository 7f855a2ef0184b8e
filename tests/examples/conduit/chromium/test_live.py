"""Two people at once, in two processes; and a link that takes 200 ms each way."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import FilePayload, Page, expect

from tests.chromium.conftest import Visit
from tests.chromium.proxy import link
from tests.chromium.server import Server
from tests.examples.conduit.chromium.conftest import is_accessible, publish, sign_in
from tests.support.client import load_lazy


@pytest.fixture
def slow(server: Server) -> Iterator[str]:
    with link(server.port, delay=0.2) as proxy:
        yield proxy.url


def open_article(page: Page, title: str) -> None:
    page.get_by_role("link", name=title).click()
    expect(page.get_by_role("heading", level=1).first).to_have_text(title)


def test_two_people_at_one_article(visit: Visit, server: Server) -> None:
    ada, bob = sign_in(visit(server.url), "marta"), sign_in(visit(server.url), "tomas")
    for page in (ada, bob):
        open_article(page, "Maps lie, kindly")
    ada.get_by_placeholder("Write a comment...").fill("half a")
    bob.get_by_placeholder("Write a comment...").fill("Hello")
    bob.get_by_role("button", name="Post Comment").click()
    expect(ada.locator(".card-text").last).to_have_text("Hello")
    expect(ada.get_by_placeholder("Write a comment...")).to_have_value("half a")
    expect(ada.locator(".card").last.get_by_role("button")).to_have_count(0)
    count = int(ada.locator(".counter").inner_text().strip("()"))
    bob.get_by_role("button", name="avorite Article").click()
    expect(ada.locator(".counter")).not_to_have_text(f"({count})")
    bob.get_by_role("button", name="Delete comment").last.click()
    expect(ada.get_by_text("Hello")).to_have_count(0)


def test_a_new_article_is_announced(visit: Visit, server: Server) -> None:
    reader, writer = visit(server.url).open("/"), sign_in(visit(server.url), "june")
    before = reader.locator(".preview-link h1").first.inner_text()
    publish(writer, "On Waiting")
    expect(reader.get_by_role("button", name="1 new article")).to_be_visible()
    expect(reader.locator(".preview-link h1").first).to_have_text(before)
    is_accessible(reader)
    reader.get_by_role("button", name="1 new article").click()
    expect(reader.locator(".preview-link h1").first).to_have_text("On Waiting")
    writer.get_by_role("button", name="Delete Article").click()
    expect(reader.locator(".preview-link h1").first).to_have_text(before)


def test_logging_out_ends_the_other_tabs(visit: Visit, server: Server) -> None:
    visitor = visit(server.url)
    page = sign_in(visitor, "samuel")
    other = visitor.open("/settings")
    page.evaluate("window.stays = true")
    page.get_by_role("link", name="Settings").click()
    page.get_by_role("button", name="Or click here to logout").click()
    expect(other).to_have_url(f"{server.url}/login")
    expect(page).to_have_url(f"{server.url}/")
    expect(page.locator(".banner h1")).to_have_text("conduit")
    assert page.evaluate("window.stays")


def test_a_slow_link(slow: str, visit: Visit) -> None:
    page = sign_in(visit(slow), "aiko")
    load_lazy(page)
    card = page.locator(".article-preview").first
    button, overlay = card.locator("button"), card.locator(".toggle > span")
    is_on = "btn-primary" in str(button.get_attribute("class"))
    count = int(card.locator(".counter").first.inner_text())
    after = str(count - 1 if is_on else count + 1)
    button.click()
    expect(overlay.locator(".counter")).to_have_text(after)  # at once
    expect(overlay).to_have_count(0)
    expect(button.locator(".counter")).to_have_text(after)
    page.locator(".preview-link").first.click()
    comment = page.get_by_placeholder("Write a comment...")
    comment.fill("From far away")
    page.get_by_role("button", name="Post Comment").click()
    expect(page.get_by_role("button", name="Posting…")).to_be_disabled()
    comment.fill("and more")
    expect(page.locator(".card-text").last).to_have_text("From far away")
    expect(comment).to_have_value("and more")


def test_a_picture_on_its_way(slow: str, visit: Visit) -> None:
    page = sign_in(visit(slow), "june")
    page.get_by_role("link", name="Settings").click()
    picture = FilePayload(name="large.png", mimeType="image/png", buffer=b"\x89PNG" + bytes(1_900_000))
    page.get_by_label("Upload a picture").set_input_files([picture])
    page.get_by_role("button", name="Upload", exact=True).click()
    expect(page.get_by_role("progressbar", name="Upload")).to_be_visible()
    expect(page.get_by_role("status").filter(has_text="That's you from now on.")).to_be_visible()
    expect(page.get_by_role("progressbar", name="Upload")).to_be_hidden()


def test_typing_ahead_of_a_slow_link(slow: str, visit: Visit) -> None:
    page = sign_in(visit(slow), "samuel")
    page.get_by_role("link", name="New Article").click()
    tag = page.get_by_placeholder("Enter tags")
    for text in ("one", "two", "three"):
        tag.fill(text)
        tag.press("Enter")
    page.get_by_label("Article Title").fill("In a hurry")
    expect(page.locator(".editor .tag-pill")).to_have_text(["one", "two", "three"])
    expect(page.get_by_label("Article Title")).to_have_value("In a hurry")
    expect(tag).to_have_value("")
