"""Values that `load` defers are shown on every way."""

from __future__ import annotations

import asyncio
from typing import Any

from liveactions import ActionError, Deferred, InUrl, Limits, Live, Page, Pages, action, defer, loaded
from liveactions.testing import Browser
from tests.behaviour.markup import form
from tests.behaviour.ways import Way, visiting, ways
from tests.support.asgi import browser
from tests.support.small import small_app

TEMPLATE = """<title>Report</title>
<p>{% if report.pending %}Loading{% else %}{{ report.error or report.value }}{% endif %}</p>""" + form(
    "ask", "q"
)


def reports(loads: list[str], value: Any = None, **options: Any) -> Live:
    pages = Pages()

    async def find(q: str) -> str:
        if q == "bad":
            raise RuntimeError("secret")
        if value is not None:
            await value
        return f"All about {q}"

    @pages.page("/report")
    class Report(Page):
        template = "report.html"
        q: InUrl[str] = "tea"
        report: Deferred[str] = loaded()

        async def load(self) -> None:
            loads.append(self.q)
            self.report = defer(find(self.q))

        @action
        async def ask(self, q: str) -> None:
            if q == "no":
                raise ActionError("No")
            self.q = q

    return small_app(pages, {"report.html": TEMPLATE}, **options)


@ways("SHN")
async def test_a_deferred_value_is_shown(way: Way) -> None:
    loads: list[str] = []
    async with visiting(reports(loads), way) as visitor:
        page = await visitor.open("/report?q=milk&utm=x")
        if way == "S":
            await page.shows("All about milk")
        if way == "N":
            assert page.text("p") == "All about milk" and loads == ["milk"] * 2
            assert page.url == "/report?q=milk&utm=x"
        for q, text in (("rye", "All about rye"), ("bad", "Something went wrong"), ("no", "Something")):
            await page.fill("q", q)
            await page.click("ask")
            if way == "S":
                await page.shows(text)
            if way == "N":
                assert page.text("p").startswith(text)
        assert "secret" not in page.text()


async def test_browsers_with_scripts_get_the_page_at_once() -> None:
    never: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    live = reports([], never, limits=Limits(defer=0.001))
    async with browser(live) as visitor:
        page = (await visitor.http.get("/report?q=%22")).text
        again = '<noscript><meta http-equiv="refresh" content="0; url=/report?q=%22&amp;_s="></noscript>'
        assert page.index("<head>") < page.index(again) < page.index("</head>") and "Loading" in page
        late = (await visitor.http.get("/report?q=%22&_s=")).text
        assert "Loading" in late and "noscript" not in late
        assert never.cancelled()


async def test_a_page_that_defers_nothing_is_loaded_once() -> None:
    pages = Pages()

    @pages.page("/plain")
    class Plain(Page):
        template = "plain.html"

    async with Browser(small_app(pages, {"plain.html": "<title>P</title>"}), js=False) as visitor:
        assert "noscript" not in (await visitor.open("/plain")).html
