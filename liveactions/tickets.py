"""Cookies of actions that ran over a socket wait here, each under a key for one use.

A socket's answer can't set cookies. The page is given a ticket instead, and fetches it by HTTP.
"""

from __future__ import annotations

import secrets
from hashlib import sha256
from typing import Final

from pydantic_core import from_json, to_json

from .actions.cookies import Changes
from .seal import Sealer
from .store import Store

LIFE: Final = 60.0
"""Seconds for which a ticket can be used."""
CONTEXT: Final = "cookies"


class Tickets:
    """Keeps an application's tickets, for all its workers."""

    def __init__(self, sealer: Sealer, store: Store) -> None:
        self._sealer = sealer
        self._store = store

    def keep(self, changes: Changes) -> str:
        """A ticket for these changes."""
        ticket = secrets.token_urlsafe(16)
        sealed = self._sealer.seal(to_json(changes), CONTEXT)
        self._store.put(_key(ticket), sealed.encode(), LIFE)
        return ticket

    def redeem(self, ticket: str) -> Changes | None:
        """What a ticket stands for; None when it is too old, has been used, or never was."""
        key = _key(ticket)
        sealed = self._store.get(key)
        if sealed is None or not self._store.once(key, LIFE):
            return None
        self._store.delete(key)
        headers, session, gone = from_json(self._sealer.open(sealed.decode(), CONTEXT, LIFE))
        return Changes(tuple(headers), session, tuple(gone))


def _key(ticket: str) -> str:
    return "ticket " + sha256(ticket.encode(errors="replace")).hexdigest()[:32]
