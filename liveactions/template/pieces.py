"""The HTML of a fragment bit by bit, each with the place in a template that it comes from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from .fragment import Fragment, Items, Shape, written


class Piece(NamedTuple):
    """HTML without markers. `line` is where it begins, in the template `name` if that is known."""

    text: str
    name: str | None
    line: int
    is_static: bool
    """Whether the template says it as it is; else it is what an expression or statement has made."""

    def line_at(self, offset: int) -> int:
        """The line of a character; white space that tags strip may make it another one nearby."""
        return self.line + self.text[:offset].count("\n") if self.is_static else self.line


def pieces(fragment: Fragment) -> Iterator[Piece]:
    """All of a fragment."""
    shape = fragment.shape
    name = shape.where[0]
    for number, text in enumerate(shape.plain):
        yield Piece(text, name, _line(shape, number), True)
        if number < len(shape.kinds):
            yield from _value(fragment, number)


def _value(fragment: Fragment, number: int) -> Iterator[Piece]:
    shape, value = fragment.shape, fragment.values[number]
    for inner in value.fragments if type(value) is Items else (value,):
        if type(inner) is Fragment:
            yield from pieces(inner)
        else:
            line = shape.lines[number] if shape.lines else shape.where[1]
            yield Piece(written(shape.kinds[number], inner), shape.where[0], line, False)


def _line(shape: Shape, number: int) -> int:
    """Where a static piece begins: its slot follows it."""
    if number < len(shape.lines):
        return shape.lines[number] - shape.plain[number].count("\n")
    return shape.lines[-1] if shape.lines else shape.where[1]
