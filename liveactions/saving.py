"""States of pages on their way to the store: those of one tick of the loop go together.

A transaction of its own would cost a small page more than its op does.
"""

from __future__ import annotations

import asyncio
from logging import getLogger

from .store import Claimed, Store

log = getLogger(__name__)


class Saving:
    """Collects rows until the loop has seen to everything else that is ready."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._rows: list[Claimed] = []
        self._waiting: list[asyncio.Future[bool]] = []

    def add(self, row: Claimed) -> asyncio.Future[bool]:
        """Store a row soon. The result is false when its key has been claimed by someone else."""
        loop = asyncio.get_running_loop()
        if not self._rows:
            loop.call_soon(self._save)
        saved: asyncio.Future[bool] = loop.create_future()
        self._rows.append(row)
        self._waiting.append(saved)
        return saved

    def _save(self) -> None:
        rows, self._rows = self._rows, []
        waiting, self._waiting = self._waiting, []
        for saved, done in zip(waiting, save_all(self._store, rows), strict=True):
            if not saved.done():
                saved.set_result(done)


def save_all(store: Store, rows: list[Claimed]) -> list[bool]:
    """Store rows now. A store that fails takes no page along: its pages live on in this process."""
    try:
        return store.save_many(rows)
    except Exception as error:  # whatever a store's own way of failing is
        log.error("states of %d pages couldn't be stored: %s", len(rows), error)
        return [True] * len(rows)
