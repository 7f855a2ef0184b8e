"""Parameters: what forms and events send becomes typed values, or errors by field."""

from __future__ import annotations

import typing
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import Enum
from io import BytesIO
from typing import Annotated, Any, Generic, Literal, NotRequired, Required, TypeVar

import pytest
from pydantic import AfterValidator, BaseModel, Field, StringConstraints
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from typing_extensions import TypedDict

from liveactions.actions.decorator import action
from liveactions.actions.form_input import Draft
from liveactions.actions.markers import Bound, Event
from liveactions.pages.page import Page
from liveactions.types import Failed
from tests.support.pages import call, failure, opened, success

T = TypeVar("T")


class Colour(Enum):
    RED = "red"


def even(number: int) -> int:
    if number % 2:
        raise ValueError("Only even numbers")
    return number


class Address(BaseModel):
    city: Annotated[str, Field(min_length=2)]
    zip: int | None = None


class Order(BaseModel):
    title: str
    address: Address
    items: list[Address] = []


@dataclass
class Person:
    name: str
    age: int = 0
    tags: list[str] = field(default_factory=list)


class Point(TypedDict):
    x: int
    y: int


class Extended(TypedDict):
    tags: NotRequired[list[str]]
    inner: Required[Point]
    other: NotRequired[Point]


class Form(Page):
    """Every action returns what it was given."""

    @action
    async def extended(self, extended: Extended) -> Extended:
        return extended

    @action
    async def number(self, n: int) -> Any:
        return n

    @action
    async def number_or(self, n: int = 7) -> Any:
        return n

    @action
    async def nullable(self, n: int | None) -> Any:
        return n

    @action
    async def text(self, t: str) -> Any:
        return t

    @action
    async def amount(self, n: float) -> Any:
        return n

    @action
    async def price(self, n: Decimal) -> Decimal:
        return n

    @action
    async def day(self, n: date) -> date:
        return n

    @action
    async def colour(self, n: Colour) -> Colour:
        return n

    @action
    async def choice(self, n: Literal["a", "b"]) -> Any:
        return n

    @action
    async def flag(self, n: bool = True) -> Any:
        return n

    @action
    async def maybe(self, n: bool | None = None) -> Any:
        return n

    @action
    async def checked(self, n: str | None) -> Any:
        return n

    @action
    async def short(
        self, n: Annotated[str, StringConstraints(strip_whitespace=True, max_length=3)] = ""
    ) -> Any:
        return n

    @action
    async def evens(self, n: Annotated[int, AfterValidator(even)]) -> Any:
        return n

    @action
    async def texts(self, n: list[str]) -> Any:
        return n

    @action
    async def numbers(self, n: set[int]) -> Any:
        return sorted(n)

    @action
    async def pair(self, n: tuple[int, int]) -> tuple[int, int]:
        return n

    @action
    async def order(self, order: Order) -> Order:
        return order

    @action
    async def person(self, person: Person, note: str = "") -> tuple[Person, str]:
        return person, note

    @action
    async def point(self, point: Point) -> Any:
        return point

    @action
    async def two(self, a: Address, b: Address) -> tuple[str, str]:
        return a.city, b.city

    @action
    async def bound(self, id: Bound[int] = 0, n: int = 0) -> tuple[int, int]:
        return id, n

    @action
    async def untyped(self, n="x"):  # type: ignore[no-untyped-def]
        return n

    @action
    async def file(self, upload: UploadFile | None, more: list[UploadFile]) -> Any:
        return upload and upload.filename, [one.filename for one in more]

    @action
    async def needs_file(self, upload: UploadFile) -> Any:
        return upload.filename

    @action(validate=False)
    async def raw(self, order: Order) -> Any:
        return order

    @action
    async def everything(
        self, page: str, form: str, event: str, session: str, sent: FormData, happened: Event, wanted: Request
    ) -> Any:
        return [page, form, event, session, sent.multi_items(), happened.key, wanted.url.path]


