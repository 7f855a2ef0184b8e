"""Publishes who is present in an open page, and withdraws that when the page is lost or left."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Final

from ..pages.presence import Attending
from ..protocol.constants import SOCKET_WAIT
from ..pubsub.presence import Presence

LOST_SECONDS: Final = SOCKET_WAIT + 2.0
"""Seconds until an entry is removed after its connection was lost. Pages that can reconnect do so sooner,
even if they have to fall back from a socket.
"""
POLLED_SECONDS: Final = 9.0
"""The same for a page without a lasting connection, which polls every 5 seconds."""
LEFT_SECONDS: Final = 0.5
"""Seconds until an entry is removed after its page was left. A page that is reloaded is back sooner."""


class Attendance:
    """The published entries of one session. `key` is that of the session; `epoch` is that of its claim, which
    increases with each takeover.
    """

    def __init__(self, presence: Presence | None, key: str, epoch: int) -> None:
        self._presence = presence
        self._key = key
        self._epoch = epoch
        self.published: dict[str, tuple[Attending, str]] = {}
        """The published entries, each with the visitor's identity, by entry id."""
        self._withdrawn: frozenset[str] = frozenset()
        """The entries that were withdrawn last."""

    def publish(self, attending: Sequence[Attending], identity: str) -> None:
        """Publish changes of the page's entries. `identity` is that of the visitor."""
        wanted = {self._id(one): (one, identity) for one in attending}
        if self._presence is None or wanted == self.published:
            return
        gone = self.published.keys() - wanted.keys()
        for id, (one, _) in wanted.items():
            self._presence.enter(id, one.topic, one.key_of(identity), one.kind, one.data, self._epoch)
        self.published = wanted
        if gone:
            self._presence.leave(gone)

    def lost(self, has_lasted: bool = True) -> None:
        """Withdraw the entries soon: the connection is lost, and the page may reconnect."""
        self._leave(LOST_SECONDS if has_lasted else POLLED_SECONDS)

    def left(self) -> None:
        """Withdraw the entries: the page has ended, maybe after its connection was lost."""
        self._leave(LEFT_SECONDS)

    def _leave(self, seconds: float) -> None:
        self._withdrawn = frozenset(self.published) or self._withdrawn
        self.published = {}
        if self._presence is not None and self._withdrawn:
            self._presence.leave(self._withdrawn, seconds)

    def _id(self, one: Attending) -> str:
        """Return the id of an entry, the same in any worker. It doesn't reveal the session's token."""
        return blake2b(f"{self._key}\n{one.name}".encode(), digest_size=12).hexdigest()
