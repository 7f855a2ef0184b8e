"""B. A form that has the page's own address: a field names its action."""

from __future__ import annotations

import re
from typing import Any

from starlette.datastructures import UploadFile

from liveactions import ActionError, Bound, Page, Pages, action
from liveactions.testing import File
from tests.behaviour.ways import Way, visiting, ways
from tests.support.asgi import browser
from tests.support.small import small_app

pages = Pages()
TEMPLATES = {
    "own.html": """<title>Own</title><h1>{{ note }}</h1>
<form method="post" action="{{ url() }}">{{ form_state(save) }}
<input name="text" aria-label="Text" value="{{ save.values.text }}">
<button>Save</button> <button formaction="{{ wipe }}">Wipe</button> <b>{{ save.error }}</b></form>
<form method="post" action="{{ url() }}">{{ form_state(pick(7)) }}<button>Pick</button></form>
<form method="post" action="{{ url() }}" enctype="multipart/form-data">{{ form_state(take) }}
<input type="file" name="upload" aria-label="File"><button>Take</button></form>
{% if admin %}<form method="post" action="{{ url() }}">{{ form_state(destroy) }}<button>No</button></form>
{% endif %}""",
}


@pages.page("/own")
class Own(Page):
    template = "own.html"
    note: str = ""
    admin: bool = False

    @action
    async def save(self, text: str) -> None:
        if text == "bad":
            raise ActionError("No")
        self.note += text

    @action
    async def wipe(self) -> None:
        self.note = ""

    @action
    async def pick(self, number: Bound[int]) -> None:
        self.note += str(number + 1)

    @action
    async def take(self, upload: UploadFile) -> None:
        self.note += (await upload.read()).decode()

    @action
    async def destroy(self) -> None:
        self.note = "destroyed"


def app() -> Any:
    return small_app(pages, TEMPLATES)


@ways("SHN")
async def test_the_address_of_a_refused_form_is_the_pages_own(way: Way) -> None:
    async with visiting(app(), way) as person:
        page = await person.open("/own")
        await page.fill("Text", "a")
        await page.click("Save")
        await page.click("Pick")
        await page.fill("Text", "bad")
        await page.click("Save")
        assert (page.url, page.text("h1"), page.text("b"), page.value("Text")) == ("/own", "a8", "No", "bad")
        await page.fill("Text", "c")
        await page.click("Save")
        await page.attach("File", File("a.txt", b"d", "text/plain"))
        await page.click("Take")
        assert page.text("h1") == "a8cd"
        await page.click("Wipe")  # whose own address names another action
        assert page.text("h1") == ""


async def test_only_what_is_shown_can_be_called() -> None:
    async with browser(app()) as visitor:
        tab = await visitor.open("/own")
        shown = re.findall(r'name="_a" value="([^"]*)"', tab.html)
        assert [reference.partition("~")[0] for reference in shown] == ["save", "pick", "take"]
        for reference in ("destroy", f"destroy~{shown[0].partition('~')[2]}", ""):
            answer = await visitor.http.post("/own", data={"_s": tab.snapshot, "_a": reference})
            assert answer.status_code in (400, 409) and "destroyed" not in answer.text
