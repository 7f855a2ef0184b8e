"""Conduit, as a person uses it: with JavaScript and without, the same script."""

from __future__ import annotations

import pytest

from examples.conduit import seed
from liveactions.testing import Browser, File, Page
from tests.support.both_ways import both_ways

LOAF = "A loaf that waits for you"
PICTURE = File("me.png", b"\x89PNG\r\n\x1a\n", "image/png")


async def signed_in(browser: Browser, name: str = "marta") -> Page:
    page = await browser.open("/login")
    await page.fill("Email", f"{name}@example.org")
    await page.fill("Password", "password")
    await page.within("main").click("Sign in")
    assert page.url == "/"
    return page


async def publish(page: Page, title: str, *tags: str) -> None:
    await page.click("New Article")
    await page.fill("Article Title", title)
    await page.fill("What's this article about?", f"About {title}")
    await page.fill("Write your article (in markdown)", "It is *here*.<script>alert(1)</script>")
    for tag in tags:
        await page.fill("Enter tags", tag)
        await page.press("Enter")
    await page.click("Publish Article")


@both_ways
async def test_signing_up_in_and_out(browser: Browser) -> None:
    page = await browser.open("/")
    await page.click("Sign up")
    await page.fill("Username", "Ada")
    await page.fill("Email", "marta@example.org")
    await page.fill("Password", "12345678")
    await page.within("main").click("Sign up")
    assert page.texts(".error-messages li") == ["email: has already been taken"]
    assert (page.url, page.value("Username")) == ("/register", "Ada")
    await page.fill("Email", "ada@example.org")
    await page.fill("Password", "12345678")
    await page.within("main").click("Sign up")
    assert page.url == "/" and page.texts(".navbar .nav-link") == ["Home", "New Article", "Settings", "Ada"]
    await page.click("Settings")
    await page.click("Or click here to logout")
    assert page.url == "/" and page.texts(".navbar .nav-link") == ["Home", "Sign in", "Sign up"]
    await page.click("Sign in")
    await page.fill("Email", "ada@example.org")
    await page.fill("Password", "something else")
    await page.within("main").click("Sign in")
    assert page.texts(".error-messages li") == ["email or password is invalid"]
    assert (page.url, page.value("Email")) == ("/login", "ada@example.org")
    await page.fill("Password", "12345678")
    await page.within("main").click("Sign in")
    assert page.url == "/" and "Ada" in page.text(".navbar")


@both_ways
async def test_an_article_is_published_edited_and_deleted(browser: Browser) -> None:
    page = await signed_in(browser)
    await page.click("New Article")
    await page.fill("Article Title", "Only a title")
    await page.click("Publish Article")
    assert page.texts(".error-messages li") == [
        "description: This field is required",
        "body: This field is required",
    ]
    assert page.value("Article Title") == "Only a title"
    await publish(page, "On Bread", "dough", "oven")
    address = page.url
    assert address.startswith("/article/on-bread-")
    assert page.text("h1") == "On Bread" and page.texts(".article-page .tag-pill") == ["dough", "oven"]
    assert page.text(".article-content") == "It is here.<script>alert(1)</script>"
    assert "<em>here</em>" in page.html and "<script>alert" not in page.html
    await page.click("Edit Article")
    assert page.value("Article Title") == "On Bread"
    await page.fill("Article Title", "On Rye")
    await page.click("Remove dough")
    assert page.value("Article Title") == "On Rye"
    await page.click("Publish Article")
    assert page.url == address
    assert page.text("h1") == "On Rye" and page.texts(".article-page .tag-pill") == ["oven"]
    await page.click("Delete Article")
    assert page.url == "/" and "On Rye" not in page.text()
    assert (await browser.open(address)).status == 404


@both_ways
async def test_only_the_author_may_edit(browser: Browser) -> None:
    page = await signed_in(browser, "june")
    await page.click(LOAF)
    assert "Edit Article" not in page.text() and "Delete Article" not in page.text()
    assert (await browser.open(page.url.replace("/article/", "/editor/"))).status == 404


