"""Which item of a list is which: keys, ordinals, lineages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from liveactions.templates.fragments import Items
from liveactions.templates.list_keys import are_recreated, continued, keys, lacks_keys, number, repeats_keys
from tests.templates.moments import compiled

PLAIN = "<li>{{ x }}</li>"


@dataclass(frozen=True)
class Frozen:
    name: str


@dataclass
class Mutable:
    name: str


@dataclass
class Keyed:
    id: int
    key: str = "k"


@dataclass
class WithPrimaryKey:
    pk: UUID


def items(*sources: Any, item: str = PLAIN) -> Items:
    """Return the items of a list that is rendered for the first time."""
    page = f"<ul>{{% for x in xs %}}{item}{{% endfor %}}</ul>"
    [slot] = compiled({"page": page}).render({"xs": sources}).values
    assert isinstance(slot, Items)
    return slot


@pytest.mark.parametrize(
    ("source", "key"),
    [
        ("a", (str, "a")),
        (1, (int, 1)),
        (Keyed(7), ("id", 7)),
        ({"id": 7}, ("id", 7)),
        ({"key": "x"}, ("key", "x")),
        (WithPrimaryKey(UUID(int=3)), ("pk", UUID(int=3))),
        (Mutable("a"), ("position", 0)),
        ([1], ("position", 0)),
        (None, ("position", 0)),
        ({"id": 1.5}, ("position", 0)),
    ],
    ids=repr,
)
def test_the_key_of_an_object(source: Any, key: Any) -> None:
    assert keys(items(source)) == [key]


def test_an_immutable_object_without_a_key_is_its_own() -> None:
    one, other = Frozen("a"), Frozen("a")
    first, second, again = keys(items(one, other, one))
    assert first == ("same", id(one)) and second == ("same", id(other))
    assert again == (first, 1)


@pytest.mark.parametrize("attribute", ["id", "data-key"])
def test_the_key_of_the_element_comes_first(attribute: str) -> None:
    listed = items(Keyed(7), item=f'<li {attribute}="r{{{{ x.id }}}}">x</li>')
    assert keys(listed) == [("element", "r7")]


def test_numbers_and_texts_are_never_the_same_key() -> None:
    assert len(set(keys(items(1, "1", True)))) == 3


def test_equal_keys_are_counted() -> None:
    listed = items("a", "b", "a", "a")
    assert keys(listed) == [(str, "a"), (str, "b"), ((str, "a"), 1), ((str, "a"), 2)]
    assert repeats_keys(listed) and not repeats_keys(items("a", "b"))


def test_an_item_keeps_its_ordinal_as_long_as_the_list_has_its_key() -> None:
    old, new, newest = items(*"abc"), items(*"cad"), items(*"db")
    number(old, new)
    assert list(old.numbers()) == [0, 1, 2]
    assert list(new.numbers()) == [2, 0, 3]
    number(new, newest)
    assert list(newest.numbers()) == [3, 4], "an ordinal isn't used again"
    assert old.lineage is new.lineage is newest.lineage


def test_a_list_with_nothing_in_common_begins_a_lineage() -> None:
    old, new = items(*"abc"), items(*"xy")
    number(old, new)
    assert list(new.numbers()) == [0, 1] and new.lineage is not old.lineage


def test_an_item_of_another_shape_is_another_item() -> None:
    old, new = items("a", "b"), items("a", "b", item="<b>{{ x }}</b>")
    number(old, new)
    assert new.lineage is not old.lineage


def test_what_is_numbered_stays_so() -> None:
    old, new = items(*"ab"), items(*"ba")
    before = new.numbers()
    number(old, new)
    assert new.numbers() is before


def test_ordinals_of_a_part_continue() -> None:
    old, new = items(*"ab"), items(*"bc")
    before = zip(keys(old), old.fragments, (4, 6), strict=True)
    assert continued(before, zip(keys(new), new.fragments, strict=True), 9) == ([6, 9], 10)


def test_a_list_lacks_keys_where_only_positions_differ() -> None:
    assert lacks_keys(items(Mutable("a"), Keyed(1)))
    assert not lacks_keys(items(Frozen("a"), Keyed(1), "x"))


def test_items_are_recreated_where_equal_ones_replace_them() -> None:
    one, other = (1, 2), tuple([1, 2])
    assert one is not other
    assert are_recreated(items(other), items(one))
    assert not are_recreated(items(one), items(one))
    assert not are_recreated(items((3, 4)), items(one))
