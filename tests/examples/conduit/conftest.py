"""Conduit with its first data, in a database of its own for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from examples import conduit
from examples.conduit.database import connect, sessions
from liveactions import Live
from liveactions.testing import plugin

browser = plugin.browser


@pytest.fixture
async def live(tmp_path: Path) -> AsyncIterator[Live]:
    before, engine = sessions.kw["bind"], connect(f"sqlite+aiosqlite:///{tmp_path}/conduit.db")
    sessions.configure(bind=engine)
    yield conduit.app
    sessions.configure(bind=before)
    await engine.dispose()
