"""A browser without a browser, for tests of live pages.

::

    @both_ways
    async def test_rename(browser: Browser) -> None:
        page = await browser.open("/todos")
        await page.within("#todo-1").click("Edit")
        await page.fill("Title", "oat milk")
        await page.press("Enter")
        assert page.texts("li label") == ["oat milk"]

`liveactions.testing.plugin` says where `browser` comes from.
"""

from .browser import Browser
from .controls import File
from .failures import Failed, Refusal
from .page import Page, Part
from .plugin import both_ways

__all__ = ["Browser", "Failed", "File", "Page", "Part", "Refusal", "both_ways"]
