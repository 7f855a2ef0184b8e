"""A list of 100,000 rows: the page has those in view. Without JavaScript, it has pages."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import NonNegativeInt

from liveactions import Bound, InUrl, Page, Pages, action

pages = Pages()

COUNT = 100_000
PORTION = 50
WHOSE = "The keeper’s|A sailor’s|My aunt’s|The last|A short|The complete".split("|")
WHAT = "herbal|almanac|cookery|grammar|voyage|garden|letters".split("|")


@dataclass(frozen=True)
class Book:
    id: int
    is_lent: bool
    note: str

    @property
    def title(self) -> str:
        return f"{WHOSE[self.id % len(WHOSE)]} {WHAT[self.id * 5 % len(WHAT)]}"


@pages.page("/catalogue")
class Catalogue(Page):
    """A library's books, by their numbers."""

    template = "catalogue.html"
    first: InUrl[NonNegativeInt] = 0
    count: int = PORTION
    total: int = COUNT
    lent: frozenset[int] = frozenset()
    notes: dict[int, str] = {}

    @property
    def books(self) -> list[Book]:
        numbers = range(self.first, min(self.first + self.count, COUNT))
        return [Book(number, number in self.lent, self.notes.get(number, "")) for number in numbers]

    @action
    async def show(self, first: NonNegativeInt, count: NonNegativeInt) -> None:
        self.first, self.count = first, min(count, 200)

    @action
    async def lend(self, id: Bound[int]) -> None:
        self.lent ^= {id}

    @action
    async def describe(self, id: Bound[int], note: str) -> None:
        self.notes[id] = note
