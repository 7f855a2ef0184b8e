"""J. Revalidation: cached reads, and how pages hear that what they show is out of date."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from math import inf, nan
from typing import Annotated, Any

import pytest

from liveactions import (
    ActionError,
    Bound,
    Depends,
    Live,
    Page,
    Pages,
    action,
    cache_tag,
    cached,
    loaded,
    redirect,
    refresh,
    revalidate_path,
    revalidate_tag,
)
from liveactions.cache.cached import PROFILES, value_cache
from liveactions.testing import Browser, Failed
from tests.behaviour.ways import Way, visiting, ways
from tests.support.small import small_app


@dataclass
class Database:
    """Rows, and a count of what was done with them."""

    posts: list[str] = field(default_factory=lambda: ["first"])
    reads: int = 0
    loads: int = 0
    commits: int = 0


db = Database()


@pytest.fixture(autouse=True)
def fresh_database() -> Iterator[None]:
    db.__init__()  # type: ignore[misc]
    value_cache.clear()
    yield
    value_cache.clear()


class Session:
    """Sees its own writes before they are committed."""

    def __init__(self) -> None:
        self.added: list[str] = []

    def rows(self) -> tuple[str, ...]:
        return (*db.posts, *self.added)


async def session() -> AsyncIterator[Session]:
    one = Session()
    yield one
    db.posts += one.added
    db.commits += 1


DB = Annotated[Session, Depends(session)]


@cached(tags=["posts"])
async def all_posts(db_: DB) -> tuple[str, ...]:
    db.reads += 1
    return db_.rows()


@cached(tags=["post:{id}"])
async def post(id: int) -> str:
    db.reads += 1
    return db.posts[id]


pages = Pages()


@pages.page("/posts")
class Posts(Page):
    template = "posts.html"
    posts: tuple[str, ...] = loaded()
    note: str = ""

    async def load(self, db_: DB) -> None:
        db.loads += 1
        self.posts = await all_posts(db_)

    @action
    async def add(self, title: str, db_: DB) -> None:
        db_.added.append(title)
        revalidate_tag("posts")

    @action
    async def fail(self) -> None:
        db.posts.append("kept")
        revalidate_tag("posts")
        raise ActionError("no")

    @action
    async def leave(self) -> Any:
        db.posts.append("left")
        revalidate_tag("posts")
        return redirect("/posts?done=1")


@pages.page("/posts/{id}")
class Post(Page):
    template = "post.html"
    id: int
    text: str = loaded()

    async def load(self) -> None:
        db.loads += 1
        self.text = await post(self.id)

    @action
    async def again(self) -> None:
        refresh()

    @action
    async def all_again(self, path: Bound[str], below: Bound[bool] = False) -> None:
        revalidate_path(path, below=below)


TEMPLATES = {
    "posts.html": """<title>Posts</title><p>{{ posts|join(", ") }}</p>
<form method="post" action="{{ add }}"><input name="title" aria-label="Title"><button>Add</button></form>
<form method="post" action="{{ fail }}"><button>Fail</button></form>
<form method="post" action="{{ leave }}"><button>Leave</button></form>""",
    "post.html": """<title>Post</title><p>{{ text }}</p>
