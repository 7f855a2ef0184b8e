"""Where the script and the page-level form stand in documents that leave tags out."""

from __future__ import annotations

import pytest

from liveactions import Page, Pages
from tests.support.asgi import browser
from tests.support.small import small_app


@pytest.mark.parametrize(
    "html",
    [
        "<!doctype html><title>x</title><p>{{ word }}</p>",
        "<!doctype html><html><title>x</title><body class=a><p>{{ word }}</p></body></html>",
        "<!doctype html><html lang=en><head><title>x</title><body><p>{{ word }}</p></body></html>",
        "<!-- a --><!doctype html><!-- b --><p>{{ word }}</p>",
        "<p>{{ word }}</p>",
    ],
)
async def test_left_out_tags(html: str) -> None:
    pages = Pages()

    @pages.page("/")
    class Bare(Page):
        template = "bare.html"
        word: str = "hello"

    async with browser(small_app(pages, {"bare.html": html})) as visitor:
        text = (await visitor.http.get("/")).text
        assert text.count("data-live=") == text.count('<form id="live"') == 1
        assert text.index("data-live=") < text.index('<form id="live"') < text.index("<p")
        assert text.index("doctype") < text.index("data-live=")
        await visitor.joined("/")
