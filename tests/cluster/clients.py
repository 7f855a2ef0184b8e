"""Browsers without a window: pages that connect again for as long as it takes."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from html import unescape
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.typing import Origin

from liveactions.protocol.constants import (
    ACK_AFTER,
    CALL_REF,
    CLOSE_OVER,
    CLOSE_PROTOCOL,
    CLOSE_VERSION,
    OK,
    VERSION,
)
from liveactions.testing.document import Document
from tests.support.asgi import SCRIPT
from tests.support.patience import PATIENCE

FINAL = {CLOSE_PROTOCOL, CLOSE_VERSION, CLOSE_OVER}
"""Codes after which a page doesn't connect again."""
RETRY_SECONDS = 0.3
PAUSE_SECONDS = 0.5
NOTICE = "This page had to be restarted."


class Tab:
    """An open page: what it shows, and how its operations have ended."""

    def __init__(self, url: str, path: str) -> None:
        self.url = url
        self.path = path
        self.last = 0
        """The number of the newest operation."""
        self.waiting: dict[int, dict[str, str]] = {}
        """Operations that haven't ended: their fields."""
        self.ended: dict[int, int] = {}
        """The status with which operations have ended."""
        self.lost: set[int] = set()
        """Operations that had ended when the page was told that it shows an older state."""
        self._sent = 0
        self._rev = 0
        self._unacknowledged = 0
        self._token: str | None = None
        self._out: set[int] = set()
        """What has been sent over this connection."""
        self._socket: ClientConnection | None = None
        self._changed = asyncio.Condition()

    async def load(self) -> None:
        """Load the page."""
        async with httpx.AsyncClient(timeout=PATIENCE) as client:
            html = (await client.get(self.url + self.path)).raise_for_status().text
        script = SCRIPT.search(html)
        assert script, html
        self._address, self._snapshot = map(unescape, script.groups())
        self.document = Document(html)

    async def stay(self) -> None:
        """Connect, again and again, until it is cancelled."""
        address = f"ws{self.url[4:]}{self._address}"
        options: Any = {"origin": Origin(self.url), "compression": None, "ping_interval": None}
        while True:
            try:
                async with connect(address, open_timeout=PATIENCE, close_timeout=1, **options) as socket:
                    await self._converse(socket)
            except ConnectionClosed as closed:
                assert closed.rcvd is None or closed.rcvd.code not in FINAL, f"{self.path}: {closed}"
            except (OSError, TimeoutError, WebSocketException):
                pass  # nobody answers just now
            finally:
                self._socket = None
            await asyncio.sleep(random.uniform(0, RETRY_SECONDS))

    async def call(self, **fields: str) -> int:
        """Call the action of the page's form; return the number of the operation."""
        self.last += 1
        self.waiting[self.last] = fields
        if self._socket is not None:
            await self._send_waiting(self._socket)
        return self.last

    async def until(self, condition: Callable[[], bool]) -> None:
        """Return when a condition holds, which is looked at after each message."""
        try:
            async with asyncio.timeout(2 * PATIENCE), self._changed:
                await self._changed.wait_for(condition)
        except TimeoutError:
            where = "connected" if self._socket else "not connected"
            raise AssertionError(f"{self.path}, {where}, waits for {self.waiting}: {self.document}") from None

    def text(self, name: str) -> str:
        """Return the text of the first element with this name."""
        return next((one.text for one in self.document.root.elements() if one.name == name), "")

    async def _converse(self, socket: ClientConnection) -> None:
        hello = {"v": VERSION, "url": self.path, "snapshot": self._snapshot, "token": self._token}
        self._out.clear()
        await socket.send(json.dumps({**hello, "rev": self._rev, "op": self._sent}))
        async for text in socket:
            message = json.loads(text)
            if isinstance(message, dict):
                self._welcome(message)
                self._socket = socket
            else:
                self._frame(message)
            await self._send_waiting(socket)
            async with self._changed:
                self._changed.notify_all()

    async def _send_waiting(self, socket: ClientConnection) -> None:
        for n in [n for n in self.waiting if n not in self._out]:
            self._out.add(n)
            self._sent = max(self._sent, n)
            self._unacknowledged = 0
            fields = [part for field in self.waiting[n].items() for part in field]
            await self._send(socket, [n, self._rev, CALL_REF, self._reference(), fields])
        if self._unacknowledged >= ACK_AFTER or (self._unacknowledged and not self.waiting):
            self._unacknowledged = 0
            await self._send(socket, [0, self._rev])

    async def _send(self, socket: ClientConnection, message: list[Any]) -> None:
        with suppress(ConnectionClosed):  # which `stay` hears of
            await socket.send(json.dumps(message))

    def _reference(self) -> str:
        addresses = [one.get("action") or "" for one in self.document.root.elements() if one.name == "form"]
        return next(reference for address in addresses if (reference := address.partition("?_a=")[2]))

    def _welcome(self, message: dict[str, Any]) -> None:
        self._token, self._rev, self._unacknowledged = message["token"], message["rev"], 0
        self._settle(message["ack"], message.get("answers", ()))
        was_told = self._is_told
        self.document.welcome(message)
        if message.get("outdated") or (self._is_told and not was_told):
            assert self._is_told, f"{self.path} is restarted and doesn't say so"
            self.lost |= {n for n in self.ended if n > message["ack"]}

    @property
    def _is_told(self) -> bool:
        return NOTICE in self.text("body")

    def _frame(self, message: list[Any]) -> None:
        rev, ack = message[:2]
        assert rev in (self._rev, self._rev + 1), f"{self.path}: revision {rev} after {self._rev}"
        self._unacknowledged += rev - self._rev
        self._rev = rev
        self._settle(ack, message[3] if len(message) > 3 else ())
        self.document.frame(message)

    def _settle(self, ack: int, answers: Sequence[Any]) -> None:
        ends = {n: status for n, status, _ in zip(*[iter(answers)] * 3, strict=True)}
        for n in [n for n in self.waiting if n in ends or n <= ack]:
            del self.waiting[n]
            self.ended[n] = ends.get(n, OK)


class Person(Tab):
    """Works without a pause to speak of, one to three operations at a time."""

    def __init__(self, url: str, who: str) -> None:
        super().__init__(url, f"/person/{who}")
        self.who = who
        self.is_finishing = False

    async def work(self) -> None:
        """Go on until `is_finishing` is set."""
        while not self.is_finishing:
            for _ in range(random.choice([1, 1, 2, 3])):
                await self.call(n=str(self.last + 1))
            await self.until(lambda: not self.waiting)
            await asyncio.sleep(random.uniform(0, PAUSE_SECONDS))

    async def goes_on(self) -> None:
        """Return when an operation that is new now has ended well."""
        before = self.last
        await self.until(lambda: any(n > before and status == OK for n, status in self.ended.items()))

    def ended_with(self, status: int) -> set[int]:
        """Return the operations that have ended with a status."""
        return {n for n, ended in self.ended.items() if ended == status}

    @property
    def shown(self) -> set[int]:
        """The operations that the page's state contains."""
        bits = int(self.text("output"), 16)
        return {n for n in range(bits.bit_length()) if bits >> n & 1}

    @property
    def worker(self) -> int:
        """The process that the page is in."""
        return int(self.text("i"))

    @property
    def release(self) -> int:
        """The release of the application that the page is of."""
        return int(self.text("b"))


class Viewer(Tab):
    """Looks at what others do."""

    async def shows(self, text: str) -> None:
        """Return when the page shows a text."""
        await self.until(lambda: self.text("output") == text)
