"""Where what concerns a whole process is said and heard."""

from __future__ import annotations

from typing import Final
from weakref import WeakSet

from .line import Line
from .message import Message, Receiver


class Bus:
    """The lines of all applications of this process, which read what is cached in it together."""

    def __init__(self) -> None:
        self._lines: WeakSet[Line] = WeakSet()
        self._listeners: list[Receiver] = []

    def connect(self, line: Line) -> None:
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


bus: Final = Bus()
