"""Controls bound to fields in a real browser: the rooms."""

from __future__ import annotations

import re

from jinja2 import DictLoader, Environment
from playwright.sync_api import expect

from liveactions import Live, Page
from tests.chromium.conftest import Visitor
from tests.chromium.here import Gate

TEMPLATE = """<!doctype html><title>T</title><input aria-label="text" live-bind="{{ live.field.text }}">
<select aria-label="tone" live-bind="{{ live.field.tone }}"><option>a<option>b<option>c</select>
<p>{{ text }} {{ tone }}</p>"""
EXTRAS = """<!doctype html><title>E</title>{% for one in ("bath", "desk", "tv") %}
<label><input type="checkbox" value="{{ one }}" live-bind="{{ live.field.extras }}"> {{ one }}</label>
{% endfor %}
<select multiple live-bind="{{ live.field.tones }}"><option>a<option>b<option>c</select>
<p>{{ extras|join(" ") }}</p><b>{{ tones|join(" ") }}</b>"""
templates = DictLoader({"slow.html": TEMPLATE, "extras.html": EXTRAS})
app = Live(Environment(loader=templates, autoescape=True), keys="k" * 32)
gate = Gate()


@app.page("/slow")
class Slow(Page):
    template = "slow.html"
    text: str = ""
    tone: str = "a"

    async def load(self) -> None:
        if self.text:
            await gate()
            self.text = self.text.upper()


@app.page("/extras")
class Extras(Page):
    template = "extras.html"
    extras: tuple[str, ...] = ("bath", "desk", "tv")
    tones: tuple[str, ...] = ()

    async def load(self) -> None:
        if self.extras == ("bath", "tv"):
            await gate()


def test_rooms_are_found_as_one_types(live_visitor: Visitor) -> None:
    page = live_visitor.open("/rooms")
    name, count, guests = page.get_by_role("searchbox"), page.locator("#count"), page.get_by_label("Guests")
    expect(count).to_have_text("5 of 6 rooms")
    name.press_sequentially("an ")
    expect(count).to_have_text("1 of 6 rooms")
    expect(name).to_have_value("an ")  # what is typed is never tidied up
    expect(name).to_be_focused()
    expect(page).to_have_url(re.compile(r"/rooms\?q=an\+$"))
    name.fill("")
    guests.fill("99")
    expect(page.locator("#field-guests-error")).to_have_text("Must be at most 8")
    expect(guests).to_have_attribute("aria-invalid", "true")
    expect(guests).to_have_value("99")
    expect(count).to_have_text("5 of 6 rooms")
    guests.fill("3")
    expect(page.locator("#field-guests-error")).to_be_empty()
    expect(count).to_have_text("3 of 6 rooms")
    page.get_by_label("View").select_option("sea")
    page.get_by_label("balcony").check()
    expect(page.locator("#rooms li")).to_have_text(["Beacon, 140 €"])
    page.get_by_label("desk").check()
    expect(page).to_have_url(re.compile(r"extras=balcony&extras=desk"))
    expect(page.locator("#rooms li")).to_have_text(["Beacon, 140 €"])
    name.fill("zzz")
    expect(count).to_have_text("0 of 6 rooms")
    page.get_by_role("button", name="Show all").click()
    expect(count).to_have_text("6 of 6 rooms")
    expect(name).to_have_value("")
    expect(guests).to_have_value("1")
    expect(page.get_by_label("View")).to_have_value("any")
    expect(page.get_by_label("balcony")).not_to_be_checked()
    expect(page.locator("#rooms li").first).to_have_text("Clover, 55 €")
    page.get_by_role("radio", name="name").check()
    expect(page.locator("#rooms li").first).to_have_text("Anchor, 90 €")
    page.get_by_label("View").select_option("garden")
    expect(count).to_have_text("3 of 6 rooms")


def test_a_form_brings_its_newest_values(visitor: Visitor) -> None:
    page = visitor.open("/rooms")
    page.get_by_label("Arrival").fill("2027-05-01")
    page.get_by_label("Message").fill("Is there a cot?")
    page.get_by_role("button", name="Send").click()  # before the pause of the text is over
    expect(page.get_by_role("status")).to_have_text("2027-05-01: Is there a cot?")
    expect(page.get_by_label("Message")).to_have_value("")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#field-message-error")).to_have_text("Please write a message")


def test_an_answer_never_overwrites_newer_input(person: Visitor) -> None:
    page = person.open("/slow")
    text, tone = page.get_by_label("text"), page.get_by_label("tone")
    text.press_sequentially("x")
    gate.wait()
    text.press_sequentially("y")
    tone.select_option("c")
    gate.open()
    gate.wait()
    expect(page.locator("p")).to_have_text("X a")
    expect(text).to_have_value("xy")
    expect(tone).to_have_value("c")
    gate.open()
    gate.wait()
    expect(page.locator("p")).to_have_text("XY a")
    expect(text).to_have_value("XY")  # the answer to the newest input
    expect(tone).to_have_value("c")
    gate.open()
    expect(page.locator("p")).to_have_text("XY c")
    expect(tone).to_have_value("c")


def test_lists_are_set_by_several_checkboxes_and_options(person: Visitor) -> None:
    page = person.open("/extras")
    page.get_by_label("desk").uncheck()
    gate.wait()
    page.get_by_label("bath").uncheck()  # while the first change is on its way
    page.get_by_label("desk").check()
    gate.open()
    expect(page.locator("p")).to_have_text("tv desk")
    page.get_by_label("bath").check()
    expect(page.locator("p")).to_have_text("tv desk bath")
    for extra in ("tv", "desk", "bath"):
        expect(page.get_by_label(extra)).to_be_checked()
        page.get_by_label(extra).uncheck()
    expect(page.locator("p")).to_be_empty()
    tones = page.locator("select")
    for chosen in (["a", "b"], ["a", "b", "c"], ["c"], []):
        tones.select_option(chosen)
        expect(page.locator("b")).to_have_text(" ".join(chosen))
