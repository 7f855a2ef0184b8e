"""The journal of the SQLite store: killed processes, torn records, full disks, takeovers, late moves."""

from __future__ import annotations

import asyncio
import errno
import multiprocessing
import os
import random
import shutil
import signal
import sqlite3
import stat
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import closing
from itertools import pairwise
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from liveactions import Pages
from liveactions.exceptions import StoreError
from liveactions.session import registry
from liveactions.store import SqliteStore, journal_file
from liveactions.store import journal as module
from liveactions.store import sqlite as sqlite_module
from liveactions.store.base import SplitValue
from liveactions.store.fallback import FallbackStore
from liveactions.store.journal_file import LONG_VALUE, SUFFIX, Journal
from liveactions.testing import Browser
from tests.support.logs import logged
from tests.support.patience import PATIENCE, wait_until
from tests.support.small import small_app

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no journals there")
processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload(["__main__", __name__])  # imported once, not by each process
TTL = 1000.0


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Callable[[], SqliteStore]]:
    """Return stores of one file, as other processes would have them."""
    made: list[SqliteStore] = []

    def store() -> SqliteStore:
        made.append(SqliteStore(tmp_path / "store"))
        return made[-1]

    yield store
    for one in made:
        await one.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "store.journals"


async def saved(store: SqliteStore, *values: bytes | SplitValue, key: str = "k", epoch: int = 0) -> None:
    """Save a state in the store itself and then these in the journal."""
    assert await store.save(key, epoch, b"first", TTL)
    for value in values:
        assert store.save_now([(key, epoch, value, TTL)]) == [True]


def in_file(path: Path, key: bytes = b"k") -> bytes | None:
    """Return what the SQLite file has."""
    with closing(sqlite3.connect(path)) as db:
        found = db.execute("SELECT value FROM value WHERE key = ?", (key,)).fetchone()
    return found[0] if found else None


def dies(store: SqliteStore) -> None:
    """Release what the kernel releases of a process that is killed."""
    store._journals.close()


def journals(folder: Path) -> list[Path]:
    return sorted(folder.glob(f"*{SUFFIX}"))


# Saving and reading


async def test_a_state_is_read_by_all_before_it_is_moved_and_afterwards(
    make: Callable[[], SqliteStore], tmp_path: Path
) -> None:
    one, two = make(), make()
    await saved(one, b"2", b"3")
    assert await one.get("k") == await two.get("k") == b"3"
    assert in_file(tmp_path / "store") == b"first"
    one._move("")
    assert await one.get("k") == await two.get("k") == b"3"
    assert in_file(tmp_path / "store") == b"3"


