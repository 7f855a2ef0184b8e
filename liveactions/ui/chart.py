"""Charts as geometry: scales, ticks, bars and paths, which `<ui.Chart>` and `<ui.Sparkline>` draw as SVG.

Positions are texts, as SVG takes them. Bars and points are placed in percent, so they fit any size. Paths
can't be, so they are drawn in a box of few units, which keeps them short, and the box is stretched: each
label has 2 units of its width. A path has at most `_PIECE` segments, so that a changed value of a long line
changes a short piece of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import groupby, pairwise
from math import ceil, floor, isfinite, log10
from operator import itemgetter
from typing import Any, Final, Literal

Kind = Literal["bar", "line", "area", "sparkline"]
Number = int | float | Decimal
Format = str | Callable[[Any], str]
"""A format such as ``"{:,.0f} €"``, or a function that returns a value's text."""
HEIGHT: Final = 1000
"""The height of the box in which paths are drawn, in units."""
_LOW: Final = 100
"""The height of that box for sparklines, which are a few pixels high."""
_PIECE: Final = 16
_STEPS: Final = 4
"""Approximate number of steps of a scale."""
_BAND: Final = 0.8
"""The part of a label's room that its bars take."""
_COLOURS: Final = 6
_LARGEST: Final = 1e300
"""The largest number that can be drawn: scales of larger ones wouldn't be finite."""
_SMALLEST: Final = 1e-300
"""The minimum distance of numbers between which there are steps."""
_EXACT: Final = 1e-12
"""That distance as a part of the numbers, because floats have 16 digits."""
_MAX_POINTS: Final = 60
"""Maximum number of values for which a line has points."""
_MAX_LABELS: Final = 12
_FEW_LABELS: Final = 6
"""Number of labels for which there is always room."""


@dataclass(frozen=True)
class Tick:
    """A line across the chart, at `y` percent from the top."""

    text: str
    y: str


@dataclass(frozen=True)
class Label:
    """A text below the chart, at `x` percent. A `minor` one is hidden where there is little room."""

    text: str
    x: str
    minor: bool


@dataclass(frozen=True)
class Mark:
    """A value: a bar, or a point at `x` and `y`; in percent. `text` is the value, `label` whose it is."""

    key: int
    label: str
    text: str
    x: str
    y: str
    width: str = ""
    height: str = ""


@dataclass(frozen=True)
class Piece:
    """A part of a line, and the area below it, as path data."""

    key: int
    line: str
    area: str


@dataclass(frozen=True)
class Series:
    """Values with a name. `number`, from 1, says which colour they have."""

    name: str
    number: int
    marks: tuple[Mark, ...]
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class Row:
    """A row of the table with a chart's data: a label, and the text of each series' value."""

    key: int
    label: str
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Chart:
    """A chart, ready to be drawn. Created by `chart` and `sparkline`."""

    kind: Kind
    width: int
    """The height of the box in which paths are drawn, in units."""
    series: tuple[Series, ...]
    ticks: tuple[Tick, ...]
    """In order, from the top down."""
    labels: tuple[Label, ...]
    table: tuple[Row, ...]
    zero: str
    """The position of zero, in percent from the top; "" if it isn't on the chart."""
    summary: str
    """A description for screen readers: the lowest and the highest value of each series."""


def chart(
    kind: Literal["bar", "line", "area"],
    labels: Sequence[object],
    series: Mapping[str, Sequence[Number | None]],
    *,
    format: Format = "{:,}",
) -> Chart:
    """Return a chart of one or more series, each with a value per label; None is a gap.

    The scale of bars and areas begins at zero; that of lines does unless all values are far from it. Raise
    `ValueError` for a series of another length than `labels`, and for numbers that aren't finite, or are
    larger than 1e300.
    """
    texts = tuple(map(str, labels))
    for name, values in series.items():
        _check(name, texts, values)
    low, high = _range([value for values in series.values() for value in values])
    if kind != "line" or 0 <= low <= high / 2 or low / 2 <= high <= 0:
        low, high = min(low, 0.0), max(high, 0.0)
    steps = nice_steps(low, high)
    scale = _Scale(float(steps[0]), float(steps[-1]))
    draw = _bars if kind == "bar" else _lines
    return Chart(
        kind=kind,
        width=2 * len(texts),
        series=tuple(draw(texts, series.items(), scale, format)),
        ticks=tuple(Tick(_text(step, format), scale.percent(step)) for step in reversed(steps)),
        labels=tuple(_labels(texts)),
        table=tuple(
            Row(n, label, tuple(_text(values[n], format) for values in series.values()))
            for n, label in enumerate(texts)
        ),
        zero=scale.percent(0) if scale.low <= 0 <= scale.high else "",
        summary=" ".join(_summary(name, texts, values, format) for name, values in series.items()),
    )


def sparkline(values: Sequence[Number | None], *, format: Format = "{:,}") -> Chart:
    """Return a small line without scale and labels; None is a gap. Raise `ValueError` as `chart` does."""
    _check("", values, values)
    scale = _Scale(*_range(values))
    known = [value for value in values if value is not None]
    summary = ""
    if known:
        last, low, high = (_text(value, format) for value in (known[-1], min(known), max(known)))
        summary = f"{last}, between {low} and {high}"
    drawn = tuple(_lines([""] * len(values), [("", values)], scale, format, _LOW))
    return Chart("sparkline", 2 * len(values), drawn, (), (), (), "", summary)


