"""Options of a field: their values, and what the action gets."""

from __future__ import annotations

import pytest

from liveactions import Live, Page, action, jinja
from liveactions.testing import Browser, both_ways


class Task(Page):
    template = jinja("""<title>Task</title>
        <ui.Form action="{{ give }}">
          <ui.Field of="{{ give }}" name="owner" value="{{ owner }}" options="{{ people }}"/>
        </ui.Form><p>{{ owner }}</p>""")
    owner: int | None = 7
    people: tuple[tuple[int | None, str], ...] = ((None, "Nobody"), (7, "Ada"))

    @action
    async def give(self, owner: int | None = None) -> None:
        self.owner = owner


@pytest.fixture
def live() -> Live:
    live = Live()
    live.page("/task")(Task)
    return live


@both_ways
async def test_an_option_whose_value_is_none(browser: Browser) -> None:
    page = await browser.open("/task")
    assert page.value("owner") == "7"
    await page.select("owner", "Nobody")
    await page.click("Give")
    assert page.text("p") == "None"
