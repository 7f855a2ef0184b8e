"""Tests of live pages in a simulated browser.

::

    @both_ways
    async def test_rename(browser: Browser) -> None:
        page = await browser.open("/todos")
        await page.within("#todo-1").click("Edit")
        await page.fill("Title", "oat milk")
        await page.press("Enter")
        assert page.texts("li label") == ["oat milk"]

`liveactions.testing.plugin` defines the fixtures. `serve` and `LivePage` are for tests in real browsers.
"""

from typing import TYPE_CHECKING, Any

from .browser import Browser
from .controls import File
from .failures import Failed, Refusal
from .page import Page, Part
from .plugin import both_ways

if TYPE_CHECKING:
    from .live_page import LivePage
    from .serving import serve

__all__ = ["Browser", "Failed", "File", "LivePage", "Page", "Part", "Refusal", "both_ways", "serve"]


def __getattr__(name: str) -> Any:
    """Import what has requirements of its own when it is used."""
    if name == "serve":
        from .serving import serve

        return serve
    if name == "LivePage":
        from .live_page import LivePage

        return LivePage
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
