"""Prefetches a page when a visitor is about to follow a link to it.

The page is opened as for a GET: its guards run, and `load`. It isn't connected, has no subscriptions, and
nothing of it is stored. If the visitor navigates to its address within a few seconds, with the same cookies
and identity, and no operation of the open page has run since, its guards run again, and it is shown. Messages
that were published meanwhile reach it as if it had been open. Otherwise it is dropped, and the page is opened
as usual.
"""

from __future__ import annotations

import asyncio
import time
from typing import Final

from ..execution.loading import discard_deferred
from ..pages.page import Page
from ..protocol.messages import Navigate
from ..tasks import Supervisor
from ..types import Outcome, RedirectTo
from .navigation import LoadedPage, is_accepted, prefetch_page
from .op_queue import Job
from .state import SessionState
from .subscriptions import SubscriptionIndex

MAX_AGE: Final = 5.0
"""Seconds for which a prefetched page can be shown."""


class _PrefetchedPage:
    """A page that is loading or loaded, and the open page and its request when that began."""

    def __init__(self, url: str, state: SessionState, position: int) -> None:
        self.url = url
        self.position = position
        """The position in the log of messages when loading began."""
        self.page = state.page
        self.request = state.page.live.request
        self.began = time.monotonic()
        self.loaded: LoadedPage | None = None
        self.is_dropped = False
        self.task: asyncio.Task[None] | None = None

    def fits(self, page: Page, url: str) -> bool:
        """Return whether this is the page at `url`, and may still replace `page`, which is open."""
        is_same = page is self.page and page.live.request is self.request  # and therefore, with its cookies
        is_current = is_same and not self.is_dropped and time.monotonic() - self.began <= MAX_AGE
        return is_current and url == self.url

    @property
    def is_loading(self) -> bool:
        return self.task is not None and not self.task.done()

    def drop(self) -> None:
        self.is_dropped = True
        if self.loaded is not None:
            discard_deferred(self.loaded.page.live)
            self.loaded = None


class Prefetch:
    """The page that a session has prefetched; one at most."""

    def __init__(self, state: SessionState, tasks: Supervisor, index: SubscriptionIndex) -> None:
        self._state = state
        self._tasks = tasks
        self._index = index
        self._load: _PrefetchedPage | None = None
        self._expiry: asyncio.TimerHandle | None = None

    def begin(self, url: str) -> None:
        """Load the page at an address, unless it is loaded already, or another page is loading."""
        state, before = self._state, self._load
        if state.is_over or (before is not None and (before.is_loading or before.fits(state.page, url))):
            return
        self.drop()
        load = self._load = _PrefetchedPage(url, state, self._index.position)
        load.task = self._tasks.start(self._open(load))
        self._expiry = asyncio.get_running_loop().call_later(MAX_AGE, self._expire, load)

    async def _open(self, load: _PrefetchedPage) -> None:
        loaded = await prefetch_page(self._state, load.url)
        if loaded is not None and (load.is_dropped or loaded.page.live.may_have_changes):  # it sets cookies
            discard_deferred(loaded.page.live)
        else:
            load.loaded = loaded

    def drop(self) -> None:
        """Forget the page: it may be out of date."""
        if self._expiry is not None:
            self._expiry.cancel()
        if self._load is not None:
            self._load.drop()

    def _expire(self, load: _PrefetchedPage) -> None:
        if self._load is load:
            self.drop()

    async def take(self, job: Job, outcome: Outcome) -> tuple[LoadedPage, int] | None:
        """Return the page to which an operation navigates, and its position in the log of messages; None if
        it wasn't prefetched.
        """
        load, page = self._load, self._state.page
        if load is None or type(job) is not Navigate or not isinstance(outcome, RedirectTo):
            return None
        url = outcome.url.partition("#")[0]
        if outcome.url == job.url and load.fits(page, url) and load.task is not None:
            await asyncio.wait([load.task])
        loaded = load.loaded if load.fits(page, url) else None
        try:
            if loaded is None or not await is_accepted(self._state.site, loaded) or not load.fits(page, url):
                return None
            load.loaded = None
            return loaded, load.position
        finally:
            self.drop()
