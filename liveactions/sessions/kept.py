"""A session's state in the store, for whichever worker continues."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..saving import save_all
from ..site import path_and_query
from ..snapshot import LIFE, Snapshot
from ..store import Claimed

if TYPE_CHECKING:
    from .session import Session

SAVED_AT_ONCE: Final = 1536
"""Longest sealed state that is stored before each answer, in bytes."""


class Kept:
    """Of one session."""

    def __init__(self, session: Session, state: bytes) -> None:
        self.session = session
        self.state = state
        """The page's, as JSON, after the newest op. It is written once, however often it is stored."""
        self.is_due = False
        """Whether the state is another than what is stored."""
        self.is_large = False
        """Whether it is too large to be stored before each answer."""
        self._epoch = 0
        self._address = self._url = ""

    def claim(self, epoch: int = 0) -> None:
        """Become the one session of its token, by the claim that has this epoch or by a new one."""
        session = self.session
        self._epoch = epoch or session.site.snapshots.store.claim(session.key)

    def save(self, at_rest: bool = False) -> bool:
        """Store the state; false when the page has another session meanwhile."""
        return save_all(self.session.site.snapshots.store, [self.row(at_rest)])[0]

    def row(self, at_rest: bool = False) -> Claimed:
        """What is to be stored."""
        session = self.session
        self.is_due = False
        at_rest = at_rest and session.exchange.is_certain
        sealed = session.site.snapshots.seal_bytes(self.snapshot(at_rest), session.place.context)
        self.is_large = len(sealed) > SAVED_AT_ONCE
        return session.key, self._epoch, sealed, LIFE

    def snapshot(self, at_rest: bool = False) -> Snapshot:
        """The state as it is now."""
        session = self.session
        exchange, screen, page = session.exchange, session.screen, session.page
        digests = screen.digests() if at_rest else None
        address = page.live.address
        if address is not self._address:
            self._address, self._url = address, path_and_query(page)
        return Snapshot(
            self._url,
            self.state,
            exchange.rev,
            exchange.done,
            tuple(exchange.answers),
            screen.shape,
            screen.mark,
            digests,
            at_rest,
            tuple(exchange.extras),
            tuple(screen.missed(exchange.shown)) if at_rest else (),
        )
