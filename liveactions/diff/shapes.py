"""The shapes that one client knows."""

from __future__ import annotations

from typing import Any

from ..template.fragment import Shape


class Shapes:
    """Numbers for shapes, handed out once per connection; a client is sent a shape when it first needs it."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, str], int] = {}
        self._known: dict[int, tuple[Shape, int]] = {}
        self._new: list[Any] = []

    def number(self, shape: Shape) -> int:
        """The number of a shape. Shapes of equal content have one."""
        known = self._known.get(id(shape))
        if known is not None:
            return known[1]
        content = shape.namespace, shape.source
        number = self._numbers.get(content)
        if number is None:
            number = self._numbers[content] = len(self._numbers)
            self._new += [number, list(content) if shape.namespace else shape.source]
        self._known[id(shape)] = shape, number  # holding it keeps its id from being used again
        return number

    def take(self) -> list[Any]:
        """What the client has to be told: number, HTML, number, HTML …"""
        new, self._new = self._new, []
        return new
