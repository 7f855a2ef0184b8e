"""The SQLite store's file: shared by processes, killed, damaged, removed."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import sqlite3
import stat
import sys
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from liveactions.exceptions import StoreError
from liveactions.store import SqliteStore, default_path
from liveactions.store import sqlite as module

processes = multiprocessing.get_context("spawn")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite"


def test_another_store_of_the_path_sees_it(path: Path) -> None:
    first, second = SqliteStore(path), SqliteStore(path)
    first.put("k", b"v", 10)
    assert second.get("k") == b"v"
    epoch = first.claim("k")
    second.claim("k")
    assert not first.save("k", epoch, b"late", 10)


def test_it_outlives_its_process(path: Path) -> None:
    child = processes.Process(target=_put_and_die, args=(path,))
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL
    store = SqliteStore(path)
    assert store.get("k") == b"v"
    assert not store.once("k", 10)


def _put_and_die(path: Path) -> None:
    store = SqliteStore(path)
    store.put("k", b"v", 100)
    store.once("k", 100)
    os.kill(os.getpid(), signal.SIGKILL)


def test_killed_while_writing(path: Path) -> None:
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
        store.put("mine", str(round_).encode(), 100)
        child.kill()
        child.join()
        batch = {store.get(f"key {n}") for n in range(50)}
        assert len(batch) == 1
        written = batch.pop()
        assert written is not None and int(written[:8]) >= reported
        assert store.get("mine") == str(round_).encode()
        assert _intact(path)


def _write_batches(path: Path, report: Connection) -> None:
    store = SqliteStore(path)
    count = 0
    while True:
        count += 1
        value = b"%08d" % count * 100
        store.put_many([(f"key {n}", value, 100) for n in range(50)])
        report.send(count)


def _intact(path: Path) -> bool:
    connection = sqlite3.connect(path)
    found: bool = connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()
    return found


def test_several_processes_at_once(path: Path) -> None:
    """Each once-key is given to one process; each claim gets an epoch of its own."""
    with processes.Pool(3) as pool:
        results = pool.map(_compete, [path] * 3)
    winners = [key for keys, _ in results for key in keys]
    assert sorted(winners) == sorted(f"key {n}" for n in range(200))
    epochs = [epoch for _, epochs in results for epoch in epochs]
    assert len(set(epochs)) == len(epochs) == 600


def _compete(path: Path) -> tuple[list[str], list[int]]:
    store = SqliteStore(path)
    keys = [f"key {n}" for n in range(200)]
    won = [key for key in keys if store.once(key, 100)]
    return won, [store.claim("one") for _ in keys]


def test_opened_first_by_several_processes_at_once(path: Path) -> None:
    with processes.Pool(3) as pool:
        pool.map(_put_own, [(path, n) for n in range(12)])
    store = SqliteStore(path)
    assert [store.get(str(n)) for n in range(12)] == [b"v"] * 12


def _put_own(task: tuple[Path, int]) -> None:
    SqliteStore(task[0]).put(str(task[1]), b"v", 100)


def test_threads(path: Path) -> None:
    store = SqliteStore(path)

    def write(thread: int) -> None:
        for n in range(50):
            store.put_many([(f"{thread} {n} a", b"v", 10), (f"{thread} {n} b", b"v", 10)])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    assert all(store.get(f"{thread} {n} b") == b"v" for thread in range(4) for n in range(50))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_after_a_fork_both_sides_go_on(path: Path) -> None:
    store = SqliteStore(path)
    store.put("k", b"parent's", 100)
    child = os.fork()
    if not child:
        store.put("child", store.get("k") or b"", 100)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert store.get("child") == b"parent's"
    store.put("k", b"still here", 100)
    assert SqliteStore(path).get("k") == b"still here"


@pytest.mark.skipif(sys.platform == "win32", reason="no modes there")
def test_nobody_else_can_read_it(path: Path) -> None:
    mask = os.umask(0)
    try:
        SqliteStore(path).put("k", b"v", 10)
    finally:
        os.umask(mask)
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert set(modes.values()) == {0o600} and len(modes) >= 3


def _warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.parametrize(
    "content", [b"not a database " * 100, b"\0" * 8192, b"SQLite format 3\0" + b"\xff" * 5000]
)
def test_a_file_that_is_no_store_begins_anew(
    path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path.write_bytes(content)
    first, second = SqliteStore(path), SqliteStore(path)
    first.put("k", b"v", 10)
    assert second.get("k") == b"v"
    assert len(_warnings(caplog)) == 1 and "creating an empty one" in _warnings(caplog)[0]
    assert path.with_name("store.sqlite.damaged").read_bytes() == content


def test_damaged_while_open(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    first, second = SqliteStore(path), SqliteStore(path)
    first.put_many([(str(n), b"x" * 1000, 100) for n in range(200)])
    assert second.get("0")
    for store in (first, second):
        store.close()
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (path.stat().st_size - 4096))
    assert second.get("150") is None
    first.put("k", b"v", 100)
    assert second.get("k") == b"v"
    assert len(_warnings(caplog)) == 1


def test_emptied_while_open(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = SqliteStore(path)
    store.put("k", b"v", 10)
    with store._connection() as connection:
        connection.executescript("DROP TABLE value; DROP TABLE once; DROP TABLE claim;")
    assert store.get("k") is None
    store.put("k", b"w", 10)
    assert store.get("k") == b"w"
    assert len(_warnings(caplog)) == 1


def test_removed_while_open(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """As cleaners of temporary directories do: all processes meet again in a new file."""
    first, second = SqliteStore(path), SqliteStore(path)
    epoch = first.claim("k")
    first.save("k", epoch, b"v", 10)
    assert second.get("k") == b"v"
    for file in path.parent.iterdir():
        file.unlink()
    second.put("other", b"w", 10)
    assert (first.get("k"), first.get("other")) == (None, b"w")
    assert first.save("k", epoch, b"again", 10)
    assert second.get("k") == b"again"
    assert second.claim("k") > epoch
    assert _intact(path) and not _warnings(caplog)


def test_another_version_begins_anew(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    SqliteStore(path).put("k", b"v", 10)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 999")
    connection.close()
    store = SqliteStore(path)
    assert store.get("k") is None
    assert "version 999" in _warnings(caplog)[0] and len(_warnings(caplog)) == 1


def test_a_database_of_something_else_is_left_alone(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE precious (data)")
    connection.close()
    with pytest.raises(StoreError, match="another application's database"):
        SqliteStore(path).put("k", b"v", 10)
    assert sqlite3.connect(path).execute("SELECT * FROM precious").fetchall() == []


def test_no_directory(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="missing"):
        SqliteStore(tmp_path / "missing" / "store").get("k")


def test_locked_for_too_long(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BUSY_SECONDS", 0.0)
    store = SqliteStore(path)
    store.put("k", b"v", 10)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked"):
        store.put("k", b"w", 10)
    with pytest.raises(StoreError, match="locked"):
        store.put_many([("a", b"", 10), ("b", b"", 10)])
    assert store.get("k") == b"v"
    other.execute("ROLLBACK")
    store.put("k", b"w", 10)
    assert store.get("k") == b"w"


def test_default_path(tmp_path: Path) -> None:
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
    SqliteStore(default_path("é" * 300, environment)).put("k", b"v", 10)


def test_default_path_without_a_runtime_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert default_path("shop", {"XDG_RUNTIME_DIR": "/nonexistent"}).parent.parent == tmp_path
    assert default_path("shop", {}).parent.parent == tmp_path


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
