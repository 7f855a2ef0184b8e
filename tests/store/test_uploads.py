"""Where files wait: what every storage does, and that any machine finds what another one has stored."""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import shutil
import sys
import threading
import time
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import obstore
import pytest
from botocore.auth import S3SigV4QueryAuth  # type: ignore[import-untyped]
from botocore.awsrequest import AWSRequest  # type: ignore[import-untyped]
from botocore.credentials import Credentials  # type: ignore[import-untyped]
from obstore.store import MemoryStore as InMemoryBucket
from obstore.store import S3Store
from starlette.datastructures import UploadFile

from liveactions.engines import open_storage
from liveactions.exceptions import SealError, StoreError
from liveactions.security.signing import Keys, Sealer
from liveactions.store import MemoryStore, SqliteStore
from liveactions.store.bucket import BucketStorage
from liveactions.store.fallback import FallbackStore
from liveactions.store.upload_storage import (
    FILE_TTL,
    MIN_COUNTED_BYTES,
    FolderStorage,
    StoreStorage,
    UploadStorage,
)
from liveactions.store.uploads import FileTooLarge, TooManyUploads, Uploads
from tests.store.engines import RedisEngine, parameters
from tests.store.storages import STORAGES, Machine, bucket_url, machines
from tests.support.logs import logged
from tests.support.patience import PATIENCE
from tests.support.servers import RedisServer

SEALER = Sealer(Keys(["k" * 32]))
OWNERS = "a" * 32, "b" * 32


@pytest.fixture(params=parameters(STORAGES))
async def machine(request: pytest.FixtureRequest) -> AsyncIterator[Machine]:
    async with machines(request.param, request) as make:
        yield make


def name_of(owner: str = OWNERS[0]) -> str:
    return f"{owner}/{secrets.token_hex(16)}"


async def write(storage: UploadStorage, content: bytes, owner: str = OWNERS[0]) -> str:
    name = name_of(owner)
    await storage.write(name, BytesIO(content), len(content))
    return name


async def read(storage: UploadStorage, name: str) -> bytes | None:
    file = await storage.open(name)
    if file is None:
        return None
    with file:
        return file.read()


