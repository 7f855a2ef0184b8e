"""A session that remembers what it has done lately, for the developer's panel (debug mode only)."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from ..diff.places import changed_places
from ..observation import Operation
from ..protocol.messages import parse
from ..tasks import contained
from .observed import ObservedSession
from .runner import Connection
from .state import SessionState

KEPT: Final = 50
"""How many operations and how many messages are remembered."""
_STEPS: Final = ("waited", "ran", "loaded", "rendered", "stored")


class DebuggedSession(ObservedSession):
    """Remembers its latest operations with their times, and its latest messages with what they change."""

    def __init__(self, state: SessionState, *args: Any) -> None:
        super().__init__(state, *args)
        self._observers = (*self._observers, self)
        self.operations: deque[dict[str, Any]] = deque(maxlen=KEPT)
        """Times are in milliseconds; `at` is in seconds since 1970."""
        self.messages: deque[dict[str, Any]] = deque(maxlen=KEPT)

    @contextmanager
    def observe(self, operation: Operation) -> Iterator[None]:
        """Remember an operation when it has ended."""
        at = time.time()
        yield
        self.operations.append(
            {
                "at": at,
                "kind": operation.kind,
                "action": operation.action,
                "status": operation.status,
                "bytes": operation.bytes,
                "error": "" if operation.error is None else repr(operation.error),
                **{step: round(1000 * getattr(operation, step), 3) for step in _STEPS},
            }
        )

    async def _send(self, connection: Connection, text: str) -> None:
        with contained("%s: noting a message for the panel", self.state.name):
            self.messages.append(self._described(text))
        await super()._send(connection, text)

    def _described(self, text: str) -> dict[str, Any]:
        message, shown = parse(text), self.state.history.newest
        is_welcome = isinstance(message, dict)
        if not is_welcome:
            message = dict(zip(("rev", "ack", "patch"), message, strict=False))
        places = changed_places(message.get("patch", []), shown) if shown is not None else []
        return {
            "at": time.time(),
            "kind": "welcome" if is_welcome else "frame",
            "rev": message["rev"],
            "ack": message["ack"],
            "bytes": len(text.encode()),
            "places": [place._asdict() for place in places],
        }
