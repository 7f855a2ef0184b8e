"""Begins with believable data: what is in ``seed.toml``."""

from __future__ import annotations

import tomllib
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from examples.conduit import database as tables
from examples.conduit.article import slug_of
from examples.conduit.database import Article, Comment, Tag, User
from examples.conduit.people import hashed

DATA: dict[str, Any] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text())


async def begin() -> None:
    """Make what isn't there yet. Several processes may do so at once: the first one fills it."""
    async with tables.sessions.begin() as db:
        await tables.create(db)
    async with tables.sessions() as db:
        is_there = await db.get(User, 1)
    if not is_there:
        with suppress(IntegrityError):
            async with tables.sessions.begin() as db:
                await fill(db)


async def anew() -> None:
    """Forget everything, and begin."""
    async with tables.sessions.begin() as db:
        await tables.drop(db)
    await begin()


async def fill(db: AsyncSession) -> None:
    secret = await hashed("password")
    for id, one in enumerate(DATA["people"], 1):
        db.add(User(id=id, image=f"/static/people/{id}.svg", password=secret, **one))
        await db.flush()
    people = {user.username: user for user in await db.scalars(select(User))}
    for age, one in reversed(list(enumerate(DATA["articles"], 1))):
        await add_article(db, people, tables.now() - timedelta(days=3 * age), **one)
    pairs = [{"user_id": one, "author_id": one % len(people) + 1} for one in range(1, len(people) + 1)]
    await db.execute(tables.follows.insert(), pairs)


async def add_article(
    db: AsyncSession,
    people: dict[str, User],
    created: Any,
    author: str,
    title: str,
    tags: list[str],
    comments: list[str],
    **texts: str,
) -> None:
    article = Article(slug=slug_of(title), title=title, created=created, author=people[author], **texts)
    article.tags = [Tag(name=name) for name in tags]
    db.add(article)
    await db.flush()
    others = [user for user in people.values() if user is not article.author]
    for hours, text in enumerate(comments, 1):
        said = created + timedelta(hours=hours)
        db.add(
            Comment(body=text, created=said, article_id=article.id, author=others[(article.id + hours) % 4])
        )
    fans = [{"user_id": user.id, "article_id": article.id} for user in others[: article.id * 3 % 5]]
    if fans:
        await db.execute(tables.favorites.insert(), fans)
