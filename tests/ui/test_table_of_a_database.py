"""A table whose rows SQLAlchemy searches, sorts and counts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from liveactions import Depends, InUrl, Live, Page, jinja, loaded, ui
from liveactions.testing import Browser, both_ways
from tests.support.small import KEY

COLUMNS = (ui.Column("title", "Title"), ui.Column("year", "Year", numeric=True))
ASKED: list[str] = []
engine = create_async_engine("sqlite+aiosqlite://")


class Base(DeclarativeBase):
    pass


class Book(Base):
    __tablename__ = "books"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    year: Mapped[int]


@event.listens_for(engine.sync_engine, "before_cursor_execute")
def note(connection: object, cursor: object, statement: str, *others: object) -> None:
    ASKED.append(statement)


async def database() -> AsyncIterator[AsyncSession]:
    async with AsyncSession(engine) as session:
        yield session


Database = Annotated[AsyncSession, Depends(database)]


class Books(Page):
    template = jinja("""<title>Books</title><ui.Table rows="{{ books }}" caption="Books"/>""")
    q: InUrl[str] = ""
    sort: InUrl[str] = "title"
    page: InUrl[int] = 1
    books: ui.Rows[Book] = loaded()

    async def load(self, session: Database) -> None:
        view = ui.View(COLUMNS, sort=self.sort, page=self.page, q=self.q)
        found = select(Book).where(Book.title.icontains(view.q, autoescape=True))
        total = await session.scalar(select(func.count()).select_from(found.subquery())) or 0
        by = getattr(Book, view.column.name) if view.column else Book.id
        ordered = found.order_by(by.desc() if view.is_descending else by, Book.id)
        books = await session.scalars(ordered.offset(view.offset(total)).limit(view.size))
        self.books = view.rows(books, total)


@pytest.fixture
async def live() -> AsyncIterator[Live]:
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    async with AsyncSession(engine) as session, session.begin():
        session.add_all(Book(title=f"{'Tea' if n % 2 else 'Ink'} {n:02}", year=2000 - n) for n in range(50))
    live = Live(keys=KEY)
    live.page("/")(Books)
    yield live
    await engine.dispose()


@both_ways
async def test_a_page_of_the_rows(browser: Browser) -> None:
    page = await browser.open("/?q=tea&sort=-year&page=2")
    assert page.texts("tbody tr")[0] == "Tea 41 1959" and page.text(".ui-shown") == "21 to 25 of 25"
    ASKED.clear()
    await page.click("Year")
    assert page.url == "/?q=tea&sort=year" and page.texts("tbody tr")[0] == "Tea 49 1951"
    assert len(page.texts("tbody tr")) == 20
    assert "ORDER BY books.year, books.id" in ASKED[-1] and "LIMIT" in ASKED[-1]


async def test_an_address_that_asks_for_another_column(browser: Browser) -> None:
    page = await browser.open("/?sort=metadata&page=7")
    assert page.texts("tbody tr")[0] == "Ink 40 1960"
    assert "ORDER BY books.id, books.id" in ASKED[-1]
