"""Ops that no browser asked for, and the details of events that one did."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from ..actions.params import Event
from ..ops.outcome import Outcome
from ..ops.scope import Scope


class Push:
    """Something to run on the page that no browser asked for: an op without a number.

    With `scope` and `n` it is the end of op `n`, which went on beside the others. `ended` hears the outcome.
    What several change that merge is shown at once.
    """

    __slots__ = ("run", "scope", "n", "ended", "merges")

    def __init__(
        self,
        run: Callable[[Scope], Awaitable[Outcome | None]],
        scope: Scope | None = None,
        n: int = 0,
        ended: asyncio.Future[Outcome] | None = None,
        merges: bool = False,
    ) -> None:
        self.run = run
        self.scope = scope
        self.n = n
        self.ended = ended
        self.merges = merges


def event_of(details: dict[str, Any] | None) -> Event | None:
    """The details of an event that an op brings, as far as they are what they should be."""
    if details is None:
        return None
    texts = {name: details[name] for name in ("type", "key") if isinstance(details.get(name), str)}
    places = {name: float(details[name]) for name in ("x", "y") if isinstance(details.get(name), int | float)}
    more: dict[str, Any] = {**texts, **places}
    return Event(**more, detail=details.get("detail"))
