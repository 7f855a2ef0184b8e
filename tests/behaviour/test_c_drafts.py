"""C5. Forms with rows: what was typed is edited in place, and shown again; whose errors a button's are."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field

from liveactions import Bound, Draft, Live, Page, Pages, action
from tests.behaviour.ways import Way, visiting, ways
from tests.support.small import small_app

pages = Pages()
journal: list[Any] = []


@pytest.fixture(autouse=True)
def empty_journal() -> None:
    journal.clear()


class Line(BaseModel):
    text: Annotated[str, Field(min_length=2)]
    count: int = 1
    gift: bool = False


class Invoice(BaseModel):
    title: str
    lines: list[Line] = []


@pages.page("/invoice")
class Editor(Page):
    template = "invoice.html"
    invoice: Invoice = Invoice(title="First", lines=[Line(text="tea", count=2)])

    @action
    async def save(self, invoice: Invoice) -> str:
        self.invoice = invoice
        journal.append(invoice)
        return "saved"

    @action
    async def publish(self, invoice: Invoice) -> str:
        journal.append(f"published {invoice.title}")
        return "published"

    @action
    async def add_row(self, invoice: Draft[Invoice]) -> None:
        invoice["lines"].append({"text": "new"} if invoice["title"] == "filled" else {})

    @action
    async def remove_row(self, index: Bound[int], invoice: Draft[Invoice]) -> None:
        del invoice["lines"][index]


TEMPLATES = {
    "invoice.html": "<title>I</title><p>{{ save.result }} {{ publish.result }}</p>"
    '<h1>{{ invoice.title }}</h1><form method="post" action="{{ save }}">'
    '{% set f = save.field("title", invoice.title) %}'
    '<input name="title" aria-label="title" value="{{ f.value }}"><em>{{ f.error }}</em>'
    '{% for row in save.rows("lines", invoice.lines) %}{% set text = row.field("text") %}'
    '<fieldset id="row-{{ loop.index0 }}"><input name="{{ text.name }}" aria-label="text"'
    ' value="{{ text.value }}"><u>{{ text.error }}</u>{% set count = row.field("count") %}'
    '<input name="{{ count.name }}" aria-label="count" value="{{ count.value }}">'
    '{% set gift = row.field("gift") %}'
    '<input type="checkbox" name="{{ gift.name }}" aria-label="gift"{% if gift.checked %} checked{% endif %}>'
    '<button formaction="{{ remove_row(loop.index0) }}">remove</button></fieldset>{% endfor %}'
    '<button>save</button><button formaction="{{ publish }}">publish</button>'
    '<button formaction="{{ add_row }}">add</button></form>'
}


@pytest.fixture
def live() -> Live:
    return small_app(pages, TEMPLATES)


@ways("SHN")
async def test_c5_rows_are_added_and_removed(live: Live, way: Way) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open("/invoice")
        await page.fill("title", "")
        await page.within("#row-0").fill("count", "many")
        await page.within("#row-0").check("gift")
        await page.click("add")
        assert len(page.texts("fieldset")) == 2
        assert page.value("title") == ""
        assert page.within("#row-0").value("count") == "many"
        assert page.within("#row-0").is_checked("gift")
        await page.within("#row-1").fill("text", "milk")
        await page.within("#row-0").click("remove")
        assert len(page.texts("fieldset")) == 1
        assert (page.within("#row-0").value("text"), page.within("#row-0").is_checked("gift")) == (
            "milk",
            False,
        )
        await page.fill("title", "Second")
        await page.click("save")
        assert journal == [Invoice(title="Second", lines=[Line(text="milk")])]
        assert (page.text("h1"), page.value("title")) == ("Second", "Second")


@ways("SHN")
async def test_c5_no_row_at_all(live: Live, way: Way) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open("/invoice")
        await page.within("#row-0").click("remove")
        assert page.texts("fieldset") == []
        await page.click("save")
        assert journal == [Invoice(title="First")]


@ways("SHN")
async def test_c5_a_new_row_may_have_texts(live: Live, way: Way) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open("/invoice")
        await page.fill("title", "filled")
        await page.click("add")
        assert page.within("#row-1").value("text") == "new"


@ways("SHN")
async def test_c5_errors_belong_to_the_form_whichever_button_was_pressed(live: Live, way: Way) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open("/invoice")
        await page.fill("title", "")
        await page.within("#row-0").fill("text", "x")
        await page.click("publish")
        assert (page.text("em"), page.text("u")) == (
            "This field is required",
            "Must have at least 2 characters",
        )
        assert page.within("#row-0").value("text") == "x"
        await page.fill("title", "Third")
        await page.within("#row-0").fill("text", "tea")
        await page.click("publish")
        assert journal == ["published Third"]
        assert (page.text("em"), page.text("u"), page.text("p")) == ("", "", "None published")


@ways("SHN")
async def test_c5_the_forms_own_address_is_no_field(live: Live, way: Way) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open("/invoice")
        await page.click("save")
        assert journal == [Invoice(title="First", lines=[Line(text="tea", count=2)])]
        assert '"_f"' in page.html


def test_c5_a_draft_of_something_without_fields() -> None:
    with pytest.raises(TypeError, match="which has no fields"):

        class Wrong(Page):
            @action
            async def act(self, draft: Draft[int]) -> None: ...
