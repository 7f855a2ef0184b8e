"""A page's conversation with its session: the client's side of the protocol, in a test's process."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ..wire import ACK_AFTER, BYE, CLOSE_OVER, ELSEWHERE, ERROR, KEPT, OK, VERSION
from .asgi import Closed, Socket
from .controls import Seen
from .document import Document
from .dom import Element
from .fetching import Fetching
from .refusal import Failed
from .window import Window

SHOWN = frozenset({409, 422})
"""HTTP statuses of errors that the page itself shows."""


@dataclass(frozen=True, slots=True)
class Op:
    """One that isn't answered. `seen` are the edits that it reports; with `resets`, their controls go back
    to what the server rendered."""

    n: int
    seen: Seen = field(default_factory=dict)
    resets: bool = False
    reloads: bool = False
    """Whether the page is loaded anew when it fails."""


class Conversation:
    """Ops in order, and what comes back applied to the window at once."""

    def __init__(self, window: Window, line: Socket | Fetching, patience: float) -> None:
        self.window = window
        self.patience = patience
        """Seconds to wait for an answer."""
        self.elsewhere: str | None = None
        """Where an answer has sent the page."""
        self.is_over = False
        self.token = ""
        """The session's name, once it has welcomed the page."""
        self._line = line
        self._rev = 0
        self._last = 0
        self._unacknowledged = 0
        self._ops: list[Op] = []
        self._failures: list[Failed] = []
        self._spent: set[tuple[Element, str]] = set()

    async def join(self, url: str, snapshot: str) -> None:
        """Say hello, and apply the welcome, which by fetch comes with the first answer."""
        self._line.send({"v": VERSION, "url": url, "snapshot": snapshot, "token": None, "rev": 0, "op": 0})
        if isinstance(self._line, Socket):
            await self.hear()

    def say(self, *parts: Any, seen: Seen | None = None, resets: bool = False, reloads: bool = False) -> None:
        """Send an op: its kind and operands."""
        self._last += 1
        self._ops.append(Op(self._last, seen or {}, resets, reloads))
        self._unacknowledged = 0
        self._line.send([self._last, self._rev, *parts])

    async def settle(self) -> None:
        """Return when all ops are answered. `Failed` when one ended with an error that isn't in the page."""
        try:
            async with asyncio.timeout(self.patience):
                while self._ops and not self.is_over:
                    await self.hear()
        except TimeoutError:
            raise Failed(f"no answer within {self.patience} s", 504) from None
        if self._failures:
            failure, self._failures = self._failures[0], []
            raise failure

    async def hear(self) -> None:
        """Wait for one message."""
        try:
            self._take(await self._line.receive())
        except Closed as closed:
            self._closed(closed)

    def catch_up(self) -> None:
        """Apply what has come meanwhile."""
        try:
            for message in () if self.is_over else self._line.waiting():
                self._take(message)
        except Closed as closed:
            self._closed(closed)

    async def leave(self) -> None:
        """The page is left."""
        if not self.is_over:
            self.is_over = True
            self._line.send([self._last + 1, self._rev, BYE])
        await self._line.leave(self.patience)

    def first(self, element: Element, descriptor: str) -> bool:
        """Whether what runs only once is to run now."""
        is_first = (element, descriptor) not in self._spent
        self._spent.add((element, descriptor))
        return is_first

    def _closed(self, closed: Closed) -> None:
        self.is_over = True
        if closed.code != CLOSE_OVER:
            raise Failed(str(closed), 503) from closed

    def _take(self, message: Any) -> None:
        if isinstance(message, dict):
            self._rev, self.token = message["rev"], message.get("token", self.token)
            ended = self._settle(message.get("ack", 0), message.get("answers", []))
            self.window.update(lambda document: document.welcome(message), ended)
        else:
            rev, self._rev = self._rev, message[0]
            ack, answers = message[1] if len(message) > 1 else 0, message[3] if len(message) > 3 else []
            assert self._rev in (rev, rev + 1), f"revision {self._rev} after {rev}"
            ended = self._settle(ack, answers)
            self.window.update(_frame(message), ended)
            self._unacknowledged += self._rev - rev
        if self._unacknowledged >= ACK_AFTER:
            self._unacknowledged = 0
            self._line.send([0, self._rev])

    def _settle(self, ack: int, answers: Sequence[Any]) -> list[tuple[Seen, bool]]:
        """Take note of how ops have ended; what those that ended well had seen."""
        ends = {n: (status, payload) for n, status, payload in zip(*[iter(answers)] * 3, strict=True)}
        well: list[tuple[Seen, bool]] = []
        for op in list(self._ops):
            if op.n <= ack or op.n in ends:
                self._ops.remove(op)
                status, payload = ends.get(op.n, (OK, None))
                if status in (OK, KEPT):
                    well.append((op.seen, op.resets and status == OK))
                elif op.reloads and status != ELSEWHERE:
                    self.elsewhere = ""
                else:
                    self._note(status, payload)
        return well

    def _note(self, status: int, payload: Any) -> None:
        if status == ELSEWHERE:
            self.elsewhere = payload["url"]
        elif status != ERROR:
            self._failures.append(Failed("nobody knows whether it was done", 503))
        elif payload["status"] not in SHOWN:
            self._failures.append(Failed(payload["error"], payload["status"]))


def _frame(message: list[Any]) -> Any:
    def apply(document: Document) -> None:
        document.frame(message)

    return apply
