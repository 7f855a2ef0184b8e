"""An application's line to its other workers.

Where what concerns a whole process is said and heard.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from logging import getLogger
from typing import Final
from weakref import WeakSet

from ..exceptions import SealError
from ..security.signing import Sealer
from ..tasks import contained
from .base import Broker, Message, News, Receiver, pack, unpack

MAX_MESSAGE_AGE: Final = 24 * 3600.0
"""Seconds after which a message isn't taken for one any more, wherever a broker has it from."""
log = getLogger(__name__)


class BrokerChannel:
    """What is said by it is heard by all who listen, here and in the other processes of the application.

    Without a broker there are no others. What goes by a broker is sealed: nobody else understands it, and
    what another application has said by the same broker isn't heard.
    """

    def __init__(self, broker: Broker | None, sealer: Sealer, application: str) -> None:
        self.route: Final = broker and (broker, sealer.key, application)
        """Lines of one route hear the same; None where nothing is heard of others."""
        self._broker = broker
        self._sealer = sealer
        self._context = f"message\n{application}"
        self._listeners: list[Receiver] = []
        self._lock = threading.RLock()
        self._owes_gap = False
        """Whether others haven't been told of something."""
        self._is_cut = False

    def listen(self, receive: Receiver) -> Callable[[], None]:
        """Hear all messages, in any thread, one at a time; the result ends it."""
        self._listeners.append(receive)
        return lambda: self._listeners.remove(receive) if receive in self._listeners else None

    def publish(self, *messages: Message) -> None:
        """Tell everybody, here before it returns. From any thread."""
        with self._lock:
            heard = self._receive() if self._send(messages) else messages
            self.tell(heard or messages)

    def catch_up(self) -> None:
        """Hear what others have said. From any thread."""
        with self._lock:
            self.tell(self._receive())

    def tell(self, messages: Iterable[Message | None]) -> None:
        """Tell those who listen here."""
        for message in messages:
            for receive in list(self._listeners):
                with contained("hearing of a message"):
                    receive(message)

    def _send(self, messages: Iterable[Message]) -> bool:
        """Whether they come back as news."""
        if self._broker is None:
            return False
        due: list[Message | None] = [None] if self._owes_gap else []
        try:
            self._broker.publish([self._seal(message) for message in (*due, *messages)])
            self._owes_gap = False
        except Exception as error:  # whatever a broker's own way of failing is: it takes no page along
            log.error("could not notify other workers: %s", error)
            self._owes_gap = True
        return not self._owes_gap

    def _receive(self) -> list[Message | None]:
        if self._broker is None:
            return []
        try:
            news = self._broker.news()
            self._is_cut = False
        except Exception as error:  # as above; said once, since this is tried again and again
            if self._is_cut:
                return []
            log.error("could not receive messages from other workers: %s", error)
            self._is_cut = True
            return [None]
        return list(self._opened(news)) if news else []

    def _seal(self, message: Message | None) -> bytes:
        return self._sealer.seal_bytes(pack(message), self._context)

    def _opened(self, news: News) -> Iterator[Message | None]:
        for sealed in news:
            try:
                yield None if sealed is None else self._open(sealed)
            except SealError:  # another application's
                continue
            except (TypeError, ValueError) as error:
                log.error("could not read a message from another worker: %s", error)
                yield None

    def _open(self, sealed: bytes) -> Message | None:
        return unpack(self._sealer.open_bytes(sealed, self._context, MAX_MESSAGE_AGE))


class Channels:
    """The lines of all applications of this process, which read what is cached in it together."""

    def __init__(self) -> None:
        self._lines: WeakSet[BrokerChannel] = WeakSet()
        self._listeners: list[Receiver] = []

    def connect(self, line: BrokerChannel) -> None:
        """Add an application's line for as long as there is one."""
        line.listen(self._receive)
        self._lines.add(line)

    def listen(self, receive: Receiver) -> None:
        """Hear what comes by any line, in any thread."""
        self._listeners.append(receive)

    def publish(self, *messages: Message) -> None:
        """Tell everybody, by all lines. From any thread."""
        lines, told = list(self._lines), set()
        for line in lines:
            if line.route in told:
                line.catch_up()
                continue
            line.publish(*messages)
            if line.route is not None:
                told.add(line.route)
        for message in () if lines else messages:
            self._receive(message)

    def catch_up(self) -> None:
        """Hear what other processes have said until now. From any thread."""
        for line in list(self._lines):
            line.catch_up()

    def _receive(self, message: Message | None) -> None:
        for receive in self._listeners:
            receive(message)


channels: Final = Channels()
