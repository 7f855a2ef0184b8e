"""Coming, going, and what is to be said of oneself."""

from __future__ import annotations

from secrets import token_hex
from typing import Annotated, Any

from pydantic import Field, StringConstraints
from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import UploadFile
from starlette.requests import Request

from examples.conduit.database import DATA, DB, User
from examples.conduit.feeds import Profile
from examples.conduit.people import Member, Site, fits, hashed, member
from liveactions import ActionError, FieldErrors, Pages, action, file, flash, loaded, redirect, revalidate_tag

pages = Pages()

Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40, pattern=r"^[^/?#]+$")
]
Email = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=200)]
Password = Annotated[str, Field(min_length=8, max_length=200)]
Avatar = Annotated[
    UploadFile, file(max_size=2 * 2**20, types=["image/png", "image/jpeg", "image/webp", "image/gif"])
]


async def claim(db: AsyncSession, username: str, email: str, mine: int = 0) -> None:
    """See that name and address are nobody else's."""
    query = select(User).where(or_(User.username == username, User.email == email), User.id != mine)
    others = (await db.scalars(query)).all()
    taken = {"username": username in {user.username for user in others}}
    taken["email"] = email in {user.email for user in others}
    if others:
        raise FieldErrors({name: "has already been taken" for name, is_taken in taken.items() if is_taken})


@pages.page("/register")
class Register(Site):
    template = "register.html"

    @action
    async def sign_up(
        self, username: Name, email: Email, password: Password, request: Request, db: DB
    ) -> Any:
        await claim(db, username, email)
        user = User(username=username, email=email, password=await hashed(password))
        db.add(user)
        await db.flush()
        request.session["user"] = user.id
        return redirect("/")


@pages.page("/login")
class Login(Site):
    template = "login.html"

    @action
    async def sign_in(self, email: str, password: str, request: Request, db: DB) -> Any:
        user = await db.scalar(select(User).where(User.email == email))
        if not await fits(password, user) or user is None:
            raise ActionError("email or password is invalid")
        request.session["user"] = user.id
        return redirect("/")


@pages.page("/settings", guard=member)
class Settings(Site):
    template = "settings.html"
    image: str = loaded()
    username: str = loaded()
    bio: str = loaded()
    email: str = loaded()

    async def load(self, me: Member, db: DB) -> None:
        user = await db.get_one(User, me.id)
        self.image, self.username, self.bio, self.email = user.image, user.username, user.bio, user.email

    @action
    async def update(
        self,
        username: Name,
        email: Email,
        me: Member,
        db: DB,
        image: Annotated[str, Field(max_length=2000)] = "",
        bio: Annotated[str, Field(max_length=2000)] = "",
        password: Password | None = None,
    ) -> Any:
        await claim(db, username, email, me.id)
        user = await db.get_one(User, me.id)
        user.username, user.email, user.image, user.bio = username, email, image, bio
        if password:
            user.password = await hashed(password)
        revalidate_tag(f"user:{me.id}")
        return redirect(Profile.url(username=username))

    @action
    async def upload(self, avatar: Avatar, me: Member, db: DB) -> None:
        name = f"{token_hex(8)}.{(avatar.content_type or '').partition('/')[2]}"
        (DATA / "avatars" / name).write_bytes(await avatar.read())
        user = await db.get_one(User, me.id)
        user.image = f"/avatars/{name}"
        revalidate_tag(f"user:{me.id}")
        flash("That's you from now on.")

    @action
    async def log_out(self, me: Member, request: Request) -> Any:
        request.session.clear()
        self.live.disconnect(me.id)
        return redirect("/")
