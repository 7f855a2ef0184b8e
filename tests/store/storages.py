"""Where uploaded files wait: what tests of them run against."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest

from liveactions.security.signing import Keys, Sealer
from liveactions.store.bucket import BucketStorage
from liveactions.store.upload_storage import FolderStorage, StoreStorage, UploadStorage
from tests.store.engines import ENGINES, engine_of

STORAGES: Final = ("folder", "s3", *(f"store in {engine}" for engine in ENGINES))
Machine = Callable[[], UploadStorage]
"""Makes the storage of another machine."""


@asynccontextmanager
async def machines(name: str, request: pytest.FixtureRequest) -> AsyncIterator[Machine]:
    """An empty place, and the storages of several machines that share it."""
    folder: Path = request.getfixturevalue("tmp_path")
    if name == "folder":
        yield lambda: FolderStorage(folder / "shared")
    elif name == "s3":
        url = bucket_url(request)
        yield lambda: BucketStorage(url)
    else:
        sealer = Sealer(Keys(["k" * 32]))
        async with engine_of(name.rpartition(" ")[2], request) as engine:
            yield lambda: StoreStorage(engine.store(), sealer)


def bucket_url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty bucket, and the variables by which it is found."""
    server, monkeypatch = request.getfixturevalue("s3_server"), request.getfixturevalue("monkeypatch")
    for variable, value in server.environment.items():
        monkeypatch.setenv(variable, value)
    bucket = f"tests-{secrets.token_hex(8)}"
    server.make_bucket(bucket)
    return f"s3://{bucket}/some/where"
