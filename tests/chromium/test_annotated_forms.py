"""Forms written from the annotations of an action, in a browser."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from axe_playwright_python.sync_playwright import Axe
from jinja2 import DictLoader, Environment
from playwright.sync_api import expect
from pydantic import Field

from liveactions import Live, Page, action, textarea
from tests.chromium.conftest import Visitor

TEMPLATE = """<!doctype html><html lang="en"><head><title>Book</title></head><body><main><h1>Book</h1>
{{ book.form(submit="Book") }}
<p role="status">{{ book.result or "" }}</p></main></body></html>"""
app = Live(Environment(loader=DictLoader({"book.html": TEMPLATE}), autoescape=True), keys="k" * 32)


@app.page("/book")
class Book(Page):
    template = "book.html"

    @action
    async def book(
        self,
        name: Annotated[str, Field(description="As on your passport", max_length=20)],
        arrival: date,
        room: Literal["small", "large"],
        meals: list[Literal["breakfast", "dinner"]],
        terms: Annotated[Literal[True], Field(title="I accept the terms")],
        nights: Annotated[int, Field(ge=1, le=14)] = 2,
        notes: Annotated[str, textarea()] = "",
    ) -> str:
        return f"{name}, {arrival}, {room}, {nights}, {meals}, {notes}"


def test_it_is_filled_and_sent(anybody: Visitor) -> None:
    page = anybody.open("/book")
    page.get_by_label("Name").fill("Ada")
    page.get_by_label("Arrival").fill("2027-05-01")
    page.get_by_label("Room").select_option("Large")
    page.get_by_label("Nights").fill("3")
    page.get_by_label("Meals").select_option(["breakfast", "dinner"])
    page.get_by_label("Notes").fill("one\ntwo")
    page.get_by_label("I accept the terms").check()
    page.get_by_role("button", name="Book").click()
    expect(page.get_by_role("status")).to_have_text(
        "Ada, 2027-05-01, large, 3, ['breakfast', 'dinner'], one two"
    )


def test_errors_stand_beside_their_field(anybody: Visitor) -> None:
    page = anybody.open("/book")
    page.evaluate("document.forms[1].noValidate = true") if anybody.script else None
    page.get_by_label("Name").fill("Ada")
    page.get_by_label("Nights").fill("99")
    if anybody.script:
        page.get_by_role("button", name="Book").click()
        expect(page.get_by_label("Nights")).to_have_attribute("aria-invalid", "true")
        expect(page.locator("#book-nights-error")).not_to_be_empty()
        expect(page.get_by_label("Name")).to_have_value("Ada")
    else:  # the browser itself refuses it
        page.get_by_role("button", name="Book").click()
        expect(page.get_by_label("Nights")).to_have_value("99")
    assert page.get_by_label("Name").get_attribute("aria-describedby") == "book-name-help"


def test_it_is_accessible(person: Visitor) -> None:
    results = Axe().run(person.open("/book"))
    assert results.violations_count == 0, results.generate_report()