<form method="post" action="{{ again }}"><button>Again</button></form>
<form method="post" action="{{ all_again('/posts/1') }}"><button>Path</button></form>
<form method="post" action="{{ all_again('/posts/{id}') }}"><button>Pattern</button></form>
<form method="post" action="{{ all_again('/posts', True) }}"><button>Below</button></form>""",
}


def app() -> Live:
    return small_app(pages, TEMPLATES)


# J1


async def test_j1_results_are_kept_by_arguments() -> None:
    db.posts += ["second"]
    assert [await post(0), await post(1), await post(0), await post(id=1)] == ["first", "second"] * 2
    assert db.reads == 2


async def test_j1_concurrent_misses_run_once() -> None:
    begun, gate = asyncio.Event(), asyncio.Event()
    runs = 0

    @cached()
    async def slow() -> int:
        nonlocal runs
        runs += 1
        begun.set()
        await gate.wait()
        return runs

    calls = [asyncio.ensure_future(slow()) for _ in range(5)]
    await begun.wait()
    gate.set()
    assert await asyncio.gather(*calls) == [1] * 5 and runs == 1


async def test_j1_a_cancelled_miss_is_made_by_who_waits() -> None:
    gate, started = asyncio.Event(), asyncio.Queue[int]()
    runs = 0

    @cached()
    async def slow() -> int:
        nonlocal runs
        runs += 1
        started.put_nowait(runs)
        await gate.wait()
        return runs

    first, second = asyncio.ensure_future(slow()), asyncio.ensure_future(slow())
    await started.get()
    first.cancel()
    assert await started.get() == 2
    gate.set()
    assert await second == 2 and first.cancelled()


async def test_j1_concurrent_misses_in_threads_run_once() -> None:
    runs: list[int] = []
    begun, gate = threading.Event(), threading.Event()

    @cached()
    def slow() -> int:
        runs.append(1)
        begun.set()
        assert gate.wait(5)
        return len(runs)

    calls = [asyncio.ensure_future(asyncio.to_thread(slow)) for _ in range(3)]
    assert await asyncio.to_thread(begun.wait, 5)
    gate.set()
    assert await asyncio.gather(*calls) == [1, 1, 1] and runs == [1]


async def test_j1_errors_are_not_kept() -> None:
    runs = 0

    @cached()
    async def fails() -> int:
        nonlocal runs
        runs += 1
        if runs == 1:
            raise LookupError("gone")
        return runs

    with pytest.raises(LookupError):
        await fails()
    assert await fails() == 2


async def test_j1_tags_may_depend_on_arguments() -> None:
    db.posts += ["second"]
    await post(0), await post(1)
    revalidate_tag("post:1")
    await post(0), await post(1)
    assert db.reads == 3


def test_j1_a_tag_of_no_parameter_is_an_error() -> None:
    with pytest.raises(TypeError, match="no parameter for the tag 'post:{number}'"):

        @cached(tags=["post:{number}"])
        async def one(id: int) -> int:
            return id


@pytest.mark.parametrize(
    ("options", "error", "hint"),
    [
        ({"tags": "post"}, TypeError, "tags='post': expected a list"),
        ({"ttl": -1}, ValueError, "ttl=-1: it must be positive"),
        ({"stale": -1}, ValueError, "stale=-1: it must be positive"),
        ({"ttl": b"hours"}, TypeError, "ttl=.*: expected a number"),
        ({"ttl": inf}, ValueError, "ttl=inf: it must be finite"),
        ({"ttl": True}, TypeError, "ttl=True: expected a number"),
        ({"stale": inf}, ValueError, "stale=inf: it must be finite"),
        ({"stale": nan}, ValueError, "stale=nan: it must be positive"),
        ({"stale": False}, TypeError, "stale=False: expected a number"),
        ({"stale": None}, TypeError, "stale=None: expected a number"),
        ({"tags": True}, TypeError, "tags=True: expected a list"),
        ({"tags": [5]}, TypeError, "tags=5: expected a text"),
    ],
)
def test_j1_options_are_checked(options: dict[str, Any], error: type[Exception], hint: str) -> None:
    with pytest.raises(error, match=hint):
        cached(**options)(lambda: 1)


async def test_j1_tags_may_be_added_inside() -> None:
    runs = 0

    @cached()
    async def found(word: str) -> str:
        nonlocal runs
        runs += 1
        cache_tag(f"author:{word[0]}")
        return word

    await found("ada"), await found("bob")
    revalidate_tag("author:a")
    await found("ada"), await found("bob")
    assert runs == 3
    with pytest.raises(RuntimeError, match="or a @cached function"):
        cache_tag("x")


async def test_j1_tags_of_inner_reads_are_the_outer_ones_too() -> None:
    @cached()
    async def shouted(id: int) -> str:
        return (await post(id)).upper()

    assert await shouted(0) == "FIRST"
    db.posts[0] = "changed"
    assert await shouted(0) == "FIRST"
    revalidate_tag("post:0")
    assert await shouted(0) == "CHANGED"


async def test_j1_what_can_change_is_copied_and_what_cannot_is_shared() -> None:
    @dataclass(frozen=True)
    class Row:
        name: str

    @cached()
    async def rows() -> list[Row]:
        return [Row("a")]

    @cached()
    async def frozen() -> tuple[Row, ...]:
        return (Row("a"),)

    first, second = await rows(), await rows()
    first.append(Row("b"))
    assert second == [Row("a")] == await rows()
    assert second[0] is (await rows())[0]  # lists know their items again
    assert await frozen() is await frozen()


async def test_j1_a_tuple_is_shared_until_it_gets_an_item_that_can_change() -> None:
    shown: tuple[list[int] | tuple[int, ...], ...] = ((1,), (2,), (3,))

    @cached(tags=["tuples"])
    async def tuples() -> tuple[list[int] | tuple[int, ...], ...]:
        return shown

    assert await tuples() is shown
    shown = shown[0], [2], shown[2]
    revalidate_tag("tuples")
    assert await tuples() == shown and (await tuples())[1] is not shown[1]
    revalidate_tag("tuples")
    assert (await tuples())[1] is not shown[1]  # although it is the same tuple
    shown = shown[0], (2,), shown[2]
    revalidate_tag("tuples")
    assert await tuples() is shown


async def test_j1_what_lives_is_not_kept() -> None:
    class Row:
        _sa_instance_state = object()

    @cached()
    async def rows() -> list[Row]:
        return [Row()]

    with pytest.raises(TypeError, match="Row can't be cached; return plain data"):
        await rows()


async def test_j1_dependencies_are_no_part_of_the_key() -> None:
    first = await all_posts(Session())
    assert await all_posts(Session()) is first and db.reads == 1


async def test_j1_arguments_of_other_types_are_other_keys() -> None:
    @cached()
    async def kind(value: Any) -> str:
        return type(value).__name__

    values = [1, True, 1.0, "1", (1,), [1], (True,), {"a": 1}, {1}]
    assert [await kind(value) for value in values] == [type(value).__name__ for value in values]
    with pytest.raises(TypeError, match="a object can't be part of a key; pass only what"):
        await kind(object())


async def test_j1_a_function_that_needs_its_own_result_says_so() -> None:
    @cached()
    async def one() -> int:
        return await two()

    @cached()
    async def two() -> int:
        return await one()

    with pytest.raises(RuntimeError, match="depends on its own result"):
        await one()


# J2


@ways("SHN")
async def test_j2_the_answer_shows_what_the_action_has_changed(way: Way) -> None:
    async with visiting(app(), way) as browser:
        page = await browser.open("/posts")
        await page.fill("Title", "second")
        await page.click("Add")
        assert page.text("p") == "first, second"
        assert db.posts == ["first", "second"]


@ways("SHN")
async def test_j2_the_next_read_of_anybody_is_fresh(way: Way) -> None:
    async with visiting(app(), way) as browser:
        page = await browser.open("/posts")
        await page.fill("Title", "second")
        await page.click("Add")
        assert (await browser.other().open("/posts")).text("p") == "first, second"


@ways("SN")
async def test_j2_every_open_page_that_shows_it_is_patched(way: Way) -> None:
    async with visiting(app(), "S") as watcher, visiting(watcher.app, way) as browser:
        shown = await watcher.open("/posts")
        page = await browser.open("/posts")
        await page.fill("Title", "second")
        await page.click("Add")
        await shown.shows("first, second")


@ways("SHN")
async def test_j2_also_before_an_error_and_a_redirect(way: Way) -> None:
    async with visiting(app(), way) as browser:
        page = await browser.open("/posts")
        await page.click("Fail")
        assert page.text("p") == "first, kept"
        await page.click("Leave")
        assert page.text("p") == "first, kept, left"


async def test_j2_nothing_uncommitted_is_kept() -> None:
    """Others read while the transaction is open: they see the old posts, and hear of the new ones."""
    inside, gate = asyncio.Event(), asyncio.Event()
    own = Pages()

    @own.page("/slow")
    class Slow(Posts):
        template = "slow.html"

        @action
        async def add_slowly(self, db_: DB) -> None:
            db_.added.append("second")
            revalidate_tag("posts")
            assert await all_posts(db_) == ("first", "second")
            inside.set()
            await gate.wait()

    own.page("/posts")(Posts)
    slow = TEMPLATES["posts.html"].replace("{{ add }}", "{{ add_slowly }}")
    live = small_app(own, {**TEMPLATES, "slow.html": slow})
    async with visiting(live, "S") as browser:
        page, other = await browser.open("/slow"), await browser.other().open("/posts")
        adding = asyncio.ensure_future(page.click("Add"))
        await inside.wait()
        assert (await browser.other().open("/posts")).text("p") == "first"
        gate.set()
        await adding
        assert page.text("p") == "first, second"
        await other.shows("first, second")


async def test_j2_a_read_that_misses_what_is_not_committed_is_repeated(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cached function that opens a session of its own doesn't see what the action's session has added. In
    debug mode, the log says so. It doesn't mention a function that is passed the action's session.
    """
    monkeypatch.setattr("liveactions.execution.advice._advised", set())
    own = Pages()

    @cached(tags=["posts"])
    async def committed() -> tuple[str, ...]:
        return tuple(db.posts)

    @own.page("/posts")
    class Apart(Posts):
        async def load(self, db_: DB) -> None:
            self.posts = await committed()
            assert set(await all_posts(db_)) >= set(self.posts)

    async with visiting(small_app(own, TEMPLATES, debug=True), "S") as browser:
        page = await browser.open("/posts")
        for title in ("second", "third"):
            await page.fill("Title", title)
            await page.click("Add")
            await page.shows(title)
    said = [record.message for record in caplog.records if "was read before" in record.message]
    assert len(said) == 1 and "committed() was read before" in said[0]


