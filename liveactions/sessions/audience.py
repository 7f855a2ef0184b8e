"""Who hears of what: messages of all workers on their way to open pages."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Final

from ..broker.line import Line
from ..broker.message import Message
from ..cache.paths import matches
from ..tasks import contained

if TYPE_CHECKING:
    from .session import Session

REMEMBERED: Final = 1000
"""Messages that a page can catch up on; a page that has missed more reads everything again."""


class Audience:
    """The open pages of a worker by what they listen to.

    Messages come from any thread and are told in the loop's own. `position` counts them.
    """

    def __init__(self, line: Line, sessions: Callable[[], Iterable[Session]]) -> None:
        self._line = line
        self._sessions = sessions
        self._by_key: dict[str, set[Session]] = {}
        self._log: deque[Message | None] = deque(maxlen=REMEMBERED)
        self._inbox: deque[Message | None] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: Callable[[], object] | None = None
        self.position = 0

    def open(self) -> None:
        """Listen, in the running loop."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self.close()
            self._line.catch_up()  # what has been said until now is of no concern to pages that come
            self._loop, self._stop = loop, self._line.listen(self._hear)

    def close(self) -> None:
        """Listen no more."""
        if self._stop is not None:
            self._stop()
        self._loop = self._stop = None

    def place(self, session: Session, old: frozenset[str], new: frozenset[str]) -> None:
        """A session listens to these from now on."""
        for key in old - new:
            sessions = self._by_key[key]
            sessions.discard(session)
            if not sessions:
                del self._by_key[key]
        for key in new - old:
            self._by_key.setdefault(key, set()).add(session)

    def since(self, position: int) -> list[Message | None]:
        """What was told after a position; a gap when too much was."""
        missed = self.position - position
        return list(self._log)[-missed:] if missed <= len(self._log) else [None]

    def _hear(self, message: Message | None) -> None:
        self._inbox.append(message)
        try:
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._tell)
        except RuntimeError:  # that loop has ended
            self.close()

    def _tell(self) -> None:
        while self._inbox:
            message = self._inbox.popleft()
            self._log.append(message)
            self.position += 1
            for session in list(self._of(message)):
                with contained("%s: hearing of a message", session.place.address.name):
                    session.hearing.hear(message)

    def _of(self, message: Message | None) -> Iterable[Session]:
        if message is None:
            return self._sessions()
        if message.kind == "path":
            return (one for one in self._sessions() if matches(message, one.page.live.own_path))
        if message.kind == "user":
            return (one for one in self._sessions() if one.place.identity == message.name)
        return self._by_key.get(key_of(message), ())


def key_of(message: Message) -> str:
    """What those listen to who want to hear a message."""
    return f"{message.kind} {message.name}"


def keys_of(kind: str, names: Iterable[str]) -> Iterator[str]:
    return (f"{kind} {name}" for name in names)