async def test_its_files_are_for_this_user_only(make: Callable[[], SqliteStore], folder: Path) -> None:
    await saved(make(), b"2")
    (path,) = journals(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700 and stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_a_process_that_closes_its_store_leaves_nothing(
    make: Callable[[], SqliteStore], tmp_path: Path, folder: Path
) -> None:
    store = make()
    await saved(store, b"2")
    await store.close()
    assert in_file(tmp_path / "store") == b"2" and journals(folder) == []


async def test_upkeep_moves_it(make: Callable[[], SqliteStore], tmp_path: Path) -> None:
    store = FallbackStore(make())
    assert isinstance(store.store, SqliteStore)
    await saved(store.store, b"2")
    store.maintain()
    assert wait_until(lambda: in_file(tmp_path / "store") == b"2")


async def test_a_long_file_is_moved_at_once(
    make: Callable[[], SqliteStore], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_FILE_BYTES", 1000)
    store = make()
    await saved(store, b"x" * 1000)
    assert wait_until(lambda: in_file(tmp_path / "store") == b"x" * 1000)


async def test_what_the_store_cannot_take_is_limited(
    make: Callable[[], SqliteStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then states go to the store itself, which takes as long as it takes."""
    monkeypatch.setattr(module, "MAX_FILE_BYTES", 1000)
    monkeypatch.setattr(module, "MAX_BYTES", 2000)
    store = make()
    monkeypatch.setattr(store, "maintain", lambda: None)
    await saved(store, b"x" * 1000, b"y" * 1000)
    assert store.save_now([("k", 0, b"z", TTL)]) is None
    assert await store.save("k", 0, b"z", TTL)
    assert await store.get("k") == b"z"


@pytest.mark.slow
async def test_large_and_many_states(make: Callable[[], SqliteStore]) -> None:
    one, two = make(), make()
    rows = [(f"k{n}", 0, b"%d" % n * (300_000 if n % 100 == 7 else 10), TTL) for n in range(1200)]
    await one.save_many([(key, epoch, b"first", ttl) for key, epoch, _, ttl in rows])
    assert one.save_now(rows) == [True] * len(rows)
    for key, _, value, _ in (rows[0], rows[7], rows[8], rows[-1]):
        assert await two.get(key) == value
    one._move("")
    assert [await two.get(key) for key, *_ in rows[:20]] == [value for _, _, value, _ in rows[:20]]


async def test_a_deleted_state_does_not_come_back(make: Callable[[], SqliteStore]) -> None:
    one, two = make(), make()
    await saved(one, b"2")
    await two.delete("k")
    assert await one.get("k") is None
    one._move("")
    assert await one.get("k") is await two.get("k") is None


# Processes that die


@pytest.mark.slow
@pytest.mark.parametrize(
    "size, base", [(300, b""), (8_000, b""), (200_000, b""), (1_000_000, b""), (300, bytes(200_000))]
)
async def test_what_a_killed_process_has_reported_is_there(
    size: int, base: bytes, tmp_path: Path, folder: Path
) -> None:
    path = tmp_path / "store"
    for _ in range(3):
        ours, theirs = processes.Pipe(duplex=False)
        child = processes.Process(target=_save_on_and_on, args=(path, size, base, theirs))
        child.start()
        theirs.close()
        reported = 0
        while reported < 40:
            reported = ours.recv()
        child.kill()
        child.join()
        while ours.poll():
            try:
                reported = ours.recv()
            except EOFError:
                break
        store = SqliteStore(path)
        for _ in range(2):
            value = await store.get("k")
            assert value is not None
            parts = SplitValue.read(value) or SplitValue(b"", value)
            assert (parts.base, len(parts.rest)) == (base, size)
            assert int(parts.rest[:8]) in (reported, reported + 1)
            store._move("")
        assert len(journals(folder)) == 0
        await store.close()


def _save_on_and_on(path: Path, size: int, base: bytes, report: Connection) -> None:
    asyncio.run(_saving(path, size, base, report))


async def _saving(path: Path, size: int, base: bytes, report: Connection) -> None:
    store, count = SqliteStore(path), 0
    epoch = await store.claim("k")
    while True:
        count += 1
        value = (b"%08d" % count).ljust(size, b".")
        if base:
            assert store.save_now([("k", epoch, SplitValue(base, value), TTL)]) == [True]
        else:
            assert await store.save("k", epoch, value, TTL)
        report.send(count)
        if count % 15 == 0:
            store.maintain()


async def test_the_journal_of_a_dead_process_is_moved_by_another(
    make: Callable[[], SqliteStore], tmp_path: Path, folder: Path
) -> None:
    one, two = make(), make()
    await saved(one, b"2")
    two._move("")
    assert in_file(tmp_path / "store") == b"first" and len(journals(folder)) == 1  # its owner lives
    dies(one)
    two._move("")
    assert in_file(tmp_path / "store") == b"2" and journals(folder) == []


async def test_a_worker_without_pages_moves_the_journal_of_a_dead_process(
    make: Callable[[], SqliteStore], tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "IDLE_INTERVAL", 0.01)
    app, dead = small_app(Pages(), {}, store=make()), make()
    moved, run_maintenance = asyncio.Event(), app.sessions.run_maintenance

    async def run_and_look(now: float) -> None:
        await run_maintenance(now)
        if not journals(folder):
            moved.set()

    await saved(dead, b"2")
    dies(dead)
    monkeypatch.setattr(app.sessions, "run_maintenance", run_and_look)
    async with Browser(app), asyncio.timeout(PATIENCE):
        await moved.wait()
    assert in_file(tmp_path / "store") == b"2" and not app.sessions._idle


BASE = os.urandom(100)
TWO_STATES: list[tuple[bytes | SplitValue, bytes | SplitValue]] = [
    (b"2" * 50, b"3" * 50),
    (SplitValue(BASE, b"2" * 50), SplitValue(BASE, b"3" * 50)),
]


async def two_states(
    make: Callable[[], SqliteStore], folder: Path, first: bytes | SplitValue, second: bytes | SplitValue
) -> tuple[bytes, bytes]:
    """Return the contents of a dead process's journal with one state, and with another one after it."""
    store = make()
    await saved(store, first)
    (path,) = journals(folder)
    one = path.read_bytes()
    assert store.save_now([("k", 0, second, TTL)]) == [True]
    both = path.read_bytes()
    dies(store)
    path.unlink()
    return one, both


@pytest.mark.slow
@pytest.mark.parametrize("first, second", TWO_STATES)
async def test_a_torn_record_is_ignored(
    make: Callable[[], SqliteStore],
    folder: Path,
    tmp_path: Path,
    first: bytes | SplitValue,
    second: bytes | SplitValue,
) -> None:
    one, both = await two_states(make, folder, first, second)
    for length in range(len(one), len(both)):
        (folder / f"torn{SUFFIX}").write_bytes(both[:length])
        store = make()
        assert await store.get("k") == bytes(first)
        store._move("")
        assert in_file(tmp_path / "store") == bytes(first) and not journals(folder)
        store._quick.run(lambda db: db.execute("UPDATE value SET stamp = 0, value = x''"))


@pytest.mark.slow
@pytest.mark.parametrize("first, second", TWO_STATES)
async def test_a_damaged_record_is_ignored(
    make: Callable[[], SqliteStore],
    folder: Path,
    tmp_path: Path,
    first: bytes | SplitValue,
    second: bytes | SplitValue,
) -> None:
    """As a machine that crashes may leave it: the end of the file is there, but not its middle."""
    one, both = await two_states(make, folder, first, second)
    for at in range(len(one), len(both)):
        damaged = bytearray(both)
        damaged[at] ^= 0xFF
        (folder / f"damaged{SUFFIX}").write_bytes(damaged)
        store = make()
        assert await store.get("k") == bytes(first)
        store._move("")
        assert in_file(tmp_path / "store") == bytes(first) and not journals(folder)
        store._quick.run(lambda db: db.execute("UPDATE value SET stamp = 0, value = x''"))


async def test_the_base_of_a_value_is_written_once_in_a_file(
    make: Callable[[], SqliteStore], folder: Path, tmp_path: Path
) -> None:
    one, two = make(), make()
    bases = [os.urandom(50_000) for _ in range(2)]
    values = [SplitValue(bases[n // 3], b"rest %d" % n) for n in range(6)]
    await saved(one)
    sizes = []
    for value in values:
        assert one.save_now([("k", 0, value, TTL)]) == [True]
        assert await one.get("k") == await two.get("k") == bytes(value)
        sizes.append(journals(folder)[0].stat().st_size)
    grown = [after - before for before, after in pairwise([0, *sizes])]
    assert [size > 50_000 for size in grown] == [True, False, False, True, False, False]
    one._move("")
    assert in_file(tmp_path / "store") == await two.get("k") == bytes(values[-1])
    assert one.save_now([("k", 0, SplitValue(bases[1], b"in another file"), TTL)]) == [True]
    dies(one)
    assert await two.get("k") == bytes(SplitValue(bases[1], b"in another file"))
    two._move("")
    assert in_file(tmp_path / "store") == await two.get("k")


async def test_a_value_whose_base_is_damaged_is_ignored(
    make: Callable[[], SqliteStore], folder: Path
) -> None:
    _, both = await two_states(make, folder, *TWO_STATES[1])
    (folder / f"damaged{SUFFIX}").write_bytes(both.replace(BASE, bytes(100)))
    assert await make().get("k") == b"first"


async def test_a_claim_that_comes_before_a_base_does_not_move_it(make: Callable[[], SqliteStore]) -> None:
    one, two = make(), make()
    await saved(one)
    await saved(one, key="other")
    await two.claim("other")  # a note in the file of `one`, which it hasn't read
    for rest in (b"2", b"3", b"4"):
        assert one.save_now([("k", 0, SplitValue(BASE, rest), TTL)]) == [True]
        assert await two.get("k") == bytes(SplitValue(BASE, rest))


async def test_a_long_value_of_which_a_sector_is_missing_is_ignored(
    make: Callable[[], SqliteStore], folder: Path
) -> None:
    one, two, three = (os.urandom(LONG_VALUE + 1000) for _ in range(3))
    store = make()
    await saved(store, one, two)
    (path,) = journals(folder)
    whole = path.read_bytes()
    assert await make().get("k") == two
    dies(store)
    path.unlink()
    begin = whole.index(two)
    for lost in (bytes(512), three[:512]):
        for at in range(begin, len(whole) - 512, 500):
            (folder / f"damaged{SUFFIX}").write_bytes(whole[:at] + lost + whole[at + 512 :])
            store = make()
            assert await store.get("k") == one
            dies(store)


async def test_moving_that_is_cut_off_is_repeated(
    make: Callable[[], SqliteStore], monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    monkeypatch.setattr(journal_file, "BATCH_ROWS", 2)
    one, two = make(), make()
    keys = [f"k{n}" for n in range(5)]
    for key in keys:
        await saved(one, b"2", key=key)
    done: list[int] = []
    save_all = sqlite_module._save_all

    def cut_off(db: sqlite3.Connection, rows: list[dict[str, Any]]) -> list[bool]:
        done.append(len(rows))
        if len(done) == 2:
            raise StoreError("killed")
        return save_all(db, rows)

    monkeypatch.setattr(sqlite_module, "_save_all", cut_off)
    one._move("")
    assert done == [2, 2] and len(journals(folder)) == 2
    assert one.save_now([("k0", 0, b"3", TTL)]) == [True]
    dies(one)
    monkeypatch.setattr(sqlite_module, "_save_all", save_all)
    assert [await two.get(key) for key in keys] == [b"3", b"2", b"2", b"2", b"2"]
    two._move("")
    assert [await two.get(key) for key in keys] == [b"3", b"2", b"2", b"2", b"2"] and not journals(folder)


async def test_an_older_state_never_replaces_a_newer_one(
    make: Callable[[], SqliteStore], tmp_path: Path
) -> None:
    """Whichever process moves which file first."""
    one, two, three = make(), make(), make()
    await saved(one, b"2")
    epoch = await two.claim("k")
    await saved(two, b"3", epoch=epoch)
    two._move("")
    one._move("")
    assert in_file(tmp_path / "store") == await three.get("k") == b"3"


async def test_a_fork_has_a_file_of_its_own(make: Callable[[], SqliteStore], folder: Path) -> None:
    store = make()
    await saved(store, b"2")
    pid = os.fork()
    if not pid:
        try:
            asyncio.run(saved(store, b"child's", key="child"))
            os.kill(os.getpid(), signal.SIGKILL)
        finally:
            os._exit(1)
    assert os.waitpid(pid, 0)[1] == signal.SIGKILL
    assert len(journals(folder)) == 2
    assert store.save_now([("k", 0, b"3", TTL)]) == [True]
    other = make()
    assert [await other.get(key) for key in ("k", "child")] == [b"3", b"child's"]
    other._move("")
    assert len(journals(folder)) == 1


async def test_a_fork_keeps_no_lock_of_its_parent(make: Callable[[], SqliteStore], folder: Path) -> None:
    store = make()
    await saved(store, b"2")
    ours, theirs = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(theirs)
        os.read(ours, 1)  # until the test closes its end
        os._exit(0)
    dies(store)
    other = make()

    def is_moved() -> bool:
        other._move("")
        return not journals(folder)

    assert wait_until(is_moved)
    os.close(theirs)
    os.waitpid(pid, 0)
    os.close(ours)
    assert await other.get("k") == b"2"


# Takeovers


async def test_a_page_is_taken_over_with_its_newest_state(make: Callable[[], SqliteStore]) -> None:
    one, two = make(), make()
    await saved(one, b"2", b"3")
    epoch = await two.claim("k")
    assert await two.get("k") == b"3"
    assert not await one.save("k", 0, b"late", TTL)
    assert not await one.save("k", 0, b"later", TTL)
    assert await one.get("k") == await two.get("k") == b"3"
    assert await two.save("k", epoch, b"4", TTL)
    assert two.save_now([("k", epoch, b"5", TTL)]) == [True]
    assert await one.get("k") == b"5"


async def test_a_page_comes_back(make: Callable[[], SqliteStore]) -> None:
    one, two = make(), make()
    epoch = 0
    for number in range(6):
        taker, other = (one, two) if number % 2 else (two, one)
        before, epoch = epoch, await taker.claim("k")
        for value in (b"%d" % number, b"%d" % number * 2):
            assert await taker.save("k", epoch, value, TTL)
        assert not await other.save("k", before, b"late", TTL)
        assert await other.get("k") == await taker.get("k") == b"%d" % number * 2
        if number > 3:
            taker._move("")


async def test_a_claim_of_the_same_process_ends_the_one_before_though_others_claim_meanwhile(
    make: Callable[[], SqliteStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two connections of a page, say, that come to one process at once."""
    one = make()
    await saved(one, b"2")
    monkeypatch.setattr(one._journals, "open", lambda: one._journals._changes - 1)
    epoch = await one.claim("k")
    monkeypatch.undo()
    assert not await one.save("k", 0, b"late", TTL)
    assert await one.get("k") == b"2"
    assert await one.save("k", epoch, b"3", TTL)


async def test_only_the_page_that_was_taken_over_is_lost(make: Callable[[], SqliteStore]) -> None:
    one, two = make(), make()
    await saved(one, b"2", key="kept")
    await saved(one, b"2", key="lost")
    await two.claim("lost")
    rows = [("kept", 0, b"3", TTL), ("lost", 0, b"late", TTL)]
    assert one.save_now(rows) == [True, False]
    assert [await two.get(key) for key in ("kept", "lost")] == [b"3", b"2"]
    assert one.save_now(rows[:1]) == [True] and one.save_now(rows[1:]) is None


async def test_what_was_not_moved_before_its_page_was_taken_over_is_kept(
    make: Callable[[], SqliteStore],
) -> None:
    """The one who has taken it over may die before it has stored anything."""
    one, two, three = make(), make(), make()
    await saved(one, b"2")
    await two.claim("k")
    dies(two)
    one._move("")
    assert await three.get("k") == b"2"


async def test_a_claim_that_meets_a_new_file_is_noticed(
    make: Callable[[], SqliteStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The note is in the file that is no longer written to."""
    one, two = make(), make()
    await saved(one, b"2")
    create = Journal.create

    def claim_meanwhile(folder: Path) -> Journal:
        monkeypatch.setattr(Journal, "create", create)
        two._journals.note_claim(b"k", epochs[0])
        return create(folder)

    epochs = [await two.claim("other") + 1]
    two._quick.run(lambda db: db.execute("INSERT INTO claim VALUES (x'6b', 1e12, ?)", epochs))
    monkeypatch.setattr(Journal, "create", claim_meanwhile)
    one._move("")
    assert not await one.save("k", 0, b"late", TTL)
    assert await two.get("k") == b"2"


async def test_a_claim_that_is_noted_while_others_are_read_is_no_damage(
    make: Callable[[], SqliteStore], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    one, two = make(), make()
    await saved(one, b"2")
    await two.claim("another")
    scan = Journal.scan

    def claim_meanwhile(journal: Journal) -> None:
        monkeypatch.setattr(Journal, "scan", scan)
        scan(journal)
        two._journals.note_claim(b"k", 1)

    monkeypatch.setattr(Journal, "scan", claim_meanwhile)
    rows = [("k", 0, b"3", TTL)]
    assert one.save_now(rows) == [True]
    assert one.save_now(rows) == [False]
    assert await two.get("k") == b"3" and not logged(caplog, "liveactions.store")


async def test_a_claim_sees_a_file_that_is_begun_meanwhile(
    make: Callable[[], SqliteStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = make(), make()
    await saved(one, b"2")
    note_claim = Journal.note_claim

    def move_meanwhile(journal: Journal, key: bytes, epoch: int) -> None:
        if not moved:
            moved.append(True)
            one._move("")
        note_claim(journal, key, epoch)

    moved: list[bool] = []
    monkeypatch.setattr(Journal, "note_claim", move_meanwhile)
    await two.claim("k")
    assert not await one.save("k", 0, b"late", TTL)
    assert await two.get("k") == b"2"


async def test_a_claim_during_the_first_save_is_noticed(
    make: Callable[[], SqliteStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store said yes, then the page was claimed, and then the journal was to be used."""
    one, two = make(), make()
    await saved(one, b"2", key="other")
    run = one._run

    async def claimed_meanwhile(work: Any) -> Any:
        answer = await run(work)
        monkeypatch.undo()
        await two.claim("k")
        assert one.save_now([("other", 0, b"3", TTL)]) == [True]  # it reads the note
        one._move("")  # which isn't in the next file
        return answer

    monkeypatch.setattr(one, "_run", claimed_meanwhile)
    assert await one.save("k", 0, b"1", TTL)
    assert not await one.save("k", 0, b"late", TTL)
    assert await two.get("k") == b"1"


@pytest.mark.slow
async def test_processes_that_take_pages_from_each_other_lose_nothing(tmp_path: Path) -> None:
    """Who has claimed a page reads all that was acknowledged before, while its last owner writes on."""
    with processes.Pool(3) as pool:
        taken = pool.map(_take, [(tmp_path / "store", tmp_path / "told", seed) for seed in range(3)])
    assert all(taken)
    store = SqliteStore(tmp_path / "store")
    for key in "ab":
        assert int(await store.get(key) or b"0") >= _told(tmp_path / "told", key)
    await store.close()


def _take(task: tuple[Path, Path, int]) -> int:
    return asyncio.run(_taking(*task))


async def _taking(path: Path, told: Path, seed: int) -> int:
    """Take pages over and count in them. There is a file for each number that was acknowledged."""
    store, choose, taken = SqliteStore(path), random.Random(seed), 0
    for _ in range(60):
        key = choose.choice("ab")
        before = _told(told, key)
        epoch = await store.claim(key)
        value = int(await store.get(key) or b"0")
        assert value >= before, f"{key}: {value}, but {before} was acknowledged"
        for _ in range(choose.randrange(30)):
            value += 1
            if not await store.save(key, epoch, b"%d" % value, TTL):
                taken += 1
                break
            with open(f"{told}-{key}-{value}", "xb"):  # no two of them have acknowledged the same
                pass
        if not choose.randrange(10):
            store._move("")
    dies(store)
    return taken


def _told(told: Path, key: str) -> int:
    return max(
        (int(path.name.rpartition("-")[2]) for path in told.parent.glob(f"{told.name}-{key}-*")), default=0
    )


async def test_a_clock_that_is_set_back_does_no_harm(
    make: Callable[[], SqliteStore], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    one, two, three = make(), make(), make()
    await saved(one, b"2")
    monkeypatch.setattr("time.time_ns", lambda: 1_000_000_000)
    assert one.save_now([("k", 0, b"3", TTL)]) == [True]
    one._move("")
    epoch = await two.claim("k")
    assert await two.get("k") == b"3"
    await saved(two, b"4", epoch=epoch)
    assert await three.get("k") == b"4"
    two._move("")
    assert in_file(tmp_path / "store") == b"4"


# Disks


def full(_: int, parts: Sequence[bytes]) -> int:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def nearly_full(file: int, parts: Sequence[bytes]) -> int:
    return os.write(file, b"".join(parts)[:-3])


@pytest.mark.parametrize("writev", [full, nearly_full])
async def test_where_the_journal_cannot_be_written_the_store_itself_is(
    writev: Callable[[int, Sequence[bytes]], int],
    make: Callable[[], SqliteStore],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.0)
    one, two = make(), make()
    await saved(one, b"2")
    with monkeypatch.context() as patch:
        patch.setattr("os.writev", writev)
        for value in (b"3", b"4"):
            assert await one.save("k", 0, value, TTL)
            assert await one.get("k") == await two.get("k") == value
    assert await one.save("k", 0, b"5", TTL)
    assert one.save_now([("k", 0, b"6", TTL)]) == [True]
    one._move("")
    assert await one.get("k") == await two.get("k") == b"6"
    assert len([line for line in caplog.messages if "can't write a journal" in line]) == 1


async def test_a_claim_is_noticed_though_the_journal_could_not_be_written(
    make: Callable[[], SqliteStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.0)
    one, two = make(), make()
    await saved(one, b"2")
    with monkeypatch.context() as patch:
        patch.setattr("os.writev", nearly_full)
        await two.claim("k")
        assert not await one.save("k", 0, b"late", TTL)
    assert not await one.save("k", 0, b"late", TTL)
    assert await two.get("k") == b"2"


async def test_where_nothing_can_be_written_the_process_remembers(
    make: Callable[[], SqliteStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = make()
    await saved(one, b"2")
    store = FallbackStore(one)

    def fails(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr("os.writev", full)
        patch.setattr(one._quick, "run", lambda work: one._patient.run(fails))
        assert store.save_now([("k", 0, b"3", TTL)]) is None
        assert await store.save_many([("k", 0, b"3", TTL)]) == [True]
        assert await store.get("k") == b"3"
        assert store.save_now([("k", 0, b"4", TTL)]) is None
    await store._recover()
    assert await one.get("k") == b"3"


async def test_a_system_without_locks_does_without_a_journal(
    make: Callable[[], SqliteStore], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: Journal) -> bool:
        raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))

    monkeypatch.setattr(Journal, "lock", fails)
    one, two = make(), make()
    for value in (b"1", b"2"):
        assert await one.save("k", 0, value, TTL)
    assert await two.claim("k")
    assert not await one.save("k", 0, b"late", TTL)
    assert await two.get("k") == b"2" and journals(folder) == []


async def test_a_folder_that_is_removed_is_made_again(
    make: Callable[[], SqliteStore], folder: Path, tmp_path: Path
) -> None:
    one, two = make(), make()
    await saved(one, b"2")
    shutil.rmtree(tmp_path)
    tmp_path.mkdir()
    assert await one.get("k") == b"2"  # it was open
    await saved(one, b"3")
    assert await two.get("k") == b"3" and len(journals(folder)) == 1
    one._move("")
    assert in_file(tmp_path / "store") == b"3"
