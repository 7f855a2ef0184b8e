"""The ways in to an action: S over the page's socket, H by fetch, N by a form post without JavaScript."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Literal, TypeVar
from zlib import crc32

import pytest

from liveactions.testing import Browser
from liveactions.testing.plugin import render_twice

F = TypeVar("F", bound=Callable[..., object])
Way = Literal["S", "H", "N"]


def ways(letters: str) -> Callable[[F], F]:
    """Runs a test once for each way; it takes `way` and opens its browser by `visiting`.

    ``make check`` runs it by one of them, which depends on its name, so that each way has some tests.
    """

    def for_each(test: F) -> F:
        chosen = letters[crc32(test.__name__.encode()) % len(letters)]
        each = [way if way == chosen else pytest.param(way, marks=pytest.mark.slow) for way in letters]
        marked: F = pytest.mark.parametrize("way", each)(test)
        return marked

    return for_each


def by(way: Way | Literal["D"]) -> Callable[[F], F]:
    """Says by which way a test goes in that knows only one; D: it calls the action in Python."""
    return lambda test: test


@asynccontextmanager
async def visiting(app: Any, way: Way) -> AsyncIterator[Browser]:
    """A person's browser at an application, who comes in by this way."""
    render_twice(app)
    async with Browser(app, js=way != "N", socket=way != "H", stream=False) as browser:
        yield browser
