"""Typed values as JSON, and results of actions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import pytest
from markupsafe import Markup
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from liveactions.actions.codec import Results, codec, json_text, read_json


class Colour(Enum):
    RED = "red"


@dataclass(frozen=True)
class Point:
    x: int
    y: int = 0


@dataclass(frozen=True)
class Point3(Point):
    z: int = 0


class Size(IntEnum):
    LARGE = 3


class Strict(BaseModel):
    model_config = ConfigDict(strict=True)
    day: date
    pair: tuple[int, int]


@pytest.mark.parametrize(
    ("annotation", "value", "text"),
    [
        (int, 5, "5"),
        (str | None, None, "null"),
        (str, "é", '"é"'),
        (bytes, b"\xff\x00", '"_wA="'),
        (date, date(2024, 2, 29), '"2024-02-29"'),
        (Decimal, Decimal("1.10"), '"1.10"'),
        (Colour, Colour.RED, '"red"'),
        (tuple[Point, ...], (Point(1), Point(2, 3)), '[{"x":1,"y":0},{"x":2,"y":3}]'),
        (frozenset[int], frozenset({1}), "[1]"),
        (Strict, Strict(day=date(2024, 1, 1), pair=(1, 2)), '{"day":"2024-01-01","pair":[1,2]}'),
        (float, float("inf"), "Infinity"),
        (Any, {"a": [1, None, 1.5]}, '{"a":[1,null,1.5]}'),
    ],
)
def test_there_and_back(annotation: Any, value: Any, text: str) -> None:
    assert codec(annotation).text(value) == text
    back = codec(annotation).load(read_json(text))
    assert back == value and type(back) is type(value)


@pytest.mark.parametrize(
    ("annotation", "value"),
    [(int, "5"), (int, None), (list[int], ["a"]), (Any, object()), (Any, {1: "a"}), (Any, (1,)), (Point, 1)],
)
def test_what_the_annotation_does_not_allow_is_not_written(annotation: Any, value: Any) -> None:
    with pytest.raises(TypeError):
        codec(annotation).dump(value)


def test_what_contains_itself_is_not_written() -> None:
    endless: list[Any] = []
    endless.append(endless)
    for annotation in (Any, list[Any]):
        with pytest.raises(TypeError):
            codec(annotation).dump(endless)


def test_what_does_not_fit_is_not_read() -> None:
    with pytest.raises(ValidationError):
        codec(int).load("x")


def test_codecs_are_shared_where_their_annotation_has_a_hash() -> None:
    assert codec(list[int]) is codec(list[int])
    unhashable = Annotated[int, Field(json_schema_extra={"a": []})]
    assert codec(unhashable).load("5") == 5


def test_json_is_compact_and_has_no_escapes() -> None:
    assert json_text({"a": ["ü", 1]}) == '{"a":["ü",1]}'
    with pytest.raises(ValueError):
        read_json("{")


@pytest.mark.parametrize(
    ("value", "where"),
    [
        (object(), "act() returned a object at result, which isn't data"),
        ({"items": [1, object()]}, "act() returned a object at result['items'][1], which isn't data"),
        ([Point(object())], "act() returned a object at result[0].x, which isn't data"),  # type: ignore[arg-type]
    ],
)
def test_results_that_are_no_data_say_where(value: Any, where: str) -> None:
    with pytest.raises(TypeError) as caught:
        Results("act", Any).dump(value)
    assert str(caught.value) == where


def test_results_come_back_as_their_annotation_says() -> None:
    results = Results("act", list[Point])
    data = results.dump([Point(1)])
    assert data == [{"x": 1, "y": 0}]
    assert results.load(data) == [Point(1)]
    value = [Point(1)]
    copy = results.same(value, data)
    assert copy == value and copy is not value


def test_results_without_a_usable_annotation_are_data() -> None:
    for annotation in (Any, Literal, object()):
        results = Results("act", annotation)
        assert results.dump(Point(1)) == {"x": 1, "y": 0}
        assert results.load({"x": 1}) == {"x": 1}


ZONE = ZoneInfo("Europe/Berlin")


@dataclass
class Meeting:
    at: datetime | None = None
    all: tuple[time, ...] = ()


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (datetime, datetime(2024, 7, 1, tzinfo=ZONE)),
        (list[datetime], [datetime(2024, 7, 1, tzinfo=ZONE)]),
        (dict[str, Meeting], {"a": Meeting(datetime(2024, 7, 1, tzinfo=ZONE))}),
        (Meeting, Meeting(all=(time(1, tzinfo=ZONE),))),
    ],
)
def test_time_zones_do_not_come_back(annotation: Any, value: Any) -> None:
    with pytest.raises(TypeError, match=r"Europe/Berlin.* fixed offset. Store the time in UTC, by"):
        codec(annotation).require_same(value, codec(annotation).dump(value))


@pytest.mark.parametrize(
    "zone", [None, UTC, timezone(timedelta(hours=2)), ZoneInfo("UTC")], ids=["none", "utc", "2", "UTC"]
)
def test_fixed_offsets_come_back(zone: Any) -> None:
    value = Meeting(datetime(2024, 7, 1, tzinfo=zone))
    data = codec(Meeting).dump(value)
    codec(Meeting).require_same(value, data, strict=True)
    assert codec(Meeting).load(data) == value


@pytest.mark.parametrize(
    ("annotation", "value", "text"),
    [
        (str, Markup("<b>"), "it is a Markup and would come back as a str"),
        (list[str], ["a", Markup("b")], r"\[1\] is a Markup"),
        (int, Size.LARGE, "it is a Size and would come back as a int"),
        (dict[str, Point], {"p": Point3(1)}, r"\['p'\] is a Point3 and would come back as a Point"),
        (Point, Point3(1), "is a Point3 and"),
        (float, 1, "it is a int and would come back as a float"),
    ],
)
def test_strictly_kinds_come_back(annotation: Any, value: Any, text: str) -> None:
    data = codec(annotation).dump(value)
    codec(annotation).require_same(value, data)
    with pytest.raises(TypeError, match=text):
        codec(annotation).require_same(value, data, strict=True)
