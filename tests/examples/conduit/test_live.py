"""What others do shows at once: over the socket, with two people and several tabs."""

from __future__ import annotations

import pytest

from liveactions.testing import Browser, Failed
from tests.examples.conduit.test_conduit import LOAF, publish, signed_in

pytestmark = pytest.mark.slow


async def test_comments_appear_in_every_tab(browser: Browser) -> None:
    mine = await signed_in(browser)
    await mine.click(LOAF)
    theirs = await browser.other().open(mine.url)
    await mine.fill("Write a comment...", "Hello over there")
    await mine.click("Post Comment")
    await theirs.shows("Hello over there")
    await mine.click("Delete comment")
    await theirs.shows_not("Hello over there")


async def test_favorites_count_everywhere(browser: Browser) -> None:
    mine = await signed_in(browser, "june")
    feed, article = await browser.other().open("/"), await browser.other().open("/")
    await article.click(LOAF)
    count = int(mine.within("article", LOAF).text(".counter"))
    await mine.within("article", LOAF).click("Favorite")
    await article.shows(f"Favorite Article ({count + 1})")
    await feed.within("article", LOAF).shows(f"Favorite {count + 1}")


async def test_a_new_article_is_announced_above_the_feed(browser: Browser) -> None:
    theirs, tagged = await browser.other().open("/"), await browser.other().open("/tag/garden")
    mine = await signed_in(browser)
    await publish(mine, "On Bread", "oven")
    await theirs.shows("1 new article")
    assert "On Bread" not in theirs.text()
    await mine.click("New Article")
    await publish(mine, "On Salt", "garden")
    await theirs.shows("2 new articles")
    await tagged.shows("1 new article")
    await theirs.click("2 new articles")
    assert theirs.texts(".preview-link h1")[:3] == ["On Salt", "On Bread", LOAF]
    assert "new article" not in theirs.text(".home")


async def test_who_reads_a_deleted_article_is_told(browser: Browser) -> None:
    mine = await signed_in(browser)
    await publish(mine, "On Bread")
    theirs = await browser.other().open(mine.url)
    await mine.click("Delete Article")
    await theirs.shows("There is no such article.")


async def test_another_name_and_picture_show_everywhere(browser: Browser) -> None:
    mine, theirs = await signed_in(browser), await browser.other().open("/")
    tab = await browser.open("/")
    await mine.click("Settings")
    await mine.fill("Username", "Martha")
    await mine.click("Update Settings")
    await theirs.shows("Martha")
    await tab.shows("Martha")
    assert tab.texts(".navbar .nav-link")[-1] == "Martha"


async def test_logging_out_closes_the_other_tabs(browser: Browser) -> None:
    mine, tab, theirs = await signed_in(browser), await browser.open("/settings"), browser.other()
    other = await signed_in(theirs, "june")
    await mine.click("Settings")
    await mine.click("Or click here to logout")
    await tab.reload()
    assert tab.url == "/login" and "June" in other.text()


async def test_an_article_that_is_deleted_while_one_comments(browser: Browser) -> None:
    mine, theirs = await signed_in(browser), await signed_in(browser.other(), "june")
    await publish(mine, "On Bread")
    address = mine.url
    no_script = Browser(browser.app, js=False)
    no_script.lifespan = browser.lifespan
    late = await signed_in(no_script, "aiko")
    await late.open(address)
    await mine.click("Delete Article")
    await late.fill("Write a comment...", "Too late")
    with pytest.raises(Failed, match="404"):
        await late.click("Post Comment")
    assert theirs.url == "/"
