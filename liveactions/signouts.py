"""Who has been signed out lately: all workers look here, and close these people's pages."""

from __future__ import annotations

import secrets
import time
from hashlib import sha256
from typing import Final

from pydantic_core import from_json, to_json

from .store import Store

LIFE: Final = 60.0
"""Seconds for which it is told: each worker looks once a second."""
TRIES: Final = 10
_KEY: Final = "signed out"


class SignOuts:
    """Those of an application, as one process knows them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._seen = {entry for entry, _, _ in self._read()}

    def add(self, identity: str) -> None:
        """Tell all workers."""
        mine = (secrets.token_hex(8), digest(identity), time.time())
        for _ in range(TRIES):  # another worker may write at the same time
            self._store.put(_KEY, to_json([*self._read(), mine]), LIFE)
            if any(entry == mine[0] for entry, _, _ in self._read()):
                return

    def fresh(self) -> set[str]:
        """Digests of those whom this process hasn't been told of."""
        known, told = self._seen, self._read()
        self._seen = {entry for entry, _, _ in told}
        return {who for entry, who, _ in told if entry not in known}

    def _read(self) -> list[tuple[str, str, float]]:
        oldest = time.time() - LIFE
        return [
            (entry, who, at) for entry, who, at in from_json(self._store.get(_KEY) or b"[]") if at > oldest
        ]


def digest(identity: str) -> str:
    """A person, in a store that needn't know who that is."""
    return sha256(identity.encode(errors="replace")).hexdigest()[:32]
