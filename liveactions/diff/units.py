"""Lengths as browsers count them."""

from __future__ import annotations


def units(text: str, start: int, end: int) -> int:
    """How many units of UTF-16 a part of a text has."""
    if text.isascii():
        return end - start
    return len(text[start:end].encode("utf-16-le", "surrogatepass")) >> 1
