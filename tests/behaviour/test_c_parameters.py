"""C. Form data and parameters: from fields to typed values, on every way."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field
from starlette.datastructures import FormData
from starlette.requests import Request
from typing_extensions import TypedDict

from liveactions import Bound, Depends, Event, Live, Page, Pages, Prev, action
from tests.behaviour.ways import Way, visiting, ways
from tests.support.small import small_app

pages = Pages()
journal: list[Any] = []
TEMPLATES: dict[str, str] = {}


@pytest.fixture(autouse=True)
def empty_journal() -> None:
    journal.clear()


@pytest.fixture
def live() -> Live:
    return small_app(pages, TEMPLATES)


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


# C1: by name, validated


@pages.page("/typed")
class Typed(Page):
    template = "typed.html"

    @action
    async def save(
        self,
        title: Annotated[str, Field(min_length=3)],
        count: int,
        price: Decimal,
        day: date,
        colour: Colour,
        size: Literal["s", "m"],
        note: str = "none",
        limit: int | None = None,
    ) -> None:
        journal.append((title, count, price, day, colour, size, note, limit))


def inputs(action: str, *names: str) -> str:
    return "".join(
        f'<input name="{name}" aria-label="{name}" value="{{{{ {action}.field("{name}").value }}}}">'
        f'<em id="{name}-error">{{{{ {action}.field("{name}").error }}}}</em>'
        for name in names
    )


FIELDS = ("title", "count", "price", "day", "colour", "size", "note", "limit")
TEMPLATES["typed.html"] = (
    f'<title>T</title><form method="post" action="{{{{ save }}}}">{inputs("save", *FIELDS)}'
    "<button>save</button></form>"
)
GOOD = {
    "title": "Tea",
    "count": " 12 ",
    "price": "1.10",
    "day": "2020-01-02",
    "colour": "red",
    "size": "m",
}


@ways("SHN")
async def test_c1_fields_are_filled_by_name_and_typed(live: Live, way: Way) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open("/typed")
        for name, value in GOOD.items():
            await page.fill(name, value)
        await page.click("save")
        assert journal == [("Tea", 12, Decimal("1.10"), date(2020, 1, 2), Colour.RED, "m", "none", None)]


@ways("SHN")
async def test_c1_what_does_not_fit_is_an_error_of_its_field(live: Live, way: Way) -> None:
    bad = {"title": "x", "count": "many", "price": "dear", "day": "soon", "colour": "green", "size": "xl"}
    wanted = {
        "title": "Must have at least 3 characters",
        "count": "Enter a whole number",
        "price": "Enter a number",
        "day": "Enter a date",
        "colour": "Choose one of the options",
        "size": "Choose one of the options",
        "note": "",
        "limit": "Enter a whole number",
    }
    async with visiting(live, way) as browser:
        page = await browser.open("/typed")
        for name, value in {**bad, "limit": "x"}.items():
            await page.fill(name, value)
        await page.click("save")
        assert ({name: shown(page, name) for name in FIELDS}, journal) == (wanted, [])
        assert page.value("count") == "many"


def shown(page: Any, name: str) -> str:
    return " ".join(page.texts(f"#{name}-error"))


@ways("SHN")
async def test_c1_missing_without_a_default(live: Live, way: Way) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open("/typed")
        await page.click("save")
        missing = [name for name in FIELDS if shown(page, name) == "This field is required"]
        assert (missing, journal) == (list(GOOD), [])


# C2: all fields


@pages.page("/all")
class All(Page):
    template = "all.html"

    @action
    async def send(self, form: FormData, way: str = "") -> None:
        journal.append(form.multi_items())


TEMPLATES["all.html"] = (
    '<title>A</title><form method="post" action="{{ send(way="bound") }}"><input name="b" value="1">'
    '<input name="a" value="é"><input name="b" value="2"><input name="_x" value="mine">'
    '<input name="b" value=""><button name="how" value="now">send</button></form>'
)


@ways("SHN")
async def test_c2_all_fields_as_sent(live: Live, way: Way) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open("/all")
        await page.click("send")
        assert journal == [
            [("b", "1"), ("a", "é"), ("b", "2"), ("_x", "mine"), ("b", ""), ("how", "now")],
        ]


# C3, C4: lists and checkboxes


@pages.page("/lists")
class Lists(Page):
    template = "lists.html"

    @action
    async def pick(self, tags: list[str], sizes: set[int], pair: tuple[str, ...], more: list[int]) -> None:
        journal.append((tags, sizes, pair, more))

    @action
    async def tick(
        self, plain: bool, valued: str | None, off: bool, maybe: str | None, many: list[str], no: bool = True
    ) -> None:
        journal.append((plain, valued, off, maybe, many, no))


TEMPLATES["lists.html"] = (
    '<title>L</title><form method="post" action="{{ pick }}"><select name="tags" multiple aria-label="tags">'
    "<option>a</option><option>b</option><option>c</option></select>"
    '<input name="sizes" value="3"><input name="sizes" value="3"><input name="sizes" value="1">'
    '<input name="pair" value="x"><button>pick</button></form>'
    '<form method="post" action="{{ tick }}">'
    '<input type="checkbox" name="plain" aria-label="plain"><input type="checkbox" name="off">'
    '<input type="checkbox" name="valued" value="v" aria-label="valued"><input type="checkbox" name="maybe">'
    '<input type="checkbox" name="many" value="1" aria-label="one">'
    '<input type="checkbox" name="many" value="2"><input type="checkbox" name="no">'
    "<button>tick</button></form>"
)


@ways("SHN")
async def test_c3_repeated_names_are_a_list(live: Live, way: Way) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open("/lists")
        await page.select("tags", "a", "c")
        await page.click("pick")
        assert journal == [(["a", "c"], {3, 1}, ("x",), [])]


@ways("SHN")
async def test_c3_none_at_all_is_the_empty_list(live: Live, way: Way) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open("/lists")
        await page.click("pick")
        assert journal == [([], {3, 1}, ("x",), [])]


@ways("SHN")
async def test_c4_checkboxes(live: Live, way: Way) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open("/lists")
        for name in ("plain", "valued", "one"):
            await page.check(name)
        await page.click("tick")
        assert journal == [(True, "v", False, None, ["1"], False)]


# C5: models


class City(BaseModel):
    name: Annotated[str, Field(min_length=2)]
    zip: int | None = None


@dataclass
class Item:
    name: str
    count: int = 1


class Options(TypedDict):
    gift: bool
    note: str


class Order(BaseModel):
    title: str
    city: City
    items: list[Item] = Field(default=[], max_length=3)
    options: Options | None = None
    attributes: dict[str, str] = {}


@dataclass
class Person:
    name: str
    tags: list[str] = field(default_factory=list)


@pages.page("/models")
class Models(Page):
    template = "models.html"

    @action
    async def order(self, order: Order) -> None:
        journal.append(order)

    @action
    async def person(self, person: Person, note: str = "") -> None:
        journal.append((person, note))

    @action
    async def options(self, options: Options) -> None:
        journal.append(options)

    @action
    async def two(self, sender: City, receiver: City) -> None:
        journal.append((sender.name, receiver.name))


PATHS = ("title", "city.name", "city.zip", "items[7].name", "items[2].name", "items[2].count")
TEMPLATES["models.html"] = (
    f'<title>M</title><form method="post" action="{{{{ order }}}}">{inputs("order", *PATHS)}'
    '<input name="attributes.size" value="xl"><input name="city.__class__" value="x">'
    '<input name="options.gift" type="checkbox"><input name="options.note" value="hi">'
    "<button>order</button></form>"
    '<form method="post" action="{{ person }}"><input name="name" value="Ada"><input name="tags" value="a">'
    '<input name="tags" value="b"><input name="note" value="n"><button>person</button></form>'
    '<form method="post" action="{{ options }}"><input name="note" value="n"><button>options</button></form>'
    '<form method="post" action="{{ two }}"><input name="sender.name" value="Rome">'
    f"{inputs('two', 'receiver.name')}<button>two</button></form>"
)


@ways("SHN")
async def test_c5_a_model_takes_the_whole_form(live: Live, way: Way) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open("/models")
        values = ("Tea", "Rome", "", "seven", "two", "22")
        for path, value in zip(PATHS, values, strict=True):
            await page.fill(path, value)
        await page.click("order")
        assert journal == [
            Order(
                title="Tea",
                city=City(name="Rome"),
                items=[Item("two", 22), Item("seven")],
                options={"gift": False, "note": "hi"},
                attributes={"size": "xl"},
            )
        ]


@ways("SHN")
async def test_c5_errors_by_path(live: Live, way: Way) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open("/models")
        for path, value in zip(PATHS, ("", "R", "x", "", "two", "many"), strict=True):
            await page.fill(path, value)
        await page.click("order")
        errors = page.texts("em")
        assert errors[:6] == [
            "This field is required",
            "Must have at least 2 characters",
            "Enter a whole number",
            "This field is required",
            "",
            "Enter a whole number",
        ]
        assert page.value("items[2].count") == "many"


@ways("SHN")
async def test_c5_dataclasses_and_typed_dictionaries(live: Live, way: Way) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open("/models")
        await page.click("person")
        await page.click("options")
        assert journal == [(Person("Ada", ["a", "b"]), "n"), {"gift": False, "note": "n"}]


@ways("SHN")
async def test_c5_two_models_each_under_its_name(live: Live, way: Way) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open("/models")
        await page.fill("receiver.name", "B")
        await page.click("two")
        assert page.texts("em")[-1] == "Must have at least 2 characters"
        await page.fill("receiver.name", "Bonn")
        await page.click("two")
        assert journal == [("Rome", "Bonn")]


@pages.page("/many/{count}")
class Many(Page):
    template = "many.html"
    count: int

    @action
    async def save(self, items: list[Item]) -> None:
        journal.append(len(items))


TEMPLATES["many.html"] = (
    '<title>M</title><form method="post" action="{{ save }}"><em>{{ save.errors|list }}</em>'
    '{% for n in range(count) %}<input name="items[{{ n * 1000 }}].name" value="x">{% endfor %}'
    "<button>save</button></form>"
)


@ways("SHN")
async def test_c5_lists_have_gaps_and_an_end(live: Live, way: Way) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open("/many/999")
        await page.click("save")
        assert journal == [999]


async def test_c5_a_list_of_more_than_a_thousand() -> None:
    from tests.support.pages import call, failure, opened

    page = await opened(Many, {"count": "1"})
    outcome = await failure(page, page.save, {f"items[{n}].name": "x" for n in range(1001)})
    assert (outcome.status, list(outcome.errors.values())) == (422, ["Too many items"])
    assert (await call(page, page.save, {f"items[{n}].name": "x" for n in range(1000)})).ok


# C10: injection by annotation


def current_user(request: Request) -> str:
    return request.headers["host"]


class Marker:
    """As FastAPI's: known by its looks."""

    __module__ = "fastapi.params"
    dependency = staticmethod(current_user)
    use_cache = True


