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
    Draft,
    Event,
    InUrl,
    Live,
    Page,
    Pages,
    Prev,
    Rendered,
    action,
    button,
    every,
    file,
    forbidden,
    form_state,
    in_url,
    loaded,
    not_found,
    presence,
    present,
    redirect,
    render,
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


class Note(BaseModel):
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
    drafts: list[Note] = []
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
    async def save_draft(self, id: Bound[int], draft: Note, form: FormData, event: Event) -> str:
        if not self.open:
            raise forbidden()
        raise ActionError("No", field="title", status=409)

    @save_draft.validate
    async def title_is_free(self, draft: Note) -> None:
        if draft.title == "taken":
            raise ValueError("taken")

    @action
    async def upload(self, before: Prev[int], file: UploadFile | None, more: list[UploadFile]) -> int:
        return (before or 0) + len(more)

    @action
    async def attach(
        self,
        photo: Annotated[UploadFile, file(max_size=2**20, types=["image/*"])],
        papers: list[Annotated[UploadFile, file(types=[".pdf"])]],
    ) -> str:
        return photo.filename or str(len(papers))

    @action
    async def add_row(self, note: Draft[Note]) -> None:
        note["items"].append({})

    @action(initial=[""], reset=False, max_body=2**21)
    async def talk(self, before: Prev[list[str]], text: str) -> list[str]:
        return [*(before or []), text]

    @action
    async def leave(self) -> Any:
        if self.q:
            return redirect("/x", replace=True)
        return not_found() if self.open else unauthorized()

    @every(1.0)
    async def tick(self, db: DB) -> None:
        self.number += 1


@dataclass(frozen=True)
class Guest:
    id: int
    name: str


async def guest(request: Request) -> Guest | None:
    return None


@live.page("/presence/{id}")
class Presence(Page):
    template = "presence.html"
    id: int
    guests = presence("room:{id}", guest, key=lambda guest: guest.id)
    users = presence("site", current_user)
    ids = presence("room:{id}", "id", key=str)
    everybody: tuple[Guest, ...] = loaded()

    async def load(self) -> None:
        self.everybody = await present("room:{id}")


async def used_presence(page: Presence) -> None:
    assert_type(page.guests, tuple[Guest, ...])
    assert_type(page.users, tuple[str, ...])
    assert_type(page.ids, tuple[Any, ...])
    presence("room", guest, key=lambda guest: guest.nothing)  # type: ignore[attr-defined]
    presence("room", 3)  # type: ignore[call-overload]
    await present(3)  # type: ignore[arg-type]


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
    page.turn.reset()
    for row in page.save_draft.rows("items", [1, 2]):
        print(row.name, row.index, row.initial, row.field("name").error)
    print(button(page.turn.bind(2), "Turn", class_="small"), form_state())


@action
async def subscribe(email: str) -> str:
    return email


@live.page("/function/{id}", guard=current_user)
async def function(id: int, request: Request, db: DB, q: InUrl[str] = "") -> Rendered:
    """A page that is a function."""
    found = await db.find(q)

    @action
    async def comment(text: str, db: DB) -> str:
        return (await db.find(text))[0]

    @comment.validate
    async def is_kind(text: str) -> None:
        if text == "unkind":
            raise ValueError("Be kind")

    if not found:
        raise not_found()
    assert_type(await comment("x", db), str)
    return render("function.html", id=id, found=found, comment=comment, subscribe=subscribe)


@pages.page("/sync")
def sync_function(q: str = "") -> Rendered:
    return render("function.html", q=q)


@pages.page("/moved", guard=[current_user])
async def moved() -> Any:
    return redirect("/sync")


async def used_functions(request: Request, db: Session) -> None:
    assert_type(function.url(id=1, q="x"), str)
    assert_type(await function(1, request, db), Rendered)
    assert_type((await function(1, request, db, q="x")).template, str)
    assert_type(await subscribe("x"), str)
    await function("1", request, db)  # type: ignore[arg-type]
    await function(1)  # type: ignore[call-arg]
    await subscribe(1)  # type: ignore[arg-type]
    live.page("/wrong")(3)  # type: ignore[call-overload]


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
