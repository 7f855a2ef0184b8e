from __future__ import annotations

import pytest

from liveactions.session.op_queue import RateLimit


def test_a_page_may_send_a_burst_and_then_operations_at_the_rate() -> None:
    limit = RateLimit(rate=50, burst=100)
    assert all(limit.take(1000.0) <= 0 for _ in range(100))
    assert limit.take(1000.0) == pytest.approx(1 / 50)
    assert limit.take(1001.0) < 0
    unlimited = RateLimit(rate=float("inf"), burst=1)
    assert all(unlimited.take(0.0) <= 0 for _ in range(1000))
