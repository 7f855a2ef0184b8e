"""The SQLite store's file: shared by processes, killed, damaged, removed."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import re
import shutil
import signal
import sqlite3
import stat
import sys
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from liveactions.exceptions import StoreError
from liveactions.store import SqliteStore, default_path
from liveactions.store import sqlite as module
from liveactions.store.sqlite_file import _locked
from tests.support.patience import PATIENCE

processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload(["__main__", __name__])  # imported once, not by each process


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite"


async def test_another_store_of_the_path_sees_it(path: Path) -> None:
    first, second = SqliteStore(path), SqliteStore(path)
    await first.put("k", b"v", 10)
    assert await second.get("k") == b"v"
    epoch = await first.claim("k")
    await second.claim("k")
    assert not await first.save("k", epoch, b"late", 10)


async def test_it_outlives_its_process(path: Path) -> None:
    child = processes.Process(target=_put_and_die, args=(path,))
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL
    store = SqliteStore(path)
    assert await store.get("k") == b"v"
    assert not await store.once("k", 10)


def _put_and_die(path: Path) -> None:
    store = SqliteStore(path)
    asyncio.run(store.put("k", b"v", 100))
    asyncio.run(store.once("k", 100))
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.slow
async def test_killed_while_writing(path: Path) -> None:
    """What a process reported as written is there, batches are whole, and the others go on."""
    store = SqliteStore(path)
    for round_ in range(5):
        ours, theirs = processes.Pipe(duplex=False)
        child = processes.Process(target=_write_batches, args=(path, theirs))
        child.start()
        theirs.close()
        reported = 0
        while reported < 10 * (round_ + 1):
            reported = ours.recv()
        await store.put("mine", str(round_).encode(), 100)
        child.kill()
        child.join()
        batch = {await store.get(f"key {n}") for n in range(50)}
        assert len(batch) == 1
        written = batch.pop()
        assert written is not None and int(written[:8]) >= reported
        assert await store.get("mine") == str(round_).encode()
        assert _intact(path)


def _write_batches(path: Path, report: Connection) -> None:
    store = SqliteStore(path)
    count = 0
    while True:
        count += 1
        value = b"%08d" % count * 100
        asyncio.run(store.put_many([(f"key {n}", value, 100) for n in range(50)]))
        report.send(count)


def _intact(path: Path) -> bool:
    connection = sqlite3.connect(path)
    found: bool = connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()
    return found


@pytest.mark.slow
async def test_several_processes_at_once(path: Path) -> None:
    """Each once-key is given to one process; each claim gets an epoch of its own."""
    with processes.Pool(3) as pool:
        results = pool.map(_compete, [path] * 3)
    winners = [key for keys, _ in results for key in keys]
    assert sorted(winners) == sorted(f"key {n}" for n in range(200))
    epochs = [epoch for _, epochs in results for epoch in epochs]
    assert len(set(epochs)) == len(epochs) == 600


def _compete(path: Path) -> tuple[list[str], list[int]]:
    return asyncio.run(_win_and_claim(path))


async def _win_and_claim(path: Path) -> tuple[list[str], list[int]]:
    store = SqliteStore(path)
    keys = [f"key {n}" for n in range(200)]
    won = [key for key in keys if await store.once(key, 100)]
    return won, [await store.claim("one") for _ in keys]


async def test_opened_first_by_several_processes_at_once(path: Path) -> None:
    with processes.Pool(3) as pool:
        pool.map(_put_own, [(path, n) for n in range(12)])
    store = SqliteStore(path)
    assert [await store.get(str(n)) for n in range(12)] == [b"v"] * 12


def _put_own(task: tuple[Path, int]) -> None:
    asyncio.run(SqliteStore(task[0]).put(str(task[1]), b"v", 100))


async def test_threads(path: Path) -> None:
    store = SqliteStore(path)

    async def write(thread: int) -> None:
        for n in range(50):
            await store.put_many([(f"{thread} {n} a", b"v", 10), (f"{thread} {n} b", b"v", 10)])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda thread: asyncio.run(write(thread)), range(4)))
    for thread in range(4):
        assert [await store.get(f"{thread} {n} b") for n in range(50)] == [b"v"] * 50


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_after_a_fork_both_sides_go_on(path: Path) -> None:
    store = SqliteStore(path)
    asyncio.run(store.put("k", b"parent's", 100))
    child = os.fork()
    if not child:
        asyncio.run(store.put("child", asyncio.run(store.get("k")) or b"", 100))
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert asyncio.run(store.get("child")) == b"parent's"
    asyncio.run(store.put("k", b"still here", 100))
    assert asyncio.run(SqliteStore(path).get("k")) == b"still here"


@pytest.mark.skipif(sys.platform == "win32", reason="no modes there")
async def test_nobody_else_can_read_it(path: Path) -> None:
    mask = os.umask(0)
    try:
        await SqliteStore(path).put("k", b"v", 10)
    finally:
        os.umask(mask)
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert set(modes.values()) == {0o600} and len(modes) >= 3


def _warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.parametrize(
    "content", [b"not a database " * 100, b"\0" * 8192, b"SQLite format 3\0" + b"\xff" * 5000]
)
async def test_a_file_that_is_no_store_begins_anew(
    path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path.write_bytes(content)
    first, second = SqliteStore(path), SqliteStore(path)
    await first.put("k", b"v", 10)
    assert await second.get("k") == b"v"
    assert len(_warnings(caplog)) == 1 and "creating an empty one" in _warnings(caplog)[0]
    assert path.with_name("store.sqlite.damaged").read_bytes() == content


async def test_damaged_while_open(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    first, second = SqliteStore(path), SqliteStore(path)
    await first.put_many([(str(n), b"x" * 1000, 100) for n in range(200)])
    assert await second.get("0")
    for store in (first, second):
        await store.close()
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (path.stat().st_size - 4096))
    assert await second.get("150") is None
    await first.put("k", b"v", 100)
    assert await second.get("k") == b"v"
    assert len(_warnings(caplog)) == 1


async def test_emptied_while_open(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = SqliteStore(path)
    await store.put("k", b"v", 10)
    with store._quick._connection() as connection:
        connection.executescript("DROP TABLE value; DROP TABLE once; DROP TABLE claim;")
    assert await store.get("k") is None
    await store.put("k", b"w", 10)
    assert await store.get("k") == b"w"
    assert len(_warnings(caplog)) == 1


async def test_removed_while_open(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """As cleaners of temporary directories do: all processes meet again in a new file."""
    first, second = SqliteStore(path), SqliteStore(path)
    epoch = await first.claim("k")
    await first.save("k", epoch, b"v", 10)
    assert await second.get("k") == b"v"
    shutil.rmtree(path.parent)
    path.parent.mkdir()
    await second.put("other", b"w", 10)
    assert (await second.get("k"), await first.get("other")) == (None, b"w")
    assert await first.save("k", epoch, b"again", 10)
    assert await second.get("k") == b"again"
    assert await second.claim("k") > epoch
    assert _intact(path) and not _warnings(caplog)


async def test_another_version_begins_anew(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    await SqliteStore(path).put("k", b"v", 10)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 999")
    connection.close()
    store = SqliteStore(path)
    assert await store.get("k") is None
    assert "version 999" in _warnings(caplog)[0] and len(_warnings(caplog)) == 1


async def test_a_database_of_something_else_is_left_alone(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE precious (data)")
    connection.close()
    with pytest.raises(StoreError, match="another application's database"):
        await SqliteStore(path).put("k", b"v", 10)
    assert sqlite3.connect(path).execute("SELECT * FROM precious").fetchall() == []


async def test_no_directory(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="missing"):
        await SqliteStore(tmp_path / "missing" / "store").get("k")


@pytest.fixture
async def holder(path: Path) -> AsyncIterator[sqlite3.Connection]:
    """Another process that holds the file, as far as SQLite knows."""
    await SqliteStore(path).put("k", b"v", 100)
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("BEGIN IMMEDIATE")
    yield connection
    connection.close()


async def test_calls_wait_for_another_process_in_their_order_beside_the_loop(
    path: Path, holder: sqlite3.Connection
) -> None:
    store = SqliteStore(path)
    calls = [asyncio.ensure_future(store.put("k", str(n).encode(), 10)) for n in range(3)]
    while not store._waiting:
        await asyncio.sleep(0)  # the loop runs meanwhile
    holder.execute("ROLLBACK")
    await asyncio.wait_for(asyncio.gather(*calls), PATIENCE)
    assert await store.get("k") == b"2"
    assert not store._waiting
    await store.close()


async def test_a_file_that_is_held_for_too_long_is_an_error(
    path: Path, holder: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BUSY_SECONDS", 0.0)
    store = SqliteStore(path)
    with pytest.raises(StoreError, match="locked"):
        await store.put("k", b"w", 10)
    with pytest.raises(StoreError, match="locked"):
        await store.put_many([("a", b"", 10), ("b", b"", 10)])
    assert await store.get("k") == b"v"
    holder.execute("ROLLBACK")
    await store.put("k", b"w", 10)
    assert await store.get("k") == b"w"
    await store.close()


async def test_who_opens_the_file_does_not_wait_in_the_loop(path: Path) -> None:
    with _locked(path, 0.0):
        opening = asyncio.ensure_future(SqliteStore(path).put("k", b"v", 10))
        await asyncio.sleep(0)
        assert not opening.done()
    await asyncio.wait_for(opening, PATIENCE)


async def test_a_directory_that_is_removed_is_made_again(tmp_path: Path) -> None:
    folder = tmp_path / "own" / "folder"
    folder.mkdir(parents=True)
    store = SqliteStore(folder / "store")
    await store.put("k", b"v", 10)
    shutil.rmtree(tmp_path / "own")
    await store.put("k", b"w", 10)
    assert await store.get("k") == b"w"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


async def test_default_path(tmp_path: Path) -> None:
    environment = {"XDG_RUNTIME_DIR": str(tmp_path)}
    path = default_path("shop:live", environment)
    assert path == default_path("shop:live", environment)
    assert path.parent.parent == tmp_path
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    others = {
        default_path(name, environment) for name in ("shop.live", "shop/live", "../shop", "", "é" * 300)
    }
    assert len(others) == 5 and path not in others
    assert {other.parent for other in others} == {path.parent}
    await SqliteStore(default_path("é" * 300, environment)).put("k", b"v", 10)


def test_default_path_without_a_runtime_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert default_path("shop", {"XDG_RUNTIME_DIR": "/nonexistent"}).parent.parent == tmp_path
    assert default_path("shop", {}).parent.parent == tmp_path


def test_default_path_without_a_directory_for_temporary_files(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> str:
        raise FileNotFoundError("No usable temporary directory found")

    monkeypatch.setattr("tempfile.gettempdir", fail)
    with pytest.raises(StoreError, match=r"No usable temporary .*SqliteStore\(path\).*LIVEACTIONS_STORE"):
        default_path("shop", {})


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="no users there")
def test_the_runtime_directory_of_someone_else_is_not_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    theirs, temporary = tmp_path / "theirs", tmp_path / "tmp"
    theirs.mkdir()
    temporary.mkdir()
    own = os.stat
    other = os.stat_result((0o40700, 1, 1, 1, os.getuid() + 1, 0, 0, 0, 0, 0))
    monkeypatch.setattr("os.stat", lambda path, **how: other if path == str(theirs) else own(path, **how))
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    assert default_path("shop", {"XDG_RUNTIME_DIR": str(theirs)}).parent.parent == temporary


@pytest.mark.skipif(sys.platform == "win32", reason="no modes there")
def test_a_directory_that_others_may_enter_is_refused(tmp_path: Path) -> None:
    environment = {"XDG_RUNTIME_DIR": str(tmp_path)}
    directory = default_path("shop", environment).parent
    directory.chmod(0o755)
    with pytest.raises(StoreError, match="not be accessible to others"):
        default_path("shop", environment)
    directory.rmdir()
    directory.symlink_to(tmp_path)
    with pytest.raises(StoreError, match="not a directory"):
        default_path("shop", environment)


def test_placeholders_have_names_or_none() -> None:
    """Python 3.12.0 to 3.12.3 warn of numbers (`?1`) whatever is given for them."""
    statements = [value for value in vars(module).values() if isinstance(value, str)]
    assert [one for one in statements if re.search(r"\?\d", one)] == []
