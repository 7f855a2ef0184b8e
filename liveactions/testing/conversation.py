"""The client's side of the protocol.

A `Conversation` sends a page's operations to its session, and applies the frames that it receives. It uses a
`Socket` or, if no socket can be opened, `Streaming`; if nothing can be pushed either, `Fetching`.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from ..exceptions import REPLACED
from ..protocol.constants import (
    ACK_AFTER,
    BYE,
    CLOSE_OVER,
    ERROR,
    OK,
    OK_KEEP_FORM,
    PREFETCH,
    REDIRECT,
    RUNNING,
    VERSION,
)
from .asgi import Closed, EventStream, Reply
from .controls import Seen
from .document import Document, Window
from .dom import Element
from .failures import Failed, Refusal


class Connection(Protocol):
    """A connection to a page's session."""

    joins_late: bool
    """Whether the welcome comes with the first answer."""

    def send(self, message: Any) -> None: ...

    def waiting(self) -> list[Any]:
        """Return the received messages that weren't taken yet. Raise `Closed` if the connection has ended."""
        ...

    async def receive(self) -> Any:
        """Wait for the next message. Raise `Closed` if the connection is closed instead."""

    async def flush(self) -> None:
        """Send everything that is held back until the next message."""

    async def leave(self, timeout: float) -> None: ...


@dataclass(frozen=True, slots=True)
class Frames:
    """A welcome or a frame."""

    rev: int
    ack: int = 0
    patch: Any = ()
    answers: Sequence[Any] = ()
    shapes: Sequence[Any] = ()
    extras: dict[str, Any] = field(default_factory=dict)
    is_fresh: bool = False
    token: str = ""
    """The session's token, in a welcome."""

    @classmethod
    def of(cls, message: Any) -> Frames:
        """Parse a message. Raise `TypeError` if it is neither a welcome nor a frame."""
        if not isinstance(message, dict):
            return cls(*message)
        names = ("rev", "ack", "patch", "answers", "shapes", "extras", "token")
        parts = {name: message[name] for name in names if name in message}
        return cls(**parts, is_fresh=bool(message.get("rebuilt")))

    @property
    def is_page(self) -> bool:
        """Whether it contains a whole page."""
        return isinstance(self.patch, dict)

    def ends(self) -> Iterator[tuple[int, tuple[int, Any]]]:
        """Yield the numbers of operations with the status and payload of their answers."""
        for n, status, payload in zip(*[iter(self.answers)] * 3, strict=True):
            yield n, (status, payload)


SHOWN_STATUSES = frozenset({409, 422, 429})
"""HTTP statuses of errors that the page shows itself."""


@dataclass(frozen=True, slots=True)
class Op:
    """An unanswered operation.

    `seen` are the edits that it reports; if it `resets`, their controls return to what the server has
    rendered.
    """

    n: int
    message: list[Any]
    """The message that was sent."""
    seen: Seen = field(default_factory=dict)
    resets: bool = False
    reloads: bool = False
    """Whether it changes the address, so that the page is loaded if it fails."""
    swaps: bool = False
    """Whether it leads to another page."""


