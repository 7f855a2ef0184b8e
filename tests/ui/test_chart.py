"""`ui.chart` and `ui.sparkline`: scales, bars, lines, and what is said about them."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from liveactions import ui
from liveactions.ui.chart import HEIGHT, nice_steps

numbers = st.floats(-1e12, 1e12) | st.integers(-(10**12), 10**12)


@pytest.mark.parametrize(
    ("low", "high", "steps"),
    [
        (0, 100, [0, 50, 100]),
        (0, 17, [0, 5, 10, 15, 20]),
        (0, 1, [0, 0.5, 1]),
        (0.1, 0.3, [0.1, 0.15, 0.2, 0.25, 0.3]),
        (-3, 8, [-5, 0, 5, 10]),
        (1990, 2010, [1990, 1995, 2000, 2005, 2010]),
        (0, 0, [0, 0.5, 1]),
        (7, 7, [0, 2, 4, 6, 8]),
        (-7, -7, [-8, -6, -4, -2, 0]),
        (0, 123_456, [0, 50_000, 100_000, 150_000]),
    ],
)
def test_round_numbers(low: float, high: float, steps: list[float]) -> None:
    assert nice_steps(low, high) == steps


@given(numbers, numbers)
def test_round_numbers_enclose_the_values(a: float, b: float) -> None:
    low, high = sorted((float(a), float(b)))
    assume(high == low or high - low > abs(high) * 1e-9)
    steps = nice_steps(low, high)
    slack = (float(steps[-1]) - float(steps[0])) * 1e-9
    assert steps[0] <= low + slack and high - slack <= steps[-1]
    assert 2 <= len(steps) <= 7 and steps == sorted(set(steps))


def test_bars() -> None:
    chart = ui.chart("bar", ["Jan", "Feb"], {"Sales": [10, 20], "Returns": [0, -10]})
    sales, returns = chart.series
    assert [(bar.x, bar.y, bar.width, bar.height, bar.text) for bar in sales.marks] == [
        ("5", "33.33", "20", "33.33", "10"),
        ("55", "0", "20", "66.67", "20"),
    ]
    assert [(bar.x, bar.y, bar.height) for bar in returns.marks] == [
        ("25", "66.67", "0"),
        ("75", "66.67", "33.33"),
    ]
    assert [(tick.text, tick.y) for tick in chart.ticks] == [
        ("20", "0"),
        ("10", "33.33"),
        ("0", "66.67"),
        ("-10", "100"),
    ]
    assert chart.zero == "66.67"
    assert [row.texts for row in chart.table] == [("10", "0"), ("20", "-10")]
    assert (sales.number, returns.number) == (1, 2)


def test_lines_and_areas() -> None:
    line = ui.chart("line", "abcd", {"One": [0, 10, 5, 5]})
    assert line.series[0].pieces[0].line == "M1 1000l2-1000 2 500 2 0"
    assert [(point.x, point.y) for point in line.series[0].marks][:2] == [("12.5", "100"), ("37.5", "0")]
    area = ui.chart("area", "ab", {"One": [10, -10]})
    assert area.series[0].pieces[0].area == "M1 0l2 1000V500H1z", "an area ends at zero"


def test_the_scale_of_lines_leaves_zero_out_if_it_is_far_away() -> None:
    assert ui.chart("line", "ab", {"x": [100, 110]}).ticks[-1].text == "100"
    assert ui.chart("line", "ab", {"x": [100, 110]}).zero == ""
    assert ui.chart("line", "ab", {"x": [10, 110]}).ticks[-1].text == "0"
    assert ui.chart("line", "ab", {"x": [-110, -10]}).ticks[0].text == "0"
    assert ui.chart("bar", "ab", {"x": [100, 110]}).ticks[-1].text == "0"


def test_gaps() -> None:
    chart = ui.chart("line", "abcde", {"x": [0, 10, None, 5, None]})
    assert [piece.line for piece in chart.series[0].pieces] == ["M1 1000l2-1000", "M7 500l0 0"]
    assert [row.texts for row in chart.table][2] == ("",)
    assert len(ui.chart("bar", "ab", {"x": [None, 1]}).series[0].marks) == 1


@given(st.lists(st.none() | st.integers(0, 50), max_size=70))
def test_a_line_passes_all_of_its_values_once(values: list[int | None]) -> None:
    chart = ui.chart("area", range(len(values)), {"x": values})
    top = int(chart.ticks[0].text)
    drawn: dict[int, int] = {}
    segments = 0
    for piece in chart.series[0].pieces:
        numbers = [int(number) for number in re.findall(r"-?\d+", piece.line)]
        x, y = numbers[:2]
        drawn[x] = y
        for dx, dy in zip(numbers[2::2], numbers[3::2], strict=True):
            x, y = x + dx, y + dy
            segments += dx > 0
            drawn[x] = y
    expected = {
        2 * n + 1: round((top - value) / top * HEIGHT) for n, value in enumerate(values) if value is not None
    }
    assert drawn == expected
    assert segments == sum(a is not None and b is not None for a, b in zip(values, values[1:], strict=False))
    assert len({piece.key for piece in chart.series[0].pieces}) == len(chart.series[0].pieces)


def test_one_changed_value_changes_one_bar_or_one_piece() -> None:
    before = list(range(50))
    after = [*before[:20], 3, *before[21:]]
    for kind in ("bar", "line"):
        one, other = (ui.chart(kind, range(50), {"x": values}).series[0] for values in (before, after))
        assert sum(a != b for a, b in zip(one.marks, other.marks, strict=True)) == 1
        assert sum(a != b for a, b in zip(one.pieces, other.pieces, strict=True)) == (kind == "line")


def test_long_lines_have_no_points_and_few_labels() -> None:
    chart = ui.chart("line", range(365), {"x": range(365)})
    assert chart.series[0].marks == () and len(chart.table) == 365
    assert len(chart.labels) <= 12 and [label.minor for label in chart.labels][:3] == [False, True, False]


def test_a_description() -> None:
    chart = ui.chart(
        "bar", ["Jan", "Feb", "Mar"], {"Sales": [3, None, 12], "None": [None] * 3}, format="{:.1f} €"
    )
    assert chart.summary == "Sales: from 3.0 € (Jan) to 12.0 € (Mar). None: no values."
    assert chart.ticks[0].text == "15.0 €"


def test_a_sparkline() -> None:
    line = ui.sparkline([1, 3, 2], format=lambda value: f"{value} %")
    assert line.series[0].pieces[0].line == "M1 100l2-100 2 50"
    assert line.summary == "2 %, between 1 % and 3 %"
    assert ui.sparkline([5, 5]).series[0].pieces[0].line == "M1 50l2 0"
    assert ui.sparkline([]).series[0].pieces == ()


def test_nothing_to_show() -> None:
    for kind in ("bar", "line", "area"):
        assert ui.chart(kind, [], {}).series == ()
        assert ui.chart(kind, [], {"x": []}).series[0].pieces == ()
        assert ui.chart(kind, "ab", {}).table[1].texts == ()


def test_decimals() -> None:
    chart = ui.chart("bar", "ab", {"x": [Decimal("1.50"), Decimal("2.25")]}, format="{:.2f}")
    assert chart.series[0].marks[1].text == "2.25"


def test_wrong_values() -> None:
    with pytest.raises(ValueError, match="the series 'x' has 1 values for 2 labels"):
        ui.chart("bar", "ab", {"x": [1]})
    with pytest.raises(ValueError, match="has nan at 'b'; write None for a gap"):
        ui.chart("bar", "ab", {"x": [1, math.nan]})


@pytest.mark.parametrize("value", [1.7e308, -1e308, 10**400, Decimal("1e301"), Decimal("NaN"), math.inf])
def test_numbers_that_are_too_large(value: float) -> None:
    message = r"write None for a gap. Numbers up to 1e\+300 can be drawn"
    with pytest.raises(ValueError, match=message):
        ui.chart("line", "ab", {"x": [0, value]})
    with pytest.raises(ValueError, match=message):
        ui.sparkline([0, value])


@pytest.mark.parametrize("kind", ["bar", "line", "area"])
@pytest.mark.parametrize(
    "values",
    [
        (1e300, -1e300),
        (5e-324, 0),
        (0, -5e-324),
        (5e-324, 5e-324),
        (1, 1 + 2**-52),
        (10**16, 10**16 + 2),
        (-7, -7),
    ],
)
def test_numbers_at_the_limits_of_floats(kind: Any, values: tuple[float, float]) -> None:
    chart = ui.chart(kind, "ab", {"x": values})
    places = [float(tick.y) for tick in chart.ticks]
    assert len(set(places)) == len(places) >= 2 and places == sorted(places)
    assert all(0 <= float(mark.y) <= 100 for mark in chart.series[0].marks)
