"""What became of every op of a tab, read off its WebSocket and its posts as they pass."""

from __future__ import annotations

import json
import time
from typing import Any

from playwright.sync_api import Page, Request, WebSocket

OK, ERROR, UNCERTAIN = 0, 1, 2


class Ledger:
    """Numbers of the ops that a page sent, and the status that each ended with."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.ended: dict[int, int] = {}
        self.newest = 0
        self.sockets = 0
        self.welcomes: list[int] = []
        self.bytes_up: list[int] = []
        self.bytes_down: list[int] = []
        self._posts: list[Request] = []
        page.on("websocket", self._opened)
        page.on("requestfinished", self._posted)

    def _opened(self, socket: WebSocket) -> None:
        self.sockets += 1
        socket.on("framesent", self._sent)
        socket.on("framereceived", self._received)

    def _posted(self, request: Request) -> None:
        if request.method == "POST":
            self._posts.append(request)

    def _read_posts(self) -> None:
        """What went by fetch: the page's ops, and the welcome and frames that answered them."""
        while self._posts:
            request = self._posts.pop(0)
            response = request.response()
            parcel = json.loads(request.post_data or "null")
            if response is None or response.status != 200 or not isinstance(parcel, dict):
                continue
            self.newest = max([self.newest, *[op[0] for op in parcel["ops"]]])
            answer = response.json()
            for message in (answer["welcome"], *answer["frames"]):
                self._read(message)

    def _sent(self, text: str | bytes) -> None:
        message = json.loads(text)
        self.bytes_up.append(len(text))
        if isinstance(message, list) and message[0]:
            self.newest = max(self.newest, message[0])

    def _received(self, text: str | bytes) -> None:
        message = json.loads(text)
        self.bytes_down.append(len(text))
        if isinstance(message, dict):
            self.welcomes.append(len(text))
        self._read(message)

    def _read(self, message: Any) -> None:
        if isinstance(message, dict):
            self._end(message.get("ack", 0), message.get("answers", []))
            if message.get("fresh") or message.get("stale"):
                # A session made anew knows nothing of what came after its acknowledgement.
                for number in range(1, self.newest + 1):
                    self.ended.setdefault(number, UNCERTAIN)
        elif len(message) > 1:
            self._end(message[1] or 0, message[3] if len(message) > 3 else [])

    def _end(self, acknowledged: int, answers: list[object]) -> None:
        for number, status in zip(answers[::3], answers[1::3], strict=True):
            self.ended.setdefault(number, status)  # type: ignore[arg-type]
        for number in range(1, acknowledged + 1):
            self.ended.setdefault(number, OK)

    def settle(self, ops: int, seconds: float = 60) -> None:
        """Return when so many ops have been sent, and every one has ended."""
        deadline = time.monotonic() + seconds
        self._read_posts()
        while len(self.ended) < self.newest or self.newest < ops:
            if time.monotonic() > deadline:
                raise TimeoutError(
                    f"{self.newest - len(self.ended)} of {self.newest} ops never ended, of {ops}"
                )
            self.page.evaluate("() => new Promise(requestAnimationFrame)")
            self._read_posts()

    def count(self, status: int) -> int:
        return sum(ended == status for ended in self.ended.values())
