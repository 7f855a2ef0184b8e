"""Browsers without a window: pages that connect again for as long as it takes."""

from __future__ import annotations

import asyncio
import json
import random
from abc import ABC, abstractmethod
from collections import deque
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
    HEADER_UPLOAD,
    OK,
    REDIRECT,
    UNCERTAIN,
    VERSION,
)
from liveactions.testing.document import Document
from tests.cluster.app import content
from tests.support.asgi import SCRIPT
from tests.support.patience import PATIENCE

FINAL = {CLOSE_PROTOCOL, CLOSE_VERSION, CLOSE_OVER}
"""Codes after which a page doesn't connect again."""
RETRY_SECONDS = 0.3
PAUSE_SECONDS = 0.5
LOST_SECONDS = 0.15
"""Within which connections are lost in the middle of a request."""
NOTICE = "This page had to be restarted."


async def fetch(method: str, url: str, **options: Any) -> httpx.Response:
    """Return the whole answer of a server, of the first one that gives an answer."""
    async with httpx.AsyncClient(timeout=PATIENCE, verify=False) as client:
        while True:
            with suppress(httpx.TransportError):
                response = await client.request(method, url, **options)
                if response.status_code not in (502, 503, 504):
                    return response
            await asyncio.sleep(random.uniform(0, RETRY_SECONDS))


def reference(document: Document, form: str) -> str:
    """Return the reference of the action of a form."""
    forms = (one for one in document.root.elements() if one.name == "form" and one.get("id") == form)
    return (next(forms).get("action") or "").partition("?_a=")[2]


def shown(document: Document) -> set[int]:
    """Return the operations that the state contains which a page shows."""
    bits = int(next(one.text for one in document.root.elements() if one.name == "output"), 16)
    return {n for n in range(bits.bit_length()) if bits >> n & 1}


class Visitor(ABC):
    """Somebody who works without a pause to speak of."""

    def __init__(self, url: str, who: str) -> None:
        self.url = url
        self.who = who
        self.path = f"/person/{who}"
        self.last = 0
        """The number of the newest operation."""
        self.ended: dict[int, int] = {}
        """The status with which operations have ended."""
        self.is_finishing = False

    @abstractmethod
    async def work(self) -> None:
        """Go on until `is_finishing` is set."""

    @abstractmethod
    async def until(self, condition: Callable[[], bool]) -> None:
        """Return when a condition holds."""

    async def goes_on(self) -> None:
        """Return when an operation that is new now has ended well."""
        before = self.last
        await self.until(lambda: any(n > before for n in self.done))

    def ended_with(self, *status: int) -> set[int]:
        """Return the operations that have ended with a status, or one of several."""
        return {n for n, ended in self.ended.items() if ended in status}

    @property
    def done(self) -> set[int]:
        """The operations that have been acknowledged."""
        return self.ended_with(OK, REDIRECT)


class Tab:
    """An open page: what it shows, and how its operations have ended."""

    def __init__(self, url: str, path: str) -> None:
        self.url = url
        self.path = path
        self.last = 0
        """The number of the newest operation."""
        self.waiting: dict[int, tuple[str, list[Any]]] = {}
        """Operations that haven't ended: their forms and fields."""
        self.answers: dict[int, Any] = {}
        """What operations were answered with."""
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
        self._troubles: deque[Exception] = deque(maxlen=10)
        """Why it was last not connected."""

    async def load(self) -> None:
        """Load the page."""
        html = (await fetch("GET", self.url + self.path)).raise_for_status().text
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
                self._troubles.append(closed)
            except (OSError, TimeoutError, WebSocketException) as error:
                self._troubles.append(error)  # nobody answers just now
            finally:
                self._socket = None
            await asyncio.sleep(random.uniform(0, RETRY_SECONDS))

    async def call(self, form: str, fields: list[Any]) -> int:
        """Call the action of a form; return the number of the operation."""
        self.last += 1
        self.waiting[self.last] = form, fields
        if self._socket is not None:
            await self._send_waiting(self._socket)
        return self.last

    async def begins_again(self) -> None:
        """Return when the page has said that operations are lost."""
        await self.until(lambda: bool(self.lost))

    async def until(self, condition: Callable[[], bool]) -> None:
        """Return when a condition holds, which is looked at after each message."""
        try:
            async with asyncio.timeout(2 * PATIENCE), self._changed:
                await self._changed.wait_for(condition)
        except TimeoutError:
            where = "connected" if self._socket else "not connected"
            last = list(self.ended.items())[-5:]
            state = f"{where} after {list(self._troubles)}, waits for {self.waiting} after {last}"
            raise AssertionError(f"{self.path}, {state}: {self.document}") from None

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
            form, fields = self.waiting[n]
            await self._send(socket, [n, self._rev, CALL_REF, reference(self.document, form), fields])
        if self._unacknowledged >= ACK_AFTER or (self._unacknowledged and not self.waiting):
            self._unacknowledged = 0
            await self._send(socket, [0, self._rev])

    async def _send(self, socket: ClientConnection, message: list[Any]) -> None:
        with suppress(ConnectionClosed):  # which `stay` hears of
            await socket.send(json.dumps(message))

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
        ends = {n: (status, answer) for n, status, answer in zip(*[iter(answers)] * 3, strict=True)}
        for n in [n for n in self.waiting if n in ends or n <= ack]:
            del self.waiting[n]
            self.ended[n], self.answers[n] = ends.get(n, (OK, None))