def nice_steps(low: float, high: float) -> list[int | float]:
    """Return round numbers at equal distances, about five, that enclose `low` and `high`.

    They are multiples of 1, 2 or 5 and a power of ten. If `low` and `high` are equal, or as
    good as equal, zero is the other end, or 1.
    """
    if high - low <= _EXACT * max(abs(low), abs(high)):
        low, high = min(low, 0.0), max(high, 0.0)
    if high - low < _SMALLEST:
        low, high = 0.0, 1.0
    exponent = floor(log10((high - low) / _STEPS))
    rough = (high - low) / _STEPS / 10.0**exponent
    step = next((factor for factor in (1, 2, 5) if rough <= factor), 10)

    def times(number: int) -> int | float:
        exact = number * step * Fraction(10) ** exponent
        return int(exact) if exact.denominator == 1 else float(exact)

    size = step * 10.0**exponent
    return [times(number) for number in range(floor(low / size), ceil(high / size) + 1)]


@dataclass(frozen=True)
class _Scale:
    """A vertical axis."""

    low: float
    high: float

    def part(self, value: Number) -> float:
        """Return how far below the top a value is: 0 at the top, 1 at the bottom."""
        return (self.high - float(value)) / (self.high - self.low) if self.high > self.low else 0.5

    def percent(self, value: Number) -> str:
        return _percent(self.part(value))


_Named = Iterable[tuple[str, Sequence[Number | None]]]


def _bars(labels: Sequence[str], named: _Named, scale: _Scale, format: Format) -> Iterator[Series]:
    named = list(named)
    zero, width = scale.part(0), _BAND / max(len(named), 1)
    for index, (name, values) in enumerate(named):
        band = 1 / max(len(values), 1)
        marks = (
            Mark(
                key=n,
                label=labels[n],
                text=_text(value, format),
                x=_percent(band * (n + (1 - _BAND) / 2 + width * index)),
                y=_percent(min(scale.part(value), zero)),
                width=_percent(band * width),
                height=_percent(abs(scale.part(value) - zero)),
            )
            for n, value in enumerate(values)
            if value is not None
        )
        yield Series(name, _colour(index), tuple(marks), ())


def _lines(
    labels: Sequence[str], named: _Named, scale: _Scale, format: Format, height: int = HEIGHT
) -> Iterator[Series]:
    base = round(min(max(scale.part(0), 0), 1) * height)
    for index, (name, values) in enumerate(named):
        parts = [None if value is None else scale.part(value) for value in values]
        marks = (
            Mark(n, labels[n], _text(values[n], format), _middle(n, len(values)), _percent(part))
            for n, part in enumerate(parts)
            if part is not None and len(parts) <= _MAX_POINTS
        )
        yield Series(name, _colour(index), tuple(marks), tuple(_pieces(parts, base, height)))


def _pieces(parts: Sequence[float | None], base: int, height: int) -> Iterator[Piece]:
    """Yield the pieces of a line; each begins where the one before it ends, unless there is a gap."""
    for start in range(0, len(parts), _PIECE):
        window = enumerate(parts[start : start + _PIECE + 1], start)
        for is_gap, group in groupby(window, lambda one: one[1] is None):
            run = [(n, round(part * height)) for n, part in group if part is not None]
            if not is_gap and run[0][0] < start + _PIECE:  # else it is the beginning of the next piece only
                yield _piece(run, base)


def _piece(run: list[tuple[int, int]], base: int) -> Piece:
    (first, top), left = run[0], 2 * run[0][0] + 1
    steps = [f"2 {below - above}" for (_, above), (_, below) in pairwise(run)] or ["0 0"]
    line = f"M{left} {top}l{' '.join(steps)}".replace(" -", "-")
    return Piece(first, line, f"{line}V{base}H{left}z")


def _labels(texts: Sequence[str]) -> Iterator[Label]:
    """Yield the labels, as many as there may be room for."""
    shown = range(0, len(texts), -(-len(texts) // _MAX_LABELS) or 1)
    for index, n in enumerate(shown):
        yield Label(texts[n], _middle(n, len(texts)), len(shown) > _FEW_LABELS and index % 2 == 1)


def _summary(name: str, labels: Sequence[str], values: Sequence[Number | None], format: Format) -> str:
    known = [(value, label) for value, label in zip(values, labels, strict=True) if value is not None]
    if not known:
        return f"{name}: no values."
    low, high = min(known, key=itemgetter(0)), max(known, key=itemgetter(0))
    return f"{name}: from {_text(low[0], format)} ({low[1]}) to {_text(high[0], format)} ({high[1]})."


def _check(name: str, labels: Sequence[object], values: Sequence[Number | None]) -> None:
    if len(values) != len(labels):
        raise ValueError(f"the series {name!r} has {len(values)} values for {len(labels)} labels")
    for label, value in zip(labels, values, strict=True):
        if value is not None and not _is_drawable(value):
            problem = f"the series {name!r} has {value} at {label!r}; write None for a gap"
            raise ValueError(f"{problem}. Numbers up to {_LARGEST:.0e} can be drawn")


def _is_drawable(value: Number) -> bool:
    try:
        return isfinite(value) and -_LARGEST <= value <= _LARGEST
    except OverflowError:  # an integer that is too large for a float
        return False


def _range(values: Iterable[Number | None]) -> tuple[float, float]:
    known = [float(value) for value in values if value is not None]
    return min(known, default=0.0), max(known, default=0.0)


def _text(value: Number | None, format: Format) -> str:
    if value is None:
        return ""
    return format.format(value) if isinstance(format, str) else format(value)


def _middle(index: int, count: int) -> str:
    """Return how far from the left the middle of a label's room is, in percent."""
    return _percent((index + 0.5) / count)


def _colour(index: int) -> int:
    return index % _COLOURS + 1


def _percent(part: float) -> str:
    """Return a part of the whole as a percentage, without the sign: ``12.5``."""
    return f"{part * 100:.2f}".rstrip("0").rstrip(".")
