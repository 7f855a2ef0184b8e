"""Conduit with its first data, in a database of its own for each test."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from examples import conduit
from examples.conduit import people, seed
from examples.conduit.database import connect, sessions
from liveactions import Live
from liveactions.testing import plugin

browser = plugin.browser


@asynccontextmanager
async def stored_in(path: Path) -> AsyncIterator[None]:
    """Let Conduit use the database in this file."""
    before, engine = sessions.kw["bind"], connect(f"sqlite+aiosqlite:///{path}")
    sessions.configure(bind=engine)
    yield
    sessions.configure(bind=before)
    await engine.dispose()


@pytest.fixture(scope="session", autouse=True)
def cheap_hashes() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(people, "hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield


@pytest.fixture(scope="session")
def first_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a database with Conduit's first data: filling it takes longer than most tests."""

    async def fill(path: Path) -> None:
        async with stored_in(path):
            await seed.begin()

    path = tmp_path_factory.mktemp("conduit") / "first.db"
    asyncio.run(fill(path))
    return path


@pytest.fixture
async def live(first_data: Path, tmp_path: Path) -> AsyncIterator[Live]:
    async with stored_in(Path(shutil.copy(first_data, tmp_path / "conduit.db"))):
        yield conduit.app
