"""Fields: the values of options, and what the action gets; the texts of fields for files."""

from __future__ import annotations

import pytest
from starlette.datastructures import UploadFile

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


class Files(Page):
    template = jinja("""<title>Files</title>
        <ui.UploadList of="{{ send }}" name="one"/> <ui.UploadList of="{{ send }}" name="several"/>
        <ui.UploadList of="{{ send }}" name="several" prompt=""/>""")

    @action
    async def send(self, one: UploadFile, several: list[UploadFile]) -> None: ...


@pytest.fixture
def live() -> Live:
    live = Live()
    live.page("/task")(Task)
    live.page("/files")(Files)
    return live


@both_ways
async def test_an_option_whose_value_is_none(browser: Browser) -> None:
    page = await browser.open("/task")
    assert page.value("owner") == "7"
    await page.select("owner", "Nobody")
    await page.click("Give")
    assert page.text("p") == "None"


async def test_the_prompt_for_one_file_and_for_several(browser: Browser) -> None:
    page = await browser.open("/files")
    assert page.texts(".ui-prompt") == [
        "Choose a file, or drop it here",
        "Choose files, or drop them here",
        "",
    ]