async def given(name: str, fields: Any) -> Any:
    """What the action returned; its errors by field if it wasn't run."""
    page = await opened(Form)
    outcome = await call(page, getattr(page, name), fields)
    return outcome.errors if isinstance(outcome, Failed) else getattr(page, name).result


REQUIRED = {"n": "This field is required"}
WHOLE = {"n": "Enter a whole number"}


@pytest.mark.parametrize(
    ("name", "fields", "wanted"),
    [
        ("number", {"n": "12"}, 12),
        ("number", {"n": "-12"}, -12),
        ("number", {"n": " 12 "}, 12),
        ("number", {"n": "0012"}, 12),
        ("number", {"n": "12.0"}, 12),
        ("number", {"n": "9" * 30}, int("9" * 30)),
        ("number", {"n": ["1", "2"]}, 2),
        ("number", {"n": "twelve"}, WHOLE),
        ("number", {"n": "1.5"}, WHOLE),
        ("number", {"n": "١٢"}, WHOLE),
        ("number", {"n": "²"}, WHOLE),
        ("number", {"n": "9" * 5000}, {"n": "This number is too large"}),
        ("number", {}, REQUIRED),
        ("number", {"n": ""}, REQUIRED),
        ("number_or", {}, 7),
        ("number_or", {"n": ""}, 7),
        ("nullable", {}, None),
        ("nullable", {"n": ""}, None),
        ("nullable", {"n": "3"}, 3),
        ("text", {"t": " a "}, " a "),
        ("text", {"t": "a\0b\ud800c"}, "a\ufffdb\ufffdc"),
        ("text", {"t": "é" * 100_000}, "é" * 100_000),
        ("text", {"t": ""}, {"t": "This field is required"}),
        ("amount", {"n": "1.5"}, 1.5),
        ("amount", {"n": "x"}, {"n": "Enter a number"}),
        ("price", {"n": "1.10"}, Decimal("1.10")),
        ("day", {"n": "2020-01-02"}, date(2020, 1, 2)),
        ("day", {"n": "2020-13-02"}, {"n": "Enter a date"}),
        ("colour", {"n": "red"}, Colour.RED),
        ("colour", {"n": "blue"}, {"n": "Choose one of the options"}),
        ("choice", {"n": "b"}, "b"),
        ("choice", {"n": "c"}, {"n": "Choose one of the options"}),
        ("flag", {"other": "x"}, False),
        ("flag", {"n": "on"}, True),
        ("flag", {"n": ""}, True),
        ("flag", {"n": "false"}, False),
        ("flag", {"n": ["0", "1"]}, True),
        ("flag", {"n": "maybe"}, {"n": "Choose yes or no"}),
        ("maybe", {"other": "x"}, None),
        ("maybe", {"n": "true"}, True),
        ("checked", {}, None),
        ("checked", {"n": "yes"}, "yes"),
        ("short", {"n": "  abc "}, "abc"),
        ("short", {"n": "abcd"}, {"n": "Must have at most 3 characters"}),
        ("evens", {"n": "3"}, {"n": "Only even numbers"}),
        ("texts", {}, []),
        ("texts", {"n": "a"}, ["a"]),
        ("texts", {"n": ["b", "a", "b"]}, ["b", "a", "b"]),
        ("texts", {"n[2]": "c", "n[0]": "a"}, ["a", "c"]),
        ("numbers", {"n": ["3", "1", "3"]}, [1, 3]),
        ("numbers", {"n": ["3", "x"]}, WHOLE),
        ("pair", {"n": ["1", "2"]}, (1, 2)),
        ("untyped", {"n": "3"}, "3"),
        ("bound", {"id": "5", "n": "3"}, (0, 3)),
    ],
)
async def test_values(name: str, fields: Any, wanted: Any) -> None:
    found = await given(name, fields)
    assert (found, type(found)) == (wanted, type(wanted))


