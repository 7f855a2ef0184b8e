"""Controls that are bound to fields: ``live-bind``, over the socket and by plain posts."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from liveactions import ActionError, Component, InTab, InUrl, Live, Page, Pages, action, loaded
from liveactions.actions.run_context import CURRENT_COMPONENT
from liveactions.testing import Browser, Failed, both_ways, plugin
from tests.support.pages import new
from tests.support.small import small_app

browser = plugin.browser
pages = Pages()
FORM = """<title>F</title><form method="post" action="{{ save }}">
{% set c = live.field.count %}
<input aria-label="q" live-bind.debounce="{{ live.field.q }}">
<input aria-label="count" type="number" live-bind.change="{{ c }}" {{ c.attrs|xmlattr }}>
<i id="error">{{ c.error }}</i>
<input aria-label="day" type="date" live-bind.blur="{{ live.field.day }}">
<select aria-label="tone" live-bind="{{ live.field.tone }}">{% for tone in tones %}
  <option {% if tone == "cold" %}disabled{% endif %} value="{{ tone }}">{{ tone }}!</option>
{% endfor %}<option>other</option></select>
<select aria-label="many" multiple live-bind="{{ live.field.many }}"><option>a<option>b<option>c</select>
<input type="checkbox" aria-label="on" live-bind="{{ live.field.on }}">
{% set boxes_field = live.field.boxes %}{% for one in "ab" %}
<input type="checkbox" aria-label="box {{ one }}" value="{{ one }}" live-bind="{{ boxes_field }}">
<input type="radio" aria-label="radio {{ one }}" value="{{ one }}" live-bind="{{ live.field.radio }}">
{% endfor %}
<textarea aria-label="text" live-bind="{{ live.field.text }}"></textarea>
<button>Save</button></form>
<button form="live" formaction="{{ reset }}">Reset</button>
<button form="live" formaction="{{ live.field.q('set') }}">Set</button>
<p>{{ q }}|{{ count }}|{{ day or "" }}|{{ tone }}|{{ many|join }}|{{ on }}|{{ boxes|join }}|{{ radio }}|
{{- text }}</p>
<b>{{ length }}</b><u>{{ saved|join(",") }}</u>"""


@pages.page("/all")
class All(Page):
    template = "all.html"
    q: InUrl[str] = ""
    count: Annotated[int, Field(ge=1, le=9)] = 1
    day: date | None = None
    tone: str = "warm"
    many: list[Literal["a", "b", "c"]] = ["a"]
    on: bool = False
    boxes: tuple[str, ...] = ("b",)
    radio: Literal["a", "b"] = "a"
    text: InTab[str] = ""
    tones: tuple[str, ...] = ("warm", "cold")
    saved: tuple[str, ...] = ()
    length: int = loaded()

    async def load(self) -> None:
        self.length = len(self.q)

    @action
    async def save(self, q: str = "") -> None:
        self.saved = (*self.saved, f"{q} {self.count}")

    @action
    async def reset(self) -> None:
        self.q, self.count, self.many = "", 1, []


class Line(Component):
    template = "line.html"
    title: str = ""
    done: bool = False


@pages.page("/lines")
class Lines(Page):
    template = "lines.html"
    lines: list[Line] = [Line(title="a"), Line(title="b")]
    done: str = "page"

    @action
    async def save(self) -> None:
        self.done = ",".join(f"{line.title}={line.done}" for line in self.lines)


@pages.page("/room/{room}")
class Room(Page):
    template = "line.html"
    room: str
    hits: int = loaded()
    models: dict[str, int] = {}
    line: Line = Line()


@pages.page("/secret")
class Secret(Page):
    template = "secret.html"
    role: str = "guest"
    show: InUrl[bool] = False
    name: str = ""
    saved: bool = False

    @action
    async def save(self) -> None:
        self.saved = True


def refuse() -> None:
    raise ActionError("Not you", status=403)


class Desk(Component):
    template = "desk.html"
    extras: Annotated[tuple[Literal["bath", "desk", "tv"], ...], Field(max_length=2)] = ("bath", "desk")


@pages.page("/boxes")
class Boxes(Page):
    template = "boxes.html"
    extras: tuple[str, ...] = ("bath", "desk", "tv")
    beds: set[int] = {1}
    desk: Desk = Desk()
    one: str = ""


@pages.page("/refused")
class Refused(Page):
    template = "refused.html"
    note: str = ""
    shown: int = 0

    @action(guard=refuse)
    async def save(self) -> None: ...

    @action(rate="1/hour")
    async def once(self) -> None: ...

    @action
    async def show(self) -> None:
        self.shown += 1


BOXES = """{% for one in ("bath", "desk", "tv") %}<input type="checkbox" aria-label="{{ prefix }}{{ one }}"
value="{{ one }}" live-bind="{{ field }}">{% endfor %}"""
TEMPLATES = {
    "boxes.html": "<title>B</title>"
    f"{{% with field = live.field.extras, prefix = '' %}}{BOXES}{{% endwith %}}"
    "<input type='checkbox' aria-label='{{ 1 }} bed' value='{{ 1 }}' live-bind='{{ live.field.beds }}'>"
    "<input type='checkbox' aria-label='2 beds' value='2' live-bind='{{ live.field.beds }}'>"
    "<input type='checkbox' aria-label='one' value='x' live-bind='{{ live.field.one }}'>"
    "{{ desk }}"
    "<p>{{ extras|join(',') }}</p><b>{{ beds|sort|join(',') }} {{ one }}</b>",
    # The field is set by posts only.
    "refused.html": "<title>R</title><form method='post' action='{{ save }}'>"
    "<input type='hidden' name='_b' value='{{ live.field.note.token }}'>"
    "<input aria-label='note' name='{{ live.field.note.name }}'>"
    "<button>Save</button><button formaction='{{ once }}'>Once</button></form>"
    "<button form='live' formaction='{{ show }}'>Show</button><p>{{ shown }}:{{ note }}</p>"
    "<i>{{ once.error }}</i>",
    "desk.html": f"<div>{{% with field = live.field.extras, prefix = 'my ' %}}{BOXES}{{% endwith %}}"
    "<u>{{ extras|join(',') }}</u><i>{{ live.field.extras.error }}</i></div>",
    "all.html": FORM,
    "line.html": '<li><input live-bind="{{ live.field.title }}" aria-label="title {{ title }}">'
    '<input type="checkbox" live-bind="{{ live.field.done }}" aria-label="done {{ title }}"></li>',
    "lines.html": '<title>L</title><form method="post" action="{{ save }}"><ul>'
    "{% for one in lines %}{{ one }}{% endfor %}</ul>"
    "<button>Save</button></form><p>{{ done }}</p>",
    "secret.html": "<title>S</title><form method='post' action='{{ save }}'>"
    "{% if show %}<input live-bind='{{ live.field.role }}'>{% endif %}"
    "<input aria-label='name' live-bind='{{ live.field.name }}'><button>Save</button></form>"
    "<button type='button' live-click='{{ live.field.show(false) }}'>hide</button>"
    "<p>{{ role }} {{ saved }}</p>",
}


@pytest.fixture
def live() -> Live:
    return small_app(pages, TEMPLATES)


async def test_each_control_sets_its_field(browser: Browser) -> None:
    page = await browser.open("/all")
    assert page.text("p") == "|1||warm|a|False|b|a|"
    await page.fill("q", "hello ")
    assert page.text("b") == "6" and page.url == "/all?q=hello+"
    await page.fill("count", "5")
    assert "|1|" in page.text("p")  # it is set with the change
    await page.fill("day", "2027-05-01")
    assert "|5||" in page.text("p")
    await page.select("tone", "other")
    await page.select("many", "b", "c")
    await page.check("on")
    await page.uncheck("box b")
    await page.check("box a")
    await page.check("radio b")
    await page.fill("text", "one\ntwo")
    assert page.text("p") == "hello |5|2027-05-01|other|bc|True|a|b|one two"
    await page.select("many")
    await page.uncheck("on")
    await page.fill("day", "")
    await page.fill("text", "")
    assert page.text("p") == "hello |5||other||False|a|b|"
    await page.click("Set")
    assert page.text("b") == "3" and page.value("q") == "set"


@both_ways
async def test_a_post_sets_the_fields_of_its_form_before_the_action(browser: Browser) -> None:
    page = await browser.open("/all?q=old")
    assert page.value("q") == "old"
    await page.fill("q", "new")
    await page.fill("count", "7")
    await page.fill("day", "2027-05-01")
    await page.select("many")
    await page.check("on")
    await page.uncheck("box b")
    await page.fill("text", "x")
    await page.click("Save")
    assert page.text("u") == "new 7"
    assert page.text("p") == "new|7|2027-05-01|warm||True||a|x"


@both_ways
async def test_an_invalid_value_is_shown_beside_its_control(browser: Browser) -> None:
    page = await browser.open("/all")
    await page.fill("count", "70")
    await page.fill("q", "kept")
    await page.click("Save")
    assert page.text("#error") == "Must be at most 9" and page.value("count") == "70"
    assert page.attribute("[aria-label=count]", "aria-invalid") == "true"
    assert page.text("p").startswith("kept|1|") and page.text("u") == ""
    await page.fill("count", "")
    await page.click("Save")
    assert page.text("#error") == "This field is required"
    await page.fill("count", "007")
    await page.click("Save")
    assert page.text("#error") == "" and page.text("u") == "kept 7"
    assert page.value("count") == "007"  # as it was typed, as long as that is the value
    await page.click("Reset")
    assert page.value("count") == "1" and page.value("q") == ""


@both_ways
async def test_an_error_is_gone_when_the_field_is_set_otherwise(browser: Browser) -> None:
    page = await browser.open("/all")
    await page.fill("count", "5")
    await page.click("Save")
    await page.fill("count", "70")
    await page.click("Save")
    assert page.text("#error")
    await page.click("Reset")
    assert page.text("#error") == "" and page.value("count") == "1"


async def test_a_checkbox_adds_its_value_to_a_list_or_removes_it(browser: Browser) -> None:
    page, other = await browser.open("/boxes"), await browser.open("/boxes")
    await page.uncheck("desk")
    assert page.text("p") == "bath,tv" and other.text("p") == "bath,desk,tv"
    await page.uncheck("bath")
    await page.uncheck("tv")
    assert page.text("p") == ""
    for extra in ("bath", "desk", "tv"):
        await page.check(extra)
    assert page.text("p") == "bath,desk,tv"
    await page.check("2 beds")
    assert page.text("b") == "1,2"
    await page.uncheck("1 bed")
    await page.check("one")  # of a field with a single value
    assert page.text("b") == "2 x"


async def test_a_list_that_cannot_be_set_stays_in_its_checkboxes(browser: Browser) -> None:
    page = await browser.open("/boxes")
    await page.check("my tv")
    assert page.text("u") == "bath,desk" and "at most 2" in page.text("i")
    assert page.is_checked("my tv")
    await page.uncheck("my bath")
    assert page.text("u") == "desk,tv" and page.text("i") == ""
    await page.uncheck("my desk")
    assert page.text("u") == "tv" and page.text("p") == "bath,desk,tv"


async def test_a_form_that_a_guard_or_a_rate_refuses_sets_no_field(browser: Browser) -> None:
    page = await browser.open("/refused")
    await page.fill("note", "a")
    with pytest.raises(Failed, match="Not you"):
        await page.click("Save")
    await page.click("Show")
    assert page.text("p") == "1:"
    await page.click("Once")
    assert page.text("p") == "1:a"
    await page.fill("note", "b")
    await page.click("Once")
    assert "again in" in page.text("i") and page.text("p") == "1:a"


@both_ways
async def test_components_have_fields_of_their_own(browser: Browser) -> None:
    page = await browser.open("/lines")
    await page.fill("title b", "B")
    await page.check("done a")
    await page.click("Save")
    assert page.text("p") == "a=True,B=False"


def first_bound(page: Any) -> Any:
    """The reference of the first field that a control is bound to."""
    return next(one.get("value") for one in page._root().elements() if one.get("name") == "_b")


def tamper(page: Any, reference: str) -> None:
    """Let the control of the name pretend to be that of another field."""
    for element in page._root().elements():
        if element.get("name") == "_b":
            element.set("value", reference)
        elif element.get("name") == "name":
            element.set("name", "role")


@both_ways
async def test_only_what_was_rendered_for_this_page_can_be_set(browser: Browser) -> None:
    page = await browser.open("/secret")
    signature = first_bound(page).rpartition("~")[2]
    await page.fill("name", "admin")
    tamper(page, f"role=~~{signature}")
    await page.click("Save")
    assert page.text("p") == "guest False"


async def test_an_open_page_sets_only_what_it_shows(browser: Browser) -> None:
    page = await browser.open("/secret?show=1")
    role = first_bound(page)
    assert role.startswith("role=~")
    await page.click("hide")
    await page.fill("name", "admin")
    tamper(page, role)
    await page.click("Save")
    assert page.text("p") == "guest False"
    await page.reload()
    await page.fill("name", "admin")
    await page.click("Save")
    assert page.text("p") == "guest True"


@pytest.mark.parametrize(
    "name, message",
    [
        ("rom", "Room has no such field; did you mean 'room'?"),
        ("hits", r"this field of Room can't be set: load\(\) sets it"),
        ("models", "a control holds a single value, or a list of values"),
        ("line", "it contains components; bind their own fields"),
        ("room", "it is part of the page's path"),
    ],
)
def test_what_cannot_be_bound(name: str, message: str) -> None:
    page = new(Room)
    token = CURRENT_COMPONENT.set(page)
    try:
        with pytest.raises(TypeError, match=message):
            getattr(page.live.field, name)
    finally:
        CURRENT_COMPONENT.reset(token)
