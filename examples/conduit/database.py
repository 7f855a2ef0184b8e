"""What is stored. Another database is another address: ``CONDUIT_DATABASE=postgresql+asyncpg://…``."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from sqlalchemy import Column, ForeignKey, Table, event, func, select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, column_property, mapped_column, relationship
from sqlalchemy.schema import CreateIndex, CreateTable, DropTable

from liveactions import Depends

DATA = Path(__file__).parent / "data"
"""Where the database file and the avatars are."""


class Base(DeclarativeBase):
    pass


def belongs_to(column: str) -> ForeignKey:
    """What points to a row goes with it."""
    return ForeignKey(column, ondelete="CASCADE")


favorites = Table(
    "favorites",
    Base.metadata,
    Column("user_id", belongs_to("users.id"), primary_key=True),
    Column("article_id", belongs_to("articles.id"), primary_key=True, index=True),
)
follows = Table(
    "follows",
    Base.metadata,
    Column("user_id", belongs_to("users.id"), primary_key=True),
    Column("author_id", belongs_to("users.id"), primary_key=True),
)


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(unique=True)
    email: Mapped[str] = mapped_column(unique=True)
    password: Mapped[str]
    bio: Mapped[str] = mapped_column(default="")
    image: Mapped[str] = mapped_column(default="")


class Tag(Base):
    __tablename__ = "tags"
    article_id: Mapped[int] = mapped_column(belongs_to("articles.id"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True, index=True)


def now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


class Article(Base):
    __tablename__ = "articles"
    __table_args__ = {"sqlite_autoincrement": True}  # a newer article has a higher id
    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    description: Mapped[str]
    body: Mapped[str]
    created: Mapped[datetime] = mapped_column(default=now)
    author_id: Mapped[int] = mapped_column(belongs_to("users.id"), index=True)
    author: Mapped[User] = relationship(lazy="joined")
    tags: Mapped[list[Tag]] = relationship(lazy="selectin", cascade="all, delete-orphan", order_by=Tag.name)
    favorites: Mapped[int] = column_property(
        select(func.count()).where(favorites.c.article_id == id).scalar_subquery()
    )


class Comment(Base):
    __tablename__ = "comments"
    id: Mapped[int] = mapped_column(primary_key=True)
    body: Mapped[str]
    created: Mapped[datetime] = mapped_column(default=now)
    article_id: Mapped[int] = mapped_column(belongs_to("articles.id"), index=True)
    author_id: Mapped[int] = mapped_column(belongs_to("users.id"))
    author: Mapped[User] = relationship(lazy="joined")


def connect(address: str) -> AsyncEngine:
    engine = create_async_engine(address)
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine.sync_engine, "connect")
        def prepare(connection: Any, _: object) -> None:
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA journal_mode = WAL")

    return engine


ADDRESS = os.environ.get("CONDUIT_DATABASE", f"sqlite+aiosqlite:///{DATA / 'conduit.db'}")
sessions = async_sessionmaker(connect(ADDRESS), expire_on_commit=False)


async def create(db: AsyncSession) -> None:
    """Make the tables that aren't there. Several processes may do it at once."""
    for table in Base.metadata.sorted_tables:
        await db.execute(CreateTable(table, if_not_exists=True))
        for index in table.indexes:
            await db.execute(CreateIndex(index, if_not_exists=True))


async def drop(db: AsyncSession) -> None:
    for table in reversed(Base.metadata.sorted_tables):
        await db.execute(DropTable(table, if_exists=True))


async def database() -> AsyncIterator[AsyncSession]:
    """A transaction for each request, and for each operation of an open page."""
    async with sessions.begin() as session:
        yield session


DB = Annotated[AsyncSession, Depends(database)]
