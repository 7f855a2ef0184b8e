"""State as data: what the snapshot carries, and what comes back from it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Generic, TypeVar
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from liveactions.actions.decorator import action
from liveactions.actions.markers import Bound
from liveactions.exceptions import ActionError, StateError
from liveactions.pages.component import Component
from liveactions.pages.fields import loaded
from liveactions.pages.page import Page
from liveactions.pages.state import encode_state, restore_state
from tests.support.pages import call, new, opened

Row = TypeVar("Row")


class Colour(Enum):
    RED = "red"


@dataclass(frozen=True)
class Person:
    name: str
    born: date | None = None


class Draft(BaseModel):
    title: str = ""
    tags: set[str] = set()


class Everything(Page):
    number: int = 1
    text: str | None = None
    colour: Colour = Colour.RED
    when: datetime = datetime(2020, 1, 2, tzinfo=UTC)
    price: Decimal = Decimal("1.10")
    id: UUID = UUID(int=7)
    people: tuple[Person, ...] = (Person("Ada", date(1815, 12, 10)),)
    draft: Draft = Draft()
    table: dict[str, list[int]] = {"a": [1]}
    raw: bytes = b"\xff"
    amount: float = float("inf")
    free: Any = None
    seen: list[int] = loaded()


class Item(Component):
    text: str = ""

    @action
    async def shout(self) -> None:
        self.text = self.text.upper()


class Table(Component, Generic[Row]):
    kept: tuple[Row, ...] = ()


class Lists(Page):
    one: Item | None = None
    items: list[Item] = []
    pair: tuple[Item, ...] = (Item(text="p"),)
    by_name: dict[str, Item] = {}
    by_number: dict[int, Item] = {}
    people: Table[Person] = Table()


def dump_state(page: Page) -> Any:
    return json.loads(b"".join(encode_state(page)))


def again(page: Page, cls: type[Page] | None = None) -> Any:
    """Another page restored from this one's state, through JSON text."""
    other = new(cls or type(page))
    restore_state(other, dump_state(page))
    return other


def test_everything_comes_back_as_what_it_was() -> None:
    page = new(Everything)
    page.draft = Draft(title="x", tags={"a"})
    page.free = {"any": [1, None]}
    other = again(page)
    for name in (n for n in Everything.__annotations__ if n != "seen"):
        assert getattr(other, name) == getattr(page, name)
        assert type(getattr(other, name)) is type(getattr(page, name))


def test_loaded_and_private_fields_are_not_carried() -> None:
    page = new(Everything)
    page.seen = [1]
    assert "seen" not in dump_state(page)[0]


def test_an_int_needs_no_pydantic() -> None:
    page = new(Everything)
    page.number = 12
    assert dump_state(page)[0]["number"] == 12


def test_a_value_of_another_type_is_told_by_name() -> None:
    page = new(Everything)
    page.number = "twelve"  # type: ignore[assignment]
    with pytest.raises(TypeError, match=r"Everything\.number"):
        dump_state(page)


def test_a_new_field_gets_its_default_and_a_removed_one_is_ignored() -> None:
    class Before(Page):
        kept: int = 1
        gone: int = 2

    class After(Page):
        kept: int = 1
        added: str = "new"

    page = new(Before)
    page.kept = 5
    other = again(page, After)
    assert (other.kept, other.added) == (5, "new")


def test_a_changed_type_is_an_error() -> None:
    class Before(Page):
        value: str = "text"

    class After(Page):
        value: int = 0

    with pytest.raises(StateError, match="After"):
        again(new(Before), After)


@pytest.mark.parametrize(
    "data", [None, [], {}, [None], [[]], "x", 3, [{"items": 3}], [{"items": [3]}], [{}, 3]]
)
def test_what_is_no_state(data: Any) -> None:
    with pytest.raises(StateError):
        restore_state(new(Lists), data)


