"""Simulate pages that are used continuously and reconnect, for tests that stop workers."""

from __future__ import annotations

import asyncio
import json
import random
import re
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from html import unescape
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Origin

from liveactions.protocol.constants import CALL_REF, OK
from tests.support.asgi import SCRIPT
from tests.support.patience import PATIENCE, wait_until

PAUSE = 1.0, 2.0
"""Seconds between two ops of a page, so that a busy machine can serve hundreds of pages."""
MANY = 4 * PATIENCE
"""Timeout for hundreds of pages, in seconds."""


class Tab:
    """A page that sends one op after the other, and reconnects when its connection is closed."""

    def __init__(self, urls: Sequence[str], name: str, html: str) -> None:
        self.urls = urls
        """The servers, of which it connects to one at random."""
        self.name = name
        self.count = 0
        """The count in the newest answer."""
        self.closes: list[tuple[int, float]] = []
        """The codes of its closed connections, with their times."""
        found = SCRIPT.search(html)
        assert found
        self._address, self._snapshot = map(unescape, found.groups())
        reference = re.search(r'_a=([^"&]*)', html)
        assert reference
        self._reference = unescape(reference[1])
        self._token: str | None = None
        self._n = self._rev = 0
        self._pending: list[list[Any]] = []

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[ClientConnection]:
        """Connect, and send pending ops again."""
        origin = random.choice(self.urls)
        url = f"ws{origin[4:]}{self._address}"
        async with connect(url, origin=Origin(origin), compression=None) as socket:
            hello = {"v": 1, "url": "/", "snapshot": self._snapshot}
            hello |= {"token": self._token, "rev": self._rev, "op": self._n}
            await socket.send(json.dumps(hello))
            welcome = json.loads(await asyncio.wait_for(socket.recv(), PATIENCE))
            assert "rebuilt" not in welcome and "outdated" not in welcome, welcome
            self._token = welcome.get("token", self._token)
            self._take(welcome["rev"], welcome.get("ack", 0), welcome.get("answers", []))
            for op in self._pending:
                if "migrated" in welcome:
                    op[1] = self._rev  # the revision of the migrated session
                await socket.send(json.dumps(op))
            yield socket

    async def use(self, ended: asyncio.Event) -> None:
        """Send ops until `ended` is set, and wait until all are answered."""
        attempts = 0
        while True:
            try:
                async with self.connected() as socket:
                    attempts = 0
                    while await self._answered(socket) and not ended.is_set():
                        await asyncio.sleep(random.uniform(*PAUSE))
                        self._n += 1
                        op = [self._n, self._rev, CALL_REF, self._reference, self._fields()]
                        self._pending.append(op)
                        await socket.send(json.dumps(op))
                    return
            except ConnectionClosed as closed:
                assert closed.rcvd is not None, "the connection was lost"
                self.closes.append((closed.rcvd.code, time.monotonic()))
            except (InvalidHandshake, OSError):  # the worker is draining, or has just exited
                pass
            await asyncio.sleep(random.uniform(0, 0.5 * 2**attempts))
            attempts = min(attempts + 1, 3)

    def _fields(self) -> list[str]:
        return ["name", self.name, "n", str(self._n)]

    async def _answered(self, socket: ClientConnection) -> bool:
        while self._pending:
            rev, ack, _, answers, *_ = json.loads(await asyncio.wait_for(socket.recv(), PATIENCE)) + [0] * 4
            self._take(rev, ack, answers or [])
        return True

    def _take(self, rev: int, ack: int, answers: list[Any]) -> None:
        self._rev = rev
        for _, status, payload in zip(answers[::3], answers[1::3], answers[2::3], strict=True):
            assert status == OK, answers
            self.count = payload
        self._pending = [op for op in self._pending if op[0] > (ack or 0)]

    @property
    def made(self) -> int:
        """The number of ops that were sent."""
        return self._n


async def until(condition: Callable[[], bool], users: Sequence[asyncio.Task[None]]) -> None:
    """Wait until a condition is true. Raise the exception of a user that fails meanwhile."""

    def is_decided() -> bool:
        return condition() or any(user.done() for user in users)

    decided = await asyncio.to_thread(wait_until, is_decided, MANY)
    for stopped in (user for user in users if user.done()):
        stopped.result()
    assert decided and condition()
