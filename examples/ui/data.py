"""The part of the gallery that shows data: a table, a tree, charts, code and Markdown."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Annotated

from markupsafe import Markup

from liveactions import Component, InUrl, action, in_url, loaded, ui


@dataclass(frozen=True)
class Book:
    id: int
    title: str
    author: str
    year: int
    copies: int


@dataclass(frozen=True)
class Entry:
    id: str
    children: tuple[Entry, ...] = ()


WHO = (
    "The Gardener,The Pilot,The Clockmaker,A Sailor,The Astronomer,Two Painters,The Librarian,A Baker".split(
        ","
    )
)
WHERE = "in Winter,of Trieste,at Sea,on the Hill,of the North,in the Rain,at Midnight".split(",")
AUTHORS = "Ada Costa,Bram Dahl,Cleo Evers,Dario Greco,Elif Holm".split(",")
BOOKS = tuple(
    Book(n + 1, f"{WHO[n % 8]} {WHERE[n % 7]}", AUTHORS[n * 3 % 5], 1950 + n * 29 % 73, n * 7 % 9)
    for n in range(56)
)
COLUMNS = (
    ui.Column("title", "Title"),
    ui.Column("author", "Author"),
    ui.Column("year", "Year", numeric=True),
    ui.Column("copies", "Copies", numeric=True),
)
FILES = (
    Entry("docs", (Entry("guide.md"), Entry("images", (Entry("logo.svg"), Entry("map.png"))))),
    Entry("templates", (Entry("base.html"), Entry("books.html"))),
    Entry("app.py"),
)
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
TEXT = """\
Books that were lent are **due after four weeks**. Please

1. bring them to the desk, or
2. [extend the loan](https://example.com/loans) before that.

> A fine of 10 ¢ a day is charged for late books.

| Card | Books |
|---|---|
| Child | 5 |
| Adult | 12 |
"""


class Data(Component):
    template = "ui/data.html"
    q: InUrl[str] = ""
    sort: InUrl[str] = "title"
    page: Annotated[int, in_url(push=True)] = 1
    gone: tuple[int, ...] = ()
    loans: tuple[int, ...] = (310, 280, 334, 296, 251, 190, 163, 148, 270, 342, 361, 247)
    books: ui.Rows[Book] = loaded()
    added: int = 0

    def load(self) -> None:
        books = [book for book in BOOKS if book.id not in self.gone]
        self.books = ui.rows(books, COLUMNS, sort=self.sort, page=self.page, q=self.q, size=8, prefix="data.")

    @action(concurrency="latest", reset=False)
    async def search(self, q: str = "") -> None:
        self.q, self.page = q, 1

    @action
    async def remove(self, ids: tuple[int, ...] = ()) -> None:
        self.gone += ids

    @action
    async def add_file(self) -> None:
        self.added += 1

    @action
    async def lend(self) -> None:
        self.loans = (*self.loans[:-1], self.loans[-1] + 9)

    @property
    def files(self) -> tuple[ui.Node[Entry], ...]:
        added = tuple(Entry(f"note-{number}.txt") for number in range(1, self.added + 1))
        return ui.tree((*FILES, Entry("notes", added)) if added else FILES)

    @property
    def by_month(self) -> ui.Chart:
        return ui.chart("bar", MONTHS, {"Loans": self.loans})

    @property
    def by_year(self) -> ui.Chart:
        books = [17, 21, 19, 26, 31, 30, 38, 41, 47, 45, 52, 58]
        films = [33, 31, 34, 29, 28, 24, 25, 19, 17, 14, 12, 11]
        return ui.chart("line", range(2015, 2027), {"Books": books, "Films": films}, format="{} k")

    @property
    def visitors(self) -> ui.Chart:
        counts = [30, 45, 80, 120, 140, 135, 150, 180, 210, 160, 90, 40]
        return ui.chart("area", [f"{hour}:00" for hour in range(9, 21)], {"Visitors": counts})

    @property
    def trend(self) -> ui.Chart:
        return ui.sparkline(self.loans)

    @property
    def source(self) -> str:
        return inspect.getsource(Entry)

    @property
    def highlighted(self) -> Markup:
        return ui.highlight(self.source, "python")

    @property
    def text(self) -> Markup:
        return ui.markdown(TEXT)
