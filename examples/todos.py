"""TodoMVC (https://todomvc.com) with its markup and all of its behaviour, without JavaScript too."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from secrets import token_urlsafe
from typing import Annotated, Any, Literal

from pydantic import BaseModel, StringConstraints, TypeAdapter, ValidationError
from starlette.requests import Request

from liveactions import Bound, Event, Page, Pages, action, in_url, loaded

pages = Pages()

Filter = Literal["all", "active", "completed"]
Title = Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000)]

database = sqlite3.connect(Path(__file__).with_suffix(".db"), isolation_level=None, check_same_thread=False)
database.executescript("""
    PRAGMA journal_mode = WAL;
    CREATE TABLE IF NOT EXISTS todo (
        id INTEGER PRIMARY KEY,
        visitor TEXT NOT NULL,
        title TEXT NOT NULL,
        completed INTEGER NOT NULL DEFAULT FALSE
    );
    CREATE INDEX IF NOT EXISTS todo_visitor ON todo (visitor);
""")


class Kept(BaseModel):
    """A todo as the browser keeps it."""

    title: Title
    completed: bool = False


KEPT = TypeAdapter(list[Kept])


@dataclass(frozen=True)
class Todo:
    id: int
    title: str
    completed: bool


@pages.page("/todos")
class Todos(Page):
    """One visitor's list, known by a cookie. Which todo is being edited is the page's own affair."""

    template = "todos.html"
    filter: Annotated[Filter, in_url(push=True)] = "all"
    visitor: str = ""
    editing: int | None = None
    todos: list[Todo] = loaded()
    shown: list[Todo] = loaded()
    kept: list[dict[str, Any]] = loaded()
    left: int = loaded()

    async def mount(self, request: Request) -> None:
        self.visitor = request.session.setdefault("visitor", token_urlsafe())

    async def load(self) -> None:
        rows = database.execute(
            "SELECT id, title, completed FROM todo WHERE visitor = ? ORDER BY id", [self.visitor]
        )
        self.todos = [Todo(id, title, bool(completed)) for id, title, completed in rows]
        wanted = {"all": (False, True), "active": (False,), "completed": (True,)}[self.filter]
        self.shown = [todo for todo in self.todos if todo.completed in wanted]
        self.kept = [{"title": todo.title, "completed": todo.completed} for todo in self.todos]
        self.left = sum(not todo.completed for todo in self.todos)

    async def _write(self, sql: str, *values: object) -> None:
        """Run one statement, whose last parameter is the visitor, and show the list as it is then."""
        database.execute(sql, [*values, self.visitor])
        await self.load()

    @action
    async def add(self, title: Title = "") -> None:
        if title:
            await self._write("INSERT INTO todo (title, visitor) VALUES (?, ?)", title)

    @action
    async def toggle(self, id: Bound[int], completed: bool = False) -> None:
        await self._write("UPDATE todo SET completed = ? WHERE id = ? AND visitor = ?", completed, id)

    @action
    async def toggle_all(self, completed: bool = False) -> None:
        await self._write("UPDATE todo SET completed = ? WHERE visitor = ?", completed)

    @action
    async def edit(self, id: Bound[int]) -> None:
        self.editing = id

    @action
    async def save(self, id: Bound[int], title: Title = "") -> None:
        if id != self.editing:
            return  # Enter has saved it, or Escape has not: the blur that follows has nothing to do
        self.editing = None
        if title:
            await self._write("UPDATE todo SET title = ? WHERE id = ? AND visitor = ?", title, id)
        else:
            await self._write("DELETE FROM todo WHERE id = ? AND visitor = ?", id)

    @action
    async def cancel(self) -> None:
        self.editing = None

    @action
    async def remove(self, id: Bound[int]) -> None:
        await self._write("DELETE FROM todo WHERE id = ? AND visitor = ?", id)

    @action
    async def clear_completed(self) -> None:
        await self._write("DELETE FROM todo WHERE completed AND visitor = ?")

    @action
    async def restore(self, event: Event) -> None:
        """Take over the list that the browser has kept, if the server has none. Other data is ignored."""
        await self.load()
        try:
            kept = [(todo.title, todo.completed, self.visitor) for todo in KEPT.validate_python(event.detail)]
        except ValidationError:
            return
        if not self.todos:
            database.executemany("INSERT INTO todo (title, completed, visitor) VALUES (?, ?, ?)", kept)
            await self.load()