@pages.page("/injected")
class Injected(Page):
    template = "injected.html"

    @action
    async def act(
        self,
        page: str,
        form: str,
        event: str,
        session: str,
        request: str,
        prev: str,
        sent: FormData,
        asked: Request,
        before: Prev[str],
        happened: Event,
        user: Annotated[str, Depends(current_user)],
        other: Annotated[str, Marker()],
        id: Bound[int] = 0,
    ) -> str:
        words = [page, form, event, session, request, prev]
        journal.append(
            [*words, len(sent), asked.url.path, before, happened.type, user, other, id],
        )
        return "result"


NAMES = ("page", "form", "event", "session", "request", "prev")
TEMPLATES["injected.html"] = (
    '<title>I</title><form method="post" action="{{ act(id=7) }}">'
    + "".join(f'<input name="{name}" value="{name}">' for name in (*NAMES, "id", "user", "before", "sent"))
    + "<button>act</button></form>"
)


@ways("SHN")
async def test_c10_names_are_the_users(live: Live, way: Way) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open("/injected")
        await page.click("act")
        await page.click("act")
        rest = [10, "/injected", None, "", "testserver", "testserver", 7]
        again = [10, "/injected", "result", "", "testserver", "testserver", 7]
        assert journal == [[*NAMES, *rest], [*NAMES, *again]]