@pytest.mark.parametrize(
    ("name", "fields", "wanted"),
    [
        ("order", {"title": "t", "address.city": "Rome"}, Order(title="t", address=Address(city="Rome"))),
        (
            "order",
            {"title": "t", "address.city": "Rome", "items[7].city": "Bonn", "items[2].city": "Oslo"},
            Order(
                title="t", address=Address(city="Rome"), items=[Address(city="Oslo"), Address(city="Bonn")]
            ),
        ),
        (
            "order",
            {
                "title": "",
                "address.city": "R",
                "items[3].city": "x",
                "items[1].city": "Oslo",
                "items[1].zip": "z",
            },
            {
                "title": "This field is required",
                "address.city": "Must have at least 2 characters",
                "items[1].zip": "Enter a whole number",
                "items[3].city": "Must have at least 2 characters",
            },
        ),
        (
            "person",
            {"name": "Ada", "age": "36", "tags": ["a", "b"], "note": "n"},
            (Person("Ada", 36, ["a", "b"]), "n"),
        ),
        ("person", {"name": "Ada", "age": "old"}, {"age": "Enter a whole number"}),
        ("point", {"x": "1", "y": "2"}, {"x": 1, "y": 2}),
        ("two", {"a.city": "Rome", "b.city": "Bonn"}, ("Rome", "Bonn")),
        ("two", {"a.city": "Rome", "b.city": "B"}, {"b.city": "Must have at least 2 characters"}),
        (
            "order",
            {"title": "t", "address": "x", "address.__class__": "y"},
            {"address.city": "This field is required"},
        ),
    ],
)
async def test_models(name: str, fields: Any, wanted: Any) -> None:
    assert await given(name, fields) == wanted


async def test_lists_have_an_end() -> None:
    fields = {f"items[{n}].city": "Rome" for n in range(1002)}
    errors = await given("order", {"title": "t", "address.city": "Rome", **fields})
    assert list(errors.values()) == ["Too many items"]


async def test_bound_arguments_go_before_fields() -> None:
    page = await opened(Form)
    outcome = await success(page, page.bound.bind(1, 2), {"id": "8", "n": "9"})
    assert outcome.result == [1, 2]


async def test_injection_is_by_annotation_and_names_are_the_users() -> None:
    page = await opened(Form)
    fields = [
        ("page", "p"),
        ("form", "f"),
        ("event", "e"),
        ("session", "s"),
        ("page", "q"),
        ("_s", "x"),
        ("_a", "y"),
    ]
    outcome = await success(page, page.everything, fields, key="Enter")
    assert outcome.result == ["q", "f", "e", "s", [list(pair) for pair in fields[:5]], "Enter", "/page"]


def upload(name: str, data: bytes = b"data") -> UploadFile:
    return UploadFile(BytesIO(data), filename=name, size=len(data))


class Link(BaseModel):
    name: str
    next: Link | None = None


class Chain(Page):
    @action
    async def keep(self, link: Link) -> Link:
        return link

    @action
    async def draft(self, link: Draft[Link]) -> None: ...


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({"name": "a"}, Link(name="a")),
        ({"name": "a", "next.name": "b"}, Link(name="a", next=Link(name="b"))),
    ],
)
async def test_a_model_in_itself(fields: Any, wanted: Link) -> None:
    page = await opened(Chain)
    assert (await call(page, page.keep, fields)).ok
    assert page.keep.result == wanted
    assert (await call(page, page.draft, fields)).ok


@pytest.mark.parametrize(
    ("annotation", "default", "hint"),
    [
        (Annotated[str, Field(alias="x")], "", "alias"),
        (Annotated[str, Field(validation_alias="x")], "", "alias"),
        (Annotated[Bound[str], Field(alias="x")], "", "alias"),
        (Annotated[str, Field(default="a")], "", "default in Field"),
        (str, Field(default="a", max_length=3), "a Field can't be the default"),
    ],
)
def test_what_a_field_of_pydantic_would_say_in_vain(annotation: Any, default: Any, hint: str) -> None:
    async def save(self: Page, title: Any = default) -> None: ...

    save.__annotations__["title"] = annotation
    with pytest.raises(TypeError, match=f"save: parameter 'title': .*{hint}"):
        type("Wrong", (Page,), {"save": action(save), "__module__": __name__})


