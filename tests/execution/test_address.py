"""Fields in the address that an action changes: the address follows, on every way."""

from __future__ import annotations

from typing import Annotated

import pytest

from liveactions import InUrl, Live, Page, Pages, action, in_url
from liveactions.testing import Browser, Failed
from tests.behaviour.ways import Way, visiting, ways
from tests.support.small import small_app

PAGE = """<!doctype html><title>Search</title><p>{{ q }}|{{ page }}</p>
<form method="post" action="{{ ask }}"><input name="q"><button>ask</button></form>
<form method="post" action="{{ turn }}"><button>turn</button></form>
<form method="post" action="{{ keep }}"><button>keep</button></form>
<form method="post" action="{{ fail }}"><button>fail</button></form>"""


def app() -> Live:
    pages = Pages()

    @pages.page("/search")
    class Search(Page):
        template = "search.html"
        q: InUrl[str] = ""
        page: Annotated[int, in_url(push=True)] = 1
        kept: int = 0

        @action
        async def ask(self, q: str) -> None:
            self.q = q

        @action
        async def turn(self) -> None:
            self.page += 1

        @action
        async def keep(self) -> None:
            self.kept += 1

        @action
        async def fail(self) -> None:
            self.page = 9
            raise RuntimeError

    return small_app(pages, {"search.html": PAGE})


@ways("SHN")
async def test_the_address_says_what_the_fields_do(way: Way) -> None:
    async with visiting(app(), way) as browser:
        page = await browser.open("/search")
        await page.fill("q", "a b")
        await page.click("ask")
        assert (page.text("p"), page.url) == ("a b|1", "/search?q=a+b")
        await page.click("turn")
        assert (page.text("p"), page.url) == ("a b|2", "/search?q=a+b&page=2")
        await page.reload()
        assert page.text("p") == "a b|2"


@ways("SHN")
async def test_what_the_fields_do_not_say_stays(way: Way) -> None:
    async with visiting(app(), way) as browser:
        page = await browser.open("/search?page=2&from=mail")
        await page.click("keep")
        assert page.url == "/search?page=2&from=mail"


@ways("SH")
async def test_a_failure_goes_nowhere(way: Way) -> None:
    async with visiting(app(), way) as browser:
        page = await browser.open("/search")
        with pytest.raises(Failed):
            await page.click("fail")
        assert (page.text("p"), page.url) == ("|1", "/search")


async def test_pushed_or_replaced() -> None:
    async with Browser(app()) as browser:
        page = await browser.open("/search")
        await page.fill("q", "x")
        await page.click("ask")
        await page.click("turn")
        await page.back()
        assert (page.text("p"), page.url) == ("x|1", "/search?q=x")
