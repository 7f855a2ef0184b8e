"""Articles and comments as pages show them, kept until somebody changes them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup
from sqlalchemy import Select, delete, func, insert, select

from examples.conduit.database import DB, Article, Comment, Tag, favorites, follows
from examples.conduit.people import Member, Person, seen
from liveactions import Bound, action, cache_tag, cached, revalidate_tag

PAGE = 10
"""Articles on a page."""
markdown = MarkdownIt("js-default")


@dataclass(frozen=True)
class ArticleView:
    id: int
    slug: str
    title: str
    description: str
    body: str
    created: datetime
    author: Person
    tags: tuple[str, ...]
    favorites: int


@dataclass(frozen=True)
class CommentView:
    id: int
    body: str
    created: datetime
    author: Person


@dataclass(frozen=True)
class Feed:
    articles: tuple[ArticleView, ...]
    pages: int
    newer: int
    """Articles that came later."""


def shown(one: Article) -> ArticleView:
    """Return an article as readers see it. Pages that show it are updated when it or its favorites change."""
    cache_tag(f"article:{one.id}")
    author, tags = seen(one.author), tuple(tag.name for tag in one.tags)
    return ArticleView(
        one.id, one.slug, one.title, one.description, one.body, one.created, author, tags, one.favorites
    )


@lru_cache(1000)
def as_html(body: str) -> Markup:
    return Markup(nh3.clean(markdown.render(body)))


@cached(tags=["articles", "favorites:{fan}", "follows:{reader}"])
async def feed(
    db: DB, page: int, until: int, *, tag: str = "", author: int = 0, fan: int = 0, reader: int = 0
) -> Feed:
    """The newest articles up to `until`: of a tag, an author, what a fan favorites, whom a reader follows."""
    query: Select[Any] = select(Article)
    if tag:
        query = query.where(Article.tags.any(Tag.name == tag))
    if author:
        query = query.where(Article.author_id == author)
    if fan:
        query = query.where(Article.id.in_(select(favorites.c.article_id).filter_by(user_id=fan)))
    if reader:
        query = query.where(Article.author_id.in_(select(follows.c.author_id).filter_by(user_id=reader)))
    old = query.where(Article.id <= until)
    here = old.order_by(Article.id.desc()).limit(PAGE).offset((page - 1) * PAGE)
    articles = tuple(shown(article) for article in await db.scalars(here))
    count, all = [await db.scalar(select(func.count()).select_from(q.subquery())) or 0 for q in (old, query)]
    return Feed(articles, -(-count // PAGE), all - count)


@cached(tags=["articles"])
async def newest(db: DB) -> int:
    return await db.scalar(select(func.max(Article.id))) or 0


@cached(tags=["articles"])
async def popular_tags(db: DB) -> tuple[str, ...]:
    count = func.count().desc()
    return tuple(await db.scalars(select(Tag.name).group_by(Tag.name).order_by(count, Tag.name)))


@cached(tags=["articles"])
async def article_by_slug(slug: str, db: DB) -> ArticleView | None:
    article = await db.scalar(select(Article).where(Article.slug == slug))
    return shown(article) if article else None


@cached(tags=["comments:{article_id}"])
async def comments(article_id: int, db: DB) -> tuple[CommentView, ...]:
    rows = await db.scalars(select(Comment).filter_by(article_id=article_id).order_by(Comment.id))
    return tuple(CommentView(row.id, row.body, row.created, seen(row.author)) for row in rows)


@cached(tags=["favorites:{user_id}"])
async def favorited_by(user_id: int, db: DB) -> frozenset[int]:
    return frozenset(await db.scalars(select(favorites.c.article_id).filter_by(user_id=user_id)))


@action
async def favorite(id: Bound[int], wanted: Bound[bool], me: Member, db: DB) -> None:
    pair = {"user_id": me.id, "article_id": id}
    await db.execute(delete(favorites).filter_by(**pair))
    if wanted:
        await db.execute(insert(favorites).values(pair))
    revalidate_tag(f"article:{id}", f"favorites:{me.id}")
