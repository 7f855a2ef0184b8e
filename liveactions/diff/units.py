"""Lengths as browsers count them."""

from __future__ import annotations

from collections.abc import Callable


def units_of(text: str) -> Callable[[int, int], int]:
    """A function that says how many units of UTF-16 the part of a text from one position to another has."""
    if text.isascii() or len(_encoded(text)) == 2 * len(text):
        return _plain
    return lambda start, end: len(_encoded(text[start:end])) >> 1


def _encoded(text: str) -> bytes:
    return text.encode("utf-16-le", "surrogatepass")


def _plain(start: int, end: int) -> int:
    return end - start
