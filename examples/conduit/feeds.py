"""Pages that list articles: everybody's, yours, a tag's, a person's."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from examples.conduit.content import Feed, favorite, favorited_by, feed, newest, popular_tags
from examples.conduit.database import DB, User
from examples.conduit.people import Person, Site, Viewer, follow, followed_by, person
from liveactions import InUrl, Pages, action, in_url, loaded, not_found, unauthorized

pages = Pages()


class Listing(Site):
    """A page of articles. What is published while it is open is announced above them."""

    actions = [favorite]
    page: Annotated[int, in_url(push=True), Field(ge=1, le=10_000)] = 1
    until: int = 0
    me: Person | None = loaded()
    articles: Feed = loaded()
    favorited: frozenset[int] = loaded()

    async def mount(self, db: DB) -> None:
        self.until = await newest(db)

    async def _list(
        self,
        me: Person | None,
        db: AsyncSession,
        tag: str = "",
        author: int = 0,
        fan: int = 0,
        reader: int = 0,
    ) -> None:
        self.me = me
        self.articles = await feed(db, self.page, self.until, tag=tag, author=author, fan=fan, reader=reader)
        self.favorited = await favorited_by(me.id if me else 0, db)

    @action
    async def show_newer(self, db: DB) -> None:
        self.until, self.page = await newest(db), 1


@pages.page("/")
class Home(Listing):
    template = "home.html"
    feed: InUrl[Literal["", "following"]] = ""
    tag: str = ""
    tags: tuple[str, ...] = loaded()

    async def load(self, me: Viewer, db: DB) -> None:
        if self.feed and not me:
            raise unauthorized()
        await self._list(me, db, tag=self.tag, reader=me.id if me and self.feed else 0)
        self.tags = await popular_tags(db)


@pages.page("/tag/{tag}")
class Tagged(Home):
    pass


@pages.page("/profile/{username}")
class Profile(Listing):
    template = "profile.html"
    actions = [favorite, follow]
    username: str
    is_fan: bool = False
    person: Person = loaded()
    followed: bool = loaded()

    async def load(self, me: Viewer, db: DB) -> None:
        id = await db.scalar(select(User.id).where(User.username == self.username))
        found = await person(id, db) if id else None
        if found is None:
            raise not_found("Nobody here has this name.")
        self.person = found
        self.followed = found.id in await followed_by(me.id if me else 0, db)
        fan, author = (found.id, 0) if self.is_fan else (0, found.id)
        await self._list(me, db, fan=fan, author=author)


@pages.page("/profile/{username}/favorites")
class Favorites(Profile):
    is_fan: bool = True
