"""`live-window`: what a scrolled screen costs the server and the connection."""

from __future__ import annotations

import json

import pytest

from examples.app import live
from tests.support.asgi import browser


@pytest.mark.slow
async def test_only_rows_that_come_are_sent() -> None:
    async with browser(live) as visitor:
        tab = await visitor.joined("/catalogue")
        rows = [*range(50_000, 50_030)]
        first = json.dumps(await tab.call("show", "first", "50000", "count", "30"))
        assert [number for number in rows if f'"{number}"' not in first] == []
        moved = await tab.call("show", "first", "50007", "count", "30")
        patch = json.dumps(moved[2])
        assert [number for number in rows if f'"{number}"' in patch and number != 50_007] == []
        assert [number for number in range(50_030, 50_037) if f'"{number}"' not in patch] == []
        assert len(patch) < 300 * 7


async def test_no_more_rows_than_a_screen_may_have() -> None:
    async with browser(live) as visitor:
        tab = await visitor.joined("/catalogue")
        patch = json.dumps((await tab.call("show", "first", "0", "count", "100000"))[2])
        assert '"199"' in patch and '"200"' not in patch
