"""All pages in a real browser, with JavaScript and without."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.chromium.conftest import Visit, Visitor
from tests.chromium.server import Server
from tests.examples.conduit.chromium.conftest import is_accessible, publish, sign_in

PICTURE = Path("examples/conduit/screenshot.png")


def test_from_signing_up_to_logging_out(visitor: Visitor) -> None:
    page, name = visitor.open("/register"), "with" if visitor.script else "without"
    page.get_by_label("Username").fill(name)
    page.get_by_label("Email").fill("aiko@example.org")
    page.get_by_label("Password").fill("12345678")
    page.locator("main").get_by_role("button", name="Sign up").click()
    expect(page.locator(".error-messages li")).to_have_text(["email: has already been taken"])
    expect(page.get_by_label("Username")).to_have_value(name)
    page.get_by_label("Email").fill(f"{name}@example.org")
    page.get_by_label("Password").fill("12345678")
    page.locator("main").get_by_role("button", name="Sign up").click()
    expect(page.locator(".navbar .nav-link")).to_have_text(["Home", "New Article", "Settings", name])
    publish(page, f"On {name}", "one", "two")
    expect(page.locator(".article-page .tag-pill")).to_have_text(["one", "two"])
    page.get_by_placeholder("Write a comment...").fill("First!")
    page.get_by_role("button", name="Post Comment").click()
    expect(page.locator(".card-text")).to_have_text(["First!"])
    expect(page.get_by_placeholder("Write a comment...")).to_have_value("")
    page.locator(".mod-options .ion-trash-a").click()
    expect(page.locator(".card-text")).to_have_count(0)
    page.get_by_role("link", name="Home").click()
    page.get_by_role("link", name="A loaf that waits for you").click()
    page.get_by_role("button", name="Favorite Article").click()
    expect(page.get_by_role("button", name="Unfavorite Article")).to_be_visible()
    page.get_by_role("button", name="Follow Marta Lindqvist").click()
    expect(page.get_by_role("button", name="Unfollow Marta Lindqvist")).to_be_visible()
    page.get_by_role("link", name="Settings").click()
    page.get_by_role("button", name="Or click here to logout").click()
    expect(page.locator(".navbar .nav-link")).to_have_text(["Home", "Sign in", "Sign up"])


def test_every_page_is_accessible(visit: Visit, server: Server) -> None:
    nobody, page = visit(server.url).open("/login"), sign_in(visit(server.url), "tomas")
    for path in ("/register", "/profile/June", "/login"):
        nobody.goto(server.url + path)
        is_accessible(nobody)
    nobody.locator("main").get_by_role("button", name="Sign in").click()
    expect(nobody.locator(".error-messages li")).to_have_count(2)
    is_accessible(nobody)
    article = "/article/" + str(page.locator(".preview-link").first.get_attribute("href")).rsplit("/")[-1]
    for path in ("/", "/?page=2", "/tag/garden", "/editor", "/settings", "/profile/Aiko", article):
        page.goto(server.url + path)
        is_accessible(page)
    page.set_viewport_size({"width": 390, "height": 800})
    for path in ("/", article):
        page.goto(server.url + path)
        is_accessible(page)


def test_nothing_is_reloaded(visit: Visit, server: Server) -> None:
    page = sign_in(visit(server.url), "marta")
    page.evaluate("window.stays = true")
    for name in ("Settings", "New Article", "Marta Lindqvist", "Favorited Articles", "My Articles", "Home"):
        page.get_by_role("link", name=name).first.click()
        expect(page.locator("[aria-current=page]").filter(has_text=name)).to_have_count(1)
        # That is marked at once. While another page is on its way, the browser itself follows a link.
        if name.endswith(" Articles"):
            expect(page.locator(".nav-link.active").filter(has_text=name)).to_have_count(1)
        else:
            expect(page).to_have_title(f"{name} — Conduit")
    page.get_by_role("link", name="kitchen").first.click()
    expect(page).to_have_title("#kitchen — Conduit")
    publish(page, "For a moment")
    page.get_by_role("link", name="Edit Article").click()
    page.get_by_role("button", name="Publish Article").click()
    page.get_by_role("button", name="Delete Article").click()
    expect(page).to_have_title("Home — Conduit")
    page.get_by_role("link", name="Settings").click()
    page.get_by_role("button", name="Or click here to logout").click()
    expect(page).to_have_url(f"{server.url}/")
    assert page.evaluate("window.stays")


@pytest.mark.parametrize(("path", "names"), [("/login", "email"), ("/register", "username email")])
def test_a_refused_form_is_shown_at_the_pages_own_address(visitor: Visitor, path: str, names: str) -> None:
    page = visitor.open(path)
    for name in names.split():
        page.locator(f"[name={name}]").fill("marta@example.org")
    page.locator("[name=password]").fill("something else")
    page.locator(
        "main button[type=submit]" if page.locator("main").count() else "button[type=submit]"
    ).click()
    expect(page.locator("ul.error-messages li")).not_to_have_count(0)
    expect(page).to_have_url(f"{visitor.url}{path}")
    expect(page.locator("[name=email]")).to_have_value("marta@example.org")


def test_back_to_what_is_gone(visitor: Visitor) -> None:
    page = sign_in(visitor, "marta")
    publish(page, "For a moment")
    page.get_by_role("button", name="Delete Article").click()
    expect(page).to_have_url(f"{visitor.url}/")
    page.get_by_role("link", name="Settings").click()
    page.get_by_role("button", name="Or click here to logout").click()
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()
    page.go_back()
    expect(page).to_have_url(f"{visitor.url}/login")


def test_back_forward_and_reload(visitor: Visitor) -> None:
    page = visitor.open("/")
    title = page.locator(".preview-link h1").first
    first = title.inner_text()
    page.get_by_role("link", name="2", exact=True).click()
    expect(page.locator(".page-item.active")).to_have_text("2")
    second = title.inner_text()
    page.locator(".sidebar").get_by_role("link", name="kitchen").click()
    expect(page.locator(".feed-toggle .active")).to_have_text("# kitchen")
    page.get_by_role("link", name=title.inner_text()).click()
    expect(page.locator(".article-page")).to_be_visible()
    page.reload()
    expect(page.locator(".article-page")).to_be_visible()
    page.go_back()
    expect(page.locator(".feed-toggle .active")).to_have_text("# kitchen")
    page.go_back()
    expect(title).to_have_text(second)
    expect(page).to_have_url(f"{visitor.url}/?page=2")
    page.go_back()
    expect(title).to_have_text(first)
    page.go_forward()
    expect(title).to_have_text(second)
    page.reload()
    expect(title).to_have_text(second)


def test_a_picture_is_uploaded(visitor: Visitor) -> None:
    page = sign_in(visitor, "june" if visitor.script else "samuel")
    page.get_by_role("link", name="Settings").click()
    page.get_by_label("Upload a picture").set_input_files(PICTURE)
    page.get_by_role("button", name="Upload", exact=True).click()
    expect(page.get_by_role("status").filter(has_text="That's you from now on.")).to_be_visible()
    picture = page.locator("img.user-pic")
    expect(picture).to_have_attribute("src", re.compile("/avatars/"))
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 1


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_below_a_prefix_beside_the_other_examples(visit: Visit, examples: Server, script: bool) -> None:
    page = sign_in(visit(f"{examples.url}/conduit", script=script), "aiko")
    publish(page, "Below")
    expect(page).to_have_url(re.compile(r"/conduit/article/below-"))
    page.get_by_role("link", name="Home").click()
    expect(page).to_have_url(f"{examples.url}/conduit/")
    expect(page.locator("body")).to_have_css("display", "flex")
    page.locator(".preview-link").first.click()
    page.get_by_role("button", name="Delete Article").click()
    expect(page).to_have_url(f"{examples.url}/conduit/")