async def test_j2_a_value_that_was_being_made_is_not_kept() -> None:
    begun, gate = asyncio.Event(), asyncio.Event()

    @cached(tags=["slow"])
    async def slow() -> list[str]:
        rows = list(db.posts)
        begun.set()
        await gate.wait()
        return rows

    first = asyncio.ensure_future(slow())
    await begun.wait()
    db.posts.append("second")
    revalidate_tag("slow")
    second = asyncio.ensure_future(slow())
    gate.set()
    assert await first == ["first"] and await second == ["first", "second"] == await slow()


# J3


@pytest.mark.parametrize("button", ["Path", "Pattern", "Below"])
@ways("SN")
async def test_j3_open_pages_at_a_path_load_again(way: Way, button: str) -> None:
    async with visiting(app(), "S") as watcher, visiting(watcher.app, way) as browser:
        db.posts += ["second"]
        shown, page = await watcher.open("/posts/1"), await browser.open("/posts/0")
        db.posts[:] = ["changed", "changed too"]
        await page.click(button)
        await shown.shows("changed too")


async def test_j3_pages_at_other_paths_do_not() -> None:
    async with visiting(app(), "S") as browser:
        posts, page = await browser.open("/posts"), await browser.open("/posts/0")
        loads = db.loads
        db.posts[0] = "changed"
        await page.click("Path")
        assert db.loads == loads and page.text("p") == "first"
        await page.click("Pattern")
        assert page.text("p") == "changed" and posts.text("p") == "first" and db.loads == loads + 1
        await page.click("Below")
        await posts.shows("changed")


