"""Coming, going, and what is to be said of oneself."""

from __future__ import annotations

from secrets import token_hex
from typing import Annotated, Any

from pydantic import Field, StringConstraints
from sqlalchemy import select
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
ENDINGS = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp", "image/gif": "gif"}
Avatar = Annotated[UploadFile, file(max_size=2 * 2**20, types=list(ENDINGS))]


async def claim(db: AsyncSession, username: str, email: str, mine: int = 0) -> None:
    """Check that no other user has this name or address."""
    wanted = {"username": username, "email": email}
    others = [
        select(User).filter_by(**{name: value}).where(User.id != mine) for name, value in wanted.items()
    ]
    taken = [name for name, query in zip(wanted, others, strict=True) if await db.scalar(query)]
    if taken:
        raise FieldErrors(dict.fromkeys(taken, "has already been taken"))


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
        user = await db.scalar(select(User).filter_by(email=email))
        if not await fits(password, user) or user is None:
            raise ActionError("email or password is invalid")
        request.session["user"] = user.id
        return redirect("/")


@pages.page("/settings", guard=member)
class Settings(Site):
    template = "settings.html"
    user: User = loaded()

    async def load(self, me: Member, db: DB) -> None:
        self.user = await db.get_one(User, me.id)

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
        name = f"{token_hex(8)}.{ENDINGS.get(avatar.content_type or '', 'png')}"
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
