"""A scope: guards, dependencies, the action, `load`, what is kept and what goes back."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, TypeAdapter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from liveactions.actions.decorator import action
from liveactions.actions.form_input import NO_INPUT, Input
from liveactions.actions.markers import Bound, Depends
from liveactions.actions.responses import forbidden, not_found, redirect, unauthorized
from liveactions.exceptions import ActionError, ActionTimeout
from liveactions.execution.run import PageRun
from liveactions.pages.component import Component, describe
from liveactions.pages.description import every
from liveactions.pages.fields import InUrl, loaded
from liveactions.pages.page import Page, register_page
from liveactions.types import Failed, Ok, RedirectTo
from tests.support.pages import call, failure, new, opened, refresh, success
from tests.support.patience import PATIENCE

journal: list[str] = []


@pytest.fixture(autouse=True)
def empty_journal() -> None:
    journal.clear()


def write(text: str) -> None:
    journal.append(text)


# Load


class Note(BaseModel):
    text: str = ""


@dataclass
class Box:
    items: list[int] = field(default_factory=list)


class Loading(Page):
    number: int = 0
    texts: list[str] = []
    names: dict[str, int] = {}
    note: Note = Note()
    boxes: list[Box] = [Box()]
    pair: tuple[int, ...] = (1, 2)
    total: int = loaded()
    _memo: int = 0

    async def load(self) -> None:
        write("load")
        self.total = self.number

    @action
    async def nothing(self) -> None: ...

    @action
    async def change(self, what: Bound[str]) -> None:
        match what:
            case "number":
                self.number += 1
            case "same":
                self.number = int(str(self.number))
            case "append":
                self.texts.append("x")
            case "key":
                self.names["x"] = 1
            case "model":
                self.note.text = "x"
            case "deep":
                self.boxes[0].items.append(1)
            case "pair":
                self.pair = (*self.pair, 3)
            case "loaded":
                self.total = 99
            case "private":
                self._memo += 1


@pytest.mark.parametrize(
    ("what", "loads"),
    [
        *[(name, 1) for name in ("number", "append", "key", "model", "deep", "pair")],
        *[(name, 0) for name in ("same", "loaded", "private")],
    ],
)
async def test_load_runs_when_a_state_field_changed(what: str, loads: int) -> None:
    page = await opened(Loading)
    assert journal == ["load"]
    await call(page, page.change.bind(what))
    assert len(journal) == 1 + loads
    await call(page, page.nothing)
    assert len(journal) == 1 + loads


async def test_a_change_is_not_forgotten_when_another_scope_loads() -> None:
    page = await opened(Loading)
    await PageRun(page).call(page.change.bind("number"))
    await PageRun(page).call(page.nothing)
    assert await refresh(page) is None
    assert (journal, page.total) == (["load", "load"], 1)


class Row(Component):
    name: str = ""
    shown: str = loaded()

    async def mount(self) -> None:
        write(f"mount {self.name}")

    async def load(self) -> None:
        write(f"load {self.name}")
        self.shown = self.name.upper()

    @action
    async def rename(self, name: Bound[str]) -> None:
        self.name = name


class Rows(Page):
    filter: str = ""
    first: Row = Row(name="a")
    rows: list[Row] = []

    async def load(self) -> None:
        write("load page")
        if self.filter:
            self.first.name = self.filter

    @action
    async def search(self, filter: Bound[str]) -> None:
        self.filter = filter

    @action
    async def add(self, name: Bound[str]) -> None:
        self.rows.append(Row(name=name))


async def test_components_are_mounted_and_loaded_outside_in() -> None:
    await opened(Rows)
    assert journal == ["mount a", "load page", "load a"]


async def test_a_changed_component_loads_alone() -> None:
    page = await opened(Rows)
    page.rows = [Row(name="b")]
    await refresh(page)
    journal.clear()
    await call(page, page.rows[0].rename.bind("c"))
    assert journal == ["load c"]


async def test_what_a_page_gives_its_components_is_loaded() -> None:
    page = await opened(Rows)
    journal.clear()
    await call(page, page.search.bind("z"))
    assert (journal, page.first.shown) == (["load page", "load z"], "Z")


async def test_a_new_component_is_mounted() -> None:
    page = await opened(Rows)
    journal.clear()
    await call(page, page.add.bind("n"))
    assert journal == ["load page", "mount n", "load n"]
    assert page.rows[0].shown == "N"


async def test_hooks_are_given_what_they_ask_for() -> None:
    class Room(Page):
        room: str = ""
        seen: str = ""

        async def mount(self, request: Request, room: str, page: int = 1) -> None:
            self.seen = f"{request.url.path} {room} {page}"

    register_page(Room, "/{room}")
    page = new(Room, "http://testserver/r?page=2")
    assert page.live.request is not None
    page.live.request.scope["path_params"] = {"room": "r"}
    assert await PageRun(page).mount() is None
    assert page.seen == "/page r 2"


async def test_sync_hooks_and_actions_run_in_a_thread() -> None:
    class Sync(Page):
        threads: int = 0

        def mount(self) -> None:
            self.threads += threading.current_thread() is not threading.main_thread()

        @action
        def act(self) -> str:
            self.threads += threading.current_thread() is not threading.main_thread()
            return "done"

    page = await opened(Sync)
    assert ((await success(page, page.act)).result, page.threads) == ("done", 2)


# Errors


class Failing(Page):
    number: int = 0
    text: str = "before"
    items: list[int] = [1]
    names: dict[str, int] = {"a": 1}
    tags: set[str] = {"a"}
    note: Note = Note()
    row: Row = Row(name="row")
    shown: list[int] = loaded()

    async def load(self) -> None:
        self.shown = list(self.items)

    @action
    async def act(self, how: Bound[str], title: str = "") -> Any:
        same = self.items
        self.number, self.text = 1, "after"
        self.items.append(2)
        self.names.clear()
        self.tags.add("b")
        self.note.text = "after"
        self.row.name = "after"
        assert same is self.items
        match how:
            case "crash":
                raise RuntimeError("secret <text>")
            case "public":
                raise ActionError("No", status=409)
            case "field":
                raise ActionError("No", field="title", errors={"other": "Neither"})
            case "invalid":
                TypeAdapter(dict[str, int]).validate_python({"a": "x"})
            case "unserialisable":
                return object()
            case "redirect":
                return redirect("?q=1")
            case "raised":
                raise redirect("/x", replace=True)
            case "grouped":
                raise BaseExceptionGroup("several", [ValueError(), redirect("/grouped")])
            case "foreign":
                return redirect("https://evil.example/")
            case "external":
                return redirect("https://example.org/", external=True)
            case "not found":
                return not_found("No such thing")
            case "forbidden":
                raise forbidden()
            case "http":
                raise HTTPException(418, "Teapot")
            case "http redirect":
                raise HTTPException(303, headers={"Location": "/login"})
            case "response":
                return PlainTextResponse("file", 201)
            case "exit":
                raise SystemExit
        return None


def state(page: Failing) -> tuple[Any, ...]:
    return page.number, page.text, page.items, page.names, page.tags, page.note.text, page.row.name


BEFORE: tuple[Any, ...] = (0, "before", [1], {"a": 1}, {"a"}, "", "row")
AFTER: tuple[Any, ...] = (1, "after", [1, 2], {}, {"a", "b"}, "after", "after")


@pytest.mark.parametrize("how", ["crash", "unserialisable", "foreign", "invalid"])
async def test_after_an_exception_everything_is_as_before(how: str) -> None:
    page = await opened(Failing)
    items = page.items
    outcome = await failure(page, page.act.bind(how), {"title": "typed"})
    assert outcome.status == 500
    assert state(page) == BEFORE
    assert (page.items is items, page.shown) == (True, [1])
    ref = page.act.bind(how)
    assert (ref.ok, ref.error, ref.values["title"]) == (False, outcome.message, "typed")


async def test_an_exception_is_told_to_the_log_alone(caplog: pytest.LogCaptureFixture) -> None:
    page = await opened(Failing)
    with caplog.at_level(logging.ERROR, "liveactions"):
        outcome = await failure(page, page.act.bind("crash"))
    id = outcome.id
    assert outcome == Failed(500, f"Something went wrong ({id}).", id=id, error=outcome.error)
    (record,) = caplog.records
    assert id in record.message and "Failing.act" in record.message
    assert record.exc_info and "secret" in str(record.exc_info[1])


async def test_debug_tells_the_exception() -> None:
    page = await opened(Failing, debug=True)
    outcome = await failure(page, page.act.bind("crash"))
    assert outcome.message == "RuntimeError: secret <text>"
    assert outcome.debug is not None and "in act" in outcome.debug.traceback


@pytest.mark.parametrize(
    ("how", "failed"),
    [("public", Failed(409, "No")), ("field", Failed(422, "", {"title": "No", "other": "Neither"}))],
)
async def test_an_error_for_the_person_keeps_the_state(how: str, failed: Failed) -> None:
    page = await opened(Failing)
    outcome = await failure(page, page.act.bind(how))
    assert outcome == replace(failed, error=outcome.error)
    assert state(page) == AFTER
    assert page.act.bind(how).error == failed.message


@pytest.mark.parametrize(
    ("how", "target"),
    [
        ("redirect", RedirectTo("/page?q=1")),
        ("raised", RedirectTo("/x", replace=True)),
        ("grouped", RedirectTo("/grouped")),
        ("external", RedirectTo("https://example.org/", external=True)),
        ("http redirect", RedirectTo("/login")),
    ],
)
async def test_leaving_is_success(how: str, target: RedirectTo) -> None:
    page = await opened(Failing)
    outcome = await call(page, page.act.bind(how))
    assert outcome == target
    assert state(page) == AFTER
    assert not page.act.bind(how).ok


@pytest.mark.parametrize(
    ("how", "status", "text"),
    [("not found", 404, "No such thing"), ("forbidden", 403, "Forbidden"), ("http", 418, "Teapot")],
)
async def test_statuses(how: str, status: int, text: str) -> None:
    page = await opened(Failing)
    outcome = await failure(page, page.act.bind(how))
    assert outcome == Failed(status, text, headers=outcome.headers)


async def test_a_response_is_handed_on() -> None:
    page = await opened(Failing)
    outcome = await success(page, page.act.bind("response"))
    assert outcome.response is not None
    assert (outcome.response.status_code, outcome.response.body) == (201, b"file")


async def test_the_process_may_still_end() -> None:
    page = await opened(Failing)
    with pytest.raises(SystemExit):
        await call(page, page.act.bind("exit"))


async def test_a_load_that_fails_or_leaves() -> None:
    class Bad(Page):
        how: InUrl[str] = "crash"

        async def load(self) -> None:
            if self.how == "crash":
                raise RuntimeError
            raise not_found()

    page = new(Bad)
    problem = await refresh(page)
    assert isinstance(problem, Failed) and problem.status == 500
    page.how = "leave"
    problem = await refresh(page)
    assert isinstance(problem, Failed) and problem.status == 404


# Time


released = threading.Event()
"""Ends the thread of `Slow.block`."""


class Slow(Page):
    number: int = 0

    @action(timeout=0.01)
    async def wait(self) -> None:
        self.number = 1
        await asyncio.Event().wait()

    @action(timeout=0.01)
    async def clean(self) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            write("cleaned")

    @action(timeout=1.0)  # its thread has begun by then
    def block(self) -> None:
        self.number = 1
        released.wait(PATIENCE)

    @action
    async def own(self) -> None:
        raise TimeoutError

    @action(timeout=5)
    async def quick(self) -> str:
        await asyncio.sleep(0)
        task = asyncio.create_task(asyncio.sleep(0, "done"))
        return await task


async def test_a_slow_action_is_cancelled() -> None:
    page = await opened(Slow)
    outcome = await failure(page, page.wait)
    assert isinstance(outcome.error, ActionTimeout)
    assert (outcome.status, outcome.error.abandoned, page.number) == (504, False, 0)
    await call(page, page.clean)
    assert journal == ["cleaned"]


@pytest.mark.slow
async def test_a_slow_sync_action_is_abandoned() -> None:
    page = await opened(Slow)
    outcome = await failure(page, page.block)
    assert isinstance(outcome.error, ActionTimeout)
    assert (outcome.status, outcome.error.abandoned) == (504, True)
    released.set()


async def test_other_timeouts_are_the_actions_own() -> None:
    page = await opened(Slow)
    assert (await failure(page, page.own)).status == 500
    assert (await success(page, page.quick)).result == "done"


async def test_a_cancelled_scope_rolls_back_and_says_so() -> None:
    page = await opened(Slow)
    task = asyncio.create_task(call(page, page.wait))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert page.number == 0


# Dependencies and guards


async def session() -> AsyncIterator[str]:
    write("open")
    try:
        yield "session"
    except BaseException as error:
        write(f"roll back {type(error).__name__}")
        raise
    else:
        write("commit")


def thread_session(outer: Annotated[str, Depends(session)]) -> Iterator[str]:
    write("open inner")
    try:
        yield f"{outer} inner"
    finally:
        write("close inner")


def user(request: Request) -> str:
    return request.headers["host"]


class Config:
    def __init__(self, request: Request) -> None:
        self.path = request.url.path


async def guarded(request: Request) -> None:
    write("guard")
    if request.headers.get("x-stranger"):
        raise unauthorized()


DB = Annotated[str, Depends(session)]


class Shop(Page):
    state: int = 0
    shown: str = loaded()

    async def load(self, db: DB) -> None:
        write("load")
        self.shown = db

    @action
    async def act(self, db: DB, inner: Annotated[str, Depends(thread_session)], how: str = "") -> Any:
        write("act")
        self.state += 1
        if how == "fail":
            raise ActionError("No")
        if how == "crash":
            raise RuntimeError
        if how == "leave":
            return redirect("/x")
        return [db, inner]

    @action
    async def plain(
        self, who: Annotated[str, Depends(user)], config: Annotated[Config, Depends(Config)]
    ) -> Any:
        return [who, config.path]

    @action(guard=guarded)
    async def secured(self, n: int) -> None:
        write("act")


async def test_dependencies_are_open_until_the_render_and_shared() -> None:
    page = await opened(Shop)
    journal.clear()
    scope = PageRun(page)
    outcome = await scope.call(page.act)
    assert isinstance(outcome, Ok) and outcome.result == ["session", "session inner"]
    assert await scope.load() is None
    assert journal == ["open", "open inner", "act", "load"]
    assert await scope.close(outcome) is outcome
    assert journal[4:] == ["close inner", "commit"]


@pytest.mark.parametrize(("how", "error"), [("fail", "ActionError"), ("crash", "RuntimeError")])
async def test_dependencies_see_an_error_and_load_gets_new_ones(how: str, error: str) -> None:
    page = await opened(Shop)
    page._live_record.stale = True
    journal.clear()
    await call(page, page.act, {"how": how})
    assert journal == [
        "open",
        "open inner",
        "act",
        "close inner",
        f"roll back {error}",
        "open",
        "load",
        "commit",
    ]


async def test_leaving_commits() -> None:
    page = await opened(Shop)
    journal.clear()
    scope = PageRun(page)
    outcome = await scope.call(page.act, Input([("how", "leave")]))
    await scope.close(outcome)
    assert journal[-1] == "commit"


async def test_values_of_functions_and_classes() -> None:
    page = await opened(Shop)
    assert (await success(page, page.plain)).result == ["testserver", "/page"]


async def test_overrides() -> None:
    page = await opened(Shop)
    page.live.services.dependency_overrides[user] = lambda: "tester"
    assert (await success(page, page.plain)).result[0] == "tester"


async def test_a_failing_commit_takes_everything_back() -> None:
    async def unlucky() -> AsyncIterator[None]:
        yield
        raise RuntimeError("no commit")

    class Unlucky(Page):
        number: int = 0

        @action
        async def act(self, db: Annotated[None, Depends(unlucky)]) -> None:
            self.number = 1

    page = await opened(Unlucky)
    outcome = await failure(page, page.act)
    assert (outcome.status, page.number) == (500, 0)


async def test_guards_run_before_validation() -> None:
    page = await opened(Shop)
    assert page.live.request is not None
    assert (await failure(page, page.secured)).status == 422
    assert journal[-1] == "guard"
    page.live.request.scope["headers"].append((b"x-stranger", b"1"))
    page.live.request = Request(page.live.request.scope)
    assert (await failure(page, page.secured)).status == 401


@pytest.mark.parametrize("where", ["application", "page"])
async def test_guards_stand_before_everything(where: str) -> None:
    def closed() -> Any:
        write("guard")
        return redirect("/login")

    class Secret(Page):
        @action
        async def act(self) -> None:
            write("act")

        @every(1)
        async def tick(self) -> None:
            write("tick")

        async def mount(self) -> None:
            write("mount")

    register_page(Secret, "/secret", [Depends(closed)] if where == "page" else [])
    page = new(Secret, guards=(Depends(closed),) if where == "application" else ())
    timer = describe(Secret).timers[0]
    outcomes = [
        await PageRun(page).guard(),
        await PageRun(page).mount(),
        await PageRun(page).call(page.act),
        await PageRun(page).validate(page.act, NO_INPUT, ["x"]),
        await PageRun(page).run_timer(timer.function),
    ]
    assert outcomes == [RedirectTo("/login")] * 5
    assert journal == ["guard"] * 5


@pytest.mark.parametrize("where", ["page", "action"])
async def test_a_guard_that_returns_false_accepts_nobody(
    where: str, caplog: pytest.LogCaptureFixture
) -> None:
    def is_admin() -> bool:
        return False

    class Secret(Page):
        @action(guard=is_admin if where == "action" else [])
        async def act(self) -> None:
            write("act")

    register_page(Secret, "/false", [Depends(is_admin)] if where == "page" else [])
    page = new(Secret)
    assert (await failure(page, page.act)).status == 500
    assert "is_admin has returned False: raise forbidden()" in caplog.text
    assert journal == []


async def test_dependencies_take_path_and_query_by_name() -> None:
    def member(room: str, level: int = 1) -> str:
        return f"{room} {level}"

    class Room(Page):
        room: str = ""

        @action
        async def act(self, who: Annotated[str, Depends(member)]) -> str:
            return who

    page = new(Room, "http://testserver/r?level=3")
    assert page.live.request is not None
    page.live.request.scope["path_params"] = {"room": "r"}
    assert (await success(page, page.act)).result == "r 3"


async def test_the_marker_of_fastapi_is_known_by_its_looks() -> None:
    marker = type(
        "Depends", (), {"__module__": "fastapi.params", "dependency": staticmethod(user), "use_cache": True}
    )

    async def act(self: Any, who: str) -> str:
        return who

    act.__annotations__["who"] = Annotated[str, marker()]
    cls = type("Fast", (Page,), {"act": action(act), "__module__": __name__})
    page: Any = await opened(cls)
    assert (await success(page, page.act)).result == "testserver"


# Timers and generators


async def test_timers_are_described_and_run_as_ops() -> None:
    class Clock(Page):
        ticks: int = 0

        @every(0.5)
        async def tick(self, who: Annotated[str, Depends(user)]) -> None:
            self.ticks += 1

        @every(2)
        async def crash(self) -> None:
            self.ticks = 99
            raise RuntimeError

    page = await opened(Clock)
    tick, crash = describe(Clock).timers
    assert (tick.name, tick.seconds, crash.seconds) == ("tick", 0.5, 2.0)
    assert (await PageRun(page).run_timer(tick.function, page)).ok
    assert not (await PageRun(page).run_timer(crash.function, page)).ok
    assert page.ticks == 1


@pytest.mark.parametrize("seconds", [0, -1, 0.001, float("nan")])
def test_timers_have_a_pace(seconds: float) -> None:
    with pytest.raises(ValueError, match="at least|must be positive"):
        every(seconds)


async def test_hooks_of_the_connection() -> None:
    class Room(Page):
        row: Row = Row()

        async def connected(self) -> None:
            write("connected")

    page = await opened(Room)
    journal.clear()
    assert await PageRun(page).run_hook("connected") is None
    assert await PageRun(page).run_hook("closed") is None
    assert journal == ["connected"]


async def test_what_a_generator_yields_last_is_its_result() -> None:
    class Steps(Page):
        step: int = 0

        @action
        async def run(self) -> AsyncIterator[int]:
            for self.step in range(3):
                yield self.step

    page = await opened(Steps)
    assert ((await success(page, page.run)).result, page.step) == (2, 2)