@pytest.mark.parametrize("path", ["posts", "", "/posts?page=1", "/posts/{id", "http://x/posts"])
def test_j3_what_is_no_path_is_an_error(path: str) -> None:
    with pytest.raises(ValueError):
        revalidate_path(path)


# J4


async def test_j4_a_page_that_does_not_show_the_tag_does_no_work() -> None:
    async with visiting(app(), "S") as browser:
        await browser.open("/posts/0")
        shown = await browser.open("/posts")
        loads = db.loads
        revalidate_tag("posts:other", "post:9")
        db.posts.append("second")
        revalidate_tag("posts")
        await shown.shows("second")
        assert db.loads == loads + 1


# J5


@ways("SHN")
async def test_j5_refresh_loads_this_page_again_and_no_other(way: Way) -> None:
    async with visiting(app(), way) as browser:
        page, other = await browser.open("/posts/0"), await browser.open("/posts/0")
        loads = db.loads
        db.posts[0] = "changed"
        value_cache.clear()
        await page.click("Again")
        assert page.text("p") == "changed" and other.text("p") == "first"
        # By HTTP the page is made once more; a post loads what the action may look at, too.
        assert db.loads == loads + {"S": 1, "H": 2, "N": 3}[way]


def test_j5_refresh_outside_an_action_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="can only be called inside an action"):
        refresh()


# J6


async def test_j6_from_a_job_and_from_another_thread() -> None:
    async with visiting(app(), "S") as browser:
        page = await browser.open("/posts")
        db.posts.append("by a job")
        revalidate_tag("posts")
        await page.shows("by a job")
        db.posts.append("by a thread")
        thread = threading.Thread(target=revalidate_tag, args=("posts",))
        thread.start()
        await page.shows("by a thread")
        db.posts.append("by a task")
        value_cache.clear()
        await asyncio.create_task(asyncio.to_thread(revalidate_path, "/posts"))
        await page.shows("by a task")


