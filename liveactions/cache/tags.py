"""Tags: which ones a `load`, render, cached function or dependency has read, and revalidating them.

Revalidation takes effect when the run that asked for it has committed; whatever has read the tag is then read
again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
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
    is_over = False
    """Whether it was left: what still runs in its context is a task of its own."""

    def __init__(self, what: What, flight: object = None) -> None:
        self.what = what
        self.flight = flight
        """The cached value that is being made."""

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
        """What is being made around this."""
        before = self._token.old_value
        return None if before is Token.MISSING else before

    def is_making(self, flight: object) -> bool:
        """Whether a cached value is being made here, or around this."""
        return self.flight is flight or (self.outer is not None and self.outer.is_making(flight))


_reading: Final[ContextVar[Reading | None]] = ContextVar("liveactions_reading", default=None)


def reading() -> Reading | None:
    """What is being made here; None where nothing is."""
    found = _reading.get()
    return None if found is None or found.is_over else found


def note(tags: Iterable[str]) -> None:
    """Whatever is being made here has read these tags."""
    found = reading()
    if found is not None:
        found.tags |= frozenset(tags)


def cache_tag(*tags: str) -> None:
    """Add tags to the data that a page's `load` or a cached function is reading.

    Raise `RuntimeError` elsewhere, for example in an action.
    """
    if reading() is None:
        raise RuntimeError("cache_tag() can only be called inside load() or a @cached function")
    note(tags)


def refuse_while_reading(name: str) -> None:
    """`RuntimeError` for what mustn't be called while something is read."""
    found = reading()
    while found is not None and found.what == "dependency":  # of an action too
        found = found.outer
    if found is None:
        return
    where: dict[Any, str] = {
        "load": "in load(), which runs because of it",
        "render": "while a page is being rendered",
        "cached": "in a function with @cached, which doesn't run each time",
    }
    raise RuntimeError(f"{name}() was called {where[found.what]}; call it in an action, after the change")


def matches(message: Message, path: str) -> bool:
    """Whether a message that revalidates paths means this one."""
    return _compiled(message.name, bool(message.data.get("below"))).match(path) is not None


def check(path: str) -> None:
    """`ValueError` for what is neither a path nor a pattern in Starlette's syntax."""
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


def revalidate_tag(*tags: str) -> None:
    """Mark data as changed: results cached with these tags are dropped, and pages that show it are updated.

    In an action, this takes effect after the commit, though the action itself reads fresh data at once.
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
    channels.publish(*(Message("tag", tag) for tag in tags))


def revalidate_path(path: str, *, below: bool = False) -> None:
    """Run `load` again in every open page at a path, with fresh data.

    `path` may be a pattern: ``/posts/{id}``. `below` includes all paths below it. It takes effect like
    `revalidate_tag`. Raise `ValueError` for an invalid path.
    """
    refuse_while_reading("revalidate_path")
    check(path)
    effects = open_effects()
    if effects is not None:
        effects.paths += ((path, below),)
    else:
        channels.publish(Message("path", path, {"below": below}))


def refresh() -> None:
    """Run this page's `load` again at the end of the action. Raise `RuntimeError` outside of one."""
    refuse_while_reading("refresh")
    effects = open_effects()
    if effects is None:
        raise RuntimeError("refresh() can only be called inside an action; use revalidate_path() elsewhere")
    effects.refreshes = True


def publish_by(line: BrokerChannel, topic: str, data: dict[str, Any]) -> None:
    """Calls what listens to a topic with ``@on`` in all open pages of an application, this one's too.

    In an action it takes effect when its dependencies have closed, committed; elsewhere at once. `TypeError`
    for data that can't be told as JSON, `RuntimeError` while something is being read.
    """
    refuse_while_reading("publish")
    try:
        message = Message("topic", topic, to_jsonable_python(data))
    except PydanticSerializationError as error:
        raise TypeError(f"publish({topic!r}): data must be serialisable as JSON. {error}") from None
    effects = open_effects()
    if effects is not None:
        effects.messages += ((line, message),)
    else:
        line.publish(message)


def publish(effects: Effects, shown: bool) -> None:
    """Tell everybody what a scope that has closed revalidates. `shown`: its own page shows it already."""
    origin = effects.op[0] if shown and effects.op is not None else ""
    paths = [Message("path", path, {"below": below}, origin) for path, below in effects.paths]
    tags = [Message("tag", tag, origin=origin) for tag in sorted(effects.tags)]
    if paths or tags:
        channels.publish(*paths, *tags)
    for line, message in effects.messages:
        line.publish(message)
