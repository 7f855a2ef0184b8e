"""Reports of workers about themselves, for the dashboard.

Nothing is measured or sent unless the dashboard is enabled. The worker that renders it requests reports from
the others over the broker. Workers without open pages don't read messages, so they don't answer.
"""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields
from typing import Any, Final, NamedTuple

from ..observation import Operation, Stats
from ..pubsub.base import Message
from ..pubsub.channel import BrokerChannel
from .registry import SessionRegistry

MAX_AGE: Final = 10.0
"""Seconds after which a report of another worker is out of date."""
MAX_ACTIONS: Final = 10
"""How many of the slowest actions a report has."""
WINDOW: Final = 60
"""Seconds over which operations are counted."""
_COUNTED: Final = ("op", "post", "call")
_STATS: Final = {field.name for field in fields(Stats)}


class ActionTime(NamedTuple):
    """How long an action takes, in seconds, without its time in the queue."""

    name: str
    calls: int
    mean: float
    longest: float


@dataclass(frozen=True)
class WorkerReport:
    """The numbers of one worker."""

    worker: str
    stats: Mapping[str, Any]
    """Those of `liveactions.observation.Stats`."""
    ops_per_minute: int
    """Operations of visitors in the last minute."""
    pages: Mapping[str, int]
    """How many pages of each class are open and connected."""
    slowest: list[ActionTime]
    """The slowest actions since the worker started, by their mean."""


class ActionTimes:
    """An observer that counts operations and adds up the times of actions."""

    def __init__(self) -> None:
        self._times: dict[str, tuple[int, float, float]] = {}
        """Calls, seconds in total, and seconds of the longest."""
        self._recent: deque[tuple[int, int]] = deque(maxlen=WINDOW)
        """Whole seconds (`time.monotonic`), and how many operations have ended in each."""

    @contextmanager
    def observe(self, operation: Operation) -> Iterator[None]:
        """Count an operation when it has ended."""
        yield
        if operation.page.startswith("liveactions."):  # the dashboard itself
            return
        if operation.kind in _COUNTED:
            self._count(int(time.monotonic()))
        if operation.action:
            calls, total, longest = self._times.get(operation.action, (0, 0.0, 0.0))
            seconds = operation.seconds
            self._times[operation.action] = calls + 1, total + seconds, max(longest, seconds)

    def _count(self, second: int) -> None:
        last, count = self._recent[-1] if self._recent else (second - 1, 0)
        if last == second:
            self._recent[-1] = second, count + 1
        else:
            self._recent.append((second, 1))

    def per_minute(self) -> int:
        """Return how many operations have ended in the last minute."""
        since = time.monotonic() - WINDOW
        return sum(count for second, count in self._recent if second >= since)

    def slowest(self) -> list[ActionTime]:
        """Return the actions with the longest mean."""
        return slowest(
            ActionTime(name, calls, total / calls, longest)
            for name, (calls, total, longest) in self._times.items()
        )


def slowest(times: Iterator[ActionTime]) -> list[ActionTime]:
    """Return the slowest of some actions."""
    return sorted(times, key=lambda one: -one.mean)[:MAX_ACTIONS]


class WorkerReports:
    """The report of this worker, and the newest ones of the others."""

    def __init__(self, sessions: SessionRegistry, channel: BrokerChannel) -> None:
        self.times = ActionTimes()
        self._sessions = sessions
        self._channel = channel
        self._id = secrets.token_hex(8)
        self._others: dict[str, tuple[float, WorkerReport]] = {}
        """Reports by worker, with the times of their arrival."""
        self._is_requested = False
        channel.listen(self._on_message)

    @property
    def _name(self) -> str:
        return f"{self._id} {os.getpid()}"

    def own(self) -> WorkerReport:
        """Return the report of this worker."""
        return WorkerReport(
            f"{socket.gethostname()}, process {os.getpid()}",
            asdict(self._sessions.stats()),
            self.times.per_minute(),
            dict(Counter(one.state.name for one in self._sessions if one.state.is_attached)),
            self.times.slowest(),
        )

    def others(self) -> list[WorkerReport]:
        """Return the reports of other workers that aren't out of date."""
        return [report for _, report in self._recent().values()]

    def _recent(self) -> dict[str, tuple[float, WorkerReport]]:
        since = time.monotonic() - MAX_AGE
        return {name: (at, report) for name, (at, report) in self._others.items() if at >= since}

    async def request(self) -> None:
        """Request reports from the other workers. They arrive a moment later."""
        await self._channel.announce(Message("worker", self._name))

    def send_if_requested(self) -> None:
        """Send this worker's report, if another worker has requested it."""
        if self._is_requested:
            self._is_requested = False
            self._channel.publish(Message("worker", self._name, asdict(self.own())))

    def _on_message(self, message: Message | None) -> None:
        """Note a request or a report. Nothing can be sent here, because messages may arrive in any thread."""
        if message is None or message.kind != "worker" or message.name == self._name:
            return
        if not message.data:
            self._is_requested = True
            return
        with suppress(TypeError):  # the report of another version
            report = WorkerReport(**message.data)
            if report.stats.keys() == _STATS:
                self._others = {**self._recent(), message.name: (time.monotonic(), report)}
