"""Buttons that open and close dialogs and popovers, as browsers do without scripts."""

from __future__ import annotations

import pytest

from liveactions import Live, Page, action, jinja
from liveactions.testing import Browser, Refusal, both_ways, plugin
from tests.support.small import KEY

browser = plugin.browser


@pytest.fixture
def live() -> Live:
    live = Live(keys=KEY)

    @live.page("/")
    class Files(Page):
        template = jinja("""
            <title>Files</title>
            <form method="post" action="{{ clear }}">
              <button commandfor="ask" command="show-modal">Delete</button>
              <dialog id="ask" live-close="{{ note }}">
                <p>{{ files }} files</p> <button>Yes</button>
                <button commandfor="ask" command="close">No</button>
              </dialog>
            </form>
            <button popovertarget="menu">Menu</button>
            <div id="menu" popover><p>Print {{ files }}</p> <button type="button">Inside</button></div>
            <output>{{ files }} {{ times }}</output>""")
        files: int = 3
        times: int = 0

        @action
        async def clear(self) -> None:
            self.files = 0

        @action
        async def note(self) -> None:
            self.times += 1

    return live


@both_ways
async def test_a_dialog_is_opened_and_closed_by_commands(browser: Browser) -> None:
    page = await browser.open("/")
    with pytest.raises(Refusal, match="hidden"):
        await page.click("Yes")
    await page.click("Delete")
    assert page.texts("dialog p") == ["3 files"]
    await page.click("No")
    assert page.texts("dialog p") == [] and page.text("output") == f"3 {int(browser.js)}"
    await page.click("Delete")
    await page.click("Yes")
    assert page.text("output").startswith("0")
    assert page.texts("dialog p") == ["0 files"] * browser.js  # without, it is a new page


@both_ways
async def test_a_popover_is_closed_by_its_button_and_by_a_click_outside(browser: Browser) -> None:
    page = await browser.open("/")
    for closes in ("Menu", "Delete"):
        assert page.texts("#menu p") == []
        await page.click("Menu")
        await page.click("Inside")
        assert page.texts("#menu p") == ["Print 3"]
        await page.click(closes)
    assert page.texts("#menu p") == []
