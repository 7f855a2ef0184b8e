"""Who is signed in, what they may do, and who else is here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from secrets import token_hex
from typing import Annotated

from fastapi import Depends, HTTPException, Request
from sqlalchemy import delete, select
from starlette.requests import HTTPConnection

from examples.board.database import DB, Person, Tab, now
from liveactions import Component, Page, cached, every, forbidden, loaded, revalidate_tag

HEARTBEAT = 20.0
"""Seconds after which an open page says that it is still there."""


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


@cached(tags=["presence"])
def present(db: DB) -> tuple[Member, ...]:
    """Return everybody who has a page open, each once."""
    ids = set(db.scalars(select(Tab.person_id)))
    return tuple(person for person in people(db) if person.id in ids)


class Bar(Component):
    """The head of every page: navigation, and who is here."""

    template = "bar.html"
    tab: str = ""
    me: Member = loaded()
    present: tuple[Member, ...] = loaded()

    def load(self, me: Me, db: DB) -> None:
        self.me, self.present = me, present(db)

    def connected(self, me: Me, db: DB) -> None:
        self.tab = self.tab or token_hex(8)
        db.merge(Tab(id=self.tab, person_id=me.id, seen=now()))
        revalidate_tag("presence")

    def disconnected(self, db: DB) -> None:
        db.execute(delete(Tab).filter_by(id=self.tab))
        revalidate_tag("presence")

    @every(HEARTBEAT)
    def is_still_here(self, me: Me, db: DB) -> None:
        """Renew this tab, and forget those whose worker died before it could say that they have left."""
        db.merge(Tab(id=self.tab, person_id=me.id, seen=now()))
        gone = delete(Tab).where(Tab.seen < now() - timedelta(seconds=3 * HEARTBEAT)).returning(Tab.id)
        if db.scalars(gone).all():
            revalidate_tag("presence")


class Site(Page):
    """What every page has."""

    bar: Bar = Bar()