class Conversation:
    """Sends operations in order, and applies received messages to the window immediately."""

    def __init__(
        self,
        window: Window,
        connection: Connection,
        timeout: float,
        moved: Callable[[str, bool, bool], None],
        reopen: Callable[[], Awaitable[tuple[Connection, str]]],
    ) -> None:
        self.window = window
        self.timeout = timeout
        """Seconds to wait for an answer."""
        self.redirected_to: str | None = None
        """The address that an answer has redirected the page to."""
        self.status = 0
        """HTTP status of the newest page that came over this connection, once one has."""
        self.is_broken = False
        """Whether an error page has replaced a page that failed, and the test doesn't know it yet."""
        self.is_over = False
        self.token = ""
        """The session's token, after the welcome."""
        self.tickets: list[str] = []
        """Tickets for cookies that have to be fetched."""
        self._connection = connection
        self._reopen = reopen
        """Opens another connection to the session, in place of a closed one. Also returns the page's
        address.
        """
        self._moved = moved
        """Called with the page's new address, and whether it is a new history entry."""
        self._snapshot = ""
        self._rev = 0
        self._last = 0
        self._unacknowledged = 0
        self._ops: list[Op] = []
        self._running: list[Op] = []
        """Operations that run concurrently."""
        self._failures: list[Failed] = []
        self._spent: set[tuple[Element, str]] = set()

    async def join(self, url: str, snapshot: str) -> None:
        """Send the hello and apply the welcome, unless it arrives with the first answer."""
        self._snapshot = snapshot
        self._connection.send(
            {"v": VERSION, "url": url, "snapshot": snapshot, "token": None, "rev": 0, "op": 0}
        )
        if not self._connection.joins_late:
            await self.receive_message()

    def say(
        self,
        *parts: Any,
        seen: Seen | None = None,
        resets: bool = False,
        reloads: bool = False,
        swaps: bool = False,
    ) -> None:
        """Send an operation: its kind and operands."""
        self._last += 1
        message = [self._last, self._rev, *parts]
        self._ops.append(Op(self._last, message, seen or {}, resets, reloads, swaps))
        self._unacknowledged = 0
        self._connection.send(message)

    def prefetch(self, url: str) -> None:
        """Prefetch a page. There is no answer."""
        self._connection.send([0, self._rev, PREFETCH, url])

    async def settle(self) -> None:
        """Wait until all operations are answered, or run concurrently.

        Raise `Failed` if one ended with an error that the page doesn't show.
        """
        try:
            async with asyncio.timeout(self.timeout):
                while self._ops and not self.is_over:
                    await self.receive_message()
        except TimeoutError:
            raise Failed(f"no answer within {self.timeout} s", 504) from None
        if self._failures:
            failure, self._failures = self._failures[0], []
            raise failure

    async def receive_message(self) -> None:
        """Wait for one message and apply it."""
        try:
            self._take(await self._connection.receive())
        except Closed as closed:
            if closed.code == REPLACED:
                await self.rejoin()
            else:
                self._closed(closed)

    async def rejoin(self) -> None:
        """Connect again, as the browser does after a lost connection, with the cookies that it has now."""
        if self._connection.joins_late or self.is_over:
            return  # each request is a connection of its own
        await self._connection.leave(self.timeout)
        self._connection, url = await self._reopen()
        hello = {"v": VERSION, "url": url, "snapshot": self._snapshot, "token": self.token}
        self._connection.send({**hello, "rev": self._rev, "op": self._last})
        await self.receive_message()
        if not self.is_over:
            for op in self._ops:
                self._connection.send(op.message)

    def catch_up(self) -> None:
        """Apply the messages that were received meanwhile."""
        try:
            for message in () if self.is_over else self._connection.waiting():
                self._take(message)
        except Closed as closed:
            self._closed(closed)

    async def flush(self) -> None:
        """Send acknowledgements."""
        try:
            if not self.is_over:
                await self._connection.flush()
        except Closed as closed:
            self._closed(closed)

    async def leave(self) -> None:
        """Leave the page."""
        if not self.is_over:
            self.is_over = True
            self._connection.send([self._last + 1, self._rev, BYE])
        await self._connection.leave(self.timeout)

    def first(self, element: Element, descriptor: str) -> bool:
        """Return whether a one-time effect of an operation has to run now."""
        is_first = (element, descriptor) not in self._spent
        self._spent.add((element, descriptor))
        return is_first

    def _closed(self, closed: Closed) -> None:
        self.is_over = True
        if closed.code != CLOSE_OVER:
            raise Failed(str(closed), 503) from closed

    def _take(self, message: Any) -> None:
        frames = Frames.of(message)
        rev, self._rev, self.token = self._rev, frames.rev, frames.token or self.token
        assert frames.token or self._rev in (rev, rev + 1), f"revision {self._rev} after {rev}"
        well, swaps = self._settle(frames)
        self._apply_extras(frames.extras)
        self.window.update(_applying(message), well, swaps)
        self._unacknowledged = 0 if frames.token else self._unacknowledged + self._rev - rev
        if self._unacknowledged >= ACK_AFTER:
            self._unacknowledged = 0
            self._connection.send([0, self._rev])

    def _apply_extras(self, extras: dict[str, Any]) -> None:
        self.tickets += extras.get("cookies", "").split()
        self.window.events += [(name, detail) for name, detail in extras.get("events", ())]
        if "url" in extras:
            url, push = extras["url"]
            self._moved(url, bool(push), True)

    def _settle(self, frames: Frames) -> tuple[list[tuple[Seen, bool]], bool]:
        """Record ended operations.

        Return what the successful ones had seen, and whether another page came.
        """
        ends = dict(frames.ends())
        well: list[tuple[Seen, bool]] = []
        swaps = False
        ops, running = self._ops, self._running
        over = [op for op in running if op.n in ends] + [
            op for op in ops if op.n in ends or op.n <= frames.ack
        ]
        self._running = [op for op in running if op not in over]
        self._ops = [op for op in ops if op not in over]
        for op in over:
            status, payload = ends.get(op.n, (OK, None))
            swaps |= frames.is_page and (status == REDIRECT or op.swaps)
            if status in (OK, OK_KEEP_FORM):
                well.append((op.seen, op.resets and status == OK))
            elif status == RUNNING:
                self._running.append(op)
            elif status == REDIRECT and frames.is_page:
                self.status = payload.get("status", 200)
                self.is_broken = self.status >= 500
                self._moved(payload["url"], not (op.reloads or payload.get("replace")), False)
            else:
                if status == ERROR and frames.is_page and not op.reloads:
                    self.status = payload["status"]  # the application's own page for it
                self._note(op, status, payload)
        return well, swaps

    def _note(self, op: Op, status: int, payload: Any) -> None:
        """Record that an operation has redirected or failed."""
        if status == REDIRECT:
            self.redirected_to = payload["url"]
        elif op.reloads:
            self.redirected_to = ""
        elif status != ERROR:
            self._failures.append(Failed("it is uncertain whether the operation ran", 503))
        elif payload["status"] not in SHOWN_STATUSES:
            self._failures.append(Failed(payload["error"], payload["status"]))


