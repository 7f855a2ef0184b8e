"""The JSON of immutable values is written once, and is that of the whole value."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import PlainSerializer
from pydantic_core import to_json

from liveactions import Component, Page
from liveactions.actions.codec import codec
from liveactions.pages.component import attach
from liveactions.pages.field_json import PIECE, Written, write
from liveactions.pages.state import encode_state
from tests.support.pages import new


@dataclass(frozen=True)
class Row:
    id: int
    label: str = ""


ROWS = codec(tuple[Row, ...])
changes = st.lists(
    st.tuples(st.sampled_from("replace insert remove prepend append swap slice".split()), st.floats(0, 1)),
    min_size=1,
    max_size=12,
)


def changed(rows: tuple[Row, ...], what: str, where: float, number: int) -> tuple[Row, ...]:
    at = int(where * max(len(rows) - 1, 0))
    row = Row(1000 + number, "é")
    return {
        "replace": (*rows[:at], row, *rows[at + 1 :]),
        "insert": (*rows[:at], row, *rows[at:]),
        "remove": (*rows[:at], *rows[at + 1 :]),
        "prepend": (row, *rows),
        "append": (*rows, row),
        "swap": (*rows[at:], *rows[:at]),
        "slice": rows[at:],
    }[what]


@given(st.integers(0, 5 * PIECE), changes)
def test_pieces_make_the_json_of_the_whole(count: int, steps: list[tuple[str, float]]) -> None:
    rows = tuple(map(Row, range(count)))
    known: Written | None = None
    for number, step in enumerate((("replace", 0.0), *steps)):
        rows = changed(rows, *step, number)
        known = write(rows, ROWS.encode, known, True)
        assert b"".join(known.parts) == ROWS.encode(rows)
        if known.offsets:
            assert known.offsets[-1] == len(rows) and len(known.parts) == len(known.offsets)
            for number, part in enumerate(known.parts[:-1]):
                start, end = known.offsets[number : number + 2]
                assert part[1:] == ROWS.encode(rows[start:end])[1:-1]


def test_what_has_not_changed_is_not_written_again() -> None:
    encoded = 0

    def encode(rows: Any) -> bytes:
        nonlocal encoded
        encoded += len(rows)
        return ROWS.encode(rows)

    rows = tuple(map(Row, range(100 * PIECE)))
    known = write(rows, encode, None, True)
    assert write(rows, encode, known, True) is known
    encoded = 0
    for number in range(3 * PIECE):
        if number % 2:
            rows = (Row(-number), *rows)
        else:
            rows = (*rows[:777], replace(rows[777], label=str(number)), *rows[778:])
        known = write(rows, encode, known, True)
    assert encoded < 3 * PIECE * 4 * PIECE
    assert len(known.parts) < 110


EQUAL = st.sampled_from([0, False, 0.0, -0.0, 1, True, 1.0, "1", "0"])


@given(st.lists(EQUAL, min_size=PIECE + 1, max_size=3 * PIECE), st.lists(st.tuples(st.integers(0), EQUAL)))
def test_equal_values_are_not_the_same(values: list[Any], steps: list[tuple[int, Any]]) -> None:
    known = write(tuple(values), to_json, None, True)
    for at, value in steps:
        values[at % len(values)] = value
        known = write(tuple(values), to_json, known, True)
        assert b"".join(known.parts) == to_json(values)


class Inner(Component):
    rows: tuple[Row, ...] = ()
    count: int = 0


class Lists(Page):
    rows: tuple[Row, ...] | None = None
    text: Annotated[tuple[int, ...], PlainSerializer(lambda items: "".join(map(str, items)))] = ()
    inner: Inner
    many: dict[str, Inner] = {}
    some: list[Inner] = []
    amount: float = 0.5


def test_the_state_of_a_page() -> None:
    page = new(Lists)
    page.inner = Inner()
    page.many, page.some = {'"': Inner(count=1), "b": Inner()}, [Inner(), Inner(count=2)]
    page.rows = page.inner.rows = tuple(map(Row, range(2 * PIECE)))
    page.text = (1,) * 2 * PIECE
    attach(page, page.live)
    rows = [{"id": number, "label": ""} for number in range(2 * PIECE)]
    for _ in range(2):
        (state,) = json.loads(b"".join(encode_state(page)))
        assert state == {
            "rows": rows,
            "text": "1" * 2 * PIECE,
            "inner": {"rows": rows, "count": 0},
            "many": {'"\\""': {"rows": [], "count": 1}, '"b"': {"rows": [], "count": 0}},
            "some": [{"rows": [], "count": 0}, {"rows": [], "count": 2}],
            "amount": 0.5,
        }


def test_the_field_is_named_that_contains_invalid_unicode() -> None:
    page = new(Lists)
    page.inner = Inner()
    attach(page, page.live)
    page.inner.rows = (Row(1, "\ud800"),)
    with pytest.raises(TypeError, match=r"Inner\.rows.*invalid Unicode"):
        encode_state(page)
