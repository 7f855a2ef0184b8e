"""The markup that the contract's public suite expects literally, which nothing else here would notice."""

from __future__ import annotations

import re

import pytest

from liveactions.testing import Browser, both_ways
from tests.examples.conduit.test_conduit import signed_in

pytestmark = pytest.mark.slow

GUESTS = ("/", "/?page=2", "/tag/baking", "/login", "/register", "/profile/Aiko")
MEMBERS = ("/", "/?feed=following", "/editor", "/settings", "/profile/Aiko")


@pytest.mark.parametrize("path", GUESTS)
@both_ways
async def test_one_link_leads_to_the_login(path: str, browser: Browser) -> None:
    page = await browser.open(path)
    assert len(re.findall(r'<a [^>]*href="/login"', page.html)) == 1


@both_ways
async def test_buttons_that_submit_say_so(browser: Browser) -> None:
    page = await signed_in(browser)
    await page.open("/")
    article = re.search(r'href="(/article/[^"]*)"', page.html)
    assert article
    for path in (*MEMBERS, article[1]):
        await page.open(path)
        buttons = re.findall(r"<button[^>]*>", page.html)
        assert buttons and all('type="submit"' in button for button in buttons), path


@both_ways
async def test_titles_names_tabs_and_tags(browser: Browser) -> None:
    page = await browser.open("/")
    assert len(page.texts(".article-preview h1")) == len(page.texts(".article-preview")) == 10
    assert page.texts("div.feed-toggle a.nav-link") == ["Global Feed"]
    tags = page.texts(".sidebar div.tag-list > a.tag-pill.tag-default")
    assert len(tags) > 12 and len(tags) == len(page.texts(".sidebar .tag-list > *"))
    await page.open("/profile/Aiko")
    assert page.texts(".user-info h4") == ["Aiko"]


@both_ways
async def test_an_empty_feed_leads_to_the_global_one(browser: Browser) -> None:
    page = await signed_in(browser)
    await page.open("/profile/Tom%C3%A1s%20Herrera")
    await page.click("Unfollow Tomás Herrera")
    await page.open("/?feed=following")
    assert page.text(".empty-feed-message").startswith("Your feed is empty")
    assert page.attribute(".empty-feed-message a", "href") == "/"
