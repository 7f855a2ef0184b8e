"""What an open page says of who is here, for as long as it is connected."""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

from ..pages.presence import Attending
from ..pubsub.presence import Presence
from .state import SessionView

LOST_SECONDS: Final = 3.0
"""Seconds for which somebody stays whose connection is lost: a page comes back sooner, if it can."""
LEFT_SECONDS: Final = 0.5
"""Seconds for which somebody stays who has left the page: a page that is reloaded is back sooner."""


class Attendance:
    """What one session has said. `turn` is the epoch of its claim, higher after each takeover."""

    def __init__(self, session: SessionView, presence: Presence, turn: int) -> None:
        self._session = session
        self._presence = presence
        self._turn = turn
        self._said: dict[str, tuple[Attending, str]] = {}
        """What was said of whom, by the ids of the entries."""

    def follow(self) -> None:
        """Say what the page says now."""
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
        """Say that the connection is gone. The page may come back."""
        self._leave(LOST_SECONDS)

    def left(self) -> None:
        """Say that the page has ended."""
        self._leave(LEFT_SECONDS)

    def _leave(self, seconds: float) -> None:
        said, self._said = self._said, {}
        if said:
            self._presence.leave(said, seconds)

    def _id(self, one: Attending) -> str:
        """Return the id of an entry: the same wherever the session goes on, and telling nobody its token."""
        return blake2b(f"{self._session.key}\n{one.name}".encode(), digest_size=12).hexdigest()
