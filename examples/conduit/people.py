"""Who is looking, what others see of people, and the bar at the top of every page."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Annotated

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from sqlalchemy import delete, insert, select
from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection, Request

from examples.conduit.database import DB, User, follows
from liveactions import (
    Bound,
    Component,
    Depends,
    Page,
    action,
    cache_tag,
    cached,
    loaded,
    revalidate_tag,
    unauthorized,
)

hasher = PasswordHasher()


@cache
def nobody() -> str:
    """Return a hash for unknown names, so that checking a password takes as long as for known ones."""
    return hasher.hash("the password of nobody")


@dataclass(frozen=True)
class Person:
    id: int
    username: str
    bio: str
    image: str


def seen(user: User) -> Person:
    """Return a user as others see them. Pages that show it are updated when the user's data changes."""
    cache_tag(f"user:{user.id}")
    return Person(user.id, user.username, user.bio, user.image)


@cached(tags=["user:{id}"])
async def person(id: int, db: DB) -> Person | None:
    user = await db.get(User, id)
    return seen(user) if user else None


def signed_in(connection: HTTPConnection) -> int | None:
    """The user's id, from the signed cookie."""
    id: int | None = connection.session.get("user")
    return id


async def viewer(request: Request, db: DB) -> Person | None:
    id = signed_in(request)
    return await person(id, db) if id else None


Viewer = Annotated[Person | None, Depends(viewer)]
"""Who is looking, if they have signed in."""


async def member(viewer: Viewer) -> Person:
    if viewer is None:
        raise unauthorized()  # to the login
    return viewer


Member = Annotated[Person, Depends(member)]
"""Who is looking; others are sent to the login."""


class Bar(Component):
    template = "bar.html"
    me: Person | None = loaded()

    async def load(self, me: Viewer) -> None:
        self.me = me


class Site(Page):
    """What every page begins with."""

    bar: Bar = Bar()


async def hashed(password: str) -> str:
    """Takes its time, on purpose: in a thread."""
    return await run_in_threadpool(hasher.hash, password)


async def fits(password: str, user: User | None) -> bool:
    """Whether it is the user's password; takes as long where there is no such user."""
    try:
        return await run_in_threadpool(hasher.verify, user.password if user else nobody(), password)
    except VerifyMismatchError:
        return False


@cached(tags=["follows:{user_id}"])
async def followed_by(user_id: int, db: DB) -> frozenset[int]:
    return frozenset(await db.scalars(select(follows.c.author_id).filter_by(user_id=user_id)))


@action
async def follow(id: Bound[int], wanted: Bound[bool], me: Member, db: DB) -> None:
    pair = {"user_id": me.id, "author_id": id}
    await db.execute(delete(follows).filter_by(**pair))
    if wanted:
        await db.execute(insert(follows).values(pair))
    revalidate_tag(f"follows:{me.id}")
