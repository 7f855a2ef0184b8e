"""The page of js-framework-benchmark: its markup, its data, its rules for keyed implementations."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import choice

from liveactions import Bound, InUrl, Page, Pages, action

pages = Pages()

ADJECTIVES = (
    "pretty large big small tall short long handsome plain quaint clean elegant easy angry crazy helpful "
    "mushy odd unsightly adorable important inexpensive cheap expensive fancy"
).split()
COLOURS = "red yellow blue green pink brown purple brown white black orange".split()
NOUNS = "table chair house bbq desk car pony cookie sandwich burger pizza mouse keyboard".split()


@dataclass(frozen=True, slots=True)
class Row:
    id: int
    label: str


@pages.page("/table")
class Table(Page):
    """`/table?rows=N` begins with N rows: a tuple of frozen objects, so what stays costs nothing."""

    template = "table.html"
    rows: InUrl[int] = 1000
    data: tuple[Row, ...] = ()
    selected: int | None = None
    made: int = 0
    ticks: int = 0

    async def mount(self) -> None:
        self.data = self.build(min(self.rows, 10_000))

    def build(self, count: int) -> tuple[Row, ...]:
        """`count` new rows with ids that this page hasn't had before."""
        first, self.made = self.made + 1, self.made + count
        return tuple(
            Row(id, f"{choice(ADJECTIVES)} {choice(COLOURS)} {choice(NOUNS)}")
            for id in range(first, first + count)
        )

    @action
    async def run(self, count: Bound[int] = 1000) -> None:
        self.data, self.selected = self.build(count), None

    @action
    async def add(self) -> None:
        self.data += self.build(1000)

    @action
    async def prepend(self) -> None:
        self.data = self.build(1) + self.data

    @action
    async def update(self) -> None:
        self.data = tuple(
            row if index % 10 else replace(row, label=row.label + " !!!")
            for index, row in enumerate(self.data)
        )

    @action
    async def clear(self) -> None:
        self.data, self.selected = (), None

    @action
    async def swap_rows(self) -> None:
        if len(self.data) > 998:
            rows = list(self.data)
            rows[1], rows[998] = rows[998], rows[1]
            self.data = tuple(rows)

    @action
    async def select(self, id: Bound[int]) -> None:
        self.selected = id

    @action
    async def remove(self, id: Bound[int]) -> None:
        self.data = tuple(row for row in self.data if row.id != id)

    @action
    async def tick(self) -> None:
        self.ticks += 1
