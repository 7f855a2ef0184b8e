"""One definition of what is immutable, for values and for annotations."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from pathlib import Path, PurePosixPath
from typing import Any, Literal, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from markupsafe import Markup
from pydantic import BaseModel, ConfigDict, PrivateAttr, SecretBytes, SecretStr

from liveactions.immutability import holds_frozen, is_frozen, is_frozen_type


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


def test_annotations_allow_only_immutable_values() -> None:
    assert is_frozen_type(int | None) and is_frozen_type(Literal["a", 1])
    assert not is_frozen_type(int | list[int])
    assert not is_frozen_type(Any) and not is_frozen_type(tuple)
