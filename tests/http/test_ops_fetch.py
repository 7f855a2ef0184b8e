"""Ops by fetch have the limits of a socket."""

from __future__ import annotations

import httpx
import pytest

from liveactions.protocol import constants as wire
from liveactions.protocol.op_log import MAX_KEPT_ANSWERS
from liveactions.session.op_queue import RateLimit
from tests.support.asgi import Tab, browser
from tests.support.shop import shop


async def fetched(tab: Tab, count: int) -> httpx.Response:
    ops = [[tab.n + n, 0, wire.CALL_REF, tab.signed("add"), []] for n in range(1, count + 1)]
    hello, tab.n = tab.hello, tab.n + count
    return await tab.browser.http.post(
        tab.path, json={"hello": hello, "ops": ops}, headers={wire.HEADER_OPS: "1"}
    )


async def test_more_ops_than_may_be_unanswered_are_refused() -> None:
    async with browser(shop()) as visitor:
        tab = await visitor.open("/counter")
        assert (await fetched(tab, MAX_KEPT_ANSWERS + 1)).status_code == 429
        tab.n = 0
        assert (await fetched(tab, MAX_KEPT_ANSWERS)).status_code == 200


async def test_the_rate_is_that_of_the_page_over_all_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[RateLimit] = []

    def take(self: RateLimit, now: float) -> float:
        taken.append(self)
        return 0.0

    monkeypatch.setattr(RateLimit, "take", take)
    async with browser(shop()) as visitor:
        tab = await visitor.open("/counter")
        tab.token = (await fetched(tab, 3)).json()["welcome"]["token"]
        await fetched(tab, 2)
        await tab.join()
        await tab.call("add")
    assert len(taken) == 6 and len(set(taken)) == 1
