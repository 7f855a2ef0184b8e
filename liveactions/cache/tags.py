"""Tags: tracks which data a `load`, a render, a cached function or a dependency has read, and revalidates it.

A revalidation takes effect when the run that requested it has committed. Everything that has read the tag is
then computed again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from contextvars import ContextVar, Token
from functools import lru_cache
from typing import Any, Final, Literal

from pydantic_core import PydanticSerializationError, to_jsonable_python
from starlette.routing import compile_path

from ..actions.run_context import Effects, open_effects
from ..pubsub.base import Message
from ..pubsub.channel import BrokerChannel, channels

What = Literal["load", "render", "cached", "dependency"]


class Reading:
    """Collects tags while it is entered: ``with Reading("load") as reading: ...``"""

    tags: frozenset[str] = frozenset()
    components: frozenset[object] = frozenset()
    """The fields with components that were read; see `liveactions.pages.fields.ComponentField`."""
    is_over = False
    """Whether its block has been left. Code that still runs in its context belongs to another task."""

    def __init__(self, what: What, flight: object = None, who: object = None) -> None:
        self.what = what
        self.flight = flight
        """The cached value that is being computed."""
        self.who = who
        """The component whose `load` is reading."""

    def begin(self) -> None:
        self._token: Token[Reading | None] = _reading.set(self)

    def end(self) -> None:
        _reading.reset(self._token)
        self.is_over = True

    def __enter__(self) -> Reading:
        self.begin()
        return self

    def __exit__(self, *error: object) -> None:
        self.end()

    @property
    def outer(self) -> Reading | None:
        """The reading around this one."""
        before = self._token.old_value
        return None if before is Token.MISSING else before

    def is_making(self, flight: object) -> bool:
        """Return whether this reading, or one around it, computes a cached value."""
        return self.flight is flight or (self.outer is not None and self.outer.is_making(flight))


_reading: Final[ContextVar[Reading | None]] = ContextVar("liveactions_reading", default=None)


def reading() -> Reading | None:
    """Return the current reading; None if there is none."""
    found = _reading.get()
    return None if found is None or found.is_over else found


def note(tags: Iterable[str], components: frozenset[object] = frozenset()) -> None:
    """Add tags and fields with components to the current reading, if there is one."""
    found = reading()
    if found is not None:
        found.tags |= frozenset(tags)
        found.components |= components


def cache_tag(*tags: str) -> None:
    """Add tags to the data that a page's `load` or a cached function is reading.

    Raise `RuntimeError` elsewhere, for example in an action.
    """
    if reading() is None:
        raise RuntimeError("cache_tag() can only be called inside load() or a @cached function")
    note(tags)


def refuse_while_reading(name: str) -> None:
    """Raise `RuntimeError` while data is being read."""
    found = reading()
    while found is not None and found.what == "dependency":  # an action has dependencies, too
        found = found.outer
    if found is None:
        return
    where: dict[Any, str] = {
        "load": "in load(), which runs because of it",
        "render": "while a page is being rendered",
        "cached": "in a @cached function, which doesn't run each time",
    }
    raise RuntimeError(f"{name}() was called {where[found.what]}; call it in an action, after the change")


def matches(message: Message, path: str) -> bool:
    """Return whether a message that revalidates paths includes this one."""
    return _compiled(message.name, bool(message.data.get("below"))).match(path) is not None


def check_path(path: str) -> None:
    """Raise `ValueError` for anything but a path or a pattern in Starlette's syntax."""
    if not path.startswith("/") or set("?#") & set(path) or "{" in re.sub(r"{[^{}]*}", "", path):
        raise ValueError(f"expected a path or a pattern such as /posts/{{id}}, without a query: {path!r}")
    try:
        compile_path(path)
    except (AssertionError, ValueError) as error:
        raise ValueError(f"{path!r}: {error}") from error


@lru_cache(maxsize=256)
def _compiled(path: str, below: bool) -> re.Pattern[str]:
    regex, _, _ = compile_path(path if path == "/" else path.rstrip("/"))
    if not below:
        return re.compile(regex.pattern.removesuffix("$") + "/?$")
    return re.compile(regex.pattern.removesuffix("$").removesuffix("/") + "(/.*)?$")


