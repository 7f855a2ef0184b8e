"""A small application that uses all of the model; `mypy --strict` accepts it, but for the marked lines."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, ClassVar, Generic, TypeVar, assert_type

from pydantic import BaseModel, Field
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

from liveactions import (
    ActionError,
    Bound,
    Component,
    Depends,
    Event,
    InUrl,
    Live,
    Page,
    Pages,
    Prev,
    action,
    every,
    forbidden,
    in_url,
    loaded,
    not_found,
    redirect,
    unauthorized,
)

Row = TypeVar("Row")
pages = Pages()
live = Live(templates="templates")


class Session:
    async def find(self, text: str) -> list[str]:
        return [text]


async def session() -> AsyncIterator[Session]:
    yield Session()


def current_user(request: Request) -> str:
    return request.headers["user"]


DB = Annotated[Session, Depends(session)]
User = Annotated[str, Depends(current_user)]


@dataclass(frozen=True)
class Person:
    id: int
    name: str


class Draft(BaseModel):
    title: Annotated[str, Field(min_length=1)]
    due: date | None = None


class Table(Component, Generic[Row]):
    template = "table.html"
    columns: ClassVar[Sequence[str]] = ()
    sort: str = "id"
    rows: Sequence[Row] = loaded()

    async def load(self) -> None:
        self.rows = []

    @action
    async def sort_by(self, column: Bound[str]) -> None:
        self.sort = column


class People(Table[Person]):
    columns = ("id", "name")


@action
async def add_to_cart(page: Page, id: Bound[int], count: int = 1) -> str:
    return f"{count} of {id} for {page.request.url.path}"


@pages.page("/search/{room}")
class Search(Page):
    template = "search.html"
    actions = [add_to_cart]
    room: str
    q: InUrl[str] = ""
    number: Annotated[int, in_url(push=True)] = 1
    open: bool = False
    drafts: list[Draft] = []
    people: People = People(sort="name")
    others: Table[Person] = Table(sort="id")
    tables: dict[str, Table[Person]] = {}
    hits: list[str] = loaded()
    _client: Any = None

    async def mount(self, request: Request, user: User) -> None:
        self.q = request.url.path + user

    async def load(self, db: DB) -> None:
        self.hits = await db.find(self.q)

    async def connected(self) -> None: ...

    async def disconnected(self) -> None: ...

    async def closed(self) -> None: ...

    @action
    async def turn(self, by: int = 1) -> int:
        self.number += by
        return self.number

    @action
    def turn_back(self) -> None:
        self.number -= 1

    @action(guard=current_user, timeout=5, id="save", aliases=["store"], validate=True)
    async def save_draft(self, id: Bound[int], draft: Draft, form: FormData, event: Event) -> str:
        if not self.open:
            raise forbidden()
        raise ActionError("No", field="title", status=409)

    @save_draft.validate
    async def title_is_free(self, draft: Draft) -> None:
        if draft.title == "taken":
            raise ValueError("taken")

    @action
    async def upload(self, before: Prev[int], file: UploadFile | None, more: list[UploadFile]) -> int:
        return (before or 0) + len(more)

    @action
    async def leave(self) -> Any:
        if self.q:
            return redirect("/x", replace=True)
        return not_found() if self.open else unauthorized()

    @every(1.0)
    async def tick(self, db: DB) -> None:
        self.number += 1


async def used() -> None:
    page = Search(room="a", q="x", people=People(sort="id"))
    assert_type(await page.turn(2), int)
    assert_type(page.turn_back(), None)
    assert_type(page.q, str)
    assert_type(page.hits, list[str])
    assert_type(page.others.rows, Sequence[Person])
    assert_type(await add_to_cart(page, 3), str)
    assert_type(Search.url(room="a", q="b"), str)
    assert_type(page.request, Request)
    await page.people.sort_by("name")
    await page.tables["a"].sort_by(column="name")
    ref = page.turn.bind(2)
    print(ref.url(), ref.ok, ref.error, ref.errors["by"], ref.result, ref.values, ref.field("by", 1).value)
    print(page.live.path)


async def wrong() -> None:
    page = Search(room="a")
    Search()  # type: ignore[call-arg]
    Search(room=1)  # type: ignore[arg-type]
    Search(room="a", other=1)  # type: ignore[call-arg]
    Search(room="a", hits=[])  # type: ignore[call-arg]
    People(sort=1)  # type: ignore[arg-type]
    await page.turn("2")  # type: ignore[arg-type]
    await page.turn(2, 3)  # type: ignore[call-arg]
    await page.people.sort_by()  # type: ignore[call-arg]
    await add_to_cart(page, "3")  # type: ignore[arg-type]
    page.number = "1"  # type: ignore[assignment]
    page.people = Table[Person]()  # type: ignore[assignment]


@live.page("/counter")
class Counter(Page):
    template = "counter.html"
    count: int = 0

    @action
    async def add(self, by: int = 1) -> None:
        self.count += by


live.include(pages)
assert_type(Counter(count=2).count, int)