def test_components_in_lists_and_dicts() -> None:
    page = new(Lists)
    page.one = Item(text="a")
    page.items = [Item(text="b"), Item(text="c")]
    page.by_name = {"x.y~z": Item(text="d")}
    page.by_number = {3: Item(text="e")}
    page.people.kept = (Person("Ada", date(1815, 12, 10)),)
    other = again(page)
    assert other.one.text == "a"
    assert [item.text for item in other.items] == ["b", "c"]
    assert [item.text for item in other.pair] == ["p"]
    assert {key: item.text for key, item in other.by_name.items()} == {"x.y~z": "d"}
    assert {key: item.text for key, item in other.by_number.items()} == {3: "e"}
    assert other.people.kept == page.people.kept
    assert other.items[1].live is other.live


def test_a_component_that_is_none_comes_back_as_none() -> None:
    assert again(new(Lists)).one is None


def test_a_component_of_another_class_than_its_field_says() -> None:
    class Special(Item): ...

    page = new(Lists)
    page.items = [Special()]
    with pytest.raises(TypeError, match="'items' holds a"):
        dump_state(page)


def test_a_component_in_two_places() -> None:
    page = new(Lists)
    page.one = Item()
    page.items = [page.one]
    with pytest.raises(StateError, match="twice"):
        restore_state(page, [{}])


class Form(Page):
    @action
    async def save(self, id: Bound[int], title: str) -> date:
        if title == "bad":
            raise ActionError("Not this one", field="title")
        return date(2020, 1, id)

    @action
    async def free(self) -> Any:
        return {"when": date(2020, 1, 2)}


async def test_results_and_errors_of_forms_are_carried() -> None:
    page = await opened(Form)
    await call(page, page.save.bind(1), {"title": "good"})
    await call(page, page.save.bind(2), {"title": "bad"})
    await call(page, page.free)
    other = again(page)
    assert other.save.bind(1).result == date(2020, 1, 1)
    assert other.save.bind(2).errors["title"] == "Not this one"
    assert other.save.bind(2).field("title").value == "bad"
    assert other.free.result == {"when": "2020-01-02"}


async def test_forms_of_actions_that_are_gone_are_forgotten() -> None:
    class Renamed(Page): ...

    page = await opened(Form)
    await call(page, page.free)
    assert not again(page, Renamed).live.forms.states


class Scalars(Page):
    number: int = 1
    text: str | None = None
    ratio: float = 0.5
    anything: Any = None


class Mixed(Scalars):
    names: list[str] = []


values = st.fixed_dictionaries(
    {
        "number": st.integers() | st.booleans() | st.just("not a number"),
        "text": st.none() | st.text(max_size=3) | st.just("\ud800") | st.just(1),
        "ratio": st.floats() | st.integers(0, 3),
        "anything": st.none() | st.integers() | st.lists(st.integers(), max_size=2),
    }
)


def encoded(cls: type[Page], state: dict[str, Any]) -> Any:
    page = new(cls)
    page.__dict__.update(state)
    try:
        return {name: json.dumps(value) for name, value in dump_state(page)[0].items()}
    except TypeError as error:
        return str(error).replace("Mixed", "Scalars")


@given(values)
def test_a_page_with_scalars_only_is_written_as_one_with_other_fields(state: dict[str, Any]) -> None:
    alone, among_others = encoded(Scalars, state), encoded(Mixed, state)
    if isinstance(among_others, dict):
        assert among_others.pop("names") == "[]"
    assert alone == among_others


def test_a_field_that_is_not_set_is_not_written() -> None:
    page = new(Scalars)
    del page.__dict__["text"]
    assert "text" not in dump_state(page)[0]


Many: type[Page] = type(
    "Many", (Page,), {"__annotations__": dict.fromkeys((f"n{number}" for number in range(100)), int | str)}
)


def test_of_many_scalars_only_the_piece_with_a_changed_one_is_written_again() -> None:
    page = new(Many)
    state: dict[str, int | str] = {f"n{number}": 1000 + number for number in range(100)}
    page.__dict__.update(state)
    first = encode_state(page)
    page.__dict__["n50"] = state["n50"] = "changed"
    second = encode_state(page)
    assert json.loads(b"".join(second)) == [state]
    assert len(first) == len(second)
    changed = [after for before, after in zip(first, second, strict=True) if after is not before]
    assert [b'"changed"' in part for part in changed] == [True]
