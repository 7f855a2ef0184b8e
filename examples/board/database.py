"""Tables, and the transaction of each request and of each operation of an open page."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from fastapi import Depends
from sqlalchemy import Engine, ForeignKey, create_engine, event
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship, sessionmaker
from sqlalchemy.schema import CreateIndex, CreateTable

FILE: Final = Path(__file__).parent / "data" / "board.db"
ADDRESS: Final = os.environ.get("BOARD_DATABASE", f"sqlite:///{FILE}")

Role = Literal["member", "viewer"]
ColumnKey = Literal["ideas", "next", "doing", "done"]


def now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


class Base(DeclarativeBase):
    pass


class Person(Base):
    __tablename__ = "people"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    password: Mapped[str]
    role: Mapped[str] = mapped_column(default="member")


class Card(Base):
    __tablename__ = "cards"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    details: Mapped[str] = mapped_column(default="")
    column: Mapped[str] = mapped_column(default="ideas", index=True)
    position: Mapped[int] = mapped_column(default=0)
    picture: Mapped[str] = mapped_column(default="")
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))


class Picture(Base):
    __tablename__ = "pictures"
    name: Mapped[str] = mapped_column(primary_key=True)
    media_type: Mapped[str]
    data: Mapped[bytes]


class Message(Base):
    __tablename__ = "messages"
    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]
    at: Mapped[datetime] = mapped_column(default=now)
    author_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    author: Mapped[Person] = relationship(lazy="joined")


class Activity(Base):
    __tablename__ = "activities"
    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]
    subject: Mapped[str] = mapped_column(default="")
    at: Mapped[datetime] = mapped_column(default=now)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    person: Mapped[Person] = relationship(lazy="joined")


def connect(address: str) -> Engine:
    engine = create_engine(address)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA journal_mode = WAL")

    return engine


def create_tables(db: Session) -> None:
    """Create the tables that don't exist. Several processes may do it at once."""
    for table in Base.metadata.sorted_tables:
        db.execute(CreateTable(table, if_not_exists=True))
        for index in table.indexes:
            db.execute(CreateIndex(index, if_not_exists=True))


sessions = sessionmaker(connect(ADDRESS), expire_on_commit=False)


def database() -> Iterator[Session]:
    """Commit at the end of a request or operation, and roll back if it fails."""
    with sessions.begin() as session:
        yield session


DB = Annotated[Session, Depends(database)]
