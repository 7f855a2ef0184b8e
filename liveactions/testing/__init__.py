"""Tests of live pages in a simulated browser.

::

    @both_ways
    async def test_rename(browser: Browser) -> None:
        page = await browser.open("/todos")
        await page.within("#todo-1").click("Edit")
        await page.fill("Title", "oat milk")
        await page.press("Enter")
        assert page.texts("li label") == ["oat milk"]

The fixture `browser` is defined in `liveactions.testing.plugin`.
"""

from .browser import Browser
from .controls import File
from .failures import Failed, Refusal
from .page import Page, Part
from .plugin import both_ways

__all__ = ["Browser", "Failed", "File", "Page", "Part", "Refusal", "both_ways"]