class Database:
    """Something that only a dependency can provide."""


@pytest.mark.parametrize("name", ["save", "load"])
def test_a_type_that_no_form_can_have_asks_for_a_dependency(name: str) -> None:
    async def function(self: Page, database: Database) -> None: ...

    function.__qualname__ = f"Wrong.{name}"
    method = action(function) if name == "save" else function
    with pytest.raises(TypeError, match=rf"^Wrong.{name}: parameter 'database': .*Depends\(function\)"):
        type("Wrong", (Page,), {name: method, "__module__": __name__})


class Optional(typing.TypedDict, total=False):
    note: str
    title: Required[str]


class Stop(Optional):
    x: Annotated[int, Field(ge=0)]
    then: NotRequired[Stop | None]
    tags: NotRequired[list[str]]


class Parcel(typing.TypedDict, Generic[T]):
    content: T


class Typed(Page):
    stop: Stop = {"x": 1, "title": ""}

    @action
    async def go(self, stop: Stop) -> Stop:
        self.stop = stop
        return stop

    @action
    async def send(self, parcel: Parcel[int]) -> Parcel[int]:
        return parcel


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({"x": "3", "title": "a"}, {"x": 3, "title": "a", "tags": []}),
        ({"x": "3", "title": "a", "note": "n"}, {"x": 3, "title": "a", "note": "n", "tags": []}),
        ({"x": "3", "title": "a", "tags": "t"}, {"x": 3, "title": "a", "tags": ["t"]}),
        (
            {"x": "3", "title": "a", "then.x": "4", "then.title": "b"},
            {"x": 3, "title": "a", "tags": [], "then": {"x": 4, "title": "b", "tags": []}},
        ),
    ],
)
async def test_typed_dicts_of_typing(fields: Any, wanted: Any) -> None:
    page = await opened(Typed)
    assert (await success(page, page.go, fields)).result == page.stop == wanted
    assert (await success(page, page.send, {"content": "3"})).result == {"content": 3}


async def test_keys_that_are_not_required_are_read_by_their_type() -> None:
    page = await opened(Form)
    fields = {"tags": "t", "inner.x": "1", "inner.y": "2"}
    wanted: Any = {"tags": ["t"], "inner": {"x": 1, "y": 2}}
    assert (await success(page, page.extended, fields)).result == wanted
    fields |= {"other.x": "3", "other.y": "4"}
    wanted["other"] = {"x": 3, "y": 4}
    assert (await success(page, page.extended, fields)).result == wanted


async def test_typed_dicts_of_typing_have_required_keys() -> None:
    page = await opened(Typed)
    assert (await failure(page, page.go, {"x": "-1"})).errors == {
        "title": "This field is required",
        "x": "Must be at least 0",
    }


async def test_files() -> None:
    none = upload("", b"")
    assert await given("file", {"upload": none, "more": [none]}) == [None, []]
    assert await given("file", {"upload": upload("a"), "more": [upload("b"), upload("c")]}) == [
        "a",
        ["b", "c"],
    ]
    assert await given("file", {"upload": "text", "more": "text"}) == [None, []]
    assert await given("needs_file", {"upload": none}) == {"upload": "This field is required"}
    assert await given("text", {"t": upload("a")}) == {"t": "Enter some text"}


async def test_without_validation_the_values_are_as_they_came() -> None:
    found = await given("raw", {"title": "", "address.zip": "z"})
    assert found == {"address": {"zip": "z"}, "items": []}


async def test_an_action_that_does_not_fit_is_not_run() -> None:
    page = await opened(Form)
    outcome = await failure(page, page.number, {"n": "x"})
    assert (outcome.status, outcome.message, page.number.result) == (422, "", None)


async def test_messages_can_be_replaced() -> None:
    page = await opened(Form, messages={"missing": "Pflichtfeld"})
    assert (await failure(page, page.number)).errors == {"n": "Pflichtfeld"}
    assert (await failure(page, page.number, {"n": "x"})).errors == WHOLE
