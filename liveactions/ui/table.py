"""The rows that a table shows: found, sorted, one page of them.

What is shown is in the address, so `View` takes fields of the page. `rows` applies it to a sequence. A source
that does this itself, such as a database, is asked for what the `View` says; `View.rows` takes its answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import isnan
from numbers import Real
from typing import Any, Final, Generic, TypeVar

T = TypeVar("T")
_ALL_SHOWN: Final = 7
"""Up to this many pages, there is a link to each; with more of them, there are gaps."""


@dataclass(frozen=True)
class Column:
    """A column of a table.

    `name` is the attribute of a row, or its key if the row is a mapping. `numeric` columns are aligned at the
    end. Rows can be sorted by the column if it is `sortable`, and `rows` searches it if it is `searchable`.
    """

    name: str
    heading: str
    numeric: bool = False
    sortable: bool = True
    searchable: bool = True

    def value(self, row: Any) -> Any:
        """Return what a row has in this column."""
        return row[self.name] if isinstance(row, Mapping) else getattr(row, self.name)

    def text(self, row: Any) -> str:
        """Return what a table shows of a row in this column: nothing for None."""
        value = self.value(row)
        return "" if value is None else str(value)


@dataclass(frozen=True)
class View:
    """The sorting, page and search of a table. `sort` is a column's name, descending if it begins with ``-``.

    All values may come from the address: a column that isn't sortable is ignored. `size` is the number of
    rows on a page. `prefix` is the prefix of the page's fields, for several tables on a page:
    ``prefix="invoices_"`` means ``invoices_sort``, ``invoices_page`` and ``invoices_q``.
    """

    columns: tuple[Column, ...]
    sort: str = ""
    page: int = 1
    q: str = ""
    size: int = 20
    prefix: str = ""

    def __post_init__(self) -> None:
        if self.size < 1:
            raise ValueError(f"size is the number of rows on a page, at least 1, not {self.size}")

    @property
    def column(self) -> Column | None:
        """The column to sort by; None for the order of the source."""
        name = self.sort.removeprefix("-")
        return next((one for one in self.columns if one.name == name and one.sortable), None)

    @property
    def is_descending(self) -> bool:
        return self.sort.startswith("-")

    def pages(self, total: int) -> int:
        """Return the number of pages for a number of rows, at least 1."""
        return max(1, -(-total // self.size))

    def offset(self, total: int) -> int:
        """Return how many of `total` rows come before the page; before the last one if it is beyond that."""
        return (min(max(self.page, 1), self.pages(total)) - 1) * self.size

    def rows(self, items: Iterable[T], total: int) -> Rows[T]:
        """Return the rows of this page, as a source has found them. `total` is their number on all pages."""
        return Rows(self, tuple(items), total)


@dataclass(frozen=True)
class Rows(Generic[T]):
    """The rows of a page, and what a table says about them. Created by `rows` and by `View.rows`."""

    view: View
    items: tuple[T, ...]
    total: int

    @property
    def page(self) -> int:
        return self.view.offset(self.total) // self.view.size + 1

    @property
    def pages(self) -> int:
        return self.view.pages(self.total)

    @property
    def first(self) -> int:
        """The number of the first row, from 1; 0 if there is none."""
        return self.view.offset(self.total) + 1 if self.items else 0

    @property
    def last(self) -> int:
        """The number of the last row; 0 if there is none."""
        return self.view.offset(self.total) + len(self.items) if self.items else 0

    @property
    def links(self) -> tuple[int | None, ...]:
        """The pages to link to, None for a gap. Their number stays the same from page to page."""
        count, page = self.pages, self.page
        if count <= _ALL_SHOWN:
            return tuple(range(1, count + 1))
        if page <= 4:
            return (1, 2, 3, 4, 5, None, count)
        if page >= count - 3:
            return (1, None, *range(count - 4, count + 1))
        return (1, None, page - 1, page, page + 1, None, count)

    def name(self, row: T) -> str:
        """Return what a row is called for screen readers: the text in its first column."""
        return self.view.columns[0].text(row) if self.view.columns else ""

    def direction(self, column: Column) -> str | None:
        """Return a column's ``aria-sort``: how the rows are sorted by it, or None."""
        if column != self.view.column:
            return None
        return "descending" if self.view.is_descending else "ascending"

    def by(self, column: Column) -> dict[str, Any]:
        """Return the fields for rows sorted by a column; in the other direction if they are already."""
        sort = f"-{column.name}" if self.direction(column) == "ascending" else column.name
        return {f"{self.view.prefix}sort": sort, f"{self.view.prefix}page": 1}

    def at(self, page: int) -> dict[str, Any]:
        """Return the fields for another page."""
        return {f"{self.view.prefix}page": page}


def rows(
    items: Sequence[T],
    columns: Sequence[Column],
    *,
    sort: str = "",
    page: int = 1,
    q: str = "",
    size: int = 20,
    prefix: str = "",
) -> Rows[T]:
    """Return a page of `items`, as a `View` with these arguments says.

    `q` is a search for words, regardless of case: a row is shown if its searchable columns contain all of
    them. Texts are sorted without regard to case, and rows without a value (None, NaN) come last. If the
    values of a column can't be compared, numbers come first, then texts, then others by their types.
    """
    view = View(tuple(columns), sort, page, q, size, prefix)
    found = _sorted(_found(items, view), view)
    start = view.offset(len(found))
    return view.rows(found[start : start + size], len(found))


def _found(items: Sequence[T], view: View) -> Sequence[T]:
    words = view.q.casefold().split()
    if not words:
        return items
    searched = [column for column in view.columns if column.searchable]

    def has_all(item: T) -> bool:
        text = "\n".join(column.text(item) for column in searched).casefold()
        return all(word in text for word in words)

    return [item for item in items if has_all(item)]


def _sorted(items: Sequence[T], view: View) -> Sequence[T]:
    column = view.column
    if column is None:
        return items
    pairs = [(column.value(item), item) for item in items]
    valued = [pair for pair in pairs if not _is_missing(pair[0])]
    try:
        valued = sorted(valued, key=lambda pair: _key(pair[0]), reverse=view.is_descending)
    except TypeError:
        valued = sorted(valued, key=lambda pair: _key_of_any(pair[0]), reverse=view.is_descending)
    return [item for _, item in valued] + [item for value, item in pairs if _is_missing(value)]


def _is_missing(value: Any) -> bool:
    return value is None or isinstance(value, float | Decimal) and isnan(value)


def _key(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


def _key_of_any(value: Any) -> tuple[int, str, Any]:
    """Return a key for values that can't be compared with each other: numbers, texts, others."""
    if isinstance(value, Real | Decimal):
        return 0, "", value
    if isinstance(value, str):
        return 1, "", value.casefold()
    return 2, type(value).__qualname__, str(value)
