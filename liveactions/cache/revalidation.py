"""Saying that something has changed: when the scope has closed, its readers read again."""

from __future__ import annotations

from typing import Any

from pydantic_core import PydanticSerializationError, to_jsonable_python

from ..broker.bus import bus
from ..broker.line import Line
from ..broker.message import Message
from ..effects import Effects, open_effects
from .paths import check
from .reading import refuse_while_reading


def revalidate_tag(*tags: str) -> None:
    """What was cached with one of these tags is out of date, and so is every page that shows it.

    In an action it takes effect when its dependencies have closed, committed; what this very action still
    reads is fresh already. Elsewhere (a job, a signal, another thread) it takes effect at once.
    `RuntimeError` while something is being read.
    """
    refuse_while_reading("revalidate_tag")
    for tag in tags:
        if not isinstance(tag, str) or not tag:
            raise TypeError(f"a tag is a text, not {tag!r}")
    effects = open_effects()
    if effects is not None:
        effects.tags |= frozenset(tags)
        return
    bus.publish(*(Message("tag", tag) for tag in tags))


def revalidate_path(path: str, *, below: bool = False) -> None:
    """Every open page at a path runs its `load` again, and what was cached for it is out of date.

    `path` may be a pattern: ``/posts/{id}``. With `below`, all paths below it are meant too. When it takes
    effect: as `revalidate_tag`. `ValueError` for what is no path.
    """
    refuse_while_reading("revalidate_path")
    check(path)
    effects = open_effects()
    if effects is not None:
        effects.paths += ((path, below),)
    else:
        bus.publish(Message("path", path, {"below": below}))


def refresh() -> None:
    """This page's `load` runs again at the end of the action. `RuntimeError` outside of one."""
    refuse_while_reading("refresh")
    effects = open_effects()
    if effects is None:
        raise RuntimeError("refresh() means the page of the running action; elsewhere: revalidate_path()")
    effects.refreshes = True


def publish_by(line: Line, topic: str, data: dict[str, Any]) -> None:
    """Calls what listens to a topic with ``@on`` in all open pages of an application, this one's too.

    In an action it takes effect when its dependencies have closed, committed; elsewhere at once. `TypeError`
    for data that can't be told as JSON, `RuntimeError` while something is being read.
    """
    refuse_while_reading("publish")
    try:
        message = Message("topic", topic, to_jsonable_python(data))
    except PydanticSerializationError as error:
        raise TypeError(f"publish({topic!r}): data goes to all workers as JSON. {error}") from None
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
        bus.publish(*paths, *tags)
    for line, message in effects.messages:
        line.publish(message)