@pytest.mark.parametrize("size", [0, 1, 70_000, 2**20])
async def test_any_machine_reads_what_another_has_written(machine: Machine, size: int) -> None:
    here, there = machine(), machine()
    content = bytes(range(256)) * (size // 256 + 1)
    name = await write(here, content[:size])
    assert await read(there, name) == content[:size]
    assert await read(here, name) == content[:size]
    assert await read(there, name_of()) is None


async def test_files_are_removed_on_every_machine(machine: Machine) -> None:
    here, there = machine(), machine()
    names = [await write(here, b"x"), await write(there, b"y"), await write(here, b"z")]
    await there.delete([names[0], names[1], name_of()])
    await there.delete([])
    for storage in (here, there):
        assert [await read(storage, name) for name in names] == [None, None, b"z"]
        assert [one.name for one in await storage.files()] == [names[2]]


async def test_files_are_listed_with_their_owner_size_and_time(machine: Machine) -> None:
    here, there = machine(), machine()
    assert await here.files() == [] == await here.files(OWNERS[0])
    size = 2 * MIN_COUNTED_BYTES
    names = [await write(here, bytes(size), owner) for owner in OWNERS]
    found = await there.files()
    assert {one.name for one in found} == set(names) and [one.size for one in found] == [size] * 2
    assert all(abs(one.written - time.time()) < 300 for one in found)
    for owner, name in zip(OWNERS, names, strict=True):
        assert [one.name for one in await there.files(owner)] == [name]


@pytest.mark.slow
async def test_files_of_several_machines_at_once(machine: Machine) -> None:
    storages = [machine() for _ in range(4)]
    names = await asyncio.gather(*(write(storage, b"x") for storage in storages * 5))
    assert {one.name for one in await storages[0].files()} == set(names)
    await asyncio.gather(*(storages[at % 4].delete([name]) for at, name in enumerate(names)))
    assert await storages[0].files() == []


@pytest.mark.slow
@pytest.mark.parametrize("machine", parameters(["folder", "s3"]), indirect=True)
async def test_a_large_file(machine: Machine) -> None:
    content = secrets.token_bytes(2**20) * 12
    name = await write(machine(), content)
    assert await read(machine(), name) == content


# What is foreign, and what fails


async def test_a_folder_holds_other_files_too(tmp_path: Path) -> None:
    storage = FolderStorage(tmp_path)
    name = await write(storage, b"x")
    for other in ("notes.txt", f"{'a' * 32}-notes", ".hidden"):
        (tmp_path / other).write_text("of somebody else")
    assert [one.name for one in await storage.files()] == [name]
    await Uploads(SEALER, storage).sweep(time.time() + 2 * FILE_TTL)
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.slow
async def test_a_bucket_holds_other_objects_too(request: pytest.FixtureRequest) -> None:
    url = bucket_url(request)
    storage = BucketStorage(url)
    name = await write(storage, b"x")
    bucket = S3Store.from_url(url.removesuffix("/where"), client_options={"allow_http": True})
    for other in ("where/notes.txt", f"where/{'a' * 32}/notes", f"else/{name}"):
        await obstore.put_async(bucket, other, b"of somebody else")
    assert [one.name for one in await storage.files()] == [name]
    await Uploads(SEALER, storage).sweep(time.time() + 2 * FILE_TTL)
    assert len([one for batch in obstore.list(bucket) for one in batch]) == 3


async def test_any_store_of_obstore_will_do() -> None:
    storage = BucketStorage(InMemoryBucket())
    name = await write(storage, b"x" * 3_000_000)
    assert await read(storage, name) == b"x" * 3_000_000
    assert [one.size for one in await storage.files(OWNERS[0])] == [3_000_000]
    await storage.delete([name, name_of()])
    assert await storage.files() == [] and await read(storage, name) is None


async def test_files_in_the_store_are_sealed() -> None:
    store = MemoryStore()
    storage = StoreStorage(store, SEALER)
    one, other = await write(storage, b"the content"), await write(storage, b"another")
    assert not any(b"content" in value for value, _ in store._values.values())
    await store.put(f"upload {one}", await store.get(f"upload {other}") or b"", 100)
    with pytest.raises(StoreError, match="can't be opened"):
        await storage.open(one)


async def test_the_list_of_files_in_the_store_forgets_those_that_are_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    storage = StoreStorage(MemoryStore(), SEALER)
    await write(storage, b"x")
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + FILE_TTL + 1)
    assert await storage.files() == []


async def test_a_folder_that_fails_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    storage = FolderStorage(tmp_path / "file" / "below")
    with pytest.raises(StoreError, match="folder of uploaded files"):
        await write(storage, b"x")
    with pytest.raises(StoreError):
        await storage.open(name_of())


async def test_the_event_loop_does_not_wait_for_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop, gate = asyncio.get_running_loop(), threading.Event()
    begun = asyncio.Event()
    copy = shutil.copyfileobj

    def slow(*files: Any) -> None:
        loop.call_soon_threadsafe(begun.set)
        assert gate.wait(PATIENCE)
        copy(*files)

    monkeypatch.setattr(shutil, "copyfileobj", slow)
    storage = FolderStorage(tmp_path)
    writing = asyncio.ensure_future(write(storage, b"x"))
    await asyncio.wait_for(begun.wait(), PATIENCE)
    gate.set()
    assert await read(storage, await writing) == b"x"


