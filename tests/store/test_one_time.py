"""Data for one use: sealed, filed under a digest, taken once, gone after a while."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, MutableMapping
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import FileResponse, PlainTextResponse, Response, StreamingResponse

from liveactions.exceptions import SealError
from liveactions.security.signing import Keys, Sealer
from liveactions.store.memory import MemoryStore
from liveactions.store.one_time import Deliveries, OneTimeStore
from liveactions.store.upload_storage import FolderStorage
from liveactions.store.uploads import Uploads

SEALER = Sealer(Keys(["a secret of more than sixteen bytes"]))


async def test_data_is_taken_once() -> None:
    kept = OneTimeStore("ticket", 60, SEALER, MemoryStore())
    one, two = await kept.put(["a", 1]), await kept.put(None)
    assert one != two
    assert [await kept.take(one), await kept.take(one), await kept.take("other")] == [["a", 1], None, None]


async def test_data_can_be_read_until_it_is_taken() -> None:
    kept = OneTimeStore("post", 60, SEALER, MemoryStore())
    assert (await kept.claim("key"), await kept.claim("key"), await kept.read("key")) == (True, False, None)
    assert await kept.put({"a": 1}, "key") == "key"
    assert [await kept.read("key"), await kept.read("key")] == [{"a": 1}, {"a": 1}]


async def test_kinds_are_apart_and_sealed_for_themselves() -> None:
    store = MemoryStore()
    ticket, post = OneTimeStore("ticket", 60, SEALER, store), OneTimeStore("post", 60, SEALER, store)
    await ticket.put("secret", "key")
    assert await post.take("key") is None
    kept = await store.get(ticket._row("key"))
    assert kept and b"secret" not in kept and "key" not in ticket._row("key")
    await store.put(post._row("key"), kept, 60)
    with pytest.raises(SealError):
        await post.take("key")


async def test_a_response_is_taken_once_while_it_is_being_sent(tmp_path: Path) -> None:
    store, uploads = MemoryStore(), Uploads(SEALER, FolderStorage(tmp_path))
    here, there = Deliveries(SEALER, store, uploads), Deliveries(SEALER, store, uploads)
    key = await here.keep(PlainTextResponse("a,b", 201), {})
    taken = await there.take(key)
    assert taken is not None and (taken.status, taken.body.read(), taken.size) == (201, b"a,b", 3)
    assert [await here.take(key), await there.take(key), await here.take("other")] == [None] * 3
    await there.close(taken)
    assert taken.body.closed and await uploads.storage.files() == []


@pytest.mark.parametrize("spec", ["2.0", "2.3", "2.4"])
async def test_a_response_is_kept_whole_whatever_the_server_is_like(tmp_path: Path, spec: str) -> None:
    async def numbers() -> AsyncIterator[str]:
        for number in range(3):
            await asyncio.sleep(0)
            yield str(number)

    (tmp_path / "a.csv").write_text("x" * 200_000)
    deliveries = Deliveries(SEALER, MemoryStore(), Uploads(SEALER, FolderStorage(tmp_path / "kept")))
    scope: dict[str, Any] = {"asgi": {"version": "3.0", "spec_version": spec}}
    for response, content in (
        (FileResponse(tmp_path / "a.csv"), b"x" * 200_000),
        (StreamingResponse(numbers()), b"012"),
    ):
        taken = await deliveries.take(await deliveries.keep(response, scope))
        assert taken is not None and taken.body.read() == content
        await deliveries.close(taken)


async def test_a_server_that_sends_files_by_their_path_gets_their_content(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b")
    deliveries = Deliveries(SEALER, MemoryStore(), Uploads(SEALER, FolderStorage(tmp_path / "kept")))
    scope: dict[str, Any] = {"extensions": {"http.response.pathsend": {}}}
    taken = await deliveries.take(await deliveries.keep(FileResponse(tmp_path / "a.csv"), scope))
    assert taken is not None and taken.body.read() == b"a,b"
    await deliveries.close(taken)


async def test_nothing_stays_of_a_response_that_fails(tmp_path: Path) -> None:
    class Failing(Response):
        async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"a", "more_body": True})
            raise RuntimeError("no more")

    uploads = Uploads(SEALER, FolderStorage(tmp_path))
    with pytest.raises(RuntimeError):
        await Deliveries(SEALER, MemoryStore(), uploads).keep(Failing(), {})
    assert await uploads.storage.files() == []
