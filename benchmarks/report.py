"""Lines of the report, each with a figure and its target."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """A figure and, if there is one, its target: `at_least` or `at_most`."""

    name: str
    figure: float
    unit: str = ""
    at_least: float | None = None
    at_most: float | None = None

    @property
    def aim(self) -> str:
        if self.at_least is not None:
            return f">= {self.at_least:g}"
        return "" if self.at_most is None else f"<= {self.at_most:g}"

    @property
    def reached(self) -> str:
        if not self.aim:
            return ""
        low = self.at_least is not None and self.figure < self.at_least
        high = self.at_most is not None and self.figure > self.at_most
        return "SHORT" if low or high else "ok"

    def __str__(self) -> str:
        return (
            f"  {self.name:<58} {self.figure:>10,.4g} {self.unit:<10} {self.aim:<10} {self.reached}".rstrip()
        )


def show(title: str, lines: Iterable[Line]) -> None:
    """Print a part of the report."""
    print(f"\n{title}", flush=True)
    for line in lines:
        print(line, flush=True)
