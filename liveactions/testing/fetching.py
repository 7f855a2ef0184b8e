"""A page's conversation by `fetch`, for a browser to which no socket opens."""

from __future__ import annotations

import json
from collections import deque
from typing import TYPE_CHECKING, Any

from ..wire import BYE, CLOSE_OVER
from .asgi import Closed
from .refusal import Failed, Refusal

if TYPE_CHECKING:
    from .tab import Tab


class Fetching:
    """Stands where a `Socket` does: what was sent goes out in one request when its answer is waited for."""

    def __init__(self, tab: Tab) -> None:
        self._tab = tab
        self._hello: dict[str, Any] = {}
        self._ops: list[list[Any]] = []
        self._messages: deque[Any] = deque()

    def send(self, message: Any) -> None:
        if isinstance(message, dict):
            self._hello = message
        elif message[0] and message[2] != BYE:  # each hello acknowledges, and nobody is told of the end
            self._ops.append(message)

    def waiting(self) -> list[Any]:
        """The messages that have come and aren't taken."""
        messages = list(self._messages)
        self._messages.clear()
        return messages

    async def receive(self) -> Any:
        """The next message: of the last answer, or of a new one to what waits."""
        if not self._messages:
            await self._post()
        return self._messages.popleft()

    async def leave(self, patience: float) -> None:
        """Nobody is told."""

    async def _post(self) -> None:
        if not self._ops:
            raise Refusal("nothing comes by itself where no socket is open")
        url = self._tab.url.partition("#")[0]
        parcel = {"hello": {**self._hello, "url": url}, "ops": self._ops}
        reply = await self._tab.browser.fetch(url, parcel)
        answer = json.loads(reply.body) if "json" in reply.header("content-type") else {}
        if reply.status == 409:
            raise Closed(CLOSE_OVER, answer.get("error", ""))
        if reply.status != 200:
            raise Failed(answer.get("error") or reply.text, reply.status)
        self._heard(answer["welcome"], answer["frames"])

    def _heard(self, welcome: dict[str, Any], frames: list[Any]) -> None:
        if self._hello["token"] is not None and {"moved", "fresh"} & welcome.keys():
            raise Failed("the page's session is gone", 503)
        last, self._ops = self._ops[-1][0], []
        rev = frames[-1][0] if frames else welcome["rev"]
        self._hello = {**self._hello, "token": welcome["token"], "rev": rev, "op": last}
        self._messages += [welcome, *frames]
