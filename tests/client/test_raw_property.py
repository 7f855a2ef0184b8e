"""Random HTML that becomes other HTML, in Chromium: always what a fresh load of it is."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Page

from liveactions.diff import nodes as edits
from liveactions.diff.client_state import checksum, splices
from liveactions.diff.strings import windows
from liveactions.html.balance import is_serialised
from tests.client.markup import PLACES, Case, case

BATCH = 250


UNLIKE = ("svg", "g", "math", "mi", "table")
"""Places in which browsers write what the server takes for plain in other ways: the check is for them."""
MISPLACED = "misplaced"
"""What is said of HTML that browsers put elsewhere than it stands."""


IN_BODY = ("div", "page", "among", "td")
"""Places for which the server tells which nodes have changed."""


def changes(place: str, moments: Sequence[str]) -> Iterator[dict[str, Any]]:
    """What the server tells of a slot that the client knows from the page."""
    for number, (old, new) in enumerate(pairwise(moments)):
        if number:
            change = {"s": splices(old, new)}
            told = edits.edits(old, new, windows(old, new)) if place in IN_BODY else None
            yield change | ({"e": told[0], "d": told[1]} if told else {})
        elif is_serialised(old) and place not in UNLIKE:
            yield {"s": splices(old, new), "c": checksum(old)}
        else:
            yield {"h": new}


def play(page: Page, cases: Sequence[Case]) -> list[str]:
    """What differs from fresh loads, if anything, after the changes of each case."""
    data = [
        {
            "page": PLACES[case.place][1:],
            "moments": case.moments,
            "changes": list(changes(case.place, case.moments)),
        }
        for case in cases
    ]
    found: list[str] = page.evaluate("cases => play(cases)", data)
    return found


@pytest.mark.usefixtures("short_is_long")
def test_raw_html_becomes_what_a_fresh_load_of_it_is(raw_page: Page, request: pytest.FixtureRequest) -> None:
    seed = os.environ.get("SEED") or (secrets.randbits(32) if request.config.getoption("--random") else 1)
    print(f"SEED={seed}")
    number = max(1000, request.config.getoption("--cases"))
    misplaced = 0
    for first in range(0, number, BATCH):
        names = [f"{seed}/{n}" for n in range(first, min(first + BATCH, number))]
        cases = [case(name) for name in names]
        for name, one, difference in zip(names, cases, play(raw_page, cases), strict=True):
            misplaced += difference == MISPLACED
            assert difference in ("", MISPLACED), f"seed {name}: {one}\n{difference}"
    assert misplaced < number / 50  # the others are enough
