"""Live pages inside a FastAPI application that exists: `uvicorn examples.embedded:app`.

Its routes, templates, dependencies and database session are the application's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from fastapi import Depends, FastAPI
from fastapi.templating import Jinja2Templates
from pydantic import StringConstraints
from sqlalchemy import create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

from liveactions import Bound, Live, Page, action, cached, loaded, revalidate_tag

HERE = Path(__file__).parent

# The application as it was.

app = FastAPI(title="Inventory")
templates = Jinja2Templates(HERE / "templates")
sessions = sessionmaker(create_engine(f"sqlite:///{HERE / 'embedded.db'}"))


class Base(DeclarativeBase):
    pass


class Item(Base):
    __tablename__ = "items"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    count: Mapped[int] = mapped_column(default=0)


Base.metadata.create_all(sessions.kw["bind"])


def database() -> Iterator[Session]:
    """A transaction for each request, and for each op of a live page."""
    with sessions.begin() as session:
        yield session


DB = Annotated[Session, Depends(database)]


@app.get("/api/items")
def list_items(db: DB) -> list[dict[str, str | int]]:
    return [{"name": item.name, "count": item.count} for item in db.scalars(select(Item))]


# A live page in it.

live = Live(templates)
live.install(app)
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=60)]
Row = tuple[int, str, int]


@cached(tags=["items"])
def stock(db: DB) -> tuple[Row, ...]:
    return tuple((item.id, item.name, item.count) for item in db.scalars(select(Item).order_by(Item.name)))


@live.page("/inventory")
class Inventory(Page):
    """Everybody who has it open sees the same numbers."""

    template = "inventory.html"
    items: tuple[Row, ...] = loaded()

    async def load(self, db: DB) -> None:
        self.items = stock(db)

    @action
    async def add(self, name: Name, db: DB) -> None:
        db.add(Item(name=name))
        revalidate_tag("items")

    @action
    async def move(self, id: Bound[int], by: Bound[int], db: DB) -> None:
        item = db.get_one(Item, id)
        item.count = max(0, item.count + by)
        revalidate_tag("items")
