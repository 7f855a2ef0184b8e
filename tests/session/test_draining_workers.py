"""Real workers that are stopped while their pages are used: no operation is lost, none is run twice."""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Origin

from liveactions.protocol.constants import CALL_REF, OK
from liveactions.session.draining import PAGES_PER_SECOND
from liveactions.session.state import REPLACED
from tests.chromium.server import Server, serving
from tests.support.asgi import SCRIPT
from tests.support.patience import PATIENCE

PAGES = 200
APP = "tests.session.draining_app:live"


class Tab:
    """A page that makes one op after the other, on whatever connection it gets."""

    def __init__(self, server: Server, name: str, html: str) -> None:
        self.server = server
        self.name = name
        self.count = 0
        """What the newest answer said."""
        self.closes: list[tuple[int, float]] = []
        """Codes with which its connections were closed, and when."""
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
        """A connection, with what is pending sent again."""
        url = f"ws{self.server.url[4:]}{self._address}"
        async with connect(url, origin=Origin(self.server.url), compression=None) as socket:
            hello = {"v": 1, "url": "/", "snapshot": self._snapshot}
            hello |= {"token": self._token, "rev": self._rev, "op": self._n}
            await socket.send(json.dumps(hello))
            welcome = json.loads(await asyncio.wait_for(socket.recv(), PATIENCE))
            assert "fresh" not in welcome and "stale" not in welcome, welcome
            self._token = welcome.get("token", self._token)
            self._take(welcome["rev"], welcome.get("ack", 0), welcome.get("answers", []))
            for op in self._pending:
                await socket.send(json.dumps(op))
            yield socket

    async def use(self, ended: asyncio.Event) -> None:
        """Make ops until it is over and all of them are answered."""
        attempts = 0
        while True:
            try:
                async with self.connected() as socket:
                    attempts = 0
                    while await self._answered(socket) and not ended.is_set():
                        await asyncio.sleep(random.uniform(0.4, 0.8))
                        self._n += 1
                        op = [self._n, self._rev, CALL_REF, self._reference, self._fields()]
                        self._pending.append(op)
                        await socket.send(json.dumps(op))
                    return
            except ConnectionClosed as closed:
                assert closed.rcvd is not None, "it was cut off"
                self.closes.append((closed.rcvd.code, time.monotonic()))
            except (InvalidHandshake, OSError):  # by the worker that drains, or has just ended
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
        """How many ops it has made."""
        return self._n


@pytest.fixture(params=["sqlite", "redis"])
def environment(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    note = tmp_path / "note"
    note.touch()
    env = {"NOTE": str(note), "XDG_RUNTIME_DIR": str(tmp_path)}
    if request.param == "redis":
        env["LIVEACTIONS_STORE"] = request.getfixturevalue("redis_server").url
    return env


async def opened(server: Server, count: int) -> list[Tab]:
    async with httpx.AsyncClient(base_url=server.url) as client:
        return [Tab(server, f"page{number}", (await client.get("/")).text) for number in range(count)]


async def until(condition: Callable[[], bool], users: list[asyncio.Task[None]]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():
            for failed in (user for user in users if user.done()):
                failed.result()
            await asyncio.sleep(0.05)


async def test_no_op_is_lost_or_run_twice_when_a_worker_is_stopped(environment: dict[str, str]) -> None:
    note = Path(environment["NOTE"])
    with serving(APP, workers=2, env=environment) as server:
        tabs, ended = await opened(server, PAGES), asyncio.Event()
        users = [asyncio.create_task(tab.use(ended)) for tab in tabs]
        await until(lambda: all(tab.made > 1 for tab in tabs), users)
        started = len(server.worker_pids())
        os.kill(server.worker_pids()[0], signal.SIGTERM)
        await until(
            lambda: len(server.worker_pids()) > started, users
        )  # the parent replaces it when it has gone
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
