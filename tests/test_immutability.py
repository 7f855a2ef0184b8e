"""One definition of what is immutable, for values and for annotations."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from operator import eq
from pathlib import Path, PurePosixPath
from typing import Any, Literal, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup
from pydantic import BaseModel, ConfigDict, PrivateAttr, SecretBytes, SecretStr

from liveactions.immutability import (
    are_frozen,
    common_ends,
    holds_frozen,
    is_frozen,
    is_frozen_after,
    is_frozen_type,
)


class Color(Enum):
    RED = 1


class Title(str):
    """Has attributes of its own, which can change."""


class Pair(NamedTuple):
    left: int
    right: str


class Box(NamedTuple):
    items: list[int]


@dataclass(frozen=True)
class Point:
    x: int
    y: Decimal


@dataclass(frozen=True)
class Basket:
    items: list[str] = field(default_factory=list)


@dataclass
class Draft:
    text: str = ""


class Tag(BaseModel):
    model_config = ConfigDict(frozen=True)
    name: str


class Tags(BaseModel):
    model_config = ConfigDict(frozen=True)
    names: list[str]


class Counted(BaseModel):
    model_config = ConfigDict(frozen=True)
    name: str
    _count: int = PrivateAttr(0)


class Open(BaseModel):
    model_config = ConfigDict(frozen=True, extra="allow")


class Editable(BaseModel):
    name: str


IMMUTABLE: list[Any] = [
    1, 1.5, 1j, "a", b"a", True, None, range(3), Decimal(1), Fraction(1, 2), UUID(int=1), Markup("<b>"),
    date(2020, 1, 2), datetime(2020, 1, 2), time(1), timedelta(1), UTC, timezone(timedelta(hours=1)),
    ZoneInfo("UTC"), Path("a"), PurePosixPath("a"), SecretStr("a"), SecretBytes(b"a"), Color.RED,
    Pair(1, "a"), Point(1, Decimal(2)), Tag(name="a"),
]  # fmt: skip
MUTABLE: list[Any] = [
    [], {}, set(), bytearray(), object(), Title("a"), Box([1]), Basket(), Draft(),
    Tags(names=[]), Counted(name="a"), Open(), Editable(name="a"),
]  # fmt: skip


@pytest.mark.parametrize("value", IMMUTABLE, ids=lambda value: type(value).__name__)
def test_values_and_annotations_agree_on_what_is_immutable(value: Any) -> None:
    assert is_frozen(value) and is_frozen_type(type(value))
    assert is_frozen((value,)) and is_frozen_type(tuple[type(value), ...])  # type: ignore[misc]
    assert is_frozen(frozenset({value})) and is_frozen_type(frozenset[type(value)])  # type: ignore[misc]
    assert holds_frozen(list[type(value)])  # type: ignore[misc]


@pytest.mark.parametrize("value", MUTABLE, ids=lambda value: type(value).__name__)
def test_values_and_annotations_agree_on_what_is_not(value: Any) -> None:
    assert not is_frozen(value) and not is_frozen_type(type(value))
    assert not is_frozen((1, (value,))) and not is_frozen_type(tuple[int, tuple[type(value)]])  # type: ignore[misc]
    assert not holds_frozen(list[type(value)])  # type: ignore[misc]


values = st.recursive(
    st.sampled_from(IMMUTABLE) | st.sampled_from(MUTABLE),
    lambda inner: st.lists(inner, max_size=4).map(tuple) | st.builds(Pair, inner, inner),
    max_leaves=8,
)


def is_immutable(value: Any) -> bool:
    """Look at a value piece by piece."""
    if isinstance(value, tuple):
        return type(value) in (tuple, Pair) and all(map(is_immutable, value))
    return any(value is one for one in IMMUTABLE)


@given(st.lists(values, max_size=4))
def test_values_are_immutable_if_each_of_them_is(several: list[Any]) -> None:
    assert are_frozen(several) == all(map(is_immutable, several))
    assert are_frozen(several) == all(map(is_frozen, several))


@given(st.lists(st.sampled_from(IMMUTABLE), max_size=5).map(tuple), st.lists(values, max_size=3), st.data())
def test_a_tuple_is_as_immutable_after_another_one(
    known: tuple[Any, ...], fresh: list[Any], data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(known)))
    value = *known[:start], *fresh, *known[data.draw(st.integers(start, len(known))) :]
    assert is_frozen_after(known, value) == is_frozen(value)


def test_annotations_allow_only_immutable_values() -> None:
    assert is_frozen_type(int | None) and is_frozen_type(Literal["a", 1])
    assert not is_frozen_type(int | list[int])
    assert not is_frozen_type(Any) and not is_frozen_type(tuple)


TEXTS = [bytes([97 + number]).decode() for number in range(4)]
texts = st.lists(st.sampled_from(TEXTS), max_size=8)


@given(texts, texts)
def test_the_ends_are_as_long_as_possible_and_do_not_overlap(old: list[str], new: list[str]) -> None:
    start, end = common_ends(old, tuple(new))
    shorter = min(len(old), len(new))
    assert old[:start] == new[:start]
    assert start == shorter or old[start] is not new[start]
    rest, other = old[start:], new[start:]
    assert rest[len(rest) - end :] == other[len(other) - end :]
    assert start + end == shorter or rest[-end - 1] is not other[-end - 1]


def test_equal_is_not_the_same() -> None:
    assert common_ends((1, 0.0, 2), (True, -0.0, 2)) == (0, 1)
    assert common_ends((1, 0.0, 2), (True, -0.0, 2), eq) == (3, 0)
    assert common_ends(range(5), [0, 1, 7, 4], eq) == (2, 1)


def test_what_was_compared_last_is_not_compared_again() -> None:
    compared = 0

    def same(a: int, b: int) -> bool:
        nonlocal compared
        compared += 1
        return a is b

    old, new = tuple(range(10)), (*range(5), 50, *range(6, 10))
    assert common_ends(old, new, same) == common_ends(old, new, same) == (5, 4)
    assert compared == 10
    changing = list(new)
    assert common_ends(old, changing, same) == (5, 4)
    changing[5] = old[5]
    assert common_ends(old, changing, same) == (10, 0)
