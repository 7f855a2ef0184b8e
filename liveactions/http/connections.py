"""Lasting connections of open pages: what sockets and event streams have in common."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import Any

from ..actions.request import Changes


class OpenConnection:
    """A lasting connection of a session. `close` may be called from any task, and interrupts sending.

    `limit`: seconds that closing may take, since it waits for earlier messages. `closes` counts close codes.
    """

    is_lasting = True
    counts_as_present = True

    def __init__(self, limit: float, closes: Counter[int]) -> None:
        self.opened = time.monotonic()
        """When it was opened, with the visitor's cookies at that time."""
        self.sending_since: float | None = None
        """When sending the current message began (`time.monotonic`)."""
        self._limit = limit
        self._closes = closes
        self._sender: asyncio.Task[Any] | None = None
        """The task that is sending."""
        self._is_cut_off = False
        self._closed = False
        self._doom: tuple[int, str] | None = None

    async def send(self, text: str) -> None:
        """Send a message, unless the connection is lost."""
        if self._closed:
            return
        self.sending_since = time.monotonic()
        self._sender = asyncio.current_task()
        try:
            await self._write(text)
        except OSError:  # raised by servers if the connection is lost
            self._closed = True
        except asyncio.CancelledError:
            self._closed = True  # no message can follow an incomplete one
            if not self._is_cut_off or self._sender is None or self._sender.uncancel():
                raise
        finally:
            self.sending_since = self._sender = None

    async def _write(self, text: str) -> None:
        raise NotImplementedError

    def take_changes(self, changes: Changes) -> bool:
        """Return False: the headers were sent, so no cookies can be set."""
        return False

    def close(self, code: int, reason: str = "") -> None:
        """Close the connection soon, and interrupt sending, in whichever task."""
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
        """Close the connection now, with the code of `close` if that was called."""
        code, reason = self._doom or (code, reason)
        self._closes[code] += 1
        if not self._closed and self.sending_since is None:  # otherwise it would wait forever
            self._closed = True
            try:
                async with asyncio.timeout(self._limit):
                    await self._write_end(code, reason)
            except (OSError, RuntimeError):  # RuntimeError: closed by the browser
                return

    async def _write_end(self, code: int, reason: str) -> None:
        raise NotImplementedError
