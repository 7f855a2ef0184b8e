from __future__ import annotations

import time
from itertools import islice

import pytest

from liveactions.store.base import FIRST_PAUSE, LONGEST_PAUSE, backoff


def test_pauses_double_up_to_the_longest() -> None:
    found = list(islice(backoff(60.0), 10))
    assert found[0] == FIRST_PAUSE and found[-1] == LONGEST_PAUSE
    assert all(later in (2 * pause, LONGEST_PAUSE) for pause, later in zip(found, found[1:], strict=False))


def test_patience_begins_with_the_first_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = backoff(10.0)
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 10.0)
    assert list(waits) == []


def test_nothing_is_tried_again_without_patience() -> None:
    assert list(backoff(0.0)) == []
