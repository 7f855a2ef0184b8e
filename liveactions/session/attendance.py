"""Publishes the presence that an open page declares, for as long as it is connected."""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

from ..pages.presence import Attending
from ..protocol.constants import SOCKET_WAIT
from ..pubsub.presence import Presence
from .state import SessionView

LOST_SECONDS: Final = SOCKET_WAIT + 2.0
"""Seconds until an entry is removed whose connection was lost: pages that can reconnect do so sooner, also
those that can't have a socket any more.
"""
POLLED_SECONDS: Final = 9.0
"""The same for a page without a lasting connection, which polls every 5 seconds."""
LEFT_SECONDS: Final = 0.5
"""Seconds until an entry is removed whose page was left: a page that is reloaded is back sooner."""


class Attendance:
    """The presence entries of one session. `turn` is the epoch of its claim; each takeover increases it."""

    def __init__(self, session: SessionView, presence: Presence, turn: int) -> None:
        self._session = session
        self._presence = presence
        self._turn = turn
        self._said: dict[str, tuple[Attending, str]] = {}
        """The declarations that are published, each with the visitor's identity, by the id of the entry."""
        self._withdrawn: frozenset[str] = frozenset()
        """The entries that were withdrawn last."""

    def follow(self) -> None:
        """Publish what has changed in the page's declarations."""
        session = self._session
        wanted = {self._id(one): (one, session.identity) for one in session.page.live.attending}
        if wanted == self._said:
            return
        gone = self._said.keys() - wanted.keys()
        for id, (one, identity) in wanted.items():
            self._presence.enter(id, one.topic, one.key_of(identity), one.kind, one.data, self._turn)
        self._said = wanted
        if gone:
            self._presence.leave(gone)

    def lost(self, has_lasted: bool) -> None:
        """Withdraw the entries soon: the connection is lost, and the page may reconnect."""
        self._leave(LOST_SECONDS if has_lasted else POLLED_SECONDS)

    def left(self) -> None:
        """Withdraw the entries: the page has ended. Its connection may have been closed before it said so."""
        self._leave(LEFT_SECONDS)

    def _leave(self, seconds: float) -> None:
        self._withdrawn = frozenset(self._said) or self._withdrawn
        self._said = {}
        if self._withdrawn:
            self._presence.leave(self._withdrawn, seconds)

    def _id(self, one: Attending) -> str:
        """Return the id of an entry, the same in any worker. It doesn't reveal the session's token."""
        return blake2b(f"{self._session.key}\n{one.name}".encode(), digest_size=12).hexdigest()