class Person(Tab, Visitor):
    """Works in an open page, one to three operations at a time."""

    def __init__(self, url: str, who: str) -> None:
        Visitor.__init__(self, url, who)
        Tab.__init__(self, url, self.path)

    async def work(self) -> None:
        while not self.is_finishing:
            for _ in range(random.choice([1, 1, 2, 3])):
                await self.call("run", ["n", str(self.last + 1)])
            await self.until(lambda: not self.waiting)
            await asyncio.sleep(random.uniform(0, PAUSE_SECONDS))

    @property
    def shown(self) -> set[int]:
        """The operations that the page's state contains."""
        return shown(self.document)

    @property
    def worker(self) -> int:
        """The process that the page is in."""
        return int(self.text("i"))

    @property
    def release(self) -> int:
        """The release of the application that the page is of."""
        return int(self.text("b"))


class Clerk(Person):
    """Sends and fetches files, each by another machine than the one that has the page."""

    def __init__(self, url: str, who: str) -> None:
        super().__init__(url, who)
        self.fetched = 0
        """Files that were fetched as a whole."""
        self.cut = 0
        """Files whose connection was lost before they had come, so that their link is used up."""

    async def work(self) -> None:
        await self.until(lambda: self._token is not None)
        while not self.is_finishing:
            await self._upload(self.last + 1)
            n = await self.call("export", ["n", str(self.last + 1)])
            await self.until(lambda: not self.waiting)
            if self.ended[n] == REDIRECT:
                await self._download(self.url + self.answers[n]["url"], content(self.who, n))

    async def _upload(self, n: int) -> None:
        sent = await fetch(
            "POST",
            self.url + self.path,
            params={"_a": reference(self.document, "send")},
            files={"file": ("a file", content(self.who, n))},
            headers={HEADER_UPLOAD: self._token or "", "Origin": self.url},
        )
        [[name, handle]] = sent.raise_for_status().json()["files"]
        await self.call("send", [name, {"file": handle}, "n", str(n)])

    async def _download(self, link: str, whole: bytes) -> None:
        """Fetch a file: once, and all of it or nothing."""
        was_lost = False
        async with httpx.AsyncClient(timeout=PATIENCE, verify=False) as client:
            while True:
                try:
                    response = await client.get(link)
                    if response.status_code not in (502, 503, 504):
                        break
                    was_lost |= response.status_code != 503  # a balancer that has lost a worker
                except httpx.TransportError:
                    was_lost = True
                await asyncio.sleep(random.uniform(0, RETRY_SECONDS))
        if was_lost and response.status_code == 410:
            self.cut += 1
            return
        assert response.status_code == 200 and response.content == whole, f"{self.path}: {response}"
        self.fetched += 1
        assert (await fetch("GET", link)).status_code == 410, f"{self.path}: a link is good for two"


class Poster(Visitor):
    """Has no JavaScript, and a bad connection: repeats each post until it is answered."""

    def __init__(self, url: str, who: str) -> None:
        super().__init__(url, who)
        self.repeated = 0
        """Posts that were sent more than once, and acknowledged."""
        self._changed = asyncio.Condition()

    async def work(self) -> None:
        html = (await fetch("GET", self.url + self.path)).raise_for_status().text
        while not self.is_finishing:
            self.last += 1
            html = await self._post(html, self.last)
            async with self._changed:
                self._changed.notify_all()
            await asyncio.sleep(random.uniform(0, PAUSE_SECONDS))

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(2 * PATIENCE), self._changed:
            await self._changed.wait_for(condition)

    async def _post(self, html: str, n: int) -> str:
        """Send the form of a page until there is an answer. Return the page that it leads to."""
        script = SCRIPT.search(html)
        assert script, html
        form = {"data": {"_s": unescape(script[2]), "n": str(n)}, "headers": {"Origin": self.url}}
        form["params"] = {"_a": reference(Document(html), "run")}
        copies = random.choice([0, 1, 2])
        for _ in range(copies):
            with suppress(TimeoutError):
                async with asyncio.timeout(random.uniform(0, LOST_SECONDS)):
                    await fetch("POST", self.url + self.path, **form)
        answer = await fetch("POST", self.url + self.path, **form)
        if answer.status_code == 409:  # the worker that has run it was killed
            self.ended[n] = UNCERTAIN
            return (await fetch("GET", self.url + self.path)).raise_for_status().text
        assert answer.status_code == 303, f"{self.path}: {answer} {answer.text}"
        page = (await fetch("GET", self.url + answer.headers["location"])).raise_for_status().text
        assert n in shown(Document(page)), f"{self.path} doesn't show {n}: {page}"
        self.ended[n] = OK
        self.repeated += copies > 0
        return page


class Viewer(Tab):
    """Looks at what others do."""

    async def shows(self, text: str) -> None:
        """Return when the page shows a text."""
        await self.until(lambda: self.text("output") == text)
