"""One machine with the SQLite store, whose workers are killed under load: nothing is lost, or runs twice.

With ``--chaos`` 40 times instead of a few times.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
from pathlib import Path

import pytest

from tests.chromium.server import serving
from tests.cluster.machines import APP, WORKERS, RoundRobin, written
from tests.cluster.test_cluster import SEED, Crowd, Scale, judge
from tests.support.patience import wait_until

pytestmark = pytest.mark.slow
KILLS, MANY_KILLS = 3, 40
SCALE = Scale(people=6, clerks=0, posters=2, viewers=0, outage=0, kills=0, balancer=RoundRobin)
MOMENT = 1.2
"""Seconds within which workers are killed: journals are moved to the store once a second."""


@pytest.mark.parametrize("size", [8_000, 200_000])
async def test_workers_that_are_killed_lose_nothing(
    size: int, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    kills = MANY_KILLS if request.config.getoption("--chaos") else KILLS
    random.seed(SEED)
    print(f"seed {SEED}")
    notes, store = tmp_path / "notes", tmp_path / "store"
    notes.mkdir()
    env = {"NOTES": str(notes), "BALLAST": str(size), "LIVEACTIONS_STORE": f"sqlite:///{store}"}
    with serving(APP, WORKERS, env) as server:
        crowd = Crowd(server.url, SCALE)
        async with crowd.at_work():
            for number in range(kills):
                await crowd.go_on()
                await asyncio.sleep(random.uniform(0, MOMENT))  # under load: nothing is waited for
                workers = [pid for pid in server.worker_pids() if Path(f"/proc/{pid}").exists()]
                doomed = workers if number % 3 == 2 else [random.choice(workers)]
                for pid in doomed:
                    os.kill(pid, signal.SIGKILL)
                for _ in doomed:
                    await asyncio.to_thread(server.wait_for_successor)
            await crowd.go_on()
            await crowd.finish(crowd.visitors)
        assert not any(person.lost for person in crowd.people)
        judge(written(notes), crowd)
        folder = store.with_suffix(".journals")
        assert wait_until(lambda: len(list(folder.iterdir())) <= WORKERS)  # those of the dead are moved
