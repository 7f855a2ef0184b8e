"""Real workers that are stopped while their pages are used: no operation is lost, none is run twice."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter
from pathlib import Path

import httpx
import pytest

from liveactions.exceptions import REPLACED
from liveactions.session.draining import PAGES_PER_SECOND
from tests.chromium.server import Server, serving
from tests.support.patience import PATIENCE
from tests.support.steady import Tab, until

pytestmark = pytest.mark.slow
PAGES = 200
APP = "tests.session.draining_app:live"


@pytest.fixture(params=["sqlite", "redis"])
def environment(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    note = tmp_path / "note"
    note.touch()
    env = {"NOTE": str(note), "XDG_RUNTIME_DIR": str(tmp_path)}
    if request.param == "redis":
        env["LIVEACTIONS_STORE"] = request.getfixturevalue("redis_server").url
    return env


async def opened(server: Server, count: int) -> list[Tab]:
    async with httpx.AsyncClient(base_url=server.url, timeout=PATIENCE) as client:
        return [Tab([server.url], f"page{number}", (await client.get("/")).text) for number in range(count)]


async def test_no_op_is_lost_or_run_twice_when_a_worker_is_stopped(environment: dict[str, str]) -> None:
    note = Path(environment["NOTE"])
    with serving(APP, workers=2, env=environment) as server:
        tabs, ended = await opened(server, PAGES), asyncio.Event()
        users = [asyncio.create_task(tab.use(ended)) for tab in tabs]
        await until(lambda: all(tab.made > 1 for tab in tabs), users)
        started = len(server.worker_pids())
        os.kill(server.worker_pids()[0], signal.SIGTERM)
        # The parent replaces it when it has gone.
        await until(lambda: len(server.worker_pids()) > started, users)
        made = [tab.made for tab in tabs]
        await until(lambda: all(tab.made > before + 1 for tab, before in zip(tabs, made, strict=True)), users)
        ended.set()
        await asyncio.wait_for(asyncio.gather(*users), PATIENCE)
        assert not server.faults()
    done = Counter(note.read_text().splitlines())
    assert done == Counter(f"{tab.name} {n}" for tab in tabs for n in range(1, tab.made + 1))
    assert all(tab.count == tab.made for tab in tabs)  # nor has any state lost one
    closes = sorted(at for tab in tabs for code, at in tab.closes if code == REPLACED)
    assert len(closes) > PAGES / 10 and len(closes) == sum(len(tab.closes) for tab in tabs)
    assert closes[-1] - closes[0] > len(closes) / PAGES_PER_SECOND / 3  # not all at once: even if we are late
