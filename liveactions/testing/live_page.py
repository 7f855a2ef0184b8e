"""A page of the application in a real browser. Requires Playwright."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

from playwright.async_api import ConsoleMessage, Error, Page, TimeoutError, async_playwright

CONNECTED: Final = "html[data-live=open], html:not(:has(script[data-live]))"
"""The page is connected, or isn't a live page."""
PENDING: Final = "[data-pending]"
FAVICON: Final = "/favicon.ico"
"""Browsers ask for it by themselves."""


class LivePage:
    """A tab of a real browser that visits the application: Playwright's `page`, and what tests of live pages
    need besides.
    """

    def __init__(self, page: Page, url: str, timeout: float = 5.0) -> None:
        self.page = page
        self.url = url
        """The URL of the application."""
        self.timeout = timeout
        """Seconds to wait for an answer."""
        self.problems: list[str] = []
        """Errors in the browser's console. A test with the fixture fails if there are any left at its end."""
        self._all = [self]
        page.on("console", self._note_message)
        page.on("pageerror", self._note_error)

    async def open(self, path: str) -> Page:
        """Go to a path, and return Playwright's page once it is connected."""
        await self.page.goto(self.url + path)
        await self.settled()
        return self.page

    async def settled(self) -> None:
        """Return when the page is connected, and everything that it has sent is answered.

        Raise `AssertionError` after `timeout` seconds. Debounced events don't count until they are sent, and
        pushed changes never do: use Playwright's `expect` for them.
        """
        milliseconds = self.timeout * 1000
        try:
            await self.page.locator(CONNECTED).wait_for(state="attached", timeout=milliseconds)
            await self.page.locator(PENDING).first.wait_for(state="detached", timeout=milliseconds)
        except TimeoutError:
            raise AssertionError(await self._unsettled()) from None

    async def new_tab(self) -> LivePage:
        """Return another tab of this visitor's browser."""
        return self._added(await self.page.context.new_page())

    async def other(self) -> LivePage:
        """Return a tab of another visitor's browser, without cookies."""
        browser = self.page.context.browser
        assert browser is not None
        return self._added(await (await browser.new_context()).new_page())

    def _added(self, page: Page) -> LivePage:
        other = LivePage(page, self.url, self.timeout)
        other._all = self._all
        self._all.append(other)
        return other

    async def check(self) -> None:
        """Raise `AssertionError` if a tab has errors in its console or doesn't settle."""
        for tab in self._all:
            if not tab.page.is_closed():
                await tab.settled()
        problems = [problem for tab in self._all for problem in tab.problems]
        if problems:
            raise AssertionError("the browser's console shows errors:\n" + "\n".join(problems))

    def _note_message(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.location["url"].endswith(FAVICON):
            self.problems.append(f"{message.text} ({message.location['url']})")

    def _note_error(self, error: Error) -> None:
        self.problems.append(error.stack or error.message)

    async def _unsettled(self) -> str:
        pending = await self.page.locator(PENDING).evaluate_all(
            "found => found.map(each => each.cloneNode().outerHTML)"
        )
        if pending:
            return f"still waiting for an answer after {self.timeout:g} s: {', '.join(pending)}"
        return f"{self.page.url} is not connected after {self.timeout:g} s"


@asynccontextmanager
async def live_page(url: str, options: Mapping[str, Any]) -> AsyncIterator[LivePage]:
    """Start Chromium with Playwright's `options`, and check all tabs at the end."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(**options)
        first = LivePage(await (await browser.new_context()).new_page(), url)
        yield first
        await first.check()
        await browser.close()
