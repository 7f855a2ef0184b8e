"""What a form's fields mean for a type."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypedDict

import pytest
from pydantic import BaseModel, Field, SecretStr

from liveactions.actions.form_input import MISSING, tree
from liveactions.actions.form_readers import is_model, reader, secrets


class Address(BaseModel):
    city: str
    zip: str | None
    private: bool = False


class Person(BaseModel):
    name: str = Field(validation_alias="full-name")
    password: SecretStr = SecretStr("")
    friends: list[Person] = []


@dataclass
class Filters:
    text: str | None
    tags: list[str] = field(default_factory=list)


class Options(TypedDict):
    dark: bool


def value_of(annotation: Any, fields: dict[str, list[str]]) -> Any:
    return reader(annotation).read(tree(fields).get("x", {}))


@pytest.mark.parametrize(
    ("annotation", "fields", "wanted"),
    [
        (int, {}, MISSING),
        (int, {"x": [""]}, MISSING),
        (int, {"x": ["1", "2"]}, "2"),
        (bool, {}, False),
        (bool, {"x": [""]}, True),
        (bool, {"x": ["no"]}, "no"),
        (bool | None, {}, MISSING),
        (list[int], {}, []),
        (list[int], {"x": ["1", "", "2"]}, ["1", "2"]),
        (list[int], {"x[7]": ["a"], "x[2]": ["b"], "x[3]": [""]}, ["b", "", "a"]),
        (dict[str, int], {"x.a": ["1"], "x.b": [""]}, {"a": "1"}),
        (Address, {"x.city": ["Bonn"]}, {"city": "Bonn", "zip": None, "private": False}),
        (Address | None, {"x.private": ["on"]}, {"zip": None, "private": "on"}),
        (list[Address], {"x[1].city": ["b"]}, [{"city": "b", "zip": None, "private": False}]),
        (Filters, {"x.tags": ["a", "b"]}, {"text": None, "tags": ["a", "b"]}),
        (Options, {}, {"dark": False}),
        (
            Person,
            {"x.full-name": ["Ada"], "x.friends[0].full-name": ["Bob"]},
            {"full-name": "Ada", "friends": [{"full-name": "Bob", "friends": []}]},
        ),
    ],
)
def test_values(annotation: Any, fields: dict[str, list[str]], wanted: Any) -> None:
    assert value_of(annotation, fields) == wanted


@pytest.mark.parametrize(
    ("annotation", "fields", "wanted"),
    [
        (int, {}, ""),
        (int, {"x": ["a"]}, "a"),
        (bool, {"x": [""]}, True),
        (list[int], {"x": ["1", ""]}, ["1", ""]),
        (dict[str, int], {"x.a": [""]}, {"a": ""}),
        (Address, {"x.city": ["B"]}, {"city": "B", "zip": "", "private": False}),
    ],
)
def test_what_was_typed_is_shown_again(annotation: Any, fields: dict[str, list[str]], wanted: Any) -> None:
    assert reader(annotation).typed(tree(fields).get("x", {})) == wanted


@pytest.mark.parametrize(
    ("annotation", "path", "wanted"),
    [
        (int, ("anything",), []),
        (list[Address], (1, "city"), [7, "city"]),
        (list[Address], (2, "city"), []),
        (dict[str, int], ("a",), ["a"]),
        (dict[str, int], ("c",), []),
        (Address, ("city", "str"), ["city"]),
        (Address, ("nothing",), []),
    ],
)
def test_errors_belong_to_the_fields_that_were_sent(annotation: Any, path: Any, wanted: list[Any]) -> None:
    node = tree({"x[2].city": [""], "x[7].city": [""], "x.a": ["1"]})["x"]
    assert reader(annotation).locate(path, node) == wanted


def test_models_and_their_secrets() -> None:
    assert [is_model(one) for one in (Address, Filters, Options, Address | None)] == [True] * 4
    assert [is_model(one) for one in (int, list[Address], Any)] == [False] * 3
    assert secrets(Person) == {"password"}
    assert secrets(int) == set()