def _applying(message: Any) -> Callable[[Document], None]:
    def apply(document: Document) -> None:
        if isinstance(message, dict):
            document.welcome(message)
        else:
            document.frame(message)

    return apply


class Fetching:
    """Replaces a `Socket`. What was sent goes out in one request when its answer is waited for.

    `url` returns the page's address; `post` posts JSON to an address.
    """

    joins_late = True

    def __init__(self, url: Callable[[], str], post: Callable[[str, Any], Awaitable[Reply]]) -> None:
        self._url = url
        self._post_json = post
        self._hello: dict[str, Any] = {}
        self._ops: list[list[Any]] = []
        self._messages: deque[Any] = deque()

    def send(self, message: Any) -> None:
        if isinstance(message, dict):
            self._hello = message
        elif message[0] and message[2] != BYE:  # hellos acknowledge, and the end isn't sent
            self._ops.append(message)

    def waiting(self) -> list[Any]:
        """Return the messages that have been received and weren't taken."""
        messages = list(self._messages)
        self._messages.clear()
        return messages

    async def receive(self) -> Any:
        """Return the next message: from the last response, or else from a new request."""
        if not self._messages:
            await self._post()
        return self._messages.popleft()

    async def flush(self) -> None:
        """Do nothing: what is sent is answered at once."""

    async def leave(self, timeout: float) -> None:
        """Do nothing: leaving isn't sent."""

    async def _post(self) -> None:
        if not self._ops:
            raise Refusal("the server can't push changes without a socket")
        url = self._url().partition("#")[0]
        parcel = {"hello": {**self._hello, "url": url}, "ops": self._ops}
        reply = await self._post_json(url, parcel)
        answer = _answer(reply)
        self._receive_frames(answer["welcome"], answer["frames"])

    def _receive_frames(self, welcome: dict[str, Any], frames: list[Any]) -> None:
        if self._hello["token"] is not None and {"migrated", "rebuilt"} & welcome.keys():
            raise Failed("the page's session is gone", 503)
        last, self._ops = self._ops[-1][0], []
        rev = frames[-1][0] if frames else welcome["rev"]
        self._hello = {**self._hello, "token": welcome["token"], "rev": rev, "op": last}
        self._messages += [welcome, *frames]


class Streaming:
    """Replaces a `Socket`. What was sent goes out in one request when a message is waited for; messages are
    received from a stream of events.

    `url` returns the page's address; `post` posts JSON to an address, and accepts a stream.
    """

    joins_late = False

    def __init__(self, url: Callable[[], str], post: Callable[[str, Any], EventStream]) -> None:
        self._url = url
        self._post_json = post
        self._hello: dict[str, Any] = {}
        self._ops: list[list[Any]] = []
        self._has_unsent = False
        """Whether there are messages to send."""
        self._stream: EventStream | None = None

    def send(self, message: Any) -> None:
        self._has_unsent = True
        if isinstance(message, dict):
            self._hello = message
        elif message[0]:  # hellos acknowledge
            self._ops.append(message)

    def waiting(self) -> list[Any]:
        """Return the messages that have been received and weren't taken."""
        messages = self._stream.waiting() if self._stream is not None else []
        for message in messages:
            self._note_revision(message)
        return messages

    async def receive(self) -> Any:
        """Send what is to be sent, and return the next message."""
        await self.flush()
        assert self._stream is not None
        message = await self._stream.receive()
        self._note_revision(message)
        return message

    async def flush(self) -> None:
        """Send what is to be sent."""
        if self._has_unsent:
            await self._post()

    async def leave(self, timeout: float) -> None:
        """Send that the page is left, and close the stream."""
        await self.flush()
        if self._stream is not None:
            await self._stream.leave(timeout)

    async def _post(self) -> None:
        url = self._url().partition("#")[0]
        stream = self._post_json(url, {"hello": {**self._hello, "url": url}, "ops": self._ops})
        reply = await stream.reply()
        self._hello["op"] = self._ops[-1][0] if self._ops else self._hello["op"]
        self._has_unsent = False
        self._ops.clear()
        if reply.status != 204:  # else its answers come over the stream that is open
            _answer(reply)
            self._stream = stream

    def _note_revision(self, message: Any) -> None:
        if isinstance(message, dict):
            self._hello.update(token=message.get("token", self._hello["token"]), rev=message["rev"])
        else:
            self._hello["rev"] = message[0]


def _answer(reply: Reply) -> Any:
    """Return the data of a response to operations. Raise `Closed` or `Failed` if it is an error."""
    answer = json.loads(reply.body) if "json" in reply.header("content-type") else {}
    if reply.status == 409:
        raise Closed(CLOSE_OVER, answer.get("error", ""))
    if reply.status != 200:
        raise Failed(answer.get("error") or reply.text, reply.status)
    return answer