@pytest.mark.slow
async def test_object_storage_that_fails_is_a_store_error(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = bucket_url(request)
    storage = BucketStorage(f"{url}-none".replace("tests-", "missing-"))
    for call in (write(storage, b"x"), storage.files()):
        with pytest.raises(StoreError, match="object storage"):
            await call


async def test_object_storage_that_does_not_speak_s3_is_a_store_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A proxy, say: obstore panics at the answer to a deletion that names other files."""
    body = (
        b"<DeleteResult><Error><Key>another</Key><Code>E</Code><Message>no</Message></Error></DeleteResult>"
    )

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].split()[0]))
        writer.write(
            b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
        )
        writer.close()

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"):
        monkeypatch.setenv(name, "any")
    async with await asyncio.start_server(answer, "127.0.0.1") as server:
        host, port = server.sockets[0].getsockname()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        with pytest.raises(StoreError, match="object storage"):
            await BucketStorage("s3://bucket").delete([name_of()])


@pytest.mark.parametrize("fails", ["put", "save_many"])
async def test_a_file_that_the_store_could_not_take_is_not_listed(
    monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    store = MemoryStore()
    storage = StoreStorage(store, SEALER)

    async def fail(*row: Any) -> Any:
        monkeypatch.undo()
        raise StoreError("full")

    monkeypatch.setattr(store, fails, fail)
    with pytest.raises(StoreError, match="full"):
        await write(storage, b"x")
    assert await storage.files() == [] and len(store._values) == 1


# Uploads


def upload(content: bytes = b"x" * 10, name: str = "a.txt") -> UploadFile:
    return UploadFile(BytesIO(content), size=len(content), filename=name)


async def contents(uploads: Uploads, *handles: str) -> list[bytes]:
    fields = [part for handle in handles for part in ("name", {"file": handle})]
    async with uploads.opened(fields, "ada") as opened:
        return [await file.read() for _, file in opened.pairs]


async def test_an_op_on_another_machine_takes_files_once(machine: Machine) -> None:
    here, there = Uploads(SEALER, machine()), Uploads(SEALER, machine())
    handles = await here.store([upload(b"one"), upload(b"two")], "ada", "token")
    assert await contents(there, *handles) == [b"one", b"two"]
    assert await here.storage.files() == []
    for uploads in (here, there):
        with pytest.raises(SealError):
            await contents(uploads, handles[0])


@pytest.mark.slow
async def test_a_file_arrives_in_chunks_on_any_machine(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("liveactions.store.uploads.CHUNK_BYTES", 4)
    here, there = Uploads(SEALER, machine()), Uploads(SEALER, machine())
    sealed = here.begin_chunks("a.txt", 10, "text/plain", "ada", "token")
    handle = there.open_handle(sealed, "ada")
    assert await here.count_chunks(handle) == 0
    await here.store_chunk(handle, 0, b"0123")
    await there.store_chunk(handle, 2, b"89")
    assert await here.count_chunks(handle) == 1
    with pytest.raises(SealError):
        await contents(here, sealed)
    for _ in range(2):  # the answer to the first one was lost
        await there.store_chunk(handle, 1, b"4567")
    assert await here.count_chunks(handle) == 3 == len(await there.storage.files())
    assert await contents(here, sealed) == [b"0123456789"]
    assert await there.storage.files() == []


async def test_only_the_chunks_that_were_expected_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("liveactions.store.uploads.CHUNK_BYTES", 4)
    uploads = Uploads(SEALER, FolderStorage(), 9)
    sealed = uploads.begin_chunks("a.txt", 10, "text/plain", "ada")
    handle = uploads.open_handle(sealed, "ada")
    for index, content in ((0, b"012"), (0, b"01234"), (2, b"8901"), (3, b""), (3, b"x"), (-1, b"0123")):
        with pytest.raises(ValueError, match="chunk"):
            await uploads.store_chunk(handle, index, content)
    with pytest.raises(SealError):
        uploads.open_handle(sealed, "eve")
    await uploads.store_chunk(handle, 0, b"0123")
    await uploads.store_chunk(handle, 1, b"4567")
    with pytest.raises(TooManyUploads):
        await uploads.store_chunk(handle, 2, b"89")
    await uploads.delete(handle.names)
    assert await uploads.storage.files() == []


async def test_files_that_are_kept_for_another_try_stay() -> None:
    uploads = Uploads(SEALER, FolderStorage())
    [handle] = await uploads.store([upload(b"one")], "ada")
    async with uploads.opened(["file", {"file": handle}], "ada") as opened:
        opened.are_kept = True
    assert await contents(uploads, handle) == [b"one"]


async def test_files_wait_for_another_machine_when_theirs_is_gone(machine: Machine) -> None:
    there = Uploads(SEALER, machine())
    [handle] = await Uploads(SEALER, machine()).store([upload(b"one")], "ada", "token")
    await there.sweep(time.time())
    assert await contents(there, handle) == [b"one"]


@pytest.mark.parametrize("machine", parameters(["folder", "s3"]), indirect=True)
async def test_a_file_that_is_not_there_as_a_whole_is_not_taken(machine: Machine) -> None:
    """As when a shared folder has lost what it had acknowledged."""
    uploads = Uploads(SEALER, machine())
    [handle] = await uploads.store([upload(b"whole")], "ada")
    [file] = await uploads.storage.files()
    await uploads.storage.delete([file.name])
    await uploads.storage.write(file.name, BytesIO(b"who"), 3)
    with pytest.raises(StoreError, match="has 3 bytes instead of 5"):
        await contents(uploads, handle)


async def test_the_limit_counts_files_of_all_machines(machine: Machine) -> None:
    limit = 3 * MIN_COUNTED_BYTES
    here, there = Uploads(SEALER, machine(), limit), Uploads(SEALER, machine(), limit)
    half = bytes(limit // 2)
    [handle] = await here.store([upload(half)], "ada", "token")
    for uploads in (here, there):
        with pytest.raises(TooManyUploads):
            await uploads.store([upload(half), upload(b"x")], "ada", "other")
        assert len(await uploads.storage.files()) == 1
    await contents(there, handle)
    await here.store([upload(half), upload(b"x")], "ada", "other")


async def test_files_go_with_their_session_wherever_it_ends(machine: Machine) -> None:
    here, there = Uploads(SEALER, machine()), Uploads(SEALER, machine())
    leaving, _ = await here.store([upload(), upload()], "ada", "leaving")
    [staying] = await there.store([upload(b"stays")], "ada", "staying")
    there.forget("leaving")
    await there.close()
    with pytest.raises(SealError):
        await contents(here, leaving)
    assert await contents(here, staying) == [b"stays"]


async def test_files_that_nobody_takes_are_swept(machine: Machine) -> None:
    here, there = Uploads(SEALER, machine()), Uploads(SEALER, machine())
    await here.store([upload(), upload()], "ada")
    await there.sweep(time.time() + FILE_TTL - 60)
    assert len(await there.storage.files()) == 2
    await there.sweep(time.time() + FILE_TTL + 60)
    assert await here.storage.files() == []


@pytest.mark.parametrize("machine", parameters(["store in redis", "store in postgres"]), indirect=True)
async def test_the_store_takes_small_files_only(machine: Machine, caplog: pytest.LogCaptureFixture) -> None:
    uploads = Uploads(SEALER, machine())
    for _ in range(2):
        with pytest.raises(FileTooLarge):
            await uploads.store([upload(), upload(bytes(2**20 + 1))], "ada")
    assert await uploads.storage.files() == []
    [record] = caplog.records
    assert record.levelno == logging.ERROR
    assert "LIVEACTIONS_UPLOADS or Live(uploads=)" in record.message and "s3://" in record.message
    with pytest.raises(TooManyUploads):
        await uploads.store([upload(bytes(2**20))] * 257, "ada")


async def test_a_storage_that_fails_is_logged_once_and_removes_later(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    storage = FolderStorage(tmp_path / "files")
    uploads = Uploads(SEALER, storage)
    [handle] = await uploads.store([upload(b"one")], "ada", "token")
    (tmp_path / "files").rename(tmp_path / "away")
    (tmp_path / "files").write_text("no folder")
    for _ in range(2):
        uploads.forget("token")
        await uploads.close()
        await uploads.sweep(time.time())
    [record] = caplog.records
    assert "could not remove" in record.message
    (tmp_path / "files").unlink()
    (tmp_path / "away").rename(tmp_path / "files")
    assert await contents(uploads, handle) == [b"one"]
    assert await storage.files() == []


async def test_files_that_may_not_be_removed_are_logged_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(names: object) -> None:
        raise StoreError("not allowed")

    storage = FolderStorage(tmp_path)
    uploads = Uploads(SEALER, storage)
    await uploads.store([upload()], "ada", "token")
    await uploads.close()  # a sweep that succeeds later would count as the end of the failures
    monkeypatch.setattr(storage, "delete", refuse)
    for _ in range(2):
        uploads.forget("token")
        await uploads.close()
        await uploads.sweep(time.time() + 2 * FILE_TTL)
    [record] = logged(caplog, "liveactions.store.uploads")
    assert record.message == "could not remove uploaded files: not allowed"


# Settings


async def test_the_setting_says_where_files_wait(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqlite, memory = SqliteStore(tmp_path / "store.sqlite"), MemoryStore()

    def opened(uploads: object = None, store: object = memory) -> UploadStorage:
        return open_storage(uploads, FallbackStore(store), SEALER)  # type: ignore[arg-type]

    def folder(storage: UploadStorage) -> Path:
        assert isinstance(storage, FolderStorage)
        return storage.folder

    assert folder(opened()).name.startswith("liveactions-")
    assert folder(opened(store=sqlite)) == tmp_path / "store.files"
    monkeypatch.setenv("LIVEACTIONS_UPLOADS", str(tmp_path / "by variable"))
    assert folder(opened(store=sqlite)) == tmp_path / "by variable"
    assert folder(opened(tmp_path / "path", sqlite)) == tmp_path / "path"
    assert folder(opened(f"file://{tmp_path}/a%20b")) == tmp_path / "a b"
    assert isinstance(opened("s3://bucket/prefix"), BucketStorage)
    given = FolderStorage(tmp_path)
    assert opened(given) is given
    for unknown in ("ftp://host/folder", "redis://host", "://"):
        with pytest.raises(ValueError, match="expected a folder, file:///folder or s3://bucket/prefix"):
            opened(unknown)


async def test_without_a_setting_a_store_on_the_network_has_the_files(redis_server: RedisServer) -> None:
    engine = RedisEngine(redis_server.url)
    assert isinstance(open_storage(None, FallbackStore(engine.store()), SEALER), StoreStorage)
    await engine.close()


def test_object_storage_needs_a_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "liveactions.store.bucket")
    monkeypatch.setitem(sys.modules, "obstore", None)
    with pytest.raises(ImportError, match=r"pip install 'liveactions\[s3\]'"):
        open_storage("s3://bucket", FallbackStore(MemoryStore()), SEALER)


# Straight to object storage


def signed_by_botocore(url: str, size: int, type: str) -> str:
    """Return the signature that AWS's own library computes for the request that an address is for."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    request = AWSRequest("PUT", f"{parts.scheme}://{parts.netloc}{parts.path}")
    request.headers["Content-Length"], request.headers["Content-Type"] = str(size), type
    request.context["timestamp"] = query["X-Amz-Date"]
    signer = S3SigV4QueryAuth(Credentials("tests", "tests"), "s3", "us-east-1", int(query["X-Amz-Expires"]))
    signer._modify_request_before_signing(request)
    given = signer.canonical_request(request)
    assert "content-length;content-type;host" in given
    return str(signer.signature(signer.string_to_sign(request, given), request))


@pytest.mark.slow
async def test_a_signature_is_for_one_name_size_and_type(request: pytest.FixtureRequest) -> None:
    storage = BucketStorage(bucket_url(request))
    url = await storage.signed_put(name_of(), 11, "text/plain")
    signature = dict(parse_qsl(urlsplit(url).query))["X-Amz-Signature"]
    assert signature == signed_by_botocore(url, 11, "text/plain")
    for size, type in ((12, "text/plain"), (11, "text/html")):
        assert signature != signed_by_botocore(url, size, type)


@pytest.mark.slow
async def test_a_file_in_object_storage_gets_a_key_that_its_signature_is_not_for(
    request: pytest.FixtureRequest,
) -> None:
    url = bucket_url(request)
    uploads = Uploads(SEALER, BucketStorage(url))
    handle, address = await uploads.begin_direct("a.PNG", 5, "image/png", "ada", "token")
    async with httpx.AsyncClient() as http:
        for content, type in ((b"larger", "image/png"), (b"12345", "text/html")):  # moto checks no signature
            (await http.put(address, content=content, headers={"content-type": type})).raise_for_status()
            with pytest.raises(SealError, match="the announced size and type"):
                await contents(uploads, handle)
        (await http.put(address, content=b"12345", headers={"content-type": "image/png"})).raise_for_status()
        async with uploads.opened(["file", {"file": handle}], "ada") as opened:
            [(_, pending)] = opened.pairs
            with pytest.raises(TypeError, match="bytes of a DirectUpload"):
                await pending.read()
            with pytest.raises(ValueError, match="the action fails"):
                async with uploads.moved_to_key(pending) as failed:
                    raise ValueError("the action fails")
            async with uploads.moved_to_key(pending) as placed:
                assert (placed.filename, placed.size, placed.content_type) == ("a.PNG", 5, "image/png")
        assert await uploads.storage.files() == []
        assert re.fullmatch(r"some/where/files/[0-9a-f]{32}\.png", placed.key)
        (await http.put(address, content=b"other", headers={"content-type": "image/png"})).raise_for_status()
        found = await http.get(placed.url)
        assert found.content == b"12345" and found.headers["content-type"] == "image/png"
        assert (await http.get(failed.url)).status_code == 404
    await uploads.sweep(time.time() + 2 * FILE_TTL)
    bucket = S3Store.from_url(url, client_options={"allow_http": True})
    assert [one["path"] for batch in obstore.list(bucket) for one in batch] == [
        placed.key.removeprefix("some/where/")
    ]


@pytest.mark.slow
async def test_direct_uploads_need_the_secret_key(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = bucket_url(request)
    bucket = S3Store.from_url(url, client_options={"allow_http": True})
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "another")
    with pytest.raises(StoreError, match="need the secret key"):
        await BucketStorage(bucket).signed_put(name_of(), 1, "text/plain")


@pytest.mark.slow
async def test_the_secret_key_may_come_from_a_provider(request: pytest.FixtureRequest) -> None:
    url = urlsplit(bucket_url(request))
    keys: Any = {"access_key_id": "tests", "secret_access_key": "tests", "expires_at": None}
    bucket = S3Store(url.netloc, client_options={"allow_http": True}, credential_provider=lambda: keys)
    address = await BucketStorage(bucket).signed_put(name_of(), 1, "text/plain")
    assert f"X-Amz-Signature={signed_by_botocore(address, 1, 'text/plain')}" in address


async def test_any_store_of_obstore_keeps_what_an_action_gets() -> None:
    bucket = InMemoryBucket()
    uploads = Uploads(SEALER, BucketStorage(bucket))
    assert (await uploads.begin_direct("a.txt", 1, "text/plain", "ada"))[1] == ""
    async with uploads.moved_to_key(upload(b"content", "a.txt")) as placed:
        assert placed.url == "" and placed.size == 7
    assert bytes(obstore.get(bucket, placed.key).bytes()) == b"content"


async def test_a_folder_takes_no_direct_uploads() -> None:
    uploads = Uploads(SEALER, FolderStorage())
    with pytest.raises(StoreError, match="need object storage"):
        async with uploads.moved_to_key(upload()):
            pass
