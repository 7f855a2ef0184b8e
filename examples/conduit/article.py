"""An article with its comments, and the editor."""

from __future__ import annotations

import re
from dataclasses import dataclass
from secrets import token_hex
from typing import Annotated, Any

from markupsafe import Markup
from pydantic import StringConstraints
from sqlalchemy import delete, select

from examples.conduit.content import (
    ArticleView,
    CommentView,
    article_by_slug,
    as_html,
    comments,
    favorite,
    favorited_by,
)
from examples.conduit.database import DB, Article, Comment, Tag
from examples.conduit.people import Member, Person, Site, Viewer, follow, followed_by, member
from liveactions import Bound, Draft, Pages, action, loaded, not_found, redirect, revalidate_tag

pages = Pages()
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=50_000)]
TagName = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^/]+$", max_length=40)]


@pages.page("/article/{slug}")
class ArticlePage(Site):
    template = "article.html"
    actions = [favorite, follow]
    slug: str
    me: Person | None = loaded()
    article: ArticleView = loaded()
    html: Markup = loaded()
    comments: tuple[CommentView, ...] = loaded()
    favorited: bool = loaded()
    followed: bool = loaded()

    async def load(self, me: Viewer, db: DB) -> None:
        found, my_id = await article_by_slug(self.slug, db), me.id if me else 0
        if found is None:
            raise not_found("There is no such article.")
        self.me, self.article, self.html = me, found, as_html(found.body)
        self.comments = await comments(found.id, db)
        self.favorited = found.id in await favorited_by(my_id, db)
        self.followed = found.author.id in await followed_by(my_id, db)

    @action
    async def comment(self, body: Text, me: Member, db: DB) -> None:
        db.add(Comment(body=body, article_id=self.article.id, author_id=me.id))
        revalidate_tag(f"comments:{self.article.id}")

    @action
    async def delete_comment(self, id: Bound[int], me: Member, db: DB) -> None:
        await db.execute(delete(Comment).filter_by(id=id, author_id=me.id))
        revalidate_tag(f"comments:{self.article.id}")

    @action
    async def delete_article(self, me: Member, db: DB) -> Any:
        await db.execute(delete(Article).filter_by(slug=self.slug, author_id=me.id))
        revalidate_tag("articles")
        return redirect("/")


@dataclass
class ArticleForm:
    """The fields of the editor's form."""

    title: Line
    description: Line
    body: Text


@pages.page("/editor", guard=member)
class Editor(Site):
    template = "editor.html"
    slug: str = ""
    tags: tuple[str, ...] = ()
    article: ArticleView | None = loaded()

    async def mount(self, db: DB) -> None:
        found = await article_by_slug(self.slug, db)
        self.tags = found.tags if found else ()

    async def load(self, me: Member, db: DB) -> None:
        self.article = await article_by_slug(self.slug, db) if self.slug else None
        if self.slug and (self.article is None or self.article.author.id != me.id):
            raise not_found("There is no such article of yours.")

    @action
    async def add_tag(self, form: Draft[ArticleForm], tag: TagName = "") -> None:
        """Add a tag. The form keeps what was typed, because it is a draft."""
        if tag and tag not in self.tags:
            self.tags += (tag,)

    @action
    async def remove_tag(self, tag: Bound[str], form: Draft[ArticleForm]) -> None:
        self.tags = tuple(other for other in self.tags if other != tag)

    @action
    async def publish(self, form: ArticleForm, me: Member, db: DB) -> Any:
        article = await db.scalar(select(Article).filter_by(slug=self.slug, author_id=me.id))
        if article is None:
            article = Article(slug=slug_of(form.title), author_id=me.id)
            db.add(article)
        article.title, article.description, article.body = form.title, form.description, form.body
        article.tags = [Tag(name=name) for name in self.tags]
        revalidate_tag("articles")
        return redirect(ArticlePage.url(slug=article.slug))


@pages.page("/editor/{slug}", guard=member)
class Editing(Editor):
    pass


def slug_of(title: str) -> str:
    """Return a readable and unique slug for an article's address."""
    words = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    return f"{words}-{token_hex(3)}"