async def test_j6_after_a_gap_everything_is_read_again() -> None:
    async with visiting(app(), "S") as browser:
        page = await browser.open("/posts")
        db.posts.append("lost")
        browser.app._channel.deliver([None])
        await page.shows("lost")


# J7


async def test_j7_a_burst_is_one_push() -> None:
    async with visiting(app(), "S") as browser:
        page = await browser.open("/posts")
        loads = db.loads
        for number in range(200):
            db.posts.append(f"n{number}")
            revalidate_tag("posts")
        await page.shows("n199")
        assert db.loads - loads <= 2


# J8


async def test_j8_in_a_cached_function_or_a_load_it_is_an_error() -> None:
    @cached()
    async def wrong() -> None:
        revalidate_tag("posts")

    with pytest.raises(RuntimeError, match="in a @cached function"):
        await wrong()


@pytest.mark.parametrize("call", ["revalidate_tag('x')", "revalidate_path('/x')", "refresh()"])
async def test_j8_while_rendering_it_is_an_error(call: str) -> None:
    own = Pages()

    @own.page("/drawn")
    class Drawn(Page):
        template = "drawn.html"

        @property
        def wrong(self) -> str:
            eval(call)
            return ""

    @own.page("/loaded")
    class Loads(Page):
        template = "drawn.html"
        wrong: str = loaded()

        async def load(self) -> None:
            eval(call)

    live = small_app(own, {"drawn.html": "<title>x</title>{{ wrong }}"})
    live.services.debug = True
    async with visiting(live, "N") as browser:
        with pytest.raises(Failed, match="while a page is being rendered"):
            await browser.open("/drawn")
        with pytest.raises(Failed, match=r"in load\(\), which runs because of it"):
            await browser.open("/loaded")


# J9


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    now = [0.0]
    monkeypatch.setattr(value_cache, "clock", lambda: now[0])
    yield now


@pytest.mark.parametrize("ttl", [60.0, "minutes"])
async def test_j9_after_its_time_a_value_is_made_anew(clock: list[float], ttl: float | str) -> None:
    runs = iter(range(9))

    @cached(ttl=ttl)
    async def number() -> int:
        return next(runs)

    assert await number() == 0
    clock[0] = 59.9
    assert await number() == 0
    clock[0] = 60
    assert await number() == 1


async def test_j9_stale_values_are_served_while_one_refresh_runs(clock: list[float]) -> None:
    gate, begun = asyncio.Event(), asyncio.Event()
    runs = 0

    @cached(ttl=1, stale=10)
    async def number() -> int:
        nonlocal runs
        runs += 1
        if runs > 1:
            begun.set()
            await gate.wait()
        return runs

    assert await number() == 1
    clock[0] = 2
    refreshing = asyncio.ensure_future(number())
    await begun.wait()
    assert await number() == 1 and runs == 2
    clock[0] = 20
    late = asyncio.ensure_future(number())
    gate.set()
    assert await refreshing == await late == 2 == await number()


def test_j9_an_unknown_profile_is_an_error() -> None:
    with pytest.raises(ValueError, match="ttl='fortnight': seconds, or one of seconds, minutes"):
        cached(ttl="fortnight")(lambda: 1)
    assert PROFILES["max"] is None


async def test_j5_debug_mode_says_when_load_does_not_run(caplog: pytest.LogCaptureFixture) -> None:
    pages = Pages()
    rows: list[str] = []

    @pages.page("/")
    class Rows(Page):
        template = "rows.html"
        rows: tuple[str, ...] = loaded()

        async def load(self) -> None:
            self.rows = tuple(rows)

        @action
        async def quiet(self) -> None:
            rows.append("unseen")

        @action
        async def loud(self) -> None:
            rows.append("seen")
            refresh()

    button = '<button form="live" formaction="{{ %s }}">%s</button>'
    template = (
        "<title>T</title><p>{{ rows|length }}</p>" + button % (("quiet",) * 2) + button % (("loud",) * 2)
    )
    async with Browser(small_app(pages, {"rows.html": template}, debug=True)) as browser:
        page = await browser.open("/")
        with caplog.at_level("INFO", "liveactions"):
            await page.click("loud")
            await page.click("quiet")
            await page.click("quiet")
        assert page.text("p") == "1"
    said = [record.message for record in caplog.records if "load()" in record.message]
    assert len(said) == 1 and said[0].split(" changed")[0].endswith("Rows.quiet")