# What was typed is shown again


@pages.page("/again")
class Again(Page):
    template = "again.html"

    @action
    async def save(self, title: str, tags: list[str], way: str = "") -> None: ...


TEMPLATES["again.html"] = (
    '<title>A</title><form method="post" action="{{ save }}"><input name="title">'
    '{% set f = save.field("tags", ["a"]) %}'
    '{% for tag in "abc" %}<label>{{ tag }}<input type="checkbox" name="tags" value="{{ tag }}"'
    '{% if tag in f.values %} checked{% endif %}></label>{% endfor %}{% set g = save.field("way", "van") %}'
    '{% for way in ("van", "post") %}<label>{{ way }}<input type="radio" name="way" value="{{ way }}"'
    "{% if way in g.values %} checked{% endif %}></label>{% endfor %}<button>save</button></form>"
)


@ways("SHN")
async def test_c3_what_was_chosen_is_shown_again(live: Live, way: Way) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open("/again")
        names = ("a", "b", "c", "van", "post")
        assert [page.is_checked(name) for name in names] == [True, False, False, True, False]
        await page.uncheck("a")
        await page.check("c")
        await page.check("post")
        await page.click("save")  # without a title
        assert [page.is_checked(name) for name in names] == [False, False, True, False, True]


# Without validation


@pages.page("/unchecked")
class Unchecked(Page):
    template = "unchecked.html"

    @action(validate=False)
    async def save(self, n: int, city: City) -> None:
        journal.append((n, city))


TEMPLATES["unchecked.html"] = (
    '<title>U</title><form method="post" action="{{ save }}"><input name="n" value="x">'
    '<input name="name" value=""><input name="zip" value="y"><button>save</button></form>'
)


@ways("SHN")
async def test_c1_without_validation_the_fields_are_as_they_came(live: Live, way: Way) -> None:
    async with visiting(live, way) as browser:
        page = await browser.open("/unchecked")
        await page.click("save")
        assert journal == [("x", {"zip": "y"})]
