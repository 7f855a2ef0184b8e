"""Publishes the presence that an open page declares, for as long as it is connected."""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

from ..pages.presence import Attending
from ..pubsub.presence import Presence
from .state import SessionView

LOST_SECONDS: Final = 3.0
"""Seconds until an entry is removed whose connection was lost: pages that can reconnect do so sooner."""
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

    def lost(self) -> None:
        """Withdraw the entries soon: the connection is lost, and the page may reconnect."""
        self._leave(LOST_SECONDS)

    def left(self) -> None:
        """Withdraw the entries: the page has ended."""
        self._leave(LEFT_SECONDS)

    def _leave(self, seconds: float) -> None:
        said, self._said = self._said, {}
        if said:
            self._presence.leave(said, seconds)

    def _id(self, one: Attending) -> str:
        """Return the id of an entry, the same in any worker. It doesn't reveal the session's token."""
        return blake2b(f"{self._session.key}\n{one.name}".encode(), digest_size=12).hexdigest()
