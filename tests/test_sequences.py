"""What two sequences have in common at their ends."""

from __future__ import annotations

from operator import eq

from hypothesis import given
from hypothesis import strategies as st

from liveactions.sequences import common_ends

TEXTS = [bytes([97 + number]).decode() for number in range(4)]
texts = st.lists(st.sampled_from(TEXTS), max_size=8)


@given(texts, texts)
def test_the_ends_are_as_long_as_possible_and_do_not_overlap(old: list[str], new: list[str]) -> None:
    start, end = common_ends(old, tuple(new))
    shorter = min(len(old), len(new))
    assert old[:start] == new[:start]
    assert start == shorter or old[start] is not new[start]
    rest, other = old[start:], new[start:]
    assert rest[len(rest) - end :] == other[len(other) - end :]
    assert start + end == shorter or rest[-end - 1] is not other[-end - 1]


def test_equal_is_not_the_same() -> None:
    assert common_ends((1, 0.0, 2), (True, -0.0, 2)) == (0, 1)
    assert common_ends((1, 0.0, 2), (True, -0.0, 2), eq) == (3, 0)
    assert common_ends(range(5), [0, 1, 7, 4], eq) == (2, 1)


def test_what_was_compared_last_is_not_compared_again() -> None:
    compared = 0

    def same(a: int, b: int) -> bool:
        nonlocal compared
        compared += 1
        return a is b

    old, new = tuple(range(10)), (*range(5), 50, *range(6, 10))
    assert common_ends(old, new, same) == common_ends(old, new, same) == (5, 4)
    assert compared == 11
    changing = list(new)
    assert common_ends(old, changing, same) == (5, 4)
    changing[5] = old[5]
    assert common_ends(old, changing, same) == (10, 0)