class DeferredPublishing:
    """In its block, messages that are published outside of runs are collected, and sent at the end."""

    def __init__(self) -> None:
        self._calls: list[Callable[[], None]] = []
        self.is_open = True
        """Whether messages are still collected."""

    def __enter__(self) -> DeferredPublishing:
        self._token: Token[DeferredPublishing | None] = _deferred.set(self)
        return self

    def __exit__(self, *error: object) -> None:
        _deferred.reset(self._token)
        self.is_open = False
        for call in self._calls:
            call()

    def add(self, call: Callable[[], None]) -> None:
        """Publish messages, by calling `call`, at the end of the block."""
        self._calls.append(call)


_deferred: Final[ContextVar[DeferredPublishing | None]] = ContextVar(
    "liveactions_deferred_publishing", default=None
)


def _publish_later(call: Callable[[], None]) -> None:
    """Publish at the end of the request, or at once if none is running in this context."""
    deferred = _deferred.get()
    if deferred is None or not deferred.is_open:
        call()
    else:
        deferred.add(call)


def revalidate_tag(*tags: str) -> None:
    """Mark data as changed: results cached with these tags are dropped, and pages that show it are updated.

    In an action, this takes effect after the commit, though the action itself reads fresh data at once. In a
    route of the application, it takes effect at the end of the request, when its dependencies have committed.
    Elsewhere (a job, a signal, another thread) it takes effect immediately. Raise `RuntimeError` inside
    `load`, a render or a cached function.
    """
    refuse_while_reading("revalidate_tag")
    for tag in tags:
        if not isinstance(tag, str) or not tag:
            raise TypeError(f"a tag must be a str, not {tag!r}")
    effects = open_effects()
    if effects is not None:
        effects.tags |= frozenset(tags)
        return
    _publish_later(lambda: channels.publish(*(Message("tag", tag) for tag in tags)))


def revalidate_path(path: str, *, below: bool = False) -> None:
    """Run `load` again in every open page at a path, with fresh data.

    `path` may be a pattern: ``/posts/{id}``. `below` includes all paths below it. It takes effect like
    `revalidate_tag`. Raise `ValueError` for an invalid path.
    """
    refuse_while_reading("revalidate_path")
    check_path(path)
    effects = open_effects()
    if effects is not None:
        effects.paths += ((path, below),)
    else:
        _publish_later(lambda: channels.publish(Message("path", path, {"below": below})))


def refresh() -> None:
    """Run this page's `load` again at the end of the action. Raise `RuntimeError` outside of one."""
    refuse_while_reading("refresh")
    effects = open_effects()
    if effects is None:
        raise RuntimeError("refresh() can only be called inside an action; use revalidate_path() elsewhere")
    effects.refreshes = True


def publish_by(channel: BrokerChannel, topic: str, data: dict[str, Any]) -> None:
    """Publish data to a topic: call its ``@on`` methods in all open pages of an application.

    This includes the caller's own page. It takes effect when `revalidate_tag` does. Raise `TypeError` if the
    data can't be serialized as JSON, and `RuntimeError` while data is being read.
    """
    refuse_while_reading("publish")
    try:
        message = Message("topic", topic, to_jsonable_python(data))
    except PydanticSerializationError as error:
        raise TypeError(f"publish({topic!r}): data must be serializable as JSON. {error}") from None
    effects = open_effects()
    if effects is not None:
        effects.messages += ((channel, message),)
    else:
        _publish_later(lambda: channel.publish(message))


async def publish(effects: Effects, shown: bool) -> None:
    """Send the revalidations and messages of a run that has closed.

    `shown`: whether its own page shows the changes already.
    """
    origin = effects.op[0] if shown and effects.op is not None else ""
    paths = [Message("path", path, {"below": below}, origin) for path, below in effects.paths]
    tags = [Message("tag", tag, origin=origin) for tag in sorted(effects.tags)]
    if paths or tags:
        await channels.announce(*paths, *tags)
    for channel, message in effects.messages:
        await channel.announce(message)
