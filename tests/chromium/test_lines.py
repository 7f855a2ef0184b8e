"""Text of several lines is the same for actions and for the person, with JavaScript and without."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from liveactions import Page as LivePage
from liveactions import Pages, action
from tests.chromium.conftest import Visitor
from tests.support.small import small_app

pages = Pages()
TEMPLATES = {
    "lines.html": """<title>Lines</title><i>{{ text.encode() }}</i><pre>{{ text }}</pre>
<form method="post" action="{{ save }}"><textarea name="text" aria-label="Text">{{ text }}</textarea>
<input type="hidden" name="also" value="{{ also }}"><button>Save</button></form>
<form method="post" action="{{ refuse }}">
<textarea name="text" aria-label="Refused">{{ refuse.values.text }}</textarea>
<button>Refuse</button> <b>{{ refuse.error }}</b></form>""",
}


@pages.page("/lines")
class Lines(LivePage):
    template = "lines.html"
    text: str = ""
    also: str = "\n\nx\r\ny"

    @action
    async def save(self, text: str, also: str) -> None:
        self.text = text
        self.also = also

    @action
    async def refuse(self, text: str, number: int) -> None:
        """Without the number it is never run."""


app = small_app(pages, TEMPLATES)
TEXTS = ["\n\none\n\ntwo\n", "\n", "\none", "one\n\n"]


@pytest.mark.parametrize("text", TEXTS)
def test_lines_stay_as_they_are(anybody: Visitor, text: str) -> None:
    page = anybody.open("/lines")
    for _ in range(2):  # what the server has rendered is sent back
        if page.get_by_label("Text", exact=True).input_value() != text:
            page.get_by_label("Text", exact=True).fill(text)
        page.get_by_role("button", name="Save").click()
        expect(page.locator("i")).to_have_text(repr(text.encode()))
        expect(page.get_by_label("Text", exact=True)).to_have_value(text)
        assert page.evaluate("document.querySelector('pre').textContent") == text
        assert page.evaluate("document.querySelector('[name=also]').value") == "\n\nx\ny"


@pytest.mark.parametrize("text", TEXTS)
def test_lines_of_a_refused_form_stay(anybody: Visitor, text: str) -> None:
    page = anybody.open("/lines")
    page.get_by_label("Refused").fill(text)
    page.get_by_role("button", name="Refuse").click()
    expect(page.get_by_label("Refused")).to_have_value(text)
