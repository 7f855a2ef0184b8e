"""Several machines, while they, their workers and Redis fail: nothing is lost, and nothing runs twice.

`make chaos` does this for longer, and to more people. Nothing is judged by time: each fault is over when
everybody has got something done.
"""

from __future__ import annotations

import asyncio
import os
import random
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from liveactions.protocol.constants import ERROR, OK, REDIRECT, UNCERTAIN
from tests.cluster.clients import Clerk, Person, Poster, Viewer, Visitor
from tests.cluster.machines import Balancer, Cluster, Haproxy, RoundRobin, cluster

pytestmark = pytest.mark.slow
SEED = int(os.environ.get("SEED", 1))


@dataclass(frozen=True)
class Scale:
    """How much is broken. Times are in seconds."""

    people: int
    clerks: int
    posters: int
    viewers: int
    outage: float
    """How long a machine is cut off, and how long Redis hangs."""
    kills: float
    """Time between two workers that are killed."""
    balancer: type[Balancer]


SHORT = Scale(people=6, clerks=1, posters=2, viewers=2, outage=2, kills=3, balancer=RoundRobin)
CHAOS = Scale(people=26, clerks=3, posters=3, viewers=8, outage=10, kills=5, balancer=Haproxy)


class Crowd:
    """All who use the application."""

    def __init__(self, url: str, scale: Scale) -> None:
        self.clerks = [Clerk(url, f"c{n}") for n in range(scale.clerks)]
        self.people = [*(Person(url, f"p{n}") for n in range(scale.people)), *self.clerks]
        """All who have a page open."""
        self.posters = [Poster(url, f"f{n}") for n in range(scale.posters)]
        self.visitors = [*self.people, *self.posters]
        self.viewers = [Viewer(url, "/viewer") for _ in range(scale.viewers)]

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Meanwhile, all are there. What fails at one of them fails the test."""
        tabs = [*self.people, *self.viewers]
        await asyncio.gather(*(tab.load() for tab in tabs))
        async with asyncio.TaskGroup() as tasks:
            staying = [tasks.create_task(tab.stay()) for tab in tabs]
            self._working = {one: tasks.create_task(one.work()) for one in self.visitors}
            yield
            for task in staying:
                task.cancel()

    async def go_on(self) -> None:
        """Return when everybody has got something done that they have begun after this call."""
        await asyncio.gather(*(one.goes_on() for one in self.visitors if not one.is_finishing))

    async def finish(self, visitors: Sequence[Visitor]) -> None:
        """Let visitors begin nothing more, and return when all of their operations have ended."""
        for one in visitors:
            one.is_finishing = True
        await asyncio.gather(*(self._working[one] for one in visitors))

    @property
    def uncertain(self) -> dict[str, set[int]]:
        """The operations of each visitor that have ended as uncertain."""
        return {one.who: one.ended_with(UNCERTAIN) for one in self.visitors}

    def ended_with(self, *status: int) -> int:
        """Return how many operations have ended with a status, or one of several."""
        return sum(len(one.ended_with(*status)) for one in self.visitors)


@asynccontextmanager
async def workers_killed(machines: Cluster, every: float) -> AsyncIterator[None]:
    """Meanwhile, a worker is killed every so many seconds."""
    over = asyncio.Event()

    async def kill() -> None:
        while True:
            try:
                await asyncio.wait_for(over.wait(), every)
                return
            except TimeoutError:
                await machines.kill_worker(random.choice(machines.workers))

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(kill())
        yield
        over.set()


async def test_nothing_is_lost_and_nothing_runs_twice(request: pytest.FixtureRequest) -> None:
    scale = CHAOS if request.config.getoption("--chaos") else SHORT
    random.seed(SEED)
    print(f"seed {SEED}")
    with tempfile.TemporaryDirectory(prefix="liveactions-") as folder:
        async with cluster(Path(folder), scale.balancer) as machines:
            crowd = Crowd(machines.balancer.url, scale)
            async with crowd.at_work():
                await crowd.go_on()
                async with workers_killed(machines, scale.kills):
                    await cut_a_machine_off(machines, crowd, scale)
                    await restart_redis(machines, crowd)
                    await let_redis_hang(machines, crowd, scale)
                await deploy(machines, crowd)
                assert not any(person.lost for person in crowd.people)
                await crowd.finish([*crowd.clerks, *crowd.posters])
                await empty_redis(machines, crowd)
                await crowd.finish(crowd.people)
                judge(machines.ran(), crowd)
                await converge(machines, crowd)


async def cut_a_machine_off(machines: Cluster, crowd: Crowd, scale: Scale) -> None:
    """Its pages go on elsewhere. What it still does comes to nothing."""
    async with machines.cut_off(random.choice(machines.machines)):
        await asyncio.sleep(scale.outage)
        await crowd.go_on()
    await crowd.go_on()


async def restart_redis(machines: Cluster, crowd: Crowd) -> None:
    """It comes back with all it had."""
    async with machines.restarted(keeping=True):
        pass
    await crowd.go_on()


async def let_redis_hang(machines: Cluster, crowd: Crowd, scale: Scale) -> None:
    """Nobody is told anything meanwhile, and nobody has to begin again."""
    async with machines.paused():
        await asyncio.sleep(scale.outage)
    await crowd.go_on()


async def deploy(machines: Cluster, crowd: Crowd) -> None:
    """Roll out a release whose pages have other fields. Nobody notices."""
    await crowd.go_on()
    uncertain = crowd.uncertain
    for machine in machines.machines:
        await machine.deploy(release=2)
    await crowd.go_on()
    assert crowd.uncertain == uncertain
    assert {person.release for person in crowd.people} == {2}


async def empty_redis(machines: Cluster, crowd: Crowd) -> None:
    """Redis loses everything while a worker is killed: its pages begin again, and say so.

    All others are in the memory of their worker, and are stored again.
    """
    async with machines.restarted(keeping=False):
        victim = random.choice(crowd.people).worker
        there = {person for person in crowd.people if person.worker == victim}
        await machines.kill_worker(victim)
    await crowd.go_on()
    await asyncio.gather(*(person.begins_again() for person in there))  # also who has finished
    assert {person for person in crowd.people if person.lost} == there


def judge(ran: Counter[str], crowd: Crowd) -> None:
    """Compare what people have been told with what has been run, and with what their pages show."""
    twice = sorted(name for name, times in ran.items() if times > 1)
    assert not twice, f"run more than once: {twice}"
    for one in crowd.visitors:
        assert len(one.ended) == one.last
        mine = {n for n in one.ended if f"{one.who} {n}" in ran}
        assert one.done <= mine <= one.done | one.ended_with(UNCERTAIN)
        if isinstance(one, Person):
            assert one.done - one.lost <= one.shown <= mine
    print(
        f"operations: {ran.total()} run, {crowd.ended_with(OK, REDIRECT)} acknowledged,"
        f" {crowd.ended_with(UNCERTAIN)} uncertain, {crowd.ended_with(ERROR)} refused;"
        f" {sum(len(person.lost) for person in crowd.people)} lost with Redis and their worker, as pages say"
    )
    print(
        f"files: {sum(len(one.ended_with(OK)) for one in crowd.clerks)} taken,"
        f" {sum(one.fetched for one in crowd.clerks)} fetched as a whole,"
        f" {sum(one.cut for one in crowd.clerks)} cut off;"
        f" posts: {sum(len(one.done) for one in crowd.posters)} acknowledged,"
        f" {sum(one.repeated for one in crowd.posters)} of them sent more than once"
    )


async def converge(machines: Cluster, crowd: Crowd) -> None:
    """Return when all viewers show how many operations have been run."""
    total = str(machines.ran().total())
    await asyncio.gather(*(viewer.shows(total) for viewer in crowd.viewers))
