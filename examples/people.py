"""One table component with sorting and paging, twice on a page: each has a state of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

from liveactions import Bound, Component, Page, Pages, action, loaded

pages = Pages()
Row = TypeVar("Row")


class Table(Component, Generic[Row]):
    """Rows of a subclass's `source`, sorted by one of its `columns`, a page at a time."""

    template = "people_table.html"
    columns: ClassVar[Sequence[str]]
    source: ClassVar[Sequence[Any]]
    size: ClassVar[int] = 5

    sort: str = "id"
    descending: bool = False
    number: int = 1
    rows: Sequence[Row] = loaded()
    last: int = loaded()

    async def load(self) -> None:
        rows: list[Row] = sorted(
            self.source, key=lambda row: getattr(row, self.sort), reverse=self.descending
        )
        self.last = -(-len(rows) // self.size)
        self.rows = rows[(self.number - 1) * self.size : self.number * self.size]

    @action
    async def sort_by(self, column: Bound[str]) -> None:
        self.descending = column == self.sort and not self.descending
        self.sort, self.number = column, 1

    @action
    async def turn_to(self, number: Bound[int]) -> None:
        self.number = number


@dataclass(frozen=True)
class Person:
    id: int
    name: str
    city: str


@dataclass(frozen=True)
class Invoice:
    id: int
    customer: str
    euros: int


NAMES = (
    "Ada",
    "Barbara",
    "Claude",
    "Donald",
    "Edsger",
    "Frances",
    "Grace",
    "Hedy",
    "Ivan",
    "Joan",
    "Ken",
    "Leslie",
)
CITIES = ("Aarhus", "Bergen", "Cork", "Delft")


class People(Table[Person]):
    columns = ("id", "name", "city")
    source = tuple(Person(n, name, CITIES[n * 7 % 4]) for n, name in enumerate(NAMES, 1))


class Invoices(Table[Invoice]):
    columns = ("id", "customer", "euros")
    source = tuple(Invoice(n, NAMES[n * 5 % 12], n * 37 % 100) for n in range(1, 24))


@pages.page("/people")
class Office(Page):
    template = "people.html"
    people: People = People(sort="name")
    invoices: Invoices = Invoices()
