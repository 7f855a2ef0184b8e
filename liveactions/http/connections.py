"""What connections of open pages have in common that stay open: a socket, and a stream of events."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import Any

from ..actions.request import Changes


class OpenConnection:
    """A session's connection that lasts. `close` cuts off what is being sent, from any task.

    `limit` is how many seconds closing may take, since it waits for what was sent before. `closes` counts the
    close codes.
    """

    is_lasting = True

    def __init__(self, limit: float, closes: Counter[int]) -> None:
        self.opened = time.monotonic()
        """When it brought the visitor's cookies."""
        self.sending_since: float | None = None
        """When the message that is being sent was begun, by `time.monotonic`."""
        self._limit = limit
        self._closes = closes
        self._sender: asyncio.Task[Any] | None = None
        """The task that is sending."""
        self._is_cut_off = False
        self._closed = False
        self._doom: tuple[int, str] | None = None

    async def send(self, text: str) -> None:
        """Send a message, unless the other side has gone."""
        if self._closed:
            return
        self.sending_since = time.monotonic()
        self._sender = asyncio.current_task()
        try:
            await self._write(text)
        except OSError:  # a server's when the other side has gone
            self._closed = True
        except asyncio.CancelledError:
            self._closed = True  # a message that was begun can't be followed by another one
            if not self._is_cut_off or self._sender is None or self._sender.uncancel():
                raise
        finally:
            self.sending_since = self._sender = None

    async def _write(self, text: str) -> None:
        raise NotImplementedError

    def take_changes(self, changes: Changes) -> bool:
        """Return False: its headers have been sent, so it can't set cookies."""
        return False

    def close(self, code: int, reason: str = "") -> None:
        """End it soon. What is being sent is cut off, whichever task sends it."""
        if self._doom is not None:
            return
        self._doom = (code, reason)
        if self._sender is not None:
            self._is_cut_off = True
            self._sender.cancel()
        self._doomed()

    def _doomed(self) -> None:
        """Wake the connection's own task, which then calls `finish`."""
        raise NotImplementedError

    async def finish(self, code: int = 1000, reason: str = "") -> None:
        """Close it now, with the code that `close` was called with, if it was."""
        code, reason = self._doom or (code, reason)
        self._closes[code] += 1
        if not self._closed and self.sending_since is None:  # else it would wait for ever
            self._closed = True
            try:
                async with asyncio.timeout(self._limit):
                    await self._write_end(code, reason)
            except (OSError, RuntimeError):  # RuntimeError: the other side has closed it
                return

    async def _write_end(self, code: int, reason: str) -> None:
        raise NotImplementedError
