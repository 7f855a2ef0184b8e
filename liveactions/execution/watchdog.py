"""A watchdog for debug mode: logs which function of the application blocks the event loop.

A thread regularly schedules a callback in the loop. If it isn't called in time, the thread logs which
function the loop is running.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Final
from weakref import WeakSet

from ..logs import get_logger

log = get_logger(__name__)
CHECK_INTERVAL: Final = 0.25
"""Seconds between two checks of a loop."""
BLOCKED_AFTER: Final = 0.5
"""Seconds without a response after which a loop counts as blocked."""
_LIBRARY: Final = str(Path(__file__).parent.parent)
_DEBUGGERS: Final = frozenset({"bdb", "pdb", "pydevd"})
_watched: WeakSet[asyncio.AbstractEventLoop] = WeakSet()


def watch_event_loop() -> None:
    """Watch the running event loop in a thread, until it is closed. Further calls have no effect."""
    loop = asyncio.get_running_loop()
    if loop not in _watched:
        _watched.add(loop)
        watcher = threading.Thread(
            target=_watch, args=(loop, threading.get_ident()), name="liveactions-watchdog", daemon=True
        )
        watcher.start()


def _watch(loop: asyncio.AbstractEventLoop, thread: int) -> None:
    beat, pause = threading.Event(), threading.Event()
    while True:
        beat.clear()
        try:
            loop.call_soon_threadsafe(beat.set)
        except RuntimeError:  # it is closed
            return
        if not beat.wait(BLOCKED_AFTER):
            frame = sys._current_frames().get(thread)
            if frame is not None:
                _report(frame)
            del frame  # it would keep its variables alive
            while not beat.wait(BLOCKED_AFTER):
                if loop.is_closed():
                    return
        pause.wait(CHECK_INTERVAL)


def _report(frame: FrameType) -> None:
    """Log the application's function that the loop is running, if there is one."""
    called = list(_called(frame))
    if called and not any(one.f_globals.get("__name__") in _DEBUGGERS for one in called):
        function = called[-1]
        log.warning(
            "%s blocks the event loop at %s:%d: meanwhile, no page of this worker can do anything. Await"
            " something async instead (`await asyncio.sleep(1)`), or write a plain `def`, which runs in a"
            " thread.",
            function.f_code.co_qualname,
            function.f_code.co_filename,
            function.f_lineno,
        )


def _called(frame: FrameType) -> Iterator[FrameType]:
    """Yield the frames that the innermost frame of the library has called, innermost first."""
    frames: list[FrameType] = []
    here: FrameType | None = frame
    while here is not None and not here.f_code.co_filename.startswith(_LIBRARY):
        frames.append(here)
        here = here.f_back
    if here is not None:
        yield from frames