@pytest.mark.slow
@both_ways
async def test_comments(browser: Browser) -> None:
    page = await signed_in(browser)
    await page.click(LOAF)
    before = page.texts(".card-text")
    await page.fill("Write a comment...", "<b>Lovely</b>, *really*")
    await page.click("Post Comment")
    assert page.texts(".card-text") == [*before, "<b>Lovely</b>, *really*"]
    assert page.value("Write a comment...") == ""
    await page.click("Delete comment")  # there is one such button: those of others can't be deleted
    assert page.texts(".card-text") == before


@pytest.mark.slow
@both_ways
async def test_favorites(browser: Browser) -> None:
    page = await signed_in(browser, "june")
    await page.open("/profile/Aiko")
    await page.click("Maps lie, kindly")
    count = int(page.text(".counter").strip("()"))
    await page.click("Favorite Article")
    assert page.texts("button.btn-primary .counter") == [f"({count + 1})"]
    await page.open("/profile/June/favorites")
    assert "Maps lie, kindly" in page.texts(".preview-link h1")
    await page.within("article", "Maps lie, kindly").click("Unfavorite")
    assert "Maps lie, kindly" not in page.texts(".preview-link h1")


@pytest.mark.slow
@both_ways
async def test_following(browser: Browser) -> None:
    page = await signed_in(browser)
    await page.click("Your Feed")
    assert page.url == "/?feed=following" and set(page.texts(".author")) == {"Tomás Herrera"}
    await page.open("/profile/Tom%C3%A1s%20Herrera")
    await page.click("Unfollow Tomás Herrera")
    await page.click("Follow Tomás Herrera")
    await page.click("Unfollow Tomás Herrera")
    await page.open("/?feed=following")
    assert page.text(".empty-feed-message").startswith("Your feed is empty.")


@pytest.mark.slow
@both_ways
async def test_who_has_not_signed_in_is_asked_to(browser: Browser) -> None:
    for path in ("/settings", "/editor", "/?feed=following"):
        assert (await browser.open(path)).url == "/login"
    page = await browser.open("/profile/Aiko")
    await page.click("Follow Aiko")
    assert page.url == "/login"
    page = await browser.open("/")
    await page.within("article", LOAF).click("Favorite")
    assert page.url == "/login"


@both_ways
async def test_pages_and_tags(browser: Browser) -> None:
    page = await browser.open("/")
    assert len(page.texts(".article-preview")) == 10 and page.text(".page-item.active") == "1"
    await page.click("3")
    assert page.url == "/?page=3" and len(page.texts(".article-preview")) == 3
    await page.click("2")
    await page.back()
    assert page.url == "/?page=3" and page.text(".page-item.active") == "3"
    await page.forward()
    assert page.url == "/?page=2" and page.text(".page-item.active") == "2"
    await page.within(".sidebar").click("baking")
    assert page.url == "/tag/baking" and page.text(".feed-toggle .active") == "# baking"
    assert page.texts(".preview-link h1") == [LOAF, "Rye, at last"]


@pytest.mark.slow
@both_ways
async def test_settings(browser: Browser) -> None:
    page = await signed_in(browser, "june")
    await page.click("Settings")
    assert page.value("Short bio about you") == ""
    await page.fill("Username", "Juno")
    await page.fill("Short bio about you", "Writes.")
    await page.fill("URL of profile picture", "")
    await page.click("Update Settings")
    assert (page.url, page.text("h4"), page.text(".user-info p")) == ("/profile/Juno", "Juno", "Writes.")
    assert page.attribute(".user-img", "src") == "/static/default-avatar.svg"
    await page.click("Settings")
    await page.attach("Upload a picture, of 2 MB at most", File("me.txt", b"no", "text/plain"))
    await page.click("Upload")
    assert len(page.texts(".error-messages li")) == 1
    await page.attach("Upload a picture, of 2 MB at most", PICTURE)
    await page.click("Upload")
    assert page.text("[role=status]") == "That's you from now on."
    assert page.value("URL of profile picture").startswith("/avatars/")


@both_ways
async def test_what_is_not_there(browser: Browser) -> None:
    for path in ("/article/nothing", "/profile/nobody", "/nowhere"):
        page = await browser.open(path)
        assert page.status == 404 and page.text("h1") == "Not here"


@pytest.mark.slow
async def test_the_first_data_come_again(browser: Browser) -> None:
    page = await signed_in(browser)
    await publish(page, "On Bread")
    await seed.reset()
    page = await browser.other().open("/")
    assert page.texts(".preview-link h1")[0] == LOAF
