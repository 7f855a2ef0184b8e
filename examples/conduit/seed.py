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

from examples.conduit.article import slug_of
from examples.conduit.database import (
    Article,
    Comment,
    Tag,
    User,
    create,
    drop,
    favorites,
    follows,
    now,
    sessions,
)
from examples.conduit.people import hashed

GIVEN: dict[str, Any] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text())


async def begin() -> None:
    """Make what isn't there yet. Several processes may do so at once: the first one fills it."""
    async with sessions.begin() as db:
        await create(db)
        is_filled = await db.scalar(select(User.id).limit(1))
    if not is_filled:
        with suppress(IntegrityError):
            async with sessions.begin() as db:
                await fill(db)


async def reset() -> None:
    """Drop all tables, and fill them again."""
    async with sessions.begin() as db:
        await drop(db)
    await begin()


async def fill(db: AsyncSession) -> None:
    secret = await hashed("password")
    people = [
        User(image=f"/static/people/{number}.svg", password=secret, **one)
        for number, one in enumerate(GIVEN["people"], 1)
    ]
    db.add_all(people)
    await db.flush()
    pairs = zip(people, [*people[1:], people[0]], strict=True)
    await db.execute(follows.insert(), [{"user_id": one.id, "author_id": other.id} for one, other in pairs])
    for age, one in reversed(list(enumerate(GIVEN["articles"], 1))):
        await add_article(db, people, age, **one)


async def add_article(
    db: AsyncSession,
    people: list[User],
    age: int,
    author: str,
    tags: list[str],
    comments: list[str],
    **texts: str,
) -> None:
    by, created = next(user for user in people if user.username == author), now() - timedelta(days=3 * age)
    article = Article(**texts, slug=slug_of(texts["title"]), author=by, created=created)
    article.tags = [Tag(name=name) for name in tags]
    db.add(article)
    await db.flush()
    others = [user for user in people if user is not by]
    for hours, text in enumerate(comments, 1):
        author_id, said = others[(age + hours) % len(others)].id, created + timedelta(hours=hours)
        db.add(Comment(article_id=article.id, author_id=author_id, body=text, created=said))
    for user in others[: age * 3 % 5]:
        await db.execute(favorites.insert().values(user_id=user.id, article_id=article.id))
