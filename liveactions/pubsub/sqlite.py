"""A broker for the workers of one machine that uses the SQLite file of their store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ..store import SqliteStore
from .base import GAP, Messages

MESSAGE_TTL: Final = 60.0
"""Seconds for which a message is kept. Workers that read less often find a gap."""
NO_POSITION: Final = -1


class SqliteBroker:
    """A broker for all processes that have a store in the same file.

    It remembers the last message that it has read. If that no longer exists, because it was too old or the
    file was replaced, other messages may have been lost, too. The newest message is always kept, so that a
    broker without traffic doesn't report gaps.
    """

    def __init__(self, store: SqliteStore) -> None:
        self._store = store
        self._position = NO_POSITION

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SqliteBroker) and other._store.path == self._store.path

    def __hash__(self) -> int:
        return hash(self._store.path)

    def publish(self, messages: Sequence[bytes]) -> None:
        self._store.append(messages, MESSAGE_TTL)

    def poll(self) -> Messages:
        before = self._position
        rows = self._store.messages(before) or self._store.messages(0)
        self._position = rows[-1][0]
        if before == NO_POSITION:
            return [GAP]
        fresh = [message for _, message in rows if message]
        return fresh if rows[0][0] == before else [GAP, *fresh]
