"""Who is signed in, what they may do, and who else is here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, HTTPException, Request
from sqlalchemy import select
from starlette.requests import HTTPConnection

from examples.board.database import DB, Person
from liveactions import Component, Page, cached, forbidden, loaded, presence


@dataclass(frozen=True)
class Member:
    """A person as pages show them."""

    id: int
    name: str
    role: str

    @property
    def can_edit(self) -> bool:
        return self.role != "viewer"

    @property
    def hue(self) -> int:
        """The person's colour, in degrees."""
        return self.id * 137 % 360


def shown(person: Person) -> Member:
    return Member(person.id, person.name, person.role)


@cached(tags=["people"])
def people(db: DB) -> tuple[Member, ...]:
    found = db.scalars(select(Person).order_by(Person.name))
    return tuple(shown(person) for person in found)


def signed_in(connection: HTTPConnection) -> int | None:
    """Return the id that the login has put into the session."""
    id: int | None = connection.session.get("person")
    return id


def member(request: Request, db: DB) -> Member:
    """Guard everything in the application."""
    id = signed_in(request)
    for person in people(db):
        if person.id == id:
            return person
    raise HTTPException(401, "Sign in first")


Me = Annotated[Member, Depends(member)]


def editor(me: Me) -> Member:
    """Guard what only members may do."""
    if not me.can_edit:
        raise forbidden("You can look at this board, but not change it")
    return me


Editor = Annotated[Member, Depends(editor)]


class Bar(Component):
    """The head of every page: navigation, and who is here."""

    template = "bar.html"
    me: Member = loaded()
    present = presence("board", member)

    def load(self, me: Me) -> None:
        self.me = me


class Site(Page):
    """What every page has."""

    bar: Bar = Bar()
