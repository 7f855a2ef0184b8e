"""Runs `load` where it is due, outer components first, and awaits the values that `load` defers."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import Generic, TypeVar

from ..actions.run_context import Effects, open_effects
from ..cache.tags import Reading, matches, reading
from ..logs import get_logger
from ..pages.component import Component, attach, children_in, components_of
from ..pages.live_context import LiveContext
from ..pages.page import Page
from ..pages.undo_log import UndoLog
from ..pubsub.base import Message
from .results import FATAL, unexpected

T = TypeVar("T")
CallHook = Callable[[Callable[..., object], Component], Awaitable[None]]
"""Calls a component's hook with its dependencies."""
log = get_logger("liveactions")


class Deferred(Generic[T]):
    """What `defer` returns: ``{% if report.pending %}…{% else %}{{ report.value }}{% endif %}``."""

    def __init__(self, awaitable: Awaitable[T]) -> None:
        self.pending = True
        """Whether the awaitable hasn't finished yet."""
        self.value: T | None = None
        """What the awaitable returned; None while it is pending, or if it failed."""
        self.error = ""
        """An error message for the visitor, if the awaitable failed."""
        self._awaitable: Awaitable[T] | None = awaitable

    async def resolve(self, live: LiveContext) -> None:
        """Wait for the value, and set it."""
        awaitable, self._awaitable = self._awaitable, None
        assert awaitable is not None
        try:
            self.value = await awaitable
        except (*FATAL, asyncio.CancelledError):
            raise
        except BaseException as error:  # redirects have no effect here
            self.error = unexpected(error, live, "a deferred value").message
        self.pending = False

    def discard(self) -> None:
        """Close the awaitable without running it."""
        awaitable, self._awaitable = self._awaitable, None
        if inspect.iscoroutine(awaitable):
            awaitable.close()


def discard_deferred(live: LiveContext) -> None:
    """Discard what a page's `load` has deferred, because nothing will show it."""
    for deferred in live.deferred:
        deferred.discard()
    live.deferred.clear()


async def wait_for_deferred(live: LiveContext, seconds: float) -> None:
    """Wait for what a page's `load` has deferred. Values that take longer are cancelled, and stay pending."""
    deferred, live.deferred = live.deferred, []
    tasks = [asyncio.create_task(one.resolve(live)) for one in deferred]
    try:
        done, _ = await asyncio.wait(tasks, timeout=seconds)
    finally:
        for task in tasks:
            task.cancel()
    for task in done:
        task.result()


def defer(awaitable: Awaitable[T]) -> Deferred[T]:
    """Render the page without a slow value, and again when the value is available.

    Call it in `load`, for a field that is `loaded()`: ``self.report = defer(slow_report())``. In a browser
    with JavaScript, the awaitable runs once the page is open, concurrently with operations. Without
    JavaScript, the browser loads the page a second time, and that response waits for the value. The
    dependencies of `load` are closed by then. Raise `RuntimeError` outside of `load`.
    """
    effects, here, deferred = open_effects(), reading(), Deferred(awaitable)
    if effects is None or here is None or here.what != "load":
        deferred.discard()
        raise RuntimeError("defer() can only be called inside load()")
    effects.live.deferred.append(deferred)
    return deferred


async def mount_one(component: Component, page: Page, call: CallHook) -> None:
    """Run the `mount` hooks of a component and those below it, once for each."""
    record = component._live_record
    if record.mounted:
        return
    if "mount" in record.description.hooks:
        await call(record.description.hooks["mount"], component)
    record.mounted = True
    if record.description.children:
        attach(page, page.live)


async def load_below(
    component: Component, page: Page, undo_logs: Mapping[int, UndoLog], call: CallHook
) -> None:
    """Run `load`, of outer components first: they may set fields of the inner ones."""
    record = component._live_record
    await mount_one(component, page, call)
    undo_log = undo_logs.get(id(component))
    if "load" in record.description.hooks and (record.stale or undo_log is None or undo_log.changed()):
        reading = Reading("load", who=component)
        reading.begin()
        try:
            await call(record.description.hooks["load"], component)
        finally:
            reading.end()
            page.live.has_read(record, reading.tags)
            record.watched = reading.components
    record.stale = False
    if record.description.children:
        attach(page, page.live)
        for _, child in list(children_in(component)):
            await load_below(child, page, undo_logs, call)


def mark_changed(page: Component, undo_logs: Mapping[int, UndoLog]) -> bool:
    """Note that `load` is due in components that have changed, and in those whose `load` has read one of
    these.

    Return whether any component has changed.
    """
    if not page._live_record.description.children:
        return _mark_changed(page, undo_logs, False, set())
    changed: set[object] = set()
    watching = [record for one in components_of(page) if (record := one._live_record).watched]
    is_changed = _mark_changed(page, undo_logs, bool(watching), changed)
    for record in watching:
        if not record.watched.isdisjoint(changed):
            record.stale = True
    return is_changed


def _mark_changed(
    component: Component, undo_logs: Mapping[int, UndoLog], loads: bool, changed: set[object]
) -> bool:
    """Add the fields whose components have changed to `changed`. Return whether this component or one below
    it has changed.

    `loads`: whether a `load` may have read the component.
    """
    record = component._live_record
    loads = loads or record.description.loads
    undo_log = undo_logs.get(id(component))
    if not record.stale:
        record.stale = undo_log is None or (loads and undo_log.changed())
    is_changed = record.stale
    for field in record.description.children:
        assert field.children is not None
        items = field.children.items(component.__dict__.get(field.name))
        if any([_mark_changed(child, undo_logs, loads, changed) for _, child in items]):
            changed.add((record, field.name))
            is_changed = True
    return is_changed


def mark_stale(page: Page, tags: frozenset[str] | None) -> None:
    """Note that `load` is due where one of these tags was read; with None, everywhere."""
    reads, kept = page.live.reads, page.live.kept
    if kept is not None and (tags is None or not tags.isdisjoint(reads.get(kept, ()))):
        kept.is_stale = True
    for component in components_of(page):
        if tags is None or not tags.isdisjoint(reads.get(component._live_record, ())):
            component._live_record.stale = True


def mark_revalidated(page: Page, effects: Effects) -> None:
    """Note that `load` is due where it has read something that this run of the page revalidates."""
    path = page.live.own_path
    below = (Message("path", pattern, {"below": all_below}) for pattern, all_below in effects.paths)
    everywhere = effects.refreshes or any(matches(message, path) for message in below)
    mark_stale(page, None if everywhere else frozenset(effects.tags))
