"""Finds the state that a page's session is created from: in the store, or in the page's HTML."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from ..exceptions import ProtocolError, SealedForOther, SealError
from ..execution.app_context import AppContext, PageRoute
from ..execution.effects import RESTARTED, SIGNED_IN
from ..logs import get_logger
from ..protocol.constants import CLOSE_OVER
from ..protocol.messages import Hello
from ..protocol.op_log import OpLog, Resumption
from ..store.snapshots import Snapshot, Snapshots, session_key
from .renders import RenderHistory

log = get_logger(__name__)
HANDOVER_TIMEOUT: Final = 1.0
"""Seconds to wait until a page's previous worker has stored the newest state."""
POLL_INTERVAL: Final = 0.02
"""Seconds between two reads of the store while waiting for that."""
OTHERS_PAGE: Final = "the page belongs to another visitor or address"


@dataclass(frozen=True, slots=True)
class ResumeSource:
    """The snapshot to create a session from, and how it continues. Without a snapshot, the page starts
    again.
    """

    snapshot: Snapshot | None
    resumption: Resumption = ""
    outdated: bool = False
    """Whether the page shows an older state than before, or starts again."""
    epoch: int = 0
    """Of the claim under which the snapshot was read, if it is one of the page's session."""
    message: str = RESTARTED
    """The message that says why, if it is outdated."""


FROM_MEMORY: Final = ResumeSource(None)


async def find_source(site: AppContext, hello: Hello, route: PageRoute, identity: str) -> ResumeSource:
    """Return the newest state of a page. A page whose visitor has signed in since starts again; what was
    typed stays, because the same person has typed it.

    Raise `ProtocolError` if the page belongs to another visitor, who may have signed out. The browser
    loads it again, so that nothing of that visitor remains.
    """
    with suppress(SealedForOther):
        return await _find_state(site.snapshots, hello, site.context(route, identity))
    if identity:
        with suppress(SealedForOther):
            await _find_state(site.snapshots, hello, site.context(route, ""))  # claims it
            return ResumeSource(None, "rebuilt", outdated=True, message=SIGNED_IN)
    raise ProtocolError(OTHERS_PAGE, CLOSE_OVER)


async def _find_state(snapshots: Snapshots, hello: Hello, context: str) -> ResumeSource:
    """Return the newest state of a page, from the store or from its HTML.

    Raise `SealedForOther` if it belongs to another visitor or page.
    """
    if hello.token is None:
        return await _from_page(snapshots, hello, context)
    try:
        snapshot, epoch = await _from_store(snapshots, hello, context)
    except SealedForOther:
        raise
    except SealError as error:
        log.warning("could not open a page's stored state, trying that of its HTML: %s", error)
        snapshot = None
    if snapshot is None:
        return replace(await _from_page(snapshots, hello, context), resumption="rebuilt")
    resumption, outdated = resumption_from(snapshot, hello)
    if outdated:
        log.warning("a page's newest state was not stored; continuing from an older one")
    return ResumeSource(snapshot, resumption, outdated, epoch)


async def _from_page(snapshots: Snapshots, hello: Hello, context: str) -> ResumeSource:
    try:
        snapshot = await snapshots.open(hello.snapshot or "", context)
    except SealedForOther:
        raise
    except SealError as error:
        log.warning("could not restore a page, starting it again: %s", error)
        return ResumeSource(None, "rebuilt", outdated=True)
    if snapshot.rev < hello.rev:
        log.warning("a page's newest state is no longer stored; continuing from the state of its GET")
    return ResumeSource(snapshot, outdated=snapshot.rev < hello.rev)


async def _from_store(snapshots: Snapshots, hello: Hello, context: str) -> tuple[Snapshot | None, int]:
    """Claim the page. Return what its previous session has stored, and the epoch of the claim.

    Wait for up to `HANDOVER_TIMEOUT` if that session seems to be about to store more, also if nothing is
    stored: the store may have lost what the session still has in memory. The page is claimed before its
    snapshot is read, so that nothing can be stored under an older claim in between.
    """
    key = session_key(hello.token or "")
    until = time.monotonic() + HANDOVER_TIMEOUT
    while True:
        snapshot = await snapshots.load(key, context)
        if (snapshot is not None and not is_behind(snapshot, hello)) or time.monotonic() > until:
            break
        await asyncio.sleep(POLL_INTERVAL)
    epoch = await snapshots.store.claim(key)  # from now on, no other worker can store the page
    return await snapshots.load(key, context), epoch


def restore_logs(snapshot: Snapshot, hello: Hello, outdated: bool) -> tuple[OpLog, RenderHistory]:
    """Return the op log and the render history of a session that is created from a snapshot.

    `outdated` is that of the welcome.
    """
    history = RenderHistory()
    history.shape_since = snapshot.shape_since
    missed = dict(snapshot.missed).get(hello.rev)
    if hello.rev == snapshot.rev:
        history.reset(snapshot.shape, snapshot.digest, snapshot.digests)
    elif missed:
        history.reset(snapshot.shape, snapshot.digest, missed=missed)
    elif hello.rev >= snapshot.shape_since:
        history.reset(snapshot.shape)
    else:  # the browser has missed a whole page
        history.reset()
    rev = max(snapshot.rev, hello.rev) if outdated else snapshot.rev
    return OpLog(rev, snapshot.done, snapshot.answers, snapshot.extras), history


def is_behind(snapshot: Snapshot, hello: Hello) -> bool:
    """Return whether the page is ahead of a stored snapshot: its worker may be about to store a newer one."""
    return not snapshot.at_rest and (hello.op > snapshot.done or hello.rev > snapshot.rev)


def resumption_from(snapshot: Snapshot, hello: Hello) -> tuple[Resumption, bool]:
    """Return how a session continues from a snapshot, and whether the page has shown a newer state."""
    if snapshot.rev < hello.rev:
        return "rebuilt", True
    return ("migrated" if snapshot.at_rest or hello.op <= snapshot.done else "rebuilt"), False
